"""Kinds of procedural scenes: that each can be built, seen and walked through."""

import numpy as np
import pytest
import torch

from geometry.camera import Camera
from geometry.rigid import transform_points
from voyager_lite.training.framing import Shot, aim, around, turn
from voyager_lite.training.light import outdoor_air
from voyager_lite.training.material import PLAIN, material
from voyager_lite.training.matter import meets_matter
from voyager_lite.training.moves import WORDS, draw_move
from voyager_lite.training.parts import add_rod, upright_along
from voyager_lite.training.paths import KINDS, draw_path, draw_shot, draw_shot_of
from voyager_lite.training.scene import SKY_DEPTH, Builder, Scene, render_scene
from voyager_lite.training.shapes import BALL, BOX, CONE, CYLINDER

MOST_SHAPES = 600
"""More would make rendering slow."""


def look():
    return material(np.random.default_rng(0), PLAIN)


def scene_of(kind, center, half, tilt=None) -> Scene:
    builder = Builder()
    builder.add(kind, center, half, look(), tilt=tilt)
    return builder.build(outdoor_air(np.random.default_rng(0)))


def first_view(shot: Shot, *, height: int = 16, width: int = 24):
    to_camera = torch.from_numpy(np.linalg.inv(shot.pose))[None]
    camera = Camera.from_fov(shot.fov_degrees, height=height, width=width, world_to_camera=to_camera)
    return render_scene(shot.scene, camera)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_shows_something_from_a_free_place(kind):
    for seed in range(6):
        shot = draw_shot_of(np.random.default_rng(seed), kind)
        assert shot.kind == kind
        assert 0 < len(shot.scene.kinds) <= MOST_SHAPES
        assert (shot.scene.shapes[:, 12:15] > 0).all()
        assert not meets_matter(shot.scene, shot.pose[None, :3, 3], margin=0.0).any()
        view = first_view(shot)
        assert torch.isfinite(view.rgb).all() and torch.isfinite(view.depth).all()
        assert view.depth.min() > 0 and view.depth.max() <= SKY_DEPTH
        assert not view.sky.all()


