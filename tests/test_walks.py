"""Walks that are judged: memory, drift and cost, on generators whose answers are known."""

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from geometry.trajectory import Trajectory
from voyager_lite.clip import Clip
from voyager_lite.depth.estimate import DepthEstimate
from voyager_lite.evaluation.cost import clip_flops, count_flops, flop_rows, pipeline_rows
from voyager_lite.evaluation.drift import change_rows, look
from voyager_lite.evaluation.memory import CLIPS, memory_rows, out_and_back_row, whole_psnr
from voyager_lite.evaluation.walks import Ends, frames_of, walk_with_cache, walk_without_cache
from voyager_lite.explorer import Explorer
from voyager_lite.opening import View
from voyager_lite.photograph import Photograph
from voyager_lite.stretches import clip_starts

HEIGHT, WIDTH = 48, 64


class Fading:
    """Continues everything in grey at depth 2, and makes every picture darker by a factor."""

    name, clip_frames, reads_prompts = "fading", 5, False

    def __init__(self, factor):
        self.factor, self.clips = factor, 0

    def generate(self, guidance, *, reference, previous=None, request, progress=None):
        self.clips += 1
        known = guidance.known
        rgb = torch.where(known[:, None], guidance.rgb, torch.tensor(0.4)) * self.factor
        return Clip(rgb=rgb, depth=torch.where(known, guidance.depth, 2.0), cameras=guidance.cameras)


@pytest.fixture(scope="module")
def wall():
    """A coarse random pattern on a wall at depth 2."""
    coarse = torch.rand(1, 3, 6, 8, generator=torch.Generator().manual_seed(0))
    rgb = F.interpolate(coarse, (HEIGHT, WIDTH), mode="bilinear")[0]
    everywhere = torch.ones(HEIGHT, WIDTH, dtype=torch.bool)
    flat = DepthEstimate(
        depth=torch.full((HEIGHT, WIDTH), 2.0),
        valid=everywhere,
        sky=~everywhere,
        fov_degrees=60.0,
        metric=False,
        source="a wall",
    )
    photograph = Photograph(rgb=rgb, fov_degrees=60.0, path=Path("wall.png"))
    return Explorer(Fading(1.0)).lift(photograph, depth=flat, view=View(height=HEIGHT, width=WIDTH))


@pytest.mark.parametrize("clips", [1, 2, 4, 10])
@pytest.mark.parametrize("clip_frames", [5, 25])
def test_a_walk_of_so_many_frames_takes_so_many_full_clips(clips, clip_frames):
    frames = frames_of(clips, clip_frames=clip_frames)
    starts = clip_starts(frames, clip_frames=clip_frames)
    assert len(starts) == clips and frames - starts[-1] == clip_frames


def test_the_cache_brings_the_first_view_back_where_forgetting_loses_it(wall):
    path = Trajectory.parse("right:60%,left:60%", frames=frames_of(CLIPS, clip_frames=5))
    row = out_and_back_row(Fading(1.0), wall, path, case="wall")
    assert row.ours > 30 > row.baseline + 8
    assert "reached" in row.case


def test_without_a_cache_every_clip_adds_its_fading_and_with_one_none_does(wall):
    path = Trajectory.parse("right:1%", frames=11)
    generator = Fading(0.8)
    cameras = Explorer(generator).plan(wall, path)
    naive = walk_without_cache(generator, wall, cameras, clips=4)
    assert generator.clips == 4
    before = wall.clip.rgb.mean()
    assert float(naive.last.rgb[-1].mean() / before) == pytest.approx(0.8**4, rel=0.05)
    ours = walk_with_cache(generator, wall, path)
    assert float(ours.last.rgb[-1].mean() / before) == pytest.approx(1, abs=0.02)
    rows = {row.name: row for row in change_rows(ours, naive, case="wall")}
    assert rows["drift: brightness"].baseline == pytest.approx(0.8**3, rel=0.05)
    assert all("reached" in rows[f"drift: {name}"].case for name in ("brightness", "contrast"))
    faded = change_rows(naive, naive, case="wall")
    assert all("missed" in row.case for row in faded)


