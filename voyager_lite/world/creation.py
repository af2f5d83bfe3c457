"""New worlds: whole, or not there."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from voyager_lite.world.connection import create_database, plain_errors, sync_folder, transaction
from voyager_lite.world.lock import LOCK_NAME, writer_lock
from voyager_lite.world.schema import SCHEMA, SCHEMA_VERSION, statements

FILE_NAME = "world.sqlite"
PARTIAL_NAME = f"{FILE_NAME}.partial"


@contextmanager
def new_world(folder: Path) -> Iterator[sqlite3.Connection]:
    """Yield a connection to empty tables that become the folder's world only if the block succeeds.

    Raises:
        FileExistsError: The folder holds a world, or anything else.
        NotADirectoryError: It is a file.
        WorldBusyError: Another process is making a world there.
        OSError: It cannot be written.
    """
    require_free(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with writer_lock(folder):
        require_free(folder)
        partial = folder / PARTIAL_NAME
        _remove(folder)
        try:
            with (
                plain_errors(folder / FILE_NAME),
                closing(create_database(partial)) as connection,
                transaction(connection),
            ):
                for statement in statements(SCHEMA):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
                yield connection
            os.replace(partial, folder / FILE_NAME)
        finally:
            _remove(folder)
        sync_folder(folder)


def require_free(folder: Path) -> None:
    """Refuse a folder that is not new or empty (what a killed start left behind counts as empty).

    Raises:
        FileExistsError: It holds a world, or anything else.
        NotADirectoryError: It is a file.
    """
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(f"{folder}: is a file; a world needs a folder")
    if (folder / FILE_NAME).exists():
        raise FileExistsError(
            f"{folder}: already holds a world; go on with `voyager-lite continue`, or choose another folder"
        )
    if folder.is_dir() and any(not _is_left_behind(entry.name) for entry in folder.iterdir()):
        raise FileExistsError(f"{folder}: is not empty and holds no world; choose a new or empty folder")


def _is_left_behind(name: str) -> bool:
    return name == LOCK_NAME or name.startswith(PARTIAL_NAME)


def _remove(folder: Path) -> None:
    """The unfinished file and its log."""
    for suffix in ("", "-wal", "-shm", "-journal"):
        (folder / f"{PARTIAL_NAME}{suffix}").unlink(missing_ok=True)
