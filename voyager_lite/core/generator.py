"""The one interface of every core."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

from jaxtyping import Float
from torch import Tensor

from voyager_lite.clip import Clip, Guidance

Progress = Callable[[int, int], None]
"""Called as ``progress(done, total)`` after every step of a clip; what it raises ends the work there."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """What the user asked of one clip, beside its guidance.

    Attributes:
        seed: The same seed, guidance and machine give the same bytes.
        steps: Steps of the sampling loop; None takes what the core does best with.
        prompt: What the user would like to see, for cores that read.
        reference_depth: Depth of the photograph, for cores that read a prompt beside it or copy from it.
        kept: A folder in the world, where such cores keep what they have read.
    """

    seed: int = 0
    steps: int | None = None
    prompt: str | None = None
    reference_depth: Float[Tensor, "height width"] | None = field(default=None, compare=False)
    kept: Path | None = field(default=None, compare=False)


@runtime_checkable
class Generator(Protocol):
    """Completes guidance clips.

    Attributes:
        name: As typed after ``--core``.
        clip_frames: Frames of a clip, odd; neighbouring clips share (clip_frames + 1) / 2 of them.
        reads_prompts: False if a prompt makes no difference.
    """

    name: str
    clip_frames: int
    reads_prompts: bool

    def generate(
        self,
        guidance: Guidance,
        *,
        reference: Float[Tensor, "3 height width"],
        previous: Clip | None = None,
        request: Request,
        progress: Progress | None = None,
    ) -> Clip:
        """Complete one clip.

        Args:
            guidance: At most ``clip_frames`` frames; every known pixel comes back as it is.
            reference: The photograph the world began with, at the guidance's size.
            previous: The result of the clip before, for the first ``len(previous)`` frames of this
                one. The overlap starts from it, is averaged with it, lightly re-noised and denoised
                a last time (Voyager, arXiv 2506.04225, section 4.3).
            request: Seed, steps and prompt.
            progress: Told of every step.
        """
        ...
