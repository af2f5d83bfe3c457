"""`voyager-lite evaluate mini`: everything that says whether the embedded models are worth shipping."""

import logging
from collections.abc import Sequence
from pathlib import Path

from voyager_lite.core import load_core
from voyager_lite.evaluation.bench import BenchRow
from voyager_lite.evaluation.compare import comparison_row
from voyager_lite.evaluation.cost import flop_rows, pipeline_rows
from voyager_lite.evaluation.depth import depth_rows
from voyager_lite.evaluation.drift import drift_rows
from voyager_lite.evaluation.fills import Figures, procedural_figures, real_figures
from voyager_lite.evaluation.goals import procedural_rows, real_rows
from voyager_lite.evaluation.memory import memory_rows
from voyager_lite.evaluation.probe import probe_rows

logger = logging.getLogger(__name__)

SMALLER = "nano"


def summary_rows(data: Path | None, *, clips: int, core: str) -> list[BenchRow]:
    """All rows with goals, baselines measured in the same run; some minutes on two cores.

    Holes of procedural clips and real pairs, out and back, drift, the whole pipeline, the small network
    beside the large one, prompts, and depth.

    Args:
        data: The folder that holds B_rgbd and B_single; without it the rows of real pictures are left out.
        clips: Procedural clips of unseen seeds.
        core: What is judged: "mini", or "mini:FILE".
    """
    cores = [core, SMALLER]
    mini, *smaller = [load_core(name) for name in cores]
    cases = procedural_figures(cores, clips=clips)
    rows = procedural_rows(cases, ours=mini.name)
    if data is None:
        logger.warning("no --data FOLDER: the rows of real pictures are left out")
    else:
        rows += real_rows(real_figures(cores, data / "B_rgbd"), ours=mini.name)
    rows += memory_rows(mini) + drift_rows(mini) + pipeline_rows(mini)
    rows += flop_rows(mini, smaller) + quality_rows(cases, mini.name, [core.name for core in smaller])
    rows += probe_rows(mini)
    return rows if data is None else rows + depth_rows(data)


def quality_rows(cases: Sequence[Figures], large: str, smaller: Sequence[str]) -> list[BenchRow]:
    """PSNR of smaller generators beside the large one's, same clips."""
    return [comparison_row(cases, "PSNR", ours=name, other=large, kind="procedural") for name in smaller]
