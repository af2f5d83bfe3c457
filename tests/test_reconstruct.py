"""Posed RGB-D frames to one cloud."""

import doctest
import importlib
import math

import pytest
import torch
from torch import Tensor

from geometry.camera import Camera
from geometry.projection import world_points
from geometry.rigid import look_at
from voyager_lite.reconstruct import reconstruct

HEIGHT, WIDTH, FRAMES = 48, 64, 5


def orbit() -> Camera:
    """Cameras around a unit sphere at the origin, each seeing about half of it."""
    angles = torch.linspace(0, 2 * torch.pi, FRAMES + 1, dtype=torch.float64)[:-1]
    centers = 4 * torch.stack([angles.sin(), 0 * angles, -angles.cos()], dim=-1)
    pose = look_at(centers, torch.zeros(3).double(), torch.tensor([0.0, 1.0, 0.0]).double())
    K = Camera.from_fov(40.0, height=HEIGHT, width=WIDTH).K
    return Camera(K=K, world_to_camera=pose, height=HEIGHT, width=WIDTH)


def sphere_frames(cameras: Camera) -> tuple[Tensor, Tensor, Tensor]:
    """Pictures coloured by the place on the sphere, depth, and where the sphere is."""
    center = cameras.center[:, None, None]
    ray = world_points(torch.ones(FRAMES, HEIGHT, WIDTH, dtype=torch.float64), cameras) - center
    half, length = -(ray * center).sum(-1), (ray * ray).sum(-1)
    inside = half**2 - length * ((center * center).sum(-1) - 1)
    hit = inside > 0
    depth = torch.where(hit, (half - inside.clamp(min=0).sqrt()) / length, torch.zeros_like(half))
    place = center + ray * depth[..., None]
    image = torch.where(hit[..., None], place / 2 + 0.5, torch.zeros_like(place))
    return image.permute(0, 3, 1, 2).float(), depth.float(), hit


def test_sphere_seen_from_all_around_is_closed_and_kept_once() -> None:
    cameras = orbit()
    images, depths, hit = sphere_frames(cameras)
    cloud = reconstruct(images, cameras, depths, valid=hit)
    assert len(cloud) < 0.8 * int(hit.sum())
    torch.testing.assert_close(cloud.positions.norm(dim=-1), torch.ones(len(cloud)), rtol=0, atol=1e-5)
    torch.testing.assert_close(cloud.colors, cloud.positions / 2 + 0.5, rtol=0, atol=1e-5)
    # Every direction of the equator has a point within the spacing of two pixels.
    angles = torch.linspace(0, 2 * torch.pi, 100)[:-1]
    equator = torch.stack([angles.sin(), 0 * angles, angles.cos()], dim=-1)
    spacing = 3 / float(cameras.K[0, 0, 0])
    assert float(torch.cdist(equator, cloud.positions).amin(dim=1).amax()) < 2 * spacing


def test_single_frame_gives_all_its_points() -> None:
    cameras = orbit()[:1]
    images, depths, hit = sphere_frames(orbit())
    assert len(reconstruct(images[:1], cameras, depths[:1], valid=hit[:1])) == int(hit[0].sum())


def test_no_frames_give_no_points() -> None:
    cameras = orbit()[:0]
    nothing = torch.zeros(0, HEIGHT, WIDTH)
    assert len(reconstruct(torch.zeros(0, 3, HEIGHT, WIDTH), cameras, nothing)) == 0


def test_progress_goes_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    images, depths, hit = sphere_frames(orbit())
    reconstruct(images, orbit(), depths, valid=hit, progress=True)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "5/5" in captured.err


def test_bad_frames_are_refused() -> None:
    cameras = orbit()
    images, depths, hit = sphere_frames(cameras)
    with pytest.raises(ValueError, match=r"images have shape \(5, 3, 48, 63\); the cameras expect"):
        reconstruct(images[..., 1:], cameras, depths, valid=hit)
    with pytest.raises(ValueError, match=r"depths have shape \(4, 48, 64\)"):
        reconstruct(images, cameras, depths[1:], valid=hit)
    with pytest.raises(ValueError, match=r"valid have shape \(5, 47, 64\)"):
        reconstruct(images, cameras, depths, valid=hit[:, 1:])
    with pytest.raises(ValueError, match=r"cameras have batch shape \(\)"):
        reconstruct(images, cameras[0], depths, valid=hit)
    with pytest.raises(ValueError, match=r"depths have .* first in frame 0; expected > 0 wherever valid"):
        reconstruct(images, cameras, depths)
    for bad in (math.nan, -1.0, math.inf):
        broken = depths.clone()
        broken[3, 24, 32] = bad
        with pytest.raises(ValueError, match=r"depths have 1 values .* first in frame 3"):
            reconstruct(images, cameras, broken, valid=hit)
    with pytest.raises(ValueError, match="is not a rotation"):
        reconstruct(
            images,
            Camera(K=cameras.K, world_to_camera=2 * cameras.world_to_camera, height=HEIGHT, width=WIDTH),
            depths,
        )


def test_doctest() -> None:
    # The package offers the function under the name of its module, so the module is asked for by name.
    assert doctest.testmod(importlib.import_module("voyager_lite.reconstruct")).failed == 0
