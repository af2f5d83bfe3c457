"""The one process that does the heavy work, and the queue before it."""

import itertools
import logging
import multiprocessing
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any, Final, Literal

from app.jobs import Job, Told
from voyager_lite.core import load_core
from voyager_lite.core.generator import Generator

logger = logging.getLogger(__name__)

AT_ONCE: Final = 4
"""Tasks begun and not ended, which take turns clip by clip: so many worlds are in memory."""

MOST_WAITING: Final = 32
"""Tasks that wait beside them; more are refused."""

DIED: Final = (
    "the process that does the work ended ({reason}); a new one is started. Every finished clip is kept: "
    "open the world and finish the walk"
)

State = Literal["waiting", "running", "done", "stopped", "failed"]


@dataclass
class Ticket:
    """One task of one person, as far as it has come.

    Attributes:
        number: Counts from 1.
        owner: Token of the person.
        job: What is to be done.
        state: How far it is.
        told: The newest it has said.
        message: Why it failed.
        result: What it gave.
        started: When it began to run, seconds of ``time.monotonic``.
        heard: When it said that.
        stopping: Whether it was asked to stop at once.
    """

    number: int
    owner: str
    job: Job
    state: State = "waiting"
    told: Told = field(default_factory=Told)
    message: str = ""
    result: dict[str, Any] = field(default_factory=dict)
    started: float | None = None
    heard: float = 0.0
    stopping: bool = False

    @property
    def over(self) -> bool:
        """Whether nothing more will come."""
        return self.state in ("done", "stopped", "failed")

    def seconds_left(self) -> float | None:
        """Guessed from the share done when it last said so; None before there is one."""
        if self.started is None or self.told.share <= 0:
            return None
        needed = (self.heard - self.started) * (1 - self.told.share) / self.told.share
        return max(0.0, needed - (time.monotonic() - self.heard))


class Worker:
    """A process that is started when it is first needed, and again when it has died.

    A person has one task at a time; tasks of several people take turns, clip by clip.
    """

    def __init__(self, *, load: Callable[[str], Generator] = load_core) -> None:
        """``load`` makes a core of its name; it runs in the process, so it must be importable there."""
        self._load = load
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._tickets: dict[str, Ticket] = {}
        self._waiting: list[Ticket] = []
        self._running: dict[int, Ticket] = {}
        self._process: multiprocessing.process.BaseProcess | None = None
        self._pipe: Connection | None = None
        self._closed = False

    def submit(self, owner: str, job: Job) -> Ticket:
        """Have something done.

        Raises:
            ValueError: The person's last task is not over, or too many wait.
        """
        with self._lock:
            last = self._tickets.get(owner)
            if last is not None and not last.over:
                raise ValueError(f"{last.job.title} is under way; wait for its end, or cancel it")
            if len(self._waiting) >= MOST_WAITING:
                raise ValueError(f"{MOST_WAITING} tasks are waiting already; try again in a while")
            ticket = Ticket(number=next(self._numbers), owner=owner, job=job)
            self._tickets[owner] = ticket
            self._waiting.append(ticket)
            self._feed()
        return ticket

    def ticket(self, owner: str) -> Ticket | None:
        """The last task of a person."""
        return self._tickets.get(owner)

    def ahead(self, ticket: Ticket) -> int:
        """How many tasks come before a waiting one."""
        with self._lock:
            return len(self._running) + self._waiting.index(ticket) if ticket in self._waiting else 0

    def cancel(self, owner: str, *, at_once: bool = True) -> None:
        """Stop a person's task: within one step, or after the clip that is being made."""
        with self._lock:
            ticket = self._tickets.get(owner)
            if ticket is None or ticket.over:
                return
            if ticket in self._waiting:
                self._waiting.remove(ticket)
                ticket.state = "stopped"
            else:
                ticket.stopping = ticket.stopping or at_once
                self._send(("cancel", ticket.number, at_once))

    def close(self) -> None:
        """End the process. What it was doing is as if it had been killed: committed clips are kept."""
        with self._lock:
            self._closed = True
            process, self._process = self._process, None
            if self._pipe is not None:
                self._pipe.close()
        if process is not None:
            process.join(timeout=2)
            if process.is_alive():
                process.kill()
                process.join()

    def warm_up(self) -> None:
        """Start the process now, so that nobody waits for it later."""
        with self._lock:
            self._start()

    def _feed(self) -> None:
        """Send waiting tasks on while there is room; called with the lock held."""
        while self._waiting and len(self._running) < AT_ONCE and not self._closed:
            self._start()
            ticket = self._waiting.pop(0)
            ticket.state = "running"
            ticket.started = time.monotonic()
            self._running[ticket.number] = ticket
            self._send(("run", ticket.number, ticket.job))

    def _start(self) -> None:
        if self._process is not None:
            return
        from app.laborer import labor

        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=labor, args=(theirs, self._load), daemon=True, name="voyager-lite")
        process.start()
        theirs.close()
        self._process, self._pipe = process, ours
        threading.Thread(target=self._listen, args=(process, ours), daemon=True).start()

    def _send(self, message: tuple[Any, ...]) -> None:
        try:
            if self._pipe is not None:
                self._pipe.send(message)
        except OSError as error:
            # The listener finds the end of the pipe, too, and answers for what was running.
            logger.info("the working process does not listen: %s", error)

    def _listen(self, process: multiprocessing.process.BaseProcess, pipe: Connection) -> None:
        while True:
            try:
                kind, number, content = pipe.recv()
            except (EOFError, OSError):
                break
            with self._lock:
                self._hear(kind, number, content)
        process.join()
        with self._lock:
            if self._closed:
                return
            self._process = self._pipe = None
            for ticket in self._running.values():
                ticket.state, ticket.message = "failed", DIED.format(reason=_reason(process.exitcode))
            self._running.clear()
            self._feed()

    def _hear(self, kind: str, number: int, content: Any) -> None:
        ticket = self._running.get(number)
        if ticket is None:
            return
        if kind == "told":
            ticket.told, ticket.heard = content, time.monotonic()
            return
        del self._running[number]
        ticket.state = kind  # type: ignore[assignment]
        if kind == "done":
            ticket.result = content
        elif kind == "failed":
            ticket.message = content
        self._feed()


def _reason(exit_code: int | None) -> str:
    if exit_code == -9:
        return "it was killed, most likely because memory ran out"
    return f"exit code {exit_code}"
