"""Step 1: a photograph, a sample, or a world that is already there."""

from pathlib import Path
from typing import Any

import gradio as gr

from app.studio import Studio
from app.tasks import Lift
from app.wires import Wires
from voyager_lite.samples import SAMPLES


def build_open_step(studio: Studio, wires: Wires) -> None:
    """Lay out the step and wire it."""
    with gr.Column(elem_id="step-open"):
        gr.Markdown("## 1. Open")
        with gr.Row():
            upload = gr.File(label="Drop a photograph", type="filepath", elem_id="photograph")
            sample = gr.Radio(list(SAMPLES), label="or take a sample", elem_id="sample")

    def start(visit: Any, file: str | None, sample: str | None) -> gr.Timer:
        place = studio.place(visit)
        photograph = None if file is None else Path(file)
        wish = sample if photograph is None else photograph.name
        job = Lift(
            folder=place.person.free(str(wish)), photograph=photograph, sample=sample, core=studio.core
        )
        studio.worker.submit(place.person.token, job)
        return gr.Timer(active=True)

    upload.upload(lambda visit, file: start(visit, file, None), [wires.visit, upload], wires.clock)
    sample.input(lambda visit, name: start(visit, None, name), [wires.visit, sample], wires.clock)
