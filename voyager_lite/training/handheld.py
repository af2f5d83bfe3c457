"""Views of a room from anywhere in it: how people hold a camera who are not composing a picture."""

import numpy as np
import torch

from geometry.camera import Camera
from voyager_lite.training.framing import held_fov, turn
from voyager_lite.training.matter import meets_matter
from voyager_lite.training.scene import Scene

ROOMS = ("room", "kitchen", "corridor", "office", "bathroom", "hall")
"""Kinds of scenes that have a level floor, a ceiling and walls all around."""

FREE = 0.15
"""Distance of the camera from matter."""

HEIGHTS = (0.35, 2.0)
"""Least and greatest height of the camera above the floor."""

FOV_DEGREES = (45.0, 85.0)

PITCH, ROLL = (0.12, 0.28), 0.13
"""Mean and standard deviation of the pitch (down > 0), standard deviation of the roll, in radians."""


def views_inside(
    rng: np.random.Generator, scene: Scene, *, views: int, height: int, width: int
) -> Camera | None:
    """Cameras anywhere in a room, looking anywhere, held askew; None where hardly any place is free.

    A path across a room shows it as photographers do, with its floor, level and from a corner. Cameras in
    the hand are as often close to one wall or cabinet, which runs out of the picture, and see no floor.

    Args:
        rng: Source of chance.
        scene: Of one of ``ROOMS``.
        views: Cameras.
        height: Of the pictures in pixels.
        width: Of the pictures in pixels.
    """
    floor, ceiling = (scene.shapes[scene.roles.index(role)] for role in ("floor", "ceiling"))
    least, most = floor[:3] - floor[12:15] + FREE, floor[:3] + floor[12:15] - FREE
    # y points down, and the floor is at 0.
    least[1], most[1] = max(-HEIGHTS[1], ceiling[1] + ceiling[13] + FREE), -HEIGHTS[0]
    eyes = rng.uniform(least, most, (8 * views, 3))
    eyes = eyes[~meets_matter(scene, eyes, margin=FREE)][:views]
    if len(eyes) < views:
        return None
    poses = np.tile(np.eye(4), (views, 1, 1))
    poses[:, :3, 3] = eyes
    poses[:, :3, :3] = [
        turn(rng.normal(*PITCH), rng.uniform(0, 2 * np.pi), rng.normal(0, ROLL)) for _ in range(views)
    ]
    fov = held_fov(rng.uniform(*FOV_DEGREES), height=height, width=width)
    to_camera = torch.from_numpy(np.linalg.inv(poses))
    return Camera.from_fov(fov, height=height, width=width, world_to_camera=to_camera)
