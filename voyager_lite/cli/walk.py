"""`explore` and `continue`."""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

import tyro

from geometry.camera import Camera
from geometry.trajectory import Trajectory
from voyager_lite.cli.report import WalkBar, say, say_table
from voyager_lite.clip import Clip
from voyager_lite.condition_opening import open_condition
from voyager_lite.depth import DepthSource, choose_depth
from voyager_lite.explorer import Explorer, check_choices
from voyager_lite.opening import Opening, View
from voyager_lite.paths import read_path
from voyager_lite.results import write_guidance, write_results
from voyager_lite.samples import SAMPLES, Sample, read_sample
from voyager_lite.world.creation import require_free
from voyager_lite.world.retrace import asked_of
from voyager_lite.world.world import World

PATH_HELP = (
    "Where to go: forward, backward, left, right, up, down, turn_left, turn_right, orbit, spiral or "
    "dolly_zoom (also look_up, look_down, roll), each with an optional amount (orbit:30deg, forward:1.5, "
    "forward:50% of the distance to the scene), several joined by commas; or a file: our cameras.json, "
    "nerfstudio camera_path.json or transforms.json, RealEstate10K .txt, a COLMAP folder or images.txt; "
    "walk.txt:50% sets its length."
)

DEFAULT_PATH = "orbit:20deg"


@dataclass(frozen=True, kw_only=True)
class Walk:
    """Options that every walk has."""

    frames: Annotated[int, tyro.conf.arg(help="Frames of the walk, the one it starts from included.")] = 49
    core: Annotated[
        str,
        tyro.conf.arg(
            help="What imagines the unseen: mini, nano, mini:FILE (weights you have trained), voyager:FOLDER "
            "or wan-vace:FOLDER_OR_HUB_ID."
        ),
    ] = "mini"
    steps: Annotated[
        int | None, tyro.conf.arg(help="Sampling steps; default: what the core does best with.")
    ] = None
    prompt: Annotated[str | None, tyro.conf.arg(help="What you would like to see, for cores that read.")] = (
        None
    )
    seed: Annotated[int, tyro.conf.arg(help="The same seed gives the same bytes.")] = 0
    device: Annotated[str, tyro.conf.arg(help="cpu or cuda.")] = "cpu"
    memory: Annotated[
        Literal["low", "balanced", "high"],
        tyro.conf.arg(help="What a full-size core may take; `doctor --core CORE` says what it needs."),
    ] = "balanced"
    safe: Annotated[
        bool,
        tyro.conf.arg(help="Stop before matter instead of refusing the path."),
    ] = False

    def follow(self) -> None:
        """Take part in the walk that the first of several processes drives; ends the process."""
        self._explorer(self.core)

    def _explorer(self, core: str) -> Explorer:
        return Explorer.from_pretrained(core, device=self.device, memory=self.memory)


@dataclass(frozen=True, kw_only=True)
class Explore(Walk):
    """Walk into a photograph: a new world, its RGB-D video and its point cloud.

    Example: voyager-lite explore photo.jpg --path orbit:20deg,forward:0.5 --output my_world
    """

    image: Annotated[
        Path | None, tyro.conf.Positional, tyro.conf.arg(metavar="IMAGE", help="A photograph.")
    ] = None
    sample: Annotated[
        str | None,
        tyro.conf.arg(help=f"Instead of IMAGE, a picture that is already here: {', '.join(SAMPLES)}."),
    ] = None
    guidance: Annotated[
        Path | None,
        tyro.conf.arg(
            metavar="FOLDER",
            help="Instead of IMAGE, a folder of Voyager's conditions: picture, depth and all its cameras.",
        ),
    ] = None
    output: Annotated[Path, tyro.conf.arg(metavar="WORLD", help="A new or empty folder.")]
    path: Annotated[
        str | None,
        tyro.conf.arg(help=f"{PATH_HELP} Default: {DEFAULT_PATH}, or the cameras of --guidance."),
    ] = None
    depth: Annotated[
        str,
        tyro.conf.arg(
            help="auto (a depth model on this machine, else mini), mini (the embedded network), mini:FILE "
            "(the same with weights you have trained), layout (a classical guess), a depth file (.png, .exr, "
            ".npy) or a depth model.",
        ),
    ] = "auto"
    depth_kind: Annotated[
        Literal["depth", "inverse"],
        tyro.conf.arg(help="What a depth file holds; inverse: disparity, depth = scale / value."),
    ] = "depth"
    depth_scale: Annotated[
        float | None, tyro.conf.arg(help="Scene units for one count of a depth file; 0.001 for 16-bit PNG.")
    ] = None
    fov_degrees: Annotated[
        float | None,
        tyro.conf.arg(help="Horizontal field of view; default: EXIF's, the depth model's, or 60."),
    ] = None
    size: Annotated[
        str | None,
        tyro.conf.arg(metavar="WIDTHxHEIGHT", help="Of the video; default: the picture's, at most 960."),
    ] = None
    fps: Annotated[float, tyro.conf.arg(help="Frames a second of the videos.")] = 24.0
    guidance_only: Annotated[
        bool,
        tyro.conf.arg(help="Only render what the photograph shows along the path; imagine nothing."),
    ] = False

    def run(self) -> None:
        """Open, walk, write the results."""
        started = time.perf_counter()
        check_choices(seed=self.seed, steps=self.steps)
        view = View(fov_degrees=self.fov_degrees, fps=self.fps, **_size(self.size))
        require_free(self.output)
        opening, cameras, explorer = self._open(view)
        opening = replace(opening, origin={**opening.origin, "asked": asked_of(vars(self))})
        say(f"depth: {opening.origin['depth']}")
        with World.create(self.output, opening) as world, world.writing():
            if self.guidance_only:
                file = write_guidance(world, cameras)
                say(f"guidance of {len(cameras)} frames in {time.perf_counter() - started:.1f} s: {file}")
                return
            _walk(explorer, world, cameras, self)
            _summary(world, started)

    def _open(self, view: View) -> tuple[Opening, Camera, Explorer]:
        """What the world begins with and where the walk goes; all that is given is looked at first."""
        path = read_path(DEFAULT_PATH if self.path is None else self.path, frames=self.frames)
        if self.guidance is not None and self.image is None and self.sample is None:
            self._require_nothing_beside_guidance()
            opening, cameras = open_condition(self.guidance, view=view)
            explorer = self._explorer(self.core)
        else:
            picture = self._picture()
            explorer = self._explorer(self.core)
            opening = explorer.lift(picture, depth=self._depth(), view=view)
        if self.guidance is None or self.path is not None:
            cameras = explorer.plan(opening, path, safe=self.safe)
        return opening, cameras, explorer

    def _require_nothing_beside_guidance(self) -> None:
        told = {"--depth": self.depth != "auto", "--depth-kind": self.depth_kind != "depth"}
        told |= {"--depth-scale": self.depth_scale is not None, "--fov-degrees": self.fov_degrees is not None}
        if any(told.values()):
            names = ", ".join(name for name, given in told.items() if given)
            raise ValueError(f"--guidance has depth and lenses of its own; leave out {names}")

    def _depth(self) -> DepthSource | str:
        if (self.depth, self.depth_kind, self.depth_scale) == ("auto", "depth", None):
            return self.depth
        return choose_depth(self.depth, quantity=self.depth_kind, scale=self.depth_scale, device=self.device)

    def _picture(self) -> Path | Sample:
        if self.guidance is None and self.sample is not None and self.image is None:
            return read_sample(self.sample)
        if self.guidance is None and self.image is not None and self.sample is None:
            return self.image
        raise ValueError(
            f"give either a photograph or --sample NAME ({', '.join(SAMPLES)}) or --guidance FOLDER"
        )


