"""New key frames: between two others, ahead of the last, or where someone has looked around."""

from dataclasses import replace

import torch

from geometry.draft import Gaze, Keyframe, PathDraft, Quaternion, Vector
from geometry.draft_gaze import key_rotations
from geometry.draft_path import key_spline
from geometry.draft_timing import stretch_lengths


def inserted_after(draft: PathDraft, index: int, *, step: float, speed: float) -> PathDraft:
    """One more key frame, on the path half way to the next one; after the last one, a step ahead.

    It looks along the path if the key frame before it does or is the first, else as that one does.

    Args:
        draft: The path.
        index: The key frame before the new one.
        step: How far ahead of the last key frame, in the direction it looks, scene units.
        speed: Scene units a second, of that step.

    Raises:
        ValueError: No such key frame, or there would be too many.
    """
    before = draft.key(index)
    gaze = Gaze(kind="along") if index == 0 else before.gaze
    if index + 1 == len(draft.keyframes):
        ahead = torch.tensor(before.position, dtype=torch.float64) + step * key_rotations(draft)[index, :, 2]
        x, y, z = ahead.tolist()
        seconds = before.seconds + step / speed
    else:
        after = draft.keyframes[index + 1]
        seconds = (before.seconds + after.seconds) / 2
        middle = key_spline(draft).at(torch.tensor([seconds / draft.seconds], dtype=torch.float64))
        x, y, z = middle.camera_to_start[0, :3, 3].tolist()
    fresh = replace(before, position=(x, y, z), gaze=gaze, seconds=seconds, prompt=None)
    return draft.inserted(fresh)


def looked_from(
    draft: PathDraft,
    position: Vector,
    rotation: Quaternion,
    *,
    fov_degrees: float,
    speed: float,
    focus_distance: float,
) -> PathDraft:
    """The path goes on to a view, at the given speed (turning counts as in ``stretch_lengths``).

    Args:
        draft: The path.
        position: Of the new last key frame, world frame.
        rotation: Camera to world, a unit quaternion (w, x, y, z).
        fov_degrees: Horizontal field of view.
        speed: Scene units a second.
        focus_distance: To the scene's centre, scene units.

    Raises:
        ValueError: A number out of range, or the path is there already.
    """
    last = draft.keyframes[-1]
    view = Keyframe(
        position=position,
        gaze=Gaze(kind="free", rotation=rotation),
        fov_degrees=fov_degrees,
        seconds=last.seconds + 1.0,
    )
    path = draft.inserted(view)
    length = stretch_lengths(path, focus_distance=focus_distance)[-1]
    if length <= 1e-6 * focus_distance:
        raise ValueError("path ends with that very view; look around before adding it")
    return path.timed(len(path.keyframes) - 1, last.seconds + length / speed)
