"""Pluecker rays: against lines written by hand, and under changes of frame, scale and side."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from geometry.camera import Camera
from voyager_lite.core.rays import MIRRORED_RAY, plucker_rays


def walk(*steps, height=4, width=6):
    poses = torch.eye(4, dtype=torch.float64).repeat(len(steps), 1, 1)
    poses[:, :3, 3] = -torch.tensor(steps, dtype=torch.float64)
    first = Camera.from_fov(90.0, height=height, width=width)
    return Camera(K=first.K, world_to_camera=poses, height=height, width=width)


def test_the_middle_ray_points_ahead_and_its_moment_is_the_step_to_the_side():
    rays = plucker_rays(walk((0, 0, 0), (2, 0, 0), height=3, width=3), height=3, width=3, near=4.0)
    assert rays[0, :, 1, 1].tolist() == [0, 0, 1, 0, 0, 0]
    assert rays[1, :, 1, 1].tolist() == [0, 0, 1, 0, -0.5, 0]  # (0.5, 0, 0) x (0, 0, 1)


@given(x=st.floats(-3, 3), z=st.floats(-3, 3))
def test_direction_is_a_unit_vector_square_to_its_moment(x, z):
    rays = plucker_rays(walk((0, 0, 0), (x, 0.3, z)), height=2, width=3, near=0.7)
    torch.testing.assert_close(rays[:, :3].norm(dim=1), torch.ones(2, 2, 3))
    assert (rays[:, :3] * rays[:, 3:]).sum(dim=1).abs().max() < 1e-5


def test_rays_do_not_depend_on_the_worlds_frame_or_its_unit():
    cameras = walk((0, 0, 0), (0.4, -0.1, 0.8))
    turn = torch.eye(4, dtype=torch.float64)
    c, s = torch.cos(torch.tensor(0.7)), torch.sin(torch.tensor(0.7))
    turn[:3, :3] = torch.tensor([[c, 0, s], [0, 1, 0], [-s, 0, c]])
    turn[:3, 3] = torch.tensor([5.0, -2, 1])
    moved = cameras.world_to_camera @ turn
    other = Camera(K=cameras.K, world_to_camera=moved, height=4, width=6)
    scaled = walk((0, 0, 0), (4.0, -1, 8))
    expected = plucker_rays(cameras, height=4, width=6, near=1.0)
    torch.testing.assert_close(plucker_rays(other, height=4, width=6, near=1.0), expected)
    torch.testing.assert_close(plucker_rays(scaled, height=4, width=6, near=10.0), expected)


def test_rays_of_a_mirrored_walk_are_the_mirrored_rays():
    rays = plucker_rays(walk((0, 0, 0), (0.5, 0.2, 0.1)), height=4, width=6, near=1.0)
    other = plucker_rays(walk((0, 0, 0), (-0.5, 0.2, 0.1)), height=4, width=6, near=1.0)
    torch.testing.assert_close(rays.flip(-1) * MIRRORED_RAY, other)


def test_a_coarse_picture_sees_the_same_field_of_view():
    cameras = walk((0, 0, 0))
    fine = plucker_rays(cameras, height=8, width=12, near=1.0)
    coarse = plucker_rays(cameras, height=4, width=6, near=1.0)
    middle = fine[..., 2:4, 2:4].mean(dim=(-1, -2))
    torch.testing.assert_close(middle, coarse[..., 1, 1], atol=0.02, rtol=0)
