"""Smoothing of inverse depth along surfaces, and the normals of its slopes.

Loops run over slices of rows, shifted against each other, which the compiler turns into vector
instructions. Maps come with a margin of 1 on all sides where a pixel's neighbours are read.
"""

import typing
from typing import Any

import numba
import numpy as np

compiled = numba.njit(cache=True, nogil=True, error_model="numpy")


@compiled
@typing.no_type_check
def smooth(inverse, links, rounds, rows, out) -> Any:
    """Rounds of [1 2 1] / 4 along rows, then columns, wherever a surface goes on to both sides.

    A pixel depends on those within ``rounds`` rows, so a strip is worked out with as many more rows to
    either side.

    Args:
        inverse: (height, width) inverse depth.
        links: To the right and below, (height, width) bool; none leads out of the picture.
        rounds: How many.
        rows: First row, and the one after the last.
        out: (height, width), written in these rows.
    """
    right, below = links
    first, stop = max(rows[0] - rounds, 0), min(rows[1] + rounds, len(inverse))
    values = inverse[first:stop].copy()
    other = np.empty_like(values)
    for _ in range(rounds):
        for y in range(stop - first):
            on, row = right[first + y], values[y]
            other[y, 0], other[y, -1] = row[0], row[-1]
            _bend((row[:-2], row[1:-1], row[2:]), (on[:-2], on[1:-1]), other[y, 1:-1])
        values[0], values[-1] = other[0], other[-1]
        for y in range(1, stop - first - 1):
            on = below[first + y - 1], below[first + y]
            _bend((other[y - 1], other[y], other[y + 1]), on, values[y])
    out[rows[0] : rows[1]] = values[rows[0] - first : rows[1] - first]


@compiled
@typing.no_type_check
def _bend(line, linked, out) -> Any:
    """One [1 2 1] / 4 across three neighbouring pixels, where both links between them hold."""
    before, here, after = line
    linked_before, linked_after = linked
    four, two = here.dtype.type(4), here.dtype.type(2)
    for i in range(len(out)):
        bend = before[i] + after[i] - two * here[i]
        out[i] = here[i] + bend / four if linked_before[i] & linked_after[i] else here[i]


@compiled
@typing.no_type_check
def orient(inverse, maps, view, rows, out) -> Any:
    """Unit normals in the world frame; see `geometry.normals.normals_from_depth`.

    Args:
        inverse: Inverse depth, smoothed, with a margin.
        maps: valid (height, width), and the links to the right and below with a margin; bool.
        view: fx, fy, cx, cy and the rotation of world to camera row by row, in the type of ``inverse``.
        rows: First row, and the one after the last.
        out: (height, width, 3), written in these rows.
    """
    valid, right, below = maps
    width = valid.shape[1]
    slope_x, slope_y = np.empty(width, inverse.dtype), np.empty(width, inverse.dtype)
    for y in range(rows[0], rows[1]):
        above, row, under = inverse[y, 1:-1], inverse[y + 1], inverse[y + 2, 1:-1]
        here, on = row[1:-1], right[y + 1]
        _slope((row[:-2], here, row[2:]), (on[:-2], on[1:-1]), slope_x)
        _slope((above, here, under), (below[y, 1:-1], below[y + 1, 1:-1]), slope_y)
        _face((here, slope_x, slope_y), valid[y], y, view, out[y])


@compiled
@typing.no_type_check
def _slope(line, linked, out) -> Any:
    """Change per pixel: the mean over the links to either side, 0 without any."""
    before, here, after = line
    linked_before, linked_after = linked
    half = here.dtype.type(0.5)
    for i in range(len(out)):
        rise = (after[i] - here[i]) * linked_after[i] + (here[i] - before[i]) * linked_before[i]
        out[i] = rise * half if linked_before[i] & linked_after[i] else rise


@compiled
@typing.no_type_check
def _face(maps, valid, y, view, out) -> Any:
    """The normals of one row from the inverse depth and its slopes."""
    here, slope_x, slope_y = maps
    fx, fy, cx, cy, r00, r01, r02, r10, r11, r12, r20, r21, r22 = view
    number = here.dtype.type
    down = number(y) + number(0.5) - cy
    for x in range(len(here)):
        ahead = here[x] if valid[x] else number(1)
        a, b = -slope_x[x] * fx, -slope_y[x] * fy
        c = slope_x[x] * (number(x) + number(0.5) - cx) + slope_y[x] * down - ahead
        per_length = number(1) / np.sqrt(a * a + b * b + c * c)
        out[x, 0] = (a * r00 + b * r10 + c * r20) * per_length
        out[x, 1] = (a * r01 + b * r11 + c * r21) * per_length
        out[x, 2] = (a * r02 + b * r12 + c * r22) * per_length
