"""Step 4: walk the path, clip by clip."""

from typing import Any

import gradio as gr

from app.player import ClipPlayer
from app.studio import Studio
from app.tasks import Walk
from app.wires import Wires


def build_walk_step(studio: Studio, wires: Wires) -> None:
    """Lay out the step and wire it."""
    with gr.Column(elem_id="step-walk"):
        gr.Markdown("## 4. Walk")
        path = gr.Textbox("orbit:20deg", label="Path")
        walk = gr.Button("Walk", variant="primary", elem_id="walk")
        player = ClipPlayer(elem_id="walk-player")

    def start(visit: Any, path: str) -> gr.Timer:
        place = studio.place(visit)
        studio.worker.submit(
            place.person.token, Walk(folder=place.folder, path=path, frames=25, core=studio.core)
        )
        return gr.Timer(active=True)

    def frames(visit: Any) -> dict[str, Any] | None:
        place = studio.place(visit)
        if place.name is None:
            return None
        version = place.version()
        with place.open() as world:
            count, fps = len(world), world.fps
        return {
            kind: [place.address(f"{kind}/{number}", version=version) for number in range(count)]
            for kind in ("rgb", "depth")
        } | {"side": None, "frames": count, "fps": fps}

    walk.click(start, [wires.visit, path], wires.clock)
    wires.seen.change(frames, wires.visit, player, show_progress="hidden")
