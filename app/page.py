"""The page: five steps from a photograph to what can be taken away, wired to each other."""

from typing import Any

import gradio as gr

from app.opening import build_open_step
from app.session import new_token
from app.studio import Studio
from app.viewer import SceneViewer, camera_marks
from app.walking import build_walk_step
from app.wires import Wires

TITLE = "voyager-lite: walk into a picture"


def build_page(studio: Studio) -> gr.Blocks:
    """All of it, not yet served."""
    with gr.Blocks(title=TITLE, analytics_enabled=False) as page:
        wires = Wires.lay(studio)
        gr.Markdown("# voyager-lite\nWalk into a picture: open a photograph, draw a path, see it, walk it.")
        build_open_step(studio, wires)
        with gr.Column(visible=False) as rest:
            viewer = SceneViewer(elem_id="viewer")
            build_walk_step(studio, wires)
        wires.seen.change(
            lambda seen: gr.Column(visible=bool(seen)), wires.seen, rest, show_progress="hidden"
        )
        wires.seen.change(lambda visit: _view(studio, visit), wires.visit, viewer, show_progress="hidden")
        page.load(lambda visit: _arrive(studio, visit), wires.visit, [wires.visit, wires.seen])
    return page


def _arrive(studio: Studio, visit: Any) -> tuple[dict[str, Any], str]:
    """A new visitor gets a key; one who returns finds the world they left."""
    try:
        place = studio.place(visit)
    except ValueError:
        return {"token": new_token(), "world": None}, ""
    try:
        return visit, place.version()
    except (ValueError, OSError):
        return {"token": place.person.token, "world": None}, ""


def _view(studio: Studio, visit: Any) -> dict[str, Any] | None:
    place = studio.place(visit)
    if place.name is None:
        return None
    with place.open() as world:
        cameras = camera_marks(world.cameras[-1:])
    return {
        "points": place.address("points", version=place.version()),
        "cameras": cameras,
        "path": None,
        "selected": 0,
    }
