"""The table of fills: its baselines, its real and procedural cases, and the joining of clips."""

import math

import numpy as np
import pytest
import torch
from skimage.restoration import inpaint_biharmonic

from voyager_lite.clip import Clip
from voyager_lite.evaluation import baselines
from voyager_lite.evaluation.fills import FILLS, fill_rows, measure_case, procedural_cases, real_cases
from voyager_lite.evaluation.scenes import read_scene, stereo_motorcycle
from voyager_lite.evaluation.seams import concatenate, cross_fade, seam_rows, take_over
from voyager_lite.training.clips import HELD_OUT

PLAIN = {name: fill for name, fill in FILLS.items() if name != "background fill"}


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


def test_a_perfect_generator_is_better_than_every_fill_in_every_figure():
    cases = list(procedural_cases(2, frames=3))
    worth = [case for case in cases if bool(case.judged.any())]
    slightly_off = [((case.rgb + 0.01).clamp(0, 1), case.depth * 1.01) for case in worth]
    rows = fill_rows(Oracle(slightly_off), clips=2)
    assert {row.baseline_name for row in rows} == set(FILLS)
    assert {row.name.split(" ", 1)[1] for row in rows} == {"PSNR", "SSIM", "depth AbsRel", "flicker"}
    for row in rows:
        assert row.case.startswith("holes of") and "+-" in row.case
        if row.name.endswith(("PSNR", "SSIM", "AbsRel")):
            assert row.ratio > 1
    psnr = [row.ours for row in rows if row.name.endswith("PSNR")]
    assert psnr[0] == pytest.approx(40, abs=0.5)  # an error of 0.01 everywhere


def test_procedural_cases_are_of_seeds_that_training_never_draws():
    case = next(procedural_cases(1, frames=2))
    again = next(procedural_cases(1, frames=2))
    assert HELD_OUT >= 10**9
    assert torch.equal(case.rgb, again.rgb) and torch.equal(case.judged, ~case.guidance.known)


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


def test_a_folder_without_scenes_is_refused(tmp_path):
    cases = list(procedural_cases(1, frames=3))
    with pytest.raises(FileNotFoundError, match=r"no folder with a scene\.json"):
        fill_rows(Oracle([(case.rgb, case.depth) for case in cases]), clips=1, data=tmp_path)


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
