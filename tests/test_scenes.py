"""Procedural scenes: hand-worked rays, laws of views, and what guidance may hold."""

import numpy as np
import pytest
import torch

from geometry.camera import Camera
from geometry.projection import world_points
from voyager_lite.training.clips import HELD_OUT, HOLE_SHARE, make_clip
from voyager_lite.training.framing import turn
from voyager_lite.training.light import outdoor_air
from voyager_lite.training.material import PLAIN, material
from voyager_lite.training.parts import random_tilt
from voyager_lite.training.paths import draw_path, draw_shot
from voyager_lite.training.scene import SKY_DEPTH, Builder, render_scene
from voyager_lite.training.shapes import BALL, BOX, CONE, CYLINDER


def white():
    return material(np.random.default_rng(0), PLAIN, color=(0.7, 0.7, 0.7), contrast=0.0)


def noon():
    """Sun straight above, clear."""
    air = outdoor_air(np.random.default_rng(0))
    air[:13] = [0.0, -1.0, 0.0, 0.8, 0.8, 0.8, 0.3, 0.3, 0.3, 0.0, 0.0, 0.0, 1.0]
    return air


def one_shape(kind, center, half, tilt=None):
    builder = Builder()
    builder.add(kind, center, half, white(), tilt=tilt)
    return builder.build(noon())


def straight_camera(size=33, fov_degrees=60.0):
    return Camera.stack([Camera.from_fov(fov_degrees, height=size, width=size)])


@pytest.mark.parametrize(
    ("kind", "half", "tilt", "depth", "normal"),
    [
        (BOX, (1, 1, 2), None, 8.0, (0, 0, -1)),
        (BALL, (1, 1, 1), None, 9.0, (0, 0, -1)),
        (BALL, (1, 2, 3), None, 7.0, (0, 0, -1)),
        (CYLINDER, (2, 1, 2), None, 8.0, (0, 0, -1)),
        (CYLINDER, (1, 3, 1), turn(np.pi / 2, 0, 0), 7.0, (0, 0, -1)),
        (CONE, (2, 1, 2), None, 9.0, (0, -(0.5**0.5), -(0.5**0.5))),
        (BOX, (1, 1, 1), turn(0, np.pi / 4, 0), 10 - 2**0.5, None),
    ],
)
def test_middle_ray_meets_each_shape_where_hand_calculation_says(kind, half, tilt, depth, normal):
    view = render_scene(one_shape(kind, (0, 0, 10), half, tilt), straight_camera())
    assert view.depth[0, 16, 16].item() == pytest.approx(depth, abs=1e-4)
    if normal is not None:
        torch.testing.assert_close(view.normal[0, :, 16, 16], torch.tensor(normal).float(), atol=1e-3, rtol=0)


def test_sky_is_where_nothing_is_met():
    view = render_scene(one_shape(BALL, (0, 0, 10), (1, 1, 1)), straight_camera())
    assert view.sky[0, 0, 0] and not view.sky[0, 16, 16]
    assert view.depth[0, 0, 0] == SKY_DEPTH
    assert (view.normal[0, :, 0, 0] == 0).all()


def test_depth_and_normal_lie_on_the_ball_from_anywhere():
    center, radius = torch.tensor([0.3, -0.4, 6.0]), 2.0
    scene = one_shape(BALL, center.tolist(), (radius,) * 3)
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = turn(0.1, -0.3, 0.2), [1.5, 0.5, 0.2]
    camera = Camera.stack(
        [Camera.from_fov(70.0, height=40, width=56, world_to_camera=torch.from_numpy(np.linalg.inv(pose)))]
    )
    view = render_scene(scene, camera)
    seen = ~view.sky[0]
    assert seen.sum() > 100
    away = world_points(view.depth, camera)[0][seen] - center
    torch.testing.assert_close(away.norm(dim=-1), torch.full_like(away[:, 0], radius), atol=1e-4, rtol=0)
    normal = view.normal[0].permute(1, 2, 0)[seen]
    torch.testing.assert_close(normal, away / radius, atol=1e-4, rtol=0)


def heap_of_shapes(seed):
    rng = np.random.default_rng(seed)
    builder = Builder()
    for _ in range(25):
        place, half = rng.uniform([-4, -4, 4], [4, 4, 12]), rng.uniform(0.2, 1.2, 3)
        builder.add(int(rng.integers(4)), place, half, white(), tilt=random_tilt(rng))
    return builder.build(noon())


