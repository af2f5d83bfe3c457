"""Texture from the picture's own background."""

import numpy as np
import torch

from voyager_lite.core.patch_match import NO_MATCH, RADIUS, measure, search
from voyager_lite.core.texture import _canvas, _sizes, _taken_over, add_texture


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
    canvas = _canvas(picture, (1 / depth).numpy(), known.numpy(), tuple(known.shape))
    match, error = _taken_over(np.full((1, 1, 2), -1, np.int64), canvas)
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
    assert _sizes(540, 960)[-1] == (270, 480)
    assert _sizes(64, 96)[-1] == (64, 96)
    for small, large in zip(_sizes(540, 960)[:-1], _sizes(540, 960)[1:], strict=True):
        assert small == ((large[0] + 1) // 2, (large[1] + 1) // 2)


def test_the_fill_says_what_is_coarse_and_texture_only_what_is_fine():
    _, smooth, depth, known = checked_wall(foreground=False)
    smooth = torch.where(known, smooth, smooth + 0.2)  # brighter than the wall the patches come from
    textured = add_texture(smooth, depth, known=known)
    middle = (slice(36, 60), slice(56, 74))
    assert abs(float((textured - smooth)[:, *middle].mean())) < 0.01
    assert float((textured - smooth)[:, *middle].std()) > 0.05


def test_texture_is_weaker_the_farther_from_known_pixels():
    truth, smooth, depth, known = checked_wall(width=256, foreground=False)
    known[:, 80:] = False
    smooth = torch.where(known, truth, torch.full_like(truth, 0.5))
    added = (add_texture(smooth, depth, known=known) - smooth).abs().mean(dim=(0, 1))
    near, middle, far = (float(added[start : start + 24].mean()) for start in (84, 132, 220))
    assert near > 1.3 * middle and middle > 1.3 * far