def test_naive_clips_share_the_cameras_evenly_and_too_few_are_refused(wall):
    cameras = Explorer(Fading(1.0)).plan(wall, Trajectory.parse("right:1%", frames=11))
    with pytest.raises(ValueError, match="11 cameras in 2 clips give 6 to 6 frames a clip; expected 2 to 5"):
        walk_without_cache(Fading(1.0), wall, cameras, clips=2)
    walk = walk_without_cache(Fading(1.0), wall, cameras, clips=5)
    assert torch.equal(walk.last.cameras.world_to_camera[-1], cameras.world_to_camera[-1])


def test_a_path_that_does_not_come_home_has_no_returned_view(wall):
    with pytest.raises(ValueError, match="does not end where it begins"):
        out_and_back_row(Fading(1.0), wall, Trajectory.parse("right:5%", frames=11), case="wall")


def test_memory_rows_walk_the_samples():
    (row,) = memory_rows(
        Fading(1.0), [("coffee", "turn_right:30deg,turn_left:30deg")], view=View(height=48, width=72)
    )
    assert row.case.startswith("coffee 72x48") and row.ours > row.baseline


def test_equal_views_have_a_figure():
    rgb = torch.rand(3, 8, 8)
    assert whole_psnr(rgb, rgb) == 58.9


def test_sharpness_by_hand():
    # One bright pixel in the middle of 3x3: the single Laplacian is -4 times its luma.
    rgb = torch.zeros(1, 3, 3, 3)
    rgb[:, :, 1, 1] = 0.5
    assert look(rgb).sharpness == pytest.approx(2.0)
    assert look(rgb).brightness == pytest.approx((0.5 / 9,) * 3)


def test_sharpness_is_linear_in_contrast_and_falls_with_blur():
    rgb = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    assert look(0.5 * rgb).sharpness == pytest.approx(0.5 * look(rgb).sharpness, rel=1e-5)
    blurred = F.avg_pool2d(rgb, 3, stride=1, padding=1)
    assert look(blurred).sharpness < 0.5 * look(rgb).sharpness
    with pytest.raises(ValueError, match="Laplacian needs 3x3"):
        look(rgb[..., :2])


def test_drift_is_told_by_the_channel_that_changed_most(wall):
    clip = wall.clip
    tinted = Clip(
        rgb=clip.rgb * torch.tensor([1.0, 1.0, 0.7])[:, None, None], depth=clip.depth, cameras=clip.cameras
    )
    rows = change_rows(Ends(first=clip, last=tinted), Ends(first=clip, last=clip), case="tint")
    brightness = next(row for row in rows if row.name == "drift: brightness")
    assert brightness.ours == pytest.approx(0.7, rel=1e-4) and brightness.baseline == 1
    assert "missed" in brightness.case


def test_flops_of_a_linear_layer_a_convolution_and_attention_by_hand():
    layer, conv = torch.nn.Linear(5, 7), torch.nn.Conv2d(2, 3, 3, padding=1)
    with torch.no_grad():
        assert count_flops(lambda: layer(torch.ones(11, 5))) == 2 * 11 * 5 * 7
        assert count_flops(lambda: conv(torch.ones(1, 2, 4, 6))) == 2 * 4 * 6 * 3 * 2 * 9
        q, k = torch.ones(1, 2, 10, 8), torch.ones(1, 2, 12, 8)
        attention = count_flops(lambda: F.scaled_dot_product_attention(q, k, k))
    assert attention == 2 * 2 * (2 * 10 * 12 * 8)  # scores and their use, two heads


class Linear(Fading):
    """Multiplies something of a given size for every clip."""

    def __init__(self, name, size):
        super().__init__(1.0)
        self.name, self.size = name, size

    def generate(self, guidance, *, reference, previous=None, request, progress=None):
        torch.ones(len(guidance), self.size) @ torch.ones(self.size, 10)
        return super().generate(guidance, reference=reference, request=request)


def test_a_generator_is_small_if_a_quarter_of_the_operations_do():
    large = Linear("large", 400)
    large.clip_frames = 9
    assert clip_flops(large) == 2 * 9 * 400 * 10
    small, medium = flop_rows(large, [Linear("small", 100), Linear("medium", 101)])
    assert small.ratio == pytest.approx(4) and "reached" in small.case
    assert "missed" in medium.case


def test_a_pipeline_is_timed_to_its_files():
    seconds, rate = pipeline_rows(Fading(1.0), frames=5, height=64, width=96)
    assert seconds.unit == "s" and seconds.ours > 0
    assert rate.ours == pytest.approx(5 / seconds.ours)
    assert rate.baseline > rate.ours
