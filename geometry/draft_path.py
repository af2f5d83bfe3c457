"""From the key frames of a draft to the cameras that walk it."""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from geometry.camera import Camera
from geometry.curve import Poses
from geometry.draft import Gaze, Keyframe, PathDraft
from geometry.keyframes import PoseSpline, unit_times
from geometry.rigid import (
    invert_rigid,
    look_at,
    quaternion_from_rotation,
    rigid_from,
    rotation_from_quaternion,
)
from geometry.trajectory import Trajectory

UPRIGHT = math.sin(math.radians(3.0))
"""A gaze this near to straight up or down has no upright picture, and turns no further."""
AT_START = 1e-6
"""How far the first key frame may be from the start camera: scene units, or share of its coordinates."""
INSTANT = 1e-4
"""Share of the time between two key frames over which a direction is measured."""


def draft_at(start: Camera, *, fps: float) -> PathDraft:
    """A draft that is only the place of a single camera."""
    return PathDraft(keyframes=(keyframe_of(start, seconds=0.0),), fps=fps)


def keyframe_of(camera: Camera, *, seconds: float) -> Keyframe:
    """A single camera as a key frame with a free gaze."""
    return keyframes_of(Camera.stack([camera]), [seconds])[0]


def keyframes_of(cameras: Camera, seconds: Sequence[float]) -> list[Keyframe]:
    """A batch of cameras as key frames with free gazes, at their times."""
    pose = cameras.camera_to_world
    # Of a centred lens: through a principal point elsewhere, angles would not tell the focal length.
    fov = torch.rad2deg(2 * torch.atan(cameras.width / 2 / cameras.K[:, :1, 0]))
    rows = torch.cat([pose[:, :3, 3], quaternion_from_rotation(pose[:, :3, :3]), fov], dim=-1)
    return [
        Keyframe(
            position=(x, y, z),
            gaze=Gaze(kind="free", rotation=(qw, qx, qy, qz)),
            fov_degrees=degrees,
            seconds=time,
        )
        for (x, y, z, qw, qx, qy, qz, degrees), time in zip(rows.tolist(), seconds, strict=True)
    ]


def draft_cameras(draft: PathDraft, start: Camera) -> Camera:
    """One camera a frame, through every key frame at its time.

    Where two neighbours look along the path, or both at a target, so does every frame between them (at
    targets that differ: at a point on the line between the two); elsewhere the camera turns smoothly
    from one gaze to the next. A gaze without a direction (along a path that stands, at the camera's own
    place, straight up or down) stays as it was before.

    Args:
        draft: At least two key frames.
        start: A single camera where the draft begins: the first of the path, to the last bit.

    Raises:
        ValueError: The draft has only its start, or begins elsewhere.
    """
    keys = draft.keyframes
    if len(keys) < 2:
        raise ValueError("path has only its start; expected at least one more key frame")
    _require_at_start(keys[0], start)
    time = torch.linspace(0, 1, draft.frames, dtype=torch.float64)
    spline = key_spline(draft)
    poses = spline.at(time)
    rotation = _with_gaze(draft, spline, time=time, poses=poses)
    world_to_camera = invert_rigid(rigid_from(rotation, poses.camera_to_start[:, :3, 3]))
    K = start.K.cpu().repeat(draft.frames, 1, 1)
    K[:, :2, :2] *= poses.zoom[:, None, None]
    K[0], world_to_camera[0] = start.K, start.world_to_camera
    return Camera(K=K, world_to_camera=world_to_camera, height=start.height, width=start.width)


def draft_trajectory(draft: PathDraft, start: Camera) -> Trajectory:
    """The draft as a path without a place: the same cameras, relative to their first.

    Raises:
        ValueError: See ``draft_cameras``.
    """
    return Trajectory.from_cameras(draft_cameras(draft, start))


def key_spline(draft: PathDraft) -> PoseSpline:
    """The spline through at least two key frames in the world frame, their gazes made rotations."""
    keys = draft.keyframes
    times = unit_times([key.seconds for key in keys], count=len(keys))
    position = torch.tensor([key.position for key in keys], dtype=torch.float64)
    half_fov = torch.deg2rad(torch.tensor([key.fov_degrees for key in keys], dtype=torch.float64)) / 2
    zoom = half_fov[0].tan() / half_fov.tan()
    turned = torch.eye(3, dtype=torch.float64).repeat(len(keys), 1, 1)
    way = PoseSpline.fit(Poses(camera_to_start=rigid_from(turned, position), zoom=zoom), times)
    rotation = _key_rotations(draft, position=position, velocity=way.velocity[:, :3])
    return PoseSpline.fit(Poses(camera_to_start=rigid_from(rotation, position), zoom=zoom), times)