@pytest.mark.parametrize("kind", KINDS)
def test_shapes_of_every_kind_are_turned_and_not_bent(kind):
    shapes = draw_shot_of(np.random.default_rng(1), kind).scene.shapes
    R = shapes[:, 3:12].reshape(-1, 3, 3)
    np.testing.assert_allclose(R @ R.transpose(0, 2, 1), np.tile(np.eye(3), (len(R), 1, 1)), atol=1e-6)
    np.testing.assert_allclose(np.linalg.det(R), 1, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_paths_through_every_kind_stay_out_of_matter(kind):
    rng, walked = np.random.default_rng(2), 0
    for _ in range(3):
        shot = draw_shot_of(rng, kind)
        cameras = draw_path(rng, shot, frames=5, height=32, width=48)
        if cameras is not None:
            walked += 1
            assert not meets_matter(shot.scene, cameras.center.numpy(), margin=0.0).any()
            torch.testing.assert_close(cameras[0].camera_to_world, torch.from_numpy(shot.pose))
    assert walked > 0


def test_shares_of_kinds_add_up_and_are_drawn():
    assert sum(share for _, share in KINDS.values()) == pytest.approx(1)
    rng = np.random.default_rng(0)
    drawn = [draw_shot(rng).kind for _ in range(60)]
    assert len(set(drawn)) > 15


def test_scenes_differ_in_how_their_depth_is_spread():
    """Some are nearly flat, some recede far, some have something near before something far."""
    rng, spreads, below = np.random.default_rng(3), [], []
    for _ in range(40):
        inverse = 1 / first_view(draw_shot(rng)).depth[0].double()
        spreads.append(float(inverse.quantile(0.9) / inverse.quantile(0.1)))
        below.append(float(inverse[12:].mean() / inverse[:4].mean()))
    assert min(spreads) < 2.5 and max(spreads) > 100
    assert np.mean(np.array(below) < 1.5) > 0.1


@pytest.mark.parametrize(
    ("kind", "point", "inside"),
    [
        (BOX, (0.9, 1.9, 2.9), True),
        (BOX, (1.1, 0, 0), False),
        (BALL, (0, 0, 2.9), True),
        (BALL, (0.8, 1.5, 0), False),
        (CYLINDER, (0.6, 1.9, 0), True),
        (CYLINDER, (0.8, 0, 2.4), False),
        (CONE, (0, -1.9, 0), True),
        (CONE, (0.4, -1.5, 0), False),
        (CONE, (0.4, 1.5, 0), True),
    ],
)
def test_matter_is_where_the_shape_is(kind, point, inside):
    place, tilt = np.array([3.0, -1.0, 5.0]), turn(0.3, 0.8, -0.4)
    scene = scene_of(kind, place, (1, 2, 3), tilt)
    assert meets_matter(scene, (place + tilt @ point)[None], margin=0.0)[0] == inside


def test_a_margin_keeps_that_far_from_faces():
    scene = scene_of(BOX, (0, 0, 0), (1, 1, 1))
    points = np.array([[1.15, 0, 0], [1.25, 0, 0], [0, 0, -1.19]])
    assert meets_matter(scene, points, margin=0.2).tolist() == [True, False, True]


@pytest.mark.parametrize("b", [(1, 2, 3), (0, -2, 0), (0, 2, 0), (-1, 0.5, 0), (0, 0, 4)])
def test_rods_run_from_end_to_end_with_the_point_of_a_cone_at_the_first(b):
    a, b = np.array([0.5, -1, 2]), np.array([0.5, -1, 2]) + b
    half, tilt = upright_along(a, b)
    np.testing.assert_allclose((a + b) / 2 + half * tilt[:, 1], b, atol=1e-12)
    np.testing.assert_allclose(tilt @ tilt.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(tilt) == pytest.approx(1)
    builder = Builder()
    add_rod(builder, a, b, radius=0.5, material=look(), kind=CONE)
    scene = builder.build(outdoor_air(np.random.default_rng(0)))
    across = 0.3 * tilt[:, 0]
    near_tip, near_base = 0.9 * a + 0.1 * b + across, 0.1 * a + 0.9 * b + across
    assert meets_matter(scene, np.stack([near_tip, near_base]), margin=0.0).tolist() == [False, True]


@pytest.mark.parametrize("eye", [(0, -1, -3), (2, -4, 0), (-1, 0.5, 1)])
def test_an_aimed_camera_has_its_target_in_the_middle(eye):
    rng, target = np.random.default_rng(0), (0.5, -1.0, 2.0)
    shot = aim(
        rng, scene_of(BOX, (0, 0, 9), (1, 1, 1)), eye=eye, target=target, fov=(40, 60), stray=0.0, roll=0.3
    )
    seen = transform_points(
        torch.from_numpy(np.linalg.inv(shot.pose)), torch.tensor([target], dtype=torch.float64)
    )[0]
    distance = float(np.linalg.norm(np.subtract(target, eye)))
    torch.testing.assert_close(seen, torch.tensor([0, 0, distance], dtype=torch.float64), atol=1e-9, rtol=0)


def test_places_around_a_target_are_at_the_distance_and_above_where_one_looks_down():
    eye = around((1, -2, 3), distance=5, yaw=0.7, pitch=0.4)
    assert np.linalg.norm(eye - [1, -2, 3]) == pytest.approx(5)
    assert eye[1] == pytest.approx(-2 - 5 * np.sin(0.4))


def test_moves_begin_at_the_start_and_keep_the_camera_rigid():
    rng = np.random.default_rng(0)
    for _ in range(200):
        poses, zoom = draw_move(rng, frames=9, reach=2.0, focus=5.0)
        np.testing.assert_allclose(poses[0], np.eye(4), atol=1e-9)
        R = poses[:, :3, :3]
        np.testing.assert_allclose(R @ R.transpose(0, 2, 1), np.tile(np.eye(3), (9, 1, 1)), atol=1e-9)
        assert zoom[0] == pytest.approx(1) and (zoom > 0.2).all()


def test_all_words_of_the_path_language_are_walked():
    from geometry.presets import PRESETS

    assert set(WORDS) == set(PRESETS)
