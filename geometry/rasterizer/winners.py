"""The compiled loops that turn the least key of every pixel into pictures."""

import typing
from typing import Any

import numpy as np

from geometry.rasterizer.kernels import EMPTY, PAD, F, compiled


@compiled
@typing.no_type_check
def resolve(keys, depths, colors, rows, maps) -> Any:
    """Turn the least keys of some rows into pictures, and empty the keys for the next frame.

    Args:
        keys: (slices, height + 2 PAD, width + 2 PAD): one grid for each part of the points.
        depths: (N,) float32 from `scatter`.
        colors: (N, 3) float32.
        rows: First row, and the one after the last.
        maps: rgb (3, height, width), depth, known and index (height, width), written.
    """
    rgb, depth, known, index = maps
    width = depth.shape[1]
    for row in range(rows[0], rows[1]):
        best = keys[0, row + PAD, PAD : PAD + width]
        for k in range(1, keys.shape[0]):
            _take_least(keys[k, row + PAD, PAD : PAD + width], best)
        _unpack(best, known[row], index[row])
        _gather(index[row], depths, colors, (rgb[0, row], rgb[1, row], rgb[2, row], depth[row]))


@compiled
@typing.no_type_check
def _take_least(keys, best) -> Any:
    for column in range(len(best)):
        best[column] = min(best[column], keys[column])
        keys[column] = EMPTY


@compiled
@typing.no_type_check
def _unpack(best, known, index) -> Any:
    for column in range(len(best)):
        key = best[column]
        best[column] = EMPTY
        known[column] = key < EMPTY
        index[column] = np.int32(key & np.uint64(0x7FFFFFFF)) if key < EMPTY else np.int32(-1)


@compiled
@typing.no_type_check
def _gather(index, depths, colors, maps) -> Any:
    """A loop of its own: the less each turn does, the more reads from far memory run side by side."""
    red, green, blue, depth = maps
    for column in range(len(index)):
        hit = index[column] >= 0
        i = np.uint64(index[column]) if hit else np.uint64(0)
        red[column] = colors[i, 0] if hit else F(0)
        green[column] = colors[i, 1] if hit else F(0)
        blue[column] = colors[i, 2] if hit else F(0)
        depth[column] = depths[i] if hit else F(0)
