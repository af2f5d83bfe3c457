"""Crowns of trees and bushes: hollow shapes of leaves with gaps between them, most at their rim."""

import math
import typing

from voyager_lite.training.compiled import compiled
from voyager_lite.training.noise import noise_at
from voyager_lite.training.shapes import NEAR, meet

FINENESS, COARSEST, FINEST = 3.0, 11.0, 32.0
"""Waves of leaves and gaps, in radians along half a shape: in its half size over the feature size of its
material, and limits."""

GAPS, GAPS_AT_RIM = -1.0, 1.6
"""A sum of three waves below the first is a gap; where the shape is met aslant so is more, by up to the
second."""


@compiled()
@typing.no_type_check
def meet_leaves(volume, kind, o, d, leaves):
    """Ray parameter of the first leaf on a unit shape's near or far side; below ``NEAR`` for none.

    ``leaves``: half size of the shape over the feature size of its material, and phase.
    """
    wave, phase = min(max(FINENESS * leaves[0], COARSEST), FINEST), leaves[1]
    length = math.sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2])
    start = 0.0
    for _ in range(2):
        t = meet(kind, (o[0] + start * d[0], o[1] + start * d[1], o[2] + start * d[2]), d)
        if t < NEAR:
            return -1.0
        start += t
        x, y, z = o[0] + start * d[0], o[1] + start * d[1], o[2] + start * d[2]
        against = abs(x * d[0] + y * d[1] + z * d[2]) / (length * math.sqrt(x * x + y * y + z * z) + 1e-9)
        bent = 5.0 * noise_at(volume, 7.0 * x + phase, 7.0 * y, 7.0 * z)
        waves = (
            math.sin(wave * x + 0.4 * wave * y + bent + phase)
            + math.sin(wave * y - 0.4 * wave * z + bent)
            + math.sin(wave * z + 0.4 * wave * x - bent)
        )
        if waves > GAPS + GAPS_AT_RIM * (1 - against) ** 2:
            return start
        start += 1e-3 / length
    return -1.0
