"""A path is walked in stretches, one for each thing that is wanted on it, and these clip by clip."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from geometry.camera import Camera


@dataclass(frozen=True, kw_only=True, eq=False)
class Stretch:
    """A piece of a path with one prompt.

    Attributes:
        cameras: At least 2; the first is the last of the stretch before.
        prompt: What is to be seen on it.
    """

    cameras: Camera
    prompt: str | None


def stretches(cameras: Camera, prompts: Sequence[tuple[int, str]]) -> list[Stretch]:
    """Cut a path where its prompt changes.

    Args:
        cameras: The path, a batch of at least 2.
        prompts: (frame, prompt): what is wanted from this frame on, with frames increasing. Before the
            first nothing is; a prompt that begins on the last frame has nothing to be seen on.

    Raises:
        ValueError: A frame outside the path, or not after the one before.
    """
    last = len(cameras) - 1
    for frame, prompt in prompts:
        if not 0 <= frame <= last:
            raise ValueError(f"prompt {prompt!r} begins at frame {frame}; the path has 0 to {last}")
    if any(first >= second for (first, _), (second, _) in itertools.pairwise(prompts)):
        raise ValueError("prompts begin at frames that do not increase")
    changes: dict[int, str | None] = {0: None, **dict(prompts)}
    marks = [frame for frame in changes if frame < last]
    return [
        Stretch(cameras=cameras[begin : end + 1], prompt=changes[begin])
        for begin, end in itertools.pairwise([*marks, last])
    ]


@dataclass(frozen=True, kw_only=True, eq=False)
class Piece:
    """One clip of a walk that is still to be made.

    Attributes:
        first_frame: Of the walk; the walk's own first is 0.
        cameras: One a frame.
        prompt: What is to be seen.
        later: By how many frames it begins after the clip before, with which it shares the others; None
            for the first of a stretch, which shares but the frame it starts from.
    """

    first_frame: int
    cameras: Camera
    prompt: str | None
    later: int | None


def pieces(cameras: Camera, prompts: Sequence[tuple[int, str]], *, clip_frames: int) -> list[Piece]:
    """The clips of a whole walk, in order.

    Args:
        cameras: The path, a batch of at least 2.
        prompts: As ``stretches`` takes them.
        clip_frames: Frames of a full clip.

    Raises:
        ValueError: Fewer than 2 cameras, or prompts that ``stretches`` refuses.
    """
    found, begin = [], 0
    for stretch in stretches(cameras, prompts):
        starts = clip_starts(len(stretch.cameras), clip_frames=clip_frames)
        laters = [None, *(after - before for before, after in itertools.pairwise(starts))]
        for start, later in zip(starts, laters, strict=True):
            piece = stretch.cameras[start : start + clip_frames]
            found.append(Piece(first_frame=begin + start, cameras=piece, prompt=stretch.prompt, later=later))
        begin += len(stretch.cameras) - 1
    return found


def clip_starts(frames: int, *, clip_frames: int) -> list[int]:
    """First frames of the clips that cover a path; each begins in the middle of the one before.

    The last clip may be shorter, never longer; a path of 49 frames in clips of 25 gives 0, 12, 24.

    Raises:
        ValueError: Fewer than 2 frames.
    """
    if frames < 2:
        raise ValueError(f"a walk has {frames} frames; expected at least 2")
    stride = (clip_frames - 1) // 2
    return [0, *range(stride, frames - clip_frames + stride, stride)]
