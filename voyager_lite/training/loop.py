"""Training of the mini network on procedural clips, on a processor or a GPU, for a given time."""

import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor
from torch.utils.data import DataLoader
from tqdm import tqdm

from voyager_lite.core.mini_file import load_mini, save_mini
from voyager_lite.core.mini_network import MINI, NANO, MiniConfig, MiniNetwork
from voyager_lite.sampling.flow import add_noise, shifted
from voyager_lite.training.batches import Batch, ClipStream, Pool, augment, draw_frames
from voyager_lite.training.curve import draw_curve
from voyager_lite.training.measure import held_out_batches, measure_baselines, measure_network
from voyager_lite.training.run import Run, first_scene
from voyager_lite.training.scene import can_cast_on_gpu

RING_WEIGHT, KNOWN_WEIGHT = 0.05, 0.002
"""Weights of known pixels next to holes and elsewhere; holes have 1."""

SETTLED_ERROR = 0.001
"""Squared error (signal units) that counts as nothing, so that clips as good as done weigh little."""

DEPTH_SHARE = 0.3
"""Weight of the inverse-depth loss beside that of color."""

SUGGESTION_WEIGHT = 0.2

LEAST_LEVEL = 0.02
"""Noise below this is not learned: nothing of it is seen."""

CURVES = {
    "telea": (190, 190, 190),
    "navier_stokes": (160, 160, 160),
    "fill": (120, 120, 120),
    "network": (200, 80, 20),
}

SIZES = {"mini": MINI, "nano": NANO}


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """A training run.

    Attributes:
        folder: Checkpoint, log.jsonl, curve.png and the averaged weights (weights/NAME.safetensors, .json) go
            here; a run found here is continued.
        minutes: Time to spend, over all continuations; the learning rate falls to 0 over it.
        model: mini or nano.
        frames: Frames a step: of as many clips in two steps of three, else three of a clip.
        fresh: Clips made for a step; the rest were seen before and are dressed anew.
        pool: Clips kept for that.
        one_step: Share of clips that are all noise, from which one step is learned (``as_generator``).
        workers: Processes that make clips; 0 makes them in this one.
        learning_rate: Peak of AdamW's; Muon's is MUON_RATE times that.
        device: cpu or cuda.
        scenes: Where the clips' rays are cast, cpu or cuda (which needs the package numba-cuda).
        validate_every: Steps between measurements, which also write a checkpoint.
        start: Weights to begin with (``save_mini``), instead of new ones.
        network: Sizes; None takes those of ``start``, else of ``model``. Beside ``start``, only ``clean``
            may differ from its.
    """

    folder: Path
    minutes: float = 100.0
    model: str = "mini"
    frames: int = 24
    fresh: int = 2
    pool: int = 1200
    one_step: float = 0.85
    workers: int = 1
    learning_rate: float = 8e-4
    device: str = "cpu"
    scenes: str = "cpu"
    validate_every: int = 400
    start: Path | None = None
    network: MiniConfig | None = None

    def __post_init__(self) -> None:
        if self.model not in SIZES:
            raise ValueError(f"model is {self.model!r}; expected one of {', '.join(SIZES)}")


CLEAN = 24
"""``MiniConfig.clean`` of a generator."""


def as_generator(config: TrainingConfig) -> TrainingConfig:
    """The run of a network that gains from several steps: half of the clips have noise levels in between."""
    sizes = config.network or (
        SIZES[config.model] if config.start is None else load_mini(config.start).config
    )
    return replace(config, one_step=0.5, network=replace(sizes, clean=CLEAN))


def on_gpu(config: TrainingConfig) -> TrainingConfig:
    """The run of a generator with steps large enough for a GPU, whose memory keeps a pool of some 45 GB.

    Few clips of a step are fresh, so that those who make them keep up: the GPU casts their rays if the
    package numba-cuda is installed, else the processors do.
    """
    scenes = "cuda" if can_cast_on_gpu() else "cpu"
    return replace(as_generator(config), device="cuda", scenes=scenes, frames=384, fresh=4, pool=20_000)


