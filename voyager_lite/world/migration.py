"""Older worlds, brought to the form of today. A copy of the old file stays beside the new one."""

import logging
import os
import sqlite3
import zlib
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import numpy as np
import torch

from geometry.cloud import PointCloud
from voyager_lite.world.chunks import pack_chunks, pack_levels
from voyager_lite.world.connection import open_database, plain_errors, transaction
from voyager_lite.world.lock import writer_lock
from voyager_lite.world.rows import blob_crc, chunk_rows
from voyager_lite.world.schema import SCHEMA, SCHEMA_VERSION, statements

logger = logging.getLogger(__name__)


def bring_up_to_date(file: Path) -> None:
    """Leave a world of today's form alone, migrate an older one, refuse a newer one.

    Raises:
        ValueError: It is no world, is damaged, or was written by a newer program.
        WorldBusyError: It is older, and a process is writing to it.
        OSError: It is older, and there is no room for a copy, or no way to write to it.
    """
    with closing(open_database(file)) as connection, plain_errors(file):
        version = _version(connection)
    if version > SCHEMA_VERSION:
        raise ValueError(
            f"{file}: written by a newer voyager-lite (version {version} of the format; this one reads up "
            f"to {SCHEMA_VERSION}); update voyager-lite to open it"
        )
    if version < SCHEMA_VERSION and version not in MIGRATIONS:
        raise ValueError(f"{file}: not a world, or damaged: it has no version")
    if version < SCHEMA_VERSION:
        _migrate(file)


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _migrate(file: Path) -> None:
    """In one transaction, after copying the file."""
    with writer_lock(file.parent), closing(open_database(file)) as connection, plain_errors(file):
        version = _version(connection)
        if version == SCHEMA_VERSION:
            return
        backup = file.with_name(f"{file.name}.v{version}-backup")
        _copy(connection, backup)
        with transaction(connection):
            for older in range(version, SCHEMA_VERSION):
                MIGRATIONS[older](connection)
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        # The old tables left holes as large as themselves. Without room to close them, later clips will.
        with suppress(sqlite3.OperationalError):
            connection.execute("VACUUM")
    logger.warning(
        "%s: brought from version %d to %d; the old one is in %s", file, version, SCHEMA_VERSION, backup.name
    )


def _copy(connection: sqlite3.Connection, target: Path) -> None:
    partial = target.with_name(f"{target.name}.partial")
    partial.unlink(missing_ok=True)
    try:
        with closing(sqlite3.connect(partial)) as copy:
            connection.backup(copy)
        os.replace(partial, target)
    finally:
        partial.unlink(missing_ok=True)


def _from_1(connection: sqlite3.Connection) -> None:
    """Checksums; points in chunks instead of one lump a clip; a place for a walk under way."""
    connection.create_function("crc", -1, lambda *parts: blob_crc(*parts), deterministic=True)
    for table in ("frame", "clip", "world"):
        connection.execute(f"ALTER TABLE {table} RENAME TO {table}_1")
    for statement in statements(SCHEMA):
        connection.execute(statement)
    connection.execute("INSERT INTO world SELECT id, height, width, fps, origin FROM world_1")
    connection.execute(
        "INSERT INTO clip SELECT number, first_frame, K, world_to_camera, making, "
        "crc(K, world_to_camera, making) FROM clip_1"
    )
    connection.execute(
        "INSERT INTO frame SELECT clip, number, rgb, depth, known, crc(rgb), crc(depth), crc(known) "
        "FROM frame_1"
    )
    for (number,) in connection.execute("SELECT number FROM clip ORDER BY number").fetchall():
        (points,) = connection.execute("SELECT points FROM clip_1 WHERE number = ?", (number,)).fetchone()
        cloud = _points_1(points)
        connection.executemany(*chunk_rows(number, [*pack_chunks(cloud), *pack_levels(cloud)]))
    for table in ("frame", "clip", "world"):
        connection.execute(f"DROP TABLE {table}_1")


POINT_1 = np.dtype(
    [("position", "<f4", 3), ("normal", "<f4", 3), ("radius", "<f4"), ("color", "u1", 3), ("sky", "u1")]
)


def _points_1(data: bytes) -> PointCloud:
    try:
        records = np.frombuffer(zlib.decompress(data), POINT_1)
    except (zlib.error, ValueError) as error:
        raise ValueError(f"stored points are damaged: {error}") from error
    return PointCloud(
        positions=torch.from_numpy(records["position"].copy()),
        colors=torch.from_numpy(records["color"].copy()).float() / 255,
        normals=torch.from_numpy(records["normal"].copy()),
        radii=torch.from_numpy(records["radius"].copy()),
        sky=torch.from_numpy(records["sky"].copy()).bool(),
    )


MIGRATIONS: dict[int, Callable[[sqlite3.Connection], None]] = {1: _from_1}
"""From which version, and how to the next."""
