"""Previews of paths, and what a walk will cost."""

import math

import pytest
import torch
from test_plan_view import cloud_of, wall

from geometry.camera import Camera
from geometry.clearance import check_path
from geometry.cloud import PointCloud
from geometry.lifting import lift
from geometry.trajectory import Trajectory
from voyager_lite.clip import Clip, Guidance
from voyager_lite.core.generator import Request
from voyager_lite.pace import Pace, measure_pace
from voyager_lite.preview import Surroundings, preview_path, probe_path, spread

START = Camera.from_fov(60.0, height=60, width=90)


def path(text: str, *, frames: int = 49) -> Camera:
    return Trajectory.parse(text, frames=frames).cameras(START, focus_distance=3.0)


def around(cloud: PointCloud) -> Surroundings:
    return Surroundings.of(cloud, START)


@pytest.mark.parametrize("text", ["forward:1", "forward:4", "right:1,forward:2.96", "orbit:40deg"])
def test_a_probe_of_every_frame_agrees_with_the_check_of_a_walk(text: str) -> None:
    cameras = path(text)
    probe, truth = probe_path(around(wall()), cameras, fps=24.0), check_path(wall(), cameras)
    assert (probe.trouble, probe.report.kind) == (truth.frame, truth.kind)
    near = probe.report.clearance.isfinite()
    torch.testing.assert_close(probe.report.clearance[near], truth.clearance[near])
    assert bool((truth.clearance[~near] >= around(wall()).reach - 1e-6).all())


def test_a_long_path_is_probed_in_few_places_and_a_wall_still_found() -> None:
    cameras = path("forward:4", frames=2000)
    probe = probe_path(around(wall()), cameras, fps=24.0)
    assert len(probe.numbers) < 100
    assert probe.report.kind is not None
    truth = check_path(wall(), cameras).frame
    assert truth is not None and probe.trouble is not None
    assert 0 <= probe.trouble - truth <= 2 * 2000 / len(probe.numbers)


def test_speed_is_told_in_units_a_second() -> None:
    pose = torch.eye(4, dtype=torch.float64).repeat(241, 1, 1)
    pose[:, 2, 3] = -torch.arange(241).double() / 48
    line = Camera.from_fov(60.0, height=60, width=90, world_to_camera=pose)
    speed = probe_path(around(cloud_of(torch.tensor([[0.0, 0.0, 90.0]]))), line, fps=24.0).speed
    torch.testing.assert_close(speed, torch.full_like(speed, 0.5))


def test_a_preview_shows_the_photograph_first_and_nothing_behind_it() -> None:
    picture = torch.rand(3, 60, 90, generator=torch.Generator().manual_seed(0))
    cloud = lift(picture, torch.full((60, 90), 3.0), START, valid=torch.ones(60, 90, dtype=torch.bool))
    preview = preview_path(around(cloud), path("turn_right:180deg"), long_side=90)
    assert float(preview.unseen[0]) == 0.0
    torch.testing.assert_close(preview.rgb[0], picture)
    assert float(preview.unseen[-1]) == 1.0
    assert bool((preview.unseen.diff() >= -0.02).all())


def test_stripes_cover_what_is_unseen_and_nothing_else() -> None:
    preview = preview_path(around(wall()), path("turn_right:60deg"))
    shown, known = preview.shown(), preview.known[:, None].expand_as(preview.rgb)
    torch.testing.assert_close(shown[known], preview.rgb[known])
    greys = shown[~known].unique()
    assert len(greys) == 2
    assert 0.4 < float(greys.min()) < float(greys.max()) < 0.7


def test_a_preview_is_small_and_keeps_the_shape_of_the_picture() -> None:
    large = Camera.from_fov(60.0, height=600, width=900)
    cameras = Trajectory.parse("forward:1", frames=100).cameras(large, focus_distance=3.0)
    preview = preview_path(around(wall()), cameras)
    assert preview.rgb.shape == (24, 3, 160, 240)
    assert preview.numbers[[0, -1]].tolist() == [0, 99]


@pytest.mark.parametrize(("count", "most"), [(2, 24), (24, 24), (25, 24), (1000, 24), (97, 97), (5, 1)])
def test_spread_numbers_increase_from_first_to_last(count: int, most: int) -> None:
    numbers = spread(count, most=most)
    assert numbers[[0, -1]].tolist() == [0, count - 1]
    assert bool((numbers.diff() > 0).all())
    assert len(numbers) == min(count, max(2, most))


class Idle:
    """A core that fills with grey."""

    name = "idle"
    clip_frames = 9
    reads_prompts = False

    def __init__(self) -> None:
        self.seen: list[Guidance] = []

    def generate(
        self, guidance: Guidance, *, reference: torch.Tensor, previous=None, request: Request, progress=None
    ) -> Clip:
        self.seen.append(guidance)
        return Clip(rgb=guidance.rgb, depth=guidance.depth + 1, cameras=guidance.cameras)


def test_measuring_makes_one_clip_of_the_size_asked_for_half_of_it_unseen() -> None:
    core = Idle()
    pace = measure_pace(core, height=30, width=40)
    (guidance,) = core.seen
    assert guidance.known.shape == (9, 30, 40)
    assert float(guidance.known[1:].float().mean()) == 0.5
    assert pace.clip_seconds > 0
    assert 10 < pace.memory_mb < 1e6


def test_a_walk_takes_as_long_as_its_clips() -> None:
    pace = Pace(
        core="idle", height=30, width=40, clip_frames=25, clip_seconds=3.0, memory_mb=100.0, how="one clip"
    )
    # Clips of 25 frames overlap by 13: they begin at 0, 12 and 24.
    assert (pace.clips(49), pace.seconds(49)) == (3, 9.0)
    assert pace.clips(25) == pace.clips(2) == 1
    assert math.isclose(pace.seconds(26), 6.0)
