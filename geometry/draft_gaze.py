"""Turning key frames: from one kind of gaze to another, toward a place, by angles."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from geometry.draft import Gaze, PathDraft, Vector
from geometry.draft_path import key_spline, rotations_toward
from geometry.rigid import quaternion_from_rotation, rotation_from_quaternion

STEEPEST = 85.0
"""Degrees up or down that an upright camera may be turned to."""


def key_rotations(draft: PathDraft) -> Float[Tensor, "key 3 3"]:
    """Camera to world at every key frame, whatever its kind of gaze."""
    if len(draft.keyframes) > 1:
        return key_spline(draft).poses.camera_to_start[:, :3, :3]
    return rotation_from_quaternion(torch.tensor([draft.keyframes[0].gaze.rotation], dtype=torch.float64))


def yaw_and_pitch(rotation: Float[Tensor, "*batch 3 3"]) -> Float[Tensor, "*batch 2"]:
    """Degrees to the right of the world's z axis, -180 to 180, and upwards, -90 to 90."""
    x, y, z = rotation[..., :3, 2].unbind(-1)
    return torch.rad2deg(torch.stack([torch.atan2(x, z), torch.atan2(-y, torch.hypot(x, z))], dim=-1))


def regazed(draft: PathDraft, index: int, kind: str, *, focus_distance: float) -> PathDraft:
    """With another kind of gaze at a key frame.

    A free gaze begins as the camera looked before; a target lies ahead of it, ``focus_distance`` away.

    Raises:
        ValueError: No such kind or key frame, or it is the first.
    """
    if kind == "along":
        return draft.with_gaze(index, Gaze(kind="along"))
    if kind not in ("at", "free"):
        raise ValueError(f'gaze is "{kind}"; allowed: along, at, free')
    key = draft.key(index)
    rotation = key_rotations(draft)[index]
    if kind == "free":
        return draft.with_gaze(index, _free(rotation))
    position = torch.tensor(key.position, dtype=torch.float64)
    x, y, z = (position + focus_distance * rotation[:, 2]).tolist()
    return draft.with_gaze(index, Gaze(kind="at", target=(x, y, z)))


def toward(draft: PathDraft, index: int, place: Vector) -> PathDraft:
    """A key frame looks at a place: its target if it has one, else it is turned there, upright.

    Raises:
        ValueError: No such key frame, the first, or a place straight above, below or at it.
    """
    key = draft.key(index)
    if key.gaze.kind == "at":
        return draft.with_gaze(index, Gaze(kind="at", target=place))
    way = torch.tensor([place], dtype=torch.float64) - torch.tensor(key.position, dtype=torch.float64)
    rotation, clear = rotations_toward(way)
    if not bool(clear):
        raise ValueError("a camera cannot look straight up or down; choose a place beside it")
    return draft.with_gaze(index, _free(rotation[0]))


def turned(draft: PathDraft, index: int, *, yaw_degrees: float, pitch_degrees: float) -> PathDraft:
    """A key frame looks freely, upright, by angles as ``yaw_and_pitch`` gives them.

    Raises:
        ValueError: No such key frame, the first, or a pitch beyond 85 degrees.
    """
    if not abs(pitch_degrees) <= STEEPEST:
        raise ValueError(f"pitch is {pitch_degrees:g} degrees; expected -{STEEPEST:g} to {STEEPEST:g}")
    yaw, pitch = math.radians(yaw_degrees), math.radians(pitch_degrees)
    level = math.cos(pitch)
    way = [level * math.sin(yaw), -math.sin(pitch), level * math.cos(yaw)]
    rotation, _ = rotations_toward(torch.tensor([way], dtype=torch.float64))
    return draft.with_gaze(index, _free(rotation[0]))


def _free(rotation: Float[Tensor, "3 3"]) -> Gaze:
    qw, qx, qy, qz = quaternion_from_rotation(rotation).tolist()
    return Gaze(kind="free", rotation=(qw, qx, qy, qz))
