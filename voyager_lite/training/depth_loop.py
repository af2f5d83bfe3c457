"""Training of the depth network on procedural pictures, on a processor or a GPU, for a given time."""

import copy
import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.utils.data import DataLoader
from tqdm import tqdm

from voyager_lite.depth.mini_network import (
    DepthMiniConfig,
    DepthMiniNetwork,
    load_depth_mini,
    save_depth_mini,
)
from voyager_lite.evaluation.depth import depth_errors
from voyager_lite.training.curve import draw_curve
from voyager_lite.training.depth_loss import depth_loss
from voyager_lite.training.photographic import PictureBatch, dressed_batch, plain_batch
from voyager_lite.training.pictures import PictureStream, TrainingPicture, held_out_pictures
from voyager_lite.training.run import Run, first_scene

SMALL_SIZES = ((64, 96), (80, 96), (96, 64), (80, 80), (64, 112))
LARGE_SIZES = ((96, 144), (112, 144), (144, 96), (112, 112), (96, 160))
"""Heights and widths of batches, at random: the small ones until ``GROWN`` of the time, then the large."""

GROWN = 0.75

KEPT = 0.3
"""Share of the weights begun with in those that a run writes. What was learned before and the new pictures do
not show, stays better (Wortsman et al. 2022, "Robust fine-tuning", arXiv 2109.01903)."""

FARTHEST = 25.0
"""Distance over that of the nearest things beyond which held-out depth is not compared."""

HELD_OUT_SIZE = (96, 128)

CURVES = {"plane": (200, 200, 200), "slope": (140, 140, 140), "abs_rel": (200, 80, 20)}


@dataclass(frozen=True, kw_only=True)
class DepthTrainingConfig:
    """A training run.

    Attributes:
        folder: Checkpoint, log.jsonl, curve.png and the weights (weights/depth-mini.safetensors, .json)
            go here; a run found here is continued.
        minutes: Time to spend, over all continuations; the learning rate falls to 0 over it.
        batch: Pictures a step.
        every: Steps that one fresh scene is to last; the other pictures of a step were seen before and are
            dressed anew.
        pool: Pictures kept for that.
        first_pool: Pictures to gather before the first step.
        workers: Processes that render; 0 renders in this one.
        learning_rate: Peak of AdamW's; Muon's is MUON_RATE times that.
        device: cpu or cuda.
        validate_every: Steps between measurements, which also write a checkpoint.
        held_out: Pictures to measure on.
        start: Weights to begin with (``save_depth_mini``), instead of new ones; what is written keeps a
            share of them (``KEPT``).
        network: Sizes, where ``start`` is None.
    """

    folder: Path
    minutes: float = 60.0
    batch: int = 16
    every: int = 1
    pool: int = 12_000
    first_pool: int = 256
    workers: int = 1
    learning_rate: float = 8e-4
    device: str = "cpu"
    validate_every: int = 200
    held_out: int = 96
    start: Path | None = None
    network: DepthMiniConfig = field(default_factory=DepthMiniConfig)


def first_network(config: DepthTrainingConfig) -> DepthMiniNetwork:
    """The network a run begins with; errors as in ``load_depth_mini``."""
    if config.start is None:
        return DepthMiniNetwork(config.network)
    return load_depth_mini(config.start).train().requires_grad_(True)


class DepthTraining(Run[DepthMiniNetwork]):
    """A run in progress; all of it but the pictures survives a restart."""

    def __init__(self, config: DepthTrainingConfig) -> None:
        super().__init__(
            lambda: first_network(config).to(config.device),
            checkpoint=config.folder / "checkpoint.safetensors",
            minutes=config.minutes,
            learning_rate=config.learning_rate,
            inside=lambda name: name.startswith("layers."),
        )
        self.config = config
        self.pool: list[TrainingPicture] = []
        self._next = 0

    def scenes(self) -> Iterator[list[TrainingPicture]]:
        """Pictures of fresh scenes, from where the run stands."""
        first = first_scene(self.config.start) + int(self.state["step"]) // self.config.every
        loader = DataLoader(PictureStream(first), batch_size=None, num_workers=self.config.workers)
        return iter(loader)

    def add(self, pictures: list[TrainingPicture]) -> None:
        """Keep pictures in the pool, in place of the oldest where it is full."""
        for picture in pictures:
            if len(self.pool) < self.config.pool:
                self.pool.append(picture)
            else:
                self.pool[self._next] = picture
                self._next = (self._next + 1) % self.config.pool

    def step(self, fresh: list[TrainingPicture]) -> float:
        """One update from fresh pictures and older ones; returns the loss."""
        rng = np.random.default_rng(int(self.state["step"]))
        self.add(fresh)
        older = [self.pool[i] for i in rng.integers(len(self.pool), size=self.config.batch - len(fresh))]
        sizes = SMALL_SIZES if self.progress < GROWN else LARGE_SIZES
        height, width = sizes[rng.integers(len(sizes))]
        batch = dressed_batch([*fresh, *older], rng, height=height, width=width).to(self.config.device)

        def loss_of(part: PictureBatch) -> Tensor:
            return predicted_loss(self.network, part) * len(part.rgb) / len(batch.rgb)

        return self.learn([partial(loss_of, part) for part in batch.split(self.parts)])


