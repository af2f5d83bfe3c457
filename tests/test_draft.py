"""Drafts of paths: edits, cameras, JSON, undo."""

import dataclasses
import itertools
import json
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from geometry.camera import Camera
from geometry.draft import MOST_KEYFRAMES, Gaze, Keyframe, PathDraft
from geometry.draft_fit import draft_of_cameras, draft_of_text
from geometry.draft_gaze import key_rotations, regazed, toward, turned, yaw_and_pitch
from geometry.draft_insert import inserted_after, looked_from
from geometry.draft_move import joined, laid_onto
from geometry.draft_path import draft_at, draft_cameras, draft_trajectory, keyframe_of
from geometry.draft_timing import at_even_speed, onto, stretch_lengths
from geometry.history import History
from geometry.rigid import look_at, rotation_from_vector, vector_from_rotation
from geometry.stroke import simplified, with_stroke
from geometry.trajectory import Trajectory
from voyager_lite.draft_json import draft_from_json, draft_to_json

FOCUS = 4.0
START = Camera.from_fov(60.0, height=54, width=96)


def camera_at(position: tuple[float, float, float], turn: tuple[float, float, float]) -> Camera:
    pose = torch.eye(4, dtype=torch.float64)
    pose[:3, :3] = rotation_from_vector(torch.tensor(turn, dtype=torch.float64)).mT
    pose[:3, 3] = -pose[:3, :3] @ torch.tensor(position, dtype=torch.float64)
    return Camera.from_fov(50.0, height=54, width=96, world_to_camera=pose)


coordinates = st.floats(-10.0, 10.0, allow_nan=False)
places = st.tuples(coordinates, coordinates, coordinates)
quaternions = st.tuples(*[st.floats(-1.0, 1.0)] * 4).filter(lambda q: math.hypot(*q) > 0.1)
units = quaternions.map(lambda q: tuple(x / math.hypot(*q) for x in q))
gazes = st.one_of(
    st.just({"kind": "along"}),
    places.map(lambda place: {"kind": "at", "target": place}),
    units.map(lambda rotation: {"kind": "free", "rotation": rotation}),
)
turns = st.tuples(*[st.floats(-1.5, 1.5)] * 3)


@dataclasses.dataclass(frozen=True)
class Drawn:
    """What a draft is made of. It is made in the tests: type checks roll dice, which strategies must not."""

    place: tuple[float, float, float]
    turn: tuple[float, float, float]
    steps: list[float]
    keys: list[tuple]
    fps: float

    @property
    def start(self) -> Camera:
        return camera_at(self.place, self.turn)

    @property
    def draft(self) -> PathDraft:
        keys = [keyframe_of(self.start, seconds=0.0)]
        for step, (position, gaze, fov, prompt) in zip(self.steps, self.keys, strict=True):
            seconds = keys[-1].seconds + step
            keys.append(
                Keyframe(
                    position=position, gaze=Gaze(**gaze), fov_degrees=fov, seconds=seconds, prompt=prompt
                )
            )
        return PathDraft(keyframes=tuple(keys), fps=self.fps)


@st.composite
def drafts(draw: st.DrawFn, least: int = 1) -> Drawn:
    steps = draw(st.lists(st.floats(0.05, 5.0), min_size=least - 1, max_size=5))
    key = st.tuples(places, gazes, st.floats(20.0, 120.0), st.none() | st.text(max_size=20))
    keys = [draw(key) for _ in steps]
    fps = draw(st.sampled_from([8.0, 24.0, 29.97]))
    return Drawn(place=draw(places), turn=draw(turns), steps=steps, keys=keys, fps=fps)


def straight(*places: tuple[float, float, float]) -> PathDraft:
    """A path through places, a second apart, looking along."""
    keys = [
        Keyframe(position=place, gaze=Gaze(kind="along"), fov_degrees=60.0, seconds=k + 1.0)
        for k, place in enumerate(places)
    ]
    return PathDraft(keyframes=(keyframe_of(START, seconds=0.0), *keys), fps=24.0)


def forward(camera: Camera) -> torch.Tensor:
    return camera.camera_to_world[..., :3, 2]


# Cameras.


