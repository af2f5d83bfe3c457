"""Commands on an existing world: `undo`, `render`, `info`."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from voyager_lite.cli.path_map import END, START, has_braille, path_map, plainly
from voyager_lite.cli.report import say, say_columns, say_table
from voyager_lite.cli.walk import PATH_HELP
from voyager_lite.export.video import write_mp4
from voyager_lite.paths import read_path
from voyager_lite.results import rendered_frames, write_results
from voyager_lite.world.overview import overview
from voyager_lite.world.world import World

WorldFolder = Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="WORLD", help="A world's folder.")]


@dataclass(frozen=True, kw_only=True)
class Undo:
    """Take back the last clips, with their frames and points.

    Example: voyager-lite undo my_world --clips 2
    """

    world: WorldFolder
    clips: Annotated[int, tyro.conf.arg(help="How many.")] = 1

    def run(self) -> None:
        """Undo and write the results anew."""
        with World.open(self.world) as world, world.writing():
            left = world.undo(self.clips)
            write_results(world)
            say(f"took back {self.clips}; {left} clips and {len(world)} frames are left")


@dataclass(frozen=True, kw_only=True)
class Render:
    """Fly through what a world already knows; nothing is generated, the unseen stays black.

    Example: voyager-lite render my_world --path spiral --output spiral.mp4
    """

    world: WorldFolder
    path: Annotated[str, tyro.conf.arg(help=PATH_HELP)] = "orbit:20deg"
    frames: Annotated[int, tyro.conf.arg(help="Frames of the video.")] = 49
    output: Annotated[Path, tyro.conf.arg(metavar="FILE.mp4", help="The video.")]

    def run(self) -> None:
        """Render from the world's first camera."""
        if self.output.suffix != ".mp4":
            raise ValueError(f"--output is {self.output}; expected a name that ends in .mp4")
        path = read_path(self.path, frames=self.frames)
        with World.open(self.world) as world:
            cameras = path.cameras(world.cameras[0], focus_distance=world.place(0).focus_distance)
            count = write_mp4(self.output, rendered_frames(world, cameras), fps=world.fps)
        say(f"{count} frames: {self.output}")


@dataclass(frozen=True, kw_only=True)
class Info:
    """Show what is in a world: its picture, its clips, and the path from above.

    Example: voyager-lite info my_world --json info.json
    """

    world: WorldFolder
    json: Annotated[Path | None, tyro.conf.arg(metavar="FILE", help="Write it as JSON, too.")] = None

    def run(self) -> None:
        """Print tables and a map."""
        with World.open(self.world) as world:
            facts = overview(world)
            centers = world.cameras.center
        say_table(_summary(facts, self.world))
        walk: list[dict[str, object]] = facts["walk"]  # type: ignore[assignment]
        if walk:
            say()
            say_columns(CLIP_COLUMNS, [_clip_row(clip) for clip in walk])
            say()
            lines, unit = path_map(centers)
            say(f"from above, forward is up, {START} start, {END} end, a character is {unit:.2g} units wide:")
            for line in lines:
                say(f"  {line if has_braille() else plainly(line)}")
        if self.json is not None:
            self.json.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


CLIP_COLUMNS = ("clip", "frames", "seconds", "length", "points", "core", "seed", "prompt")


def _clip_row(clip: dict[str, object]) -> tuple[object, ...]:
    first, count = int(str(clip["first_frame"])), int(str(clip["frames"]))
    rest = (clip["prompt"] or "-",)
    figures = (clip["seconds"], clip["length"], f"{clip['points']:,}", clip["core"], clip["seed"])
    return clip["clip"], f"{first}-{first + count - 1}", *figures, *rest


def _summary(facts: dict[str, object], folder: Path) -> list[tuple[str, object]]:
    digest, versions = facts["image_sha256"], facts["versions"]
    rows: list[tuple[str, object]] = [
        ("picture", f"{facts['picture']} (sha256 {str(digest)[:12]}...)" if digest else facts["picture"]),
        ("depth", facts["depth"]),
        ("size", f"{facts['size']}, {facts['fps']:g} frames a second"),
        ("frames", f"{facts['frames']} ({facts['seconds']} s)"),
        ("clips", facts["clips"]),
        ("length", f"{facts['length']} units"),
        ("points", f"{facts['points']:,}, and {facts['sky_points']:,} of the sky"),
        ("on disk", f"{facts['megabytes']} MB, and {facts['megabytes_beside']} MB of other files"),
    ]
    if isinstance(versions, dict):
        rows.append(("made by", ", ".join(f"{name} {number}" for name, number in versions.items())))
    if facts["unfinished"] is not None:
        rows.append(
            (
                "unfinished",
                f"to frame {facts['unfinished']}; `voyager-lite continue {folder}` finishes it",
            )
        )
    return rows
