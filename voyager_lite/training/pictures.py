"""Single training pictures with their depth: procedural scenes, each seen from a few places."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Bool, Float16, Int, UInt8
from torch import Tensor
from torch.utils.data import IterableDataset, get_worker_info

from geometry.camera import Camera
from geometry.rigid import invert_rigid, rotation_from_vector
from voyager_lite.training.clips import HELD_OUT, PLAIN_STD
from voyager_lite.training.dress import draw_dress, dress_scene
from voyager_lite.training.framing import Shot
from voyager_lite.training.handheld import ROOMS, views_inside
from voyager_lite.training.material import GLOW, LEAVES, PICTURE, tinted
from voyager_lite.training.paths import draw_path, draw_shot, draw_shot_of
from voyager_lite.training.scene import GAMMA, Scene, render_scene

SIZES = ((144, 192), (128, 200), (192, 144), (160, 160), (120, 208))
"""Heights and widths of the scenes' pictures, in turn; batches cut theirs out of them."""

VIEWS = 3
"""Pictures taken in one scene; making a scene and a path costs about as much as one of them."""

FLAT = 0.06
"""Deviation of inverse depth over its mean below which a picture is of one wall, and left out."""

GAZE = (0.1, 0.16, 0.06)
"""Standard deviations, in radians, of how far the camera is turned up, aside and askew at each place."""

INSIDE, TOWERS = 0.35, 0.06
"""Shares of scenes that are rooms seen from anywhere in them, and towers against the sky."""

DRESSED = 0.25
"""Share of scenes in another light, weather, or with other walls."""

LEAST_SEEN, SEEN_FROM = 3, 0.015
"""Shapes that a picture has to show, and the share of it from which a shape can be seen."""

BRIGHTNESS = (0.08, 0.97)
"""Least and greatest brightness of painted surfaces, as pictures hold it."""

COLORFUL = 2.4
"""Power of a number below one that says how colourful: the higher, the more surfaces are grey."""

PAINTED = (0.3, 1.0)
"""Least and greatest share of a scene's surfaces that get another colour."""

