"""Plays what a walk has shown: pictures, depth, or both beside each other."""

from typing import Any

import gradio as gr

from app.viewer import STATIC

MARKUP = """
<div class="vl-player">
  <div class="vl-panes" tabindex="0" role="group"
    aria-label="Frames of the walk. Space plays, arrow keys step."></div>
  <p class="vl-empty">Nothing walked yet.</p>
  <div class="vl-bar" role="toolbar" aria-label="Player">
    <button type="button" data-do="play" aria-pressed="false" title="Space">Play</button>
    <input type="range" min="0" max="0" value="0" step="1" aria-label="Frame">
    <output>0 / 0</output>
    <span class="vl-choice" role="group" aria-label="What is shown">
      <button type="button" data-show="rgb" aria-pressed="true">Colour</button>
      <button type="button" data-show="depth" aria-pressed="false">Depth</button>
      <button type="button" data-show="side" aria-pressed="false">Side by side</button>
    </span>
  </div>
  <p role="status"></p>
</div>
"""

ON_LOAD = "import('/static/player.js').then(({ mountPlayer }) => mountPlayer({ element, props, watch }));"


def ClipPlayer(value: dict[str, Any] | None = None, **settings: Any) -> gr.HTML:
    """Shows ``{"rgb": .., "depth": .., "side": .., "frames": n, "fps": f, "key": k}``, or None.

    ``rgb``, ``depth`` and ``side`` are each the address of an mp4, or a list of addresses of pictures
    (as they come while a walk is running: the newest is shown), or None. Without ``side``, colour and
    depth play beside each other. ``frames`` is needed for films only. With the same ``key`` they are of
    the same walk, and the frame that is looked at stays; ``first`` is the number in the walk of the first
    picture, 0 if it is not there. Not a class; see `app.viewer`.
    """
    return gr.HTML(
        value=value,
        html_template=MARKUP,
        css_template=(STATIC / "player.css").read_text(encoding="utf-8"),
        js_on_load=ON_LOAD,
        apply_default_css=False,
        **settings,
    )
