"""What a cache knows of a training clip: the truth where depth is exact, the product's sky, nothing else."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from geometry.camera import Camera
from geometry.lifting import SKY_DISTANCE
from geometry.projection import world_points
from voyager_lite.training import guidance
from voyager_lite.training.guidance import SeenDepth, draw_guidance, estimated, sky_distance, sky_on_shell
from voyager_lite.training.light import outdoor_air
from voyager_lite.training.material import PLAIN, material
from voyager_lite.training.scene import Builder, View, render_scene
from voyager_lite.training.shapes import BALL, BOX


def plain(color):
    return material(np.random.default_rng(0), PLAIN, color=color, contrast=0.0)


def path_to_the_side(*, frames=4, size=(48, 64)) -> Camera:
    pose = torch.eye(4, dtype=torch.float64).repeat(frames, 1, 1)
    pose[:, 0, 3] = -torch.linspace(0, 0.4, frames, dtype=torch.float64)
    pose[:, 1, 3] = 1.5
    return Camera.from_fov(60.0, height=size[0], width=size[1], world_to_camera=pose)


def ball_over_ground() -> tuple[View, Camera]:
    builder = Builder()
    builder.add(BOX, (0, 0.5, 0), (500, 0.5, 500), plain((0.5, 0.45, 0.4)), shadow=False)
    builder.add(BALL, (0.3, -1.4, 5), (0.8, 0.8, 0.8), plain((0.7, 0.2, 0.1)))
    cameras = path_to_the_side()
    return render_scene(builder.build(outdoor_air(np.random.default_rng(3))), cameras), cameras


def shelled() -> tuple[View, Camera]:
    view, cameras = ball_over_ground()
    return sky_on_shell(view, cameras, distance=sky_distance(view)), cameras


@pytest.fixture
def exact(monkeypatch):
    """Depth is exact, nothing is thinned, one frame is seen, the first is not known by itself."""
    for share in ("SECOND_SEEN", "ANCHORED", "ESTIMATED", "THINNED"):
        monkeypatch.setattr(guidance, share, 0.0)


def test_sky_lies_on_a_shell_around_the_first_camera():
    view, cameras = shelled()
    distance = sky_distance(view)
    away = world_points(view.depth.double(), cameras) - cameras.center[0]
    lengths = away.norm(dim=-1)[view.sky]
    torch.testing.assert_close(lengths, torch.full_like(lengths, distance), rtol=1e-5, atol=0)
    assert distance == pytest.approx(SKY_DISTANCE * float(view.depth[~view.sky].max()))


def test_known_pixels_are_the_truth_where_depth_is_exact(exact):
    view, cameras = shelled()
    known = draw_guidance(np.random.default_rng(0), view, cameras, exact=False)
    assert 0.02 < float((~known.known).float().mean()) < 0.4
    matter = known.known & ~view.sky & (known.depth < known.sky_from)
    ratio = known.depth[matter] / view.depth[matter]
    # A pixel's footprint on ground that lies flat before the camera spans some depth.
    assert float(((ratio - 1).abs() < 0.05).float().mean()) > 0.97
    error = (known.rgb - view.rgb).abs().mean(dim=1)
    assert float(error[matter].mean()) < 0.02
    agree = (known.depth >= known.sky_from) == view.sky
    assert float(agree[known.known].float().mean()) > 0.97


def test_first_frame_comes_back_as_it_was_but_for_its_rim_against_the_sky(exact):
    view, cameras = shelled()
    known = draw_guidance(np.random.default_rng(0), view, cameras, exact=False)
    assert float(known.known[0].float().mean()) > 0.99
    same = (known.rgb[0] - view.rgb[0]).abs().amax(dim=0) < 1e-3
    assert float(same.float().mean()) > 0.9


def test_an_anchored_first_frame_is_known_exactly(exact, monkeypatch):
    monkeypatch.setattr(guidance, "ANCHORED", 1.0)
    monkeypatch.setattr(guidance, "THINNED", 1.0)
    view, cameras = shelled()
    known = draw_guidance(np.random.default_rng(0), view, cameras, exact=False)
    assert known.known[0].all() and torch.equal(known.rgb[0], view.rgb[0])
    assert torch.equal(known.depth[0][~view.sky[0]], view.depth[0][~view.sky[0]])
    assert bool((known.depth[0][view.sky[0]] >= known.sky_from).all())


def test_a_later_frame_fills_what_the_first_could_not_see(exact, monkeypatch):
    view, cameras = shelled()
    one = draw_guidance(np.random.default_rng(0), view, cameras, exact=False)
    monkeypatch.setattr(guidance, "SECOND_SEEN", 1.0)
    two = draw_guidance(np.random.default_rng(0), view, cameras, exact=False)
    assert two.known.sum() > one.known.sum()
    assert not bool((one.known & ~two.known).any())


def test_matter_never_counts_as_sky(exact):
    view, cameras = shelled()
    known = draw_guidance(np.random.default_rng(0), view, cameras, exact=False)
    assert float(view.depth[~view.sky].max()) < known.sky_from < float(view.depth[view.sky].min())
    assert math.isfinite(known.sky_from)


@pytest.mark.parametrize("seed", range(6))
def test_estimated_depth_is_wrong_but_mildly(seed):
    view, _ = ball_over_ground()
    seen = SeenDepth(depth=view.depth[0], sky=view.sky[0])
    guess = estimated(np.random.default_rng(seed), seen)
    both = ~seen.sky & ~guess.sky
    assert float((seen.sky != guess.sky).float().mean()) < 0.08
    ratio = (seen.depth / guess.depth)[both]
    assert 0.002 < float((ratio - 1).abs().median()) < 0.12
    assert torch.isfinite(guess.depth).all() and bool((guess.depth > 0).all())


def test_estimated_depth_of_a_picture_of_sky_alone_is_sky():
    view, _ = ball_over_ground()
    alone = replace(view, sky=torch.ones_like(view.sky))
    guess = estimated(np.random.default_rng(0), SeenDepth(depth=alone.depth[0], sky=alone.sky[0]))
    assert guess.sky.all()


def test_exact_guidance_never_has_an_estimators_depth(monkeypatch):
    """Where every clip's depth is an estimator's, asking for the truth still gives it."""
    for share in ("SECOND_SEEN", "ANCHORED", "THINNED"):
        monkeypatch.setattr(guidance, share, 0.0)
    view, cameras = shelled()
    monkeypatch.setattr(guidance, "ESTIMATED", 0.0)
    truth = draw_guidance(np.random.default_rng(0), view, cameras, exact=False)
    monkeypatch.setattr(guidance, "ESTIMATED", 1.0)
    wrong = draw_guidance(np.random.default_rng(0), view, cameras, exact=False)
    exact = draw_guidance(np.random.default_rng(0), view, cameras, exact=True)
    assert torch.equal(exact.depth, truth.depth) and torch.equal(exact.known, truth.known)
    assert not torch.equal(wrong.depth, truth.depth)
