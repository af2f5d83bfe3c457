"""The rows about holes that say whether a generator is worth shipping, each beside its goal."""

from collections.abc import Mapping, Sequence

from voyager_lite.evaluation.bench import BenchRow
from voyager_lite.evaluation.compare import best_method, comparison_row, judged, paired
from voyager_lite.evaluation.fills import CLASSICAL, OWN_FILL, TRUTH, Figures, scene_means

PROCEDURAL_GAIN = 1.5
REAL_GAIN, REAL_LOSS = 0.5, 0.3
"""In dB: PSNR above the best classical fill on the mean, and how much worse a single scene may be."""


def procedural_rows(cases: Sequence[Figures], *, ours: str) -> list[BenchRow]:
    """PSNR, SSIM, depth and flicker over the holes of procedural clips.

    The baseline is the classical fill with the best mean in that metric; then the background fill that
    the generator starts from, and for flicker the truth.
    """

    def against(metric: str, other: str, goal: str = "") -> BenchRow:
        return comparison_row(cases, metric, ours=ours, other=other, kind="procedural", goal=goal)

    def best(metric: str) -> str:
        return best_method(cases, metric, CLASSICAL)

    def difference(metric: str, other: str) -> float:
        return paired(cases, metric, ours=ours, other=other).difference

    own = paired(cases, "PSNR", ours=ours, other=OWN_FILL)
    gain = difference("PSNR", best("PSNR"))
    flicker = paired(cases, "flicker", ours=ours, other=best("flicker"))
    rows = [
        against("PSNR", best("PSNR"), judged(f"{PROCEDURAL_GAIN:+g} dB or more", gain >= PROCEDURAL_GAIN)),
        against("PSNR", OWN_FILL, judged("better by two standard errors", own.difference > 2 * own.error)),
        against("SSIM", best("SSIM"), judged("better", difference("SSIM", best("SSIM")) > 0)),
        against("SSIM", OWN_FILL),
    ]
    depth = best("depth AbsRel")
    rows += [
        against("depth AbsRel", depth, judged("better", difference("depth AbsRel", depth) < 0)),
        against("depth AbsRel", OWN_FILL),
        against("flicker", best("flicker"), judged("half or less", flicker.ours <= 0.5 * flicker.theirs)),
    ]
    for metric in ("flicker", "flicker inside holes", "flicker at their rims"):
        others = [OWN_FILL, TRUTH] if metric == "flicker" else [best(metric), TRUTH]
        rows += [against(metric, other) for other in others]
    return rows


def real_rows(scenes: Mapping[str, Sequence[Figures]], *, ours: str) -> list[BenchRow]:
    """PSNR over the holes of real pairs: the mean over scenes, then scene by scene.

    The baseline is one and the same throughout: the classical fill with the best mean over scenes. A
    scene's row names the fill that is best there, too.
    """
    means = scene_means(scenes)
    cases = list(means.values())
    other = best_method(cases, "PSNR", CLASSICAL)
    gain = paired(cases, "PSNR", ours=ours, other=other).difference
    note = judged(f"{REAL_GAIN:+g} dB or more", gain >= REAL_GAIN)
    rows = [
        comparison_row(cases, "PSNR", ours=ours, other=other, kind="real", goal=note),
        comparison_row(cases, "PSNR", ours=ours, other=OWN_FILL, kind="real"),
    ]
    for scene, figures in means.items():
        step = paired([figures], "PSNR", ours=ours, other=other).difference
        best = best_method([figures], "PSNR", CLASSICAL)
        note = judged(f"{-REAL_LOSS:+g} dB or more", step >= -REAL_LOSS)
        rows.append(
            BenchRow(
                name="real PSNR",
                ours=figures[ours]["PSNR"],
                baseline=figures[other]["PSNR"],
                baseline_name=other,
                ratio=figures[ours]["PSNR"] / figures[other]["PSNR"],
                unit="dB",
                case=f"{scene}, {len(scenes[scene])} pairs; {step:+.3f}; "
                f"best here {best} {figures[best]['PSNR']:.2f}; {note}",
            )
        )
    return rows
