"""What the steps of the page share, so that none needs to know the others."""

import functools
import html
import logging
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr

from app.jobs import Job, shown
from app.studio import Place, Studio
from app.worker import Ticket
from voyager_lite.errors import VoyagerLiteError

logger = logging.getLogger(__name__)

Answer = Callable[..., Any]


@dataclass(frozen=True)
class Follower:
    """What a step shows of the drawn path and the chosen core.

    Steps do not listen for themselves: for every listener the browser looks through the whole page.

    Attributes:
        answer: Takes the visit, the drawing and the name of the core; gives a value for each output.
        outputs: The components that show them.
    """

    answer: Answer
    outputs: list[Any]

    @classmethod
    def joined(cls, *followers: "Follower") -> "Follower":
        """Several as one."""

        def answer(*values: Any) -> tuple[Any, ...]:
            return tuple(shown for follower in followers for shown in follower.answer(*values))

        return cls(answer, [output for follower in followers for output in follower.outputs])


@dataclass(frozen=True)
class Wires:
    """Components that several steps read or write.

    Attributes:
        visit: ``{"token": secret, "world": name or None}``, kept in the browser.
        seen: Version of the world that the page shows; "" before one is open. Listen to its ``change``
            to hear that the world is another, or has changed.
        clock: Ticks while a task runs.
        finished: Number of the last task that is over. Listen to its ``change`` to hear that one has ended,
            whether or not the world has changed.
        status: How far the task is.
        stop: Ends it.
    """

    visit: gr.BrowserState
    seen: gr.State
    clock: gr.Timer
    finished: gr.State
    status: gr.HTML
    stop: gr.Button

    @property
    def task(self) -> list[Any]:
        """What shows a task; what starts one returns ``start_task``'s answer to these."""
        return [self.clock, self.status, self.stop]

    @classmethod
    def lay(cls, studio: Studio) -> "Wires":
        """Make them and what keeps them up to date."""
        with gr.Row(elem_id="task", elem_classes="vl-task"):
            status = gr.HTML(task_line(None), elem_id="status", apply_default_css=False)
            stop = gr.Button(
                "Cancel", visible=False, variant="stop", size="sm", elem_id="cancel", scale=0, min_width=90
            )
        wires = cls(
            visit=gr.BrowserState(None, storage_key="voyager-lite", secret="voyager-lite"),
            seen=gr.State(""),
            clock=gr.Timer(1, active=False),
            finished=gr.State(0),
            status=status,
            stop=stop,
        )
        outputs = [wires.visit, wires.seen, wires.clock, wires.finished, wires.status, wires.stop]
        wires.clock.tick(
            answered(lambda visit, seen: _tick(studio, visit, seen)),
            [wires.visit, wires.seen],
            outputs,
            show_progress="hidden",
            concurrency_limit=None,
        )
        wires.stop.click(
            answered(lambda visit: _stop(studio, visit)),
            wires.visit,
            [wires.status, wires.stop],
            show_progress="hidden",
            queue=False,  # who wants to stop does not stand in line
        )
        return wires


def answered(handler: Answer) -> Answer:
    """The handler, with what goes wrong told to the person in one line."""

    @functools.wraps(handler)
    def answer(*values: Any) -> Any:
        try:
            return handler(*values)
        except (ValueError, OSError, VoyagerLiteError, sqlite3.Error) as error:
            raise gr.Error(html.escape(shown(error, hidden={})), print_exception=False) from error
        except gr.Error:
            raise
        except Exception as error:
            # A fault of ours: the person learns that there is one, the terminal which.
            logger.exception("a handler of the page")
            text = f"unexpected: {shown(error, hidden={})}; the terminal shows more"
            raise gr.Error(html.escape(text), print_exception=False) from error

    return answer


Started = tuple[gr.Timer, str, gr.Button]


def start_task(studio: Studio, place: Place, job: Job) -> Started:
    """Hand in a task, show it, and let the clock tick.

    Raises:
        ValueError: The person's last task is not over, or too many wait.
    """
    ticket = studio.worker.submit(place.person.token, job)
    return gr.Timer(active=True), task_line(ticket, ahead=studio.worker.ahead(ticket)), _stop_button(ticket)


def task_line(ticket: Ticket | None, *, ahead: int = 0) -> str:
    """How far a task is, for people: markup in which what others wrote is text.

    Args:
        ticket: The task; None for none.
        ahead: How many come before it.
    """
    if ticket is None:
        return '<p class="vl-task-line" role="status"></p>'
    title = ticket.job.title[:1].upper() + ticket.job.title[1:]
    text, share = f"{title}: {ticket.told.text or 'beginning'}", ticket.told.share
    if ticket.state == "waiting":
        text = f"{title} waits; {ahead} before it"
    elif ticket.state == "failed":
        text = f"{title} failed: {ticket.message}"
    elif ticket.state == "stopped":
        text = f"{title} was stopped; what was finished is kept"
    elif ticket.state == "done":
        text, share = f"{title}: done", 1.0
    elif ticket.stopping:
        text = f"{title}: stopping"
    left = None if ticket.over or ticket.stopping else ticket.seconds_left()
    if left is not None:
        text += f", about {minutes(left)} left"
    role = "alert" if ticket.state == "failed" else "status"
    bar = f'<progress max="1" value="{share:.3f}" aria-label="{html.escape(title)}"></progress>'
    return (
        f'<p class="vl-task-line" role="{role}" data-state="{ticket.state}">'
        f"{'' if ticket.over else bar}<span>{html.escape(text)}</span></p>"
    )


def minutes(seconds: float) -> str:
    """A time as minutes and seconds."""
    whole = max(0, round(seconds))
    return f"{whole // 60}:{whole % 60:02d}"


def _tick(studio: Studio, visit: Any, seen: str) -> tuple[Any, ...]:
    place = studio.place(visit)
    ticket = studio.worker.ticket(place.person.token)
    if ticket is None:
        idle = gr.Timer(active=False), gr.skip(), task_line(None), gr.Button(visible=False)
        return gr.skip(), gr.skip(), *idle
    if ticket.state == "failed":
        gr.Warning(html.escape(ticket.message))
    if ticket.state == "done" and "world" in ticket.result:
        place = studio.place({**visit, "world": ticket.result["world"]})
    found = {"token": place.person.token, "world": place.name}
    version = place.version() if place.exists else ""
    return (
        found if found != visit else gr.skip(),
        version if version != seen else gr.skip(),
        gr.Timer(active=not ticket.over),
        ticket.number if ticket.over else gr.skip(),
        task_line(ticket, ahead=studio.worker.ahead(ticket)),
        _stop_button(ticket),
    )


def _stop(studio: Studio, visit: Any) -> tuple[str, gr.Button]:
    """Ask for the end of a person's task, and say so at once."""
    token = studio.place(visit).person.token
    studio.worker.cancel(token)
    ticket = studio.worker.ticket(token)
    return task_line(ticket), _stop_button(ticket)


def _stop_button(ticket: Ticket | None) -> gr.Button:
    """There while a task runs; pressed once is enough."""
    if ticket is None:
        return gr.Button(visible=False)
    return gr.Button(visible=not ticket.over, interactive=not ticket.stopping)
