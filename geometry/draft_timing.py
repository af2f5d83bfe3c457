"""When a draft's key frames are reached: even speed, and what is left of a path that was walked in part."""

import itertools
from dataclasses import replace

import torch

from geometry.camera import Camera
from geometry.curve import step_lengths
from geometry.draft import PathDraft
from geometry.draft_path import key_spline, keyframe_of

STILL = 1e-9
"""Share of the way below which a stretch stands still."""
SAMPLES = 33
"""Of each stretch between two key frames, to measure its length."""


def stretch_lengths(draft: PathDraft, *, focus_distance: float) -> list[float]:
    """Length of the path between key frames, scene units.

    A stretch that turns or zooms so much that the picture changes faster than by moving counts for
    that, as ``geometry.curve.step_lengths`` measures it.
    """
    spline = key_spline(draft)
    lengths = []
    for a, b in itertools.pairwise(spline.times.tolist()):
        poses = spline.at(torch.linspace(a, b, SAMPLES, dtype=torch.float64))
        lengths.append(float(step_lengths(poses, focus_distance=focus_distance).sum()) * focus_distance)
    return lengths


def at_even_speed(draft: PathDraft, *, focus_distance: float, seconds: float | None = None) -> PathDraft:
    """The same places at times that make the speed even; stretches that stand still keep theirs.

    Args:
        draft: At least two key frames.
        focus_distance: To the scene's centre, scene units; weighs turning against moving.
        seconds: How long the whole takes; as long as it does now by default.

    Raises:
        ValueError: The draft has only its start, or stands still all the time.
    """
    if len(draft.keyframes) < 2:
        raise ValueError("path has only its start; draw a path before giving it a speed")
    lengths = stretch_lengths(draft, focus_distance=focus_distance)
    total = sum(lengths)
    if total <= STILL * focus_distance:
        raise ValueError("path stands still; it has no speed to make even")
    times = itertools.pairwise(key.seconds for key in draft.keyframes)
    rests = [b - a if length <= STILL * total else 0.0 for (a, b), length in zip(times, lengths, strict=True)]
    moving = draft.seconds - sum(rests)
    steps = [rest or moving * length / total for rest, length in zip(rests, lengths, strict=True)]
    reached = [0.0, *itertools.accumulate(steps)]
    keys = tuple(replace(key, seconds=t) for key, t in zip(draft.keyframes, reached, strict=True))
    even = replace(draft, keyframes=keys, text=None)
    return even.lasting(draft.seconds if seconds is None else seconds)


def onto(draft: PathDraft, start: Camera, *, after: float = 0.0) -> PathDraft:
    """What is left of a draft, begun at another camera.

    Args:
        draft: As it was drawn.
        start: A single camera: the new first key frame.
        after: Seconds of the draft that have been walked; key frames up to then (to half a frame) are
            dropped, and the others keep their place in the world.
    """
    begin = keyframe_of(start, seconds=0.0)
    said = [key.prompt for key in draft.keyframes if key.seconds <= after and key.prompt is not None]
    begin = replace(begin, prompt=said[-1] if said else None)
    left = tuple(
        replace(key, seconds=key.seconds - after)
        for key in draft.keyframes[1:]
        if key.seconds > after + 0.5 / draft.fps
    )
    return replace(draft, keyframes=(begin, *left), text=None)
