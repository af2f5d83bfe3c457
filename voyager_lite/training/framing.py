"""Where a photographer stands and what the camera is aimed at."""

from dataclasses import dataclass

import numpy as np

from voyager_lite.training.scene import Real, Scene, Vector

LONG_LENS, ASKEW = 0.08, 0.1
"""Shares of shots with about half of the field of view, and with much more roll."""


def turn(pitch: Real, yaw: Real, roll: Real) -> np.ndarray:
    """Camera-to-world rotation: yaw about the vertical, then pitch (down > 0), then roll, in radians."""
    (cy, sy), (cp, sp), (cr, sr) = [(np.cos(a), np.sin(a)) for a in (yaw, pitch, roll)]
    Y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    X = np.array([[1, 0, 0], [0, cp, sp], [0, -sp, cp]])
    Z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return Y @ X @ Z


def held_fov(fov_degrees: float, *, height: int, width: int) -> float:
    """Horizontal field of view of a picture, upright or not, whose longer side has the given one."""
    share = min(width / height, 1.0)
    return float(np.rad2deg(2 * np.arctan(np.tan(np.deg2rad(fov_degrees) / 2) * share)))


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

    @property
    def kind(self) -> str:
        """What the scene shows, in a word."""
        return self.scene.kind


def aim(  # noqa: PLR0913 - all of one shot, by name
    rng: np.random.Generator,
    scene: Scene,
    *,
    eye: Vector,
    target: Vector,
    fov: tuple[Real, Real],
    stray: float = 0.25,
    roll: float = 0.025,
) -> Shot:
    """A shot from ``eye`` with ``target`` somewhere around the middle of the picture.

    Now and then the lens is long, or the camera held askew.

    Args:
        rng: Source of chance.
        scene: What is seen.
        eye: Where the camera is, in the world.
        target: What it is aimed at, in the world.
        fov: Least and greatest horizontal field of view in degrees.
        stray: Standard deviation of how far the target is off the middle, in half pictures.
        roll: Standard deviation of the roll in radians.
    """
    fov_degrees = float(rng.uniform(*fov)) * (0.55 if rng.random() < LONG_LENS else 1.0)
    roll = roll * (4 if rng.random() < ASKEW else 1)
    reach = np.tan(np.deg2rad(fov_degrees) / 2)
    x, y, z = np.asarray(target, dtype=np.float64) - np.asarray(eye, dtype=np.float64)
    off = np.arctan(stray * reach * rng.normal(0, 1, 2) * np.array([1, 0.6]))
    pose = np.eye(4)
    pose[:3, :3] = turn(
        np.arctan2(y, np.hypot(x, z)) + off[1], np.arctan2(x, z) + off[0], rng.normal(0, roll)
    )
    pose[:3, 3] = eye
    return Shot(scene=scene, pose=pose, fov_degrees=fov_degrees)


def around(target: Vector, *, distance: Real, yaw: Real, pitch: Real) -> np.ndarray:
    """The place from which ``target`` is seen at a distance, looking ``yaw`` right and ``pitch`` down."""
    gaze = np.array([np.sin(yaw) * np.cos(pitch), np.sin(pitch), np.cos(yaw) * np.cos(pitch)])
    return np.asarray(target, dtype=np.float64) - distance * gaze
