"""Normals of depth maps, and their points against another project's numbers."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from geometry.camera import Camera
from geometry.normals import normals_from_depth
from geometry.projection import world_points
from geometry.rigid import look_at

POSE = look_at(
    torch.tensor([0.3, -0.2, 0.1], dtype=torch.float64),
    torch.tensor([1.0, 0.5, 3.0], dtype=torch.float64),
    torch.tensor([0.0, 1.0, 0.0], dtype=torch.float64),
)
CAMERA = Camera.from_fov(60.0, height=60, width=80, world_to_camera=POSE)


def rays(camera: Camera) -> torch.Tensor:
    """World directions of all pixels with depth 1, in float64."""
    ones = torch.ones(camera.height, camera.width, dtype=torch.float64)
    return world_points(ones, camera) - camera.center


def degrees_between(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return torch.rad2deg(torch.atan2(torch.linalg.cross(a, b).norm(dim=-1), (a * b).sum(-1)))


@settings(max_examples=40, deadline=None)
@given(st.floats(0, 85), st.floats(0, 360), st.floats(0.1, 100))
def test_plane_has_its_normal_at_every_pixel(tilt: float, turn: float, distance: float) -> None:
    tilt, turn = math.radians(tilt), math.radians(turn)
    in_camera = [math.sin(tilt) * math.cos(turn), math.sin(tilt) * math.sin(turn), -math.cos(tilt)]
    normal = CAMERA.camera_to_world[:3, :3] @ torch.tensor(in_camera, dtype=torch.float64)
    depth = -distance / (rays(CAMERA) @ normal)
    valid = (depth > 0) & (depth < 1e4 * distance)
    found = normals_from_depth(depth, CAMERA, valid=valid)
    # A pixel whose neighbours all lie beyond the horizon has nothing to tell its slope from.
    inside = valid.clone()
    inside[1:-1, 1:-1] &= valid[:-2, 1:-1] & valid[2:, 1:-1] & valid[1:-1, :-2] & valid[1:-1, 2:]
    inside[[0, -1]] = False
    inside[:, [0, -1]] = False
    assert float(degrees_between(found, normal.expand_as(found))[inside].amax()) < 1e-3


def test_sphere_has_radial_normals() -> None:
    camera = Camera.from_fov(40.0, height=240, width=320)
    center, radius = torch.tensor([0.1, 0.0, 4.0], dtype=torch.float64), 1.0
    ray = rays(camera)
    half, length = ray @ center, (ray * ray).sum(-1)
    inside = half**2 - length * (center @ center - radius**2)
    valid = inside > 0
    depth = (half - inside.clamp(min=0).sqrt()) / length
    found = normals_from_depth(depth, camera, valid=valid)
    truth = (ray * depth[..., None] - center) / radius
    slant = degrees_between(truth, -ray)
    error = degrees_between(found, truth)
    assert float(error[valid & (slant < 60)].amax()) < 1.0
    assert float(error[valid & (slant < 75)].amax()) < 5.0


def test_normals_are_unit_and_face_the_camera_even_on_noise() -> None:
    generator = torch.Generator().manual_seed(0)
    depth = 1 + torch.rand(60, 80, generator=generator)
    valid = torch.rand(60, 80, generator=generator) < 0.8
    found = normals_from_depth(depth, CAMERA, valid=valid)
    torch.testing.assert_close(found.norm(dim=-1), torch.ones(60, 80))
    assert bool(((found * rays(CAMERA).float()).sum(-1) < 0)[valid].all())


def test_normals_are_not_taken_across_a_step() -> None:
    depth = torch.ones(60, 80)
    depth[:, 40:] = 1.5
    found = normals_from_depth(depth, CAMERA, valid=depth > 0)
    back = -CAMERA.camera_to_world[:3, 2].float()
    torch.testing.assert_close(found, back.expand_as(found))


def test_noise_of_a_sensor_is_smoothed_away() -> None:
    generator = torch.Generator().manual_seed(0)
    camera = Camera.from_fov(60.0, height=120, width=160)
    depth = 2 + 0.01 * torch.randn(120, 160, generator=generator)
    found = normals_from_depth(depth, camera, valid=depth > 0)
    error = degrees_between(found, torch.tensor([0.0, 0.0, -1.0]).expand_as(found))
    pixel_size = 2 / float(camera.K[0, 0])
    unsmoothed = math.degrees(math.atan(0.01 / math.sqrt(2) / pixel_size))
    assert unsmoothed > 25
    assert float(error.median()) < 8


def test_batch_of_frames_equals_frame_by_frame() -> None:
    cameras = Camera.stack([CAMERA, Camera.from_fov(60.0, height=60, width=80)])
    depth = 2 + torch.rand(2, 60, 80, generator=torch.Generator().manual_seed(0))
    valid = depth > 2.1
    together = normals_from_depth(depth, cameras, valid=valid)
    for i in range(2):
        alone = normals_from_depth(depth[i], cameras[i], valid=valid[i])
        torch.testing.assert_close(together[i], alone)


def test_depth_of_another_size_is_refused() -> None:
    depth = torch.ones(60, 81)
    with pytest.raises(ValueError, match=r"depth has shape \(60, 81\); expected \(\.\.\., 60, 80\)"):
        normals_from_depth(depth, CAMERA, valid=depth > 0)


def test_points_are_those_of_gradslam(shared_data: Path) -> None:
    """gradslam's y axis points up (fy < 0), so its world is mirrored in y; its pixel centres are integers."""
    golden = np.load(shared_data / "D_golden" / "gradslam_unproject_b0.npz")
    fx, fy, cx, cy = (float(golden["intrinsics"][i, j]) for i, j in ((0, 0), (1, 1), (0, 2), (1, 2)))
    flip = torch.diag(torch.tensor([1.0, -1.0, 1.0, 1.0], dtype=torch.float64))
    pose = flip @ torch.from_numpy(golden["poses_c2w"]).double() @ flip
    K = torch.tensor([[fx, 0, cx + 0.5], [0, -fy, cy + 0.5], [0, 0, 1]], dtype=torch.float64)
    cameras = Camera(K=K, world_to_camera=torch.linalg.inv(pose), height=120, width=160)
    depth = torch.from_numpy(golden["depths"])[..., 0]
    mirror = torch.tensor([1.0, -1.0, 1.0])
    expected = torch.from_numpy(golden["global_vertex_map"]) * mirror
    seen = depth > 0
    torch.testing.assert_close(world_points(depth, cameras)[seen], expected[seen], rtol=0, atol=1e-5)
