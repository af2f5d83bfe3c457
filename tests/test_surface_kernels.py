"""The compiled loops over depth maps answer what their slow plain twins answer."""

from pathlib import Path

import plain_surfaces as plain
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from geometry.camera import Camera
from geometry.edges import bridge_gaps, depth_edges, inverse_depth, surface_links
from geometry.kernels.strips import in_strips
from geometry.lifting import lift
from geometry.normals import normals_from_depth
from geometry.rigid import look_at
from voyager_lite.evaluation.scenes import read_scene

POSE = look_at(
    torch.tensor([0.3, -0.2, 0.1], dtype=torch.float64),
    torch.tensor([1.0, 0.5, 3.0], dtype=torch.float64),
    torch.tensor([0.0, 1.0, 0.0], dtype=torch.float64),
)


@st.composite
def depth_maps(draw: st.DrawFn) -> tuple[Tensor, Tensor, Tensor]:
    """Depth, valid and sky: tilted boxes in front of each other, blurred and noisy, with holes and lines
    without depth; unseen pixels hold anything."""
    height, width = draw(st.integers(1, 24)), draw(st.integers(1, 30))
    random = torch.Generator().manual_seed(draw(st.integers(0, 2**32)))
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")

    def plane() -> Tensor:
        a, b, c = (torch.rand(3, generator=random) - 0.5).tolist()
        return (0.6 + c + 0.04 * a * (x - width / 2) + 0.04 * b * (y - height / 2)).clamp(min=0.02)

    inverse = plane()
    for _ in range(draw(st.integers(0, 4))):
        top, left = (
            int(torch.randint(height, (), generator=random)),
            int(torch.randint(width, (), generator=random)),
        )
        box = (y >= top) & (y < top + 8) & (x >= left) & (x < left + 9)
        inverse = torch.where(box, plane(), inverse)
    for _ in range(draw(st.integers(0, 2))):
        inverse = torch.nn.functional.avg_pool2d(inverse[None], 3, 1, 1, count_include_pad=False)[0]
    noise = draw(st.sampled_from([0.0, 0.005, 0.03, 0.3]))
    depth = 1 / (inverse * (1 + noise * (torch.rand(height, width, generator=random) - 0.5)))
    valid = torch.rand(height, width, generator=random) >= draw(st.sampled_from([0.0, 0.02, 0.3]))
    if draw(st.booleans()):
        valid &= (x % 5 != 2) & (y % 7 != 3)
    sky = (torch.rand(height, width, generator=random) < 0.5) & ~valid
    anything = draw(st.sampled_from([0.0, -1.0, 7.0, float("inf"), float("nan")]))
    return torch.where(valid, depth, anything), valid, sky


def camera_of(depth: Tensor) -> Camera:
    height, width = depth.shape[-2:]
    return Camera.from_fov(60.0, height=height, width=width, world_to_camera=POSE)


def assert_same_masks(depth: Tensor, valid: Tensor, sky: Tensor) -> None:
    assert torch.equal(depth_edges(depth, valid), plain.depth_edges(depth, valid))
    assert torch.equal(depth_edges(depth, valid, sky=sky), plain.depth_edges(depth, valid, sky=sky))
    bridged, closed = bridge_gaps(depth, valid)
    expected, expected_closed = plain.bridge_gaps(depth, valid)
    assert torch.equal(closed, expected_closed)
    assert torch.equal(bridged[closed], expected[closed])
    inverse = inverse_depth(depth, valid)
    assert torch.equal(inverse, plain.inverse_depth(depth, valid))
    for dim in (-1, -2):
        expected = plain.surface_links(inverse, valid, dim=dim)
        assert torch.equal(surface_links(inverse, valid, dim=dim), expected)


def assert_same_points(depth: Tensor, valid: Tensor) -> None:
    camera = camera_of(depth)
    image = torch.rand(3, *depth.shape, generator=torch.Generator().manual_seed(0))
    found, expected = (
        lift(image, depth, camera, valid=valid),
        plain.surface_points(image, depth, camera, valid=valid),
    )
    assert torch.equal(found.colors, expected.colors)
    torch.testing.assert_close(found.positions, expected.positions, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(found.normals, expected.normals, rtol=0, atol=1e-5)
    torch.testing.assert_close(found.radii, expected.radii, rtol=1e-5, atol=0)


@given(depth_maps())
def test_edges_gaps_and_links_are_those_of_the_plain_twin_to_the_bit(
    maps: tuple[Tensor, Tensor, Tensor],
) -> None:
    assert_same_masks(*maps)


@given(depth_maps())
def test_normals_and_points_are_those_of_the_plain_twin(maps: tuple[Tensor, Tensor, Tensor]) -> None:
    depth, valid, _ = maps
    found = normals_from_depth(depth, camera_of(depth), valid=valid)
    expected = plain.normals_from_depth(depth, camera_of(depth), valid=valid)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)
    assert_same_points(depth, valid)


def test_maps_made_for_these_tests_hold_what_they_are_to_test() -> None:
    """Else the tests above could pass on empty masks."""
    flying, bridged, linked = [], [], []

    @given(depth_maps())
    def look(maps: tuple[Tensor, Tensor, Tensor]) -> None:
        depth, valid, sky = maps
        flying.append(int(depth_edges(depth, valid, sky=sky).sum()))
        bridged.append(int((bridge_gaps(depth, valid)[1] & ~valid).sum()))
        linked.append(float(surface_links(inverse_depth(depth, valid), valid, dim=-1).float().mean()))

    look()
    assert sum(flying) > 100 and sum(bridged) > 100
    assert min(linked) == 0 and max(linked) > 0.9


@pytest.mark.parametrize("batch", [(), (2,), (2, 3), (0,)])
def test_batches_are_those_of_the_plain_twin(batch: tuple[int, ...]) -> None:
    random = torch.Generator().manual_seed(0)
    inverse = (torch.rand(*batch, 20, 30, generator=random) * 0.1).cumsum(-1) + 0.1
    valid = torch.rand(*batch, 20, 30, generator=random) < 0.9
    assert_same_masks(1 / inverse, valid, ~valid)
    camera = camera_of(inverse)
    camera = Camera(
        K=camera.K.expand(*batch, 3, 3), world_to_camera=POSE.expand(*batch, 4, 4), height=20, width=30
    )
    found = normals_from_depth(1 / inverse, camera, valid=valid)
    torch.testing.assert_close(
        found, plain.normals_from_depth(1 / inverse, camera, valid=valid), rtol=0, atol=1e-5
    )


@pytest.mark.parametrize("scene", ["kitchen_kinect", "motorcycle_stereo", "corridor_hololens"])
def test_real_depth_gives_what_the_plain_twin_gives(shared_data: Path, scene: str) -> None:
    frame = next(iter(read_scene(shared_data / "B_rgbd" / scene).frames.values()))
    assert_same_masks(frame.depth, frame.valid, ~frame.valid)
    assert_same_points(frame.depth, frame.valid)


@pytest.mark.parametrize("threads", [1, 2, 3, 40])
def test_number_of_threads_changes_nothing(monkeypatch: pytest.MonkeyPatch, threads: int) -> None:
    random = torch.Generator().manual_seed(0)
    depth = 1 / ((torch.rand(37, 30, generator=random) * 0.1).cumsum(-1) + 0.1)
    valid = torch.rand(37, 30, generator=random) < 0.9
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    assert_same_masks(depth, valid, ~valid)
    assert_same_points(depth, valid)
    rows: list[int] = []
    in_strips(37, lambda strip, out: out.extend(range(*strip)), rows)
    assert sorted(rows) == list(range(37))
