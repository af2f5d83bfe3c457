"""The tasks themselves: lift a photograph, walk on, finish, take back, branch off."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from app.jobs import Result, Told, Tools
from geometry.trajectory import Trajectory
from voyager_lite.clip import Clip
from voyager_lite.explorer import Step
from voyager_lite.opening import View
from voyager_lite.photograph import Photograph, read_photograph
from voyager_lite.samples import Sample, read_sample
from voyager_lite.world.world import World


@dataclass(frozen=True, kw_only=True)
class Lift:
    """A photograph becomes a world.

    Attributes:
        folder: Of the world: new or empty; with ``instead``, one that has not been walked.
        photograph: The picture's file; None for a sample.
        sample: The sample's name; None for a file.
        depth: As ``--depth`` takes it.
        fov_degrees: Horizontal; None leaves it to the depth source and the picture.
        core: Of the explorer that lifts.
        instead: Whether the new world takes the place of the one in ``folder``.
    """

    folder: Path
    photograph: Path | None = None
    sample: str | None = None
    depth: str = "auto"
    fov_degrees: float | None = None
    core: str = "mini"
    instead: bool = False

    @property
    def title(self) -> str:
        """What is being done."""
        return "opening a photograph"

    def run(self, tools: Tools) -> Iterator[None]:
        """Lift, and make the world."""
        tools.tell(Told(text="reading the picture", share=0.05))
        image: Photograph | Sample
        image = read_sample(str(self.sample)) if self.photograph is None else read_photograph(self.photograph)
        tools.tell(Told(text="estimating depth", share=0.15))
        yield
        view = View(fov_degrees=self.fov_degrees)
        opening = tools.explorer(self.core).lift(image, depth=self.depth, view=view)
        tools.tell(Told(text="making the world", share=0.85))
        asked = {"sample": self.sample, "depth": self.depth, "fov_degrees": self.fov_degrees}
        opening = replace(opening, origin={**opening.origin, "asked": asked})
        partial = self.folder.with_name(f".{self.folder.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        try:
            World.create(partial, opening).close()
            if self.photograph is not None:
                shutil.copyfile(self.photograph, partial / f"photograph{self.photograph.suffix}")
            if self.instead:
                _remove_unwalked(self.folder)
            partial.rename(self.folder)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        result: Result = {"world": self.folder.name}
        return result


@dataclass(frozen=True, kw_only=True)
class Walk:
    """Walk a path in a world, or in a branch of it."""

    folder: Path
    path: str
    frames: int
    core: str
    seed: int = 0
    steps: int | None = None
    prompt: str | None = None

    @property
    def title(self) -> str:
        """What is being done."""
        return "walking"

    def run(self, tools: Tools) -> Iterator[None]:
        """Clip by clip."""
        explorer = tools.explorer(self.core)
        with World.open(self.folder) as world:
            path = Trajectory.parse(self.path, frames=self.frames)
            clips = explorer.explore(
                world,
                path,
                seed=self.seed,
                steps=self.steps,
                prompt=self.prompt,
                progress=_teller(tools),
            )
            yield from _each(clips, tools)
        result: Result = {"world": self.folder.name}
        return result


def _each(clips: Iterator[Clip], tools: Tools) -> Iterator[None]:
    with closing(clips):  # type: ignore[type-var]
        for _ in clips:
            if tools.ends_here():
                return
            yield


def _teller(tools: Tools) -> Callable[[Step], None]:
    def tell(step: Step) -> None:
        done = step.clip - 1 + step.step / step.steps
        text = f"clip {step.clip} of {step.clips}, step {step.step} of {step.steps}"
        tools.tell(Told(text=text, share=done / step.clips, clips=step.clip - 1))

    return tell


def _remove_unwalked(folder: Path) -> None:
    with World.open(folder) as world:
        if len(world.clips) > 1:
            raise ValueError(f"{folder.name} has been walked in; its photograph cannot be lifted anew")
    shutil.rmtree(folder)
