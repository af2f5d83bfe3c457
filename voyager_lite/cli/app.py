"""`app`."""

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro


@dataclass(frozen=True, kw_only=True)
class App:
    """Draw a path, see it, walk it: in a browser on this machine. Ctrl-C ends it.

    Example: voyager-lite app --worlds my_worlds
    """

    worlds: Annotated[Path, tyro.conf.arg(metavar="FOLDER", help="Where worlds are kept.")] = Path("worlds")
    port: Annotated[int, tyro.conf.arg(metavar="N", help="Of 127.0.0.1.")] = 7860
    core: Annotated[str, tyro.conf.arg(help="What imagines the unseen, where nobody chooses.")] = "mini"

    def run(self) -> None:
        """Serve until stopped."""
        # The app stands above this package, which must not import it; it is looked up when asked for.
        importlib.import_module("app.server").serve(self.worlds, port=self.port, core=self.core)
