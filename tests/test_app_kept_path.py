"""A path that was drawn is there again after a reload, without what has been walked of it meanwhile."""

import logging
from pathlib import Path

import pytest
from walls import load_tiny, wall

from app.drawn_path import DrawnPath
from app.gestures import after_gestures
from app.kept_path import FILE, keep_path, kept_path
from app.session import Person
from app.studio import Place
from voyager_lite.draft_json import draft_to_record
from voyager_lite.explorer import Explorer
from voyager_lite.world.world import World

TOKEN = "p" + "a" * 42
STROKE = {"do": "stroke", "after": 0, "points": [[0.1, 0.1], [0.2, 0.2]]}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    for name in ("one", "other"):
        wall(tmp_path / TOKEN / name, distance=2.0 if name == "one" else 3.0).close()
    return Place(Person(tmp_path, TOKEN), "one")


def drawn(place: Place) -> DrawnPath:
    with place.open() as world:
        now = DrawnPath.of(world)
    return after_gestures(
        now, [STROKE, {"do": "duration", "seconds": 1.0}, {"do": "prompt", "k": 1, "prompt": "é<b>"}]
    )


def reloaded(place: Place) -> DrawnPath:
    with place.open() as world:
        return kept_path(place, world, DrawnPath.of(world))


def walk(place: Place, now: DrawnPath, *, clips: int) -> None:
    cameras = now.cameras()
    assert cameras is not None
    with place.open() as world:
        walked = Explorer(load_tiny("tiny")).explore(world, cameras)
        for _ in range(clips):
            next(walked)
        walked.close()  # type: ignore[attr-defined]
        world.abandon()


def test_what_was_drawn_is_there_again(place: Place) -> None:
    now = drawn(place)
    assert not now.message
    keep_path(place, now)
    again = reloaded(place)
    assert draft_to_record(again.draft) == draft_to_record(now.draft)
    assert (again.mark, again.walked) == (now.mark, now.walked)


def test_what_was_walked_meanwhile_is_not_drawn_any_more(place: Place) -> None:
    now = drawn(place)
    keep_path(place, now)
    walk(place, now, clips=2)
    again = reloaded(place)
    with place.open() as world:
        walked = len(world) - 1
        assert again.draft == DrawnPath.of(world).left_of(now).draft
    assert walked > 0
    assert again.draft.seconds == pytest.approx(now.draft.seconds - walked / now.draft.fps)


def test_after_an_undo_the_rest_of_a_path_is_not_put_elsewhere(place: Place) -> None:
    now = drawn(place)
    walk(place, now, clips=2)
    with place.open() as world:
        rest = DrawnPath.of(world).left_of(now)
    assert len(rest.draft.keyframes) > 1
    keep_path(place, rest)
    with place.open() as world:
        world.undo(2)
    assert len(reloaded(place).draft.keyframes) == 1


def test_a_path_that_was_cleared_stays_away(place: Place) -> None:
    now = drawn(place)
    keep_path(place, now)
    keep_path(place, after_gestures(now, [{"do": "clear"}]))
    assert len(reloaded(place).draft.keyframes) == 1


def test_a_drawing_of_another_world_is_not_kept_in_this(place: Place) -> None:
    other = Place(place.person, "other")
    keep_path(other, drawn(place))
    assert not other.browser_file(FILE).exists()
    keep_path(Place(place.person, None), drawn(place))


@pytest.mark.parametrize(
    "content", ["", "[]", '{"mark": 1, "draft": {}}', '{"mark": "x"}', "\x00", '{"mark": "M", "draft": D}']
)
def test_a_damaged_file_is_said_in_the_log_and_left_out(
    place: Place, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    bad = '{"version": 1, "fps": 1e9, "text": null, "keyframes": []}'
    content = content.replace('"M"', f'"{place.version()}"').replace("D}", bad + "}")
    place.browser_file(FILE).write_text(content)
    with caplog.at_level(logging.WARNING):
        assert len(reloaded(place).draft.keyframes) == 1
    assert "is left out" in caplog.text
    assert World.open(place.folder).origin
