"""Textures: read from installed packages alone, and shown as the mean over what a pixel covers."""

import socket

import numpy as np
import pytest

from voyager_lite.training.foliage import meet_leaves
from voyager_lite.training.material import (
    CHECKS,
    COLUMNS,
    FACADE,
    GLOW,
    PICTURE,
    PLAIN,
    STRIPES,
    WOOD,
    material,
    photo_at,
)
from voyager_lite.training.noise import noise_volume
from voyager_lite.training.patterns import second_share
from voyager_lite.training.photographs import LEVELS, PAGES, SIDE, page_means, photo_atlas
from voyager_lite.training.shapes import BALL, NEAR


def test_atlas_is_read_without_a_network_and_always_the_same(monkeypatch):
    def refuse(*args, **kwargs):
        raise OSError("no network")

    before = photo_atlas()
    monkeypatch.setattr(socket, "socket", refuse)
    photo_atlas.cache_clear()
    again = photo_atlas()
    assert np.array_equal(before, again)
    texels = sum((SIDE >> level) ** 2 for level in range(LEVELS))
    assert again.shape == (PAGES, texels, 3) and again.dtype == np.uint8
    # Every page shows something.
    assert (again[:, : SIDE * SIDE].std(axis=(1, 2)) > 8).all()


def test_every_size_of_a_page_has_the_page_s_mean():
    atlas, start = photo_atlas().astype(float), 0
    for level in range(LEVELS):
        count = (SIDE >> level) ** 2
        mean = atlas[:, start : start + count].mean(axis=1)
        np.testing.assert_allclose(mean, atlas[:, : SIDE * SIDE].mean(axis=1), atol=2.5)
        start += count


def test_a_page_s_texels_lie_where_they_should():
    atlas = photo_atlas()
    for row, column in ((0, 0), (17, 200), (255, 254)):
        shown = photo_at(atlas, 12, (column + 0.5) / SIDE, (row + 0.5) / SIDE, 1e-4)
        expected = np.square(atlas[12, row * SIDE + column] / 255)
        np.testing.assert_allclose(shown, expected, atol=2e-2)


def test_a_page_seen_from_far_away_is_its_mean_and_goes_on_beyond_its_rim_without_a_step():
    atlas, means = photo_atlas(), page_means()
    for page in range(PAGES):
        far = np.mean([photo_at(atlas, page, u, 0.5, 1.0) for u in (0.25, 0.75)], axis=0)
        assert np.abs(far - means[page]).max() < 0.15
        for u in (0.0, 1.0, 5.0, -3.0):
            before, after = (photo_at(atlas, page, u + e, 0.3, 0.01) for e in (-1e-6, 1e-6))
            np.testing.assert_allclose(before, after, atol=1e-3)


@pytest.mark.parametrize("pattern", [CHECKS, STRIPES, FACADE])
@pytest.mark.parametrize("width", [0.1, 0.45, 1.3, 4.2])
def test_a_pattern_over_a_wide_pixel_is_the_mean_of_its_parts(pattern, width):
    rng = np.random.default_rng(0)
    steps = (np.arange(60) + 0.5) / 60 - 0.5
    for u, v in rng.uniform(-5, 5, (5, 2)):
        parts = [second_share(pattern, u + a * width, v + b * width, 0.5, 1e-6) for a in steps for b in steps]
        assert second_share(pattern, u, v, 0.5, width) == pytest.approx(np.mean(parts), abs=0.04)


def test_materials_are_rows_in_range_and_a_good_part_of_them_wears_a_photograph():
    rng = np.random.default_rng(0)
    rows = np.stack([material(rng, PLAIN if i % 2 else WOOD) for i in range(400)])
    assert rows.shape == (400, COLUMNS) and np.isfinite(rows).all()
    assert (rows[:, 1:7] >= 0).all() and (rows[:, 7] > 0).all()
    assert 0.35 < (rows[:, 13] >= 0).mean() < 0.55
    assert rows[:, 13].max() < PAGES


def test_lamps_and_calm_surfaces_wear_no_photograph_and_chosen_colors_show_no_picture():
    rng = np.random.default_rng(0)
    for _ in range(100):
        assert material(rng, GLOW)[13] == -1
        assert material(rng, PLAIN, contrast=0.05)[13] == -1
        assert material(rng, CHECKS, color=(0.5, 0.2, 0.1))[0] != PICTURE


def test_leaves_lie_on_their_shape_and_let_some_rays_through_most_at_the_rim():
    rng, passed = np.random.default_rng(0), {"middle": [], "rim": []}
    for _ in range(600):
        d = rng.normal(0, 1, 3)
        d /= np.linalg.norm(d)
        aside = np.cross(d, rng.normal(0, 1, 3))
        off = rng.choice([0.3, 0.95])
        o = off * aside / np.linalg.norm(aside) - 5 * d
        t = meet_leaves(noise_volume(), BALL, tuple(o), tuple(d), (8.0, 1.0))
        passed["rim" if off > 0.9 else "middle"].append(t < NEAR)
        if t > NEAR:
            assert np.linalg.norm(o + t * d) == pytest.approx(1, abs=1e-6)
    assert 0.005 < np.mean(passed["middle"]) < 0.3
    assert np.mean(passed["middle"]) < np.mean(passed["rim"]) < 0.7
