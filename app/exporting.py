"""The task that writes what can be taken away."""

import shutil
import zipfile
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.jobs import Result, Told, Tools
from voyager_lite.export.atomic import replacing
from voyager_lite.export.contact_sheet import depth_picture, depth_range
from voyager_lite.export.formats import FORMATS, export_world
from voyager_lite.export.video import write_mp4
from voyager_lite.world.marks import clip_marks
from voyager_lite.world.world import World

FOLDER: Final = "exports"
"""In a world's folder; it holds one folder, which is called by what the world was when it was written."""

FILMS: Final = {"rgb": "colour.mp4", "depth": "depth.mp4"}
"""What the players show."""


@dataclass(frozen=True, kw_only=True)
class Export:
    """Write one format; what fills a folder becomes a zip file.

    Attributes:
        folder: Of the world.
        kind: A name in ``FORMATS``.
    """

    folder: Path
    kind: str

    @property
    def title(self) -> str:
        """What is being done."""
        return f"writing {self.kind}"

    def run(self, tools: Tools) -> Generator[None, None, Result]:
        """Write it, unless it is there."""
        tools.tell(Told(text=FORMATS[self.kind].about, share=0.05))
        with World.open(self.folder) as world:
            file = export_file(exports_folder(world), self.kind)
            if not file.exists():
                if FORMATS[self.kind].suffix:
                    export_world(world, file, format=self.kind)
                else:
                    _write_zip(world, file, self.kind)
        yield
        return {"file": file.name}


@dataclass(frozen=True, kw_only=True)
class Films:
    """Write what the players show."""

    folder: Path
    title: str = "making the films"

    def run(self, tools: Tools) -> Generator[None, None, Result]:
        """Frame by frame, for they can be many."""
        with World.open(self.folder) as world:
            folder = exports_folder(world)
            count = len(world)
            near, far = depth_range([world.depth(0)])

            def told(number: int, *, part: int) -> None:
                tools.tell(Told(text=f"frame {number + 1} of {count}", share=(part + number / count) / 2))

            def colors() -> Generator:
                for number in range(count):
                    told(number, part=0)
                    yield world.rgb(number)

            def depths() -> Generator:
                for number in range(count):
                    told(number, part=1)
                    yield depth_picture(world.depth(number), near=near, far=far)

            write_mp4(folder / FILMS["rgb"], colors(), fps=world.fps)
            yield
            write_mp4(folder / FILMS["depth"], depths(), fps=world.fps)
        return {}


def exports_folder(world: World) -> Path:
    """Where exports of a world as it is now lie; those of what it was before are removed."""
    folder = world.folder / FOLDER / clip_marks(world)[-1]
    for old in (world.folder / FOLDER).glob("*"):
        if old != folder:
            shutil.rmtree(old, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def export_file(folder: Path, kind: str) -> Path:
    """The one file in which a format can be downloaded."""
    return folder / f"{kind}{FORMATS[kind].suffix or '.zip'}"


def _write_zip(world: World, file: Path, kind: str) -> None:
    beside = file.with_name(f".{kind}")
    shutil.rmtree(beside, ignore_errors=True)
    try:
        export_world(world, beside, format=kind)
        with replacing(file) as partial, zipfile.ZipFile(partial, "w") as archive:
            # Pictures do not become smaller by another compression.
            for found in sorted(beside.rglob("*")):
                archive.write(found, f"{kind}/{found.relative_to(beside)}")
    finally:
        shutil.rmtree(beside, ignore_errors=True)
