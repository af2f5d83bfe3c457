"""The compiled loops that tell what lies behind a picture's nearest surface."""

import typing
from typing import Any

import numpy as np

from geometry.rasterizer.kernels import EMPTY, PAD, compiled

TILE = 8
"""Pixels along the edge of the squares of which the farthest depth is kept."""


@compiled
@typing.no_type_check
def farthest(keys, tiles) -> Any:
    """The largest of the least depths in every tile; infinite where a pixel is bare.

    Args:
        keys: (height + 2 PAD, width + 2 PAD) uint64, from `kernels.scatter`.
        tiles: (rows, columns) float32, written.
    """
    height, width = keys.shape[0] - 2 * PAD, keys.shape[1] - 2 * PAD
    most = np.empty(tiles.shape[1], np.uint64)
    bits = np.empty(1, np.uint32)
    for tile_row in range(tiles.shape[0]):
        most[:] = 0
        for row in range(tile_row * TILE, min((tile_row + 1) * TILE, height)):
            line = keys[row + PAD, PAD : PAD + width]
            for column in range(width):
                most[column // TILE] = max(most[column // TILE], line[column])
        for tile_column in range(tiles.shape[1]):
            bits[0] = np.uint32(min(most[tile_column], EMPTY) >> np.uint64(32))
            tiles[tile_row, tile_column] = bits.view(np.float32)[0]


@compiled
@typing.no_type_check
def find_behind(depth, window, tiles, found) -> Any:
    """Whether each box lies behind all tiles it touches; see `geometry.rasterizer.front.all_behind`."""
    rows, columns = tiles.shape
    for i in range(len(depth)):
        left, top = max(window[i, 0] // TILE, 0), max(window[i, 1] // TILE, 0)
        right, bottom = min(window[i, 2] // TILE, columns - 1), min(window[i, 3] // TILE, rows - 1)
        behind = True
        row = top
        while behind and row <= bottom:
            for column in range(left, right + 1):
                behind = behind and tiles[row, column] < depth[i]
            row += 1
        found[i] = behind
