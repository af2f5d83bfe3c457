"""Step 1: a photograph, a sample, or a world that is already there."""

import html
from pathlib import Path
from typing import Any, Final

import gradio as gr

from app.lifting import Lift, kept_photograph
from app.sample_picker import SamplePicker
from app.studio import Place, Studio
from app.wires import Started, Wires, answered, start_task
from voyager_lite.world.world import World

DEPTHS: Final = {
    "best available": "auto",
    "embedded network": "mini",
    "classical layout": "layout",
}
"""What people are offered, and what ``--depth`` calls it."""

UNCHANGED: Final = 0.006
"""Degrees: a field of view this near to the world's was not changed, only rounded when it was shown."""


def build_open_step(studio: Studio, wires: Wires) -> tuple[gr.Column, gr.Dropdown]:
    """Lay out the step and wire it.

    Returns:
        The step, hidden until it is known who has come; and their worlds, to be filled then.
    """
    with gr.Column(elem_id="step-open", elem_classes="vl-step", visible=False) as step:
        gr.Markdown("## 1 · Open\nDrop a photograph, take a sample, or go on with a world of yours.")
        with gr.Row():
            upload = gr.File(
                label="Photograph: JPEG, PNG, TIFF, WebP, BMP or GIF",
                type="filepath",
                height=120,
                elem_id="photograph",
            )
            with gr.Column():
                sample = SamplePicker(elem_id="sample")
                worlds = gr.Dropdown([], label="Your worlds", visible=False, elem_id="worlds")
        with gr.Row(visible=False, elem_id="lift", equal_height=True) as again:
            facts = gr.HTML(elem_id="lift-facts", apply_default_css=False)
            fov = gr.Number(
                label="Field of view, degrees", minimum=10, maximum=120, step=1, elem_id="fov", min_width=140
            )
            depth = gr.Dropdown(list(DEPTHS.items()), value="auto", label="Depth from", elem_id="depth")
            lift = gr.Button("Lift again", elem_id="lift-again", scale=0, min_width=110)

    def from_file(visit: Any, file: str) -> tuple[Any, ...]:
        place, photograph = studio.place(visit), Path(file)
        name = photograph.name
        job = Lift(folder=place.person.free(name), photograph=photograph, called=name, core=studio.core)
        # The field is emptied, so that the same file can be dropped again.
        return *start_task(studio, place, job), None

    def from_sample(visit: Any, name: str) -> tuple[Any, ...]:
        place = studio.place(visit)
        job = Lift(folder=place.person.free(name), sample=name, core=studio.core)
        return *start_task(studio, place, job), None

    def again_with(visit: Any, degrees: float | None, source: str) -> Started:
        place = studio.place(visit)
        return start_task(studio, place, _lift_again(studio, place, degrees, source))

    def go_to(visit: Any, name: str) -> tuple[dict[str, Any], str]:
        place = studio.place({**visit, "world": name})
        return {"token": place.person.token, "world": name}, place.version()

    def show(visit: Any) -> tuple[Any, ...]:
        place = studio.place(visit)
        names = place.person.worlds()
        known = gr.Dropdown(names, value=place.name if place.exists else None, visible=bool(names))
        if not place.exists:
            return known, gr.Row(visible=False), "", gr.skip(), gr.skip()
        with place.open() as world:
            asked = _asked(world).get("depth")
            source = asked if asked in DEPTHS.values() else "auto"
            return known, gr.Row(visible=True), _facts(world), round(_fov(world), 2), source

    quiet: dict[str, Any] = {"show_progress": "hidden"}
    upload.upload(answered(from_file), [wires.visit, upload], [*wires.task, upload], **quiet)
    sample.input(answered(from_sample), [wires.visit, sample], [*wires.task, sample], **quiet)
    lift.click(answered(again_with), [wires.visit, fov, depth], wires.task, **quiet)
    worlds.input(answered(go_to), [wires.visit, worlds], [wires.visit, wires.seen], **quiet)
    wires.seen.change(answered(show), wires.visit, [worlds, again, facts, fov, depth], **quiet)
    return step, worlds


def _lift_again(studio: Studio, place: Place, degrees: float | None, source: str) -> Lift:
    """The same picture with another field of view or depth; a world that was walked in is left alone."""
    if source not in DEPTHS.values():
        raise ValueError(f"depth is {source!r}; expected one of {', '.join(DEPTHS.values())}")
    if degrees is not None and not 10 <= degrees <= 120:
        raise ValueError(f"field of view is {degrees:g} degrees; expected 10 to 120")
    with place.open() as world:
        asked, walked = _asked(world), len(world.clips) > 1
        if degrees is not None and abs(degrees - _fov(world)) < UNCHANGED:
            before = asked.get("fov_degrees")
            degrees = None if before is None else float(str(before))
        name = str(world.origin["image"])
    photograph = kept_photograph(place.folder)
    if photograph is None and asked.get("sample") is None:
        raise ValueError(f"{name} was not kept with its world; open the picture itself to lift it anew")
    return Lift(
        folder=place.person.free(str(place.name)) if walked else place.folder,
        photograph=photograph,
        sample=None if photograph is not None else str(asked.get("sample")),
        called="" if photograph is None else name,
        depth=source,
        fov_degrees=degrees,
        core=studio.core,
        instead=not walked,
    )


def _asked(world: World) -> dict[str, Any]:
    found = world.origin.get("asked")
    return found if isinstance(found, dict) else {}


def _fov(world: World) -> float:
    return float(world.clips[0].cameras[0].fov_degrees)


def _facts(world: World) -> str:
    size = f"{world.store.header.width} × {world.store.header.height}"
    matter, sky = world.store.point_counts()[0]
    # What follows says how to do better on the command line.
    depth = str(world.origin["depth"]).partition(";")[0]
    return (
        f'<p class="vl-facts"><strong>{html.escape(str(world.origin["image"]))}</strong>, {size}, '
        f"{matter + sky:,} points; depth: {html.escape(depth)}</p>"
    )