@given(drafts(least=2))
@settings(max_examples=8)
def test_a_path_starts_at_the_locked_start_to_the_bit(drawn: Drawn) -> None:
    draft, start = drawn.draft, drawn.start
    path = draft_cameras(draft, start)
    assert len(path) == draft.frames
    assert torch.equal(path.K[0], start.K)
    assert torch.equal(path.world_to_camera[0], start.world_to_camera)


@given(drafts(least=2))
@settings(max_examples=8)
def test_every_key_frame_is_passed_at_its_time(drawn: Drawn) -> None:
    draft, start = drawn.draft, drawn.start
    keys = tuple(
        dataclasses.replace(key, seconds=k / 4) for k, key in enumerate(draft.keyframes)
    )  # on whole frames of 24 a second
    draft = PathDraft(keyframes=keys, fps=24.0)
    path = draft_cameras(draft, start)
    for key in keys:
        camera = path[round(key.seconds * 24)]
        torch.testing.assert_close(
            camera.center, torch.tensor(key.position, dtype=torch.float64), atol=1e-9, rtol=0
        )
        assert float(camera.fov_degrees) == pytest.approx(key.fov_degrees)
        if key.gaze.rotation is not None:
            found = keyframe_of(camera, seconds=0.0).gaze.rotation
            assert abs(torch.tensor(found).dot(torch.tensor(key.gaze.rotation))) == pytest.approx(1.0)


def test_a_path_looks_where_it_goes() -> None:
    draft = straight((0.0, 0.0, 1.0), (1.0, 0.0, 2.0), (2.0, -0.5, 2.0))
    path = draft_cameras(draft, START)
    way = path.center[2:] - path.center[:-2]
    way = way / way.norm(dim=-1, keepdim=True)
    seen = (way * forward(path)[1:-1]).sum(-1)
    # Between the start, which looks freely, and key frame 1 it turns.
    assert float(seen[24:].min()) > 0.999


def test_a_target_stays_in_the_middle_of_the_picture() -> None:
    draft = straight((1.0, 0.0, 0.0), (2.0, 0.0, 1.0))
    target = (0.0, 0.5, 5.0)
    for k in (1, 2):
        draft = draft.with_gaze(k, Gaze(kind="at", target=target))
    path = draft_cameras(draft, START)[24:]
    to_target = torch.tensor(target, dtype=torch.float64) - path.center
    sight = (to_target / to_target.norm(dim=-1, keepdim=True) * forward(path)).sum(-1)
    assert float(sight.min()) > 1 - 1e-9


def test_a_gaze_without_a_direction_stays_as_it_was() -> None:
    up = straight((0.0, -1.0, 0.0), (0.0, -2.0, 0.0))
    torch.testing.assert_close(key_rotations(up)[1], torch.eye(3, dtype=torch.float64))
    rest = straight((0.0, 0.0, 1.0)).duplicated(1)
    rotations = key_rotations(rest)
    torch.testing.assert_close(rotations[2], rotations[1])


def test_turns_between_frames_stay_small_where_gazes_change() -> None:
    draft = straight((0.0, 0.0, 1.0), (1.0, 0.0, 2.0), (1.0, 0.0, 3.0), (0.0, 0.0, 4.0))
    draft = draft.with_gaze(2, Gaze(kind="at", target=(0.0, 0.0, 6.0)))
    R = draft_cameras(draft, START).camera_to_world[:, :3, :3]
    turned_by = vector_from_rotation(R[:-1].mT @ R[1:]).norm(dim=-1)
    assert float(turned_by.max()) < math.radians(12)


def test_a_start_alone_is_no_path_yet() -> None:
    alone = draft_at(START, fps=24.0)
    assert (alone.frames, alone.seconds) == (1, 0.0)
    with pytest.raises(ValueError, match="only its start"):
        draft_cameras(alone, START)


