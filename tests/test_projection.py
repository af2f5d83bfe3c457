"""Between points and pixels."""

import math

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation
from strategies import cameras, points

from geometry.camera import Camera
from geometry.projection import pixel_centers, project, unproject, world_points
from geometry.rigid import transform_points

laws = settings(deadline=None, derandomize=True, max_examples=60)


@laws
@given(cameras(), st.floats(-3, 3), st.floats(-3, 3), st.floats(1e-3, 1e4))
def test_unproject_inverts_project(spec, right, down, depth):
    camera = Camera(**spec)
    point = torch.tensor([right * depth, down * depth, depth], dtype=torch.float64)
    pixel, seen = project(point, camera.K)
    assert float(seen) == depth
    torch.testing.assert_close(unproject(pixel, seen, camera.K), point, rtol=1e-9, atol=1e-9 * depth)


@laws
@given(cameras(), st.floats(-5000, 5000), st.floats(-5000, 5000), st.floats(1e-3, 1e4))
def test_project_inverts_unproject(spec, x, y, depth):
    camera = Camera(**spec)
    pixel = torch.tensor([x, y], dtype=torch.float64)
    lifted = unproject(pixel, torch.tensor(depth, dtype=torch.float64), camera.K)
    assert float(lifted[2]) == depth
    torch.testing.assert_close(project(lifted, camera.K)[0], pixel, rtol=0, atol=1e-6)


@laws
@given(cameras(), points(reach=3.0))
def test_project_agrees_with_opencv(spec, point):
    camera = Camera(**spec)
    point = point + torch.tensor([0.0, 0.0, 5.0], dtype=torch.float64)
    rotation, translation = camera.world_to_camera[:3, :3].numpy(), camera.world_to_camera[:3, 3].numpy()
    world = transform_points(camera.camera_to_world, point)
    # The vector is scipy's: OpenCV's own loses half its digits near half a turn.
    vector = Rotation.from_matrix(rotation).as_rotvec()
    wanted, _ = cv2.projectPoints(world.numpy()[None], vector, translation, camera.K.numpy(), None)
    found, _ = project(transform_points(camera.world_to_camera, world), camera.K)
    np.testing.assert_allclose(found.numpy(), wanted.reshape(2), rtol=1e-6, atol=1e-4)


K = torch.tensor([[100.0, 0.0, 32.0], [0.0, 50.0, 24.0], [0.0, 0.0, 1.0]], dtype=torch.float64)
BY_HAND = {
    "straight ahead": ((0, 0, 5), (32, 24), 5),
    "one right at depth two": ((1, 0, 2), (82, 24), 2),
    "one down at depth two": ((0, 1, 2), (32, 49), 2),
    "the top left corner": ((-0.32, -0.48, 1), (0, 0), 1),
    "behind": ((1, 1, -2), (-18, -1), -2),
}


@pytest.mark.parametrize(("point", "pixel", "depth"), BY_HAND.values(), ids=BY_HAND.keys())
def test_project_by_hand(point, pixel, depth):
    found, seen = project(torch.tensor(point, dtype=torch.float64), K)
    torch.testing.assert_close(found, torch.tensor(pixel, dtype=torch.float64))
    assert float(seen) == depth


@pytest.mark.parametrize("batch", [(), (2,), (2, 3)])
def test_one_lens_serves_a_batch_of_points(batch):
    found, depth = project(torch.ones(*batch, 3, dtype=torch.float64), K)
    assert found.shape == (*batch, 2)
    assert depth.shape == batch
    assert unproject(found, depth, K).shape == (*batch, 3)


@pytest.mark.parametrize("batch", [(2,), (2, 3)])
def test_one_point_serves_a_batch_of_lenses(batch):
    found, depth = project(torch.ones(3, dtype=torch.float64), K.expand(*batch, 3, 3))
    assert found.shape == (*batch, 2)
    assert depth.shape == batch


def test_pixel_centers_start_at_half_and_run_along_rows():
    grid = pixel_centers(height=2, width=3)
    assert grid.shape == (2, 3, 2)
    assert grid[0, 0].tolist() == [0.5, 0.5]
    assert grid[1, 2].tolist() == [2.5, 1.5]
    assert grid[0, 1].tolist() == [1.5, 0.5]


def test_the_middle_of_the_picture_is_the_mean_of_its_pixels():
    camera = Camera.from_fov(60.0, height=48, width=64)
    mean = pixel_centers(height=48, width=64, dtype=torch.float64).mean(dim=(0, 1))
    torch.testing.assert_close(mean, camera.K[:2, 2])


@laws
@given(cameras())
def test_world_points_project_back_to_their_pixels(spec):
    camera = Camera(**spec)
    camera = camera.resized(height=3, width=4)
    depth = torch.linspace(1, 2, 12, dtype=torch.float64).reshape(3, 4)
    seen = transform_points(camera.world_to_camera, world_points(depth, camera))
    pixels, back = project(seen, camera.K)
    torch.testing.assert_close(back, depth, rtol=0, atol=1e-9)
    wanted = pixel_centers(height=3, width=4, dtype=torch.float64)
    torch.testing.assert_close(pixels, wanted, rtol=0, atol=1e-6)


@pytest.mark.parametrize("batch", [(), (2,), (2, 3)])
def test_world_points_take_a_batch_of_maps(batch):
    pose = torch.eye(4, dtype=torch.float64).expand(*batch, 4, 4)
    camera = Camera.from_fov(90.0, height=2, width=4, world_to_camera=pose)
    found = world_points(torch.full((*batch, 2, 4), 2.0), camera)
    assert found.shape == (*batch, 2, 4, 3)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found.reshape(-1, 2, 4, 3)[0, 0, 0], torch.tensor([-1.5, -0.5, 2.0]))


def test_world_points_refuse_a_map_of_another_size():
    with pytest.raises(ValueError, match=r"depth has shape \(2, 3\); the camera expects \(2, 4\)"):
        world_points(torch.ones(2, 3), Camera.from_fov(60.0, height=2, width=4))


def test_depth_is_along_the_axis_and_not_along_the_ray():
    pixel = torch.tensor([132.0, 24.0], dtype=torch.float64)
    lifted = unproject(pixel, torch.tensor(2.0, dtype=torch.float64), K)
    assert float(lifted[2]) == 2.0
    assert math.isclose(float(lifted.norm()), 2.0 * math.sqrt(2))
