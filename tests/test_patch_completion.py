"""Holes completed with patches of the known picture."""

import math

import cv2
import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from skimage import data

from voyager_lite.core import patch_completion
from voyager_lite.core.blur import blurred_within
from voyager_lite.core.canvas import (
    SKY_WEIGHT,
    Exemplar,
    Incomplete,
    draw_canvas,
    mirrored,
    sizes,
    taken_over,
)
from voyager_lite.core.patch_completion import NEARER_THAN_SKY, complete_by_patches
from voyager_lite.core.patch_light import CARRIED, at_border, lit
from voyager_lite.core.patch_match import DEPTH_WEIGHT, NO_MATCH, RADIUS, SKY_DEPTH, measure, search

SKY_FROM = 50.0


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


def half_known_wall():
    """Checks, of which the left is known."""
    truth, _, depth, known = checked_wall(width=256, foreground=False)
    known[:] = True
    known[:, 80:] = False
    return truth, torch.where(known, truth, torch.full_like(truth, 0.5)), depth, known


def battlements(*, height=96, width=192, from_column=110):
    """A wall with battlements before a sky; from a column on unknown, and filled as if it ended level."""
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    sky = y < torch.where(x // 8 % 2 == 0, 40, 54)
    truth = torch.where(sky, torch.tensor([0.5, 0.7, 0.9])[:, None, None], torch.full((3, 1, 1), 0.3))
    depth = torch.where(sky, 2 * SKY_FROM, torch.tensor(6.0))
    known = x < from_column
    level = y < 24
    filled = torch.where(level, truth[:, 0, 0][:, None, None], truth[:, -1, 0][:, None, None])
    rgb = torch.where(known, truth, filled)
    return truth, rgb, torch.where(known, depth, torch.where(level, 2 * SKY_FROM, 6.0)), known, sky


def contrast(rgb, where):
    return float(rgb.mean(0)[where].std())


def incomplete(rgb, depth, known, *, sky_from=math.inf):
    picture = torch.cat([rgb, torch.zeros_like(rgb[:1])]).permute(1, 2, 0).contiguous().numpy()
    its_depth = torch.where(depth >= sky_from, float(SKY_DEPTH), -depth.log()).numpy()
    return Incomplete(picture=picture, depth=its_depth, known=known.numpy(), other=None)


def grey(values):
    """A picture without sky."""
    return np.stack([values, values, values, np.zeros_like(values)], axis=2).astype(np.float32)


def test_a_smooth_hole_in_a_textured_wall_gets_the_wall():
    truth, smooth, depth, known = checked_wall(foreground=False)
    rgb, its_depth = complete_by_patches(smooth, depth, known=known)
    assert float((rgb - truth).abs()[:, ~known].mean()) < 0.1 * float(
        (smooth - truth).abs()[:, ~known].mean()
    )
    assert torch.equal(its_depth, depth)


def test_known_pixels_stay_and_bytes_repeat():
    _, smooth, depth, known = checked_wall()
    first, second = (complete_by_patches(smooth, depth, known=known)[0] for _ in range(2))
    assert torch.equal(first, second)
    assert torch.equal(first[:, known], smooth[:, known])
    assert first.amin() >= 0 and first.amax() <= 1


def test_nothing_of_a_thing_in_front_is_copied():
    truth, smooth, depth, known = checked_wall()
    rgb, _ = complete_by_patches(smooth, depth, known=known)
    assert (rgb[0] - rgb[1])[~known].max() < 0.1
    assert contrast(rgb, ~known) > 0.8 * contrast(truth, ~known)


def test_a_complete_frame_and_an_empty_one_stay_as_they_are():
    _, smooth, depth, known = checked_wall()
    for mask in (torch.ones_like(known), torch.zeros_like(known)):
        rgb, its_depth = complete_by_patches(smooth, depth, known=mask)
        assert torch.equal(rgb, smooth) and torch.equal(its_depth, depth)


def test_where_no_whole_patch_is_known_the_fill_stays():
    _, smooth, depth, known = checked_wall(foreground=False)
    lines = torch.zeros_like(known)
    lines[::5] = True
    assert torch.equal(complete_by_patches(smooth, depth, known=lines)[0], smooth)


def test_a_skyline_goes_on_as_it_is_and_not_as_the_fill_guessed():
    truth, rgb, depth, known, _ = battlements()
    made, its_depth = complete_by_patches(rgb, depth, known=known, sky_from=SKY_FROM)
    is_sky = (its_depth >= SKY_FROM)[:, 116:]
    assert is_sky[:39].all() and not is_sky[55:].any()
    assert float(is_sky[42:52].float().mean()) == pytest.approx(0.5, abs=0.1)
    gaps = is_sky[47].int().diff().abs().sum()
    assert 7 <= int(gaps) <= 12  # as often as before, every eighth of 76 columns
    assert (
        float((made - truth)[:, :38].abs().max()) < 0.02 and float((made - truth)[:, 56:].abs().max()) < 0.02
    )
    assert torch.equal(its_depth[known], depth[known])


def test_what_rises_before_former_sky_is_as_far_as_what_is_below_it():
    _, rgb, depth, known, sky = battlements()
    depth = torch.where(~known & (depth < SKY_FROM), 9.0, depth)
    depth[~known & (torch.arange(96)[:, None] < 60)] = 2 * SKY_FROM  # filled with far too much sky
    _, its_depth = complete_by_patches(rgb, depth, known=known, sky_from=SKY_FROM)
    rises = ~known & (its_depth < SKY_FROM) & (depth >= SKY_FROM)
    assert float(rises.sum()) > 0.5 * float((~known & ~sky & (depth >= SKY_FROM)).sum())
    assert its_depth[rises].amin() >= 6 - 1e-4
    assert its_depth[rises].amax() <= min(9 + 1e-4, NEARER_THAN_SKY * SKY_FROM)


def test_there_is_no_step_at_the_border_where_light_changes():
    truth, _, depth, known = half_known_wall()
    light = torch.linspace(0.6, 1.4, truth.shape[2])
    smooth = torch.where(known, truth * light, 0.5 * light.expand_as(truth))
    rgb, _ = complete_by_patches(smooth, depth, known=known)
    inside, outside = rgb[:, 16:80, 72:80], rgb[:, 16:80, 80:88]
    assert float(inside.mean()) == pytest.approx(float(outside.mean()), abs=0.03)


def test_narrow_holes_have_the_light_of_the_fill_and_at_their_sides_its_colours():
    truth, _, depth, known = checked_wall(width=256, foreground=False)
    known[:] = True
    known[20:76, 120:126] = False
    smooth = torch.where(known, truth, torch.full_like(truth, 0.6))  # the wall has 0.5
    rgb, _ = complete_by_patches(smooth, depth, known=known)
    assert float(rgb[:, ~known].mean()) == pytest.approx(0.6, abs=0.02)
    torch.testing.assert_close(rgb[:, :, [120, 125]], smooth[:, :, [120, 125]], atol=0.05, rtol=0)
    assert contrast(rgb[:, 24:72], ~known[24:72]) > 0.3 * contrast(truth, ~known)


def test_beside_known_pixels_the_fill_shows_and_farther_away_the_wall():
    truth, rgb, depth, known = half_known_wall()
    made, _ = complete_by_patches(rgb, depth, known=known)
    near, far = (torch.arange(256).expand(96, -1) // 8 == column for column in (10, 20))
    assert float((made - rgb)[:, near].abs().mean()) > 0.15  # all but a pixel or two of 80 to 88
    assert float((made - rgb)[:, :, 80].abs().max()) < 0.15
    assert contrast(made, far) == pytest.approx(contrast(truth, far), rel=0.05)


def shown_beyond_the_rim(*, patches, beyond, fill):
    """A row of what is shown of even patches beyond a rim at column 80, beside known pixels of 0.6."""
    known = np.arange(256)[None].repeat(96, 0) < 80
    picture = grey(np.where(known, 0.6, fill))
    frame = Incomplete(picture=picture, depth=np.zeros((96, 256), np.float32), known=known, other=None)
    made = grey(np.where(known, 0.6, patches))
    shown = lit(
        made, np.where(at_border(known)[..., None], grey(np.full(known.shape, beyond)), picture), frame
    )
    assert shown[48, :80, 0].tolist() == picture[48, :80, 0].tolist()
    return shown[48, :, 0]


def test_beyond_the_rim_patches_that_join_keep_their_light():
    shown = shown_beyond_the_rim(patches=0.6, beyond=0.6, fill=0.4)
    assert shown[84:].min() > 0.58


def test_beyond_the_rim_the_light_of_patches_that_join_badly_turns_from_the_fills_to_their_own():
    shown = shown_beyond_the_rim(patches=0.4, beyond=0.45, fill=0.85)
    columns = np.array([96, 112, 128, 144, 160, 240])
    joint = (0.6 - 0.45) * np.exp(-(((columns - 79) / 256 / CARRIED) ** 2))
    light = shown[columns] - (0.4 + joint)  # by 0.3 and more: the fill's, by 0: their own
    assert light[0] > 0.2 and abs(light[-1]) < 0.01
    assert light[1:].tolist() == sorted(light[1:], reverse=True)


def test_beyond_the_rim_the_joint_fades_into_what_patches_show():
    shown = shown_beyond_the_rim(patches=0.4, beyond=0.45, fill=0.55)
    assert shown[84] == pytest.approx(0.55, abs=0.01)  # 0.4 and the joint, which is the fill's light, too
    assert np.diff(shown[84:]).max() < 1e-3  # nowhere brighter again
    assert shown[240] == pytest.approx(0.4, abs=0.01)  # more than half of the width beyond


def test_behind_things_the_fill_says_the_light():
    truth, _, depth, known = half_known_wall()
    known[:, 200:] = True
    smooth = torch.where(known, truth, torch.full_like(truth, 0.7))
    rgb, _ = complete_by_patches(smooth, depth, known=known)
    middle = rgb[:, 16:80, 104:176]
    assert float(middle.mean()) == pytest.approx(0.7, abs=0.02)
    assert contrast(middle, torch.ones(middle.shape[1:], dtype=torch.bool)) > 0.2


def test_patches_join_the_light_of_what_is_known_beside_them():
    shown = shown_beyond_the_rim(patches=0.4, beyond=0.45, fill=0.55)
    assert shown[83] == pytest.approx(0.4 + 0.6 - 0.45, abs=0.01)  # the patches, and their step at the border
    assert shown[80:].max() < 0.6 and np.abs(np.diff(shown[80:])).max() < 0.05


def test_what_stands_in_front_lends_no_light():
    _, smooth, depth, known = checked_wall(height=96, width=256)
    rgb, _ = complete_by_patches(smooth, depth, known=known)
    assert float((rgb[0] - rgb[1])[~known].abs().max()) < 0.02


def test_patches_that_would_need_another_hue_give_way_to_the_fill():
    truth, _, depth, known = half_known_wall()
    known[:, 200:] = True
    contrasts = []
    for change in ([0.1, 0.1, 0.1], [0.1, 0.0, -0.1], [0.3, 0.0, -0.3]):
        other = torch.where(known, truth, 0.5 + torch.tensor(change)[:, None, None])
        rgb, _ = complete_by_patches(other, depth, known=known)
        far = rgb[:, 16:80, 104:176]
        torch.testing.assert_close(
            far.mean(dim=(1, 2)), other[:, 16:80, 104:176].mean(dim=(1, 2)), atol=0.02, rtol=0
        )
        contrasts.append(contrast(far, torch.ones(far.shape[1:], dtype=torch.bool)))
    lit, tinted, wrong = contrasts
    assert lit > 0.95 * 0.25 > 0.7 * 0.25 > tinted > 0.3 * 0.25 > 0.01 > wrong


@pytest.mark.parametrize("picture", [data.gravel, data.grass, data.brick])
def test_a_surface_goes_on_as_strong_as_it_is(picture):
    truth = torch.from_numpy(np.asarray(picture(), np.float32)[:256, :384] / 255).expand(3, -1, -1).clone()
    known = torch.arange(384).expand(256, -1) < 160
    smooth = torch.where(known, truth, truth[:, known].mean())
    rgb, _ = complete_by_patches(smooth, torch.full((256, 384), 2.0), known=known)
    assert contrast(rgb, ~known) == pytest.approx(contrast(truth, ~known), rel=0.2)


def test_with_an_exemplar_nothing_is_taken_from_known_pixels():
    _, smooth, depth, known = half_known_wall()
    flat = torch.full_like(smooth, 0.5)
    flat[0, :, :40] = 0.7  # what was made before is flat, and reddish
    photograph, _, its_depth, _ = checked_wall(height=60, width=120, foreground=False)
    rgb, _ = complete_by_patches(flat, depth, known=known, exemplar=Exemplar(photograph, its_depth))
    assert contrast(flat, ~known) == 0 and contrast(rgb, ~known) > 0.1
    assert torch.equal(rgb[:, known], flat[:, known])
    assert float((rgb[0] - rgb[1])[:, 120:].abs().max()) < 0.02
    grey = Exemplar(torch.full_like(photograph, 0.5), its_depth)
    torch.testing.assert_close(complete_by_patches(flat, depth, known=known, exemplar=grey)[0], flat)


def test_nothing_of_a_thing_in_front_is_copied_from_an_exemplar():
    _, smooth, depth, known = half_known_wall()
    photograph, _, its_depth, _ = checked_wall(height=96, width=256)
    rgb, _ = complete_by_patches(smooth, depth, known=known, exemplar=Exemplar(photograph, its_depth))
    near = known.logical_not() & (torch.arange(256) < 120)
    assert contrast(rgb, near) > 0.1
    assert (rgb[0] - rgb[1])[near].max() < 0.1


def test_matches_are_whole_known_patches_and_their_errors_only_fall():
    _, smooth, depth, known = checked_wall()
    canvas = draw_canvas(incomplete(smooth, depth, known), tuple(known.shape))
    match, error = np.full((*known.shape, 2), -1, np.int64), np.full(known.shape, NO_MATCH, np.float32)
    search(canvas, match, error, 2, 128, 0)
    rough = error.copy()
    search(canvas, match, error, 2, 8, 1)
    assert (error <= rough).all() and (error[~known.numpy()] < NO_MATCH).all()
    for y, x in canvas.holes[::37]:
        v, u = match[y, x]
        assert known[v - RADIUS : v + RADIUS + 1, u - RADIUS : u + RADIUS + 1].all()
    again = error.copy()
    measure(canvas, match, again)
    assert np.allclose(again, error, atol=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_differences_are_means_by_certainty_and_prices(seed):
    """Beside a plain twin: random pictures on one plane, half of them known."""
    random = np.random.default_rng(seed)
    rgb = torch.from_numpy(random.random((3, 40, 64), np.float32))
    known = torch.arange(64).expand(40, -1) < 40
    canvas = draw_canvas(incomplete(rgb, torch.full((40, 64), 3.0), known), (40, 64))
    places = canvas.holes[(canvas.holes > 2).all(axis=1) & (canvas.holes < (37, 61)).all(axis=1)]
    sources = np.argwhere(canvas.source)
    colors = canvas.picture[:, :64, :3]
    light = np.stack([gaussian_filter(colors[..., c], 0.025 * 64, mode="mirror") for c in range(3)], axis=2)
    light = np.concatenate([light, light[:, ::-1]], axis=1)
    for (y, x), (v, u) in zip(random.choice(places, 40), random.choice(sources, 40), strict=True):
        match, error = np.full((40, 64, 2), -1, np.int64), np.zeros((40, 64), np.float32)
        match[y, x] = v, u
        measure(canvas, match, error)
        rows, columns = slice(y - RADIUS, y + RADIUS + 1), slice(x - RADIUS, x + RADIUS + 1)
        there = canvas.picture[v - RADIUS : v + RADIUS + 1, u - RADIUS : u + RADIUS + 1]
        squares = ((canvas.picture[rows, columns] - there) ** 2).sum(axis=2)
        certainty = canvas.certainty[rows, columns]
        mean = (certainty * squares).sum() / certainty.sum()
        is_mirrored, column = u >= 64, u if u < 64 else 127 - u
        price = 0.02 * ((column - x) / 64) ** 2 + ((v - y) / 64) ** 2
        price += 0.08 * is_mirrored * (1 - canvas.certainty[y, x])
        price += 0.1 * ((light[y, x] - light[v, u]) ** 2).sum()
        assert error[y, x] == pytest.approx(mean + price, rel=1e-4)


def test_of_patches_that_join_alike_those_in_the_fills_light_are_taken():
    """The upper half is bright on the left, which is known, and filled dark on the right."""
    rows, columns = np.indices((64, 192))
    bright = torch.from_numpy(np.where(columns < 100, rows < 32, rows >= 32)).float()
    rgb, depth = (0.2 + 0.6 * bright).expand(3, -1, -1), torch.full((64, 192), 3.0)
    canvas = draw_canvas(incomplete(rgb, depth, torch.from_numpy(columns < 100)), (64, 192))
    canvas.picture[:] = 0  # all looks alike
    match, error = np.full((64, 192, 2), -1, np.int64), np.full((64, 192), NO_MATCH, np.float32)
    for turn in range(4):
        search(canvas, match, error, 2, 192, turn)
    clear = (abs(canvas.holes - [32, 100]) > 12).all(axis=1)  # of what the blur mixes
    y, x = canvas.holes[clear].T
    v, _ = match[y, x].T
    assert ((v < 32) == (y >= 32)).all()


def test_sky_where_the_fill_has_matter_costs_most_at_the_rim_and_is_forbidden_below_the_horizon():
    rows, columns = np.indices((64, 96))
    depth = torch.from_numpy(np.where((rows < 40) & (columns < 30), 2 * SKY_FROM, 4.0)).float()
    known = torch.from_numpy(columns < 60)
    flat = torch.full((3, 64, 96), 0.5)
    canvas = draw_canvas(incomplete(flat, depth, known, sky_from=SKY_FROM), (64, 96))
    assert canvas.horizon == 39
    canvas.picture[..., 3] = 0  # all looks alike
    match, error = np.full((64, 96, 2), -1, np.int64), np.zeros((64, 96), np.float32)
    places = {(20, 62): 20, (20, 90): 20, (50, 62): 30}
    for place, row in places.items():
        match[place] = row, 15
    measure(canvas, match, error)
    for place in ((20, 62), (20, 90)):
        place_price = 0.02 * ((15 - place[1]) / 96) ** 2
        assert error[place] == pytest.approx(place_price + 0.05 * canvas.trust[place], rel=1e-4)
    assert canvas.trust[20, 62] > 2 * canvas.trust[20, 90]
    assert error[50, 62] == NO_MATCH and match[50, 62, 0] == -1


def test_mirror_images_show_beyond_the_rim_alone():
    """The right half of a disc is found in the mirror image of its left half, and nowhere else."""
    y, x = torch.meshgrid(torch.arange(96), torch.arange(192), indexing="ij")
    disc = ((y - 48) ** 2 + (x - 127.5) ** 2 < 30**2).float().expand(3, -1, -1)
    depth = torch.full((96, 192), 3.0)
    errors = []
    for known, mirrored_ones in ((x < 128, True), ((x < 128) | (x > 170), False)):
        canvas = draw_canvas(incomplete(disc, depth, known), (96, 192))
        match, error = np.full((96, 192, 2), -1, np.int64), np.full((96, 192), NO_MATCH, np.float32)
        for turn in range(8):
            search(canvas, match, error, 2, 192, turn)
        assert (match[..., 1] >= 192).any() == mirrored_ones
        right = (~known & (torch.hypot(y - 48.0, x - 127.5) - 30).abs().lt(2) & (x > 140)).numpy()
        errors.append(np.median(error[right]))
    assert errors[0] < 0.25 * errors[1]


def test_of_several_tries_the_one_that_joins_best_goes_on(monkeypatch):
    known, size = torch.arange(96).expand(48, -1) < 60, (24, 48)

    def cost(seed, tries):
        rgb = torch.from_numpy(np.random.default_rng(seed).random((3, 48, 96), np.float32))
        frame = incomplete(rgb, torch.full((48, 96), 3.0), known)
        monkeypatch.setattr(patch_completion, "TRIES", tries)
        _, error = patch_completion._begun(frame, size)
        worst = np.minimum(error, DEPTH_WEIGHT)  # from there on a pixel has no match
        return float((draw_canvas(frame, size).certainty * worst).sum())

    costs = np.array([[cost(seed, tries) for tries in (1, 3, 6)] for seed in range(4)])
    assert (np.diff(costs) <= 0).all() and costs[:, -1].sum() < costs[:, 0].sum()


def test_small_holes_leave_the_coarse_picture_its_sources():
    random = torch.Generator().manual_seed(0)
    known = torch.rand(256, 384, generator=random) > 0.02
    known[:, 300:] = False
    rgb, depth = torch.rand(3, 256, 384, generator=random), torch.full((256, 384), 3.0)
    coarsest, finest = (
        draw_canvas(incomplete(rgb, depth, known), sizes(256, 384)[level]) for level in (0, -1)
    )
    assert sizes(256, 384)[0] == (32, 48)
    columns = 300 // 8  # of the coarsest picture are known but for specks
    assert coarsest.source[:32, :48].sum() == (32 - 2 * RADIUS) * (columns - 2 * RADIUS)
    assert len(coarsest.holes) == 32 * (48 - columns)
    assert len(finest.holes) == int((~known).sum())  # and in the end every speck is completed


def test_sizes_halve_down_to_a_coarse_picture():
    assert sizes(540, 960)[-1] == (270, 480)
    assert sizes(64, 96)[-1] == (64, 96)
    for small, large in zip(sizes(540, 960)[:-1], sizes(540, 960)[1:], strict=True):
        assert small == ((large[0] + 1) // 2, (large[1] + 1) // 2)


def test_matches_keep_their_shift_from_size_to_size():
    _, smooth, depth, known = half_known_wall()
    frame = incomplete(smooth, depth, known)
    small, large = draw_canvas(frame, (48, 128)), draw_canvas(frame, (96, 256))
    y, x = np.mgrid[:48, :128]
    match = np.where(known.numpy()[::2, ::2, None], -1, np.stack([y, x - 60], axis=-1))
    taken = taken_over(match, large)
    v, u = taken[40, 130:190].T
    assert (v == 40).all() and (np.abs(u - (np.arange(130, 190) - 120)) <= 1).all()
    assert (taken[:, :80] == -1).all() and (taken[40, 210:] == -1).all()  # known; and no whole patch there
    assert small.holes.shape[0] * 4 == large.holes.shape[0]


def test_the_first_guess_is_a_mirror_image():
    picture = np.zeros((16, 32, 4), np.float32)
    picture[..., 0] = np.arange(32)
    known = np.arange(32)[None].repeat(16, 0) < 20
    frame = Incomplete(picture=picture, depth=picture[..., 0], known=known, other=None)
    guess = mirrored(frame, (16, 32))[8, :, 0]
    assert guess[:20].tolist() == list(range(20))
    assert guess[20:].tolist() == list(range(18, 6, -1))


def test_what_cannot_be_mirrored_is_what_is_nearest():
    picture = np.zeros((16, 32, 4), np.float32)
    picture[..., 3] = SKY_WEIGHT * (np.arange(32) < 4)
    picture[..., 0] = np.arange(32)
    known = np.arange(32)[None].repeat(16, 0) < 6
    frame = Incomplete(picture=picture, depth=picture[..., 0], known=known, other=None)
    guess = mirrored(frame, (16, 32))[8]
    assert guess[6:11, 0].tolist() == [4, 3, 2, 1, 0]
    assert (guess[11:, 0] == 0).all() and (guess[11:, 3] == SKY_WEIGHT).all()


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


def test_behind_a_thing_before_the_sky_there_is_sky_however_wide_the_hole():
    y, x = torch.meshgrid(torch.arange(96), torch.arange(192), indexing="ij")
    thing = x < 60
    bars = ((x // 6 + y // 6) % 2).float()
    truth = torch.where(thing, torch.stack([bars, 0.3 * bars, 0.2 + 0 * bars]), torch.full((3, 1, 1), 0.8))
    known = (x < 60) | (x >= 160)
    depth = torch.where(thing, torch.tensor(5.0), torch.tensor(2 * SKY_FROM))
    made, its_depth = complete_by_patches(
        torch.where(known, truth, torch.full_like(truth, 0.8)), depth, known=known, sky_from=SKY_FROM
    )
    assert (its_depth[~known] >= SKY_FROM).all()
    assert float((made - 0.8)[:, ~known].abs().max()) < 0.02