@pytest.mark.parametrize(
    "elsewhere",
    [
        camera_at((0.0, 0.0, 0.1), (0.0, 0.0, 0.0)),
        Camera.from_fov(
            60.0,
            height=54,
            width=96,
            world_to_camera=torch.tensor([[0.0, 0, 1, 0], [0, 1, 0, 0], [-1, 0, 0, 0], [0, 0, 0, 1]]),
        ),
        Camera.from_fov(61.0, height=54, width=96),
    ],
)
def test_a_path_that_begins_elsewhere_is_refused(elsewhere: Camera) -> None:
    with pytest.raises(ValueError, match="path begins"):
        draft_cameras(straight((0.0, 0.0, 1.0)), elsewhere)


@given(drafts(least=2))
@settings(max_examples=8)
def test_an_explorer_is_given_the_same_cameras(drawn: Drawn) -> None:
    draft, start = drawn.draft, drawn.start
    path = draft_cameras(draft, start)
    again = draft_trajectory(draft, start).cameras(start, focus_distance=FOCUS)
    torch.testing.assert_close(again.center, path.center, atol=1e-6, rtol=0)
    torch.testing.assert_close(again.K, path.K)


# Words and recordings.


@pytest.mark.parametrize(
    "text", ["orbit:20deg", "forward:2", "forward:1.5,orbit:30deg", "spiral", "dolly_zoom"]
)
def test_words_come_back_from_their_key_frames(text: str) -> None:
    draft = draft_of_text(text, start=START, focus_distance=FOCUS, speed=1.0, fps=24.0)
    assert draft.text == text
    ours = draft_cameras(draft, START)
    truth = Trajectory.parse(text, frames=draft.frames).cameras(START, focus_distance=FOCUS)
    reach = float((truth.center - truth.center[0]).norm(dim=-1).max())
    assert float((ours.center - truth.center).norm(dim=-1).max()) < 0.01 * reach
    assert float((ours.world_to_camera - truth.world_to_camera)[:, :3, :3].abs().max()) < 0.02
    assert float((ours.K / truth.K)[:, 0, 0].log().abs().max()) < 0.01


@pytest.mark.parametrize("text", ["dolly_zoom:80%", "forward:2"])
def test_words_come_back_where_the_lens_is_off_centre(text: str) -> None:
    K = START.K.clone()
    K[0, 2] = 0.2 * START.width
    start = Camera(K=K, world_to_camera=START.world_to_camera, height=54, width=96)
    draft = draft_of_text(text, start=start, focus_distance=FOCUS, speed=1.0, fps=24.0)
    ours = draft_cameras(draft, start)
    truth = Trajectory.parse(text, frames=draft.frames).cameras(start, focus_distance=FOCUS)
    assert float((ours.K / truth.K)[:, 0, 0].log().abs().max()) < 0.01
    assert torch.equal(ours.K[:, :2, 2], truth.K[:, :2, 2])


def test_words_take_as_long_as_their_way_at_the_speed_asked_for() -> None:
    draft = draft_of_text("forward:2", start=START, focus_distance=FOCUS, speed=0.5, fps=24.0)
    assert draft.seconds == pytest.approx(4.0, rel=0.02)


def test_a_straight_recording_at_even_speed_needs_its_ends_only() -> None:
    pose = torch.eye(4, dtype=torch.float64).repeat(50, 1, 1)
    pose[:, 2, 3] = -torch.arange(50).double()
    line = Camera.from_fov(60.0, height=54, width=96, world_to_camera=pose)
    assert len(draft_of_cameras(line, fps=24.0).keyframes) == 2


