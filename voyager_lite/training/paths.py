"""Where cameras of procedural clips stand and how they move."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from geometry.camera import Camera
from voyager_lite.training.indoors import heap, room, table_top
from voyager_lite.training.outdoors import landscape, street
from voyager_lite.training.scene import Real, Scene, render_scene

MOVES = ("forward", "backward", "side", "rise", "turn", "orbit", "spiral", "wander")


def turn(pitch: Real, yaw: Real, roll: Real) -> np.ndarray:
    """Camera-to-world rotation: yaw about the vertical, then pitch (down > 0), then roll, in radians."""
    (cy, sy), (cp, sp), (cr, sr) = [(np.cos(a), np.sin(a)) for a in (yaw, pitch, roll)]
    Y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    X = np.array([[1, 0, 0], [0, cp, sp], [0, -sp, cp]])
    Z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return Y @ X @ Z


@dataclass(frozen=True, kw_only=True, eq=False)
class Shot:
    """A scene with a place to stand.

    Attributes:
        scene: What is seen.
        pose: First camera to world (4, 4).
        fov_degrees: Horizontal field of view of a 3:2 picture; portraits keep its focal length.
    """

    scene: Scene
    pose: np.ndarray
    fov_degrees: float


def draw_shot(rng: np.random.Generator) -> Shot:
    """A scene of a random kind, seen from where someone might stand."""
    kinds: list[tuple[Callable[[np.random.Generator], Scene], float]] = [
        (room, 0.3), (street, 0.22), (landscape, 0.18), (table_top, 0.2), (heap, 0.1),
    ]  # fmt: skip
    make = kinds[rng.choice(len(kinds), p=[share for _, share in kinds])][0]
    scene = make(rng)
    pose, fov_degrees, roll = np.eye(4), float(rng.uniform(45, 85)), rng.normal(0, 0.02)
    if make is room:
        reach = np.abs(scene.shapes[:, [0, 2]]).max(axis=0) - 0.6
        pose[:3, 3] = [
            rng.uniform(-0.4, 0.4) * reach[0],
            -rng.uniform(0.9, 1.7),
            -rng.uniform(0.3, 0.9) * reach[1],
        ]
        pose[:3, :3] = turn(rng.normal(0.08, 0.1), rng.normal(0, 0.35), roll)
    elif make is street or make is landscape:
        height = rng.uniform(1.2, 2) if rng.random() < 0.8 else rng.uniform(2, 9)
        pose[:3, 3] = [rng.normal(0, 1), -height, 0]
        pose[:3, :3] = turn(rng.normal(0, 0.07) + 0.02 * (height - 1.5), rng.normal(0, 0.25), roll)
    else:
        fov_degrees = float(rng.uniform(28, 65))
        down = rng.uniform(0.05, 0.9) if make is table_top else rng.normal(0.05, 0.1)
        away = rng.uniform(0.9, 1.8) if make is table_top else 0.3
        pose[:3, 3] = [rng.normal(0, 0.15), -0.15 - away * np.tan(down), 0.7 - away]
        if make is heap:
            pose[:3, 3] = [0, -1, 0]
        pose[:3, :3] = turn(down, rng.normal(0, 0.12), rng.normal(0, 0.06))
    return Shot(scene=scene, pose=pose, fov_degrees=fov_degrees)


def _glide(rng: np.random.Generator, frames: int) -> np.ndarray:
    """Progress from 0 to 1 over the frames, sometimes eased, sometimes uneven; (frames,)."""
    s = np.linspace(0, 1, frames)
    return s if rng.random() < 0.6 else s**2 * (3 - 2 * s)


def _offsets(rng: np.random.Generator, move: str, *, s: np.ndarray, near: float, middle: float) -> np.ndarray:
    """Poses (frames, 4, 4) relative to the first camera; steps are shares of the distance ahead."""
    poses = np.tile(np.eye(4), (len(s), 1, 1))
    amount, sign = rng.uniform(0.15, 1.0), rng.choice([-1.0, 1.0])
    if move == "forward":
        poses[:, 2, 3] = 0.5 * amount * middle * s
    elif move == "backward":
        poses[:, 2, 3] = -0.35 * amount * middle * s
    elif move in ("side", "rise"):
        poses[:, 0 if move == "side" else 1, 3] = sign * 0.45 * amount * near * s
    elif move == "turn":
        for i, angle in enumerate(sign * 0.45 * amount * s):
            poses[i, :3, :3] = turn(0, angle, 0)
    elif move == "orbit":
        for i, angle in enumerate(sign * 0.4 * amount * s):
            R = turn(0, angle, 0)
            poses[i, :3, :3] = R
            poses[i, :3, 3] = np.array([0, 0, middle]) - R @ np.array([0, 0, middle])
    elif move == "spiral":
        angle = sign * 2 * np.pi * s
        poses[:, 0, 3] = 0.2 * amount * near * (np.cos(angle) - 1)
        poses[:, 1, 3] = 0.2 * amount * near * np.sin(angle)
        poses[:, 2, 3] = 0.3 * amount * near * s
    else:
        ends = rng.normal(0, 1, (3, 6)) * amount
        curve = (
            ends[0] * s[:, None]
            + ends[1] * np.sin(np.pi * s)[:, None]
            + 0.4 * ends[2] * np.sin(2 * np.pi * s)[:, None]
        )
        poses[:, :3, 3] = curve[:, :3] * np.array([0.18, 0.08, 0.2]) * near
        for i, (a, b, c) in enumerate(curve[:, 3:] * np.array([0.05, 0.15, 0.02])):
            poses[i, :3, :3] = turn(a, b, c)
    return poses


def draw_path(rng: np.random.Generator, shot: Shot, *, frames: int, height: int, width: int) -> Camera | None:
    """A short camera path that stays out of matter, or None where eight tries found none.

    Args:
        rng: Source of chance.
        shot: What is seen, and the first camera.
        frames: Cameras on the path.
        height: Of the picture in pixels.
        width: Of the picture in pixels.
    """
    scene, pose, fov = shot.scene, shot.pose, shot.fov_degrees
    if width < height:
        fov = float(np.rad2deg(2 * np.arctan(np.tan(np.deg2rad(fov) / 2) * width / height)))
    to_camera = torch.from_numpy(np.linalg.inv(pose))[None]
    first = Camera.from_fov(fov, height=height // 4, width=width // 4, world_to_camera=to_camera)
    depth = render_scene(scene, first).depth.flatten()
    near, middle = (float(q) for q in torch.quantile(depth, torch.tensor([0.1, 0.4])).clamp(max=25))
    for _ in range(8):
        move = str(rng.choice(MOVES))
        poses = pose @ _offsets(rng, move, s=_glide(rng, frames), near=near, middle=middle)
        if rng.random() < 0.35:
            other = str(rng.choice(MOVES))
            poses = poses @ _offsets(rng, other, s=0.5 * _glide(rng, frames), near=near, middle=middle)
        margin = min(0.25 * near, 0.2)
        below = (poses[:, 1, 3] > -0.05).any() and pose[1, 3] < -0.05
        if below or any(scene.inside(p[:3, 3], margin=margin) for p in poses):
            continue
        poses[:, :3, :3] = np.stack([_orthonormal(p[:3, :3]) for p in poses])
        return Camera.from_fov(
            fov, height=height, width=width, world_to_camera=torch.from_numpy(np.linalg.inv(poses))
        )
    return None


def _orthonormal(R: np.ndarray) -> np.ndarray:
    u, _, v = np.linalg.svd(R)
    return u @ v
