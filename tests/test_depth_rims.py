"""Silhouettes: pixels that show a thing belong to it, and its rim does not part from it."""

import cv2
import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from geometry.cache import WorldCache
from geometry.camera import Camera
from geometry.edges import JUMP
from geometry.lifting import lift
from voyager_lite.core.fill import background_fill
from voyager_lite.depth.steps import MIXED, clean_rims

ORANGE, GREEN = np.array([0.9, 0.6, 0.2]), np.array([0.05, 0.25, 0.2])


def painted(share: np.ndarray) -> np.ndarray:
    """A picture of the thing where its share is 1, of what lies behind where it is 0."""
    return (share[..., None] * ORANGE + (1 - share[..., None]) * GREEN).astype(np.float32)


def rows(values: np.ndarray) -> np.ndarray:
    return np.repeat(values[None], 30, axis=0)


def test_pixels_beside_a_thing_join_it_as_far_as_they_show_it() -> None:
    """Worked by hand: shares of 0.75, 0.5 and 0.25 are claimed, one of 0.05 is not."""
    share = np.concatenate([np.ones(20), [0.75, 0.5, 0.25, 0.05], np.zeros(26)])
    for far in (0.4, 0.0):
        inverse = rows(np.where(np.arange(50) < 20, 1.0, far))
        cleaned = clean_rims(inverse, painted(rows(share)), reach=4)
        np.testing.assert_allclose(cleaned, rows(np.where(np.arange(50) < 23, 1.0, far)), atol=1e-6)
    assert 0.05 < MIXED < 0.25


def test_a_thing_of_the_colour_behind_it_stays_as_it_is() -> None:
    inverse = rows(np.where(np.arange(50) < 20, 1.0, 0.4))
    picture = painted(np.zeros((30, 50)))
    np.testing.assert_allclose(clean_rims(inverse, picture, reach=4), inverse, atol=1e-6)


def test_no_pixel_is_claimed_across_one_that_is_not() -> None:
    """What lies behind may show the thing's colour elsewhere."""
    share = np.concatenate([np.ones(20), [0.0, 1.0], np.zeros(28)])
    inverse = rows(np.where(np.arange(50) < 20, 1.0, 0.4))
    np.testing.assert_allclose(clean_rims(inverse, painted(rows(share)), reach=4), inverse, atol=1e-6)


@given(st.integers(0, 2**32 - 1), st.integers(1, 4))
def test_of_two_surfaces_only_the_nearer_grows(seed: int, reach: int) -> None:
    rng = np.random.default_rng(seed)
    noise = cv2.GaussianBlur(rng.standard_normal((24, 32)), (0, 0), 3.0)
    inverse = np.where(noise > 0, 1.0, 0.5)
    cleaned = clean_rims(inverse, rng.random((24, 32, 3), np.float32), reach=reach)
    near = np.isclose(cleaned, 1.0, atol=1e-5)
    assert (near | np.isclose(cleaned, 0.5, atol=1e-5)).all()
    assert near[inverse == 1.0].all()
    grown = cv2.dilate((inverse == 1.0).astype(np.uint8), np.ones((2 * reach + 1, 2 * reach + 1)))
    assert not (near & (grown == 0)).any()


def test_a_ledge_along_a_rim_becomes_part_of_its_thing() -> None:
    columns = np.arange(60)
    inverse = rows(np.select([columns < 26, columns < 30], [1.0, 0.92], 0.4))
    cleaned = clean_rims(inverse, painted(rows((columns < 30).astype(float))), reach=4)[15]
    assert np.abs(np.diff(np.log(inverse[15, :30]))).max() > JUMP
    assert np.abs(np.diff(np.log(cleaned[:30]))).max() < JUMP
    np.testing.assert_allclose(cleaned[30:], 0.4, atol=1e-6)


def seen_from_the_side(inverse: np.ndarray, picture: np.ndarray) -> tuple[Tensor, Tensor]:
    """What the hole beside the thing is filled with, (N, 3), and its pixels."""
    height, width = inverse.shape
    camera = Camera.from_fov(60.0, height=height, width=width)
    rgb = torch.from_numpy(picture).permute(2, 0, 1)
    depth = torch.from_numpy(1 / inverse).float()
    cache = WorldCache(lift(rgb, depth, camera, valid=torch.ones_like(depth, dtype=torch.bool)))
    pose = torch.eye(4, dtype=torch.float64)
    pose[0, 3] = 0.3
    aside = Camera(K=camera.K[None], world_to_camera=pose[None], height=height, width=width)
    shown = cache.render(aside)
    filled, _ = background_fill(shown.rgb, shown.depth, shown.known)
    hole = ~shown.known[0]
    hole[:, : width // 4], hole[:, -(width // 4) :] = False, False
    return filled[0, :, hole].T, hole


def test_what_a_thing_uncovers_does_not_take_its_colour() -> None:
    """A blurred disc before a plain wall: the wall goes on behind it, and no longer as a mixture of both."""
    y, x = np.mgrid[:90, :120]
    disc = (np.hypot(x - 60, y - 45) < 20).astype(np.float32)
    inverse, picture = np.where(disc > 0, 1.0, 0.4), painted(cv2.GaussianBlur(disc, (0, 0), 1.2))
    before, hole = seen_from_the_side(inverse, picture)
    assert int(hole.sum()) > 100
    after, _ = seen_from_the_side(clean_rims(inverse, picture, reach=3), picture)
    wall = torch.from_numpy(GREEN).float()
    errors = [float((colors - wall).abs().max(dim=1).values.median()) for colors in (before, after)]
    most = MIXED * float(np.abs(ORANGE - GREEN).max())
    assert errors[0] > 3 * most
    assert errors[1] < most
