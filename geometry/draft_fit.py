"""Key frames for paths that come from elsewhere: words and camera files."""

import itertools

import torch
from jaxtyping import Float
from torch import Tensor

from geometry.camera import Camera
from geometry.curve import TURN_WEIGHT, Poses
from geometry.draft import MOST_KEYFRAMES, PathDraft
from geometry.draft_path import keyframes_of
from geometry.draft_timing import stretch_lengths
from geometry.keyframes import PoseSpline
from geometry.rigid import vector_from_rotation
from geometry.trajectory import Trajectory

CLOSE_ENOUGH = 0.005
"""How far key frames may stray from the cameras they stand for: of the path's reach, in radians (times
two), and in the logarithm of the zoom."""

TRIAL = 193
"""Cameras of which a text's key frames are chosen: more than its bends, whatever it takes in the end."""
SHORTEST = 0.5
"""Seconds of the quickest path that words make."""


def draft_of_text(text: str, *, start: Camera, focus_distance: float, speed: float, fps: float) -> PathDraft:
    """The draft that words of the path language make, such as ``forward:1.5,orbit:30deg``.

    Args:
        text: The words.
        start: A single camera: where it begins.
        focus_distance: To the scene's centre, scene units.
        speed: Scene units a second; turning counts as in ``stretch_lengths``.
        fps: Frames a second.

    Raises:
        ValueError: See ``Trajectory.parse``; or it takes longer than a path may.
    """
    path = Trajectory.parse(text, frames=TRIAL)
    draft = draft_of_cameras(path.cameras(start, focus_distance=focus_distance), fps=fps, text=text)
    length = sum(stretch_lengths(draft, focus_distance=focus_distance))
    return draft.lasting(max(length / speed, SHORTEST))


def draft_of_cameras(
    cameras: Camera, *, fps: float, seconds: float | None = None, text: str | None = None
) -> PathDraft:
    """A recorded path as few key frames, through which it comes back to half a per cent.

    Between two key frames the camera that strays most becomes one too, until none strays by more than
    ``CLOSE_ENOUGH``, or there are as many as a draft may have.

    Args:
        cameras: The path, a batch of at least 2, at even times.
        fps: Frames a second of the draft.
        seconds: How long it takes; by default a frame for each camera.
        text: What it is in the path language.

    Raises:
        ValueError: Fewer than 2 cameras, or a time, rate, place or field of view out of range.
    """
    if len(cameras.batch_shape) != 1 or len(cameras) < 2:
        raise ValueError(f"path has cameras of batch shape {cameras.batch_shape}; expected at least (2,)")
    seconds = (len(cameras) - 1) / fps if seconds is None else seconds
    chosen = _choose(cameras)
    last = len(cameras) - 1
    keys = keyframes_of(cameras[torch.tensor(chosen)], [seconds * k / last for k in chosen])
    return PathDraft(keyframes=tuple(keys), fps=fps, text=text)


def _choose(cameras: Camera) -> list[int]:
    """Which cameras are to be key frames, the first and the last among them."""
    focal = cameras.K[:, 0, 0]
    poses = Poses(camera_to_start=cameras.camera_to_world, zoom=focal / focal[0])
    time = torch.linspace(0, 1, len(cameras), dtype=torch.float64)
    reach = float((cameras.center - cameras.center[0]).norm(dim=-1).max()) or 1.0
    chosen = [0, len(cameras) - 1]
    while True:
        keys = torch.tensor(chosen)
        fitted = PoseSpline.fit(
            Poses(camera_to_start=poses.camera_to_start[keys], zoom=poses.zoom[keys]), time[keys]
        )
        error = _apart(fitted.at(time), poses, reach=reach)
        worst = [
            a + int(error[a : b + 1].argmax())
            for a, b in itertools.pairwise(chosen)
            if float(error[a : b + 1].max()) > CLOSE_ENOUGH
        ]
        fresh = sorted(set(worst) - set(chosen), key=lambda k: -float(error[k]))
        fresh = fresh[: MOST_KEYFRAMES - len(chosen)]
        if not fresh:
            return chosen
        chosen = sorted([*chosen, *fresh])


def _apart(ours: Poses, theirs: Poses, *, reach: float) -> Float[Tensor, " frame"]:
    """How far two paths are apart at each frame, in the measure of ``CLOSE_ENOUGH``."""
    a, b = ours.camera_to_start, theirs.camera_to_start
    moved = (a[:, :3, 3] - b[:, :3, 3]).norm(dim=-1) / reach
    turned = vector_from_rotation(a[:, :3, :3].mT @ b[:, :3, :3]).norm(dim=-1)
    zoomed = (ours.zoom.log() - theirs.zoom.log()).abs()
    return torch.stack([moved, TURN_WEIGHT * turned, zoomed]).amax(dim=0)
