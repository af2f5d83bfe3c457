"""The measure of depth: it forgives exactly scale and shift, and knows a good guess from a bad one."""

from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from jaxtyping import Float
from torch import Tensor

from voyager_lite.depth.estimate import DepthEstimate
from voyager_lite.depth.layout import LayoutDepth
from voyager_lite.evaluation.depth import (
    BASELINES,
    aligned_depth,
    depth_errors,
    depth_rows,
    measured_pictures,
)


def truth(seed: int = 0) -> Tensor:
    return torch.rand(40, 60, generator=torch.Generator().manual_seed(seed)) * 4 + 1


@given(scale=st.floats(0.01, 100), shift=st.floats(-5, 5), seed=st.integers(0, 1000))
def test_scale_and_shift_of_inverse_depth_are_forgiven(scale: float, shift: float, seed: int) -> None:
    depth = truth(seed)
    abs_rel, delta = depth_errors(((1 / depth).double() * scale + shift).float(), depth)
    assert abs_rel < 1e-2 and delta == 1


def test_alignment_is_not_pulled_by_a_tenth_measured_far_too_near() -> None:
    depth = truth().flatten().double()
    inverse = 3 / depth - 0.2
    depth[::10] = 0.05
    found = aligned_depth(inverse, depth)
    sane = torch.ones_like(depth, dtype=torch.bool)
    sane[::10] = False
    torch.testing.assert_close(found[sane], depth[sane], rtol=0.05, atol=0)


def test_the_wrong_way_round_is_no_better_than_a_plane() -> None:
    depth = truth()
    plane = depth_errors(torch.ones_like(depth), depth)
    assert depth_errors(-1 / depth, depth) == pytest.approx(plane)
    assert plane[0] > 0.2


def test_hand_worked_errors_of_a_plane() -> None:
    """Three of four pixels at 2, one at 4: the best plane is at 2, so AbsRel is (0 + 0 + 0 + 1/2) / 4."""
    depth = torch.tensor([[2.0, 2.0], [2.0, 4.0]])
    abs_rel, delta = depth_errors(torch.ones(2, 2), depth)
    assert abs_rel == pytest.approx(0.125, abs=0.01)
    assert delta == 0.75


def test_unmeasured_pixels_do_not_count() -> None:
    depth = truth()
    inverse = 1 / depth
    depth[:20], inverse[:20] = 0, 7
    assert depth_errors(inverse, depth)[0] < 1e-3


def test_a_folder_without_scenes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="holds neither B_single"):
        list(measured_pictures(tmp_path))


class _Oracle:
    """Knows the depth of each picture, in another unit and shifted."""

    def __init__(self, data: Path) -> None:
        self.answers = [(picture.image, picture.depth) for picture in measured_pictures(data)]

    def estimate(
        self, image: Float[Tensor, "3 height width"], *, fov_degrees: float | None = None
    ) -> DepthEstimate:
        depth = next(
            depth for known, depth in self.answers if known.shape == image.shape and known.equal(image)
        )
        depth = torch.where(depth > 0, 1 / (5 / depth.clamp(min=1e-3) + 1), 1.0)
        everywhere = torch.ones_like(depth, dtype=torch.bool)
        return DepthEstimate(
            depth=depth, valid=everywhere, sky=~everywhere, fov_degrees=None, metric=False, source="oracle"
        )


@pytest.mark.slow
def test_a_perfect_source_has_no_error(shared_data: Path) -> None:
    row = depth_rows(shared_data, source=_Oracle(shared_data))[0]
    assert row.ours < 0.01


@pytest.mark.slow
def test_the_network_is_a_sixth_nearer_the_truth_than_all_simple_guesses(shared_data: Path) -> None:
    """The goal: AbsRel at least 15 % below the best of them, delta-1 above."""
    rows = depth_rows(shared_data)
    means, (*scenes, timing) = rows[:6], rows[6:]
    assert [row.baseline_name for row in means[::2]] == list(BASELINES)
    assert all(row.ours <= 0.85 * row.baseline for row in means[::2])
    assert all(row.ours > row.baseline for row in means[1::2])
    assert means[0].ratio > 1.4 and means[1].ratio > 1.3
    assert len(scenes) == 2 * 10
    assert timing.ours > timing.baseline > 0


@pytest.mark.slow
def test_layout_is_no_worse_than_the_slope(shared_data: Path) -> None:
    plane_abs_rel, plane_delta, slope_abs_rel, slope_delta, *_ = depth_rows(shared_data, source=LayoutDepth())
    assert plane_abs_rel.ratio > 1.4 and plane_delta.ratio > 1.3
    assert slope_abs_rel.ratio > 1.0 and slope_delta.ratio > 1.0
