"""Clips made in other processes, kept for a while, and joined to augmented batches."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from functools import partial
from operator import itemgetter

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.utils.data import IterableDataset, get_worker_info

from voyager_lite.core.mini_network import MiniCondition
from voyager_lite.core.mini_signal import encode_signal, near_depth
from voyager_lite.core.mini_text import prompt_bytes
from voyager_lite.core.rays import MIRRORED_RAY, plucker_rays
from voyager_lite.training.clips import HELD_OUT, TrainingClip, make_clip

SIZES = ((64, 96), (64, 96), (64, 96), (96, 64), (80, 80))
"""Heights and widths of the groups of clips, in turn."""

SILENT, BLANK = 0.15, 0.12
"""Shares of the clips without a prompt, and of those of which nothing is known."""

LEAST_DRAWN = 0.01
"""Share of a frame that counts as a hole beside its own, so that frames without any are drawn, too."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Batch:
    """Clips as the network sees them, in signal units.

    Attributes:
        truth: RGB and inverse depth.
        condition: Guidance, fill and reference.
    """

    truth: Float[Tensor, "batch frame 4 height width"]
    condition: MiniCondition

    def to(self, device: torch.device | str) -> "Batch":
        """The same clips on another device, in float32."""
        return Batch(truth=self.truth.to(device).float(), condition=self.condition.to(device))

    def __len__(self) -> int:
        return len(self.truth)

    def each(self, change: Callable[[Tensor], Tensor]) -> "Batch":
        """The batch with all of its tensors changed in one way."""
        parts = {f.name: change(getattr(self.condition, f.name)) for f in fields(MiniCondition)}
        return Batch(truth=change(self.truth), condition=MiniCondition(**parts))

    def split(self, parts: int) -> "list[Batch]":
        """The clips in at most ``parts`` batches, as ``Tensor.chunk`` deals them out."""
        size = -(-len(self) // parts)
        return [self.each(itemgetter(slice(at, at + size))) for at in range(0, len(self), size)]


def as_batch(clip: TrainingClip) -> Batch:
    """One clip as a batch of one. The reference is the first frame."""
    near = near_depth(clip.guidance_depth, clip.known)
    known = clip.known[:, None]
    guidance = encode_signal(clip.guidance_rgb, clip.guidance_depth, near=near)
    frames, height, width = clip.known.shape
    condition = MiniCondition(
        guidance=torch.where(known, guidance, torch.zeros_like(guidance))[None],
        known=clip.known[None],
        fill=encode_signal(clip.fill_rgb, clip.fill_depth, near=near)[None],
        reference=(2 * clip.rgb[:1] - 1),
        rays=plucker_rays(clip.cameras, height=height, width=width, near=float(near))[None],
        times=torch.arange(frames, dtype=torch.float32)[None],
        text=prompt_bytes([clip.caption]),
    )
    return Batch(truth=encode_signal(clip.rgb, clip.depth, near=near)[None], condition=condition)


def join(batches: list[Batch]) -> Batch:
    """Batches of one size as one."""
    parts = {
        f.name: torch.cat([getattr(batch.condition, f.name) for batch in batches])
        for f in fields(MiniCondition)
    }
    return Batch(truth=torch.cat([batch.truth for batch in batches]), condition=MiniCondition(**parts))


def halved(batch: Batch) -> Batch:
    """In float16, for keeping and for sending between processes."""
    return batch.each(lambda part: part.half() if part.is_floating_point() else part)


class ClipStream(IterableDataset[Batch]):
    """Endless groups of fresh clips, all of a group in one size; group g holds seeds g * size and on.

    Iterated by a ``DataLoader``, each worker makes every n-th group, its rays cast on ``device``.
    """

    def __init__(self, *, group: int, frames: int, first_group: int, device: str = "cpu") -> None:
        super().__init__()
        self.device = device
        self.group, self.frames, self.first_group = group, frames, first_group

    def __iter__(self) -> Iterator[Batch]:
        torch.set_num_threads(1)
        worker = get_worker_info()
        index, count = (worker.id, worker.num_workers) if worker else (0, 1)
        number = self.first_group + index
        while (number + 1) * self.group <= HELD_OUT:
            height, width = SIZES[number % len(SIZES)]
            seeds = range(number * self.group, (number + 1) * self.group)
            clips = [
                make_clip(seed, frames=self.frames, height=height, width=width, device=self.device)
                for seed in seeds
            ]
            yield halved(join([as_batch(clip) for clip in clips]))
            number += count


class Pool:
    """The last few thousand clips, to be seen several times in different dress.

    Args:
        capacity: Groups kept; older ones are overwritten.
        device: Where they are kept.
    """

    def __init__(self, capacity: int, *, device: str = "cpu") -> None:
        self.capacity, self.device = capacity, device
        self._groups: list[Batch] = []
        self._next = 0

    def add(self, group: Batch) -> None:
        """Keep a group in place of the oldest."""
        group = group.each(lambda part: part.to(self.device))
        if len(self._groups) < self.capacity:
            self._groups.append(group)
        else:
            self._groups[self._next] = group
        self._next = (self._next + 1) % self.capacity

    def draw(self, fresh: Batch, *, size: int, generator: torch.Generator) -> Batch:
        """The fresh group and random older clips of its picture size, ``size`` clips in all."""
        alike = [group for group in self._groups if group.truth.shape[1:] == fresh.truth.shape[1:]]
        older = [(group, clip) for group in alike for clip in range(len(group))]
        chosen = [fresh.each(lambda part: part.to(self.device))]
        wanted = size - len(fresh) if older else 0
        for number in _integers(len(older), wanted, generator=generator):
            group, clip = older[number]
            chosen.append(group.each(itemgetter(slice(clip, clip + 1))))
        return join(chosen)


def _integers(below: int, count: int, *, generator: torch.Generator) -> list[int]:
    """``count`` random whole numbers from 0 to ``below``, which is left out."""
    if count <= 0:
        return []
    return torch.randint(below, (count,), generator=generator, device=generator.device).tolist()


def draw_frames(batch: Batch, count: int, *, generator: torch.Generator) -> Batch:
    """``count`` random frames of every clip, in their order; the others are as good as the next clip's.

    Frames are drawn as often as their holes are large, as PSNR over a clip's holes counts them.
    """
    clips = len(batch)
    holes = (~batch.condition.known).float().mean(dim=(2, 3)) + LEAST_DRAWN
    chosen = torch.multinomial(holes, count, generator=generator).sort(dim=1).values
    rows = torch.arange(clips, device=chosen.device)[:, None]
    whole = {"reference", "text"}
    parts = {f.name: getattr(batch.condition, f.name) for f in fields(MiniCondition)}
    drawn = {name: part if name in whole else part[rows, chosen] for name, part in parts.items()}
    return Batch(truth=batch.truth[rows, chosen], condition=MiniCondition(**drawn))


def augment(batch: Batch, *, generator: torch.Generator) -> Batch:
    """Mirror half of the clips, shuffle the color channels of a third, and change contrast and brightness.

    Color changes are affine, a x + b with values staying in [-1, 1], and the fill is affine in the
    colors of its border: what the changed guidance would be filled with is the changed fill. Prompts
    are left out where colors were shuffled, and in ``SILENT`` of the other clips. In ``BLANK`` of the
    clips nothing at all is known, so that the prompt tells most.
    """
    count = len(batch)
    chance = partial(torch.rand, count, generator=generator, device=generator.device)
    mirrored, shuffled = chance() < 0.5, chance() < 0.33
    order = torch.where(shuffled[:, None], chance(3).argsort(dim=1), torch.arange(3, device=generator.device))
    scale = 1 - 0.4 * chance(3) * chance(1)
    offset = (1 - scale) * (2 * chance(3) - 1)
    silent, blank = shuffled | (chance() < SILENT), chance() < BLANK

    def flip(part: Tensor) -> Tensor:
        return torch.where(_each(mirrored, part), part.flip(-1), part)

    def change(signal: Tensor) -> Tensor:
        shape = (count, *[1] * (signal.ndim - 4), 3, 1, 1)
        rgb, rest = flip(signal).split([3, signal.shape[-3] - 3], dim=-3)
        rgb = rgb.gather(-3, order.view(shape).expand(rgb.shape))
        return torch.cat([rgb * scale.view(shape) + offset.view(shape), rest], dim=-3)

    old = batch.condition
    known = flip(old.known) & ~_each(blank, old.known)
    fill, reference = change(old.fill), change(old.reference)
    rays = torch.where(_each(mirrored, old.rays), flip(old.rays) * MIRRORED_RAY.to(old.rays), old.rays)
    condition = MiniCondition(
        guidance=change(old.guidance) * known[:, :, None],
        known=known,
        fill=torch.where(_each(blank, fill), torch.zeros_like(fill), fill),
        reference=torch.where(_each(blank, reference), torch.zeros_like(reference), reference),
        rays=rays,
        times=old.times,
        text=torch.where(silent[:, None], torch.zeros_like(old.text), old.text),
    )
    return Batch(truth=change(batch.truth), condition=condition)


def _each(mask: Bool[Tensor, " batch"], part: Tensor) -> Tensor:
    """A mark a clip, shaped to choose among ``part`` (B, ...)."""
    return mask.view(-1, *[1] * (part.ndim - 1))
