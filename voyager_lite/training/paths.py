"""Which scenes procedural clips show, and how the camera moves through them."""

from collections.abc import Callable

import numpy as np
import torch

from geometry.camera import Camera
from voyager_lite.training.closeups import animal, cycle, plant, statue, vehicle
from voyager_lite.training.clutter import floor_clutter, hanging, heap, workshop
from voyager_lite.training.crowds import group, portrait
from voyager_lite.training.framing import Shot, held_fov
from voyager_lite.training.indoors import corridor, room
from voyager_lite.training.interiors import attic, hall, office, stairs
from voyager_lite.training.kitchens import bathroom, kitchen
from voyager_lite.training.matter import meets_matter
from voyager_lite.training.moves import draw_move
from voyager_lite.training.nature import country, forest, mountains
from voyager_lite.training.outdoors import drive, street
from voyager_lite.training.places import courtyard, facade, square
from voyager_lite.training.scene import SKY_DEPTH, render_scene
from voyager_lite.training.surfaces import ground, wall
from voyager_lite.training.tabletops import desk, shelves, table_top
from voyager_lite.training.towers import tower
from voyager_lite.training.waterside import bridge, garden, shore

KINDS: dict[str, tuple[Callable[[np.random.Generator], Shot], float]] = {
    "room": (room, 0.09),
    "corridor": (corridor, 0.04),
    "kitchen": (kitchen, 0.03),
    "bathroom": (bathroom, 0.015),
    "office": (office, 0.03),
    "stairs": (stairs, 0.02),
    "attic": (attic, 0.015),
    "hall": (hall, 0.02),
    "table top": (table_top, 0.07),
    "desk": (desk, 0.05),
    "shelves": (shelves, 0.03),
    "heap": (heap, 0.04),
    "floor clutter": (floor_clutter, 0.03),
    "workshop": (workshop, 0.02),
    "hanging": (hanging, 0.01),
    "wall": (wall, 0.02),
    "ground": (ground, 0.02),
    "statue": (statue, 0.025),
    "plant": (plant, 0.025),
    "animal": (animal, 0.025),
    "vehicle": (vehicle, 0.025),
    "cycle": (cycle, 0.025),
    "portrait": (portrait, 0.03),
    "group": (group, 0.03),
    "street": (street, 0.045),
    "drive": (drive, 0.03),
    "square": (square, 0.03),
    "courtyard": (courtyard, 0.02),
    "facade": (facade, 0.025),
    "forest": (forest, 0.02),
    "mountains": (mountains, 0.02),
    "country": (country, 0.025),
    "shore": (shore, 0.02),
    "garden": (garden, 0.02),
    "bridge": (bridge, 0.01),
    "tower": (tower, 0.0),
}
"""Each kind of scene with its maker and its share of clips; shares add up to one. Pictures to learn depth
from show some kinds more often (``pictures``)."""

LEAST_MATTER = 0.08
"""A view that shows more sky than all but this share is drawn again."""

NEAREST = 0.08
"""Nothing in a first view is nearer."""

FARTHEST = 60.0
"""Distances from which moves take their lengths count as no more."""


def draw_shot(rng: np.random.Generator) -> Shot:
    """A scene of a random kind, seen from where someone might stand.

    Raises:
        ValueError: Twenty scenes of a kind leave the camera no free view.
    """
    shares = [share for _, share in KINDS.values()]
    return draw_shot_of(rng, list(KINDS)[rng.choice(len(KINDS), p=shares)])


def draw_shot_of(rng: np.random.Generator, kind: str) -> Shot:
    """A scene of one of ``KINDS`` from a free place, showing something."""
    make = KINDS[kind][0]
    for _ in range(20):
        shot = make(rng)
        if meets_matter(shot.scene, shot.pose[None, :3, 3], margin=NEAREST / 2)[0]:
            continue
        depth = _first_depth(shot, height=12, width=18)
        if depth.min() > NEAREST and (depth < SKY_DEPTH).mean() > LEAST_MATTER:
            return shot
    raise ValueError(f'twenty scenes of kind "{kind}" leave no free view')


def _first_depth(shot: Shot, *, height: int, width: int) -> np.ndarray:
    """Depth of the first view in a few pixels (height, width)."""
    to_camera = torch.from_numpy(np.linalg.inv(shot.pose))[None]
    fov = held_fov(shot.fov_degrees, height=height, width=width)
    camera = Camera.from_fov(fov, height=height, width=width, world_to_camera=to_camera)
    return np.asarray(render_scene(shot.scene, camera).depth[0])


def draw_path(rng: np.random.Generator, shot: Shot, *, frames: int, height: int, width: int) -> Camera | None:
    """A short camera path that stays out of matter, or None where ten tries found none.

    Args:
        rng: Source of chance.
        shot: What is seen, and the first camera.
        frames: Cameras on the path.
        height: Of the picture in pixels.
        width: Of the picture in pixels.
    """
    depth = _first_depth(shot, height=max(height // 4, 2), width=max(width // 4, 2))
    rows, columns = depth.shape
    middle = depth[rows // 4 : rows - rows // 4, columns // 4 : columns - columns // 4]
    near = min(float(np.quantile(depth, 0.1)), FARTHEST)
    focus = max(min(float(np.median(middle)), FARTHEST), near)
    fov = held_fov(shot.fov_degrees, height=height, width=width)
    for _ in range(10):
        reach = float(np.exp(rng.uniform(np.log(near), np.log(focus + 1e-6))))
        offsets, zoom = draw_move(rng, frames=frames, reach=reach, focus=focus)
        poses = shot.pose @ offsets
        if _free(shot, poses[:, :3, 3], margin=min(0.2 * near, 0.2)):
            to_camera = torch.from_numpy(np.linalg.inv(poses))
            camera = Camera.from_fov(fov, height=height, width=width, world_to_camera=to_camera)
            K = camera.K.clone()
            K[:, :2, :2] *= torch.from_numpy(zoom)[:, None, None]
            return Camera(K=K, world_to_camera=camera.world_to_camera, height=height, width=width)
    return None


def _free(shot: Shot, centers: np.ndarray, *, margin: float) -> bool:
    """True where no matter is met at the cameras nor at three places between each two of them."""
    share = np.linspace(0, 1, 4, endpoint=False)[:, None]
    between = centers[:-1, None] * (1 - share) + centers[1:, None] * share
    places = np.concatenate([between.reshape(-1, 3), centers[-1:]])
    return not meets_matter(shot.scene, places, margin=margin).any()
