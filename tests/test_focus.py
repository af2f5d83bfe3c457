"""Where a view's scene is."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from geometry.camera import Camera
from geometry.cloud import PointCloud
from geometry.focus import focus_distance
from geometry.lifting import lift
from geometry.projection import project, unproject
from geometry.rigid import transform_points
from geometry.trajectory import Trajectory

HEIGHT, WIDTH = 24, 36


def seen(depth: torch.Tensor, camera: Camera, *, sky: torch.Tensor | None = None) -> PointCloud:
    valid = depth > 0 if sky is None else ~sky
    return lift(torch.full((3, HEIGHT, WIDTH), 0.5), depth, camera, valid=valid, sky=sky)


def camera_of(fov_degrees: float) -> Camera:
    return Camera.from_fov(fov_degrees, height=HEIGHT, width=WIDTH)


def halves(left: float, right: float) -> torch.Tensor:
    return torch.where(torch.arange(WIDTH) < WIDTH // 2, left, right).expand(HEIGHT, -1).contiguous()


@pytest.mark.parametrize(
    ("left", "right", "center"), [(2.0, 2.0, 2.0), (2.0, 6.0, 3.0), (1.0, 100.0, 200 / 101)]
)
def test_the_scene_is_at_the_harmonic_mean_of_its_depth(left: float, right: float, center: float) -> None:
    camera = camera_of(60.0)
    assert focus_distance(seen(halves(left, right), camera), camera) == pytest.approx(center, rel=0.02)


def test_sky_has_no_part_in_it_and_without_matter_it_is_a_unit_away() -> None:
    camera = camera_of(60.0)
    sky = halves(1.0, 0.0) > 0
    assert focus_distance(seen(halves(9.0, 4.0), camera, sky=sky), camera) == pytest.approx(4.0, rel=0.02)
    assert focus_distance(seen(halves(9.0, 4.0), camera, sky=sky | ~sky), camera) == 1.0


@settings(deadline=None, max_examples=20)
@given(depths=st.lists(st.floats(1.0, 50.0), min_size=6, max_size=6))
def test_a_small_orbit_displaces_nothing_on_the_mean(depths: list[float]) -> None:
    """Upright stripes at random depths, through a long lens: near ones go one way, far ones the other."""
    camera = camera_of(4.0)
    stripes = torch.tensor(depths).repeat_interleave(WIDTH // 6).expand(HEIGHT, -1).contiguous()
    center = focus_distance(seen(stripes, camera), camera)
    orbit = Trajectory.parse("orbit:0.5deg", frames=2).cameras(camera, focus_distance=center)
    y, x = torch.meshgrid(torch.arange(HEIGHT) + 0.5, torch.arange(WIDTH) + 0.5, indexing="ij")
    points = unproject(torch.stack([x, y], dim=-1), stripes, camera.K)
    pixels, _ = project(transform_points(orbit[1].world_to_camera, points), camera.K)
    moved = pixels[..., 0] - x
    assert moved.mean().abs() < 0.02 * moved.abs().max() + 0.01