CLOSEST = 0.12
"""Pictures with matter nearer than this before the lens (units are about metres) are left out."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TrainingPicture:
    """A picture and the truth about it, small enough to keep thousands.

    Attributes:
        rgb: RGB in 0..255.
        inverse: Inverse depth over its mean on matter; 0 on the sky.
        sky: True where there is sky.
        focal: Focal length in shares of the width.
    """

    rgb: UInt8[np.ndarray, "height width 3"]
    inverse: Float16[np.ndarray, "height width"]
    sky: Bool[np.ndarray, "height width"]
    focal: float


def draw_pictures(seed: int, *, height: int, width: int, views: int = VIEWS) -> list[TrainingPicture]:
    """Pictures of one scene, the same for the same arguments; views that show nothing are left out.

    The places lie on a path that stays out of matter, or anywhere in a room (``handheld``).
    """
    rng = np.random.default_rng(seed)
    place = rng.random()
    if place < INSIDE:
        scene = draw_shot_of(rng, list(ROOMS)[rng.choice(len(ROOMS), p=list(ROOMS.values()))]).scene
        cameras = views_inside(rng, scene, views=views, height=height, width=width)
    else:
        shot = draw_shot_of(rng, "tower") if place < INSIDE + TOWERS else draw_shot(rng)
        scene = shot.scene
        cameras = _views_along(rng, shot, views=views, height=height, width=width)
    if cameras is None:
        return []
    if rng.random() < DRESSED:
        scene = dress_scene(rng, scene, draw_dress(rng, scene))
    view = render_scene(repainted(rng, scene), cameras)
    pictures = []
    for rgb, depth, sky, shape, K in zip(view.rgb, view.depth, view.sky, view.shape, cameras.K, strict=True):
        empty = float(sky.float().mean()) > 0.9 or float(rgb.std()) < PLAIN_STD or is_bare(shape)
        if empty or float(depth.amin()) < CLOSEST:
            continue
        inverse = torch.where(sky, 0.0, 1 / depth)
        inverse = inverse / inverse[~sky].mean()
        if float(inverse[~sky].std()) < FLAT and not bool(sky.any()):
            continue
        pictures.append(
            TrainingPicture(
                rgb=(rgb.permute(1, 2, 0) * 255).round().byte().numpy(),
                inverse=inverse.clamp(max=100).half().numpy(),
                sky=sky.numpy(),
                focal=float(K[0, 0]) / width,
            )
        )
    return pictures


def is_bare(shape: Int[Tensor, "height width"]) -> bool:
    """True where fewer than ``LEAST_SEEN`` shapes, the sky among them, can be seen: it tells nothing."""
    _, counts = shape.unique(return_counts=True)
    return int((counts > SEEN_FROM * shape.numel()).sum()) < LEAST_SEEN


def _views_along(
    rng: np.random.Generator, shot: Shot, *, views: int, height: int, width: int
) -> Camera | None:
    """Cameras on a path that look about it, up and down, held a little askew; None without a path."""
    path = draw_path(rng, shot, frames=views, height=height, width=width)
    if path is None:
        return None
    poses = path.camera_to_world.clone()
    askew = torch.from_numpy(rng.normal(0, 1, (views, 3)) * GAZE)
    poses[:, :3, :3] = poses[:, :3, :3] @ rotation_from_vector(askew)
    return Camera(K=path.K, world_to_camera=invert_rigid(poses), height=height, width=width)


def repainted(rng: np.random.Generator, scene: Scene) -> Scene:
    """The scene with many of its surfaces in other colours, from black to white and from grey to gaudy.

    In photographs things stand out from what is behind them. The generator draws its colours evenly in linear
    light, where most are pale; here brightness is even as pictures hold it. Surfaces that were alike stay
    alike, leaves keep their hue, lamps and pictures are left as they are.
    """
    materials, which = np.unique(scene.materials, axis=0, return_inverse=True)
    count, pattern = len(materials), materials[:, 0].astype(int)
    bright = rng.uniform(*BRIGHTNESS, (count, 1)) ** GAMMA
    color = tinted(bright, rng.random((count, 1)), rng.random((count, 1)) ** COLORFUL)
    main = materials[:, 1:4]
    color = np.where(pattern[:, None] == LEAVES, main * bright / main.mean(axis=1, keepdims=True), color)
    change = color.clip(0.01, 1) / main.clip(0.02)
    painted = (rng.random(count) < rng.uniform(*PAINTED)) & ~np.isin(pattern, (GLOW, PICTURE))
    materials[painted, 1:7] = (materials[painted, 1:7] * np.tile(change[painted], 2)).clip(0.01, 1.5)
    return replace(scene, materials=materials[which.ravel()])


def held_out_pictures(count: int, *, first: int = 0) -> list[TrainingPicture]:
    """Pictures of ``count`` scenes that training never draws, one of each."""
    pictures: list[TrainingPicture] = []
    seed = HELD_OUT + first
    while len(pictures) < count:
        height, width = SIZES[seed % len(SIZES)]
        pictures += draw_pictures(seed, height=height, width=width, views=1)
        seed += 1
    return pictures


class PictureStream(IterableDataset[list[TrainingPicture]]):
    """Endless fresh pictures, scene after scene; iterated by a ``DataLoader``, each worker makes every n-th.

    Args:
        first: Seed of the first scene.
    """

    def __init__(self, first: int) -> None:
        super().__init__()
        self.first = first

    def __iter__(self) -> Iterator[list[TrainingPicture]]:
        torch.set_num_threads(1)
        worker = get_worker_info()
        index, count = (worker.id, worker.num_workers) if worker else (0, 1)
        for seed in range(self.first + index, HELD_OUT, count):
            height, width = SIZES[seed % len(SIZES)]
            yield draw_pictures(seed, height=height, width=width)
