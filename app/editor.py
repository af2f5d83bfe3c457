"""The path editor: a plan, a side view and a timeline in which a path is drawn."""

from pathlib import Path
from typing import Any

import gradio as gr

STATIC = Path(__file__).parent / "static"

MARKUP = """
<div class="vl-editor">
  <p class="vl-hint" role="status"></p>
  <p class="vl-refusal" role="alert" hidden></p>
  <div class="vl-views">
    <figure class="vl-map vl-plan">
      <figcaption>From above <span>draw here</span></figcaption>
      <svg role="group" aria-label="Plan of the world from above"></svg>
      <div class="vl-zoom" role="group" aria-label="Zoom of the plan">
        <button type="button" data-zoom="1.4" aria-label="Zoom in">+</button>
        <button type="button" data-zoom="0.71" aria-label="Zoom out">&minus;</button>
        <button type="button" data-zoom="0">Fit</button>
      </div>
    </figure>
    <div class="vl-beside">
      <figure class="vl-film">
        <figcaption>What is known along the path <span></span></figcaption>
        <canvas role="img" aria-label="Preview of the path"></canvas>
        <p class="vl-none">The preview plays here as soon as there is a path.</p>
      </figure>
      <figure class="vl-map vl-side">
        <figcaption>From the side <span>drag points up or down</span></figcaption>
        <svg role="group" aria-label="The world from the side: height"></svg>
      </figure>
    </div>
  </div>
  <div class="vl-bar" role="toolbar" aria-label="Path">
    <button type="button" data-do="play" aria-pressed="false" disabled>Play</button>
    <button type="button" data-do="undo" disabled title="Ctrl+Z">Undo</button>
    <button type="button" data-do="redo" disabled title="Ctrl+Shift+Z">Redo</button>
    <button type="button" data-do="add">Add key frame</button>
    <button type="button" data-do="even" disabled title="Same places, at even speed">Even speed</button>
    <button type="button" data-do="clear" disabled>Clear</button>
    <label>Lasts <input type="number" name="duration" min="0.1" step="any" disabled> s</label>
    <output class="vl-length"></output>
  </div>
  <div class="vl-time">
    <svg role="group" aria-label="Timeline: key frames in time"></svg>
  </div>
  <ul class="vl-facts" aria-label="What the path meets"></ul>
  <form class="vl-key" hidden>
    <fieldset>
      <legend></legend>
      <div class="vl-keybar" role="group" aria-label="Key frame">
        <button type="button" data-key="previous" aria-label="Previous key frame">&lsaquo;</button>
        <button type="button" data-key="next" aria-label="Next key frame">&rsaquo;</button>
        <button type="button" data-key="earlier">Earlier</button>
        <button type="button" data-key="later">Later</button>
        <button type="button" data-key="duplicate">Duplicate</button>
        <button type="button" data-key="delete">Delete</button>
      </div>
      <div class="vl-fields">
        <label>Right <input type="number" name="x" step="any"></label>
        <label>Up <input type="number" name="up" step="any"></label>
        <label>Forward <input type="number" name="z" step="any"></label>
        <label>Reached at, s <input type="number" name="seconds" min="0" step="any"></label>
        <label>Field of view, &deg; <input type="number" name="fov" min="1" max="170" step="any"></label>
      </div>
      <div class="vl-gaze" role="radiogroup" aria-label="Looks">
        <label><input type="radio" name="gaze" value="along"> along the path</label>
        <label><input type="radio" name="gaze" value="at"> at a target</label>
        <label><input type="radio" name="gaze" value="free"> freely</label>
        <button type="button" data-key="all">So everywhere</button>
      </div>
      <div class="vl-fields" data-for="at">
        <label>Target right <input type="number" name="tx" step="any"></label>
        <label>Target up <input type="number" name="tup" step="any"></label>
        <label>Target forward <input type="number" name="tz" step="any"></label>
      </div>
      <div class="vl-fields" data-for="free">
        <label>Turned right, &deg; <input type="number" name="yaw" step="any"></label>
        <label>Turned up, &deg; <input type="number" name="pitch" min="-85" max="85" step="any"></label>
      </div>
      <label class="vl-prompt">From here on, show
        <input type="text" name="prompt" maxlength="2000" placeholder="as before"></label>
    </fieldset>
  </form>
</div>
"""

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
