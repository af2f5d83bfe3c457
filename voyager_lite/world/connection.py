"""SQLite as worlds use it: how a file is opened, one transaction at a time, errors in plain words."""

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
READ_FAILURES = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY)

PATIENCE_MS = 5000
"""How long an opening waits for another one that is replaying a log."""

EXPLAINED = {
    sqlite3.SQLITE_FULL: (
        errno.ENOSPC,
        "the disk is full; what was being written is not kept, all before is",
    ),
    sqlite3.SQLITE_READONLY: (errno.EROFS, "cannot be written"),
    sqlite3.SQLITE_IOERR: (errno.EIO, "the disk refused to read or write; what was committed is kept"),
    sqlite3.SQLITE_CANTOPEN: (errno.EACCES, "cannot be opened"),
    sqlite3.SQLITE_BUSY: (errno.EBUSY, "another program is changing it"),
}


def create_database(file: Path) -> sqlite3.Connection:
    """A new database with a write-ahead log."""
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    return _ready(connection)


def open_database(file: Path) -> sqlite3.Connection:
    """An existing database, on which a first reading has worked.

    Reading a write-ahead log takes a small file beside it. Where that cannot be made (a read-only
    folder, a full disk) and the log is empty, the database is opened as one that nobody changes.

    Raises:
        OSError: It cannot be read; the message says why.
        ValueError: It is no database, or damaged.
    """
    with plain_errors(file):
        try:
            return _read_once(
                sqlite3.connect(f"{file.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None)
            )
        except sqlite3.OperationalError as error:
            if _primary(error) not in READ_FAILURES:
                raise
        log = file.with_name(f"{file.name}-wal")
        if log.exists() and log.stat().st_size:
            raise OSError(
                errno.EROFS,
                f"its last clip is still in {log.name}, which can only be read where {file.name}-shm can be "
                "written; copy both files to a place with room",
                str(file),
            )
        uri = f"{file.absolute().as_uri()}?immutable=1"
        return _read_once(sqlite3.connect(uri, uri=True, isolation_level=None))


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """All of the block, or nothing of it; afterwards the log is folded into the file, if nobody reads."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        # A full disk has already ended the transaction.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    _fold(connection)


@contextmanager
def plain_errors(file: Path) -> Iterator[None]:
    """What SQLite says about ``file``, as the errors of everybody else.

    Raises:
        OSError: The disk is full, read-only, or fails.
        ValueError: The file is no database, or damaged.
    """
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = _primary(error)
        if code in DAMAGED:
            raise ValueError(f"{file}: not a world, or damaged ({error})") from error
        if code in EXPLAINED:
            number, words = EXPLAINED[code]
            raise OSError(number, words, str(file)) from error
        raise


def sync_folder(folder: Path) -> None:
    """Make a renamed file survive a power cut."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _read_once(connection: sqlite3.Connection) -> sqlite3.Connection:
    try:
        connection.execute("PRAGMA schema_version").fetchone()
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except BaseException:
        connection.close()
        raise
    return _ready(connection)


def _fold(connection: sqlite3.Connection) -> None:
    """Fold the log into the file, unless somebody reads an older state: then a later one will.

    With an empty log the one file is the whole world: to copy, and to survive a log cut short. Where
    the disk refuses, the log goes on holding what was committed.
    """
    connection.execute("PRAGMA busy_timeout = 0")
    with suppress(sqlite3.OperationalError):
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    connection.execute(f"PRAGMA busy_timeout = {PATIENCE_MS}")


def _ready(connection: sqlite3.Connection) -> sqlite3.Connection:
    connection.execute(f"PRAGMA busy_timeout = {PATIENCE_MS}")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def _primary(error: sqlite3.Error) -> int:
    """The error's kind without its details, which SQLite keeps in the higher bytes."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF
