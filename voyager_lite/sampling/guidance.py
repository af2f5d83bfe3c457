"""Classifier-free guidance: away from what an empty prompt gives, towards what the prompt gives."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from voyager_lite.sampling.flow import Velocity

Conditions = Mapping[str, Tensor]
"""What a network is told beside the state; the batch comes first in every tensor."""

ConditionalVelocity = Callable[[Tensor, Tensor, Conditions], Tensor]
"""``velocity(x, t, conditions)``, all of one batch size."""


@dataclass(frozen=True, kw_only=True)
class ClassifierFree:
    """How strongly, and over which part of the way, a prompt is followed.

    Attributes:
        scale: 1 follows the prompt as trained; above, the difference it makes is multiplied
            (Ho and Salimans 2022, arXiv 2207.12598).
        start: Noise level at which guidance sets in; 1 is from the beginning.
        stop: Noise level below which it ends; 0 is to the end (Kynkaanniemi et al. 2024, arXiv 2404.07724).

    Raises:
        ValueError: Not 1 >= start >= stop >= 0.
    """

    scale: float
    start: float = 1.0
    stop: float = 0.0

    def __post_init__(self) -> None:
        if not 1 >= self.start >= self.stop >= 0:
            raise ValueError(f"guidance runs from {self.start:g} to {self.stop:g}; expected 1 to 0, falling")

    def acts_at(self, t: float) -> bool:
        """Whether the unconditional half is needed at noise level ``t``."""
        return self.scale != 1 and self.stop <= t <= self.start


def guided(
    velocity: ConditionalVelocity, positive: Conditions, negative: Conditions, *, guidance: ClassifierFree
) -> Velocity:
    """The velocity u + scale (c - u), both halves in one batched pass; c alone where guidance does not act.

    Args:
        velocity: The network.
        positive: What is wanted.
        negative: What is to be left behind; the same names and shapes.
        guidance: Scale and range.

    Raises:
        ValueError: The two name different conditions.
    """
    if positive.keys() != negative.keys():
        differing = ", ".join(sorted(positive.keys() ^ negative.keys()))
        raise ValueError(f"positive and negative conditions differ in {differing}; expected the same names")
    both = {name: torch.cat([negative[name], positive[name]]) for name in positive}

    def follow(x: Tensor, t: Tensor) -> Tensor:
        if not guidance.acts_at(float(t.flatten()[0])):
            return velocity(x, t, positive)
        without, along = velocity(torch.cat([x, x]), torch.cat([t, t]), both).chunk(2)
        return without + guidance.scale * (along - without)

    return follow
