"""Another world that begins as this one did."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from voyager_lite.world.connection import open_database, plain_errors
from voyager_lite.world.creation import new_world
from voyager_lite.world.store import Store

KEPT = {
    "world": "SELECT * FROM world",
    "clip": "SELECT * FROM clip WHERE number < ?1 ORDER BY number",
    "frame": "SELECT * FROM frame WHERE clip < ?1 ORDER BY clip, number",
    "chunk": "SELECT * FROM chunk WHERE clip < ?1 ORDER BY id",
}


def branch(store: Store, folder: Path, *, clips: int) -> Store:
    """A new world that holds the first clips of another, as they are at this moment.

    The new world is whole or not there; the old one is only read, and may be written meanwhile. Rows
    are copied with their checksums, so that damage is neither hidden nor in the way.

    Args:
        store: The old world.
        folder: Of the new one: new or empty.
        clips: How many, the photograph included.

    Raises:
        ValueError: There are fewer, or ``clips`` is below 1.
        FileExistsError: The folder holds something.
    """
    last = store.clip_count() - 1
    if not 1 <= clips <= last + 1:
        raise ValueError(f"{store.folder}: cannot branch from clip {clips - 1}; expected 0 to {last}")
    with new_world(folder) as new:
        for table, row in _rows(store.file, clips):
            new.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)
    return Store(folder)


def _rows(file: Path, clips: int) -> Iterator[tuple[str, tuple[object, ...]]]:
    with plain_errors(file), closing(open_database(file)) as old:
        old.execute("BEGIN")  # One state of the old world for all tables.
        for table, query in KEPT.items():
            for row in old.execute(query, (clips,) if "?1" in query else ()):
                yield table, row
