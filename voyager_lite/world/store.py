"""The world's one truth: a SQLite file, one transaction a clip."""

import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from geometry.camera import Camera
from geometry.cloud import PointCloud
from voyager_lite.world.frames import FrameBytes, pack_cameras, unpack_cameras
from voyager_lite.world.points import pack_points, unpack_points

FILE_NAME = "world.sqlite"
SCHEMA_VERSION = 1
SCHEMA = """
CREATE TABLE world (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    height INTEGER NOT NULL, width INTEGER NOT NULL, fps REAL NOT NULL,
    origin TEXT NOT NULL  -- JSON: where the picture and its depth came from
) STRICT;
CREATE TABLE clip (
    number INTEGER PRIMARY KEY,  -- 0 is the photograph
    first_frame INTEGER NOT NULL,
    K BLOB NOT NULL, world_to_camera BLOB NOT NULL,
    points BLOB NOT NULL,  -- what this clip brought into the cache
    making TEXT NOT NULL  -- JSON: path, core, seed, steps, prompt
) STRICT;
CREATE TABLE frame (
    clip INTEGER NOT NULL REFERENCES clip(number) ON DELETE CASCADE,
    number INTEGER NOT NULL,  -- of the whole walk; the newest clip that holds a frame wins
    rgb BLOB NOT NULL, depth BLOB NOT NULL, known BLOB NOT NULL,
    PRIMARY KEY (clip, number)
) STRICT;
"""


@dataclass(frozen=True, kw_only=True)
class ClipRecord:
    """One committed clip without its pixels. Number 0 is the photograph itself: one frame."""

    number: int
    first_frame: int
    cameras: Camera
    making: dict[str, object]

    @property
    def end_frame(self) -> int:
        """One past the last frame."""
        return self.first_frame + len(self.cameras)


class Store:
    """Reads and writes ``world.sqlite``; knows bytes and frame numbers, nothing of generating."""

    def __init__(self, folder: Path) -> None:
        """Open an existing world.

        Raises:
            FileNotFoundError: The folder holds no world.
            ValueError: The file is no world, or one of another version.
        """
        self.folder = folder
        file = folder / FILE_NAME
        if not file.is_file():
            raise FileNotFoundError(
                f"{folder}: holds no world (no {FILE_NAME}); make one with `voyager-lite explore`"
            )
        try:
            self._connection = _connect(file)
            version = self._connection.execute("PRAGMA user_version").fetchone()[0]
            row = self._connection.execute("SELECT height, width, fps, origin FROM world").fetchone()
        except sqlite3.DatabaseError as error:
            raise ValueError(f"{file}: not a world, or damaged ({error})") from error
        if version != SCHEMA_VERSION:
            self.close()
            raise ValueError(
                f"{file}: written as version {version}; this program reads version {SCHEMA_VERSION}"
            )
        self.height, self.width, self.fps = int(row[0]), int(row[1]), float(row[2])
        self.origin: dict[str, object] = json.loads(row[3])

    @classmethod
    def create(
        cls, folder: Path, *, height: int, width: int, fps: float, origin: dict[str, object]
    ) -> "Store":
        """Make an empty world in a folder that is new, or empty.

        Raises:
            FileExistsError: The folder holds a world, or anything else.
            OSError: The folder cannot be written.
        """
        require_free(folder)
        folder.mkdir(parents=True, exist_ok=True)
        partial = folder / f"{FILE_NAME}.partial"
        partial.unlink(missing_ok=True)
        with closing(_connect(partial)) as connection, _transaction(connection):
            for statement in SCHEMA.split(";\n"):
                connection.execute(statement)
            connection.execute(
                "INSERT INTO world VALUES (1, ?, ?, ?, ?)", (height, width, fps, _json(origin))
            )
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        os.replace(partial, folder / FILE_NAME)
        return cls(folder)

    def append(
        self,
        record: ClipRecord,
        *,
        frames: Sequence[FrameBytes],
        points: PointCloud,
    ) -> None:
        """Commit one clip: all of it or, if anything fails, nothing."""
        K, world_to_camera = pack_cameras(record.cameras)
        with _transaction(self._connection) as connection:
            connection.execute(
                "INSERT INTO clip VALUES (?, ?, ?, ?, ?, ?)",
                (
                    record.number,
                    record.first_frame,
                    K,
                    world_to_camera,
                    pack_points(points),
                    _json(record.making),
                ),
            )
            connection.executemany(
                "INSERT INTO frame VALUES (?, ?, ?, ?, ?)",
                [
                    (record.number, record.first_frame + i, frame.rgb, frame.depth, frame.known)
                    for i, frame in enumerate(frames)
                ],
            )

    def remove_from(self, number: int) -> None:
        """Forget this clip and every later one, with their frames and points."""
        with _transaction(self._connection) as connection:
            connection.execute("DELETE FROM clip WHERE number >= ?", (number,))

    def records(self) -> list[ClipRecord]:
        """All clips in order."""
        rows = self._connection.execute(
            "SELECT number, first_frame, K, world_to_camera, making FROM clip ORDER BY number"
        )
        return [
            ClipRecord(
                number=number,
                first_frame=first_frame,
                cameras=unpack_cameras(K, pose, height=self.height, width=self.width),
                making=json.loads(making),
            )
            for number, first_frame, K, pose, making in rows
        ]

    def frame(self, number: int, *, first_take: bool = False) -> FrameBytes:
        """A frame of the walk, from the newest clip that holds it, or from the first one that did.

        Raises:
            IndexError: The walk has no such frame.
        """
        order = "ASC" if first_take else "DESC"
        row = self._connection.execute(
            f"SELECT rgb, depth, known FROM frame WHERE number = ? ORDER BY clip {order} LIMIT 1", (number,)
        ).fetchone()
        if row is None:
            raise IndexError(f"{self.folder}: the walk has no frame {number}")
        return FrameBytes(rgb=row[0], depth=row[1], known=row[2])

    def points(self) -> Iterator[PointCloud]:
        """The points each clip brought, in order."""
        for (data,) in self._connection.execute("SELECT points FROM clip ORDER BY number"):
            yield unpack_points(data)

    def close(self) -> None:
        """Fold the write-ahead log into the file and let go of it."""
        self._connection.close()


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
    if folder.is_dir() and any(
        not entry.name.startswith(f"{FILE_NAME}.partial") for entry in folder.iterdir()
    ):
        raise FileExistsError(f"{folder}: is not empty and holds no world; choose a new or empty folder")


def _connect(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _json(value: dict[str, object]) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)
