"""Loops over depth maps in a frame of unseen pixels, so that no loop meets the picture's edge.

Rows and columns are treated alike: a step along either is a shift of the whole map, and every loop runs
along rows, over slices that start at zero: in this form the compiler makes vector instructions of them.
All arithmetic is in the type of the depth map, in the order of the formulas in `geometry.edges`.
"""

import typing
from typing import Any

import numba
import numpy as np

compiled = numba.njit(cache=True, nogil=True, error_model="numpy")


@compiled
@typing.no_type_check
def flying(inverse, seen, limits, rows, out) -> Any:
    """Flying pixels of some rows, sky's among them.

    Args:
        inverse: Inverse depth, 0 where there is no matter, with a margin of ``reach`` + 1 on all sides.
        seen: True at matter and sky, with the same margin.
        limits: Relative jump, 1 + jump and 1 - jump in the type of ``inverse``; ``reach`` in pixels.
        rows: First row, and the one after the last.
        out: (height, width) bool, written in these rows.
    """
    jump, reach = limits[0], limits[3]
    width = out.shape[1]
    margin = reach + 1
    values, there = inverse.reshape(-1), seen.reshape(-1)
    steep = np.empty(width, np.bool_)
    for row in range(rows[0], rows[1]):
        out[row] = False
        start = (row + margin) * inverse.shape[1] + margin
        for stride in (1, inverse.shape[1]):
            _rises(
                (values[start - stride :], values[start:], values[start + stride :]),
                (there[start - stride :], there[start:], there[start + stride :]),
                jump,
                steep,
            )
            for column in range(width):
                if steep[column] and not out[row, column]:
                    out[row, column] = _is_between(values, there, start + column, stride, limits)


@compiled
@typing.no_type_check
def _rises(line, seen, jump, out) -> Any:
    """Where a line rises steeply to a pixel and on from it, or falls so; ``line`` thrice, one step apart."""
    before, here, after = line
    seen_before, seen_here, seen_after = seen
    for i in range(len(out)):
        steep = jump * here[i]
        first, second = here[i] - before[i], after[i] - here[i]
        rises = (first > steep) & (second > steep)
        falls = (first < -steep) & (second < -steep)
        out[i] = (rises | falls) & seen_before[i] & seen_here[i] & seen_after[i]


@compiled
@typing.no_type_check
def _is_between(values, seen, pixel, stride, limits) -> Any:
    """Whether planes continued from both sides pass before and behind a pixel, at any distance."""
    _, more, less, reach = limits
    here = values[pixel]
    for distance in range(1, reach + 1):
        if not (seen[pixel - distance * stride] and seen[pixel + distance * stride]):
            continue
        left, left_sloped = _continued(values, seen, (pixel, -stride), distance)
        right, right_sloped = _continued(values, seen, (pixel, stride), distance)
        if (
            (left_sloped or right_sloped)
            and max(left, right) > here * more
            and min(left, right) < here * less
        ):
            return True
    return False


@compiled
@typing.no_type_check
def _continued(values, seen, place, distance) -> Any:
    """The plane through the pixels at ``distance`` and one further, continued to the pixel itself."""
    pixel, stride = place
    start, beyond = pixel + distance * stride, pixel + (distance + 1) * stride
    if not seen[beyond]:
        return values[start], False
    return values[start] + values.dtype.type(distance) * (values[start] - values[beyond]), True


@compiled
@typing.no_type_check
def links(inverse, valid, jump, along_columns, out) -> Any:
    """See `geometry.edges.surface_links`.

    Args:
        inverse: Inverse depth, with a margin of 2 on all sides.
        valid: True at matter, with the same margin.
        jump: Relative jump in the type of ``inverse``.
        along_columns: Whether the next pixel is the one below, not the one to the right.
        out: (height, width) bool, written.
    """
    values, there = inverse.reshape(-1), valid.reshape(-1)
    stride = inverse.shape[1] if along_columns else 1
    for row in range(len(out)):
        start = (row + 2) * inverse.shape[1] + 2
        _link(
            (
                values[start - stride :],
                values[start:],
                values[start + stride :],
                values[start + 2 * stride :],
            ),
            (there[start - stride :], there[start:], there[start + stride :], there[start + 2 * stride :]),
            jump,
            out[row],
        )


@compiled
@typing.no_type_check
def _link(line, valid, jump, out) -> Any:
    """``line`` four times, one step apart."""
    before, here, after, beyond = line
    valid_before, valid_here, valid_after, valid_beyond = valid
    for i in range(len(out)):
        allowed = jump * (here[i] if here[i] > after[i] else after[i])
        step = after[i] - here[i]
        level = abs(step) <= allowed
        goes_on = valid_before[i] & (abs(step - (here[i] - before[i])) <= allowed)
        comes_back = valid_beyond[i] & (abs(step - (beyond[i] - after[i])) <= allowed)
        out[i] = valid_here[i] & valid_after[i] & (level | goes_on | comes_back)


@compiled
@typing.no_type_check
def bridge(inverse, known, jump, along_columns, out) -> Any:
    """Close gaps of one pixel along rows or along columns.

    Args:
        inverse: (height, width) inverse depth.
        known: (height, width) bool.
        jump: Largest relative difference across a gap, in the type of ``inverse``.
        along_columns: Whether the two around a gap are those above and below.
        out: Copies of ``inverse`` and ``known``, changed where a gap is closed.
    """
    height, width = inverse.shape
    filled, closed = out
    down, right = (1, 0) if along_columns else (0, 1)
    for y in range(down, height - down):
        for x in range(right, width - right):
            if known[y, x] or not (known[y - down, x - right] and known[y + down, x + right]):
                continue
            before, after = inverse[y - down, x - right], inverse[y + down, x + right]
            if abs(before - after) <= jump * max(before, after):
                filled[y, x] = (before + after) / inverse.dtype.type(2)
                closed[y, x] = True
