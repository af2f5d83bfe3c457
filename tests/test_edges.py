"""Flying pixels and surface links."""

import math

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from geometry.camera import Camera
from geometry.edges import (
    EDGE_RATIO,
    REACH,
    beside_nearer,
    bridge_gaps,
    depth_edges,
    inverse_depth,
    surface_links,
)
from geometry.projection import pixel_centers

CAMERA = Camera.from_fov(60.0, height=48, width=64)


def plane_depth(normal: tuple[float, float, float], offset: float) -> torch.Tensor:
    """Depth of the plane normal . x = offset, by intersecting every pixel's ray."""
    pixels = pixel_centers(height=48, width=64, dtype=torch.float64)
    K = CAMERA.K
    ray = torch.stack([(pixels[..., 0] - K[0, 2]) / K[0, 0], (pixels[..., 1] - K[1, 2]) / K[1, 1]], -1)
    ray = torch.cat([ray, torch.ones_like(ray[..., :1])], -1)
    return (offset / (ray @ torch.tensor(normal, dtype=torch.float64))).float()


def ramp(width: int, near: float = 1.0, far: float = 4.0) -> torch.Tensor:
    """A near and a far wall with ``width`` pixels of even steps in depth between, at columns 30 and on."""
    row = torch.full((64,), near)
    row[30 + width :] = far
    row[30 : 30 + width] = torch.linspace(near, far, width + 2)[1:-1]
    return row.expand(48, 64).clone()


def test_blurred_step_loses_its_in_between_pixels_and_no_others() -> None:
    for width in range(1, REACH + 1):
        for depth in (ramp(width), ramp(width).mT.contiguous()[:, :48], ramp(width).flip(-1)):
            valid = torch.ones_like(depth, dtype=torch.bool)
            between = (depth > 1.0) & (depth < 4.0)
            assert torch.equal(depth_edges(depth, valid), between)


def test_sharp_step_loses_nothing() -> None:
    depth = ramp(0)
    assert not depth_edges(depth, depth > 0).any()


def test_floor_at_a_grazing_angle_loses_nothing() -> None:
    floor = plane_depth((0.0, 1.0, 0.0), 0.05)
    below_horizon = floor > 0
    assert float(floor[below_horizon].max() / floor[below_horizon].min()) > 40
    assert not depth_edges(floor, below_horizon).any()


@settings(max_examples=50, deadline=None)
@given(st.floats(-88, 88), st.floats(0, 360), st.floats(0.1, 1000))
def test_no_plane_has_flying_pixels(tilt: float, turn: float, offset: float) -> None:
    tilt, turn = math.radians(tilt), math.radians(turn)
    normal = (math.sin(tilt) * math.cos(turn), math.sin(tilt) * math.sin(turn), math.cos(tilt))
    depth = plane_depth(normal, offset)
    valid = (depth > 0) & (depth < 1e6)
    assert not depth_edges(depth, valid).any()
    links = surface_links(inverse_depth(depth, valid), valid, dim=-1)
    three = valid[:, 2:] & valid[:, 1:-1] & valid[:, :-2]
    assert links[:, :-2][three].all() and links[:, 1:-1][three].all()


def test_post_narrower_than_the_reach_survives() -> None:
    depth = torch.full((48, 64), 4.0)
    depth[:, :20] = 1.0
    depth[:, 20:24] = 2.0
    assert not depth_edges(depth, depth > 0).any()


def test_silhouette_fading_into_the_sky_is_an_edge() -> None:
    depth = ramp(2, near=2.0, far=9.0)
    sky = depth == 9.0
    assert torch.equal(depth_edges(depth, ~sky, sky=sky), (depth > 2.0) & ~sky)


def test_links_end_at_a_step() -> None:
    depth = ramp(0, near=1.0, far=1.2)
    links = surface_links(inverse_depth(depth, depth > 0), depth > 0, dim=-1)
    expected = torch.ones(48, 64, dtype=torch.bool)
    expected[:, [29, 63]] = False
    assert torch.equal(links, expected)


def test_single_pixel_gaps_of_a_surface_are_bridged_exactly_and_wider_ones_and_steps_are_not() -> None:
    depth = plane_depth((0.2, 0.1, 1.0), 2.0)
    depth[:, 40:] += 3.0
    valid = torch.ones(48, 64, dtype=torch.bool)
    valid[10, :] = False
    valid[:, 20] = False
    valid[30:33, 30:33] = False
    valid[:, 40] = False
    bridged, known = bridge_gaps(torch.where(valid, depth, torch.zeros(())), valid)
    expected = torch.ones(48, 64, dtype=torch.bool)
    expected[30:33, 30:33] = False
    expected[:, 40] = False
    assert torch.equal(known, expected)
    torch.testing.assert_close(bridged[known], depth[known])


def test_pixels_that_touch_something_nearer_are_beside_it() -> None:
    """A post before a wall: the ring around it, corners too; a floor's rows are one surface."""
    depth = torch.full((9, 12), 2.0)
    depth[3:6, 4:7] = 1.0
    expected = torch.zeros(9, 12, dtype=torch.bool)
    expected[2:7, 3:8] = True
    expected[3:6, 4:7] = False
    assert torch.equal(beside_nearer(depth), expected)
    assert torch.equal(beside_nearer(torch.stack([depth, depth.flip(1)])).flip(2)[1], expected)
    slight = torch.where(depth < 2.0, 2.0 / (0.99 * EDGE_RATIO), depth)
    assert not beside_nearer(slight).any()


def test_batches_are_frame_by_frame() -> None:
    frames = torch.stack([ramp(0), ramp(3)])
    valid = torch.ones_like(frames, dtype=torch.bool)
    assert torch.equal(depth_edges(frames, valid)[1], depth_edges(frames[1], valid[1]))