def draw_times(
    batch: int, frames: int, *, one_step: float, shift: float, generator: torch.Generator
) -> Float[Tensor, "batch frame"]:
    """Noise levels of clips: in a share ``one_step`` of them 1 everywhere, as a single step needs.

    A third of the others have one level for the clip, as several steps need, two thirds a cleaner first
    half, as after another clip; the rest of these is all noise in a share ``one_step``, else of the level
    that the first half is below. Levels are spread as the sampler's are (``schedule``).
    """
    device = generator.device
    drawn, kind, rest = torch.rand(3, batch, 1, generator=generator, device=device)
    level = shifted(drawn, shift=shift).clamp(min=LEAST_LEVEL).expand(-1, frames)
    ones = torch.ones(batch, frames, device=device)
    overlap = torch.arange(frames, device=device) < (frames + 1) // 2
    kept = torch.where(overlap, 0.7 * level, torch.where(rest < one_step, ones, level))
    several = torch.where(kind < one_step + (1 - one_step) / 3, level, kept)
    return torch.where(kind < one_step, ones, several)


def flow_loss(network: MiniNetwork, batch: Batch, t: Tensor, noise: Tensor) -> Tensor:
    """Logarithm of the squared error over holes against that of making no correction, clip by clip.

    So what is made small is what PSNR measures: hard and easy clips, high and low noise levels weigh
    alike. 0 is what adding nothing to the linear guess gives, which at t = 1 is the fill.
    """
    x = add_noise(batch.truth, noise, t)
    condition = batch.condition
    guess, spread = network.linear_guess(x, t, condition.fill)
    with torch.autocast(x.device.type, torch.bfloat16):
        correction = network.correction(guess, t, condition)
    target = (batch.truth - guess) / spread
    hole = (~condition.known)[:, :, None].float()
    ring = F.max_pool2d(hole.flatten(0, 1), 5, stride=1, padding=2).view_as(hole)
    weight = hole + (1 - hole) * (RING_WEIGHT * ring + KNOWN_WEIGHT * (1 - ring))
    error = (correction.float() - target).square() * weight
    untouched = target.square() * weight
    settled = SETTLED_ERROR / network.config.residual_std**2
    total = weight.sum(dim=(1, 2, 3, 4))
    losses = []
    for channels in (slice(0, 3), slice(3, 4)):
        size = total * (channels.stop - channels.start)
        ours, theirs = (e[:, :, channels].sum(dim=(1, 2, 3, 4)) / size for e in (error, untouched))
        losses.append(((ours + settled) / (theirs + settled)).log().mean())
    return (losses[0] + DEPTH_SHARE * losses[1]) / (1 + DEPTH_SHARE)


def suggestion_loss(network: MiniNetwork, batch: Batch) -> Tensor:
    """Squared error of the colours that prompts suggest against those of their clips.

    Only where nothing is known do clips need their prompt, so few of them would teach what its words
    mean; this asks all that have one.
    """
    _, _, suggested = network.text(batch.condition.text)
    spoken = (batch.condition.text > 0).any(dim=1)
    shown = F.interpolate(batch.truth[:, :, :3].mean(dim=1), size=suggested.shape[2:], mode="area")
    error = (suggested - shown).square().flatten(1).mean(dim=1)
    return (error * spoken).sum() / spoken.sum().clamp(min=1)


def is_inside(name: str) -> bool:
    """True for parameters inside layers and blocks, whose inputs are normed; see ``make_optimizers``."""
    within = ("dual.", "single.", "read_fine.", "read_middle.", "write_middle.", "write_fine.")
    return name.startswith(within) and "modulate" not in name


def first_network(config: TrainingConfig) -> MiniNetwork:
    """The network a run begins with.

    Errors as in ``load_mini``.

    Raises:
        ValueError: The weights to begin with are of other sizes than the network is to be.
    """
    if config.start is None:
        return MiniNetwork(config.network or SIZES[config.model])
    started = load_mini(config.start)
    if config.network is None or config.network == started.config:
        return started.train().requires_grad_(True)
    if replace(started.config, clean=config.network.clean) != config.network or started.clean is not None:
        raise ValueError(f"{config.start} is a network of {started.config}; expected {config.network}")
    network = MiniNetwork(config.network)
    network.load_state_dict(network.state_dict() | started.state_dict())
    return network


