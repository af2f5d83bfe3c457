"""The second step: a path is drawn, previewed, and loaded or saved."""

import logging
from typing import Any

import gradio as gr

from app.drawn_path import DrawnPath, draft_value
from app.editor import PathEditor
from app.gestures import after_gestures
from app.studio import Studio
from app.wires import Wires

logger = logging.getLogger(__name__)


def build_draw_step(studio: Studio, wires: Wires) -> gr.State:
    """The editor with all that belongs to it.

    Returns:
        Holds the ``DrawnPath`` of the open world, or None. Listen to its ``change``.
    """
    drawn = gr.State(None)
    editor = PathEditor(elem_id="path-editor")

    def arrive(visit: Any, before: DrawnPath | None) -> tuple[DrawnPath | None, dict[str, Any] | None]:
        place = studio.place(visit)
        if place.name is None:
            return None, None
        with place.open() as world:
            now = DrawnPath.of(world)
        now = now if before is None else now.left_of(before)
        return now, draft_value(now)

    def edit(now: DrawnPath | None, event: gr.EventData) -> tuple[DrawnPath | None, dict[str, Any] | None]:
        if now is None:
            return None, None
        now = after_gestures(now, event._data.get("gestures"))
        return now, draft_value(now)

    wires.seen.change(arrive, [wires.visit, drawn], [drawn, editor], show_progress="hidden")
    editor.edit(edit, drawn, [drawn, editor], show_progress="hidden", trigger_mode="multiple")
    return drawn
