"""A path on which different things are wanted is walked in stretches."""

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
