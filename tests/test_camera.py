"""The pinhole camera."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import cameras, points

from geometry.camera import Camera
from geometry.checks import require_intrinsics
from geometry.projection import project
from geometry.rigid import look_at, transform_points

laws = settings(deadline=None, derandomize=True, max_examples=60)
EYE = torch.eye(4, dtype=torch.float64)


def pixel_of(point, camera):
    return project(transform_points(camera.world_to_camera, point), camera.K)[0]


@laws
@given(cameras(), st.integers(1, 3000), st.integers(1, 3000), points(reach=2.0))
def test_resize_then_project_is_project_then_scale(spec, height, width, point):
    camera = Camera(**spec)
    ahead = point + torch.tensor([0.0, 0.0, 5.0], dtype=torch.float64)
    world = transform_points(camera.camera_to_world, ahead)
    scale = torch.tensor([width / camera.width, height / camera.height], dtype=torch.float64)
    found = pixel_of(world, camera.resized(height=height, width=width))
    torch.testing.assert_close(found, pixel_of(world, camera) * scale, rtol=1e-9, atol=1e-6)


@laws
@given(cameras())
def test_resizing_back_changes_nothing(spec):
    camera = Camera(**spec)
    back = camera.resized(height=7, width=11).resized(height=camera.height, width=camera.width)
    torch.testing.assert_close(back.K, camera.K)
    assert (back.height, back.width) == (camera.height, camera.width)


@laws
@given(cameras())
def test_the_center_is_where_the_camera_stands(spec):
    camera = Camera(**spec)
    seen = transform_points(camera.world_to_camera, camera.center)
    torch.testing.assert_close(seen, torch.zeros(3, dtype=torch.float64), rtol=0, atol=1e-9)


@laws
@given(st.floats(1, 179), st.integers(1, 4000), st.integers(1, 4000))
def test_the_field_of_view_comes_back(fov, height, width):
    camera = Camera.from_fov(fov, height=height, width=width)
    assert math.isclose(float(camera.fov_degrees), fov, rel_tol=1e-9)
    edge = torch.tensor([math.tan(math.radians(fov) / 2), 0.0, 1.0], dtype=torch.float64)
    assert math.isclose(float(pixel_of(edge, camera)[0]), width, rel_tol=1e-6)


@laws
@given(points(), points())
def test_look_at_puts_its_target_on_the_principal_point(center, target):
    down = torch.tensor([0.0, 1.0, 0.0], dtype=torch.float64)
    if torch.linalg.cross(target - center, down).norm() < 1e-2:
        return
    camera = Camera.from_fov(50.0, height=30, width=40, world_to_camera=look_at(center, target, down))
    torch.testing.assert_close(pixel_of(target, camera), camera.K[:2, 2], rtol=0, atol=1e-6)


POSES = {
    "at the origin": (EYE, (0, 0, 0), (20, 15)),
    "a step to the left": (
        torch.tensor([[1.0, 0, 0, 1], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]),
        (-1, 0, 0),
        (30, 15),
    ),
    "a step forward": (
        torch.tensor([[1.0, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, -1], [0, 0, 0, 1]]),
        (0, 0, 1),
        (20, 15),
    ),
    "rolled a quarter clockwise, one right": (
        torch.tensor([[0.0, 1, 0, 0], [-1, 0, 0, 1], [0, 0, 1, 0], [0, 0, 0, 1]]),
        (1, 0, 0),
        (20, 25),
    ),
}


@pytest.mark.parametrize(("pose", "center", "pixel"), POSES.values(), ids=POSES.keys())
def test_poses_by_hand(pose, center, pixel):
    """A lens of 20 pixels sees the point two ahead of the world's origin."""
    camera = Camera.from_fov(90.0, height=30, width=40, world_to_camera=pose.double())
    torch.testing.assert_close(camera.center, torch.tensor(center, dtype=torch.float64))
    found = pixel_of(torch.tensor([0.0, 0.0, 2.0], dtype=torch.float64), camera)
    torch.testing.assert_close(found, torch.tensor(pixel, dtype=torch.float64))


