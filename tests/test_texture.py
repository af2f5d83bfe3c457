"""Texture from the picture's own background."""

import cv2
import numpy as np
import pytest
import torch
from skimage import data

from voyager_lite.core.bands import COARSE, blurred_within, looks_alike, split
from voyager_lite.core.canvas import Exemplar, Textured, draw_canvas, sizes, taken_over
from voyager_lite.core.patch_match import NO_MATCH, RADIUS, measure, search
from voyager_lite.core.texture import add_texture


def checked_wall(*, height=96, width=128, foreground=True):
    """A wall of small checks with a hole; a red thing in front touches the hole's left side."""
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    checks = (((x // 4) + (y // 4)) % 2).float() * 0.5 + 0.25
    truth = checks.expand(3, height, width).clone()
    depth = torch.full((height, width), 4.0)
    if foreground:
        truth[:, 30:66, 20:50] = torch.tensor([0.9, 0.1, 0.1])[:, None, None]
        depth[30:66, 20:50] = 1.0
    known = torch.ones(height, width, dtype=torch.bool)
    known[30:66, 50:80] = False
    smooth = torch.where(known, truth, torch.full_like(truth, 0.5))
    return truth, smooth, depth, known


def contrast(rgb, where):
    return float(rgb.mean(0)[where].std())


def test_a_smooth_hole_in_a_textured_wall_gets_the_walls_contrast():
    truth, smooth, depth, known = checked_wall()
    textured = add_texture(smooth, depth, known=known)
    assert contrast(smooth, ~known) == 0
    assert contrast(textured, ~known) > 0.5 * contrast(truth, ~known)
    assert abs(float((textured - truth)[:, ~known].mean())) < 0.05


def test_known_pixels_stay_and_bytes_repeat():
    _, smooth, depth, known = checked_wall()
    first, second = (add_texture(smooth, depth, known=known) for _ in range(2))
    assert torch.equal(first, second)
    assert torch.equal(first[:, known], smooth[:, known])
    assert first.amin() >= 0 and first.amax() <= 1


def test_nothing_of_a_thing_in_front_is_copied():
    _, smooth, depth, known = checked_wall()
    textured = add_texture(smooth, depth, known=known)
    red = textured[0] - textured[1]
    assert red[~known].max() < 0.1


def test_where_nothing_fits_the_smooth_color_stays():
    _, smooth, depth, known = checked_wall(foreground=False)
    depth[~known] = 40.0  # ten times farther than all that is known
    assert torch.equal(add_texture(smooth, depth, known=known), smooth)


def test_a_complete_frame_and_an_empty_one_stay_as_they_are():
    _, smooth, depth, known = checked_wall()
    for mask in (torch.ones_like(known), torch.zeros_like(known)):
        assert torch.equal(add_texture(smooth, depth, known=mask), smooth)


def test_matches_are_whole_known_patches_and_their_errors_only_fall():
    _, smooth, depth, known = checked_wall()
    picture = smooth.permute(1, 2, 0).contiguous().numpy()
    frame = Textured(rgb=picture, inverse_depth=(1 / depth).numpy(), known=known.numpy(), exemplar=None)
    canvas = draw_canvas(frame, tuple(known.shape))
    match, error = taken_over(np.full((1, 1, 2), -1, np.int64), canvas, rows=1)
    assert (error == NO_MATCH).all()
    search(canvas, match, error, 2, 128, 0)
    rough = error.copy()
    search(canvas, match, error, 2, 8, 1)
    assert (error <= rough).all() and (error[~known.numpy()] < NO_MATCH).all()
    for y, x in canvas.holes[::37]:
        v, u = match[y, x]
        assert known[v - RADIUS : v + RADIUS + 1, u - RADIUS : u + RADIUS + 1].all()
        assert (depth[v - RADIUS : v + RADIUS + 1, u - RADIUS : u + RADIUS + 1] == 4).all()
    again = error.copy()
    measure(canvas, match, again)
    assert np.allclose(again, error, atol=1e-6)


def test_sizes_halve_down_to_a_coarse_picture():
    assert sizes(540, 960)[-1] == (270, 480)
    assert sizes(64, 96)[-1] == (64, 96)
    for small, large in zip(sizes(540, 960)[:-1], sizes(540, 960)[1:], strict=True):
        assert small == ((large[0] + 1) // 2, (large[1] + 1) // 2)


def test_the_fill_says_what_is_coarse_and_texture_only_what_is_fine():
    _, smooth, depth, known = checked_wall(foreground=False)
    smooth = torch.where(known, smooth, smooth + 0.2)  # brighter than the wall the patches come from
    textured = add_texture(smooth, depth, known=known)
    middle = (slice(36, 60), slice(56, 74))
    assert abs(float((textured - smooth)[:, *middle].mean())) < 0.01
    assert float((textured - smooth)[:, *middle].std()) > 0.05


def half_known_wall(*, blotched):
    """Checks, known on the left; with blotches they are a picture of something, without they are a wall."""
    truth, _, depth, known = checked_wall(width=256, foreground=False)
    if blotched:
        coarse = torch.from_numpy(np.random.default_rng(0).uniform(-0.3, 0.3, (1, 1, 3, 8)))
        blotches = torch.nn.functional.interpolate(coarse, size=known.shape, mode="bicubic")[0].float()
        truth = (truth + blotches).clamp(0, 1)
    known[:] = True
    known[:, 80:] = False
    return truth, torch.where(known, truth, torch.full_like(truth, 0.5)), depth, known


def test_texture_of_a_varied_picture_is_weaker_the_farther_from_known_pixels():
    _, smooth, depth, known = half_known_wall(blotched=True)
    added = (add_texture(smooth, depth, known=known) - smooth).abs().mean(dim=(0, 1))
    near, middle, far = (float(added[start : start + 24].mean()) for start in (84, 132, 220))
    assert near > 1.3 * middle and middle > 1.3 * far


def test_a_surface_that_looks_alike_goes_on_as_strong_as_it_is():
    truth, smooth, depth, known = half_known_wall(blotched=False)
    textured = add_texture(smooth, depth, known=known)
    for start in (84, 132, 220):
        part = (slice(None), slice(None), slice(start, start + 24))
        assert float(textured[part].std()) == pytest.approx(float(truth[part].std()), rel=0.15)


def test_with_an_exemplar_nothing_is_taken_from_known_pixels():
    _, smooth, depth, known = half_known_wall(blotched=False)
    flat = torch.full_like(smooth, 0.5)
    flat[0, :, :40] = 0.7  # what was made before is flat, and reddish
    photograph, *_ = checked_wall(height=60, width=120, foreground=False)
    textured = add_texture(flat, depth, known=known, exemplar=Exemplar(rgb=photograph, depth=None))
    assert contrast(flat, ~known) == 0 and contrast(textured, ~known) > 0.05
    assert torch.equal(textured[:, known], flat[:, known])
    torch.testing.assert_close(textured[0, ~known], textured[1, ~known])
    torch.testing.assert_close(
        add_texture(
            flat, depth, known=known, exemplar=Exemplar(rgb=torch.full_like(photograph, 0.5), depth=None)
        ),
        flat,
    )


def test_nothing_of_a_thing_in_front_is_copied_from_an_exemplar():
    _, smooth, depth, known = half_known_wall(blotched=False)
    photograph, _, its_depth, _ = checked_wall(height=96, width=256)
    textured = add_texture(smooth, depth, known=known, exemplar=Exemplar(rgb=photograph, depth=its_depth))
    assert contrast(textured, ~known) > 0.1
    assert (textured[0] - textured[1])[~known].max() < 0.1


def test_gravel_and_bricks_look_alike_all_over_and_photographs_of_things_do_not():
    def share(picture):
        rgb = np.asarray(picture, np.float32)[:256, :384] / 255
        rgb = np.ascontiguousarray(np.broadcast_to(rgb[..., None], (*rgb.shape, 3)) if rgb.ndim == 2 else rgb)
        return float(looks_alike(rgb, np.ones(rgb.shape[:2], np.float32)).mean())

    assert min(share(picture()) for picture in (data.gravel, data.grass)) > 0.9
    assert max(share(picture()) for picture in (data.coffee, data.astronaut, data.camera, data.rocket)) < 0.2


@pytest.mark.parametrize("sigma", [1.5, 3.0, 9.0, 16.0])
def test_blur_within_a_mask_is_the_weighted_gaussian_mean(sigma):
    rng = np.random.default_rng(1)
    values = cv2.GaussianBlur(rng.random((72, 96, 3), np.float32), (0, 0), 2.0)
    inside = (np.hypot(*np.mgrid[-36:36, -48:48]) < 40).astype(np.float32)
    y, x = np.nonzero(inside)
    found = blurred_within(values, inside, sigma)
    for row, column in ((36, 48), (20, 30), (50, 75)):
        weight = np.exp(-((y - row) ** 2 + (x - column) ** 2) / (2 * sigma**2))
        mean = (weight[:, None] * values[y, x]).sum(axis=0) / weight.sum()
        assert np.allclose(found[row, column], mean, atol=4e-3)


def test_bands_and_what_is_coarser_make_up_the_picture():
    values = np.random.default_rng(2).random((64, 96, 3), np.float32)
    inside = np.ones((64, 96), np.float32)
    assert np.allclose(
        sum(split(values, inside)) + blurred_within(values, inside, COARSE * 96), values, atol=1e-5
    )
