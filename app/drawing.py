"""Step 2: a path is drawn, chosen, typed or loaded, and saved; every way shows what the others made."""

import base64
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import gradio as gr

from app.drawn_path import DrawnPath, draft_value
from app.editor import PathEditor
from app.gestures import after_gestures
from app.kept_path import keep_path, kept_path
from app.studio import Studio
from app.wires import Wires, answered
from geometry.presets import PRESETS
from voyager_lite.export.draft_file import FORMATS, read_draft, write_draft

MOVES: Final = [(word.replace("_", " "), word) for word in PRESETS]

SAVED_AS: Final = [
    ("voyager-lite", "voyager-lite"),
    ("nerfstudio", "nerfstudio"),
    ("COLMAP", "colmap"),
]

Shown = tuple[DrawnPath | None, dict[str, Any] | None, str]
"""The drawing, what the editor shows of it, and what it is called in the path language."""


def build_draw_step(studio: Studio, wires: Wires) -> gr.State:
    """Lay out what draws a path and wire it.

    Args:
        studio: What all steps share behind the page.
        wires: What they share on it.

    Returns:
        Holds the ``DrawnPath`` of the open world, or None. Listen to its ``change``.
    """
    drawn = gr.State(None)
    editor = PathEditor(elem_id="path-editor")
    with gr.Accordion("Or choose a move, type a path, load a file", open=False, elem_id="path-ways"):
        with gr.Row(elem_classes="vl-line-up"):
            move = gr.Dropdown(MOVES, value="orbit", label="Move", elem_id="move", min_width=120)
            amount = gr.Textbox(amount_of("orbit"), label="Amount", elem_id="amount", min_width=90)
            use = gr.Button("New path", elem_id="use-move", min_width=100)
            add = gr.Button("Add to the path", elem_id="add-move", min_width=120)
        with gr.Row(elem_classes="vl-line-up"):
            text = gr.Textbox(
                label="In words",
                placeholder="forward:1.5,orbit:30deg",
                elem_id="path-text",
                min_width=160,
            )
            say = gr.Button("Use", elem_id="use-text", min_width=120, scale=0)
        with gr.Row(elem_classes="vl-line-up"):
            load = gr.UploadButton(
                "Load a camera file", file_count="multiple", elem_id="load-path", min_width=140
            )
            kind = gr.Dropdown(
                SAVED_AS, value="voyager-lite", label="Save as", elem_id="save-as", min_width=140
            )
            save = gr.Button("Save", elem_id="save-path", min_width=90)

    def arrive(visit: Any, before: DrawnPath | None) -> Shown:
        place = studio.place(visit)
        if not place.exists:
            return None, None, ""
        with place.open() as world:
            now = DrawnPath.of(world)
            left = now if before is None else now.left_of(before)
            return shown(left if left is not now else kept_path(place, world, now))

    def edit(now: DrawnPath | None, event: gr.EventData) -> Shown:
        return after(now, event._data.get("gestures"))

    def take_move(on: bool) -> Callable[[DrawnPath | None, str, str], Shown]:
        return lambda now, word, much: after(
            now, [{"do": "text", "text": f"{word}:{much}" if much.strip() else word, "on": on}]
        )

    def take_file(now: DrawnPath | None, files: list[str] | None) -> Shown:
        if now is None:
            raise ValueError("open a photograph first")
        paths = [Path(file) for file in files or ()]
        try:
            draft = read_draft(paths, now.start, focus_distance=now.focus_distance, fps=now.draft.fps)
            return shown(now.did(draft))
        except (ValueError, OSError) as error:
            message = str(error)
            for path in paths:
                message = message.replace(f"{path.parent}/", "")
            return shown(now.refused(message))

    def save_it(now: DrawnPath | None, kind: str) -> dict[str, Any]:
        if now is None or kind not in FORMATS:
            raise ValueError("open a photograph first, and choose what to save as")
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / FORMATS[kind]
            write_draft(file, now.draft, now.start, format=kind)
            data = base64.b64encode(file.read_bytes()).decode()
        return {**(draft_value(now) or {}), "file": {"name": FORMATS[kind], "data": data}}

    quiet: dict[str, Any] = {"show_progress": "hidden"}
    outputs = [drawn, editor, text]
    wires.seen.change(answered(arrive), [wires.visit, drawn], outputs, **quiet)
    editor.edit(answered(edit), drawn, outputs, trigger_mode="multiple", **quiet)
    move.change(amount_of, move, amount, **quiet)
    use.click(answered(take_move(False)), [drawn, move, amount], outputs, **quiet)
    add.click(answered(take_move(True)), [drawn, move, amount], outputs, **quiet)
    gr.on(
        [say.click, text.submit],
        answered(lambda now, words: after(now, [{"do": "text", "text": words}])),
        [drawn, text],
        outputs,
        **quiet,
    )
    drawn.change(
        answered(lambda visit, now: keep_path(studio.place(visit), now)), [wires.visit, drawn], None, **quiet
    )
    load.upload(answered(take_file), [drawn, load], outputs, **quiet)
    save.click(answered(save_it), [drawn, kind], editor, **quiet)
    return drawn


def after(now: DrawnPath | None, gestures: Any) -> Shown:
    """What is shown after gestures; nothing as long as no world is open."""
    return (None, None, "") if now is None else shown(after_gestures(now, gestures))


def shown(now: DrawnPath) -> Shown:
    """A drawing with all that shows it."""
    return now, draft_value(now), now.draft.text or ""


def amount_of(word: str) -> str:
    """The amount of a move where none is given."""
    return str(PRESETS[word].default)
