"""Endless hills: worlds of any number of points, to be walked through in `voyager-lite bench world`."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float

from geometry.camera import Camera
from geometry.cloud import PointCloud
from geometry.rigid import look_at
from voyager_lite.world.frames import pack_frame
from voyager_lite.world.rows import ClipRecord, WorldHeader
from voyager_lite.world.store import Store

SPACING = 0.02
"""Of the points, scene units: a pixel of `walk`'s pictures 17 units away."""

TILE = 1000
"""Points along the edge of a tile, which is what one clip brings."""

EDGE = SPACING * TILE
WAVES = ((0.23, 0.11, 0.8), (-0.17, 0.31, 0.5), (0.71, -0.57, 0.15), (2.3, 1.9, 0.03))
"""Of the ground: cycles over 2 pi a unit along x and z, and height in units."""


def build(folder: Path, *, tiles: int) -> None:
    """A world of tiles in a square around the origin, each a clip of a million points; down is +y."""
    build_clips(folder, (tile(number) for number in range(tiles)))


def build_clips(folder: Path, clouds: Iterator[PointCloud]) -> None:
    """A world of which each clip brings one cloud, and a black frame; at least one."""
    camera = Camera.from_fov(60.0, height=16, width=16)
    black = torch.zeros(3, 16, 16), torch.ones(16, 16), torch.ones(16, 16, dtype=torch.bool)
    origin: dict[str, object] = {"image": folder.name, "sky_distance": 1e4}
    store = Store.create(
        folder,
        WorldHeader(height=16, width=16, fps=24.0, origin=origin),
        record=_record(0, camera),
        frames=[pack_frame(*black)],
        points=next(clouds),
    )
    with store.writing():
        for number, cloud in enumerate(clouds, 1):
            store.append(_record(number, camera), frames=[pack_frame(*black)], points=cloud)
    store.close()


def tile(number: int) -> PointCloud:
    """A million points of the ground; tiles are numbered outward in rings around the origin."""
    ring = int((np.sqrt(number) + 1) / 2)
    side, along = divmod(number - max(2 * ring - 1, 0) ** 2, 2 * ring) if ring else (0, 0)
    turns = ((-ring + along, -ring), (ring, along - ring), (ring - along, ring), (-ring, ring - along))
    corner = np.array(turns[side]) - 0.5
    random = np.random.default_rng(number)
    steps = np.stack(np.meshgrid(np.arange(TILE), np.arange(TILE)), axis=-1).reshape(-1, 2)
    x, z = ((steps + random.random(steps.shape)) * SPACING + corner * EDGE).T
    height, slope_x, slope_z = ground(x, z)
    normals = np.stack([-slope_x, -np.ones_like(x), -slope_z], axis=-1)
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    patches = [0.5 + 0.3 * np.sin(k * x + 2 * np.cos(0.7 * k * z)) for k in (0.9, 1.7, 3.1)]
    grain = 0.1 * random.random((len(x), 1))
    colors = ((np.stack(patches, axis=-1) + grain) * 255).round().clip(0, 255) / 255
    return PointCloud(
        positions=torch.from_numpy(np.stack([x, -height, z], axis=-1)).float(),
        colors=torch.from_numpy(colors).float(),
        normals=torch.from_numpy(normals).float(),
        radii=torch.full((len(x),), SPACING),
        sky=torch.zeros(len(x), dtype=torch.bool),
    )


def ground(
    x: Float[np.ndarray, " point"], z: Float[np.ndarray, " point"]
) -> tuple[Float[np.ndarray, " point"], Float[np.ndarray, " point"], Float[np.ndarray, " point"]]:
    """Height of the hills, and their slopes along x and z."""
    height, slope_x, slope_z = np.zeros_like(x), np.zeros_like(x), np.zeros_like(x)
    for across, along, high in WAVES:
        height += high * np.sin(across * x + along * z)
        slope = high * np.cos(across * x + along * z)
        slope_x += across * slope
        slope_z += along * slope
    return height, slope_x, slope_z


def walk(*, frames: int, height: int, width: int, down: bool) -> Camera:
    """A tenth of a unit a frame over the middle of the world.

    Args:
        frames: How many.
        height: Of the pictures.
        width: Of the pictures.
        down: Look down from 12.5 units, so that every world fills the picture equally; else from 4 units
            to the horizon, which is the farther the larger the world.
    """
    lens = Camera.from_fov(60.0, height=height, width=width)
    up, ahead = (12.5, [0.0, 10.0, 3.0]) if down else (4.0, [0.0, 0.15, 1.0])
    poses = []
    for i in range(frames):
        center = torch.tensor([0.0, -up, 0.1 * i - 4.0], dtype=torch.float64)
        target = center + torch.tensor(ahead, dtype=torch.float64)
        poses.append(look_at(center, target, torch.tensor([0.0, 1.0, 0.0], dtype=torch.float64)))
    return Camera(
        K=lens.K.expand(frames, 3, 3), world_to_camera=torch.stack(poses), height=height, width=width
    )


def _record(number: int, camera: Camera) -> ClipRecord:
    return ClipRecord(number=number, first_frame=number, cameras=Camera.stack([camera]), making={})
