"""The 3D view of a world: its points, cameras and path, in the browser."""

from pathlib import Path
from typing import Any, TypedDict

import gradio as gr

from geometry.camera import Camera

STATIC = Path(__file__).parent / "static"

MARKUP = """
<div class="vl-viewer">
  <div class="vl-stage">
    <canvas class="vl-points" tabindex="0" role="application" aria-label="3D view of the world. Arrow keys
      turn it, with shift they move it, plus and minus go nearer and away, W A S D Q E fly."></canvas>
    <canvas class="vl-marks" aria-hidden="true"></canvas>
    <div class="vl-crop" hidden></div>
    <p class="vl-empty">No world is open yet.</p>
    <p class="vl-status"><span role="status" data-say="loading"></span> <span data-say="drawn"></span></p>
  </div>
  <div class="vl-bar" role="toolbar" aria-label="3D view">
    <button type="button" data-do="overview" title="Home">Overview</button>
    <button type="button" data-do="camera" aria-pressed="false" title="C">From the camera</button>
    <span class="vl-steps">
      <button type="button" data-do="previous" aria-label="Previous key frame" title="[">&#8249;</button>
      <output>No key frames</output>
      <button type="button" data-do="next" aria-label="Next key frame" title="]">&#8250;</button>
    </span>
    <button type="button" data-do="keyframe" class="vl-primary" title="K">Add key frame here</button>
  </div>
</div>
"""

ON_LOAD = """
import('/static/viewer.js').then(({ mountViewer }) => mountViewer({
  element, props, watch,
  onKeyframe: (pose) => trigger('keyframe', pose),
  onSelect: (index) => trigger('select', { index, value: index }),
}));
"""


class CameraMark(TypedDict):
    """One camera to draw: row-major 4x4 in the world frame, horizontal field of view, width / height."""

    camera_to_world: list[float]
    fov: float
    aspect: float


def SceneViewer(value: dict[str, Any] | None = None, **settings: Any) -> gr.HTML:
    """Shows ``{"points": url, "cameras": [CameraMark], "path": sampled path, "selected": index}``, or None.

    Any entry but ``cameras`` may be None. The event ``keyframe`` brings ``position``, ``rotation``
    (quaternion w x y z, camera to world) and ``fov_degrees`` of the view in which "add key frame here"
    was pressed; ``select`` brings the index of the camera that was gone to. Not a class, because Gradio
    writes a file beside the source of every subclass of its components.
    """
    return gr.HTML(
        value=value,
        html_template=MARKUP,
        css_template=(STATIC / "viewer.css").read_text(encoding="utf-8"),
        js_on_load=ON_LOAD,
        apply_default_css=False,
        **settings,
    )


def camera_marks(cameras: Camera) -> list[CameraMark]:
    """A batch of cameras, as the view draws them."""
    aspect = cameras.width / cameras.height
    return [
        CameraMark(camera_to_world=pose.flatten().tolist(), fov=float(fov), aspect=aspect)
        for pose, fov in zip(cameras.camera_to_world, cameras.fov_degrees, strict=True)
    ]