@dataclass(frozen=True, kw_only=True)
class Continue(Walk):
    """One more stretch from where the camera stands, or the rest of a walk that was interrupted.

    With --from-clip and --as the stretch starts from an earlier clip, in a new world that holds the
    clips up to it; WORLD stays as it is.

    Example: voyager-lite continue my_world --path forward:1
    """

    world: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="WORLD", help="A world's folder.")]
    path: Annotated[
        str | None,
        tyro.conf.arg(
            help="As for explore. Without it an interrupted walk is finished as it was begun, whatever the "
            f"other options say; where there is none, {DEFAULT_PATH}."
        ),
    ] = None
    from_clip: Annotated[
        int | None, tyro.conf.arg(metavar="K", help="Branch off after this clip; 0 is the photograph.")
    ] = None
    branch: Annotated[
        Path | None, tyro.conf.arg(name="as", metavar="NAME", help="The branch's folder: new or empty.")
    ] = None

    def run(self) -> None:
        """Walk on, write the results anew."""
        if (self.from_clip is None) != (self.branch is None):
            raise ValueError("a branch needs both --from-clip K and --as NAME; to go back in place, use undo")
        check_choices(seed=self.seed, steps=self.steps)
        started = time.perf_counter()
        path = read_path(DEFAULT_PATH if self.path is None else self.path, frames=self.frames)
        with World.open(self.world) as world:
            if self.branch is not None and self.from_clip is not None:
                self._branch_off(world, path, folder=self.branch, clip=self.from_clip, started=started)
                return
            with world.writing():
                pending = world.pending if self.path is None else None
                explorer = self._explorer(self.core if pending is None else pending.core)
                if pending is not None:
                    _run(lambda bar: explorer.resume(world, progress=bar))
                else:
                    _walk(explorer, world, explorer.plan(world, path, safe=self.safe), self)
                _summary(world, started)

    def follow(self) -> None:
        """As for a new walk; an unfinished one is followed with the core that began it."""
        with World.open(self.world) as world:
            pending = world.pending if self.path is None and self.branch is None else None
        self._explorer(self.core if pending is None else pending.core)

    def _branch_off(self, world: World, path: Trajectory, *, folder: Path, clip: int, started: float) -> None:
        require_free(folder)
        place = world.place(clip)
        explorer = self._explorer(self.core)
        cameras = explorer.plan(place, path, safe=self.safe)
        with world.branch(folder, clip=clip) as other, other.writing():
            _walk(explorer, other, cameras, self)
            _summary(other, started)


def _walk(explorer: Explorer, world: World, cameras: Camera, options: Walk) -> None:
    _run(
        lambda bar: explorer.explore(
            world, cameras, seed=options.seed, steps=options.steps, prompt=options.prompt, progress=bar
        )
    )


def _run(begin: Callable[[WalkBar], Iterator[Clip]]) -> None:
    bar = WalkBar()
    try:
        for _ in begin(bar):
            pass
    finally:
        bar.close()


def _summary(world: World, started: float) -> None:
    files = write_results(world)
    say_table(
        [
            ("frames", len(world)),
            ("clips", len(world.clips) - 1),
            ("points", f"{world.point_count:,}"),
            ("seconds", f"{time.perf_counter() - started:.1f}"),
            ("world", world.folder),
            *[("", file.name) for file in files],
        ]
    )


def _size(text: str | None) -> dict[str, int]:
    if text is None:
        return {}
    match = re.fullmatch(r"(\d+)x(\d+)", text)
    if match is None:
        raise ValueError(f"--size is {text!r}; expected WIDTHxHEIGHT, as in 960x540")
    return {"width": int(match[1]), "height": int(match[2])}
