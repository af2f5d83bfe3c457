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

HEIGHT, WIDTH = 24, 48


def seen(depth: torch.Tensor, camera: Camera, *, sky: torch.Tensor | None = None) -> PointCloud:
    valid = depth > 0 if sky is None else ~sky
    return lift(torch.full((3, HEIGHT, WIDTH), 0.5), depth, camera, valid=valid, sky=sky)


def camera_of(fov_degrees: float) -> Camera:
    return Camera.from_fov(fov_degrees, height=HEIGHT, width=WIDTH)


def stripes(*depths: float) -> torch.Tensor:
    """Upright and equally wide, from left to right."""
    return torch.tensor(depths).repeat_interleave(WIDTH // len(depths)).expand(HEIGHT, -1).contiguous()


@pytest.mark.parametrize(
    ("depths", "center"),
    [
        ((2.0,), 2.0),
        ((2.0, 6.0, 6.0, 2.0), 3.0),
        ((6.0, 2.0, 2.0, 6.0), 2.0),
        ((1.0, 100.0, 100.0, 1.0), 200 / 101),
    ],
    ids=["wall", "street", "subject", "narrow street"],
)
def test_the_scene_is_where_its_middle_is_or_nearer(depths: tuple[float, ...], center: float) -> None:
    camera = camera_of(60.0)
    assert focus_distance(seen(stripes(*depths), camera), camera) == pytest.approx(center, rel=0.02)


def test_sky_has_no_part_in_it_and_without_matter_it_is_a_unit_away() -> None:
    camera, depth = camera_of(60.0), stripes(9.0, 9.0, 9.0, 4.0)
    assert focus_distance(seen(depth, camera, sky=depth > 5), camera) == pytest.approx(4.0, rel=0.02)
    assert focus_distance(seen(depth, camera, sky=depth > 0), camera) == 1.0


@settings(deadline=None, max_examples=20)
@given(sides=st.lists(st.floats(1.0, 20.0), min_size=4, max_size=4), end=st.floats(20.0, 50.0))
def test_a_small_orbit_in_a_street_displaces_nothing_on_the_mean(sides: list[float], end: float) -> None:
    """Through a long lens: what is near goes one way, what is far the other."""
    camera = camera_of(4.0)
    street = stripes(*sides[:2], end, end, end, end, *sides[2:])
    center = focus_distance(seen(street, camera), camera)
    orbit = Trajectory.parse("orbit:0.5deg", frames=2).cameras(camera, focus_distance=center)
    y, x = torch.meshgrid(torch.arange(HEIGHT) + 0.5, torch.arange(WIDTH) + 0.5, indexing="ij")
    points = unproject(torch.stack([x, y], dim=-1), street, camera.K)
    pixels, _ = project(transform_points(orbit[1].world_to_camera, points), camera.K)
    moved = pixels[..., 0] - x
    assert moved.mean().abs() < 0.02 * moved.abs().max() + 0.01
