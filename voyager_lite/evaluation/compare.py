"""Rows of comparison from figures measured case by case: paired differences, the best baseline, goals."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import torch

from voyager_lite.evaluation.bench import BenchRow
from voyager_lite.evaluation.fills import CLASSICAL, OWN_FILL, TRUTH, Figures

UNITS: Mapping[str, str] = {
    "PSNR": "dB",
    "SSIM": "of 1",
    "depth AbsRel": "of the truth",
    "flicker": "% of white",
    "flicker inside holes": "% of white",
    "flicker at their rims": "% of white",
}
MORE_IS_BETTER = ("PSNR", "SSIM")
CASES: Mapping[str, str] = {"procedural": "clips", "real": "scenes"}
"""What a case is, by kind."""


@dataclass(frozen=True, kw_only=True)
class Paired:
    """Two methods over the same cases.

    Attributes:
        ours: Mean of the first.
        theirs: Mean of the second.
        difference: Mean of first minus second, case by case.
        error: Standard error of ``difference``; nan of a single case.
        cases: How many had a finite figure of both.
    """

    ours: float
    theirs: float
    difference: float
    error: float
    cases: int


def paired(cases: Sequence[Figures], metric: str, *, ours: str, other: str) -> Paired:
    """Compare two methods in one metric over the cases in which both have it.

    Raises:
        ValueError: There is no such case.
    """
    pairs = [
        (case[ours][metric], case[other][metric])
        for case in cases
        if math.isfinite(case[ours].get(metric, math.nan))
        and math.isfinite(case[other].get(metric, math.nan))
    ]
    if not pairs:
        raise ValueError(f"no case has a figure of {metric} for {ours} and {other}")
    table = torch.tensor(pairs, dtype=torch.float64)
    step = table[:, 0] - table[:, 1]
    error = float(step.std()) / math.sqrt(len(step)) if len(step) > 1 else math.nan
    mine, theirs = table.mean(dim=0).tolist()
    return Paired(ours=mine, theirs=theirs, difference=float(step.mean()), error=error, cases=len(pairs))


def best_method(cases: Sequence[Figures], metric: str, methods: Collection[str]) -> str:
    """The method with the best mean, over the cases in which all of them have the metric.

    Raises:
        ValueError: There is no such case.
    """
    figures = [[case[name].get(metric, math.nan) for name in methods] for case in cases]
    usable = [values for values in figures if all(map(math.isfinite, values))]
    if not usable:
        raise ValueError(f"no case has a figure of {metric} for all of {', '.join(methods)}")
    means = dict(zip(methods, torch.tensor(usable, dtype=torch.float64).mean(dim=0).tolist(), strict=True))
    choose = max if metric in MORE_IS_BETTER else min
    return choose(means, key=lambda name: means[name])


def metrics_of(cases: Sequence[Figures], method: str) -> list[str]:
    """The metrics, in the order of ``UNITS``, in which a method has a finite figure somewhere."""
    return [
        metric for metric in UNITS if any(math.isfinite(case[method].get(metric, math.nan)) for case in cases)
    ]


def comparison_row(
    cases: Sequence[Figures], metric: str, *, ours: str, other: str, kind: str, goal: str = ""
) -> BenchRow:
    """One metric of one method beside another's.

    Args:
        cases: Figures case by case.
        metric: One of ``UNITS``.
        ours: The method measured.
        other: The method it is compared with.
        kind: One of ``CASES``.
        goal: What was aimed at, in words that ``judged`` made.
    """
    pair = paired(cases, metric, ours=ours, other=other)
    better, worse = (pair.ours, pair.theirs) if metric in MORE_IS_BETTER else (pair.theirs, pair.ours)
    note = f"; {goal}" if goal else ""
    return BenchRow(
        name=f"{kind} {metric}",
        ours=pair.ours,
        baseline=pair.theirs,
        baseline_name=other,
        ratio=better / worse if worse else None,
        unit=UNITS[metric],
        case=f"holes of {pair.cases} {CASES[kind]}; {pair.difference:+.3f} +- {pair.error:.3f}{note}",
    )


def judged(goal: str, reached: bool) -> str:
    """A goal in words, and whether it was reached."""
    return f"goal {goal}: {'reached' if reached else 'missed'}"


def fill_rows(cases: Sequence[Figures], *, ours: str, kind: str) -> list[BenchRow]:
    """A method beside every fill, in every metric; for flicker beside the truth, too."""
    rows = []
    for metric in metrics_of(cases, ours):
        others = [OWN_FILL, *CLASSICAL, *([TRUTH] if metric.startswith("flicker") else [])]
        rows += [comparison_row(cases, metric, ours=ours, other=other, kind=kind) for other in others]
    return rows
