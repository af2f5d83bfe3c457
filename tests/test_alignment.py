"""Depth alignment: what it recovers exactly, what it smooths, and what it answers when it cannot know."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from geometry.alignment import align_depth

HEIGHT, WIDTH = 60, 90


def scene_depth() -> Tensor:
    """A room-like depth: a floor rising to a wall, a box in front, relief everywhere."""
    y, x = torch.meshgrid(torch.linspace(0, 1, HEIGHT), torch.linspace(0, 1, WIDTH), indexing="ij")
    inverse = 0.2 + 0.3 * (y - 0.4).clamp(min=0) + 0.02 * torch.sin(9 * x) * torch.cos(7 * y)
    inverse[20:45, 30:50] = 0.8
    return 1 / inverse


def left_part() -> Tensor:
    known = torch.zeros(HEIGHT, WIDTH, dtype=torch.bool)
    known[:, :55] = True
    return known


@settings(max_examples=25, deadline=None)
@given(st.floats(0.05, 20), st.floats(-0.1, 2), st.integers(0, 2**16))
def test_affine_change_is_undone_exactly_under_30_percent_outliers(a: float, b: float, seed: int) -> None:
    truth, known = scene_depth(), left_part()
    new = 1 / (a * (1 / truth + b))
    generator = torch.Generator().manual_seed(seed)
    outlier = known & (torch.rand(HEIGHT, WIDTH, generator=generator) < 0.3)
    reference = torch.where(outlier, truth * (1.5 + torch.rand(HEIGHT, WIDTH, generator=generator)), truth)
    aligned = align_depth(new, reference, known)
    torch.testing.assert_close(aligned[~outlier], truth[~outlier], rtol=1e-4, atol=0)


def test_outliers_all_on_one_side_do_not_bend_the_fit() -> None:
    truth, known = scene_depth(), left_part()
    reference = truth.clone()
    reference[:, :16] = 0.5
    aligned = align_depth(1 / (2 / truth + 0.3), reference, known)
    torch.testing.assert_close(aligned[:, 16:], truth[:, 16:], rtol=1e-4, atol=0)


def test_no_step_shows_at_the_border_of_a_mismatch() -> None:
    truth, known = scene_depth(), left_part()
    y = torch.linspace(0, 1, HEIGHT)[:, None]
    bent = 1 / (1 / truth + 0.05 * torch.sin(4 * y))
    aligned = align_depth(bent, truth, known)
    assert torch.equal(aligned[known], truth[known])
    step = (1 / aligned - 1 / truth)[:, 55].abs()
    without = (1 / bent - 1 / truth)[:, 55].abs()
    assert float(step.mean()) < 0.1 * float(without.mean())
    # Nor one pixel further: from one to the next the correction changes by a small part of itself.
    correction = 1 / aligned - 1 / bent
    inside = (correction[:, 56:] - correction[:, 55:-1]).abs()
    assert float(inside.amax()) < 0.15 * float(correction[:, 54].abs().amax())


def test_what_the_fit_leaves_over_fades_with_distance() -> None:
    known = torch.zeros(HEIGHT, 4 * WIDTH, dtype=torch.bool)
    known[:, :100] = True
    x = torch.linspace(0, 12, 4 * WIDTH)
    truth = (4 + torch.sin(x)).expand(HEIGHT, -1)
    off = 0.02 * torch.cos(torch.linspace(0, torch.pi, HEIGHT))[:, None].expand_as(truth)
    aligned = align_depth(truth, 1 / (1 / truth + off), known)
    left_over = (1 / aligned - 1 / truth).abs().mean(dim=0)
    torch.testing.assert_close((1 / aligned - 1 / truth)[:, :100], off[:, :100], rtol=0, atol=1e-6)
    assert 0.9 < float(left_over[100] / left_over[99]) < 1
    assert bool((left_over[101:] <= left_over[100:-1] + 1e-6).all())
    assert float(left_over[-1]) < 0.001


def test_outliers_are_not_carried_into_the_new_region() -> None:
    truth, known = scene_depth(), left_part()
    reference = torch.where(torch.arange(WIDTH) > 50, 0.5 * truth, truth)
    aligned = align_depth(truth, reference, known)
    torch.testing.assert_close(aligned[:, 55:], truth[:, 55:], rtol=1e-4, atol=0)


def test_large_scale_change_keeps_depth_positive() -> None:
    truth, known = scene_depth(), left_part()
    new = truth.clone()
    new[:, 70:] = 1e4
    reference = 1 / (1 / truth * 3 - 0.5)
    assert bool((align_depth(new, reference.clamp(min=0.1), known) > 0).all())


def test_without_overlap_nothing_changes() -> None:
    depth = scene_depth()
    assert torch.equal(align_depth(depth, torch.zeros_like(depth), torch.zeros_like(depth) > 0), depth)


def test_few_known_pixels_give_the_median_ratio_only() -> None:
    truth = scene_depth()
    known = torch.zeros_like(truth, dtype=torch.bool)
    known[10, 10:20] = True
    reference = 3 * truth
    reference[10, 12] = 77.0
    torch.testing.assert_close(align_depth(truth, reference, known), 3 * truth)


def test_constant_depth_gives_the_ratio_only() -> None:
    known = left_part()
    flat = torch.full((HEIGHT, WIDTH), 2.0)
    torch.testing.assert_close(align_depth(flat, 5 * flat, known), 5 * flat)
    # A flat new map tells no slope: scaled by the ratio, then bent to the reference where that is known.
    aligned = align_depth(flat, scene_depth(), known)
    assert bool((aligned > 0).all())
    torch.testing.assert_close(aligned[5, 5], scene_depth()[5, 5])


@pytest.mark.parametrize("noise", [0.0005, 0.01])
def test_noise_on_a_flat_wall_is_not_taken_for_its_shape(noise: float) -> None:
    generator = torch.Generator().manual_seed(0)

    def noisy(depth: Tensor) -> Tensor:
        return depth * (1 + noise * torch.randn(HEIGHT, WIDTH, generator=generator))

    truth = torch.full((HEIGHT, WIDTH), 5.0)
    truth[:, 70:] = 2.5
    aligned = align_depth(noisy(0.4 * truth), noisy(truth), left_part())
    torch.testing.assert_close(aligned[:, 85:].median(), torch.tensor(2.5), rtol=3 * noise + 1e-3, atol=0)


def test_depth_that_runs_the_wrong_way_is_only_scaled() -> None:
    y = torch.linspace(0.2, 1.0, HEIGHT)[:, None].expand(HEIGHT, WIDTH)
    known = left_part()
    aligned = align_depth(1 / y, 1 / (1.2 - y), known)
    far_right = (1 / aligned)[:, -1]
    assert bool((far_right[1:] > far_right[:-1]).all())


def test_same_input_gives_the_same_bytes() -> None:
    noise = torch.rand(HEIGHT, WIDTH, generator=torch.Generator().manual_seed(3))
    inputs = (scene_depth() * (1 + noise), scene_depth(), left_part())
    torch.manual_seed(1)
    first = align_depth(*inputs)
    torch.manual_seed(2)
    assert torch.equal(first, align_depth(*inputs))


def test_bad_depth_is_refused() -> None:
    depth, known = scene_depth(), left_part()
    for bad in (0.0, -1.0, math.nan, math.inf):
        broken = depth.clone()
        broken[0, 0] = bad
        with pytest.raises(ValueError, match="new_depth has values that are not finite and > 0"):
            align_depth(broken, depth, known)
        with pytest.raises(ValueError, match="known reference_depth has values"):
            align_depth(depth, broken, known)
