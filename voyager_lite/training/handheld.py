"""Views of a room from anywhere in it: how people hold a camera who are not composing a picture."""

import numpy as np
import torch
from jaxtyping import Float

from geometry.camera import Camera
from geometry.rigid import invert_rigid
from voyager_lite.training.framing import held_fov, turn
from voyager_lite.training.matter import meets_matter
from voyager_lite.training.scene import Scene, half_extents

ROOMS = {"room": 0.4, "kitchen": 0.2, "corridor": 0.14, "office": 0.14, "bathroom": 0.06, "hall": 0.06}
"""Kinds of scenes that have a level floor, a ceiling and walls all around, and their shares."""

FREE = 0.15
"""Distance of the camera from matter."""

HEIGHTS = (0.35, 2.0)
"""Least and greatest height of the camera above the floor."""

FOV_DEGREES = (45.0, 85.0)

PITCH, ROLL = (0.12, 0.28), 0.13
"""Mean and standard deviation of the pitch (down > 0), standard deviation of the roll, in radians."""

BESIDE = 0.5
"""Share of places that are close to a piece of furniture."""

LEAST_THING, AWAY, ABOVE = 0.3, (0.15, 0.9), (-0.2, 0.8)
"""Radius from which a thing counts as furniture; how far beside it and how high above its top one stands."""


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
    tried = 8 * views
    eyes, gaze = rng.uniform(least, most, (tried, 3)), np.zeros((tried, 2))
    gaze[:, 0] = rng.uniform(0, 2 * np.pi, tried)
    near = rng.random(tried) < BESIDE
    eyes[near], gaze[near] = _beside_things(rng, scene, count=int(near.sum()))
    free = ((eyes >= least) & (eyes <= most)).all(axis=1) & ~meets_matter(scene, eyes, margin=FREE)
    eyes, gaze = eyes[free][:views], gaze[free][:views]
    if len(eyes) < views:
        return None
    poses = np.tile(np.eye(4), (views, 1, 1))
    poses[:, :3, 3] = eyes
    poses[:, :3, :3] = [turn(pitch + rng.normal(*PITCH), yaw, rng.normal(0, ROLL)) for yaw, pitch in gaze]
    fov = held_fov(rng.uniform(*FOV_DEGREES), height=height, width=width)
    to_camera = invert_rigid(torch.from_numpy(poses))
    return Camera.from_fov(fov, height=height, width=width, world_to_camera=to_camera)


def _beside_things(
    rng: np.random.Generator, scene: Scene, *, count: int
) -> tuple[Float[np.ndarray, "count 3"], Float[np.ndarray, "count 2"]]:
    """Places close to furniture, mostly above its top, and yaw and pitch towards it, more or less."""
    things = scene.shapes[scene.casters]
    things = things[things[:, 15] > LEAST_THING]
    if not len(things):
        return np.full((count, 3), np.nan), np.zeros((count, 2))
    chosen = things[rng.integers(len(things), size=count)]
    reach = half_extents(chosen)
    angle, away = rng.uniform(0, 2 * np.pi, count), rng.uniform(*AWAY, count)
    side = np.stack([np.sin(angle), np.cos(angle)], axis=1)
    out = np.hypot(*(side * reach[:, ::2]).T) + away
    eyes = np.empty((count, 3))
    eyes[:, ::2] = chosen[:, 0:3:2] + out[:, None] * side
    eyes[:, 1] = chosen[:, 1] - reach[:, 1] - rng.uniform(*ABOVE, count)
    pitch = np.arctan2(chosen[:, 1] - eyes[:, 1], out) * rng.uniform(0.2, 1, count)
    return eyes, np.stack([angle + np.pi + rng.normal(0, 0.6, count), pitch], axis=1)
