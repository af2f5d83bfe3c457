"""Eight people at once: each gets what they asked for, and nobody what another did."""

import time
from collections.abc import Callable

import pytest
from serving import Server

from app.visitor import Visitor
from voyager_lite.world.world import World

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("app"), pytest.mark.timeout(1800)]

USERS = 8
PATIENCE = 1500.0
FRAMES = 7


@pytest.fixture
def people(server: Server):
    """Visitors who have just come in."""
    here = [Visitor(server.url) for _ in range(USERS)]
    yield here
    for visitor in here:
        visitor.leave()


def test_eight_at_once_each_get_their_own(server: Server, people: list[Visitor]) -> None:
    for visitor in people:
        visitor.set("sample", "coffee")
        visitor.tell("input", of="sample")
    wait(people, until=lambda visitor: visitor.visit["world"] is not None)
    tokens = [visitor.visit["token"] for visitor in people]
    assert len(set(tokens)) == USERS

    for number, visitor in enumerate(people):
        visitor.tell("change", to="path-editor")
        visitor.tell("edit", of="path-editor", brings={"gestures": short_path(visitor, number)})
        visitor.tell("click", of="walk")
    wait(people, until=lambda visitor: world_frames(server, visitor) == FRAMES)

    lasts = []
    for number, visitor in enumerate(people):
        with World.open(server.worlds / visitor.visit["token"] / "coffee") as world:
            ahead = float(world.cameras.center[-1, 2])
            assert ahead == pytest.approx(steps_ahead(visitor, number), rel=0.02)
        status, body = server.get(f"/w/{visitor.visit['token']}/coffee/rgb/{FRAMES - 1}")
        assert status == 200
        lasts.append(body)
        visitor.tell("change", to="worlds")
        assert visitor.choices("worlds") == ["coffee"]
    assert len(set(lasts)) == USERS


def short_path(visitor: Visitor, number: int) -> list[dict[str, object]]:
    """A quarter of a second ahead, a little farther for each of them."""
    ahead = steps_ahead(visitor, number)
    stroke = {"do": "stroke", "after": 0, "points": [[0.0, ahead / 2], [0.0, ahead]]}
    return [stroke, {"do": "duration", "seconds": 0.25}]


def steps_ahead(visitor: Visitor, number: int) -> float:
    return visitor.value("path-editor")["focus"] * (0.03 + 0.01 * number)


def world_frames(server: Server, visitor: Visitor) -> int:
    with World.open(server.worlds / visitor.visit["token"] / "coffee") as world:
        return len(world)


def wait(people: list[Visitor], *, until: Callable[[Visitor], bool]) -> None:
    """Let everybody's clock tick until all have what they wait for."""
    end = time.monotonic() + PATIENCE
    waiting = list(people)
    while waiting:
        assert time.monotonic() < end, f"{len(waiting)} still wait"
        time.sleep(0.5)
        for visitor in waiting:
            visitor.tell("tick")
            assert 'data-state="failed"' not in str(visitor.value("status")), visitor.value("status")
        waiting = [visitor for visitor in waiting if not until(visitor)]
