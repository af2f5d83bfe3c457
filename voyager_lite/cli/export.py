"""`export`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from voyager_lite.cli.report import say
from voyager_lite.export.formats import FORMATS
from voyager_lite.world.world import World

FORMAT_HELP = "Default: by the name's ending, of several the first.\n" + "\n".join(
    f"{name} ({kind.suffix or 'folder'}): {kind.about}." for name, kind in FORMATS.items()
)


@dataclass(frozen=True, kw_only=True)
class Export:
    """Write one of a world's results, in the format that the name or --format says.

    Files are replaced, folders have to be new or empty. Cameras are those of the world, never fitted.

    Example: voyager-lite export my_world scene.glb

    Example: voyager-lite export my_world splats.ply --format gaussians

    Example: voyager-lite export my_world dataset --format nerfstudio
    """

    world: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="WORLD", help="A world's folder.")]
    output: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="FILE_OR_FOLDER", help="Where to.")]
    format: Annotated[str | None, tyro.conf.arg(metavar="NAME", help=FORMAT_HELP)] = None

    def run(self) -> None:
        """Export."""
        for file in World.open(self.world).export(self.output, format=self.format):
            say(str(file))
