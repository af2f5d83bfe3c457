"""How well generators imagine what was not seen, beside plain ways to fill holes."""

import logging
import math
import multiprocessing
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from pathlib import Path

import torch
from torch import Tensor
from tqdm import tqdm

from voyager_lite.core import load_core
from voyager_lite.core.fill import background_fill
from voyager_lite.core.generator import Generator, Request
from voyager_lite.evaluation import baselines
from voyager_lite.evaluation.cases import FIRST_SEED, FillCase, procedural_case, read_scenes, real_cases
from voyager_lite.evaluation.metrics import depth_abs_rel, psnr, ssim, surface_changes

logger = logging.getLogger(__name__)

OWN_FILL = "background fill"
CLASSICAL: Mapping[str, baselines.Fill] = {
    "Telea": baselines.telea,
    "Navier-Stokes": baselines.navier_stokes,
    "nearest pixel": baselines.nearest,
    "push-pull": baselines.push_pull,
}
FILLS: Mapping[str, baselines.Fill] = {OWN_FILL: background_fill, **CLASSICAL}
"""Only the background fill can be told what is sky, and is."""

TRUTH = "the truth"
"""Measured beside the methods: no metric of change can be judged without knowing what truth has."""

Figures = dict[str, dict[str, float]]
"""Of one case: method to metric to figure."""


def measure_case(case: FillCase, rgb: Tensor, depth: Tensor) -> dict[str, float]:
    """All figures of one result; depth only where the truth was measured, flicker only where told.

    Depth beyond the farthest matter of the truth, sky's among it, says no more than "far": it counts as
    at that matter, in result and truth alike.

    Flicker counts every hole pixel; "inside holes" those whose surface was in a hole the frame before as
    well, "at their rims" those whose surface was known the frame before. All in percent of white.
    """
    figures = {"PSNR": psnr(rgb, case.rgb, case.judged), "SSIM": ssim(rgb, case.rgb, case.judged)}
    measured = case.judged & (case.depth > 0)
    if bool(measured.any()):
        farthest = float(case.depth[case.depth < case.guidance.sky_from].amax())
        figures["depth AbsRel"] = depth_abs_rel(
            depth.clamp(max=farthest), case.depth.clamp(max=farthest), measured
        )
    if case.moving:
        changes, before = surface_changes(rgb, case.depth, case.guidance.cameras, where=case.judged)
        parts = {"flicker": changes, "flicker inside holes": changes[before]}
        parts["flicker at their rims"] = changes[~before]
        figures |= {name: 100 * float(part.mean()) for name, part in parts.items()}
    return figures


def measure_methods(case: FillCase, generators: Sequence[Generator]) -> Figures:
    """Generators by name, every fill of ``FILLS``, and the truth itself, on one case."""
    figures = {TRUTH: measure_case(case, case.rgb, torch.where(case.depth > 0, case.depth, 1.0))}
    for generator in generators:
        result = generator.generate(case.guidance, reference=case.reference, request=Request(seed=0))
        figures[generator.name] = measure_case(case, result.rgb, result.depth)
    guidance = case.guidance
    given = guidance.rgb, guidance.depth, guidance.known
    figures[OWN_FILL] = measure_case(case, *background_fill(*given, sky_from=guidance.sky_from))
    for name, fill in CLASSICAL.items():
        figures[name] = measure_case(case, *fill(*given))
    return figures


def procedural_figures(
    cores: Sequence[str], *, clips: int, workers: int | None = None, first: int = FIRST_SEED
) -> list[Figures]:
    """Figures of procedural clips that nobody trained on, measured by several processes.

    Args:
        cores: Names that ``load_core`` knows.
        clips: How many seeds; those without holes or without a clip are left out, and said so.
        workers: Processes; None takes one a core of the machine. The figures do not depend on it.
        first: The first seed.

    Raises:
        ValueError: ``clips`` is below 1.
    """
    if clips < 1:
        raise ValueError(f"clips is {clips}; expected at least 1")
    count = min(workers or len(os.sched_getaffinity(0)), clips)
    work = partial(_measure_seed, tuple(cores))
    seeds = range(first, first + clips)
    found: list[Figures] = []
    with tqdm(total=clips, unit="clip", desc="unseen scenes", leave=False, disable=None) as bar:
        for figures in _in_processes(work, seeds, count):
            bar.update()
            if figures is not None:
                found.append(figures)
    if len(found) < clips:
        logger.warning("%d of %d seeds gave no clip worth judging", clips - len(found), clips)
    return found


def real_figures(cores: Sequence[str], data: Path) -> dict[str, list[Figures]]:
    """Figures of every pair of every real scene in a folder, by scene.

    Raises:
        FileNotFoundError: The folder holds no scene.
    """
    generators = [load_core(core) for core in cores]
    found: dict[str, list[Figures]] = {}
    for scene in tqdm(read_scenes(data), unit="scene", desc="real scenes", leave=False, disable=None):
        cases = [case for case in real_cases(scene) if case.worth_judging]
        found[scene.name] = [measure_methods(case, generators) for case in cases]
    return {scene: figures for scene, figures in found.items() if figures}


def scene_means(scenes: Mapping[str, Sequence[Figures]]) -> dict[str, Figures]:
    """The mean over a scene's pairs, so that scenes count alike however many pairs they have."""
    means: dict[str, Figures] = {}
    for scene, cases in scenes.items():
        means[scene] = {
            method: {
                metric: _mean([case[method][metric] for case in cases if metric in case[method]])
                for metric in {metric for case in cases for metric in case[method]}
            }
            for method in cases[0]
        }
    return means


def _mean(values: Sequence[float]) -> float:
    finite = [value for value in values if math.isfinite(value)]
    return sum(finite) / len(finite) if finite else math.nan


def _measure_seed(cores: tuple[str, ...], seed: int) -> Figures | None:
    generators = [_loaded(core) for core in cores]
    frames = min(generator.clip_frames for generator in generators)
    try:
        case = procedural_case(seed, frames=frames)
    except ValueError as error:
        logger.warning("%s", error)
        return None
    return measure_methods(case, generators) if case.worth_judging else None


@cache
def _loaded(core: str) -> Generator:
    """Once a process."""
    return load_core(core)


def _in_processes(work: "partial[Figures | None]", seeds: range, count: int) -> Iterator[Figures | None]:
    if count == 1:
        yield from map(work, seeds)
        return
    # Not forked: OpenMP and numba do not survive it once they have run.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(count, mp_context=context, initializer=_one_thread) as pool:
        yield from pool.map(work, seeds, chunksize=4)


def _one_thread() -> None:
    torch.set_num_threads(1)
