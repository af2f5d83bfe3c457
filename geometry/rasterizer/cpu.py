"""The processor backend: linear in the points, on as many threads as torch may use."""

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch

from geometry.camera import Camera
from geometry.cloud import PointCloud
from geometry.rasterizer.kernels import EMPTY, PAD, scatter
from geometry.rasterizer.rule import MAX_FOOTPRINT_PX, NEAR, SETBACK, require_drawable, view_numbers
from geometry.rasterizer.winners import resolve
from geometry.rendering import Rendering

MOST_THREADS = 8
"""Each thread has a grid of its own, which costs memory and a look at every pixel."""

LARGE_PAGE = 2**21
LINE = 64

# The scratch of the last call, its keys emptied by `resolve`: fresh memory costs as much as drawing.
_spare: dict[tuple[int, int, int], tuple[np.ndarray, np.ndarray]] = {}


def render(cloud: PointCloud, cameras: Camera) -> Rendering:
    """Render one flat batch of cameras; see `geometry.rasterizer` for the rule.

    Many cameras are shared out among the threads, each drawing whole frames. Few cameras are drawn one
    after the other, each thread scattering a part of the points into a grid of its own.

    Raises:
        ValueError: A position or radius is NaN or infinite, or a radius is negative.
    """
    count, height, width = len(cameras), cameras.height, cameras.width
    maps = _new_maps(count, height, width)
    positions = cloud.positions.float().reshape(-1).contiguous().numpy()
    colors = cloud.colors.float().contiguous().numpy()
    radii = cloud.radii.float().contiguous().numpy()
    rule = np.array([NEAR, MAX_FOOTPRINT_PX, SETBACK], np.float32)
    views = [(*numbers, *rule) for numbers in view_numbers(cameras).numpy()]
    threads = min(torch.get_num_threads(), MOST_THREADS)
    shape = (threads, height + 2 * PAD, width + 2 * PAD)
    # Taken out while in use, so that another thread, or a call after an interrupted one, gets its own.
    spare = _spare.pop(shape, None)
    keys, depths = spare or (np.full(shape, EMPTY), np.empty((threads, 0), np.float32))
    if depths.shape[1] < len(radii):
        depths = np.empty((threads, len(radii)), np.float32)

    def draw_frames(frames: Iterator[int], thread: int) -> bool:
        own, z, strange = keys[thread : thread + 1], depths[thread], False
        for i in frames:
            strange |= scatter(positions, radii, 0, views[i], own[0], z)
            resolve(own, z, colors, (0, height), tuple(x[i] for x in maps))
        return strange

    def draw_part(i: int, thread: int) -> bool:
        start, stop = _share(len(radii), thread, threads)
        part = positions[3 * start : 3 * stop], radii[start:stop]
        return bool(scatter(*part, start, views[i], keys[thread], depths[0, start:stop]))

    def resolve_part(i: int, thread: int) -> None:
        resolve(keys, depths[0], colors, _share(height, thread, threads), tuple(x[i] for x in maps))

    with ThreadPoolExecutor(threads) as pool:
        if count >= threads:
            next_frames = iter(range(count))  # one for all threads: each takes the next when it is done
            strange = max(pool.map(draw_frames, [next_frames] * threads, range(threads)))
        else:
            strange = False
            for i in range(count):
                strange |= max(pool.map(draw_part, [i] * threads, range(threads)))
                list(pool.map(resolve_part, [i] * threads, range(threads)))
    if strange:  # seen in passing, as a look of its own costs a third of the drawing
        require_drawable(cloud)
    _spare.clear()
    _spare[shape] = keys, depths
    rgb, depth, known, index = (torch.from_numpy(x) for x in maps)
    return Rendering(rgb=rgb, depth=depth, known=known, index=index)


def _new_maps(count: int, height: int, width: int) -> list[np.ndarray]:
    """Memory for rgb, depth, known and index, side by side in as few and large pages as there can be.

    The system hands out memory by the page and empties each first; at 4 kB a page this takes half as long
    as drawing. numpy asks for pages of 2 MB, which begin at multiples of that.
    """
    shape = count, height, width
    kinds = ((count, 3, height, width), np.float32), (shape, np.float32), (shape, np.bool_), (shape, np.int32)
    sizes = [math.prod(kind[0]) * np.dtype(kind[1]).itemsize for kind in kinds]
    memory = np.empty(sum(sizes) + len(kinds) * LINE + LARGE_PAGE, np.uint8)
    begin = -memory.ctypes.data % LARGE_PAGE
    maps: list[np.ndarray] = []
    for (form, dtype), size in zip(kinds, sizes, strict=True):
        maps.append(memory[begin : begin + size].view(dtype).reshape(form))
        begin += -(-size // LINE) * LINE
    return maps


def _share(total: int, part: int, parts: int) -> tuple[int, int]:
    return total * part // parts, total * (part + 1) // parts
