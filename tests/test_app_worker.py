"""The queue before the working process, and what becomes of it when the process dies."""

import os
import signal
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

import pytest
from walls import load_tiny

from app.jobs import Result, Told, Tools
from app.laborer import Laborer
from app.worker import AT_ONCE, Worker


@dataclass(frozen=True)
class Count:
    """Counts, and gives way to others after each number."""

    upto: int
    title: str = "counting"

    def run(self, tools: Tools) -> Generator[None, None, Result]:
        for number in range(self.upto):
            tools.tell(Told(text=str(number + 1), share=(number + 1) / self.upto))
            if tools.ends_here():
                break
            yield
        return {"counted": number + 1}


@dataclass(frozen=True)
class Fail:
    """Goes wrong."""

    error: Exception
    title: str = "failing"

    def run(self, tools: Tools) -> Generator[None, None, Result]:
        yield
        raise self.error


@dataclass(frozen=True)
class Hold:
    """Counts slowly until it is stopped; its file says which process does so."""

    file: Path
    title: str = "holding on"

    def run(self, tools: Tools) -> Generator[None, None, Result]:
        self.file.write_text(str(os.getpid()))
        while True:
            tools.tell(Told(text="on", share=0.5))
            time.sleep(0.01)
            yield


def laborer() -> tuple[Laborer, list[tuple]]:
    said: list[tuple] = []
    return Laborer(said.append, load_tiny), said


def test_tasks_take_turns() -> None:
    worker, said = laborer()
    worker.hear(("run", 1, Count(3)))
    worker.hear(("run", 2, Count(1)))
    for _ in range(6):
        worker.turn()
    told = [(kind, number, getattr(what, "text", what)) for kind, number, what in said]
    assert told == [
        ("told", 1, "1"),
        ("told", 2, "1"),
        ("told", 1, "2"),
        ("done", 2, {"counted": 1}),
        ("told", 1, "3"),
        ("done", 1, {"counted": 3}),
    ]


def test_one_is_stopped_at_once_and_one_where_it_may_end() -> None:
    worker, said = laborer()
    worker.hear(("run", 1, Count(9)))
    worker.hear(("run", 2, Count(9)))
    worker.turn()
    worker.turn()
    worker.hear(("cancel", 1, True))
    worker.hear(("cancel", 2, False))
    worker.hear(("cancel", 3, True))
    worker.turn()
    worker.turn()
    assert said[-3] == ("stopped", 1, "")
    assert said[-1] == ("done", 2, {"counted": 2})


@dataclass(frozen=True)
class Meanwhile:
    """While it works, something happens; says what that is in the end."""

    happens: Callable[[], None]
    title: str = "working on"

    def run(self, tools: Tools) -> Generator[None, None, Result]:
        self.happens()
        tools.tell(Told(text="in the midst"))
        yield
        return {}


def test_who_stops_need_not_wait_for_the_clip_of_another() -> None:
    worker, said = laborer()

    def others_stop() -> None:
        worker.hear(("run", 3, Count(9)))
        worker.hear(("cancel", 1, True))
        worker.hear(("cancel", 3, True))

    worker.hear(("run", 1, Count(9)))
    worker.hear(("run", 2, Meanwhile(others_stop)))
    worker.turn()
    worker.turn()
    assert said[1][:2] == ("told", 2)
    assert said[2:] == [("stopped", 1, ""), ("stopped", 3, "")]
    worker.turn()
    assert said[4:] == [("done", 2, {})]


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ValueError("frames are\nwrong"), "frames are wrong"),
        (FileNotFoundError(2, "No such file", "x.png"), "x.png: No such file"),
        (MemoryError(), "memory ran out"),
        (ZeroDivisionError("by zero"), "unexpected: by zero"),
    ],
)
def test_a_task_that_fails_says_why_in_a_line_and_harms_no_other(error: Exception, message: str) -> None:
    worker, said = laborer()
    worker.hear(("run", 1, Fail(error)))
    worker.hear(("run", 2, Count(2)))
    for _ in range(5):
        worker.turn()
    failures = [what for kind, _, what in said if kind == "failed"]
    assert len(failures) == 1
    assert message in failures[0]
    assert "\n" not in failures[0]
    assert ("done", 2, {"counted": 2}) in said


@pytest.fixture(scope="module")
def worker() -> Generator[Worker, None, None]:
    running = Worker(load=load_tiny)
    yield running
    running.close()


def wait(true: Callable[[], object]) -> None:
    end = time.monotonic() + 120
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def test_a_person_has_one_task_and_others_wait_in_line(worker: Worker, tmp_path: Path) -> None:
    held = [worker.submit(f"holder {number}", Hold(tmp_path / str(number))) for number in range(AT_ONCE)]
    first = worker.submit("a", Count(2))
    second = worker.submit("b", Count(2))
    with pytest.raises(ValueError, match="holding on is under way"):
        worker.submit("holder 0", Count(1))
    assert (first.state, second.state) == ("waiting", "waiting")
    assert (worker.ahead(first), worker.ahead(second)) == (AT_ONCE, AT_ONCE + 1)
    worker.cancel("b")
    assert second.state == "stopped"
    wait(lambda: held[0].told.text)
    worker.cancel("holder 0")
    wait(lambda: first.over and held[0].over)
    assert (held[0].state, first.state, first.result) == ("stopped", "done", {"counted": 2})
    for number in range(1, AT_ONCE):
        worker.cancel(f"holder {number}")
    wait(lambda: all(ticket.over for ticket in held))


def test_a_killed_process_is_told_and_replaced(worker: Worker, tmp_path: Path) -> None:
    file = tmp_path / "process"
    lost = worker.submit("a", Hold(file))
    wait(lambda: lost.told.text)
    before = int(file.read_text())
    os.kill(before, signal.SIGKILL)
    wait(lambda: lost.over)
    assert lost.state == "failed"
    assert "killed" in lost.message and "finished clip is kept" in lost.message
    again = worker.submit("a", Hold(file))
    wait(lambda: again.told.text)
    assert int(file.read_text()) != before
    worker.cancel("a")
    wait(lambda: again.over)


def test_time_left_is_in_proportion() -> None:
    worker = Worker(load=load_tiny)
    worker._start = worker._send = lambda *_: None  # type: ignore[method-assign]
    ticket = worker.submit("a", Count(4))
    assert ticket.seconds_left() is None
    assert ticket.started is not None
    ticket.started -= 30
    worker._hear("told", ticket.number, Told(text="1", share=0.25))
    assert ticket.seconds_left() == pytest.approx(90, abs=2)
