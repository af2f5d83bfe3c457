"""Pictures of a cloud from above and from the side."""

import torch

from geometry.camera import Camera
from geometry.cloud import PointCloud
from geometry.plan_view import PlanView, view_from_above, view_from_side

CAMERA = Camera.from_fov(90.0, height=48, width=64)
FOCUS = 3.0


def cloud_of(positions: torch.Tensor, *, sky: bool = False) -> PointCloud:
    count = len(positions)
    return PointCloud(
        positions=positions.float(),
        colors=torch.full((count, 3), 0.5),
        normals=torch.tensor([0.0, 0.0, -1.0]).expand(count, 3).contiguous(),
        radii=torch.full((count,), 0.02),
        sky=torch.full((count,), sky),
    )


def wall(z: float = 3.0) -> PointCloud:
    """Across the view, from floor to ceiling."""
    x, y = torch.meshgrid(torch.linspace(-2, 2, 401), torch.linspace(-1, 1, 41), indexing="xy")
    return cloud_of(torch.stack([x, y, torch.full_like(x, z)], dim=-1).reshape(-1, 3))


def floor() -> PointCloud:
    """A unit under the camera, before the wall."""
    x, z = torch.meshgrid(torch.linspace(-2, 2, 201), torch.linspace(1, 2.5, 101), indexing="xy")
    return cloud_of(torch.stack([x, torch.ones_like(x), z], dim=-1).reshape(-1, 3))


def at(view: PlanView, u: float, v: float) -> tuple[int, int]:
    """Row and column of a place."""
    left, top, right, bottom = view.extent
    height, width = view.solid.shape
    return int((v - top) / (bottom - top) * height), int((u - left) / (right - left) * width)


def test_a_wall_is_solid_and_the_way_to_it_free() -> None:
    view = view_from_above(PointCloud.concatenate([wall(), floor()]), CAMERA, focus_distance=FOCUS)
    assert bool(view.solid[at(view, 0.5, 3.0)])
    assert bool(view.free[at(view, 0.5, 2.0)])
    assert bool(view.free[at(view, 0.0, 0.5)])
    behind = at(view, 0.0, 3.2)
    assert not bool(view.free[behind] | view.solid[behind])
    beside = at(view, -1.5, 0.2)
    assert not bool(view.free[beside])


def test_a_floor_is_faint_not_solid() -> None:
    view = view_from_above(PointCloud.concatenate([wall(), floor()]), CAMERA, focus_distance=FOCUS)
    over, within = at(view, 0.0, 1.5), at(view, 0.0, 3.0)
    assert not bool(view.solid[over])
    assert 0 < float(view.rgba[(3, *over)]) < float(view.rgba[(3, *within)])


def test_far_is_up_in_the_plan_and_high_is_up_in_the_side_view() -> None:
    plan = view_from_above(wall(), CAMERA, focus_distance=FOCUS)
    assert at(plan, 0.0, 3.0)[0] < at(plan, 0.0, 1.0)[0]
    side = view_from_side(wall(), CAMERA, focus_distance=FOCUS)
    assert at(side, 3.0, -1.0)[0] < at(side, 3.0, 1.0)[0]
    assert bool(side.solid[at(side, 3.0, 0.5)])


def test_pictures_hold_the_camera_and_pixels_are_square() -> None:
    for view in (
        view_from_above(wall(), CAMERA, focus_distance=FOCUS),
        view_from_side(wall(), CAMERA, focus_distance=FOCUS),
    ):
        row, column = at(view, 0.0, 0.0)
        height, width = view.solid.shape
        assert 0 < row < height
        assert 0 < column < width
        left, top, right, bottom = view.extent
        tall, wide = abs(bottom - top) / height, abs(right - left) / width
        assert abs(tall / wide - 1) < 0.02


def test_sky_and_far_matter_are_not_drawn() -> None:
    far = cloud_of(torch.tensor([[0.0, 0.0, 1000.0]]))
    sky = cloud_of(torch.tensor([[0.0, 0.0, 2.0]]), sky=True)
    view = view_from_above(PointCloud.concatenate([wall(), far, sky]), CAMERA, focus_distance=FOCUS)
    assert view.extent[1] < 4.0
    assert not bool(view.solid[at(view, 0.0, 2.0)])


def test_an_empty_world_has_an_empty_plan() -> None:
    view = view_from_above(PointCloud.empty(), CAMERA, focus_distance=FOCUS)
    assert not bool((view.solid | view.free).any())
    assert float(view.rgba.max()) == 0.0
