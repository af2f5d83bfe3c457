"""Dresses change looks and nothing else; labels and captions say what is there."""

from collections import Counter

import numpy as np
import pytest
import torch

from geometry.camera import Camera
from voyager_lite.training.captions import (
    LIGHT_WORDS,
    MOST_BYTES,
    ROOM_LIGHT_WORDS,
    WEATHER_WORDS,
    Labels,
    label,
    write_caption,
)
from voyager_lite.training.clips import make_clip, make_pair
from voyager_lite.training.dress import (
    COLORS,
    FLOORS,
    GROUNDS,
    WALL_MATERIALS,
    Dress,
    draw_dress,
    dress_scene,
)
from voyager_lite.training.light import LIGHTS, WEATHERS, indoor_air, outdoor_air
from voyager_lite.training.material import FACADE, GLOW, PLAIN, WOOD, material
from voyager_lite.training.scene import Builder, Scene, render_scene
from voyager_lite.training.shapes import BOX


def surface(pattern=PLAIN, color=(0.4, 0.4, 0.4), feature=0.3):
    return material(np.random.default_rng(0), pattern, color=color, contrast=0.0, feature=feature)


def yard(*, indoors: bool) -> Scene:
    """Ground below, a wall with a box before it, a house of windows, a lamp."""
    builder = Builder()
    ground = "floor" if indoors else "ground"
    builder.add(BOX, (0, 0.5, 0), (50, 0.5, 50), surface(WOOD), shadow=False, role=ground)
    builder.add(BOX, (-3, -2, 8), (2.5, 2, 0.1), surface(), shadow=False, role="wall")
    builder.add(BOX, (3, -2, 8), (2, 2, 0.5), surface(FACADE, feature=1.2), role="house")
    builder.add(BOX, (-0.2, -0.5, 5), (0.4, 0.5, 0.4), surface(), role="box")
    builder.add(BOX, (-3, -2, 6), (0.3, 0.3, 0.3), surface(GLOW, (1.0, 1.0, 1.0)), role="lamp")
    rng = np.random.default_rng(0)
    return builder.build(indoor_air(rng) if indoors else outdoor_air(rng), kind="yard")


def camera() -> Camera:
    pose = torch.eye(4, dtype=torch.float64)
    pose[1, 3] = 1.6
    return Camera.from_fov(70.0, height=40, width=60, world_to_camera=pose[None])


def dressed(dress: Dress, *, indoors=False, seed=0):
    scene = yard(indoors=indoors)
    worn = dress_scene(np.random.default_rng(seed), scene, dress)
    return worn, render_scene(worn, camera())


def linear(rgb):
    return rgb.double() ** 2.2


@pytest.mark.parametrize("indoors", [True, False])
@pytest.mark.parametrize("light", LIGHTS)
def test_a_dress_leaves_shapes_and_what_they_are_part_of_alone(light, indoors):
    floor = "stone" if indoors else "sand"
    plain = yard(indoors=indoors)
    scene, _ = dressed(Dress(light=light, wall="red", floor=floor), indoors=indoors)
    assert np.array_equal(plain.shapes, scene.shapes) and np.array_equal(plain.kinds, scene.kinds)
    assert plain.roles == scene.roles and plain.kind == scene.kind
    assert np.array_equal(plain.casters, scene.casters)


def test_night_is_darker_than_day_and_lamps_and_windows_shine_in_it():
    scene, day = dressed(Dress(light="day"))
    _, night = dressed(Dress(light="night"))
    role = np.array([*scene.roles, "sky"])[day.shape[0].numpy()]
    bright, dim = (linear(view.rgb[0]).mean(dim=0).numpy() for view in (day, night))
    dark = np.isin(role, ["ground", "wall", "box", "sky"])
    assert dim[dark].mean() < 0.4 * bright[dark].mean()
    assert dim[role == "lamp"].mean() > 0.7
    assert np.quantile(dim[role == "house"], 0.98) > 0.4


def test_snow_whitens_what_faces_up_and_nothing_else():
    scene, snow = dressed(Dress(light="overcast", weather="snow"))
    _, bare = dressed(Dress(light="overcast", weather="clear"))
    role = np.array([*scene.roles, "sky"])[bare.shape[0].numpy()]
    up, aside = bare.normal[0, 1].numpy() < -0.9, np.abs(bare.normal[0, 1].numpy()) < 0.1
    ground, wall = up & (role == "ground"), aside & (role == "wall")
    change = (linear(snow.rgb[0]) / linear(bare.rgb[0]).clamp(min=1e-4)).mean(dim=0).numpy()
    assert np.median(change[ground]) > 1.5 * np.median(change[wall])
    covered = snow.rgb[0].numpy()[:, ground]
    assert (covered.max(axis=0) - covered.min(axis=0)).mean() < 0.12


def test_walls_take_the_color_that_a_dress_names():
    for name in ("red", "green", "blue"):
        scene, view = dressed(Dress(light="day", wall=name), indoors=True)
        role = np.array([*scene.roles, "sky"])[view.shape[0].numpy()]
        seen = linear(view.rgb[0])[:, torch.from_numpy(role == "wall")].mean(dim=1)
        assert int(seen.argmax()) == int(np.argmax(COLORS[name]))