def test_a_wild_recording_keeps_to_the_most_key_frames() -> None:
    noise = torch.randn(1500, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    pose = torch.eye(4, dtype=torch.float64).repeat(1500, 1, 1)
    pose[:, :3, 3] = noise
    wild = Camera.from_fov(60.0, height=54, width=96, world_to_camera=pose)
    assert len(draft_of_cameras(wild, fps=24.0).keyframes) == MOST_KEYFRAMES


# Edits.


@given(drafts(least=3), st.data())
@settings(max_examples=8)
def test_edits_keep_times_increasing_and_the_start_as_it_is(drawn: Drawn, data: st.DataObject) -> None:
    draft = drawn.draft
    last = len(draft.keyframes) - 1
    k, to = data.draw(st.integers(1, last)), data.draw(st.integers(1, last))
    seconds = data.draw(
        st.floats(0.01, 50.0).filter(lambda t: all(t != key.seconds for key in draft.keyframes))
    )
    for edited in (
        draft.reordered(k, to),
        draft.timed(k, seconds),
        draft.duplicated(k),
        draft.deleted(k),
        draft.moved(k, (1.0, 2.0, 3.0)),
        draft.lasting(7.0),
        at_even_speed(draft, focus_distance=FOCUS),
    ):
        times = [key.seconds for key in edited.keyframes]
        assert times == sorted(set(times))
        assert edited.keyframes[0] == draft.keyframes[0]


@given(drafts(least=3), st.data())
@settings(max_examples=8)
def test_reordering_moves_places_among_the_same_times(drawn: Drawn, data: st.DataObject) -> None:
    draft = drawn.draft
    last = len(draft.keyframes) - 1
    k, to = data.draw(st.integers(1, last)), data.draw(st.integers(1, last))
    edited = draft.reordered(k, to)
    assert [key.seconds for key in edited.keyframes] == [key.seconds for key in draft.keyframes]
    assert edited.keyframes[to].position == draft.keyframes[k].position
    assert sorted(key.position for key in edited.keyframes) == sorted(key.position for key in draft.keyframes)
    assert edited.reordered(to, k).keyframes == draft.keyframes


def test_a_key_frame_taken_past_another_in_time_takes_its_place_in_the_order() -> None:
    draft = straight((1.0, 0.0, 1.0), (2.0, 0.0, 1.0)).timed(1, 2.5)
    assert [key.position[0] for key in draft.keyframes] == [0.0, 2.0, 1.0]


def test_the_start_cannot_be_changed_but_may_have_a_prompt() -> None:
    draft = straight((0.0, 0.0, 1.0), (0.0, 0.0, 2.0))
    for edit in (
        lambda: draft.moved(0, (1.0, 0.0, 0.0)),
        lambda: draft.deleted(0),
        lambda: draft.reordered(1, 0),
        lambda: draft.timed(0, 1.0),
        lambda: turned(draft, 0, yaw_degrees=5.0, pitch_degrees=0.0),
    ):
        with pytest.raises(ValueError, match="key frame 0 is where the walk stands"):
            edit()
    assert draft.with_prompt(0, "snow").keyframes[0].prompt == "snow"


def test_what_is_edited_by_hand_is_no_longer_what_the_text_says() -> None:
    draft = draft_of_text("orbit:20deg", start=START, focus_distance=FOCUS, speed=1.0, fps=24.0)
    assert draft.lasting(9.0).text == draft.with_prompt(1, "snow").text == "orbit:20deg"
    assert draft.moved(1, (0.0, 0.0, 1.0)).text is None
    assert draft.deleted(1).text is None


def test_inserting_on_the_path_does_not_leave_it() -> None:
    draft = straight((1.0, 0.0, 1.0), (2.0, 0.0, 0.0))
    fuller = inserted_after(draft, 1, step=0.5, speed=1.0)
    before, after = draft_cameras(draft, START).center, draft_cameras(fuller, START).center
    assert float((before[36] - after[36]).norm()) < 1e-9
    assert float((before - after).norm(dim=-1).max()) < 0.2


def test_a_key_frame_after_the_last_lies_ahead_of_it() -> None:
    draft = inserted_after(draft_at(START, fps=24.0), 0, step=0.5, speed=0.25)
    assert draft.keyframes[1].position == pytest.approx((0.0, 0.0, 0.5))
    assert draft.seconds == pytest.approx(2.0)


def test_a_view_is_reached_by_turning_no_faster_than_by_moving() -> None:
    half_turn = (0.0, 0.0, 1.0, 0.0)
    draft = looked_from(
        draft_at(START, fps=24.0),
        (0.0, 0.0, 0.0),
        half_turn,
        fov_degrees=60.0,
        speed=1.0,
        focus_distance=FOCUS,
    )
    assert draft.seconds == pytest.approx(0.5 * math.pi * FOCUS, rel=1e-3)
    with pytest.raises(ValueError, match="that very view"):
        looked_from(draft, (0.0, 0.0, 0.0), half_turn, fov_degrees=60.0, speed=1.0, focus_distance=FOCUS)


# Gaze.


@given(drafts(least=2))
@settings(max_examples=8)
def test_a_gaze_made_free_or_at_a_target_looks_as_before(drawn: Drawn) -> None:
    draft = drawn.draft
    before = key_rotations(draft)[1]
    free = key_rotations(regazed(draft, 1, "free", focus_distance=FOCUS))[1]
    torch.testing.assert_close(free, before, atol=1e-6, rtol=0)
    if abs(float(before[1, 2])) < 0.99:
        at = key_rotations(regazed(draft, 1, "at", focus_distance=FOCUS))[1]
        torch.testing.assert_close(at[:, 2], before[:, 2], atol=1e-6, rtol=0)


@given(st.floats(-179.0, 179.0), st.floats(-85.0, 85.0))
@settings(max_examples=8)
def test_typed_angles_are_read_back(yaw: float, pitch: float) -> None:
    draft = turned(straight((0.0, 0.0, 1.0)), 1, yaw_degrees=yaw, pitch_degrees=pitch)
    found = yaw_and_pitch(key_rotations(draft))[1].tolist()
    assert found == pytest.approx([yaw, pitch], abs=1e-6)


def test_turning_toward_a_place_agrees_with_look_at() -> None:
    draft = regazed(straight((1.0, -0.5, 1.0)), 1, "free", focus_distance=FOCUS)
    place = (3.0, 1.0, 4.0)
    truth = look_at(
        torch.tensor([1.0, -0.5, 1.0]).double(),
        torch.tensor(place).double(),
        torch.tensor([0.0, 1.0, 0.0]).double(),
    )[:3, :3].mT
    torch.testing.assert_close(key_rotations(toward(draft, 1, place))[1], truth, atol=1e-9, rtol=0)
    with pytest.raises(ValueError, match="straight up or down"):
        toward(draft, 1, (1.0, 5.0, 1.0))


def test_a_place_at_the_camera_and_a_key_frame_that_is_none_are_refused() -> None:
    place = (0.1, 0.3, 2.7)
    draft = draft_at(START, fps=24.0).inserted(
        Keyframe(position=place, gaze=Gaze(kind="along"), fov_degrees=60.0, seconds=2.0)
    )
    with pytest.raises(ValueError, match="cannot look straight up or down"):
        toward(draft, 1, place)
    with pytest.raises(ValueError, match="path has no key frame 7; it has 0 to 1"):
        toward(draft, 7, (0.0, 0.0, 9.0))


# Strokes.


@given(st.lists(places, min_size=2, max_size=40), st.floats(0.01, 3.0))
@settings(max_examples=8)
def test_no_point_of_a_stroke_is_farther_than_the_tolerance(stroke: list, tolerance: float) -> None:
    points = torch.tensor(stroke, dtype=torch.float64)
    kept = simplified(points, tolerance=tolerance)
    assert torch.equal(kept[0], points[0])
    assert torch.equal(kept[-1], points[-1])
    a, b = kept[:-1, None], kept[1:, None]
    share = (((points - a) * (b - a)).sum(-1) / (b - a).square().sum(-1).clamp_min(1e-300)).clamp(0, 1)
    away = (points - a - share[..., None] * (b - a)).norm(dim=-1)
    assert float(away.amin(dim=0).max()) <= tolerance + 1e-9


def test_a_straight_stroke_becomes_one_key_frame_reached_at_the_speed_asked_for() -> None:
    stroke = [(0.0, 0.0, k / 10) for k in range(1, 21)]
    draft = with_stroke(
        draft_at(START, fps=24.0), stroke, after=0, tolerance=0.02, speed=0.5, focus_distance=FOCUS
    )
    assert [key.position for key in draft.keyframes[1:]] == [pytest.approx((0.0, 0.0, 2.0))]
    assert draft.seconds == pytest.approx(4.0)


def test_a_stroke_drops_what_came_after_and_a_dot_is_refused() -> None:
    draft = straight((0.0, 0.0, 1.0), (0.0, 0.0, 2.0), (0.0, 0.0, 3.0))
    on = with_stroke(draft, [(1.0, 0.0, 1.0)], after=1, tolerance=0.02, speed=1.0, focus_distance=FOCUS)
    assert [key.position for key in on.keyframes[1:]] == [(0.0, 0.0, 1.0), (1.0, 0.0, 1.0)]
    with pytest.raises(ValueError, match="mere dot"):
        with_stroke(draft, [(0.0, 0.0, 1.001)], after=1, tolerance=0.02, speed=1.0, focus_distance=FOCUS)


def test_a_stroke_of_many_bends_is_timed_by_its_way_at_any_frame_rate() -> None:
    stroke = [(float(k % 2) / 2, 0.0, k / 10) for k in range(1, 600)]
    seconds = []
    for fps in (24.0, 240.0):
        start = draft_at(START, fps=fps)
        path = with_stroke(start, stroke, after=0, tolerance=0.01, speed=10.0, focus_distance=FOCUS)
        assert len(path.keyframes) == 600
        seconds.append(path.seconds)
    assert seconds[0] == pytest.approx(seconds[1], rel=0.02)


# Timing.


def test_even_speed_is_even_and_rests_stay() -> None:
    draft = straight((0.0, 0.0, 1.0), (0.0, 0.0, 4.0), (0.0, 0.0, 5.0)).duplicated(2, seconds=3.0)
    even = at_even_speed(draft, focus_distance=FOCUS)
    assert even.seconds == pytest.approx(draft.seconds)
    times = [key.seconds for key in even.keyframes]
    steps = [b - a for a, b in itertools.pairwise(times)]
    assert steps == pytest.approx([0.6, 1.8, 3.0, 0.6])


def test_what_is_left_of_a_walked_path_keeps_its_places() -> None:
    draft = straight((0.0, 0.0, 1.0), (1.0, 0.0, 2.0), (2.0, 0.0, 2.0)).with_prompt(1, "snow")
    path = draft_cameras(draft, START)
    rest = onto(draft, path[36], after=1.5)
    assert [key.position for key in rest.keyframes[1:]] == [key.position for key in draft.keyframes[2:]]
    assert [key.seconds for key in rest.keyframes] == pytest.approx([0.0, 0.5, 1.5])
    assert rest.keyframes[0].prompt == "snow"
    assert torch.equal(draft_cameras(rest, path[36]).world_to_camera[0], path[36].world_to_camera)


def test_lengths_of_stretches_are_those_of_the_way() -> None:
    assert stretch_lengths(straight((0.0, 0.0, 1.0), (0.0, 0.0, 3.0)), focus_distance=FOCUS) == pytest.approx(
        [1, 2]
    )


# Laid elsewhere, joined.


@given(drafts(least=2), places, turns)
@settings(max_examples=8)
def test_a_path_laid_elsewhere_keeps_its_shape(drawn: Drawn, place: tuple, turn: tuple) -> None:
    draft, old, start = drawn.draft, drawn.start, camera_at(place, turn)
    free = draft
    for k in range(
        1, len(draft.keyframes)
    ):  # what looks along or at is upright in the world, not in the path
        free = regazed(free, k, "free", focus_distance=FOCUS)
    there = draft_cameras(laid_onto(free, start), start)
    here = draft_cameras(free, old)
    relative = [path.world_to_camera[0] @ path.camera_to_world for path in (here, there)]
    torch.testing.assert_close(relative[0], relative[1], atol=1e-6, rtol=0)


def test_a_path_already_there_stays_to_the_bit() -> None:
    draft = straight((0.0, 0.0, 1.0))
    assert laid_onto(draft, START) is draft


def test_joined_paths_follow_each_other() -> None:
    first = straight((0.0, 0.0, 1.0))
    end = draft_cameras(first, START)[-1]
    more = draft_of_text("right:1", start=end, focus_distance=FOCUS, speed=1.0, fps=24.0)
    both = joined(first, more)
    assert both.seconds == pytest.approx(first.seconds + more.seconds)
    assert both.keyframes[-1].position == pytest.approx((1.0, 0.0, 1.0))


# JSON.


@given(drafts())
@settings(max_examples=8)
def test_a_draft_comes_back_from_json_to_the_bit(drawn: Drawn) -> None:
    draft = drawn.draft
    assert draft_from_json(draft_to_json(draft)) == draft


def hostile(change: object) -> str:
    record = json.loads(draft_to_json(straight((0.0, 0.0, 1.0))))
    change(record)  # type: ignore[operator]
    return json.dumps(record)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "no whole JSON"),
        ("[" * 100_000, "no JSON to read|no whole JSON"),
        ("[]", "path is a list of 0"),
        ("9" * 5000, "no JSON to read|path is"),
        (hostile(lambda r: r.update(version=2)), "version is 2; expected 1"),
        (hostile(lambda r: r.pop("fps")), "path has keyframes, text, version; expected"),
        (hostile(lambda r: r.update(extra=1)), "extra"),
        (hostile(lambda r: r.update(fps=float("nan"))), "fps is not finite"),
        (hostile(lambda r: r.update(fps=10**400)), "fps is not finite"),
        (hostile(lambda r: r.update(fps=1e5)), "frames a second"),
        (hostile(lambda r: r.update(fps=True)), "fps is bool; expected a number"),
        (hostile(lambda r: r.update(text=["<b>"])), "text is a list of 1; expected a text"),
        (hostile(lambda r: r.update(text="x" * 3000)), "3000 characters"),
        (hostile(lambda r: r.update(keyframes={})), "keyframes is an object; expected a list"),
        (hostile(lambda r: r.update(keyframes=[])), "0 key frames; expected 1 to 1000"),
        (hostile(lambda r: r.update(keyframes=[0] * 1001)), "1001 key frames; expected 1 to 1000"),
        (
            hostile(lambda r: r["keyframes"][1].update(position=[0, 0])),
            r"keyframes\[1\]: position is a list of 2",
        ),
        (hostile(lambda r: r["keyframes"][1].update(position=[0, 0, "1"])), "position is a text"),
        (hostile(lambda r: r["keyframes"][1].update(position=[0, 0, 1e9])), "coordinate 1e[+]09"),
        (hostile(lambda r: r["keyframes"][1].update(gaze={"kind": "up"})), "no known kind"),
        (hostile(lambda r: r["keyframes"][1].update(gaze="along")), "no known kind"),
        (hostile(lambda r: r["keyframes"][1].update(gaze={"kind": "at"})), "expected kind, target"),
        (
            hostile(lambda r: r["keyframes"][1].update(gaze={"kind": "free", "rotation": [2, 0, 0, 0]})),
            "length 2; expected 1",
        ),
        (hostile(lambda r: r["keyframes"][1].update(fov_degrees=0)), "field of view is 0 degrees"),
        (hostile(lambda r: r["keyframes"][1].update(seconds=0)), "increasing"),
        (hostile(lambda r: r["keyframes"][1].update(seconds=1e7)), "frames; expected at most"),
        (hostile(lambda r: r["keyframes"][1].update(prompt="x" * 3000)), "3000 characters"),
        (hostile(lambda r: r["keyframes"][0].update(seconds=-1)), "at least 0"),
        (hostile(lambda r: r["keyframes"][0].update(gaze={"kind": "along"})), "key frame 0"),
    ],
)
def test_what_is_no_draft_is_refused_in_one_line(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        draft_from_json(text)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_a_draft_of_ten_megabytes_is_not_even_parsed() -> None:
    with pytest.raises(ValueError, match="characters; expected at most"):
        draft_from_json(" " * 10_000_000)


# Undo.


@given(st.lists(st.integers(0, 3), min_size=1, max_size=20))
def test_undo_is_the_inverse_of_doing(values: list[int]) -> None:
    history = History(present=-1)
    for value in values:
        before, history = history, history.did(value)
        if value != before.present:
            assert history.undone().present == before.present
            assert history.undone().redone() == history
    while history.past:
        history = history.undone()
    assert history.present == -1


def test_nothing_to_undo_or_redo_is_said() -> None:
    history = History(present=1)
    with pytest.raises(ValueError, match="nothing to undo"):
        history.undone()
    with pytest.raises(ValueError, match="nothing to redo"):
        history.did(2).redone()


def test_history_is_bounded() -> None:
    history = History(present=0)
    for value in range(1, 1000):
        history = history.did(value)
    assert len(history.past) == 200