def _key_rotations(
    draft: PathDraft, *, position: Float[Tensor, "key 3"], velocity: Float[Tensor, "key 3"]
) -> Float[Tensor, "key 3 3"]:
    """Camera to world at every key frame."""
    direction = velocity.clone()
    rotation = torch.eye(3, dtype=torch.float64).repeat(len(position), 1, 1)
    free = torch.zeros(len(position), dtype=torch.bool)
    for index, key in enumerate(draft.keyframes):
        if key.gaze.target is not None:
            direction[index] = torch.tensor(key.gaze.target, dtype=torch.float64) - position[index]
        if key.gaze.rotation is not None:
            free[index] = True
            quaternion = torch.tensor(key.gaze.rotation, dtype=torch.float64)
            rotation[index] = rotation_from_quaternion(quaternion)
    toward, clear = rotations_toward(direction)
    rotation = torch.where(free[:, None, None], rotation, toward)
    return rotation[_latest(free | clear)]


def _with_gaze(
    draft: PathDraft, spline: PoseSpline, *, time: Float[Tensor, " frame"], poses: Poses
) -> Float[Tensor, "frame 3 3"]:
    """Camera to world at every frame: the spline's, but for stretches that look along or at something."""
    keys, times = draft.keyframes, spline.times
    piece = (torch.searchsorted(times, time, right=True) - 1).clamp(0, len(keys) - 2)
    instant = INSTANT * times.diff()[piece]
    ahead, behind = ((time + sign * instant).clamp(0, 1) for sign in (1, -1))
    along = (spline.at(ahead).camera_to_start - spline.at(behind).camera_to_start)[:, :3, 3]
    target = torch.tensor([key.gaze.target or key.position for key in keys], dtype=torch.float64)
    share = ((time - times[piece]) / times.diff()[piece])[:, None]
    at = target[piece] * (1 - share) + target[piece + 1] * share - poses.camera_to_start[:, :3, 3]
    both_along, both_at = (_both(draft, kind)[piece] for kind in ("along", "at"))
    toward, clear = rotations_toward(torch.where(both_along[:, None], along, at))
    chosen = clear & (both_along | both_at)
    return torch.where(chosen[:, None, None], toward, poses.camera_to_start[:, :3, :3])


def _both(draft: PathDraft, kind: str) -> Bool[Tensor, " piece"]:
    """Between which key frames both neighbours have that kind of gaze."""
    has = torch.tensor([key.gaze.kind == kind for key in draft.keyframes])
    return has[:-1] & has[1:]


def rotations_toward(
    direction: Float[Tensor, "camera 3"],
) -> tuple[Float[Tensor, "camera 3 3"], Bool[Tensor, " camera"]]:
    """Camera to world of upright cameras that look into world directions, of any length.

    Returns:
        The rotations; and False where the direction is none or nearly straight up or down: there the
        rotation is the identity.
    """
    length = direction.norm(dim=-1)
    clear = direction[:, [0, 2]].norm(dim=-1) > UPRIGHT * length.clamp_min(1e-12)
    forward = torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64)
    down = torch.tensor([0.0, 1.0, 0.0], dtype=torch.float64)
    # Of unit length, so that even a slow camera looks somewhere.
    seen = torch.where(clear[:, None], direction / length.clamp_min(1e-12)[:, None], forward)
    return look_at(torch.zeros_like(seen), seen, down)[:, :3, :3].mT, clear


def _latest(true: Bool[Tensor, " key"]) -> Int[Tensor, " key"]:
    """For each entry the last one up to it that is True; the first is."""
    return torch.where(true, torch.arange(len(true)), 0).cummax(dim=0).values


def _require_at_start(key: Keyframe, start: Camera) -> None:
    if start.batch_shape:
        raise ValueError(f"path starts at a batch of cameras {start.batch_shape}; expected a single one")
    there = keyframe_of(start, seconds=0.0)
    apart = math.dist(key.position, there.position)
    if apart > AT_START * max(1.0, *map(abs, there.position)):
        raise ValueError(f"path begins {apart:g} scene units from where the walk stands; expected 0")
    agreement = sum(a * b for a, b in zip(key.gaze.rotation or (), there.gaze.rotation or (), strict=True))
    if abs(agreement) < 1 - AT_START or abs(key.fov_degrees - there.fov_degrees) > 1e-3:
        raise ValueError("path begins with another gaze or field of view than the walk has where it stands")
