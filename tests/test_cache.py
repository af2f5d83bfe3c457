"""What enters the world cache and what does not."""

import doctest
from pathlib import Path

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

import geometry.cache
from geometry.cache import NEARER, WorldCache
from geometry.camera import Camera
from geometry.cloud import PointCloud
from geometry.lifting import lift
from geometry.projection import project, world_points
from geometry.rasterizer import render_points
from geometry.rigid import look_at, transform_points
from voyager_lite.evaluation.scenes import read_scene

HEIGHT, WIDTH = 48, 64
EVERYWHERE = torch.ones(HEIGHT, WIDTH, dtype=torch.bool)
FRONT = Camera.from_fov(60.0, height=HEIGHT, width=WIDTH)


def camera_at(center: list[float], target: list[float]) -> Camera:
    down = torch.tensor([0.0, 1.0, 0.0], dtype=torch.float64)
    pose = look_at(torch.tensor(center).double(), torch.tensor(target).double(), down)
    return Camera(K=FRONT.K, world_to_camera=pose, height=HEIGHT, width=WIDTH)


def wall(distance: float, color: float, camera: Camera = FRONT) -> PointCloud:
    image = torch.full((3, HEIGHT, WIDTH), color)
    return lift(image, torch.full((HEIGHT, WIDTH), distance), camera, valid=EVERYWHERE)


def same_wall(camera: Camera) -> PointCloud:
    """The wall at z = 3 that ``wall(3.0)`` shows from the front, as another camera sees it."""
    rays = world_points(torch.ones(HEIGHT, WIDTH, dtype=torch.float64), camera) - camera.center
    depth = ((3 - camera.center[2]) / rays[..., 2]).float()
    return lift(torch.full((3, HEIGHT, WIDTH), 0.8), depth, camera, valid=depth > 0)


def test_first_frame_enters_whole() -> None:
    cache = WorldCache()
    added = cache.add(wall(3.0, 0.5), FRONT)
    assert len(added) == len(cache) == HEIGHT * WIDTH


def test_what_was_seen_does_not_enter_again() -> None:
    cache = WorldCache(wall(3.0, 0.5))
    assert len(cache.add(wall(3.0, 0.9), FRONT)) == 0
    assert len(cache.add(wall(3.1, 0.9), FRONT)) == 0
    assert len(cache.add(wall(2.9, 0.9), FRONT)) == 0


def test_unseen_part_enters_and_the_rest_does_not() -> None:
    cache = WorldCache(wall(3.0, 0.2))
    turned = camera_at([0.0, 0.0, 0.0], [0.6, 0.0, 1.0])
    known = cache.render(turned).known
    added = cache.add(same_wall(turned), turned)
    assert 0 < int(known.sum()) < HEIGHT * WIDTH
    assert len(added) == int((~known).sum())
    assert bool(cache.render(turned).known.all())


def test_far_side_of_a_thing_does_not_stand_for_its_near_side() -> None:
    """A thin board seen from the front, then from behind: the paper's 90 degrees."""
    cache = WorldCache(wall(3.0, 0.2))
    behind = camera_at([0.0, 0.0, 6.0], [0.0, 0.0, 3.0])
    assert bool(cache.render(behind).known[8:-8, 8:-8].all())
    back = wall(3.0, 0.8, behind)
    assert len(cache.add(back, behind)) == len(back)


def test_surface_seen_at_less_than_90_degrees_is_not_stored_again() -> None:
    cache = WorldCache(wall(3.0, 0.2))
    aslant = camera_at([2.0, 0.0, 1.0], [0.0, 0.0, 3.0])
    known = cache.render(aslant).known
    assert int(known.sum()) > 1000
    assert len(cache.add(same_wall(aslant), aslant)) == int((~known).sum())


def test_thing_that_earlier_frames_looked_past_enters() -> None:
    cache = WorldCache(wall(3.0, 0.2))
    depth = torch.full((HEIGHT, WIDTH), 3.0)
    depth[10:20, 10:30] = 1.5
    added = cache.add(lift(torch.full((3, HEIGHT, WIDTH), 0.9), depth, FRONT, valid=EVERYWHERE), FRONT)
    assert len(added) == 200
    torch.testing.assert_close(cache.render(FRONT).depth, depth)


def test_background_behind_what_is_seen_does_not_enter() -> None:
    cache = WorldCache(wall(1.5, 0.2))
    assert len(cache.add(wall(3.0, 0.9), FRONT)) == 0


