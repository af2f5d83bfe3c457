"""The path editor: a plan, a side view and a timeline in which a path is drawn."""

from pathlib import Path
from typing import Any

import gradio as gr

STATIC = Path(__file__).parent / "static"

MARKUP = """<div class="vl-editor"></div>"""

ON_LOAD = """
import('/static/editor.js').then(({ mountEditor }) => mountEditor({
  element, props, watch, onEdit: (gestures) => trigger('edit', { gestures }),
}));
"""


def PathEditor(value: dict[str, Any] | None = None, **settings: Any) -> gr.HTML:
    """Shows what ``app.drawn_path.draft_value`` gives, or None.

    The event ``edit`` brings ``gestures``: what the person did, in order, as ``app.gestures`` reads it.
    Not a class, because Gradio writes a file beside the source of every subclass of its components.
    """
    return gr.HTML(
        value=value,
        html_template=MARKUP,
        css_template=(STATIC / "editor.css").read_text(encoding="utf-8"),
        js_on_load=ON_LOAD,
        apply_default_css=False,
        **settings,
    )
