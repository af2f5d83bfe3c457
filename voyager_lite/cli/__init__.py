"""The command line: one subcommand a task, one line and exit code 2 for bad input."""

import logging
import sqlite3
import sys
from typing import Annotated, Protocol

import tyro

from voyager_lite.cli.app import App
from voyager_lite.cli.batch import Batch
from voyager_lite.cli.convert import Convert
from voyager_lite.cli.export import Export
from voyager_lite.cli.measure import Bench, Doctor, Evaluate
from voyager_lite.cli.reconstruct import Reconstruct
from voyager_lite.cli.train import Train
from voyager_lite.cli.walk import Continue, Explore, Walk
from voyager_lite.cli.worlds import Info, Render, Undo
from voyager_lite.core.parallel import follows
from voyager_lite.errors import VoyagerLiteError

INTERRUPTED = 130
KEPT = "every finished clip is kept, `voyager-lite continue WORLD` makes the others"


class Command(Protocol):
    """A subcommand with its options read."""

    def run(self) -> None:
        """Do it."""
        ...


Commands = (
    Annotated[Explore, tyro.conf.subcommand("explore")]
    | Annotated[Continue, tyro.conf.subcommand("continue")]
    | Annotated[Batch, tyro.conf.subcommand("batch")]
    | Annotated[Reconstruct, tyro.conf.subcommand("reconstruct")]
    | Annotated[Undo, tyro.conf.subcommand("undo")]
    | Annotated[Render, tyro.conf.subcommand("render")]
    | Annotated[Export, tyro.conf.subcommand("export")]
    | Annotated[Info, tyro.conf.subcommand("info")]
    | Annotated[Doctor, tyro.conf.subcommand("doctor")]
    | Annotated[Bench, tyro.conf.subcommand("bench")]
    | Annotated[Convert, tyro.conf.subcommand("convert")]
    | Annotated[Train, tyro.conf.subcommand("train")]
    | Annotated[Evaluate, tyro.conf.subcommand("evaluate")]
    | Annotated[App, tyro.conf.subcommand("app")]
)


def main(arguments: list[str] | None = None) -> int:
    """Run ``voyager-lite`` with these arguments, or the process's; returns the exit code."""
    logging.basicConfig(level=logging.WARNING, format="voyager-lite: %(message)s")
    try:
        command: Command = tyro.cli(
            Commands,
            prog="voyager-lite",
            description="Walk into a picture. `voyager-lite COMMAND --help` explains each command.",
            args=arguments,
            config=(
                tyro.conf.OmitSubcommandPrefixes,
                tyro.conf.OmitArgPrefixes,
                tyro.conf.FlagCreatePairsOff,
            ),
        )
        if isinstance(command, Walk) and follows():
            command.follow()
        else:
            command.run()
    except (ValueError, OSError, VoyagerLiteError, sqlite3.Error) as error:
        sys.stderr.write(f"voyager-lite: {_one_line(error)}\n")
        return 2
    except KeyboardInterrupt as stop:
        sys.stderr.write(f"voyager-lite: stopped; {str(stop) or KEPT}\n")
        return INTERRUPTED
    return 0


def _one_line(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f"{error.filename}: {error.strerror}"
    return " ".join(str(error).split()) or type(error).__name__
