"""Rectified flow: the straight path between data and noise, and Euler's method along it.

x_t = (1 - t) x0 + t noise, so t = 1 is noise, t = 0 is data, and the velocity dx/dt is noise - x0
(Liu et al. 2022, arXiv 2209.03003; Lipman et al. 2022, arXiv 2210.02747).
"""

from collections.abc import Callable, Iterator
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor

Velocity = Callable[[Tensor, Tensor], Tensor]
"""``velocity(x, t)`` with x (B, T, ...) and t (B, T), one noise level a frame; shaped like x."""


def schedule(steps: int, *, shift: float = 1.0) -> Float[Tensor, " time"]:
    """Times from 1 to 0, float64.

    Args:
        steps: Euler steps; the result has one entry more.
        shift: Above 1, more of the steps are spent near noise: t -> t / (t + (1 - t) / shift)
            (Esser et al. 2024, arXiv 2403.03206, section 5.3.2).

    Raises:
        ValueError: ``steps`` is below 1 or ``shift`` is not positive.
    """
    if steps < 1:
        raise ValueError(f"steps is {steps}; expected at least 1")
    if shift <= 0:
        raise ValueError(f"shift is {shift:g}; expected more than 0")
    t = torch.linspace(1, 0, steps + 1, dtype=torch.float64)
    return t / (t + (1 - t) / shift)


def noise_like(x: Tensor, *, seed: int) -> Tensor:
    """Standard normal noise of the shape, dtype and device of ``x``.

    Drawn in float32 on the processor, so that a seed means the same on every device.
    """
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(x.shape, generator=generator).to(x)


def add_noise(x0: Tensor, noise: Tensor, t: Tensor) -> Tensor:
    """x_t for data and noise (B, T, ...) and times (B, T)."""
    t = frame_times(t, x0)
    return (1 - t) * x0 + t * noise


def frame_times(t: Tensor, x: Tensor) -> Tensor:
    """Times (B, T) shaped to multiply x (B, T, ...), in its dtype."""
    return t.to(x).reshape(*t.shape, *([1] * (x.ndim - t.ndim)))


def integrate(
    velocity: Velocity, x: Float[Tensor, "batch frame *rest"], times: Float[Tensor, "time *per_frame"]
) -> Iterator[Tensor]:
    """Euler's method for dx/dt = velocity(x, t) from the first time to the last.

    Args:
        velocity: The field.
        x: State at the first time.
        times: (S + 1,) common to all frames, or (S + 1, B, T) with a time for each frame; falling.
            A frame whose time stands still from one row to the next does not move.

    Yields:
        The state after each of the S steps; the last one is the result.

    Raises:
        ValueError: ``times`` rises somewhere, has fewer than two rows or fits neither shape.
    """
    if times.ndim not in (1, 3) or len(times) < 2:
        raise ValueError(
            f"times has shape {tuple(times.shape)}; expected (steps + 1,) or (steps + 1, batch, frame)"
        )
    if times.ndim == 3 and times.shape[1:] != x.shape[:2]:
        raise ValueError(
            f"times has shape {tuple(times.shape)}; expected (steps + 1, {x.shape[0]}, {x.shape[1]})"
        )
    if bool((times.diff(dim=0) > 0).any()):
        raise ValueError("times must fall from noise (1) to data (0)")
    rows = times if times.ndim == 3 else times[:, None, None].expand(-1, *x.shape[:2])
    for now, then in pairwise(rows):
        x = x + frame_times(then - now, x) * velocity(x, now)
        yield x
