"""The page: five steps from a photograph to what can be taken away, wired to each other."""

import sqlite3
from typing import Any, Final

import gradio as gr

from app.drawing import build_draw_step
from app.drawn_path import DrawnPath, draft_value
from app.gestures import after_gestures
from app.opening import build_open_step
from app.session import new_token
from app.steps import step_list
from app.studio import Place, Studio
from app.taking import build_take_step
from app.view import view_value
from app.viewer import SceneViewer
from app.walking import build_walk_step
from app.wires import Follower, Wires, answered, task_line
from voyager_lite.errors import VoyagerLiteError

TITLE: Final = "voyager-lite: walk into a picture"

CACHE_SECONDS: Final = 3600
"""How long what was uploaded is kept; a world has its own copy of its photograph."""

HANDLERS_AT_ONCE: Final = 8
"""Of one kind, for all people together."""


def build_page(studio: Studio) -> gr.Blocks:
    """All of it, not yet served."""
    with gr.Blocks(title=TITLE, analytics_enabled=False, delete_cache=(CACHE_SECONDS, CACHE_SECONDS)) as page:
        gr.Markdown("# voyager-lite\nWalk into a picture.", elem_id="title")
        steps = gr.HTML(step_list(None), elem_id="steps", apply_default_css=False)
        wires = Wires.lay(studio)
        first, worlds = build_open_step(studio, wires)
        with gr.Column(visible=False, elem_id="world") as rest:
            with gr.Row():
                with gr.Column(min_width=320, scale=5):
                    viewer = SceneViewer(elem_id="viewer")
                with gr.Column(min_width=320, scale=6, elem_id="step-draw", elem_classes="vl-step"):
                    gr.Markdown(
                        "## 2 · Draw and 3 · Look\nDraw on the plan; what the path shows plays at once."
                    )
                    drawn = build_draw_step(studio, wires)
            core, walking = build_walk_step(studio, wires, drawn)
            build_take_step(studio, wires)
        _wire_visits(studio, wires, page, (first, worlds))
        seeing = _wire_view(studio, wires, page, (rest, viewer, steps), drawn=drawn)
        both = Follower.joined(seeing, walking)
        drawn.change(answered(both.answer), [wires.visit, drawn, core], both.outputs, show_progress="hidden")
    page.queue(default_concurrency_limit=HANDLERS_AT_ONCE)
    return page


def _wire_visits(studio: Studio, wires: Wires, page: gr.Blocks, first: tuple[gr.Column, gr.Dropdown]) -> None:
    """People come, come back, and leave."""

    def arrive(visit: Any, request: gr.Request) -> tuple[Any, ...]:
        found = arrived(studio, visit)
        studio.presence.arrive(str(request.session_hash), found["token"])
        place = studio.place(found)
        ticket = studio.worker.ticket(place.person.token)
        busy = ticket is not None and not ticket.over
        names = place.person.worlds()
        return (
            found,
            place.version() if place.exists else "",
            gr.Timer(active=busy),
            task_line(ticket if busy else None),
            gr.Column(visible=True),
            gr.Dropdown(names, value=place.name, visible=bool(names)),
        )

    def leave(request: gr.Request) -> None:
        studio.presence.leave(str(request.session_hash))

    outputs = [wires.visit, wires.seen, wires.clock, wires.status, *first]
    page.load(arrive, wires.visit, outputs, show_progress="hidden")
    page.unload(leave)


def arrived(studio: Studio, visit: Any) -> dict[str, Any]:
    """A new visitor gets a key; one who returns finds the world they left, if it can be read."""
    try:
        place = studio.place(visit)
    except ValueError:
        return {"token": new_token(), "world": None}
    try:
        place.version()
    except (ValueError, OSError, VoyagerLiteError, sqlite3.Error):
        # Their other worlds can be chosen on the page, which an error here would keep away.
        return {"token": place.person.token, "world": None}
    return {"token": place.person.token, "world": place.name}


def _wire_view(
    studio: Studio,
    wires: Wires,
    page: gr.Blocks,
    shown: tuple[gr.Column, gr.HTML, gr.HTML],
    *,
    drawn: gr.State,
) -> Follower:
    """World and path are seen in 3D, and key frames taken from there; gives what follows the path."""
    rest, viewer, steps = shown
    editor = next(block for block in page.blocks.values() if block.elem_id == "path-editor")

    def look(visit: Any, now: DrawnPath | None, *_: str) -> tuple[dict[str, Any] | None, str]:
        place = studio.place(visit)
        if not place.exists:
            return None, step_list(None)
        return view_value(place, now), step_list(now, walked=_clips(place))

    def from_view(now: DrawnPath | None, event: gr.EventData) -> tuple[DrawnPath | None, Any]:
        if now is None:
            return None, None
        now = after_gestures(now, [{"do": "view", **event._data}])
        return now, draft_value(now)

    quiet: dict[str, Any] = {"show_progress": "hidden"}
    wires.seen.change(lambda seen: gr.Column(visible=bool(seen)), wires.seen, rest, **quiet)
    wires.seen.change(answered(look), [wires.visit, drawn], [viewer, steps], **quiet)
    viewer.keyframe(from_view, drawn, [drawn, editor], **quiet)
    return Follower(look, [viewer, steps])


def _clips(place: Place) -> int:
    with place.open() as world:
        return len(world.clips) - 1
