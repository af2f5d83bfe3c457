"""Is a world sound?"""

from collections.abc import Callable
from functools import partial

from voyager_lite.world.connection import open_database
from voyager_lite.world.store import Store


def damage(store: Store) -> list[str]:
    """Everything in a world that cannot be trusted, one line each; reads every byte of it."""
    found = []
    connection = open_database(store.file)
    try:
        found += [str(row[0]) for row in connection.execute("PRAGMA integrity_check") if row[0] != "ok"]
        found += [
            f"a row of {row[0]} without its clip" for row in connection.execute("PRAGMA foreign_key_check")
        ]
    finally:
        connection.close()
    checks: list[Callable[[], object]] = [store.records, store.pending]
    for clip in range(store.clip_count()):
        checks += [partial(_exhaust, store, clip), partial(store.points_of, clip)]
    checks += [partial(store.chunk, place[0]) for place in store.chunk_places() if place[2] > 0]
    for check in checks:
        try:
            check()
        except ValueError as error:
            found.append(str(error))
    return found


def _exhaust(store: Store, clip: int) -> None:
    for _ in store.frames_of(clip):
        pass
