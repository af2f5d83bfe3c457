"""A smooth membrane over the holes of a picture: Laplace's equation, solved from coarse to fine."""

import math
from dataclasses import dataclass
from typing import no_type_check

import numpy as np
from jaxtyping import Float32, Int32, UInt8
from numba import njit

HOLE, SOURCE, BLOCKED = 0, 1, 2
"""What a pixel is to the membrane: to be filled, a fixed value, or no part of it (the membrane ends
there with zero slope, as it does at the picture's rim)."""

OVER_RELAXATION = 1.6
SWEEPS = 8
"""Sweeps at full size; twice as many at each halving, where they cost a quarter and reach twice as far."""


@dataclass(frozen=True, kw_only=True)
class Material:
    """What a membrane is made of. The plain one is Laplace's.

    Attributes:
        down: How strongly it holds from row to row, beside 1 from pixel to pixel along a row.
        across: How strongly it holds from one region to another, beside 1 within a region.
        reach: Distance from the sources in pixels over which it falls back to 0 (the screened equation).
    """

    down: float = 1.0
    across: float = 1.0
    reach: float = math.inf


PLAIN = Material()


def fill_membrane(
    values: Float32[np.ndarray, "height width channel"],
    state: UInt8[np.ndarray, "height width"],
    *,
    region: Int32[np.ndarray, "height width"] | None = None,
    material: Material = PLAIN,
) -> None:
    """Fill the hole pixels of ``values`` in place; all other pixels stay as they are.

    Each hole pixel becomes the weighted mean of its neighbours that are not blocked. Halved pictures give
    the first guess, so wide holes cost no more sweeps than narrow ones (cascadic multigrid, Bornemann
    and Deuflhard 1996). Nothing new appears: every value lies between those of the sources (and 0, where
    the reach is finite).

    Args:
        values: Channels to fill; what holes and blocked pixels hold is not read.
        state: ``HOLE``, ``SOURCE`` or ``BLOCKED`` for every pixel; at least one source.
        region: The region every pixel belongs to; all to one if not given.
        material: How the membrane holds together.

    Raises:
        ValueError: There is no source.
    """
    if not (state == SOURCE).any():
        raise ValueError("fill_membrane: no source pixel; expected at least one")
    if region is None:
        region = np.zeros(state.shape, np.int32)
    pyramid = [(values, state, region)]
    while (pyramid[-1][1] == HOLE).any():
        half = _halve(*pyramid[-1][:2])
        pyramid.append((*half, np.ascontiguousarray(pyramid[-1][2][::2, ::2])))
    holds = np.float32(material.down), np.float32(material.across)
    for level in range(len(pyramid) - 2, -1, -1):
        pull = np.float32((2**level / material.reach) ** 2)
        _interpolate(pyramid[level], pyramid[level + 1], holds[1])
        _relax(*pyramid[level], (*holds, pull), SWEEPS * 2**level, np.float32(OVER_RELAXATION))


@njit(cache=True, nogil=True)
@no_type_check
def _halve(values, state):
    """Half size: the mean of the sources among four; a cell is blocked only if all of it is."""
    height, width, channels = values.shape
    half_values = np.zeros(((height + 1) // 2, (width + 1) // 2, channels), np.float32)
    half_state = np.full(half_values.shape[:2], BLOCKED, np.uint8)
    for y in range(half_state.shape[0]):
        for x in range(half_state.shape[1]):
            sources, holes = 0, 0
            for v in range(2 * y, min(2 * y + 2, height)):
                for u in range(2 * x, min(2 * x + 2, width)):
                    if state[v, u] == SOURCE:
                        sources += 1
                        for c in range(channels):
                            half_values[y, x, c] += values[v, u, c]
                    elif state[v, u] == HOLE:
                        holes += 1
            if sources > 0:
                half_state[y, x] = SOURCE
                for c in range(channels):
                    half_values[y, x, c] /= np.float32(sources)
            elif holes > 0:
                half_state[y, x] = HOLE
    return half_values, half_state


@njit(cache=True, nogil=True)
@no_type_check
def _interpolate(fine_level, coarse_level, across):
    """First guess in the holes: bilinear between the coarse cells that are not blocked."""
    (fine, fine_state, fine_region), (coarse, coarse_state, coarse_region) = fine_level, coarse_level
    height, width, channels = fine.shape
    rows, columns = coarse_state.shape
    for y in range(height):
        near_y = y // 2
        far_y = min(max(near_y + 2 * (y % 2) - 1, 0), rows - 1)
        for x in range(width):
            if fine_state[y, x] != HOLE:
                continue
            near_x = x // 2
            far_x = min(max(near_x + 2 * (x % 2) - 1, 0), columns - 1)
            weights = np.float32(0.0)
            for c in range(channels):
                fine[y, x, c] = 0.0
            for v, weight_y in ((near_y, np.float32(0.75)), (far_y, np.float32(0.25))):
                for u, weight_x in ((near_x, np.float32(0.75)), (far_x, np.float32(0.25))):
                    if coarse_state[v, u] != BLOCKED:
                        weight = weight_y * weight_x
                        if coarse_region[v, u] != fine_region[y, x]:
                            weight *= across
                        weights += weight
                        for c in range(channels):
                            fine[y, x, c] += weight * coarse[v, u, c]
            for c in range(channels):
                fine[y, x, c] /= weights


@njit(cache=True, nogil=True)
@no_type_check
def _relax(values, state, region, holds, sweeps, over_relaxation):
    """Gauss-Seidel with over-relaxation over the holes, forwards and backwards in turn.

    ``holds``: the weight of a neighbour below or above, of one in another region, and of 0.
    """
    down, across, pull = holds
    along = np.float32(1.0)
    height, width, channels = values.shape
    holes = np.empty((np.sum(state == HOLE), 2), np.int64)
    count = 0
    for y in range(height):
        for x in range(width):
            if state[y, x] == HOLE:
                holes[count, 0], holes[count, 1] = y, x
                count += 1
    mean = np.zeros(channels, np.float32)
    for sweep in range(sweeps):
        # The last sweep is a plain one: it leaves a mean of neighbours, inside their range.
        gain = over_relaxation if sweep < sweeps - 1 else np.float32(1.0)
        for i in range(count):
            row = i if sweep % 2 == 0 else count - 1 - i
            y, x = holes[row, 0], holes[row, 1]
            weights = pull
            mean[:] = 0.0
            for v, u, weight in ((y - 1, x, down), (y + 1, x, down), (y, x - 1, along), (y, x + 1, along)):
                if 0 <= v < height and 0 <= u < width and state[v, u] != BLOCKED:
                    if region[v, u] != region[y, x]:
                        weight *= across
                    weights += weight
                    for c in range(channels):
                        mean[c] += weight * values[v, u, c]
            if weights > pull:
                for c in range(channels):
                    values[y, x, c] += gain * (mean[c] / weights - values[y, x, c])
