"""A walk ends when its last watcher has left, and not because a page is loaded again."""

import threading

import pytest

from app.presence import Presence


class Departures:
    def __init__(self) -> None:
        self.left: list[str] = []
        self.heard = threading.Event()

    def __call__(self, token: str) -> None:
        self.left.append(token)
        self.heard.set()


@pytest.fixture
def departures() -> Departures:
    return Departures()


def test_the_last_page_to_close_counts(departures: Departures) -> None:
    presence = Presence(departures, patience=0.05)
    for page, token in (("1", "anna"), ("2", "anna"), ("3", "ben")):
        presence.arrive(page, token)
    presence.leave("1")
    presence.leave("3")
    assert departures.heard.wait(10)
    assert departures.left == ["ben"]
    departures.heard.clear()
    presence.leave("2")
    assert departures.heard.wait(10)
    assert departures.left == ["ben", "anna"]


def test_a_page_loaded_again_in_time_has_not_left(departures: Departures) -> None:
    presence = Presence(departures, patience=0.2)
    presence.arrive("1", "anna")
    presence.leave("1")
    presence.arrive("2", "anna")
    assert not departures.heard.wait(0.6)


def test_pages_nobody_knows_leave_nobody(departures: Departures) -> None:
    Presence(departures, patience=0.01).leave("never seen")
    assert not departures.heard.wait(0.1)
