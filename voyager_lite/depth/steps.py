"""Silhouettes in maps of inverse depth: steps that are steps, and slopes that stay slopes."""

import cv2
import numpy as np

from voyager_lite.depth.sketch import Plane

LEAST_STEP = 0.04
"""Height of a step, in shares of the map's greatest value, from which on it is made sharp."""

STEEP = 0.7
"""Share of the rise over twice the reach that a step already has over its reach; a slope has half."""


def sharpen_steps(inverse: Plane, *, reach: int) -> Plane:
    """Replace what lies between two surfaces by the one that it is closer to.

    A blurred silhouette rises within ``2 * reach`` pixels and no further, while a slope rises on. Where
    there is a step, a pixel takes the greatest or the least value within reach, whichever is closer
    (the toggle mapping of Kramer and Bruckner, 1975). Everything else stays as it is.

    Args:
        inverse: Inverse depth >= 0.
        reach: Half the width of the widest blur to mend, in pixels.
    """
    low, high = _extremes(inverse, reach)
    wide_low, wide_high = _extremes(inverse, 2 * reach)
    rise = high - low
    step = (rise > LEAST_STEP * float(inverse.max())) & (rise > STEEP * (wide_high - wide_low))
    return np.where(step, np.where(inverse - low < high - inverse, low, high), inverse)


def _extremes(values: Plane, reach: int) -> tuple[Plane, Plane]:
    window = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    return cv2.erode(values, window), cv2.dilate(values, window)
