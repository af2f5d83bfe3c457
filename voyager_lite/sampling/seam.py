"""How one clip goes over into the next: shared frames start from the last clip's result, are averaged
with it, lightly re-noised and denoised a last time (Voyager, arXiv 2506.04225, section 4.3)."""

import torch
from jaxtyping import Float
from torch import Tensor

from voyager_lite.sampling.flow import add_noise


def overlap_weights(frames: int) -> Float[Tensor, "{frames}"]:
    """The new clip's share in each of the shared frames: from 0 at the first to 1 at the last, linearly.

    A single shared frame is the previous clip's alone. The previous clip's share is what remains to 1.
    """
    return torch.linspace(0, 1, frames)


def crossfade(
    previous: Float[Tensor, "shared *rest"], new: Float[Tensor, "frame *rest"]
) -> Float[Tensor, "frame *rest"]:
    """The new clip with its first frames blended from the previous clip's.

    Args:
        previous: The shared frames, as the clip before has them.
        new: All frames of this clip, at least as many.

    Raises:
        ValueError: More shared frames than frames.
    """
    shared = _shared(previous, new)
    weight = overlap_weights(shared).to(new).reshape(shared, *([1] * (new.ndim - 1)))
    blended = torch.lerp(previous, new[:shared], weight)
    return torch.cat([blended, new[shared:]])


def start_times(frames: int, *, shared: int, level: float) -> Float[Tensor, "{frames}"]:
    """The noise level each frame starts from: ``level`` where shared with the previous clip, 1 elsewhere."""
    times = torch.ones(frames, dtype=torch.float64)
    times[:shared] = level
    return times


def start_state(
    previous: Float[Tensor, "shared *rest"], noise: Float[Tensor, "frame *rest"], *, level: float
) -> Float[Tensor, "frame *rest"]:
    """Noise, with the shared frames at ``level`` between the previous clip's result (0) and noise (1).

    Raises:
        ValueError: More shared frames than frames.
    """
    shared = _shared(previous, noise)
    times = torch.full((shared,), level)
    return torch.cat([add_noise(previous, noise[:shared], times), noise[shared:]])


def _shared(previous: Tensor, frames: Tensor) -> int:
    if len(previous) > len(frames):
        raise ValueError(f"the previous clip shares {len(previous)} frames; this clip has {len(frames)}")
    return len(previous)
