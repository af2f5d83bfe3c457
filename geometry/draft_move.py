"""Whole drafts laid elsewhere, and one after the other."""

from dataclasses import replace

import torch

from geometry.camera import Camera
from geometry.draft import Gaze, Keyframe, PathDraft, Vector
from geometry.draft_gaze import key_rotations
from geometry.draft_path import keyframe_of
from geometry.rigid import (
    invert_rigid,
    quaternion_from_rotation,
    rigid_from,
    rotation_from_quaternion,
    transform_points,
)


def laid_onto(draft: PathDraft, start: Camera) -> PathDraft:
    """The same path, turned and moved as one so that it begins at a single camera.

    Fields of view stay as they are, but for the first, which is the camera's.
    """
    begin = keyframe_of(start, seconds=0.0)
    first = draft.keyframes[0]
    if (first.position, first.gaze, first.fov_degrees) == (begin.position, begin.gaze, begin.fov_degrees):
        return draft
    old = rigid_from(key_rotations(draft)[0], torch.tensor(first.position, dtype=torch.float64))
    motion = start.camera_to_world @ invert_rigid(old)

    def place(point: Vector) -> Vector:
        x, y, z = transform_points(motion, torch.tensor(point, dtype=torch.float64)).tolist()
        return x, y, z

    def laid(key: Keyframe) -> Keyframe:
        gaze = key.gaze
        if gaze.target is not None:
            gaze = Gaze(kind="at", target=place(gaze.target))
        if gaze.rotation is not None:
            rotation = motion[:3, :3] @ rotation_from_quaternion(
                torch.tensor(gaze.rotation, dtype=torch.float64)
            )
            qw, qx, qy, qz = quaternion_from_rotation(rotation).tolist()
            gaze = Gaze(kind="free", rotation=(qw, qx, qy, qz))
        return replace(key, position=place(key.position), gaze=gaze)

    others = tuple(laid(key) for key in draft.keyframes[1:])
    return replace(draft, keyframes=(replace(begin, prompt=first.prompt), *others))


def joined(draft: PathDraft, more: PathDraft) -> PathDraft:
    """One path after another, which begins where the first ends; its own first key frame is left out.

    Raises:
        ValueError: Too many key frames, or too long.
    """
    later = (replace(key, seconds=key.seconds + draft.seconds) for key in more.keyframes[1:])
    return replace(draft, keyframes=(*draft.keyframes, *later), text=None)