def predicted_loss(network: DepthMiniNetwork, batch: PictureBatch) -> Tensor:
    """The loss of the network's prediction, which is made in bfloat16."""
    with torch.autocast(batch.rgb.device.type, torch.bfloat16):
        prediction = network(batch.rgb)
    return depth_loss(prediction, batch)


def held_out_batch(count: int) -> PictureBatch:
    """Pictures of scenes that training never sees, undressed."""
    height, width = HELD_OUT_SIZE
    return plain_batch(held_out_pictures(count), height=height, width=width)


@torch.no_grad()
def mixed(network: DepthMiniNetwork, other: DepthMiniNetwork, *, share: float) -> DepthMiniNetwork:
    """A network with weights between those of two of the same make, ``share`` of the way to ``other``."""
    between = copy.deepcopy(network)
    for value, far in zip(between.parameters(), other.parameters(), strict=True):
        value.lerp_(far.to(value.device), share)
    return between


@torch.no_grad()
def measure(network: DepthMiniNetwork, batch: PictureBatch) -> dict[str, float]:
    """Means over pictures: AbsRel and delta-1 as in ``evaluation.depth``, sky, and error of the lens.

    Returns:
        ``abs_rel``, ``delta``, ``sky`` (pixels told right), ``focal`` (mean error of its logarithm).
    """
    device = next(network.parameters()).device
    prediction = network(batch.rgb.to(device))
    errors = np.array(depth_scores(prediction.inverse.cpu(), batch))
    right = ((prediction.sky.cpu() > 0) == batch.sky).float().mean()
    focal = (prediction.focal.cpu() - batch.focal).abs().mean()
    return {
        "abs_rel": float(errors[:, 0].mean()),
        "delta": float(errors[:, 1].mean()),
        "sky": float(right),
        "focal": float(focal),
    }


def measure_simple(batch: PictureBatch) -> dict[str, float]:
    """AbsRel of a constant plane and of inverse depth that grows linearly down the picture."""
    height = batch.inverse.shape[1]
    slope = ((torch.arange(height) + 0.5) / height)[:, None].expand(batch.inverse.shape)
    plane = torch.ones_like(batch.inverse)
    return {
        name: float(np.mean([error for error, _ in depth_scores(guess, batch)]))
        for name, guess in (("plane", plane), ("slope", slope))
    }


def depth_scores(
    inverse: Float[Tensor, "batch height width"], batch: PictureBatch
) -> list[tuple[float, float]]:
    """(AbsRel, delta-1) of every picture of a batch, without sky and what is as far as no sensor reaches."""
    nearest = batch.inverse.flatten(1).quantile(0.98, dim=1)[:, None, None]
    seen = ~batch.sky & (batch.inverse > nearest / FARTHEST)
    depth = torch.where(seen, 1 / torch.where(seen, batch.inverse, 1.0), 0.0)
    return [depth_errors(guess, truth) for guess, truth in zip(inverse, depth, strict=True)]


def train_depth(config: DepthTrainingConfig) -> DepthMiniNetwork:
    """Train until the time is spent; return the averaged network, mixed with that of ``config.start``.

    Continues the run found in ``config.folder``. After every ``validate_every`` steps one line of log.jsonl
    tells step, seconds, loss and the errors over fixed held-out pictures, beside those of a constant
    plane and of a slope; curve.png draws them.
    """
    config.folder.mkdir(parents=True, exist_ok=True)
    (config.folder / "config.json").write_text(json.dumps(asdict(config), default=str, indent=2))
    held_out = held_out_batch(config.held_out)
    simple = measure_simple(held_out)
    run, losses = DepthTraining(config), [0.0]
    scenes = run.scenes()
    start = None if config.start is None else load_depth_mini(config.start)

    def result() -> DepthMiniNetwork:
        return run.average if start is None else mixed(run.average, start, share=KEPT)

    while len(run.pool) < config.first_pool:
        run.add(next(scenes))
    with tqdm(total=100, unit="%", desc="training") as bar:
        while run.progress < 1:
            began = time.monotonic()
            losses.append(run.step(next(scenes) if run.state["step"] % config.every == 0 else []))
            run.state["seconds"] += time.monotonic() - began
            bar.update(round(100 * run.progress, 1) - bar.n)
            if run.state["step"] % config.validate_every == 0 or run.progress == 1:
                line = {"step": run.state["step"], "seconds": round(run.state["seconds"])}
                shipped = result()
                line |= {"loss": sum(losses) / len(losses)} | measure(shipped, held_out) | simple
                with (config.folder / "log.jsonl").open("a") as log:
                    log.write(json.dumps({name: round(value, 4) for name, value in line.items()}) + "\n")
                bar.set_postfix(loss=line["loss"], abs_rel=line["abs_rel"], slope=line["slope"])
                run.save()
                save_depth_mini(shipped, config.folder / "weights" / "depth-mini.safetensors")
                draw_curve(
                    config.folder / "log.jsonl",
                    config.folder / "curve.png",
                    lines=CURVES,
                    title="AbsRel of held-out pictures",
                )
                losses = []
    return result()