def test_part_of_a_picture_equals_the_picture_of_that_part():
    """Tiles of the part lie elsewhere, so listing shapes by tiles must not change what is seen."""
    scene, whole = heap_of_shapes(0), straight_camera(size=48)
    K = whole.K.clone()
    K[..., :2, 2] -= 5
    part = Camera(K=K, world_to_camera=whole.world_to_camera, height=38, width=38)
    a, b = render_scene(scene, whole), render_scene(scene, part)
    torch.testing.assert_close(a.depth[:, 5:43, 5:43], b.depth)
    torch.testing.assert_close(a.rgb[..., 5:43, 5:43], b.rgb, atol=1e-5, rtol=0)


def test_nearest_shape_wins_whatever_the_order():
    near, far = ((0, 0, 5), (0.5, 0.5, 0.5)), ((0, 0, 9), (3, 3, 1))
    depths = []
    for order in ((near, far), (far, near)):
        builder = Builder()
        for center, half in order:
            builder.add(BOX, center, half, white())
        depths.append(render_scene(builder.build(noon()), straight_camera()).depth)
    assert torch.equal(*depths)
    assert depths[0][0, 16, 16] == 4.5


def test_shape_above_the_ground_casts_a_shadow_below_it():
    builder = Builder()
    builder.add(BOX, (0, 3, 0), (50, 1, 50), white(), shadow=False)
    lit = render_scene(builder.build(noon()), straight_camera()).rgb[0]
    builder.add(BOX, (0, -2, 6), (2, 0.1, 2), white())
    shaded = render_scene(builder.build(noon()), straight_camera()).rgb[0]
    row, column = 16 + round(2 / 6 * 16.5 / np.tan(np.pi / 6)), 16
    assert shaded[0, row, column] < 0.8 * lit[0, row, column]
    torch.testing.assert_close(shaded[:, row, 0], lit[:, row, 0])


@pytest.mark.parametrize("seed", range(8))
def test_paths_stay_out_of_matter(seed):
    rng = np.random.default_rng(seed)
    shot = draw_shot(rng)
    cameras = draw_path(rng, shot, frames=5, height=16, width=24)
    if cameras is None:
        return
    assert not any(shot.scene.inside(center.numpy(), margin=0.0) for center in cameras.center)


def test_a_seed_gives_the_same_clip_and_another_a_different_one():
    first, again, other = (make_clip(seed, frames=3) for seed in (7, 7, 8))
    assert torch.equal(first.rgb, again.rgb) and torch.equal(first.fill_depth, again.fill_depth)
    assert not torch.equal(first.rgb, other.rgb)


@pytest.fixture(scope="module", params=[0, 1, 2, 3, HELD_OUT, HELD_OUT + 1])
def clip(request):
    return make_clip(request.param)


def test_clips_are_complete_rgbd_videos(clip):
    assert clip.rgb.shape == (9, 3, 64, 96)
    assert clip.rgb.min() >= 0 and clip.rgb.max() <= 1 and clip.rgb[0].std() > 0.02
    assert torch.isfinite(clip.depth).all() and clip.depth.min() > 0
    lengths = clip.normal.norm(dim=1)
    assert (((lengths - 1).abs() < 1e-4) | (lengths == 0)).all()


def test_normals_face_the_camera(clip):
    centers = clip.cameras.center.float()[:, None, None]
    gaze = world_points(clip.depth, clip.cameras) - centers
    assert ((gaze * clip.normal.permute(0, 2, 3, 1)).sum(dim=-1) <= 1e-3 * clip.depth).all()


def test_guidance_knows_the_truth_where_it_knows_anything(clip):
    matter = clip.known & (clip.depth < clip.sky_from)
    ratio = clip.guidance_depth / clip.depth
    first = ratio[0][matter[0]]
    assert ((first - 1).abs() < 0.1).float().mean() > 0.85
    # Later, things that the first view did not show may stand before what it did.
    assert (ratio[matter] < 1.1).float().mean() > 0.75
    assert (ratio[matter] > 0.9).float().mean() > 0.85
    error = (clip.guidance_rgb - clip.rgb).abs().mean(dim=1)[clip.known]
    assert error.mean() < 0.06
    assert HOLE_SHARE[0] <= (~clip.known).float().mean() <= HOLE_SHARE[1]


def test_unknown_pixels_hold_nothing_and_the_fill_keeps_known_ones(clip):
    assert (clip.guidance_depth[~clip.known] == 0).all()
    known = clip.known[:, None].expand_as(clip.rgb)
    assert (clip.guidance_rgb[~known] == 0).all()
    assert torch.equal(clip.fill_rgb[known], clip.guidance_rgb[known])


def test_portraits_can_be_made():
    assert make_clip(11, frames=3, height=96, width=64).rgb.shape == (3, 3, 96, 64)
