"""The loop every core samples a clip with: Euler along the flow, and the seam to the clip before."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from voyager_lite.sampling.flow import Velocity, add_noise, integrate, noise_like
from voyager_lite.sampling.seam import crossfade, start_state, start_times

OVERLAP_LEVEL = 0.6
"""Noise level from which frames shared with the previous clip start."""

LAST_LEVEL = 0.1
"""Noise level of the light re-noising after shared frames were averaged."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Seam:
    """What ties a clip to the one before (Voyager, arXiv 2506.04225, section 4.3).

    Attributes:
        previous: The previous clip's result for the first frames of this one; frames may be latent ones.
        seed: Of the light noise after the two were averaged.
        time_per_frame: The network knows one noise level a frame, so shared frames take smaller steps
            from the beginning. Otherwise they follow the straight path from their noise to the previous
            result while the common time is above ``OVERLAP_LEVEL``, and move freely from there.
    """

    previous: Float[Tensor, "shared *rest"]
    seed: int
    time_per_frame: bool = False


def sample_clip(
    velocity: Velocity,
    noise: Float[Tensor, "frame *rest"],
    *,
    times: Float[Tensor, " time"],
    seam: Seam | None = None,
    complete: Callable[[Tensor], Tensor] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Float[Tensor, "frame *rest"]:
    """Sample one clip; with a seam it goes on from the one before.

    Frames shared with the previous clip start from its result at ``OVERLAP_LEVEL``. Afterwards the two
    are averaged, lightly re-noised and denoised a last time.

    Args:
        velocity: Of a batch of one clip.
        noise: What all frames begin as.
        times: From 1 to 0, one more than there are steps.
        seam: None for the first clip of a walk.
        complete: Puts back what is known of a state without noise.
        progress: Told of every step, the last denoising included.

    Raises:
        ValueError: More shared frames than frames.
    """
    total = len(times) - 1 + (seam is not None)
    tell = progress or _untold
    state, rows = noise, times
    if seam is not None and seam.time_per_frame:
        state = start_state(seam.previous, noise, level=OVERLAP_LEVEL)
        levels = start_times(len(noise), shared=len(seam.previous), level=OVERLAP_LEVEL)
        rows = times[:, None, None] * levels
    field = velocity if seam is None or seam.time_per_frame else _held(velocity, noise, seam.previous)
    for step, batch in enumerate(integrate(field, state[None], rows)):
        state = batch[0]
        tell(step + 1, total)
    state = complete(state) if complete is not None else state
    if seam is None:
        return state
    state = crossfade(seam.previous, state)
    light = noise_like(state, seed=seam.seed)
    state = add_noise(state, light, torch.full((len(state),), LAST_LEVEL))
    last = torch.tensor([LAST_LEVEL, 0.0], dtype=torch.float64)
    state = next(integrate(velocity, state[None], last))[0]
    tell(total, total)
    return complete(state) if complete is not None else state


def _held(velocity: Velocity, noise: Tensor, previous: Tensor) -> Velocity:
    """The velocity, with the shared frames on their straight path above ``OVERLAP_LEVEL``."""
    shared = len(previous)
    straight = noise[:shared] - previous

    def move(x: Tensor, t: Tensor) -> Tensor:
        moved = velocity(x, t)
        if float(t[0, 0]) <= OVERLAP_LEVEL:
            return moved
        return torch.cat([straight[None].to(moved), moved[:, shared:]], dim=1)

    return move


def _untold(done: int, total: int) -> None:
    """Progress that nobody wants to hear of."""
