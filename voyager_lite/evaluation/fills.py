"""How well a generator imagines what was not seen, beside plain ways to fill holes."""

import logging
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from tqdm import tqdm

from geometry.camera import Camera
from geometry.lifting import lift
from geometry.rasterizer import render_points
from voyager_lite.clip import Guidance
from voyager_lite.core.fill import background_fill
from voyager_lite.core.generator import Generator, Request
from voyager_lite.evaluation import baselines
from voyager_lite.evaluation.bench import BenchRow
from voyager_lite.evaluation.metrics import depth_abs_rel, flicker, psnr, ssim
from voyager_lite.evaluation.scenes import RgbdScene, read_scene
from voyager_lite.training.clips import HELD_OUT, make_clip

logger = logging.getLogger(__name__)

FILLS: Mapping[str, baselines.Fill] = {
    "background fill": background_fill,
    "Telea": baselines.telea,
    "Navier-Stokes": baselines.navier_stokes,
    "nearest pixel": baselines.nearest,
    "push-pull": baselines.push_pull,
}

UNITS = {"PSNR": "dB", "SSIM": "of 1", "depth AbsRel": "of the truth", "flicker": "% of white"}
MORE_IS_BETTER = {"PSNR", "SSIM"}
LEAST_HOLE = 0.005
"""A clip with less than this share of holes says nothing and is left out."""

SEED_STEP = 10_000_000
"""From ``HELD_OUT``: seeds that no other measurement looks at, so none was ever chosen by them."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FillCase:
    """A guidance clip with the truth about its holes.

    Attributes:
        guidance: What is known.
        reference: The first picture.
        rgb: The truth.
        depth: The truth; 0 where it was not measured.
        judged: True at the pixels that count.
        moving: True if neighbouring frames are near enough to tell flicker.
    """

    guidance: Guidance
    reference: Float[Tensor, "3 height width"]
    rgb: Float[Tensor, "frame 3 height width"]
    depth: Float[Tensor, "frame height width"]
    judged: Bool[Tensor, "frame height width"]
    moving: bool


def fill_rows(generator: Generator, *, clips: int = 60, data: Path | None = None) -> list[BenchRow]:
    """PSNR, SSIM, depth error and flicker over holes, for a generator and every fill of ``FILLS``.

    Every figure is the mean over clips. The case states the mean and standard error of the difference,
    clip by clip, to the fill it is compared with.

    Args:
        generator: What is measured.
        clips: Procedural clips of seeds that training never draws.
        data: A folder of real scenes (format rgbd-scene-v1), or None.

    Raises:
        FileNotFoundError: ``data`` holds no scene.
    """
    rows = _rows(
        generator, procedural_cases(clips, frames=generator.clip_frames), count=clips, kind="procedural"
    )
    if data is not None:
        scenes = [read_scene(path.parent) for path in sorted(data.glob("*/scene.json"))]
        if not scenes:
            raise FileNotFoundError(f"{data} holds no folder with a scene.json")
        pairs = sum(len(scene.pairs) for scene in scenes)
        cases = (case for scene in scenes for case in real_cases(scene))
        rows += _rows(generator, cases, count=pairs, kind="real")
    return rows


def procedural_cases(clips: int, *, frames: int, first: int = SEED_STEP) -> Iterator[FillCase]:
    """Procedural clips of 96x64, guided by one or two of their frames."""
    for seed in range(HELD_OUT + first, HELD_OUT + first + clips):
        clip = make_clip(seed, frames=frames)
        guidance = Guidance(
            rgb=clip.guidance_rgb, depth=clip.guidance_depth, known=clip.known, cameras=clip.cameras
        )
        yield FillCase(
            guidance=guidance,
            reference=clip.rgb[0],
            rgb=clip.rgb,
            depth=clip.depth,
            judged=~clip.known,
            moving=True,
        )


def real_cases(scene: RgbdScene) -> Iterator[FillCase]:
    """Every pair of a scene: frame a lifted with its true depth, frame b judged where a could not see.

    The clip is the two frames, so what is between them is not asked for.
    """
    for a, b in scene.pairs:
        source, target = scene.frames[a], scene.frames[b]
        cameras = Camera.stack([source.camera, target.camera])
        seen = render_points(lift(source.image, source.depth, source.camera, valid=source.valid), cameras)
        guidance = Guidance(rgb=seen.rgb, depth=seen.depth, known=seen.known, cameras=cameras)
        judged = ~seen.known
        judged[0] = False
        rim = scene.border
        if rim:
            judged[:, :rim] = judged[:, -rim:] = judged[:, :, :rim] = judged[:, :, -rim:] = False
        yield FillCase(
            guidance=guidance,
            reference=source.image,
            rgb=torch.stack([source.image, target.image]),
            depth=torch.stack([source.depth, target.depth]),
            judged=judged,
            moving=False,
        )


def measure_case(case: FillCase, rgb: Tensor, depth: Tensor) -> dict[str, float]:
    """All figures of one result; depth only where the truth was measured, flicker only where told."""
    figures = {"PSNR": psnr(rgb, case.rgb, case.judged), "SSIM": ssim(rgb, case.rgb, case.judged)}
    measured = case.judged & (case.depth > 0)
    if bool(measured.any()):
        figures["depth AbsRel"] = depth_abs_rel(depth, case.depth, measured)
    if case.moving:
        figures["flicker"] = 100 * flicker(rgb, case.depth, case.guidance.cameras, where=case.judged)
    return figures


def _rows(generator: Generator, cases: Iterator[FillCase], *, count: int, kind: str) -> list[BenchRow]:
    table: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    used = 0
    for case in tqdm(cases, total=count, unit="clip", desc=kind, leave=False):
        if float(case.judged.float().mean()) < LEAST_HOLE:
            continue
        used += 1
        for name, figures in _measured(generator, case):
            for metric, value in figures.items():
                table[metric][name].append(value)
    if not used:
        logger.warning("no %s clip has holes over %g %% of its pixels", kind, 100 * LEAST_HOLE)
    return [_row(metric, generator.name, fill, table[metric], kind) for metric in table for fill in FILLS]


def _measured(generator: Generator, case: FillCase) -> Iterator[tuple[str, dict[str, float]]]:
    result = generator.generate(case.guidance, reference=case.reference, request=Request(seed=0))
    yield generator.name, measure_case(case, result.rgb, result.depth)
    for name, fill in FILLS.items():
        guidance = case.guidance
        yield name, measure_case(case, *fill(guidance.rgb, guidance.depth, guidance.known))


def _row(metric: str, ours: str, other: str, values: dict[str, list[float]], kind: str) -> BenchRow:
    pairs = torch.tensor([values[ours], values[other]], dtype=torch.float64)
    pairs = pairs[:, torch.isfinite(pairs).all(dim=0)]
    mine, theirs = pairs.mean(dim=1).tolist()
    step = pairs[0] - pairs[1]
    error = float(step.std()) / math.sqrt(len(step)) if len(step) > 1 else math.nan
    better, worse = (mine, theirs) if metric in MORE_IS_BETTER else (theirs, mine)
    return BenchRow(
        name=f"{kind} {metric}",
        ours=mine,
        baseline=theirs,
        baseline_name=other,
        ratio=better / worse if worse else None,
        unit=UNITS[metric],
        case=f"holes of {len(step)} clips; {float(step.mean()):+.3f} +- {error:.3f}",
    )
