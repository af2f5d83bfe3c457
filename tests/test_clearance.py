"""Where a path meets matter."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from geometry.camera import Camera
from geometry.clearance import MARGIN, check_path, clearance_of_steps, median_distance, shorten_path
from geometry.cloud import PointCloud
from geometry.lifting import lift
from geometry.trajectory import Trajectory
from voyager_lite.evaluation.scenes import read_scene

START = Camera.from_fov(60.0, height=90, width=160)
laws = settings(deadline=None, derandomize=True, max_examples=25)


def cloud_of(positions, normals, *, radius=0.05, sky=False):
    count = len(positions)
    return PointCloud(
        positions=positions.float(),
        colors=torch.full((count, 3), 0.5),
        normals=torch.as_tensor(normals, dtype=torch.float32).expand(count, 3),
        radii=torch.full((count,), radius),
        sky=torch.full((count,), sky),
    )


def wall(*, depth=4.0, half=1.5, spacing=0.06, **options):
    """A wall across the view, seen from the front."""
    line = torch.arange(-half, half, spacing)
    x, y = torch.meshgrid(line, line, indexing="xy")
    positions = torch.stack([x.ravel(), y.ravel(), torch.full_like(x, depth).ravel()], dim=-1)
    return cloud_of(positions, [0.0, 0.0, -1.0], radius=spacing, **options)


def walk(text, frames=49):
    return Trajectory.parse(text, frames=frames).cameras(START, focus_distance=4.0)


def test_a_path_into_a_wall_is_stopped_at_the_first_frame_that_is_too_near():
    path = walk("forward:5")
    report = check_path(wall(), path, margin=0.3)
    assert report.kind == "near"
    z = path.center[:, 2]
    assert float(z[report.frame - 1]) <= 4 - 0.3 - 0.05 < float(z[report.frame])
    assert f"meets matter at frame {report.frame} of 49" in report.describe()
    assert "expected at least 0.3" in report.describe()


def test_a_step_over_a_wall_is_told_from_a_step_towards_it():
    report = check_path(wall(), walk("forward:6", frames=2), margin=0.01)
    assert (report.frame, report.kind) == (1, "through")
    assert report.describe() == "the path passes through a surface at frame 1 of 2"


@pytest.mark.parametrize(
    "text", ["forward:3.5", "right:1,left:2", "turn_left:170deg", "backward:9", "right:3,forward:6"]
)
def test_a_path_that_keeps_its_distance_is_clear(text):
    report = check_path(wall(), walk(text), margin=0.1)
    assert report.frame is None
    assert report.kind is None
    assert report.describe() == "the path is clear over all 49 frames"


def test_clearance_is_the_distance_to_the_wall_less_the_radius_of_its_points():
    path = walk("forward:2")
    found = check_path(wall(spacing=0.01), path, margin=0.1).clearance
    wanted = 4 - path.center[:, 2] - 0.01
    torch.testing.assert_close(found, wanted, rtol=0, atol=1e-4)


def test_an_orbit_behind_a_wall_is_noticed():
    report = check_path(wall(half=5.0), walk("orbit:180deg"), margin=0.1)
    assert report.frame is not None
    assert float(walk("orbit:180deg").center[report.frame, 2]) < 4.2


def test_sky_is_not_matter():
    assert check_path(wall(sky=True), walk("forward:6"), margin=0.1).frame is None


def test_an_empty_world_has_room_for_every_path():
    report = check_path(PointCloud.empty(), walk("forward:6"))
    assert report.frame is None
    assert bool(torch.isinf(report.clearance).all())


def test_a_camera_near_the_ground_may_stay_as_near_as_it_is():
    floor = cloud_of(
        wall(half=3.0).positions[:, [0, 2, 1]] * torch.tensor([1.0, 0.0125, 1.0]), [0.0, -1.0, 0.0]
    )
    along = check_path(floor, walk("right:1,forward:1"), margin=0.2)
    assert along.frame is None
    assert along.margin == pytest.approx(float(along.clearance[0]) / 2)
    assert check_path(floor, walk("down:0.2"), margin=0.2).frame is not None


def test_without_a_margin_a_share_of_the_distance_to_the_scene_is_kept():
    report = check_path(wall(), walk("forward:5"))
    assert report.margin == pytest.approx(
        MARGIN * median_distance(wall(), torch.zeros(3, dtype=torch.float64))
    )
    assert 0.05 < report.margin < 0.15


@laws
@given(st.integers(0, 10_000), st.integers(1, 40), st.floats(0.0, 3.0))
def test_clearance_agrees_with_trying_every_point_with_every_step(seed, steps, stride):
    generator = np.random.default_rng(seed)
    places = generator.normal(size=(200, 3)) * 3
    normals = generator.normal(size=(200, 3))
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    radii = generator.uniform(0.0, 0.5, size=200)
    cloud = PointCloud(
        positions=torch.from_numpy(places).float(),
        colors=torch.zeros(200, 3),
        normals=torch.from_numpy(normals).float(),
        radii=torch.from_numpy(radii).float(),
        sky=torch.zeros(200, dtype=torch.bool),
    )
    path = np.cumsum(generator.normal(size=(steps + 1, 3)) * stride, axis=0)
    found, through = clearance_of_steps(cloud, torch.from_numpy(path[:-1]), torch.from_numpy(path[1:]))
    for step in range(steps):
        wanted, crossed = plain_step(places, normals, radii, path[step], path[step + 1])
        assert math.isclose(float(found[step]), wanted, abs_tol=1e-5)
        assert bool(through[step]) == crossed


def plain_step(places, normals, radii, start, end):
    """One step against every point, as the words say it."""
    best, crossed = math.inf, False
    for place, normal, radius in zip(places, normals, radii, strict=True):
        step = end - start
        share = float(np.clip((place - start) @ step / max(step @ step, 1e-300), 0, 1))
        best = min(best, float(np.linalg.norm(place - start - share * step)) - radius)
        before, after = (start - place) @ normal, (end - place) @ normal
        if (before > 0) != (after > 0):
            cut = start + before / (before - after) * step
            crossed = crossed or float(np.linalg.norm(cut - place)) <= radius
    return best, crossed


@pytest.mark.parametrize("text", ["forward:6", "right:0.5,forward:5", "orbit:170deg", "dolly_zoom:3.55"])
def test_a_shortened_path_stops_before_trouble_and_keeps_its_frames(text):
    world, path = wall(half=5.0), walk(text)
    report = check_path(world, path, margin=0.5)
    short = shorten_path(world, path, margin=0.5)
    assert len(short) == len(path)
    assert torch.equal(short.world_to_camera[0], path.world_to_camera[0])
    assert check_path(world, short, margin=0.5 - 1e-3).frame is None
    # It ends where the longer one still was in the clear, and comes to rest there.
    torch.testing.assert_close(
        short.world_to_camera[-1], path.world_to_camera[report.frame - 1], rtol=0, atol=1e-6
    )
    torch.testing.assert_close(short.K[-1], path.K[report.frame - 1], rtol=1e-6, atol=0)
    length = short.center.diff(dim=0).norm(dim=-1)
    assert float(length[-1]) < 0.1 * float(length.max())


def test_a_shortened_path_walks_the_same_way():
    path = walk("right:1,forward:5", frames=99)
    short = shorten_path(wall(half=5.0), path, margin=0.5)
    apart = torch.cdist(short.center, path.center).amin(dim=1)
    assert float(apart.max()) < float(path.center.diff(dim=0).norm(dim=-1).max())


def test_a_clear_path_is_not_shortened():
    path = walk("forward:1")
    assert shorten_path(wall(), path) is path


def test_a_path_that_is_in_trouble_at_once_cannot_be_shortened():
    with pytest.raises(
        ValueError, match="passes through a surface at frame 1 of 2; nothing is left to walk before"
    ):
        shorten_path(wall(), walk("forward:6", frames=2))


def test_a_camera_inside_matter_is_in_trouble_from_the_start():
    report = check_path(
        cloud_of(torch.zeros(1, 3), [0.0, 0.0, -1.0], radius=0.5), walk("forward:1"), margin=0.1
    )
    assert (report.frame, report.kind) == (0, "near")


@pytest.mark.parametrize("margin", [-0.1, math.nan, math.inf])
def test_a_margin_is_a_distance(margin):
    with pytest.raises(ValueError, match=r"margin is .* scene units; expected a number of at least 0"):
        check_path(wall(), walk("forward:1"), margin=margin)


def test_a_path_is_a_batch_of_cameras():
    with pytest.raises(ValueError, match=r"path has cameras of batch shape \(\); expected \(frames,\)"):
        check_path(wall(), START)


@pytest.mark.parametrize("name", ["cones_stereo", "terrace_stereo"])
def test_in_real_scenes_true_paths_are_clear_and_walks_through_the_scene_are_not(shared_data, name):
    scene = read_scene(shared_data / "B_rgbd" / name)
    frames = list(scene.frames.values())
    measured = [frame for frame in frames if bool(frame.valid.any())]
    world = PointCloud.concatenate([lift(f.image, f.depth, f.camera, valid=f.valid) for f in measured])
    assert check_path(world, Camera.stack([frame.camera for frame in frames])).frame is None
    start = measured[0]
    away = float(start.depth[start.valid].median())
    for text, met in {
        "forward:30%": False,
        "orbit:20deg": False,
        "spiral": False,
        "forward:150%": True,
    }.items():
        path = Trajectory.parse(text, frames=49).cameras(start.camera, focus_distance=away)
        assert (check_path(world, path).frame is not None) == met, text
        assert check_path(world, shorten_path(world, path)).frame is None
