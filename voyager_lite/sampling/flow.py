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
    return shifted(torch.linspace(1, 0, steps + 1, dtype=torch.float64), shift=shift)


def shifted(t: Tensor, *, shift: float) -> Tensor:
    """Times t / (t + (1 - t) / shift): nearer to noise for a ``shift`` above 1, nearer to data below it.

    At the new times a signal of spread ``shift`` has that share in the mixture with noise which one of spread
    1 has at t. So Euler's steps at the new times do with the one what those at t do with the other.
    """
    return t / (t + (1 - t) / shift)


def linear_quadratic_schedule(steps: int, *, emulated: int = 1000) -> Float[Tensor, " time"]:
    """Times from 1 to 0, float64: the first half of the steps are those of a far finer even schedule.

    Step i of S ends at 1 - i/N - (1 - S/N) (max(i - L, 0) / (S - L))^2 with N = ``emulated`` and L = S // 2:
    even steps of 1/N near noise, where a clip takes shape, then a parabola that goes on with the same
    slope and ends at 0 (Polyak et al. 2024, "Movie Gen", arXiv 2410.13720, section 3.4.2).

    Args:
        steps: Euler steps; the result has one entry more.
        emulated: Steps of the even schedule that the first half is taken from.

    Raises:
        ValueError: ``steps`` is below 1 or above ``emulated``.
    """
    if not 1 <= steps <= emulated:
        raise ValueError(f"steps is {steps}; expected 1 to {emulated}")
    i = torch.arange(steps + 1, dtype=torch.float64)
    linear = steps // 2
    bent = ((i - linear).clamp(min=0) / (steps - linear)) ** 2
    even = (emulated - i) / emulated
    return even - even[-1] * bent


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
    if times.ndim == 3:
        for now, then in pairwise(times):
            x = x + frame_times(then - now, x) * velocity(x, now)
            yield x
        return
    for now, then in pairwise(times.tolist()):  # numbers, not tensors: a device need not be waited for
        x = x + (then - now) * velocity(x, torch.full(x.shape[:2], now, dtype=times.dtype))
        yield x
