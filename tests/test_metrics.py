"""Measures of completed clips, against oracles and cases worked by hand."""

import math

import numpy as np
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from geometry.camera import Camera
from voyager_lite.evaluation.metrics import (
    depth_abs_rel,
    flicker,
    frame_changes,
    psnr,
    seam_ratio,
    ssim,
    ssim_map,
    surface_changes,
)


def pictures(seed=0, *, frames=2, height=33, width=45):
    draw = torch.Generator().manual_seed(seed)
    truth = torch.rand(frames, 3, height, width, generator=draw)
    return (truth + 0.1 * torch.randn(truth.shape, generator=draw)).clamp(0, 1), truth


def test_psnr_is_scikit_images_where_all_pixels_count():
    result, truth = pictures()
    everywhere = torch.ones(2, 33, 45, dtype=torch.bool)
    expected = peak_signal_noise_ratio(truth.numpy(), result.numpy(), data_range=1)
    assert psnr(result, truth, everywhere) == pytest.approx(expected, abs=1e-4)


def test_psnr_of_an_error_of_one_tenth_is_twenty_decibels_and_ignores_other_pixels():
    truth = torch.full((3, 4, 4), 0.5)
    result = truth.clone()
    result[:, 0, 0] += 0.1
    result[:, 3, 3] = 0
    where = torch.zeros(4, 4, dtype=torch.bool)
    where[0, 0] = True
    assert psnr(result, truth, where) == pytest.approx(20, abs=1e-4)
    where[0, 0], where[1, 1] = False, True
    assert psnr(result, truth, where) == math.inf


def test_ssim_is_scikit_images():
    result, truth = pictures()
    for a, b in zip(result.numpy().astype(np.float64), truth.numpy().astype(np.float64), strict=True):
        _, expected = structural_similarity(a, b, channel_axis=0, data_range=1, full=True)
        assert np.abs(ssim_map(a, b) - expected).max() < 1e-9


def test_ssim_counts_the_chosen_pixels_alone():
    result, truth = pictures()
    result[:, :, :, 30:] = truth[:, :, :, 30:]
    same = torch.zeros(2, 33, 45, dtype=torch.bool)
    same[..., 34:] = True
    assert ssim(result, truth, same) == pytest.approx(1)
    assert ssim(result, truth, ~same) < 0.99


def test_depth_error_is_relative_to_the_truth():
    truth = torch.tensor([[1.0, 2.0, 4.0, 0.0]])
    depth = torch.tensor([[1.5, 1.0, 4.0, 9.0]])
    where = torch.tensor([[True, True, True, False]])
    assert depth_abs_rel(depth, truth, where) == pytest.approx(1 / 3)


@pytest.mark.parametrize("measure", [psnr, ssim])
def test_a_mean_over_no_pixels_is_refused(measure):
    result, truth = pictures()
    with pytest.raises(ValueError, match="no pixel"):
        measure(result, truth, torch.zeros(2, 33, 45, dtype=torch.bool))


def sideways(frames, *, pixels, height=24, width=48):
    """Cameras before a wall at depth 2, each a whole number of pixels further right, and its texture."""
    first = Camera.from_fov(60.0, height=height, width=width)
    pose = torch.eye(4, dtype=torch.float64).repeat(frames, 1, 1)
    pose[:, 0, 3] = -torch.arange(frames) * pixels * 2 / first.K[0, 0]
    cameras = Camera(K=first.K, world_to_camera=pose, height=height, width=width)
    wall = torch.rand(3, height, width + pixels * frames, generator=torch.Generator().manual_seed(1))
    rgb = torch.stack([wall[:, :, pixels * frame : pixels * frame + width] for frame in range(frames)])
    return rgb, torch.full((frames, height, width), 2.0), cameras


def test_a_surface_that_stands_still_does_not_flicker():
    rgb, depth, cameras = sideways(4, pixels=3)
    assert flicker(rgb, depth, cameras, where=torch.ones(depth.shape, dtype=torch.bool)) < 1e-4


def test_flicker_is_the_mean_change_of_color_over_the_chosen_pixels():
    rgb, depth, cameras = sideways(4, pixels=3)
    rgb = rgb * 0.5
    rgb[1::2, :, :12] += 0.2
    upper = torch.zeros(depth.shape, dtype=torch.bool)
    upper[:, :11] = True
    assert flicker(rgb, depth, cameras, where=upper) == pytest.approx(0.2, abs=1e-3)
    lower = torch.zeros(depth.shape, dtype=torch.bool)
    lower[:, 14:] = True
    assert flicker(rgb, depth, cameras, where=lower) < 1e-4


def test_changes_tell_whether_the_frame_before_was_chosen_there_too():
    rgb, depth, cameras = sideways(2, pixels=3)
    chosen = torch.zeros(depth.shape, dtype=torch.bool)
    chosen[0, :, :10] = chosen[1, :, :20] = True
    # The camera moved three pixels to the right: column c shows what stood at column c + 3.
    changes, before = surface_changes(rgb, depth, cameras, where=chosen)
    assert changes.shape == (24 * 20,) and float(changes.max()) < 1e-4
    assert int(before.sum()) == 24 * (10 - 3)


def test_flicker_of_pixels_never_seen_twice_is_nan():
    rgb, depth, cameras = sideways(2, pixels=60)
    assert math.isnan(flicker(rgb, depth, cameras, where=torch.ones(depth.shape, dtype=torch.bool)))


def test_seam_ratio_is_one_for_steady_change_and_grows_with_a_jump():
    level = torch.arange(9.0)[:, None, None, None] * 0.05
    steady = level.expand(9, 3, 4, 4).clone()
    assert seam_ratio(steady, [3, 6]) == pytest.approx(1)
    jump = steady.clone()
    jump[3:] += 0.05
    jump[6:] += 0.05
    assert seam_ratio(jump, [3, 6]) == pytest.approx(2)
    assert frame_changes(steady).shape == (8,)


@pytest.mark.parametrize("seams", [[], [0], [9], [1, 2, 3, 4, 5, 6, 7, 8]])
def test_seams_that_are_none_are_refused(seams):
    with pytest.raises(ValueError, match="seams"):
        seam_ratio(torch.rand(9, 3, 4, 4), seams)
