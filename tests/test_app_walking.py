"""What can be walked: a path that is drawn in the world as it is, with numbers that are allowed."""

from pathlib import Path

import pytest
from walls import load_tiny, wall

from app.drawn_path import DrawnPath
from app.gestures import after_gestures
from app.session import Person
from app.studio import Place
from app.walking import MOST_STEPS, walk_along
from voyager_lite.explorer import MOST_SEED, Explorer

TOKEN = "p" + "a" * 42


@pytest.fixture
def place(tmp_path: Path) -> Place:
    wall(tmp_path / TOKEN / "one").close()
    return Place(Person(tmp_path, TOKEN), "one")


def drawn(place: Place) -> DrawnPath:
    with place.open() as world:
        now = DrawnPath.of(world)
    return after_gestures(now, [{"do": "text", "text": "right:0.2"}, {"do": "duration", "seconds": 0.5}])


def test_what_is_drawn_is_walked(place: Place) -> None:
    now = drawn(place)
    job = walk_along(place, now, core="tiny", seed=MOST_SEED, steps=0)
    assert (job.folder, job.core, job.seed, job.steps) == (place.folder, "tiny", MOST_SEED, None)
    assert walk_along(place, now, core="tiny", seed=0, steps=MOST_STEPS).steps == MOST_STEPS


def test_what_was_drawn_before_the_world_changed_is_not(place: Place) -> None:
    """As in two pages of one person, of which the other has walked."""
    here, there = drawn(place), drawn(place)
    with place.open() as world:
        cameras = there.cameras()
        assert cameras is not None
        list(Explorer(load_tiny("tiny")).explore(world, cameras))
    with pytest.raises(ValueError, match="the world has changed since this path was drawn"):
        walk_along(place, here, core="tiny", seed=0, steps=0)
    walk_along(place, drawn(place), core="tiny", seed=0, steps=0)


@pytest.mark.parametrize(
    ("number", "message"),
    [
        ({"seed": 10**20}, "seed is 1(0{20}); expected a whole number from -9223372036854775807 to 922"),
        ({"seed": -MOST_SEED - 1}, "seed is -9223372036854775808; expected"),
        ({"steps": MOST_STEPS + 1}, "steps is 101; expected 1 to 100, or 0"),
        ({"steps": -1}, "steps is -1; expected"),
    ],
)
def test_numbers_that_are_not_allowed_are_refused_at_once(
    place: Place, number: dict[str, int], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        walk_along(place, drawn(place), core="tiny", **{"seed": 0, "steps": 0, **number})


def test_nothing_drawn_is_nothing_to_walk(place: Place) -> None:
    with place.open() as world:
        start = DrawnPath.of(world)
    for nothing in (None, start):
        with pytest.raises(ValueError, match="draw a path first"):
            walk_along(place, nothing, core="tiny", seed=0, steps=0)
