"""`voyager-lite evaluate steps`: whether a core's network is a generator, which gains from several steps.

One step answers with the mean of what might be there, which is nearest the truth and smoother than it. A
generator's several steps end in one of the things that might be there: farther from the truth, pixel by
pixel, and of the same kind.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor
from tqdm import tqdm

from voyager_lite.core import load_core
from voyager_lite.core.coarse import sample
from voyager_lite.core.generator import Request
from voyager_lite.core.mini import Mini
from voyager_lite.core.mini_network import MiniNetwork
from voyager_lite.evaluation.bench import BenchRow
from voyager_lite.evaluation.compare import paired
from voyager_lite.evaluation.fills import Figures
from voyager_lite.evaluation.patches import hole_patches, patch_distance
from voyager_lite.training.batches import Batch
from voyager_lite.training.measure import held_out_batches, hole_psnr

STEPS = (2, 4, 8)

FRAMES = 3
"""Of a clip: ends and middle of the same paths."""

GROUPS = 8
"""Of clips, each of which gives a distance between patches; their scatter is the error."""

FIRST = 30_000_000
"""The first held-out seed; no other measurement looks at these, and nothing was chosen by them."""


def steps_rows(core: str, *, clips: int) -> list[BenchRow]:
    """Patches, contrast and PSNR of several steps beside one, and how far two samples lie apart.

    The control is one step with white noise that gives it the truth's contrast: what is rough only.

    Args:
        core: "mini", "nano" or "mini:FILE".
        clips: Procedural clips of unseen seeds, at least ``GROUPS``.

    Raises:
        ValueError: Fewer clips, or a core without such a network.
    """
    if clips < GROUPS:
        raise ValueError(f"clips is {clips}; expected at least {GROUPS}")
    loaded = load_core(core)
    if not isinstance(loaded, Mini):
        raise ValueError(f"core is {core!r}; expected mini, nano or mini:FILE")
    batches = held_out_batches(clips, frames=FRAMES, first=FIRST)
    truth = torch.cat([batch.truth[:, :, :3] for batch in batches]) / 2 + 0.5
    holes = torch.cat([~batch.condition.known for batch in batches])
    made = {1: samples(loaded.network, batches, steps=1, seed=0)}
    for steps in STEPS:
        made[steps] = samples(loaded.network, batches, steps=steps, seed=0)
    other = samples(loaded.network, batches, steps=STEPS[-1], seed=1)
    named = {_named(steps): rgb for steps, rgb in made.items()}
    named["one step and white noise"] = roughened(made[1], truth, holes)
    rows = patch_rows(named, truth, holes)
    rows += [_contrast_row(name, rgb, truth, holes) for name, rgb in named.items()]
    rows += [_psnr_row(_named(steps), made[steps], made[1], truth, holes) for steps in STEPS]
    return [*rows, apart_row(made[STEPS[-1]], other, truth, holes)]


@torch.no_grad()
def samples(
    network: MiniNetwork, batches: Sequence[Batch], *, steps: int, seed: int
) -> Float[Tensor, "clip frame 3 height width"]:
    """RGB in [0, 1] of all clips, each completed without a prompt, as a walk asks for it."""
    found = []
    for number, batch in enumerate(tqdm(batches, desc=_named(steps), unit="clip", leave=False, disable=None)):
        silent = replace(batch.condition, text=torch.zeros_like(batch.condition.text))
        request = Request(seed=seed * len(batches) + number, steps=steps)
        frames = sample(
            network, silent, near=torch.ones(()), previous=None, request=request, progress=lambda *_: None
        )
        found.append(frames.rgb.clamp(0, 1))
    return torch.stack(found)


def roughened(rgb: Tensor, truth: Tensor, holes: Tensor) -> Tensor:
    """The clips with white noise in their holes, of a strength that gives them the truth's contrast."""
    noise = torch.randn(rgb.shape, generator=torch.Generator().manual_seed(0))
    masked = noise * holes[:, :, None]
    missing = contrast(truth, holes) ** 2 - contrast(rgb, holes) ** 2
    strength = math.sqrt(max(missing, 0.0)) / contrast(masked, holes)
    return (rgb + strength * masked).clamp(0, 1)


def contrast(rgb: Tensor, holes: Tensor) -> float:
    """Root mean square of what the finest halving of pictures loses, over patches around hole pixels."""
    return float(_patches(rgb, holes)[0].square().mean().sqrt())


def patch_rows(named: Mapping[str, Tensor], truth: Tensor, holes: Tensor) -> list[BenchRow]:
    """Distance of each way's patches to the truth's, beside that of the first way."""
    groups: list[Figures] = []
    for group in (slice(first, None, GROUPS) for first in range(GROUPS)):
        there = _patches(truth[group], holes[group])
        distances = {
            name: patch_distance(_patches(rgb[group], holes[group]), there) for name, rgb in named.items()
        }
        groups.append({name: {"patches": distance} for name, distance in distances.items()})
    first, *others = named
    rows = []
    for name in others:
        pair = paired(groups, "patches", ours=name, other=first)
        rows.append(
            BenchRow(
                name="patches from the truth's",
                ours=pair.ours,
                baseline=pair.theirs,
                baseline_name=first,
                ratio=pair.theirs / pair.ours,
                unit="spreads",
                case=f"{name}; {len(truth)} clips; {pair.difference:+.4f} +- {pair.error:.4f}",
            )
        )
    return rows


def apart_row(one: Tensor, other: Tensor, truth: Tensor, holes: Tensor) -> BenchRow:
    """Two samples of each clip, how far apart, beside how far the truth lies from them.

    Where samples are drawn from what might be there, so is the truth: it lies as far from a sample as
    another sample does, and the ratio is 1. A network that knows one answer only has 0.
    """

    def rms(a: Tensor, b: Tensor) -> float:
        return float((a - b).square().movedim(2, -1)[holes].mean().sqrt())

    between, beside = rms(one, other), (rms(one, truth) + rms(other, truth)) / 2
    return BenchRow(
        name="two samples apart",
        ours=between,
        baseline=beside,
        baseline_name="a sample and the truth",
        ratio=between / beside,
        unit="of white",
        case=f"{_named(STEPS[-1])}, {len(truth)} clips; a generator has ratio 1",
    )


def _patches(rgb: Tensor, holes: Tensor) -> list[Tensor]:
    """Of all frames of clips, at the same places whatever fills them."""
    draw = torch.Generator().manual_seed(0)
    return hole_patches(rgb.flatten(0, 1), holes.flatten(0, 1), generator=draw)


def _contrast_row(name: str, rgb: Tensor, truth: Tensor, holes: Tensor) -> BenchRow:
    ours, theirs = contrast(rgb, holes), contrast(truth, holes)
    return BenchRow(
        name="finest contrast",
        ours=100 * ours,
        baseline=100 * theirs,
        baseline_name="the truth",
        ratio=ours / theirs,
        unit="% of white",
        case=f"{name}; {len(truth)} clips",
    )


def _psnr_row(name: str, rgb: Tensor, one_step: Tensor, truth: Tensor, holes: Tensor) -> BenchRow:
    known = ~holes
    ours, theirs = (
        sum(hole_psnr(*case) for case in zip(part, truth, known, strict=True)) / len(truth)
        for part in (rgb, one_step)
    )
    return BenchRow(
        name="hole PSNR",
        ours=ours,
        baseline=theirs,
        baseline_name="one step",
        ratio=ours / theirs,
        unit="dB",
        case=f"{name}; {len(truth)} clips; {ours - theirs:+.2f}",
    )


def _named(steps: int) -> str:
    return "one step" if steps == 1 else f"{steps} steps"