def test_rooms_have_no_weather_and_only_walls_that_exist_are_painted():
    rng = np.random.default_rng(0)
    bare = Builder()
    bare.add(BOX, (0, 0, 5), (1, 1, 1), surface(), role="box")
    alone = bare.build(indoor_air(rng))
    for _ in range(50):
        assert draw_dress(rng, yard(indoors=True)).weather == "clear"
        dress = draw_dress(rng, alone)
        assert dress.wall == dress.wall_material == dress.floor == ""


def test_night_snow_and_red_walls_are_common_enough_to_learn():
    rng = np.random.default_rng(0)
    outside = [draw_dress(rng, yard(indoors=False)) for _ in range(600)]
    inside = [draw_dress(rng, yard(indoors=True)) for _ in range(600)]
    for dresses in (outside, inside):
        assert Counter(dress.light for dress in dresses)["night"] > 0.08 * len(dresses)
        assert Counter(dress.wall for dress in dresses)["red"] > 0.07 * len(dresses)
    assert Counter(dress.weather for dress in outside)["snow"] > 0.08 * len(outside)


def any_labels(rng: np.random.Generator, *, indoors: bool) -> Labels:
    def one(words):
        return words[rng.integers(len(words))]

    return Labels(
        kind=one(["room", "street", "office", "floor clutter", "stairs"]),
        light=one(LIGHTS),
        weather="clear" if indoors else one(WEATHERS),
        wall=one(["", *COLORS]),
        wall_material=one(["", *WALL_MATERIALS]),
        floor=one(["", *(FLOORS if indoors else GROUNDS)]),
        things=tuple(rng.permutation(["chair", "traffic light", "motorcycle", "umbrella"])[:rng.integers(5)]),
    )  # fmt: skip


@pytest.mark.parametrize("indoors", [True, False])
def test_captions_name_what_the_labels_say(indoors):
    rng = np.random.default_rng(1)
    for _ in range(400):
        labels = any_labels(rng, indoors=indoors)
        caption = write_caption(rng, labels, indoors=indoors)
        assert len(caption.encode("ascii")) <= MOST_BYTES and caption == caption.lower()
        lights = ROOM_LIGHT_WORDS if indoors else LIGHT_WORDS
        words = {word for light in LIGHTS for word in lights[light]}
        assert not (words - set(lights[labels.light])) & set(caption.split(", "))
        if labels.light != "day":
            assert any(word in caption for word in lights[labels.light]), (labels, caption)
        if labels.weather != "clear":
            assert any(word in caption for word in WEATHER_WORDS[labels.weather]), (labels, caption)
        if labels.wall:
            assert f"with {labels.wall} " in caption, (labels, caption)
        named = {name for name in COLORS if name != labels.wall and f"with {name} " in caption}
        assert not named


def test_captions_are_worded_in_several_ways():
    labels = any_labels(np.random.default_rng(5), indoors=False)
    said = {write_caption(np.random.default_rng(seed), labels, indoors=False) for seed in range(40)}
    assert len(said) > 8


def test_labels_name_only_walls_and_things_that_are_seen():
    scene, view = dressed(Dress(wall="red", floor="grass"))
    seen = label(scene, view, Dress(wall="red", floor="grass"))
    assert (seen.wall, seen.floor, seen.kind) == ("red", "grass", "yard")
    assert "box" in seen.things and "wall" not in seen.things
    away = torch.eye(4, dtype=torch.float64)
    away[0, 0] = away[2, 2] = -1
    away[1, 3] = 1.6
    behind = render_scene(scene, Camera.from_fov(70.0, height=40, width=60, world_to_camera=away[None]))
    unseen = label(scene, behind, Dress(wall="red", floor="grass"))
    assert (unseen.wall, unseen.things) == ("", ())


@pytest.fixture(scope="module")
def pair():
    return make_pair(3, frames=3)


def test_pairs_differ_in_looks_and_agree_in_all_else(pair):
    first, other = pair
    assert torch.equal(first.depth, other.depth) and torch.equal(first.normal, other.normal)
    assert torch.equal(first.cameras.world_to_camera, other.cameras.world_to_camera)
    assert torch.equal(first.cameras.K, other.cameras.K)
    assert first.labels != other.labels
    assert (first.rgb - other.rgb).abs().mean() > 0.01
    # The rim of the sky is cut by color, and colors differ.
    assert (first.known == other.known).float().mean() > 0.95


def test_a_pair_is_the_same_each_time(pair):
    again = make_pair(3, frames=3)
    assert all(torch.equal(a.rgb, b.rgb) and a.caption == b.caption for a, b in zip(pair, again, strict=True))


def test_a_clip_can_be_told_what_to_wear():
    night = make_clip(5, frames=2, dress=Dress(light="night"))
    assert night.labels.light == "night"
    assert any(word in night.caption for word in ROOM_LIGHT_WORDS["night"])
