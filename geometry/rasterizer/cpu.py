"""The processor backend: linear in the points, on as many threads as torch may use."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch

from geometry.camera import Camera
from geometry.cloud import PointCloud
from geometry.rasterizer.kernels import EMPTY, PAD, resolve, scatter
from geometry.rasterizer.rule import MAX_FOOTPRINT_PX, NEAR, SETBACK, view_numbers
from geometry.rendering import Rendering

MOST_THREADS = 8
"""Each thread has a grid of its own, which costs memory and a look at every pixel."""

# The scratch of the last call, its keys emptied by `resolve`: fresh memory costs as much as drawing.
_spare: dict[tuple[int, int, int], tuple[np.ndarray, np.ndarray]] = {}


def render(cloud: PointCloud, cameras: Camera) -> Rendering:
    """Render one flat batch of cameras; see `geometry.rasterizer` for the rule.

    Many cameras are shared out among the threads, each drawing whole frames. Few cameras are drawn one
    after the other, each thread scattering a part of the points into a grid of its own.
    """
    count, height, width = len(cameras), cameras.height, cameras.width
    # numpy asks the system for huge pages, torch does not; at this size that is most of the time.
    maps = [
        np.empty((count, 3, height, width), np.float32),
        np.empty((count, height, width), np.float32),
        np.empty((count, height, width), np.bool_),
        np.empty((count, height, width), np.int32),
    ]
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

    def draw_frames(frames: Iterator[int], thread: int) -> None:
        own, z = keys[thread : thread + 1], depths[thread]
        for i in frames:
            scatter(positions, radii, 0, views[i], own[0], z)
            resolve(own, z, colors, (0, height), tuple(x[i] for x in maps))

    def draw_part(i: int, thread: int) -> None:
        start, stop = _share(len(radii), thread, threads)
        part = positions[3 * start : 3 * stop], radii[start:stop]
        scatter(*part, start, views[i], keys[thread], depths[0, start:stop])

    def resolve_part(i: int, thread: int) -> None:
        resolve(keys, depths[0], colors, _share(height, thread, threads), tuple(x[i] for x in maps))

    with ThreadPoolExecutor(threads) as pool:
        if count >= threads:
            next_frames = iter(range(count))  # one for all threads: each takes the next when it is done
            list(pool.map(draw_frames, [next_frames] * threads, range(threads)))
        else:
            for i in range(count):
                list(pool.map(draw_part, [i] * threads, range(threads)))
                list(pool.map(resolve_part, [i] * threads, range(threads)))
    _spare.clear()
    _spare[shape] = keys, depths
    rgb, depth, known, index = (torch.from_numpy(x) for x in maps)
    return Rendering(rgb=rgb, depth=depth, known=known, index=index)


def _share(total: int, part: int, parts: int) -> tuple[int, int]:
    return total * part // parts, total * (part + 1) // parts
