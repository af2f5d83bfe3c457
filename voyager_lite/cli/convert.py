"""`convert`: weights as others publish them, made ready for this program."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from voyager_lite.cli.report import say


@dataclass(frozen=True, kw_only=True)
class Convert:
    """Make weights that somebody else published ready for --core; nothing but tensors is read from them.

    voyager: the folder of HunyuanWorld-Voyager's release (its ckpts), whose licence excludes the European
    Union, the United Kingdom and South Korea. Afterwards: --core voyager:TARGET.

    Example: voyager-lite convert voyager ckpts voyager_weights
    """

    what: Annotated[
        Literal["voyager"], tyro.conf.Positional, tyro.conf.arg(metavar="voyager", help="Whose weights.")
    ]
    source: Annotated[
        Path, tyro.conf.Positional, tyro.conf.arg(metavar="SOURCE", help="The release's folder.")
    ]
    target: Annotated[
        Path, tyro.conf.Positional, tyro.conf.arg(metavar="TARGET", help="A new or empty folder.")
    ]

    def run(self) -> None:
        """Convert, and say what to type next."""
        from voyager_lite.core.voyager.convert import convert_release

        convert_release(self.source, self.target)
        say(f"{self.target}: use it with --core voyager:{self.target}")
