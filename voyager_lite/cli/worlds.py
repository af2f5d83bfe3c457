"""Commands on an existing world: `undo`, `render`, `info`."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from voyager_lite.cli.report import say, say_table
from voyager_lite.cli.walk import PATH_HELP
from voyager_lite.export.video import write_mp4
from voyager_lite.paths import read_path
from voyager_lite.results import rendered_frames, write_results
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
        world = World.open(self.world)
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
        world = World.open(self.world)
        path = read_path(self.path, frames=self.frames)
        cameras = path.cameras(world.cameras[0], focus_distance=world.focus_distance)
        count = write_mp4(self.output, rendered_frames(world, cameras), fps=world.fps)
        say(f"{count} frames: {self.output}")


@dataclass(frozen=True, kw_only=True)
class Info:
    """Show what is in a world."""

    world: WorldFolder
    json: Annotated[Path | None, tyro.conf.arg(metavar="FILE", help="Write it as JSON, too.")] = None

    def run(self) -> None:
        """Print a table."""
        world = World.open(self.world)
        centers = world.cameras.center
        facts: dict[str, object] = {
            "picture": world.origin["image"],
            "depth": world.origin["depth"],
            "size": f"{world.cameras.width}x{world.cameras.height}",
            "frames": len(world),
            "clips": len(world.clips) - 1,
            "length": round(float((centers[1:] - centers[:-1]).norm(dim=-1).sum()), 3),
            "points": len(world.cloud.matter),
            "sky_points": int(world.cloud.sky.sum()),
            "megabytes": round(sum(f.stat().st_size for f in world.folder.iterdir() if f.is_file()) / 1e6, 1),
        }
        say_table((name.replace("_", " "), value) for name, value in facts.items())
        if self.json is not None:
            self.json.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
