"""The task that makes a world of a photograph."""

import shutil
from collections.abc import Generator
from dataclasses import dataclass, replace
from pathlib import Path

from app.jobs import Result, Told, Tools, shown
from voyager_lite.opening import View
from voyager_lite.photograph import Photograph, read_photograph
from voyager_lite.samples import Sample, read_sample
from voyager_lite.world.world import World

KEPT_AS = "photograph"
"""Name, without its ending, of the picture in its world's folder."""


@dataclass(frozen=True, kw_only=True)
class Lift:
    """A photograph becomes a world.

    Attributes:
        folder: Of the world: new; with ``instead``, one that has not been walked.
        photograph: The picture's file; None for a sample.
        sample: The sample's name; None for a file.
        called: What the person calls the picture.
        depth: As ``--depth`` takes it.
        fov_degrees: Horizontal; None leaves it to the depth source and the picture.
        core: Of the explorer that lifts.
        instead: Whether the new world takes the place of the one in ``folder``.
    """

    folder: Path
    photograph: Path | None = None
    sample: str | None = None
    called: str = ""
    depth: str = "auto"
    fov_degrees: float | None = None
    core: str = "mini"
    instead: bool = False
    title: str = "opening the picture"

    def run(self, tools: Tools) -> Generator[None, None, Result]:
        """Read, estimate, lift; the world is there in the end, whole, or not at all.

        Raises:
            ValueError: The picture or its depth cannot be used.
        """
        try:
            yield from self._run(tools)
        except (ValueError, OSError) as error:
            if self.photograph is None:
                raise
            raise ValueError(shown(error, hidden={self.photograph: self.called})) from error
        return {"world": self.folder.name}

    def _run(self, tools: Tools) -> Generator[None, None, None]:
        tools.tell(Told(text="reading it", share=0.05))
        image = self._image()
        tools.tell(Told(text="estimating depth", share=0.15))
        yield
        view = View(fov_degrees=self.fov_degrees)
        opening = tools.explorer(self.core).lift(image, depth=self.depth, view=view)
        tools.tell(Told(text="lifting it to points", share=0.8))
        asked = {"sample": self.sample, "depth": self.depth, "fov_degrees": self.fov_degrees}
        named = {"image": self.called} if self.called else {}
        opening = replace(opening, origin={**opening.origin, **named, "asked": asked})
        partial = self.folder.with_name(f".{self.folder.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        try:
            World.create(partial, opening).close()
            if self.photograph is not None:
                shutil.copyfile(self.photograph, partial / f"{KEPT_AS}{self.photograph.suffix.lower()}")
            tools.tell(Told(text="lifting it to points", share=0.95))
            if self.instead:
                remove_unwalked(self.folder)
            partial.rename(self.folder)
        finally:
            shutil.rmtree(partial, ignore_errors=True)

    def _image(self) -> Photograph | Sample:
        if self.photograph is None:
            return read_sample(str(self.sample))
        return read_photograph(self.photograph)


def kept_photograph(folder: Path) -> Path | None:
    """The picture a world was made of, if it was not a sample."""
    return next(iter(sorted(folder.glob(f"{KEPT_AS}*"))), None)


def remove_unwalked(folder: Path) -> None:
    """Remove a world in which nobody has walked.

    Raises:
        ValueError: Somebody has.
    """
    with World.open(folder) as world:
        if len(world.clips) > 1:
            raise ValueError(f"{folder.name} has been walked in; go back to its photograph first")
    shutil.rmtree(folder)
