"""What the steps of the page share, so that none needs to know the others."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from app.studio import Studio


@dataclass(frozen=True)
class Wires:
    """Components that several steps read or write.

    Attributes:
        visit: ``{"token": secret, "world": name or None}``, kept in the browser.
        seen: Version of the world that the page shows; "" before one is open. Listen to its ``change``
            to hear that the world is another, or has changed.
        clock: Ticks while a task runs; set it ``active`` after handing one in.
        status: How far the task is.
    """

    visit: gr.BrowserState
    seen: gr.State
    clock: gr.Timer
    status: gr.HTML

    @classmethod
    def lay(cls, studio: Studio) -> "Wires":
        """Make them and what keeps them up to date."""
        visit = gr.BrowserState(None, storage_key="voyager-lite", secret="voyager-lite")
        wires = cls(visit=visit, seen=gr.State(""), clock=gr.Timer(1, active=False), status=gr.HTML())
        wires.clock.tick(
            lambda visit, seen: _tick(studio, visit, seen),
            [wires.visit, wires.seen],
            [wires.visit, wires.seen, wires.clock, wires.status],
            show_progress="hidden",
            concurrency_limit=None,
        )
        return wires


def _tick(studio: Studio, visit: dict[str, Any], seen: str) -> tuple[Any, ...]:
    place = studio.place(visit)
    ticket = studio.worker.ticket(place.person.token)
    if ticket is None:
        return gr.skip(), gr.skip(), gr.Timer(active=False), ""
    if ticket.state == "failed":
        gr.Warning(ticket.message)
    if ticket.over and "world" in ticket.result:
        place = studio.place({**visit, "world": ticket.result["world"]})
    found = {"token": place.person.token, "world": place.name}
    version = place.version() if place.name is not None else ""
    text = ticket.told.text if not ticket.over else ""
    return (
        found if found != visit else gr.skip(),
        version if version != seen else gr.skip(),
        gr.Timer(active=not ticket.over),
        text,
    )
