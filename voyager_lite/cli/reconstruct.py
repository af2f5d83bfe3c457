"""`reconstruct`."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from voyager_lite.cli.report import say_table
from voyager_lite.posed_frames import find_posed_frames
from voyager_lite.reconstruct import reconstruct_world
from voyager_lite.results import write_results


@dataclass(frozen=True, kw_only=True)
class Reconstruct:
    """Fuse pictures with known cameras and measured depth into a world that can be walked on.

    A depth map is found by the name of its picture, apart from the ending and words such as color and
    depth: frame-000000.color.png and frame-000000.depth.png belong together. 0, NaN and infinity mean that
    nothing was measured. Frames are read one after the other, however many there are.

    Example: voyager-lite reconstruct color --cameras transforms.json --depth depth --output room
    """

    frames: Annotated[
        Path, tyro.conf.Positional, tyro.conf.arg(metavar="FRAMES", help="A folder of pictures.")
    ]
    cameras: Annotated[
        Path,
        tyro.conf.arg(
            metavar="FILE",
            help="Our cameras.json, nerfstudio's transforms.json or camera_path.json, RealEstate10K .txt, "
            "or a folder with a COLMAP model. Names of pictures count where there are any, else the order.",
        ),
    ]
    depth: Annotated[
        Path,
        tyro.conf.arg(metavar="FOLDER", help="Depth along the axis: 16-bit .png, .exr or .npy, as large."),
    ]
    depth_unit: Annotated[
        float | None,
        tyro.conf.arg(
            metavar="UNITS", help="Scene units for 1 in a depth file; default: 0.001 for PNG, else 1."
        ),
    ] = None
    output: Annotated[
        Path | None,
        tyro.conf.arg(
            metavar="WORLD", aliases=["--out"], help="A new or empty folder; default: FRAMES_world."
        ),
    ] = None

    def run(self) -> None:
        """Fuse, write the results."""
        started = time.perf_counter()
        frames = find_posed_frames(self.frames, cameras=self.cameras, depth=self.depth, unit=self.depth_unit)
        output = self.output or Path(f"{frames.name}_world")
        try:
            world = reconstruct_world(frames, output, progress=True)
        except KeyboardInterrupt:
            raise KeyboardInterrupt("nothing was written") from None
        with world:
            files = write_results(world)
            say_table(
                [
                    ("frames", len(world)),
                    ("points", f"{world.point_count:,}"),
                    ("seconds", f"{time.perf_counter() - started:.1f}"),
                    ("world", world.folder),
                    *[("", file.name) for file in files],
                ]
            )
