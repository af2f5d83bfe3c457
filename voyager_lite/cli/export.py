"""`export`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from voyager_lite.cli.report import say
from voyager_lite.export.formats import FORMATS
from voyager_lite.world.world import World


@dataclass(frozen=True, kw_only=True)
class Export:
    """Write one of a world's results, in the format that the name or --format says.

    Example: voyager-lite export my_world scene.ply
    """

    world: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="WORLD", help="A world's folder.")]
    output: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="FILE_OR_FOLDER", help="Where to.")]
    format: Annotated[
        str | None, tyro.conf.arg(help=f"Default: by the name's ending. One of {', '.join(FORMATS)}.")
    ] = None

    def run(self) -> None:
        """Export."""
        for file in World.open(self.world).export(self.output, format=self.format):
            say(str(file))
