"""Lists of shapes by place, so that a ray looks at few: in squares of a picture, and in cells of a plane."""

import typing

import numba
import numpy as np

from voyager_lite.training.compiled import compiled

TILE = 8
"""Pixels along a side of the squares of a picture."""

CELLS = 40
"""Cells along each side of a plane."""

MARGIN = 1.5
"""Pixels by which a shape's rectangle in the picture is widened: rays start half a pixel off its rim."""

FAR = 1e30
"""Farther than anything; infinity is not for code compiled with fast arithmetic."""


class Tiles(typing.NamedTuple):
    """Shapes as one camera sees them.

    Attributes:
        first: (tiles + 1,) where each tile's part of ``items`` begins.
        items: Shapes, those that begin nearest first within a tile.
        rects: (N, 4) least and greatest column, least and greatest row, in pixels.
        nearest: (N,) a depth before which the shape does not begin.
        origins: (N, 3) the camera's centre in each unit shape's axes.
        turns: (N, 9) from camera directions to each unit shape's axes, row by row.
    """

    first: np.ndarray
    items: np.ndarray
    rects: np.ndarray
    nearest: np.ndarray
    origins: np.ndarray
    turns: np.ndarray


class Cells(typing.NamedTuple):
    """Boxes by the cells of a plane: ``first`` and ``items`` as in ``Tiles``; origin and cells per unit."""

    first: np.ndarray
    items: np.ndarray
    origin: np.ndarray
    scale: np.ndarray


@numba.njit(cache=True, nogil=True)
@typing.no_type_check
def _packed(ranges, order, rows, columns):
    """Lists by cell from each shape's range of cells (first row, last row, first column, last column)."""
    first = np.zeros(rows * columns + 1, np.int64)
    for i in order:
        for row in range(ranges[i, 0], ranges[i, 1] + 1):
            for column in range(ranges[i, 2], ranges[i, 3] + 1):
                first[row * columns + column + 1] += 1
    first = np.cumsum(first)
    items, filled = np.empty(first[-1], np.int64), first.copy()
    for i in order:
        for row in range(ranges[i, 0], ranges[i, 1] + 1):
            for column in range(ranges[i, 2], ranges[i, 3] + 1):
                cell = row * columns + column
                items[filled[cell]] = i
                filled[cell] += 1
    return first, items


@compiled()
@typing.no_type_check
def _rectangle(K, corners, rect):
    """Bound a box in the picture by its eight corners (camera frame), cut at the camera's plane.

    Writes ``rect``; returns the least depth, or -1 where all of the box lies behind the camera.
    """
    least = 1e-3
    rect[0], rect[1], rect[2], rect[3] = FAR, -FAR, FAR, -FAR
    nearest = FAR
    for i in range(8):
        x, y, z = corners[i]
        if z >= least:
            nearest = min(nearest, z)
            _include(K, rect, x / z, y / z)
        for axis in range(3):
            j = i ^ (1 << axis)
            if z >= least > corners[j, 2]:
                s = (z - least) / (z - corners[j, 2])
                u, v = x + s * (corners[j, 0] - x), y + s * (corners[j, 1] - y)
                nearest = 0.0
                _include(K, rect, u / least, v / least)
    return nearest if nearest < FAR else -1.0


@compiled()
@typing.no_type_check
def _include(K, rect, x, y):
    u, v = x * K[0, 0] + K[0, 2], y * K[1, 1] + K[1, 2]
    rect[0], rect[1] = min(rect[0], u - MARGIN), max(rect[1], u + MARGIN)
    rect[2], rect[3] = min(rect[2], v - MARGIN), max(rect[3], v + MARGIN)


@numba.njit(cache=True, nogil=True, fastmath=True)
@typing.no_type_check
def list_tiles(shapes, maps, K, M, height, width):
    """List all shapes by the tiles of a picture (``Scene.shapes``, ``unit_maps``, camera to world M)."""
    count = shapes.shape[0]
    rects, nearest = np.zeros((count, 4)), np.full(count, FAR)
    origins, turns = np.empty((count, 3)), np.empty((count, 9))
    ranges, corners = np.zeros((count, 4), np.int64), np.empty((8, 3))
    rows, columns = (height + TILE - 1) // TILE, (width + TILE - 1) // TILE
    for i in range(count):
        a, s = maps[i], shapes[i]
        x, y, z = M[0, 3] - s[0], M[1, 3] - s[1], M[2, 3] - s[2]
        for r in range(3):
            origins[i, r] = a[3 * r] * x + a[3 * r + 1] * y + a[3 * r + 2] * z
            for c in range(3):
                turns[i, 3 * r + c] = a[3 * r] * M[0, c] + a[3 * r + 1] * M[1, c] + a[3 * r + 2] * M[2, c]
        for c in range(3):
            center = -(M[0, c] * x + M[1, c] * y + M[2, c] * z)
            for k in range(8):
                corners[k, c] = center
            for axis in range(3):
                # Rows of turns times squared half sizes are the shape's axes in the camera's frame.
                reach = turns[i, 3 * axis + c] * s[12 + axis] * s[12 + axis]
                for k in range(8):
                    corners[k, c] += reach if k >> axis & 1 else -reach
        begin = _rectangle(K, corners, rects[i])
        ranges[i, 1] = -1
        if begin < 0 or rects[i, 1] < 0 or rects[i, 0] > width or rects[i, 3] < 0 or rects[i, 2] > height:
            continue
        nearest[i] = begin
        ranges[i, 0] = int(max(rects[i, 2], 0.0)) // TILE
        ranges[i, 1] = min(int(min(rects[i, 3], float(height))) // TILE, rows - 1)
        ranges[i, 2] = int(max(rects[i, 0], 0.0)) // TILE
        ranges[i, 3] = min(int(min(rects[i, 1], float(width))) // TILE, columns - 1)
    first, items = _packed(ranges, np.argsort(nearest), rows, columns)
    return Tiles(first, items, rects, nearest, origins, turns)


def list_cells(low: np.ndarray, high: np.ndarray, members: np.ndarray) -> Cells:
    """List boxes of a plane by cells; a point looks at the cell it lies in, or at the nearest outside.

    Args:
        low: (N, 2) least coordinates of every shape's box in the plane.
        high: (N, 2) greatest.
        members: Rows that are listed.
    """
    if not len(members):
        return Cells(np.zeros(CELLS * CELLS + 1, np.int64), np.zeros(0, np.int64), np.zeros(2), np.ones(2))
    middle = (low[members] + high[members]) / 2
    # Cells cover where most shapes are; the outermost reach on without end.
    start, end = np.quantile(middle, 0.05, axis=0), np.quantile(middle, 0.95, axis=0)
    start, end = start - 0.1 * (end - start) - 0.3, end + 0.1 * (end - start) + 0.3
    scale = CELLS / (end - start)
    ranges = np.zeros((len(low), 4), np.int64)
    ranges[:, 0::2] = np.clip(np.floor((low - start) * scale), 0, CELLS - 1)
    ranges[:, 1::2] = np.clip(np.floor((high - start) * scale), 0, CELLS - 1)
    first, items = _packed(ranges, members, CELLS, CELLS)
    return Cells(first, items, start, scale)


@compiled()
@typing.no_type_check
def cell_of(cells, u, v):
    """Number of the cell in which a point of the plane lies, or of the nearest one."""
    row = min(max((u - cells.origin[0]) * cells.scale[0], 0.0), CELLS - 1.0)
    column = min(max((v - cells.origin[1]) * cells.scale[1], 0.0), CELLS - 1.0)
    return int(row) * CELLS + int(column)
