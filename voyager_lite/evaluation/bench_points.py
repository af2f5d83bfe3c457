"""The rasteriser at its limit: as the cache uses it, beside the memory it reads, and beside Open3D."""

import math
import typing
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
import torch

from geometry.cache import WorldCache
from geometry.camera import Camera
from geometry.cloud import PointCloud
from geometry.kernels.strips import in_strips
from voyager_lite.evaluation.bench import (
    REPEATS,
    BenchRow,
    alternating,
    as_doubles,
    ratio_row,
    relief,
    sort_and_draw,
)

READINGS = 8
"""A frame may take as long as this many readings of its points."""

OPEN3D = "Open3D's project_to_rgbd_image, one pixel per point"


def cache_rows(*, height: int = 540, width: int = 960, repeats: int = REPEATS) -> list[BenchRow]:
    """One frame of two million points that the cache took in, beside the usual way and plain reading.

    The points lie as fusing left them: frame after frame, row by row. What is read is what a picture needs
    of a point, position, radius and colour, 28 bytes; and without the colour, of which the rasteriser
    reads only those seen, 16.
    """
    camera = Camera.from_fov(60.0, height=height, width=width)
    cache = WorldCache()
    cloud, own = relief(camera, points=4 * height * width)
    cache.add(cloud, own)
    points, colors = as_doubles(cache.cloud)
    frame, sort, whole, bare = alternating(
        [
            lambda: cache.render(camera),
            lambda: sort_and_draw(points, colors, camera),
            _reading(cache.cloud.positions, cache.cloud.radii, cache.cloud.colors),
            _reading(cache.cloud.positions, cache.cloud.radii),
        ],
        repeats=repeats,
    )
    threads = torch.get_num_threads()
    case = f"{len(cache)} points as the cache holds them to {width}x{height}, {threads} threads"
    rows = [ratio_row("rasteriser, from the cache", 1000 * frame, 1000 * sort, "ms", case)]
    for seconds, size, what in ((whole, 28, "points"), (bare, 16, "positions and radii")):
        speed = f"{size} bytes a point at {size * len(cache) / seconds / 1e9:.0f} GB/s"
        meaning = f"reading the {what} {READINGS} times, {speed}"
        rows.append(
            ratio_row("the same", 1000 * frame, 1000 * READINGS * seconds, "ms", case, against=meaning)
        )
    return rows


def open3d_rows(
    *, height: int = 540, width: int = 960, points: int = 10_000_000, repeats: int = REPEATS
) -> list[BenchRow]:
    """One frame of very many points, beside Open3D: from the cache, and in random order."""
    camera = Camera.from_fov(60.0, height=height, width=width)
    cloud, _ = relief(camera, points=points)
    shuffled = cloud[torch.randperm(len(cloud), generator=torch.Generator().manual_seed(0))]
    return [
        _beside_open3d(cloud, camera, "as the cache holds them", repeats=repeats),
        _beside_open3d(shuffled, camera, "in random order", repeats=repeats),
    ]


def open3d_crack_row(*, height: int = 540, width: int = 960) -> BenchRow:
    """The share of a picture that shows gaps two thirds of the way to a relief of four points a pixel."""
    camera = Camera.from_fov(60.0, height=height, width=width)
    cloud, _ = relief(camera, points=4 * height * width)
    pose = torch.eye(4, dtype=torch.float64)
    pose[2, 3] = -2.0
    nearer = Camera(K=camera.K, world_to_camera=pose, height=height, width=width)
    ours = WorldCache(cloud).render(nearer).known.numpy()
    theirs = _open3d(cloud, nearer)() > 0
    shares = [100 * float((~known).mean()) for known in (ours, theirs)]
    case = f"two thirds of the way to {len(cloud)} points, {width}x{height}"
    return ratio_row("cracks", shares[0], shares[1], "% of its pixels", case, against=OPEN3D)


def _beside_open3d(cloud: PointCloud, camera: Camera, order: str, *, repeats: int) -> BenchRow:
    cache, theirs = WorldCache(cloud), _open3d(cloud, camera)
    frame, baseline = alternating([lambda: cache.render(camera), theirs], repeats=repeats)
    size = f"{camera.width}x{camera.height}"
    case = f"{len(cloud)} points {order} to {size}, {torch.get_num_threads()} threads"
    return ratio_row("rasteriser, many points", 1000 * frame, 1000 * baseline, "ms", case, against=OPEN3D)


def _open3d(cloud: PointCloud, camera: Camera) -> Callable[[], np.ndarray]:
    """Draws with Open3D; the call returns depth, 0 where nothing is known."""
    # Imported where it is called: it takes seconds to load.
    from open3d.core import Tensor as Array
    from open3d.t.geometry import PointCloud as Points

    points = Points(Array.from_numpy(cloud.positions.numpy()))
    points.point.colors = Array.from_numpy(cloud.colors.numpy())
    lens = Array.from_numpy(camera.K.numpy()), Array.from_numpy(camera.world_to_camera.numpy())

    def draw() -> np.ndarray:
        drawn = points.project_to_rgbd_image(camera.width, camera.height, *lens, 1.0, math.inf)
        depth: np.ndarray = drawn.depth.as_tensor().numpy()[..., 0]
        return depth

    return draw


def _reading(*parts: torch.Tensor) -> Callable[[], None]:
    """Reads every byte of some tensors once, on as many threads as the rasteriser has."""
    words = [part.reshape(-1).numpy().view(np.int32) for part in parts]

    def read() -> None:
        for each in words:
            in_strips(len(each), _fold, each)

    return read


@typing.no_type_check
def _fold(strip, words) -> Any:
    return _xor(words[strip[0] : strip[1]])


@numba.njit(cache=True, nogil=True)
@typing.no_type_check
def _xor(words) -> Any:
    """In this form the compiler reads with the widest instructions there are."""
    total = np.int32(0)
    for word in words:
        total ^= word
    return total
