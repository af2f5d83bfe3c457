"""Step 5: films, files, and the command line that makes it all anew."""

import html
from typing import Any, Final

import gradio as gr

from app.exporting import Export, Films, export_file, exports_folder
from app.frames import whole_film
from app.lifting import kept_photograph
from app.player import ClipPlayer
from app.studio import Place, Studio
from app.wires import Started, Wires, answered, start_task
from voyager_lite.export.cameras_json import write_cameras_json
from voyager_lite.export.formats import FORMATS
from voyager_lite.world.marks import clip_marks
from voyager_lite.world.retrace import retrace

WALKS: Final = "walks"
"""Folder in a world for the cameras of its walks."""


def build_take_step(studio: Studio, wires: Wires) -> None:
    """Lay out the step and wire it."""
    with gr.Column(elem_id="step-take", elem_classes="vl-step"):
        gr.Markdown(
            "## 5 · Take away\nThe world is a folder on this machine; nothing of it is sent anywhere."
        )
        player = ClipPlayer(elem_id="take-player", visible=False)
        with gr.Row(equal_height=True):
            films = gr.Button("Make the films", elem_id="films", min_width=130, scale=0)
            kinds = [(f"{name}: {kind.about}", name) for name, kind in FORMATS.items()]
            chosen = gr.Dropdown(kinds, value="ply", label="File", elem_id="format")
            write = gr.Button("Write the file", variant="primary", elem_id="write", min_width=130, scale=0)
        files = gr.HTML(elem_id="files", apply_default_css=False)
        folder = gr.Textbox(label="The world's folder", interactive=False, elem_id="folder", buttons=["copy"])
        command = gr.Textbox(
            label="What makes it anew, on the command line",
            lines=3,
            max_lines=12,
            interactive=False,
            visible=False,
            elem_id="command",
            buttons=["copy"],
        )

    def write_it(visit: Any, kind: str) -> Started:
        if kind not in FORMATS:
            raise ValueError(f"file is {kind!r}; expected one of {', '.join(FORMATS)}")
        place = studio.place(visit)
        return start_task(studio, place, Export(folder=place.folder, kind=kind))

    def make_films(visit: Any) -> Started:
        place = studio.place(visit)
        return start_task(studio, place, Films(folder=place.folder))

    def show(visit: Any) -> tuple[Any, ...]:
        place = studio.place(visit)
        if not place.exists:
            return gr.skip(), "", "", gr.skip()
        film = whole_film(place)
        player = gr.HTML(value=film, visible=film is not None)
        lines = command_lines(place)
        return player, downloads(place), str(place.folder), gr.Textbox(value=lines, visible=bool(lines))

    quiet: dict[str, Any] = {"show_progress": "hidden"}
    write.click(answered(write_it), [wires.visit, chosen], wires.task, **quiet)
    films.click(answered(make_films), wires.visit, wires.task, **quiet)
    gr.on(
        [wires.seen.change, wires.finished.change],
        answered(show),
        wires.visit,
        [player, files, folder, command],
        **quiet,
    )


def downloads(place: Place) -> str:
    """Links to what has been written of a world as it is now."""
    with place.open() as world:
        folder, version = exports_folder(world), clip_marks(world)[-1]
    items = []
    for kind, form in FORMATS.items():
        file = export_file(folder, kind)
        if file.is_file():
            address = html.escape(place.address(f"take/{file.name}", version=version))
            size = file.stat().st_size / 1e6
            items.append(
                f'<li><a href="{address}" download>{html.escape(f"{place.name}-{file.name}")}</a> '
                f"({size:.1f} MB) {html.escape(form.about)}</li>"
            )
    return f'<ul class="vl-downloads">{"".join(items)}</ul>' if items else ""


def command_lines(place: Place) -> str:
    """What to type to make the world anew; the camera files that it names are written."""
    with place.open() as world:
        walks = place.folder / WALKS
        found = retrace(
            world.store.header,
            world.clips,
            picture=kept_photograph(place.folder),
            walks=walks,
            output=place.folder.with_name(f"{place.name}-again"),
        )
        if not found.commands:
            return ""
        walks.mkdir(exist_ok=True)
        for name, cameras in found.cameras.items():
            write_cameras_json(walks / name, cameras, fps=world.fps)
    return found.text()
