"""A smooth membrane over the holes of a picture: Laplace's equation, solved from coarse to fine."""

from typing import no_type_check

import numpy as np
from jaxtyping import Float32, UInt8
from numba import njit

HOLE, SOURCE, BLOCKED = 0, 1, 2
"""What a pixel is to the membrane: to be filled, a fixed value, or no part of it (the membrane ends
there with zero slope, as it does at the picture's rim)."""

OVER_RELAXATION = 1.6
SWEEPS = 8
"""Sweeps at full size; twice as many at each halving, where they cost a quarter and reach twice as far."""


def fill_membrane(
    values: Float32[np.ndarray, "height width channel"], state: UInt8[np.ndarray, "height width"]
) -> None:
    """Fill the hole pixels of ``values`` in place; all other pixels stay as they are.

    Each hole pixel becomes the mean of its neighbours that are not blocked. Halved pictures give
    the first guess, so wide holes cost no more sweeps than narrow ones (cascadic multigrid, Bornemann
    and Deuflhard 1996). Nothing new appears: every value lies between those of the sources.

    Args:
        values: Channels to fill; what holes and blocked pixels hold is not read.
        state: ``HOLE``, ``SOURCE`` or ``BLOCKED`` for every pixel; at least one source.

    Raises:
        ValueError: There is no source.
    """
    if not (state == SOURCE).any():
        raise ValueError("fill_membrane: no source pixel; expected at least one")
    pyramid = [(values, state)]
    while (pyramid[-1][1] == HOLE).any():
        pyramid.append(_halve(*pyramid[-1]))
    for level in range(len(pyramid) - 2, -1, -1):
        _interpolate(*pyramid[level], *pyramid[level + 1])
        _relax(*pyramid[level], SWEEPS * 2**level, np.float32(OVER_RELAXATION))


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
def _interpolate(fine, fine_state, coarse, coarse_state):
    """First guess in the holes: bilinear between the coarse cells that are not blocked."""
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
                        weights += weight
                        for c in range(channels):
                            fine[y, x, c] += weight * coarse[v, u, c]
            for c in range(channels):
                fine[y, x, c] /= weights


@njit(cache=True, nogil=True)
@no_type_check
def _relax(values, state, sweeps, over_relaxation):
    """Gauss-Seidel with over-relaxation over the holes, forwards and backwards in turn."""
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
            neighbours = np.float32(0.0)
            mean[:] = 0.0
            for v, u in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
                if 0 <= v < height and 0 <= u < width and state[v, u] != BLOCKED:
                    neighbours += np.float32(1.0)
                    for c in range(channels):
                        mean[c] += values[v, u, c]
            if neighbours > 0:
                for c in range(channels):
                    values[y, x, c] += gain * (mean[c] / neighbours - values[y, x, c])
