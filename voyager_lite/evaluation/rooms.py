"""Rooms behind rooms: a world in which most of what lies ahead is hidden, for `voyager-lite bench world`."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float

from geometry.camera import Camera
from geometry.cloud import PointCloud
from geometry.rigid import look_at
from voyager_lite.evaluation.landscape import build_clips

ACROSS = 3
"""Rooms along the edge of the square."""

EDGE, HEIGHT, WALL = 4.0, 2.6, 0.2
"""Of a room, from the middle of one wall to the middle of the next; its height; how thick walls are."""

DOOR_WIDTH, DOOR_HEIGHT = 0.9, 2.05

SPACING = 0.005
"""Of the points: a pixel of `walk`'s pictures as seen from one wall to the other."""

RADIUS = 0.0039
"""Of their discs: more than half the diagonal between neighbours, so that walls are closed."""


def build_rooms(folder: Path, *, across: int = ACROSS) -> None:
    """A world of ``across`` by ``across`` rooms, each a clip of 2.9 million points; down is +y."""
    build_clips(folder, (room(x, z, across=across) for z in range(across) for x in range(across)))


def room(x: int, z: int, *, across: int, spacing: float = SPACING) -> PointCloud:
    """One room seen from within: floor, ceiling, and walls with a door to each room beside it."""
    parts = list(_surfaces(x, z, across=across, spacing=spacing))
    positions, normals = (np.concatenate(part) for part in zip(*parts, strict=True))
    patches = [0.5 + 0.3 * np.sin(positions @ wave + 2 * x + z) for wave in WAVES]
    grain = 0.1 * np.random.default_rng((x, z)).random((len(positions), 1))
    colors = ((np.stack(patches, axis=-1) + grain) * 255).round().clip(0, 255) / 255
    return PointCloud(
        positions=torch.from_numpy(positions).float(),
        colors=torch.from_numpy(colors).float(),
        normals=torch.from_numpy(normals).float(),
        radii=torch.full((len(positions),), RADIUS * spacing / SPACING),
        sky=torch.zeros(len(positions), dtype=torch.bool),
    )


WAVES = np.array([[2.0, 5.0, 1.0], [3.0, -2.0, 4.0], [-7.0, 1.0, 2.0]])


def _surfaces(
    x: int, z: int, *, across: int, spacing: float
) -> Iterator[tuple[Float[np.ndarray, "point 3"], Float[np.ndarray, "point 3"]]]:
    """Places and normals of all surfaces of a room."""
    middle = np.array([EDGE * (x + 0.5), 0.0, EDGE * (z + 0.5)])
    ahead, right, up = np.eye(3)[[2, 0, 1]]
    half = EDGE / 2
    for facing, y in ((-up, 0.0), (up, -HEIGHT)):
        flat = _sheet(middle + y * up, right, ahead, (-half, half), (-half, half), spacing)
        yield flat, np.broadcast_to(facing, flat.shape)
    for along, out, beside in (
        (right, ahead, z + 1 < across),
        (right, -ahead, z > 0),
        (ahead, right, x + 1 < across),
        (ahead, -right, x > 0),
    ):
        inner = half - WALL / 2
        wall = _sheet(middle + inner * out, along, -up, (-inner, inner), (0.0, HEIGHT), spacing)
        if beside:
            aside, high = (wall - middle) @ along, -wall[:, 1]
            wall = wall[(np.abs(aside) > DOOR_WIDTH / 2) | (high > DOOR_HEIGHT)]
            door, jamb = DOOR_WIDTH / 2, (inner, half)
            for side in (-along, along):
                post = _sheet(middle + door * side, out, -up, jamb, (0.0, DOOR_HEIGHT), spacing)
                yield post, np.broadcast_to(-side, post.shape)
            lintel = _sheet(middle - DOOR_HEIGHT * up, out, along, jamb, (-door, door), spacing)
            yield lintel, np.broadcast_to(up, lintel.shape)
        yield wall, np.broadcast_to(-out, wall.shape)


def _sheet(
    origin: Float[np.ndarray, "3"],
    first: Float[np.ndarray, "3"],
    second: Float[np.ndarray, "3"],
    across: tuple[float, float],
    along: tuple[float, float],
    spacing: float,
) -> Float[np.ndarray, "point 3"]:
    """A grid of points in the middle of cells of a rectangle."""
    a = np.arange(across[0] + spacing / 2, across[1], spacing)
    b = np.arange(along[0] + spacing / 2, along[1], spacing)
    return origin + (a[:, None, None] * first + b[None, :, None] * second).reshape(-1, 3)


def walk_through(*, frames: int, height: int, width: int, across: int = ACROSS) -> Camera:
    """From one corner room through the doors of its row, looking ahead and to the sides in turn."""
    lens = Camera.from_fov(60.0, height=height, width=width)
    poses = []
    for i in range(frames):
        done = i / max(frames - 1, 1)
        center = np.array([EDGE / 2, -1.6, 0.9 + done * (EDGE * (across - 1))])
        turn = 1.2 * np.sin(2 * np.pi * (across - 1) * done)
        ahead = np.array([np.sin(turn), 0.05, np.cos(turn)])
        down = torch.tensor([0.0, 1.0, 0.0], dtype=torch.float64)
        poses.append(look_at(torch.from_numpy(center), torch.from_numpy(center + ahead), down))
    return Camera(
        K=lens.K.expand(frames, 3, 3), world_to_camera=torch.stack(poses), height=height, width=width
    )