def test_matter_enters_before_sky_and_sky_not_behind_matter() -> None:
    image, depth = torch.full((3, HEIGHT, WIDTH), 0.5), torch.full((HEIGHT, WIDTH), 2.0)
    sky = lift(image, depth, FRONT, valid=~EVERYWHERE, sky=EVERYWHERE, sky_distance=20.0)
    cache = WorldCache(sky)
    assert len(cache.add(wall(2.0, 0.1), FRONT)) == HEIGHT * WIDTH
    assert len(cache.add(sky, FRONT)) == 0


def test_points_out_of_sight_enter() -> None:
    cache = WorldCache(wall(3.0, 0.5))
    half_a_turn = torch.diag(torch.tensor([-1.0, 1.0, -1.0, 1.0]))
    assert len(cache.add(wall(3.0, 0.5).transformed(half_a_turn), FRONT)) == HEIGHT * WIDTH
    aside = torch.eye(4)
    aside[0, 3] = 10.0
    assert len(cache.add(wall(3.0, 0.5).transformed(aside), FRONT)) == HEIGHT * WIDTH


def test_added_points_follow_the_others_in_order() -> None:
    cache = WorldCache(wall(3.0, 0.2))
    added = cache.add(wall(1.0, 0.8), FRONT)
    assert torch.equal(cache.cloud.positions[HEIGHT * WIDTH :], added.positions)


def test_clouds_handed_out_or_taken_in_stay_as_they_were() -> None:
    first = wall(3.0, 0.2)
    cache = WorldCache(first)
    handed_out, kept = [], []
    for distance in (2.5, 2.0, 1.5, 1.0):
        handed_out.append(cache.cloud)
        kept.append(cache.cloud.positions.clone())
        cache.add(wall(distance, 0.8), FRONT)
    again = WorldCache(handed_out[-1])
    again.add(wall(0.5, 0.1), FRONT)
    assert [len(cloud) // len(first) for cloud in [*handed_out, cache.cloud]] == [1, 2, 3, 4, 5]
    for cloud, positions in zip(handed_out, kept, strict=True):
        assert torch.equal(cloud.positions, positions)


@settings(max_examples=20)
@given(st.integers(0, 2**32))
def test_every_point_is_judged_by_the_rule(seed: int) -> None:
    """A plain twin, over points strewn in and out of sight before and behind a cache facing anywhere."""
    random = torch.Generator().manual_seed(seed)

    def strewn(count: int) -> PointCloud:
        positions = (torch.rand(count, 3, generator=random) - 0.5) * 6
        normals = torch.nn.functional.normalize(torch.randn(count, 3, generator=random), dim=-1)
        radii = 0.3 * torch.rand(count, generator=random)
        return PointCloud(
            positions=positions, colors=normals.abs(), normals=normals, radii=radii, sky=radii > 0.2
        )

    camera = camera_at([0.5, 0.2, -3.0], [0.0, 0.0, 1.0])
    cache, cloud = WorldCache(strewn(60)), strewn(200)
    seen, known = cache.render(camera), cache.cloud
    in_camera = transform_points(camera.world_to_camera, cloud.positions.double())
    pixels, depth = project(in_camera, camera.K)
    expected = []
    for i, (x, y) in enumerate(pixels.floor().long().tolist()):
        in_sight = float(depth[i]) > 0 and 0 <= x < WIDTH and 0 <= y < HEIGHT
        if not in_sight or not bool(seen.known[y, x]):
            expected.append(i)
            continue
        other = int(seen.index[y, x])
        away = float(known.normals[other] @ (known.positions[other] - camera.center.float())) > 0
        if away or float(depth[i]) < (1 - NEARER) * float(seen.depth[y, x]):
            expected.append(i)
    assert torch.equal(cache.add(cloud, camera).positions, cloud.positions[expected])


def test_doctest() -> None:
    assert doctest.testmod(geometry.cache).failed == 0


def test_kitchen_is_kept_in_far_fewer_points_and_seen_as_well(shared_data: Path) -> None:
    frames = list(read_scene(shared_data / "B_rgbd" / "kitchen_kinect").frames.values())[:12:3]
    clouds = [lift(frame.image, frame.depth, frame.camera, valid=frame.valid) for frame in frames]
    cache = WorldCache()
    for cloud, frame in zip(clouds, frames, strict=True):
        cache.add(cloud, frame.camera)
    everything = PointCloud.concatenate(clouds)
    assert len(cache) < 0.6 * len(everything)

    def error(cloud: PointCloud) -> Tensor:
        pictures = [render_points(cloud, frame.camera) for frame in frames]
        return torch.stack(
            [((p.rgb - f.image)[:, p.known] ** 2).mean() for p, f in zip(pictures, frames, strict=True)]
        )

    decibel = -10 * error(cache.cloud).log10() + 10 * error(everything).log10()
    assert float(decibel.mean()) > -0.3
