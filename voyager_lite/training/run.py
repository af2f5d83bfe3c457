"""A training run in progress: weights, their running average, optimizers, and how far it has come."""

import logging
import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Generic, TypeVar

import torch
from torch import Tensor, nn

from voyager_lite.training.checkpoint import read_checkpoint, write_checkpoint

logger = logging.getLogger(__name__)

Network = TypeVar("Network", bound=nn.Module)

MUON_RATE = 5.0
"""Muon's learning rate over AdamW's."""

WARMUP_STEPS = 50

STRETCH, STRETCHES = 1_000_000, 40
"""Scenes (or groups of scenes) in a stretch, more than a run draws, and stretches for runs that start with
weights: all of them lie below the scenes that are held out, in the largest groups, too."""

MUON_PARTS = 4
"""Muon's matrices are dealt out to this many optimizers, which threads work off side by side."""

MOST_AVERAGED = 0.998
"""Share of the running average that stays at a step, once it has run for a while."""


def first_scene(start: Path | None) -> int:
    """From which scene on (or group of scenes) a run draws: 0, or where it starts with weights a stretch that
    these tell. So a run that goes on from another's result draws other scenes, 39 times of 40."""
    return 0 if start is None else STRETCH * (1 + zlib.crc32(start.read_bytes()) % STRETCHES)


def make_optimizers(
    network: nn.Module, *, inside: Callable[[str], bool], learning_rate: float
) -> list[torch.optim.Optimizer]:
    """Muon (Jordan et al. 2024) for matrices inside layers and blocks, AdamW for all other parameters.

    Matrices that lead from one resolution to another have no norm behind them; Muon's steps, all of one
    size, make them grow until the network's answer no longer depends on its input.

    Args:
        network: What learns.
        inside: Whether a parameter of this name lies inside a layer or block.
        learning_rate: AdamW's; Muon's is ``MUON_RATE`` times that.
    """
    named = list(network.named_parameters())
    turned = [p for name, p in named if p.ndim == 2 and inside(name)]
    rest = [p for name, p in named if not (p.ndim == 2 and inside(name))]
    shares = [turned[first::MUON_PARTS] for first in range(min(MUON_PARTS, len(turned)))]
    rate = MUON_RATE * learning_rate
    return [
        *(torch.optim.Muon(s, lr=rate, weight_decay=0.02, adjust_lr_fn="match_rms_adamw") for s in shares),
        torch.optim.AdamW(rest, lr=learning_rate, betas=(0.9, 0.98), weight_decay=0.01),
    ]


class Run(Generic[Network]):
    """What training of any network keeps; it survives a restart.

    Args:
        make: A new network.
        checkpoint: Where the run is kept; one found there is continued.
        minutes: Time to spend, over all continuations.
        learning_rate: Peak of AdamW's.
        inside: See ``make_optimizers``.

    Attributes:
        network: What learns.
        average: The exponential moving average of its weights, which is what is shipped.
        state: ``step`` and ``seconds`` spent.
        parts: Into how many parts a step is best divided: one a processor, all of it on a GPU.
    """

    def __init__(
        self,
        make: Callable[[], Network],
        *,
        checkpoint: Path,
        minutes: float,
        learning_rate: float,
        inside: Callable[[str], bool],
    ) -> None:
        torch.manual_seed(0)
        self.network, self.average = make(), make()
        self.average.load_state_dict(self.network.state_dict())
        self.optimizers = make_optimizers(self.network, inside=inside, learning_rate=learning_rate)
        self.state: dict[str, float | int] = {"step": 0, "seconds": 0.0}
        self._rates = [float(optimizer.param_groups[0]["lr"]) for optimizer in self.optimizers]
        self._checkpoint, self._minutes = checkpoint, minutes
        self.parts = 1 if next(self.network.parameters()).is_cuda else torch.get_num_threads()
        self._threads = ThreadPoolExecutor(self.parts, initializer=torch.set_num_threads, initargs=(1,))
        if checkpoint.exists():
            self.state = read_checkpoint(
                checkpoint, network=self.network, average=self.average, optimizers=self.optimizers
            )
            logger.info("continuing at step %d", self.state["step"])

    @property
    def progress(self) -> float:
        """Share of the time that is spent, 0 to 1."""
        return min(self.state["seconds"] / (60 * self._minutes), 1.0)

    def learn(self, losses: Sequence[Callable[[], Tensor]]) -> float:
        """One update along the sum of some losses, each of them worked out by a thread of its own.

        Threads that share a step wait for each other once, those that share an operation after each.
        """
        parameters = list(self.network.parameters())

        def follow(loss: Callable[[], Tensor]) -> tuple[float, tuple[Tensor, ...]]:
            value = loss()
            return float(value.detach()), torch.autograd.grad(value, parameters, materialize_grads=True)

        values, gradients = zip(*self._threads.map(follow, losses), strict=True)
        for parameter, parts in zip(parameters, zip(*gradients, strict=True), strict=True):
            parameter.grad = sum(parts[1:], start=parts[0])
        self.update()
        return sum(values)

    def update(self) -> None:
        """Step along the gradients; the learning rate warms up, then falls to 0 over the time to spend."""
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        warmup = min((self.state["step"] + 1) / WARMUP_STEPS, 1.0)
        cosine = 0.5 + 0.5 * float(torch.cos(torch.tensor(torch.pi * self.progress)))
        for optimizer, rate in zip(self.optimizers, self._rates, strict=True):
            for group in optimizer.param_groups:
                group["lr"] = rate * warmup * cosine
        list(self._threads.map(_step, self.optimizers))
        self.state["step"] += 1
        decay = min(MOST_AVERAGED, self.state["step"] / (self.state["step"] + 10))
        with torch.no_grad():
            for mean, value in zip(self.average.parameters(), self.network.parameters(), strict=True):
                mean.lerp_(value, 1 - decay)

    def save(self) -> None:
        """Write a checkpoint."""
        write_checkpoint(
            self._checkpoint,
            network=self.network,
            average=self.average,
            optimizers=self.optimizers,
            state=self.state,
        )


def _step(optimizer: torch.optim.Optimizer) -> None:
    optimizer.step()
    optimizer.zero_grad()
