"""Nothing new stands where another camera has looked through."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from geometry.cache import NEARER
from geometry.camera import Camera
from geometry.cloud import PointCloud
from geometry.free_space import in_free_space
from geometry.lifting import lift


def camera_at(x: float = 0.0) -> Camera:
    pose = torch.eye(4, dtype=torch.float64)
    pose[0, 3] = -x
    return Camera.from_fov(60.0, height=24, width=32, world_to_camera=pose)


def points(*places: tuple[float, float, float], sky: bool = False) -> PointCloud:
    positions = torch.tensor(places, dtype=torch.float32)
    return PointCloud(
        positions=positions,
        colors=torch.zeros_like(positions),
        normals=torch.tensor([[0.0, 0.0, -1.0]]).expand(len(places), 3),
        radii=torch.ones(len(places)),
        sky=torch.full((len(places),), sky),
    )


WALL = torch.full((24, 32), 4.0)


def test_by_hand() -> None:
    cloud = points((0, 0, 2), (0, 0, 3.7), (0, 0, 3.85), (0, 0, 4), (0, 0, 9), (30, 0, 2), (0, 0, -1))
    found = in_free_space(cloud, seen=WALL, seen_from=camera_at())
    assert found.tolist() == [True, True, False, False, False, False, False]


def test_the_sky_stands_before_nothing_and_what_was_not_seen_behind_nothing() -> None:
    assert not in_free_space(points((0, 0, 2), sky=True), seen=WALL, seen_from=camera_at()).any()
    unseen = torch.where(torch.arange(32) < 16, 0.0, 4.0).expand(24, 32)
    found = in_free_space(points((-0.1, 0, 2), (0.1, 0, 2)), seen=unseen, seen_from=camera_at())
    assert found.tolist() == [False, True]


def test_no_points_are_none() -> None:
    assert in_free_space(PointCloud.empty(), seen=WALL, seen_from=camera_at()).shape == (0,)


@given(place=st.floats(-3, 3), depth=st.floats(0.5, 12), wall=st.floats(1, 10))
def test_a_wall_is_in_free_space_as_far_as_it_is_seen_before_another(
    place: float, depth: float, wall: float
) -> None:
    """The closed form: parallel walls, cameras beside each other."""
    other = camera_at(place)
    everywhere = torch.ones(24, 32, dtype=torch.bool)
    cloud = lift(torch.zeros(3, 24, 32), torch.full((24, 32), depth), other, valid=everywhere)
    found = in_free_space(cloud, seen=torch.full((24, 32), wall), seen_from=camera_at())
    half = 16 / float(other.K[0, 0])
    in_sight = cloud.positions[:, 0].abs() < half * depth
    sure = (cloud.positions[:, 0].abs() - half * depth).abs() > 1e-4 * depth
    expected = in_sight & (depth < (1 - NEARER) * wall)
    if abs(depth - (1 - NEARER) * wall) > 1e-4 * wall:
        assert torch.equal(found[sure], expected[sure])


def test_sizes_must_fit() -> None:
    with pytest.raises(ValueError, match="seen"):
        in_free_space(points((0, 0, 1)), seen=torch.ones(3, 3), seen_from=camera_at())
