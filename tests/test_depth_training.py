"""Training of the depth network: pictures, their dress, the loss, restart, and that it learns."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from torch import Tensor

from geometry.camera import Camera
from voyager_lite.depth.mini_network import (
    DepthMiniConfig,
    DepthMiniNetwork,
    load_depth_mini,
    save_depth_mini,
)
from voyager_lite.training.clips import HELD_OUT
from voyager_lite.training.depth_loop import (
    DepthTraining,
    DepthTrainingConfig,
    depth_scores,
    measure,
    predicted_loss,
    train_depth,
)
from voyager_lite.training.depth_loss import ratio_error, shape_error
from voyager_lite.training.framing import Shot
from voyager_lite.training.handheld import FREE, ROOMS, views_inside
from voyager_lite.training.light import indoor_air
from voyager_lite.training.matter import meets_matter
from voyager_lite.training.paths import draw_shot, draw_shot_of
from voyager_lite.training.patterns import GLOW, LEAVES, PICTURE
from voyager_lite.training.photographic import PictureBatch, dressed_batch, plain_batch
from voyager_lite.training.pictures import (
    INSIDE,
    SIZES,
    TOWERS,
    PictureStream,
    TrainingPicture,
    draw_pictures,
    held_out_pictures,
    is_bare,
    repainted,
)
from voyager_lite.training.scene import Builder, Scene, render_scene
from voyager_lite.training.walls import add_shell, shell_look

SMALL = DepthMiniConfig(widths=(16, 16, 32, 32), layers=1, heads=2)
BRIEF = DepthTrainingConfig(
    folder=Path(), minutes=0.02, batch=4, first_pool=4, workers=0, held_out=4, network=SMALL
)


@pytest.fixture(scope="module")
def pictures() -> list[TrainingPicture]:
    found = [picture for seed in range(6) for picture in draw_pictures(seed, height=60, width=80)]
    assert len(found) >= 6
    return found[:6]


def run_at(folder: Path) -> DepthTraining:
    return DepthTraining(DepthTrainingConfig(folder=folder, minutes=1.0, batch=6, workers=0, network=SMALL))


def smooth(seed: int) -> Tensor:
    coarse = torch.rand(2, 1, 4, 5, generator=torch.Generator().manual_seed(seed)) + 0.2
    return torch.nn.functional.interpolate(coarse, (24, 32), mode="bilinear")[:, 0]


def test_pictures_are_whole_and_the_same_again() -> None:
    for seed in range(4):
        first, again = (draw_pictures(seed, height=48, width=64) for _ in range(2))
        assert len(first) == len(again)
        for one, other in zip(first, again, strict=True):
            assert np.array_equal(one.rgb, other.rgb) and np.array_equal(one.inverse, other.inverse)
            assert ((one.inverse == 0) == one.sky).all() and 0.2 < one.focal < 4
            matter = one.inverse[~one.sky].astype(np.float32)
            assert matter.mean() == pytest.approx(1, abs=0.02)


def test_workers_draw_scenes_in_order() -> None:
    stream = iter(PictureStream(3))
    next(stream)
    height, width = SIZES[4]
    expected = draw_pictures(4, height=height, width=width)
    found = next(stream)
    assert [p.focal for p in found] == [p.focal for p in expected]


@given(seed=st.integers(0, 10_000), kind=st.sampled_from(list(ROOMS)))
def test_hand_held_cameras_stand_free_within_the_walls(seed: int, kind: str) -> None:
    rng = np.random.default_rng(seed)
    scene = draw_shot_of(rng, kind).scene
    cameras = views_inside(rng, scene, views=3, height=30, width=40)
    assume(cameras is not None)
    places = cameras.camera_to_world[:, :3, 3].numpy()
    assert not meets_matter(scene, places, margin=FREE - 1e-9).any()
    assert ((places[:, 1] < -0.3) & (places[:, 1] > -2.01)).all()
    floor = scene.shapes[scene.roles.index("floor")]
    assert (np.abs(places - floor[:3])[:, ::2] < floor[12:15:2]).all()


def test_towers_are_as_far_above_as_below_and_stand_against_the_sky() -> None:
    """What pictures of houses on streets do not show: that what is high up is not far away."""
    ratios, against_sky = [], 0
    for seed in range(40):
        shot = draw_shot_of(np.random.default_rng(seed), "tower")
        to_camera = torch.from_numpy(np.linalg.inv(shot.pose))[None]
        camera = Camera.from_fov(shot.fov_degrees, height=48, width=64, world_to_camera=to_camera)
        view = render_scene(shot.scene, camera)
        towers = torch.tensor([role == "tower" for role in shot.scene.roles] + [False])  # -1 is the sky
        seen = towers[view.shape[0].long()]
        rows = seen.any(dim=1).nonzero()[:, 0]
        if len(rows) < 24:
            continue
        top, bottom = seen.clone(), seen.clone()
        top[rows[len(rows) // 4] :], bottom[: rows[-len(rows) // 4]] = False, False
        ratios.append(float(view.depth[0][top].median() / view.depth[0][bottom].median()))
        against_sky += bool(view.sky[0, rows[len(rows) // 4]].any())
    assert len(ratios) > 20 and against_sky > 0.7 * len(ratios)
    assert 0.8 < np.median(ratios) < 1.2 and max(ratios) < 2


def test_pictures_show_rooms_and_towers_more_often_than_clips_do(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def note(rng: np.random.Generator, kind: str) -> Shot:
        asked.append(kind)
        raise LookupError

    monkeypatch.setattr("voyager_lite.training.pictures.draw_shot_of", note)
    monkeypatch.setattr("voyager_lite.training.pictures.draw_shot", lambda rng: note(rng, "any"))
    for seed in range(2000):
        with pytest.raises(LookupError):
            draw_pictures(seed, height=16, width=24)
    assert asked.count("tower") / 2000 == pytest.approx(TOWERS, abs=0.02)
    assert asked.count("any") / 2000 == pytest.approx(1 - INSIDE - TOWERS, abs=0.04)


def test_an_empty_room_has_hand_held_views_too() -> None:
    rng, scene = np.random.default_rng(0), Builder()
    add_shell(scene, rng, half=(2.0, 1.3, 3.0), look=shell_look(rng), openings=0.0)
    cameras = views_inside(rng, scene.build(indoor_air(rng)), views=3, height=24, width=32)
    assert cameras is not None and len(cameras) == 3


def test_hand_held_views_see_walls_from_near_and_aslant() -> None:
    """The reason for them: inverse depth grows sideways as often as down the picture, as on no path."""
    sideways = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        scene = draw_shot_of(rng, "room").scene
        cameras = views_inside(rng, scene, views=3, height=24, width=32)
        if cameras is None:
            continue
        inverse = 1 / render_scene(scene, cameras).depth
        across = (inverse[..., 16:].mean(dim=(1, 2)) / inverse[..., :16].mean(dim=(1, 2))).log().abs()
        down = (inverse[:, 12:].mean(dim=(1, 2)) / inverse[:, :12].mean(dim=(1, 2))).log().abs()
        sideways += (across > down).tolist()
    assert len(sideways) > 120 and 0.35 < np.mean(sideways) < 0.75


def test_a_picture_with_fewer_than_three_things_is_bare() -> None:
    shape = torch.zeros(20, 30, dtype=torch.int32)
    assert is_bare(shape)
    shape[:10] = -1
    assert is_bare(shape)
    shape[15:, :2] = 7
    assert not is_bare(shape)
    shape[17:, :2] = 0
    assert is_bare(shape), "what covers one in a hundred pixels is not seen"


def scene_and_painted(seed: int) -> tuple[Scene, Scene]:
    rng = np.random.default_rng(seed)
    scene = draw_shot(rng).scene
    return scene, repainted(rng, scene)


@given(seed=st.integers(0, 10_000))
def test_paint_changes_colors_and_nothing_else(seed: int) -> None:
    scene, painted = scene_and_painted(seed)
    for name in ("kinds", "shapes", "casters", "air"):
        assert np.array_equal(getattr(scene, name), getattr(painted, name))
    assert np.array_equal(scene.materials[:, [0, *range(7, 20)]], painted.materials[:, [0, *range(7, 20)]])
    assert painted.materials[:, 1:7].min() >= 0.01 - 1e-6 and painted.materials[:, 1:7].max() <= 1.5
    kept = np.isin(scene.materials[:, 0], (GLOW, PICTURE))
    assert np.array_equal(scene.materials[kept], painted.materials[kept])
    _, which = np.unique(scene.materials, axis=0, return_inverse=True)
    for material in np.unique(which):
        assert not np.ptp(painted.materials[which.ravel() == material], axis=0).any()


@given(seed=st.integers(0, 10_000))
def test_painted_leaves_keep_their_hue(seed: int) -> None:
    scene, painted = scene_and_painted(seed)
    free = (scene.materials[:, 0] == LEAVES) & (scene.materials[:, 1:4].min(axis=1) > 0.02)
    free &= (painted.materials[:, 1:4].min(axis=1) > 0.0101) & (painted.materials[:, 1:4].max(axis=1) < 0.99)
    change = painted.materials[free, 1:4] / scene.materials[free, 1:4]
    assert (np.ptp(change, axis=1) < 1e-3 * change.max(axis=1)).all()


def test_painted_things_differ_more_in_brightness() -> None:
    spreads = []
    for seed in range(30):
        both = [np.unique(scene.materials[:, 1:4], axis=0) for scene in scene_and_painted(seed)]
        spreads.append([(colors.mean(axis=1) ** (1 / 2.2)).std() for colors in both])
    before, after = np.mean(spreads, axis=0)
    assert after > 1.25 * before


def test_held_out_scenes_are_never_drawn() -> None:
    assert list(PictureStream(HELD_OUT)) == []
    assert len(held_out_pictures(2)) == 2


def test_the_middle_is_the_middle_and_depth_lies_under_its_colors() -> None:
    """A picture of a nearer square on a far wall: colours and inverse depth have it in the same place."""
    rgb, inverse = np.zeros((40, 60, 3), np.uint8), np.full((40, 60), 0.5, np.float16)
    rgb[10:30, 20:40], inverse[10:30, 20:40] = 255, 2.0
    picture = TrainingPicture(rgb=rgb, inverse=inverse, sky=np.zeros((40, 60), bool), focal=1.0)
    batch = plain_batch([picture], height=40, width=40)
    assert torch.equal(batch.rgb[0, 0, 10:30, 10:30], torch.ones(20, 20)) and batch.rgb.sum() == 3 * 400
    assert (batch.inverse[0, 5:15, 5:15] == 2).all() and (batch.inverse[0] == 2).sum() == 100
    assert float(batch.focal[0].exp()) == pytest.approx(1.5)


@given(seed=st.integers(0, 30))
def test_dress_leaves_depth_on_the_same_pixels(seed: int) -> None:
    rgb, inverse = np.full((60, 80, 3), 40, np.uint8), np.full((60, 80), 0.5, np.float16)
    rgb[20:44, 30:56], inverse[20:44, 30:56] = 220, 2.0
    picture = TrainingPicture(rgb=rgb, inverse=inverse, sky=np.zeros((60, 80), bool), focal=1.0)
    batch = dressed_batch([picture] * 3, np.random.default_rng(seed), height=48, width=64)
    assert batch.rgb.min() >= 0 and batch.rgb.max() <= 1
    assert set(batch.inverse.unique().tolist()) <= {0.5, 2.0}
    light = torch.nn.functional.avg_pool2d(batch.rgb.mean(dim=1, keepdim=True), 2)[:, 0]
    for shade, near in zip(light, batch.inverse == 2, strict=True):
        if near.any() and not near.all():
            assert shade[near].mean() > shade[~near].mean()


@given(scale=st.floats(0.1, 10), shift=st.floats(0, 2), seed=st.integers(0, 200))
def test_shape_error_is_blind_to_scale_and_shift(scale: float, shift: float, seed: int) -> None:
    truth, sky = smooth(seed), torch.zeros(2, 24, 32, dtype=torch.bool)
    error, steps = shape_error(truth * scale + shift, truth, sky)
    assert error < 0.02 and steps < 0.02
    guess = smooth(seed + 1000)
    one, other = shape_error(guess, truth, sky), shape_error(guess * scale + shift, truth, sky)
    torch.testing.assert_close(one[0], other[0], atol=5e-3, rtol=5e-2)
    assert one[0] > 0.05


def test_ratio_error_knows_the_shift_and_forgives_the_scale() -> None:
    truth, sky = smooth(0), torch.zeros(2, 24, 32, dtype=torch.bool)
    assert ratio_error(7 * truth, truth, sky) < 1e-5
    assert ratio_error(truth + 1, truth, sky) > 0.1


def test_sky_behind_matter_costs_and_sky_beyond_does_not() -> None:
    truth = smooth(1)
    sky = torch.zeros(2, 24, 32, dtype=torch.bool)
    sky[:, :8] = True
    truth[sky] = 0
    far, near = truth.clone(), truth.clone()
    far[sky], near[sky] = -0.5, 1.0
    assert shape_error(far, truth, sky)[0] < 0.01 < 0.1 < shape_error(near, truth, sky)[0]


def test_scores_of_the_truth_are_perfect(pictures: list[TrainingPicture]) -> None:
    batch = plain_batch(pictures, height=48, width=64)
    for abs_rel, delta in depth_scores(batch.inverse, batch):
        assert abs_rel < 0.02 and delta > 0.98


def test_restarted_run_continues_as_if_never_stopped(tmp_path: Path, pictures: list[TrainingPicture]) -> None:
    straight, stopped = run_at(tmp_path / "straight"), run_at(tmp_path / "stopped")
    for _ in range(2):
        straight.step(pictures)
        stopped.step(pictures)
    stopped.save()
    resumed = run_at(tmp_path / "stopped")
    assert resumed.state == stopped.state
    resumed.add(pictures + pictures)
    straight.step(pictures)
    resumed.step(pictures)
    for name in ("network", "average"):
        both = getattr(straight, name).parameters(), getattr(resumed, name).parameters()
        for a, b in zip(*both, strict=True):
            torch.testing.assert_close(a, b, atol=1e-6, rtol=1e-5)


def test_training_from_weights_begins_with_them_and_sees_other_scenes(tmp_path: Path) -> None:
    save_depth_mini(DepthMiniNetwork(SMALL), tmp_path / "weights.safetensors")
    saved = load_depth_mini(tmp_path / "weights.safetensors").state_dict()
    config = DepthTrainingConfig(folder=tmp_path, start=tmp_path / "weights.safetensors", workers=0)
    run = DepthTraining(config)
    for kept in (run.network, run.average):
        torch.testing.assert_close(kept.state_dict(), saved, rtol=0, atol=0)
    assert all(parameter.requires_grad for parameter in run.network.parameters())
    first, anew = (
        next(pictures for pictures in DepthTraining(c).scenes() if pictures)
        for c in (replace(config, start=None, network=SMALL), config)
    )
    assert not np.array_equal(first[0].rgb, anew[0].rgb)


def test_training_overfits_one_picture(tmp_path: Path, pictures: list[TrainingPicture]) -> None:
    run, batch = run_at(tmp_path), plain_batch(pictures[:1], height=48, width=64)
    before = measure(run.network, batch)["abs_rel"]
    losses = []
    for _ in range(80):
        losses.append(run.learn([lambda: predicted_loss(run.network, batch)]))
    assert losses[-1] < 0.5 * losses[0]
    assert measure(run.network, batch)["abs_rel"] < 0.7 * before


def test_pictures_are_split_one_by_one(pictures: list[TrainingPicture]) -> None:
    batch = plain_batch(pictures[:3], height=48, width=64)
    for parts, counts in ((1, [3]), (2, [2, 1]), (4, [1, 1, 1])):
        split = batch.split(parts)
        assert [len(part.rgb) for part in split] == counts
        for name in ("rgb", "inverse", "sky", "focal"):
            assert torch.equal(torch.cat([getattr(part, name) for part in split]), getattr(batch, name))


def test_batches_of_a_step_are_as_large_as_asked(tmp_path: Path, pictures: list[TrainingPicture]) -> None:
    run = run_at(tmp_path)
    run.add(pictures)
    assert np.isfinite(run.step(pictures[:2])) and len(run.pool) == 8


@pytest.mark.slow
def test_training_runs_from_start_to_end(tmp_path: Path) -> None:
    config = replace(BRIEF, folder=tmp_path, minutes=0.05, workers=1, validate_every=3)
    train_depth(config)
    assert (tmp_path / "log.jsonl").read_text().count("\n") >= 1 and (tmp_path / "curve.png").exists()
    assert load_depth_mini(tmp_path / "weights" / "depth-mini.safetensors").config == SMALL


def test_what_is_written_keeps_a_share_of_the_weights_begun_with(tmp_path: Path) -> None:
    torch.manual_seed(3)
    weights = tmp_path / "first.safetensors"
    save_depth_mini(DepthMiniNetwork(SMALL), weights)
    config = replace(BRIEF, folder=tmp_path / "run", learning_rate=0.3, start=weights)
    written, average, first = train_depth(config), DepthTraining(config).average, load_depth_mini(weights)
    moved = 0.0
    for kept, mean, start in zip(*(n.state_dict().values() for n in (written, average, first)), strict=True):
        torch.testing.assert_close(kept, 0.7 * mean + 0.3 * start)
        moved = max(moved, float((mean - start).abs().max()))
    assert moved > 0.01, "training has changed nothing, so the mixture shows nothing"


def test_a_batch_moves_as_a_whole(pictures: list[TrainingPicture]) -> None:
    moved: PictureBatch = plain_batch(pictures, height=48, width=64).to("cpu")
    assert DepthMiniNetwork(SMALL)(moved.rgb).inverse.shape == moved.inverse.shape
