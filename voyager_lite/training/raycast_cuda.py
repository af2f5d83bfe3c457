"""The ray caster on a GPU: the passes of ``raycast``, one place a thread, all frames of a clip at once."""

import functools
import typing

import numpy as np
import torch
from numba import cuda

from voyager_lite.training.listing import Tiles, list_tiles
from voyager_lite.training.noise import noise_volume
from voyager_lite.training.photographs import page_means, photo_atlas
from voyager_lite.training.raycast import (
    Film,
    Grid,
    Maps,
    Sight,
    color_corners,
    compare_rays,
    fill_pixels,
    trace_rays,
)
from voyager_lite.training.shading import World

BLOCK = (8, 8)
"""Threads of a block, down and across: neighbours meet the same shapes."""


@cuda.jit(device=True)
@typing.no_type_check
def _sight(sights, frame):
    world, tiles, K, M = sights
    t = Tiles(
        tiles.first[frame],
        tiles.items,
        tiles.rects[frame],
        tiles.nearest[frame],
        tiles.origins[frame],
        tiles.turns[frame],
    )
    return Sight(world, t, K[frame], M[frame])


@cuda.jit(device=True)
@typing.no_type_check
def _grid(grids, frame):
    return Grid(grids.which[frame], grids.hit[frame], grids.normal[frame], grids.lit[frame])


@cuda.jit(device=True)
@typing.no_type_check
def _film(films, frame):
    centers, corners = _grid(films.centers, frame), _grid(films.corners, frame)
    return Film(centers, corners, films.even[frame], films.colors[frame])


@cuda.jit(cache=True, fastmath=True)
@typing.no_type_check
def _trace(sights, films):
    row, column, frame = cuda.grid(3)
    height, width = films.even.shape[1:]
    here = (row, row + 1, column, column + 1)
    if row < height and column < width:
        trace_rays(_sight(sights, frame), _grid(films.centers, frame), here, 0.5)
    if row <= height and column <= width:
        trace_rays(_sight(sights, frame), _grid(films.corners, frame), here, 0.0)


@cuda.jit(cache=True, fastmath=True)
@typing.no_type_check
def _compare(films):
    row, column, frame = cuda.grid(3)
    if row < films.even.shape[1] and column < films.even.shape[2]:
        compare_rays(_film(films, frame), (row, row + 1, column, column + 1))


@cuda.jit(cache=True, fastmath=True)
@typing.no_type_check
def _color(sights, films):
    row, column, frame = cuda.grid(3)
    if row <= films.even.shape[1] and column <= films.even.shape[2]:
        color_corners(_sight(sights, frame), _film(films, frame), (row, row + 1, column, column + 1))


@cuda.jit(cache=True, fastmath=True)
@typing.no_type_check
def _fill(sights, films, maps):
    row, column, frame = cuda.grid(3)
    if row < films.even.shape[1] and column < films.even.shape[2]:
        m = Maps(maps.rgb[frame], maps.depth[frame], maps.normal[frame], maps.shape[frame])
        fill_pixels(_sight(sights, frame), _film(films, frame), m, (row, row + 1, column, column + 1))


def cast_frames(
    world: World, K: np.ndarray, poses: np.ndarray, *, height: int, width: int, device: torch.device
) -> Maps:
    """``raycast.cast_frames`` on a GPU, from arrays of the processor to such arrays."""

    def send(array: np.ndarray) -> typing.Any:
        return as_kernels_see(torch.from_numpy(array).to(device))

    def make(*shape: int, dtype: torch.dtype = torch.float64, value: float = 0) -> torch.Tensor:
        return torch.full((len(K), *shape), value, dtype=dtype, device=device)

    def grid(rows: int, columns: int) -> Grid:
        parts = (make(rows, columns, dtype=torch.int64, value=-1), make(rows, columns))
        return Grid(*map(as_kernels_see, (*parts, make(rows, columns, 3), make(rows, columns))))

    volume, atlas = _pictures(device)
    there = World(volume, atlas, *_each(world[2:], send))
    tiles = _tiles(world, K, poses, height=height, width=width)
    sights = Sight(there, _each(tiles, send), send(K), send(poses))
    even, colors = make(height, width, dtype=torch.bool), make(height + 1, width + 1, 3)
    films = Film(grid(height, width), grid(height + 1, width + 1), *map(as_kernels_see, (even, colors)))
    filled = (
        make(height, width, 3, dtype=torch.float32),
        make(height, width, dtype=torch.float32),
        make(height, width, 3, dtype=torch.float32),
        make(height, width, dtype=torch.int32, value=-1),
    )
    blocks = (height // BLOCK[0] + 1, width // BLOCK[1] + 1, len(K))
    _trace[blocks, (*BLOCK, 1)](sights, films)
    _compare[blocks, (*BLOCK, 1)](films)
    _color[blocks, (*BLOCK, 1)](sights, films)
    _fill[blocks, (*BLOCK, 1)](sights, films, Maps(*map(as_kernels_see, filled)))
    return Maps(*(part.cpu().numpy() for part in filled))


def as_kernels_see(tensor: torch.Tensor) -> typing.Any:
    """A tensor's memory on the GPU as an array of numba's."""
    return cuda.as_cuda_array(tensor)


@functools.cache
def _pictures(device: torch.device) -> tuple[typing.Any, tuple[typing.Any, typing.Any]]:
    """Noise and photographs on the GPU; they are the same for all scenes."""
    noise, pages, means = (
        as_kernels_see(torch.from_numpy(array).to(device))
        for array in (noise_volume(), photo_atlas(), page_means())
    )
    return noise, (pages, means)


def _each(value: typing.Any, change: typing.Callable[[typing.Any], typing.Any]) -> typing.Any:
    """Tuples within tuples, named or not, with all arrays in them changed."""
    if not isinstance(value, tuple):
        return change(value)
    parts = [_each(part, change) for part in value]
    return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)


def _tiles(world: World, K: np.ndarray, poses: np.ndarray, *, height: int, width: int) -> Tiles:
    """``list_tiles`` of all frames; ``first`` counts on from frame to frame."""
    listed = [
        list_tiles(world.shapes, world.maps, k, m, height, width) for k, m in zip(K, poses, strict=True)
    ]
    before = np.cumsum([0, *(len(tiles.items) for tiles in listed[:-1])])
    return Tiles(
        first=np.stack([tiles.first + n for tiles, n in zip(listed, before, strict=True)]),
        items=np.concatenate([tiles.items for tiles in listed]),
        rects=np.stack([tiles.rects for tiles in listed]),
        nearest=np.stack([tiles.nearest for tiles in listed]),
        origins=np.stack([tiles.origins for tiles in listed]),
        turns=np.stack([tiles.turns for tiles in listed]),
    )
