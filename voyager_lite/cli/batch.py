"""`batch`: many photographs, a world each."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from voyager_lite.cli.report import say
from voyager_lite.cli.walk import DEFAULT_PATH, PATH_HELP, _size


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Walk into many photographs; run it again after an interruption, and only what is missing is made.

    LIST has a photograph a line, or a JSON object: {"image": "a.jpg", "path": "orbit:20deg", "seed": 1}, also
    with "world" and "prompt". With several workers Ray spreads the worlds over the processes of this machine,
    or over the cluster that RAY_ADDRESS names; the worlds are those that one worker makes.

    Example: voyager-lite batch pictures.txt --output worlds --workers 4
    """

    list: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="LIST", help="A text file.")]
    output: Annotated[Path, tyro.conf.arg(metavar="FOLDER", help="Where the worlds go.")]
    path: Annotated[str, tyro.conf.arg(help=PATH_HELP)] = DEFAULT_PATH
    frames: Annotated[int, tyro.conf.arg(help="Frames of every walk.")] = 49
    core: Annotated[str, tyro.conf.arg(help="As for explore.")] = "mini"
    depth: Annotated[str, tyro.conf.arg(help="As for explore.")] = "auto"
    size: Annotated[
        str | None, tyro.conf.arg(metavar="WIDTHxHEIGHT", help="Of the videos; default: the picture's.")
    ] = None
    steps: Annotated[int | None, tyro.conf.arg(help="As for explore.")] = None
    device: Annotated[str, tyro.conf.arg(help="cpu or cuda; with cuda every worker has a GPU.")] = "cpu"
    memory: Annotated[Literal["low", "balanced", "high"], tyro.conf.arg(help="As for explore.")] = "balanced"
    workers: Annotated[int, tyro.conf.arg(help="1 needs no Ray.")] = 1

    def run(self) -> None:
        """Work through the list; a line an outcome."""
        from voyager_lite.batch import Settings, read_list, run_batch
        from voyager_lite.explorer import check_choices

        check_choices(steps=self.steps)
        tasks = read_list(self.list, output=self.output, path=self.path)
        sides = _size(self.size)
        settings = Settings(
            frames=self.frames,
            core=self.core,
            device=self.device,
            memory=self.memory,
            steps=self.steps,
            depth=self.depth,
            size=(sides["height"], sides["width"]) if sides else None,
        )
        failed = 0
        for outcome in run_batch(tasks, settings, workers=self.workers):
            failed += outcome.error is not None
            made = f"{outcome.clips} clips" if outcome.clips else "there already"
            say(f"{outcome.world}: {outcome.error or made}")
        if failed:
            raise ValueError(f"{failed} of {len(tasks)} worlds could not be made; see above")