class Training(Run[MiniNetwork]):
    """A run in progress; all of it but the clips survives a restart."""

    def __init__(self, config: TrainingConfig) -> None:
        super().__init__(
            lambda: first_network(config).to(config.device),
            checkpoint=config.folder / "checkpoint.safetensors",
            minutes=config.minutes,
            learning_rate=config.learning_rate,
            inside=is_inside,
        )
        self.config = config
        self.pool = Pool(capacity=config.pool // config.fresh, device=config.device)

    def clips(self) -> Iterator[Batch]:
        """Groups of fresh clips, from where the run stands."""
        first = first_scene(self.config.start) + int(self.state["step"])
        stream = ClipStream(group=self.config.fresh, frames=9, first_group=first, device=self.config.scenes)
        # A process that has used a GPU cannot be forked.
        start = "spawn" if self.config.scenes == "cuda" and self.config.workers else None
        workers = self.config.workers
        return iter(DataLoader(stream, batch_size=None, num_workers=workers, multiprocessing_context=start))

    def step(self, fresh: Batch) -> float:
        """One update from a group of fresh clips and older ones; returns the loss."""
        device = self.config.device
        generator = torch.Generator(device).manual_seed(int(self.state["step"]))
        few = 3 if self.state["step"] % 3 == 0 else 1
        drawn = self.pool.draw(fresh, size=self.config.frames // few, generator=generator)
        self.pool.add(fresh)
        shown = draw_frames(drawn, few, generator=generator)
        batch = augment(shown.to(device), generator=generator)
        shift = self.network.config.residual_std
        t = draw_times(len(batch), few, one_step=self.config.one_step, shift=shift, generator=generator)
        noise = torch.randn(batch.truth.shape, generator=generator, device=device)

        def loss_of(part: Batch, t: Tensor, noise: Tensor) -> Tensor:
            loss = flow_loss(self.network, part, t, noise)
            loss = loss + SUGGESTION_WEIGHT * suggestion_loss(self.network, part)
            return loss * len(part) / len(batch)

        shares = zip(batch.split(self.parts), t.chunk(self.parts), noise.chunk(self.parts), strict=True)
        return self.learn([partial(loss_of, *share) for share in shares])


def train(config: TrainingConfig) -> MiniNetwork:
    """Train until the time is spent; return the averaged network.

    Continues the run found in ``config.folder``. After every ``validate_every`` steps one line of
    log.jsonl tells step, seconds, loss and, over fixed held-out clips, the hole PSNR of the background
    fill, Telea, Navier-Stokes and the network.
    """
    config.folder.mkdir(parents=True, exist_ok=True)
    (config.folder / "config.json").write_text(json.dumps(asdict(config), default=str, indent=2))
    held_out = held_out_batches(40)
    baselines = measure_baselines(held_out)
    run, losses = Training(config), [0.0]
    clips = run.clips()
    with tqdm(total=100, unit="%", desc="training") as bar:
        while run.progress < 1:
            start = time.monotonic()
            losses.append(run.step(next(clips)))
            run.state["seconds"] += time.monotonic() - start
            bar.update(round(100 * run.progress, 1) - bar.n)
            if run.state["step"] % config.validate_every == 0 or run.progress == 1:
                measured = baselines | measure_network(run.average, held_out)
                line = {"step": run.state["step"], "seconds": round(run.state["seconds"])}
                line |= {"loss": round(sum(losses) / len(losses), 4)}
                line |= {name: round(value, 4) for name, value in measured.items()}
                with (config.folder / "log.jsonl").open("a") as log:
                    log.write(json.dumps(line) + "\n")
                bar.set_postfix(loss=line["loss"], network=line["network"], fill=line["fill"])
                run.save()
                save_mini(run.average, config.folder / "weights" / f"{config.model}.safetensors")
                draw_curve(
                    config.folder / "log.jsonl",
                    config.folder / "curve.png",
                    lines=CURVES,
                    title="hole PSNR, dB, over held-out clips",
                )
                losses = []
    return run.average