def test_one_lens_serves_a_batch_of_poses_and_the_other_way_round():
    one = Camera.from_fov(60.0, height=3, width=4)
    poses = Camera(K=one.K, world_to_camera=EYE.expand(5, 4, 4), height=3, width=4)
    lenses = Camera(K=one.K.expand(2, 5, 3, 3), world_to_camera=EYE, height=3, width=4)
    assert poses.batch_shape == (5,)
    assert poses.K.shape == (5, 3, 3)
    assert lenses.batch_shape == (2, 5)
    assert lenses.center.shape == (2, 5, 3)


def test_matrices_are_kept_in_double():
    camera = Camera(K=torch.eye(3), world_to_camera=torch.eye(4), height=1, width=1)
    assert camera.K.dtype == camera.world_to_camera.dtype == torch.float64


def test_stack_then_index_gives_each_camera_back():
    each = [Camera.from_fov(fov, height=3, width=4) for fov in (40.0, 60.0, 80.0)]
    batch = Camera.stack(each)
    assert len(batch) == 3
    assert torch.equal(batch[1].K, each[1].K)
    assert len(batch[1:]) == 2
    assert batch[0].batch_shape == ()


def test_only_cameras_of_one_size_stack():
    with pytest.raises(ValueError, match=r"picture sizes \[\(4, 3\), \(5, 3\)\]; expected one common size"):
        Camera.stack([Camera.from_fov(60.0, height=3, width=w) for w in (4, 5)])
    with pytest.raises(ValueError, match=r"picture sizes \[\]"):
        Camera.stack([])


def test_a_single_camera_has_no_length_and_no_rows():
    camera = Camera.from_fov(60.0, height=3, width=4)
    with pytest.raises(TypeError, match="no length"):
        len(camera)
    with pytest.raises(IndexError, match="cannot be indexed"):
        camera[0]


BAD_LENSES = {
    "no focal length": (
        [[0.0, 0, 2], [0, 1, 2], [0, 0, 1]],
        "camera.K has focal length 0 pixels; expected > 0",
    ),
    "a mirror": ([[1.0, 0, 2], [0, -3, 2], [0, 0, 1]], "focal length -3 pixels"),
    "skew": ([[1.0, 0.5, 2], [0, 1, 2], [0, 0, 1]], "skew is not supported"),
    "last row": ([[1.0, 0, 2], [0, 1, 2], [0, 0, 2]], "camera.K is not"),
    "not a number": ([[math.nan, 0, 2], [0, 1, 2], [0, 0, 1]], "camera.K has 1 values that are NaN"),
}


@pytest.mark.parametrize(("K", "message"), BAD_LENSES.values(), ids=BAD_LENSES.keys())
def test_a_camera_refuses_what_is_no_pinhole(K, message):
    with pytest.raises(ValueError, match=message):
        Camera(K=torch.tensor(K), world_to_camera=EYE, height=3, width=4)


@pytest.mark.parametrize("fov", [0.0, -5.0, 180.0, 400.0, math.nan])
def test_a_field_of_view_is_between_0_and_180(fov):
    with pytest.raises(ValueError, match="degrees; expected more than 0, less than 180"):
        Camera.from_fov(fov, height=3, width=4)


@pytest.mark.parametrize(("height", "width"), [(0, 4), (3, 0), (-1, 4)])
def test_a_picture_has_at_least_one_pixel(height, width):
    with pytest.raises(ValueError, match=f"camera has size {width}x{height}; expected at least 1x1"):
        Camera(K=torch.eye(3), world_to_camera=EYE, height=height, width=width)


def test_require_intrinsics_names_a_wrong_shape():
    """Called alone, because in tests the type hook of Camera is there first."""
    with pytest.raises(ValueError, match=r"camera.K has shape \(3, 4\); expected \(..., 3, 3\)"):
        require_intrinsics("camera.K", torch.ones(3, 4))


def test_a_camera_refuses_a_pose_that_is_no_rotation():
    with pytest.raises(ValueError, match=r"camera\.world_to_camera is not a rotation"):
        Camera(K=torch.eye(3), world_to_camera=EYE * 2, height=3, width=4)
