"""The table of fills: its baselines, its cases, its comparisons and goals, and the joining of clips."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from skimage.restoration import inpaint_biharmonic

from voyager_lite.clip import Clip
from voyager_lite.evaluation import baselines
from voyager_lite.evaluation.cases import FIRST_SEED, procedural_case, read_scenes, real_cases
from voyager_lite.evaluation.compare import best_method, fill_rows, paired
from voyager_lite.evaluation.fills import (
    CLASSICAL,
    FILLS,
    OWN_FILL,
    TRUTH,
    measure_case,
    measure_methods,
    procedural_figures,
    scene_means,
)
from voyager_lite.evaluation.goals import procedural_rows, real_rows
from voyager_lite.evaluation.scenes import read_scene, stereo_motorcycle
from voyager_lite.evaluation.seams import concatenate, cross_fade, seam_rows, take_over
from voyager_lite.training.clips import HELD_OUT


def hole_in_a_ramp():
    """A picture that grows from left to right, with a square hole in its middle."""
    x = torch.linspace(0.2, 0.8, 48)
    rgb = x.expand(2, 3, 40, 48).clone()
    depth = 1 / x.expand(2, 40, 48)
    known = torch.ones(2, 40, 48, dtype=torch.bool)
    known[:, 15:25, 20:30] = False
    return rgb, depth, known


@pytest.mark.parametrize("name", FILLS)
def test_a_fill_keeps_what_is_known_and_continues_a_ramp_in_color_and_inverse_depth(name):
    rgb, depth, known = hole_in_a_ramp()
    filled, filled_depth = FILLS[name](rgb * known[:, None], depth * known, known)
    assert torch.equal(filled.movedim(1, -1)[known], rgb.movedim(1, -1)[known])
    assert torch.equal(filled_depth[known], depth[known])
    assert (filled - rgb).abs().max() < 0.12
    assert (1 / filled_depth - 1 / depth).abs().max() < 0.12


@pytest.mark.parametrize("name", FILLS)
def test_nothing_known_is_grey_at_depth_one(name):
    rgb, depth, known = hole_in_a_ramp()
    filled, filled_depth = FILLS[name](rgb, depth, torch.zeros_like(known))
    assert torch.allclose(filled, torch.tensor(0.5)) and torch.allclose(filled_depth, torch.tensor(1.0))


def test_nearest_takes_the_color_of_the_nearest_pixel():
    rgb, depth, known = torch.zeros(1, 3, 3, 5), torch.ones(1, 3, 5), torch.zeros(1, 3, 5, dtype=torch.bool)
    known[0, 1, 0] = known[0, 1, 4] = True
    rgb[0, :, 1, 0], rgb[0, :, 1, 4] = 0.25, 0.75
    filled, _ = baselines.nearest(rgb, depth, known)
    assert filled[0, 0, 1, :2].tolist() == [0.25, 0.25] and filled[0, 0, 1, 3:].tolist() == [0.75, 0.75]


def test_the_smooth_fills_come_near_a_biharmonic_one():
    rgb, depth, known = hole_in_a_ramp()
    rgb = (rgb + 0.1 * torch.sin(torch.arange(40.0) / 6)[:, None]).clamp(0, 1)
    expected = inpaint_biharmonic(rgb[0, 0].numpy().astype(np.float64), (~known[0]).numpy())
    for name in ("Navier-Stokes", "push-pull", "background fill"):
        filled, _ = FILLS[name](rgb * known[:, None], depth * known, known)
        assert np.abs(filled[0, 0].numpy() - expected).max() < 0.15


class Oracle:
    """Answers every clip with a result made beforehand."""

    name, clip_frames, reads_prompts = "oracle", 3, False

    def __init__(self, answers):
        self.answers = iter(answers)

    def generate(self, guidance, *, reference, previous=None, request, progress=None):
        rgb, depth = next(self.answers)
        return Clip(rgb=rgb, depth=depth, cameras=guidance.cameras)


def test_a_nearly_perfect_generator_reaches_every_goal_of_quality():
    cases = [procedural_case(FIRST_SEED + seed, frames=3) for seed in range(2)]
    answers = [((case.rgb + 0.01).clamp(0, 1), case.depth * 1.01) for case in cases]
    oracle = Oracle(answers)
    figures = [measure_methods(case, [oracle]) for case in cases]
    rows = procedural_rows(figures, ours="oracle")
    assert {row.name.split(" ", 1)[1] for row in rows} >= {"PSNR", "SSIM", "depth AbsRel", "flicker"}
    for row in rows:
        if row.baseline_name != TRUTH and "flicker" not in row.name:
            assert row.ratio > 1, row
        assert "missed" not in row.case or "flicker" in row.name
    psnr = next(row for row in rows if row.name.endswith("PSNR"))
    assert psnr.ours == pytest.approx(40, abs=0.5)  # an error of 0.01 everywhere
    assert psnr.baseline == max(
        sum(case[name]["PSNR"] for case in figures) / len(figures) for name in CLASSICAL
    )
    beside = {row.baseline_name for row in fill_rows(figures, ours="oracle", kind="procedural")}
    assert beside == {*FILLS, TRUTH}


def invented(**by_method):
    """Figures of one case, PSNR alone: nearest pixel is best on the mean, Telea on the second case."""
    return {name: {"PSNR": value} for name, value in by_method.items()}


TWO_CASES = [
    invented(**{"mini": 12.0, OWN_FILL: 11.0, "Telea": 9.0, "Navier-Stokes": 1.0, "nearest pixel": 11.0,
                "push-pull": 2.0}),
    invented(**{"mini": 10.0, OWN_FILL: 10.5, "Telea": 10.0, "Navier-Stokes": 1.0, "nearest pixel": 9.0,
                "push-pull": 2.0}),
]  # fmt: skip


def test_paired_difference_and_its_standard_error_by_hand():
    pair = paired(TWO_CASES, "PSNR", ours="mini", other=OWN_FILL)
    assert (pair.ours, pair.theirs, pair.difference, pair.cases) == (11.0, 10.75, 0.25, 2)
    # Differences 1 and -0.5: standard deviation 1.5 / sqrt 2, error that over sqrt 2.
    assert pair.error == pytest.approx(0.75)


def test_the_best_baseline_is_the_best_on_the_mean_and_least_is_best_where_less_is_better():
    assert best_method(TWO_CASES, "PSNR", CLASSICAL) == "nearest pixel"
    as_error = [{name: {"flicker": v["PSNR"]} for name, v in case.items()} for case in TWO_CASES]
    assert best_method(as_error, "flicker", CLASSICAL) == "Navier-Stokes"


def test_cases_without_a_finite_figure_of_both_do_not_count():
    cases = [*TWO_CASES, invented(mini=math.inf, Telea=3.0), invented(mini=3.0, Telea=math.nan)]
    assert paired(cases, "PSNR", ours="mini", other="Telea").cases == 2
    with pytest.raises(ValueError, match="no case has a figure of SSIM"):
        paired(cases, "SSIM", ours="mini", other="Telea")


def test_scenes_count_alike_however_many_pairs_they_have():
    means = scene_means({"wide": TWO_CASES, "narrow": TWO_CASES[:1]})
    assert means["wide"]["mini"]["PSNR"] == 11.0 and means["narrow"]["mini"]["PSNR"] == 12.0


def test_a_scene_that_loses_too_much_is_named_whatever_the_mean_is():
    worse = invented(**{**dict.fromkeys(FILLS, 10.0), "mini": 9.5})
    better = invented(**{**dict.fromkeys(FILLS, 10.0), "mini": 19.0})
    mean, own, *scenes = real_rows({"a": [better], "b": [worse]}, ours="mini")
    assert mean.ours - mean.baseline == pytest.approx(4.25) and "reached" in mean.case
    assert own.baseline_name == OWN_FILL
    assert [("missed" in row.case, row.case.split(",")[0]) for row in scenes] == [(False, "a"), (True, "b")]


def test_sky_and_matter_taken_for_each_other_cost_no_more_than_the_farthest_matter_would():
    case = next(real_cases(stereo_motorcycle()))
    depth = torch.full_like(case.depth, 2.0)
    depth[1, :, 300:], depth[1, 0, 0] = 1000.0, 4.0
    case = replace(case, depth=depth, guidance=replace(case.guidance, sky_from=500.0))
    as_far = torch.full_like(depth, 4.0)
    taken_for_sky, for_far = (
        measure_case(case, case.rgb, guess)["depth AbsRel"] for guess in (as_far * 250, as_far)
    )
    assert taken_for_sky == for_far <= 1
    assert measure_case(case, case.rgb, depth)["depth AbsRel"] == 0


def test_procedural_cases_are_of_seeds_that_training_never_draws():
    case, again = (procedural_case(FIRST_SEED, frames=2) for _ in range(2))
    assert FIRST_SEED > HELD_OUT >= 10**9
    assert torch.equal(case.rgb, again.rgb) and torch.equal(case.judged, ~case.guidance.known)
    with pytest.raises(ValueError, match="training draws those below"):
        procedural_case(0, frames=2)


@pytest.mark.slow
def test_figures_do_not_depend_on_the_number_of_processes():
    alone, shared = (procedural_figures(["mini"], clips=2, workers=workers) for workers in (1, 2))
    assert alone == shared


def test_a_real_pair_is_judged_where_the_first_view_could_not_see():
    (case,) = real_cases(stereo_motorcycle())
    assert not bool(case.judged[0].any())
    assert torch.equal(case.judged[1], ~case.guidance.known[1])
    assert 0.1 < float(case.judged[1].float().mean()) < 0.3
    figures = measure_case(
        case, *baselines.push_pull(case.guidance.rgb, case.guidance.depth, case.guidance.known)
    )
    assert set(figures) == {"PSNR", "SSIM"}  # the right view has no depth
    assert 14 < figures["PSNR"] < 20


def test_a_scene_with_depth_in_both_views_is_judged_on_depth_too(shared_data):
    case = next(real_cases(read_scene(shared_data / "B_rgbd" / "cones_stereo")))
    perfect = measure_case(case, case.rgb, torch.where(case.depth > 0, case.depth, torch.ones(())))
    assert perfect["PSNR"] == math.inf and perfect["SSIM"] == pytest.approx(1)
    assert perfect["depth AbsRel"] == 0


def test_bad_counts_and_folders_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no folder with a scene\.json"):
        read_scenes(tmp_path)
    with pytest.raises(ValueError, match="clips is 0"):
        procedural_figures(["mini"], clips=0)


def walk(shift=0.0):
    """Three clips of five frames that share three with the next; later ones off by a step each."""
    level = torch.arange(9.0)[:, None, None, None].expand(9, 3, 4, 6) * 0.02
    starts = [0, 2, 4]
    return [level[start : start + 5] + number * shift for number, start in enumerate(starts)], starts


@pytest.mark.parametrize("join", [concatenate, cross_fade, take_over])
def test_clips_that_agree_are_joined_to_the_walk_they_come_from(join):
    clips, starts = walk()
    video = join(clips, starts)
    assert torch.allclose(video.rgb, torch.arange(9.0)[:, None, None, None].expand(9, 3, 4, 6) * 0.02)
    assert all(0 < seam < 9 for seam in video.seams)


def test_a_seam_shows_in_plain_concatenation_less_in_a_crossfade_and_not_where_clips_agree():
    smooth, starts = walk()
    apart, _ = walk(shift=0.1)
    hard, faded = seam_rows(smooth, apart, starts=starts, case="steps")
    assert hard.ours == pytest.approx(1, abs=1e-3) and faded.ours == pytest.approx(1, abs=1e-3)
    assert hard.baseline == pytest.approx(6, abs=1e-3)  # 0.02 + 0.1 at a seam, 0.02 elsewhere
    assert 0.9 < faded.baseline < hard.baseline


def test_a_single_clip_has_no_seam_to_measure():
    clips, _ = walk()
    with pytest.raises(ValueError, match="two or more"):
        seam_rows(clips[:1], clips[:1], starts=[0], case="one")
