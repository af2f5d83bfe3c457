"""What runs in the working process: tasks that take turns, and an ear for those who want to stop."""

import logging
import os
import queue
import signal
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from functools import cache, partial
from multiprocessing.connection import Connection
from typing import Any, Final

from app.jobs import Job, Result, Stopped, Told, Tools, shown
from voyager_lite.core.generator import Generator as Core
from voyager_lite.errors import VoyagerLiteError
from voyager_lite.explorer import Explorer

logger = logging.getLogger(__name__)

NICE: Final = 10
"""Lower priority than the server's, so that it answers while a walk is made."""


@dataclass(eq=False)
class _Turn:
    """A task that has begun."""

    number: int
    steps: Generator[None, None, Result] = field(init=False)
    stop: threading.Event = field(default_factory=threading.Event)
    stop_after_clip: threading.Event = field(default_factory=threading.Event)


def labor(pipe: Connection, load: Callable[[str], Core]) -> None:
    """Do what the pipe says, until it closes.

    In come ``("run", number, job)`` and ``("cancel", number, at_once)``; out go ``("told", number, Told)``
    and at the end of each task ``("done", number, result)``, ``("stopped", number, "")`` or
    ``("failed", number, message)``.
    """
    # Ctrl-C is the server's to answer; it closes the pipe.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(NICE)
    laborer = Laborer(pipe.send, load)
    threading.Thread(target=_listen, args=(pipe, laborer), daemon=True).start()
    while True:
        laborer.turn()


def _listen(pipe: Connection, laborer: "Laborer") -> None:
    while True:
        try:
            message = pipe.recv()
        except (EOFError, OSError):
            # The server is gone. What is committed is safe, and nobody waits for the rest.
            os._exit(0)
        laborer.hear(message)


class Laborer:
    """Tasks in turn; its methods are called by one thread, but ``hear``."""

    def __init__(self, say: Callable[[tuple[str, int, Any]], None], load: Callable[[str], Core]) -> None:
        self._say = say
        self._explorer = cache(lambda core: Explorer(load(core)))
        self._inbox: queue.Queue[_Turn] = queue.Queue()
        self._turns: deque[_Turn] = deque()
        self._known: dict[int, _Turn] = {}

    def hear(self, message: tuple[str, int, Any]) -> None:
        """Take note of a new task, or that one is to stop."""
        kind, number, content = message
        if kind == "run":
            turn = _Turn(number=number)
            turn.steps = self._begin(turn, content)
            self._known[number] = turn
            self._inbox.put(turn)
        elif kind == "cancel" and (known := self._known.get(number)) is not None:
            (known.stop if content else known.stop_after_clip).set()

    def turn(self) -> None:
        """Let the next task do one piece of its work; wait for a task if there is none."""
        if not self._turns:
            self._turns.append(self._inbox.get())
        self._collect()
        turn = self._turns.popleft()
        if self._advance(turn, lambda: next(turn.steps)):
            self._turns.append(turn)

    def _collect(self) -> None:
        """New tasks get in line."""
        while not self._inbox.empty():
            self._turns.append(self._inbox.get())

    def _advance(self, turn: _Turn, step: Callable[[], None]) -> bool:
        """Let a task do one piece of its work; whether there is more to do."""
        try:
            step()
        except StopIteration as end:
            self._end(turn, "done", end.value or {})
        except Stopped:
            self._end(turn, "stopped", "")
        except (ValueError, OSError, VoyagerLiteError, sqlite3.Error) as error:
            self._end(turn, "failed", shown(error, hidden={}))
        except MemoryError:
            self._end(turn, "failed", "memory ran out; take a smaller picture or a shorter walk")
        except Exception as error:
            # A fault of ours ends this task, not those of the others.
            logger.exception("task %d", turn.number)
            self._end(turn, "failed", f"unexpected: {shown(error, hidden={})}; the terminal shows more")
        else:
            return True
        return False

    def _end_stopped(self) -> None:
        """End the tasks that are to stop and have no turn now, so that they need not wait for one."""
        self._collect()
        for turn in [turn for turn in self._turns if turn.stop.is_set()]:
            self._turns.remove(turn)
            self._advance(turn, partial(turn.steps.throw, Stopped()))

    def _begin(self, turn: _Turn, job: Job) -> Generator[None, None, Result]:
        def tell(told: Told) -> None:
            if turn.stop.is_set():
                raise Stopped
            self._say(("told", turn.number, told))
            self._end_stopped()

        return job.run(Tools(explorer=self._explorer, tell=tell, ends_here=turn.stop_after_clip.is_set))

    def _end(self, turn: _Turn, kind: str, content: Result | str) -> None:
        self._known.pop(turn.number, None)
        self._say((kind, turn.number, content))
