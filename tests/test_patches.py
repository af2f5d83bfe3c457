"""The distance between sets of patches: closed forms, and what it must tell apart."""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from voyager_lite.evaluation.patches import (
    PER_LEVEL,
    SIDE,
    hole_patches,
    laplacian_levels,
    patch_distance,
    sliced_wasserstein,
)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def textured(seed, *, pictures=16):
    """Pictures of sharp-edged random squares, (N, 3, 48, 64)."""
    coarse = (torch.rand(pictures, 3, 12, 16, generator=seeded(seed)) > 0.5).float()
    return F.interpolate(coarse, scale_factor=4, mode="nearest")


def everywhere(rgb):
    return torch.ones(len(rgb), *rgb.shape[2:], dtype=torch.bool)


def distance(rgb, truth, *, holes=None):
    holes = everywhere(truth) if holes is None else holes
    return patch_distance(*(hole_patches(part, holes, generator=seeded()) for part in (rgb, truth)))


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 99), shape=st.sampled_from([(4, 8), (16, 12), (64, 96)]))
def test_levels_add_up_to_the_pictures(seed, shape):
    rgb = torch.rand(2, 3, *shape, generator=seeded(seed))
    fine, middle, coarse = laplacian_levels(rgb)

    def grown(level):
        return F.interpolate(level, scale_factor=2, mode="bilinear", align_corners=False)

    torch.testing.assert_close(fine + grown(middle + grown(coarse)), rgb)


def test_a_flat_picture_has_no_detail():
    fine, middle, coarse = laplacian_levels(torch.full((1, 3, 16, 16), 0.3))
    assert fine.abs().max() < 1e-6 and middle.abs().max() < 1e-6
    torch.testing.assert_close(coarse, torch.full((1, 3, 4, 4), 0.3))


@pytest.mark.parametrize("features", [1, 3, 147])
def test_a_shift_of_everything_is_the_mean_projection_of_that_shift(features):
    """Along a direction it is the shift's part along it: |cos| of their angle, on average over the sphere."""
    a = torch.randn(500, features, generator=seeded())
    shift = torch.zeros(features)
    shift[0] = 2.0
    mean = math.gamma(features / 2) / (math.sqrt(math.pi) * math.gamma((features + 1) / 2))
    assert sliced_wasserstein(a + shift, a, generator=seeded(1)) == pytest.approx(2 * mean, rel=0.15)


def test_sets_have_no_order():
    a = torch.randn(50, 4, generator=seeded())
    shuffled = a[torch.randperm(50, generator=seeded(1))]
    assert sliced_wasserstein(a, shuffled, generator=seeded(2)) == pytest.approx(0, abs=1e-6)


def test_patches_are_cut_around_hole_pixels_and_no_more_than_asked():
    rgb, holes = torch.zeros(2, 3, 32, 32), torch.zeros(2, 32, 32, dtype=torch.bool)
    holes[0, 8:24, 8:24] = True
    rgb[0, :, 8:24, 8:24] = 1.0
    *_, coarse = hole_patches(rgb, holes, generator=seeded())
    assert coarse.shape == (4, 3, SIDE, SIDE)  # of 4 x 4 hole pixels, those three from the rim of 8 x 8
    assert (coarse[:, :, SIDE // 2, SIDE // 2] == 1).all()
    fine = hole_patches(rgb, everywhere(rgb), generator=seeded())[0]
    assert len(fine) == 2 * PER_LEVEL


def test_what_is_alike_is_near_and_what_is_not_is_far():
    truth, alike = textured(0), textured(1)
    smooth = F.avg_pool2d(F.pad(truth, (2, 2, 2, 2), mode="replicate"), 5, stride=1)
    noise = truth.mean() + truth.std() * torch.randn(truth.shape, generator=seeded(2))
    grainy = smooth + 0.2 * torch.randn(truth.shape, generator=seeded(3))
    near = distance(alike, truth)
    for other in (smooth, noise, grainy, torch.full_like(truth, 0.5)):
        assert distance(other, truth) > 2 * near
    assert distance(truth, truth) == 0


def test_pictures_need_not_agree_one_by_one():
    truth = textured(0)
    assert distance(truth.flip(0), truth) < 0.5 * distance(truth.lerp(textured(1), 0.5), truth)


def test_without_holes_there_is_nothing_to_compare():
    with pytest.raises(ValueError, match="too small"):
        distance(textured(0), textured(1), holes=torch.zeros(16, 48, 64, dtype=torch.bool))
