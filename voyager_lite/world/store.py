"""The world's one truth: a SQLite file, one transaction a clip."""

import json
import logging
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from geometry.cloud import PointCloud
from voyager_lite.world.chunks import Chunk, unpack_chunks
from voyager_lite.world.connection import open_database, plain_errors, transaction
from voyager_lite.world.creation import FILE_NAME, new_world
from voyager_lite.world.frames import FrameBytes, unpack_cameras
from voyager_lite.world.lock import is_locked, writer_lock
from voyager_lite.world.migration import bring_up_to_date
from voyager_lite.world.rows import (
    ClipRecord,
    WalkPlan,
    WorldHeader,
    blob_crc,
    clip_statements,
    plan_from,
    plan_rows,
    to_json,
)
from voyager_lite.world.wal import bytes_without_commit

logger = logging.getLogger(__name__)

Part = Literal["rgb", "depth", "known"]

CHUNK = "clip, level, size, x, y, z, sky, count, data, crc"


class Store:
    """Reads and writes ``world.sqlite``; knows bytes and frame numbers, nothing of generating."""

    def __init__(self, folder: Path) -> None:
        """Open an existing world, for reading until ``writing``; an older one is migrated.

        Warns of a log that breaks off within a change: that is lost, all before it is there.

        Raises:
            FileNotFoundError: The folder holds no world.
            ValueError: The file is no world, is damaged, or was written by a newer program.
            OSError: It cannot be read; or it is older, and cannot be written.
        """
        self.folder = folder
        self.file = folder / FILE_NAME
        self._writing = False
        if not self.file.is_file():
            raise FileNotFoundError(
                f"{folder}: holds no world (no {FILE_NAME}); make one with `voyager-lite explore`"
            )
        # Before anything is opened: SQLite drops such an end, and says nothing.
        lost = 0 if is_locked(folder) else bytes_without_commit(self._log)
        bring_up_to_date(self.file)
        self._connection = open_database(self.file)
        try:
            row = self._one("SELECT height, width, fps, origin FROM world")
            if row is None or self._one("SELECT 1 FROM clip WHERE number = 0") is None:
                raise ValueError(f"{self.file}: not a world, or damaged: it holds no picture")
            self.header = WorldHeader(height=row[0], width=row[1], fps=row[2], origin=json.loads(row[3]))
            if lost:
                logger.warning("%s", self._broken_off(lost))
        except BaseException:
            self.close()
            raise

    @classmethod
    def create(
        cls,
        folder: Path,
        header: WorldHeader,
        *,
        record: ClipRecord,
        frames: Sequence[FrameBytes],
        points: PointCloud,
    ) -> "Store":
        """Make a world that holds its first clip, in a folder that is new, or empty.

        Raises:
            FileExistsError: The folder holds a world, or anything else.
            WorldBusyError: Another process is making a world there.
            OSError: The folder cannot be written.
        """
        with new_world(folder) as connection:
            row = (header.height, header.width, header.fps, to_json(header.origin))
            connection.execute("INSERT INTO world VALUES (1, ?, ?, ?, ?)", row)
            for statement in clip_statements(record, frames, points):
                connection.executemany(*statement)
        return cls(folder)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Be the world's only writer while the block runs; blocks within blocks change nothing.

        Raises:
            WorldBusyError: Another process writes to it; the message names it.
            OSError: The folder cannot be written.
        """
        if self._writing:
            yield
            return
        with writer_lock(self.folder):
            self._writing = True
            try:
                yield
            finally:
                self._writing = False

    def data_version(self) -> int:
        """A number that changes when another process has written."""
        found = self._one("PRAGMA data_version")
        assert found is not None
        return int(found[0])

    def append(self, record: ClipRecord, *, frames: Sequence[FrameBytes], points: PointCloud) -> None:
        """Keep one clip: all of it or, if anything fails, nothing. A walk that it ends is over.

        Raises:
            WorldBusyError: Another process writes to the world.
            OSError: The disk is full, read-only, or fails.
        """
        with self._changing() as connection:
            for statement in clip_statements(record, frames, points):
                connection.executemany(*statement)
            connection.execute("DELETE FROM pending WHERE end_frame <= ?", (record.end_frame,))

    def remove_from(self, number: int) -> None:
        """Forget this clip and every later one, with their frames and points, and the walk under way."""
        with self._changing() as connection:
            connection.execute("DELETE FROM clip WHERE number >= ?", (number,))
            connection.execute("DELETE FROM pending")

    def plan(self, plan: WalkPlan) -> None:
        """Keep what is about to be walked, instead of any walk under way."""
        with self._changing() as connection:
            connection.executemany(*plan_rows(plan))

    def pending(self) -> WalkPlan | None:
        """The walk under way, or None.

        Raises:
            ValueError: Its row is damaged.
        """
        row = self._one("SELECT first_clip, first_frame, K, world_to_camera, request, crc FROM pending")
        if row is None:
            return None
        if blob_crc(*row[2:5]) != row[5]:
            raise ValueError(f"{self.folder}: the plan of the walk under way is damaged; undo, or walk anew")
        return plan_from(row[:5], height=self.header.height, width=self.header.width)

    def clip_count(self) -> int:
        """Clips, the photograph included."""
        found = self._one("SELECT max(number) + 1 FROM clip")
        assert found is not None
        return int(found[0])

    def records(self) -> list[ClipRecord]:
        """All clips in order.

        Raises:
            ValueError: The cameras of one are damaged.
        """
        rows = self._all(
            "SELECT number, first_frame, K, world_to_camera, making, crc FROM clip ORDER BY number"
        )
        records = []
        for number, first_frame, K, world_to_camera, making, crc in rows:
            if blob_crc(K, world_to_camera, making) != crc:
                raise ValueError(self._damage("the cameras", number))
            cameras = unpack_cameras(K, world_to_camera, height=self.header.height, width=self.header.width)
            records.append(
                ClipRecord(number=number, first_frame=first_frame, cameras=cameras, making=json.loads(making))
            )
        return records

    def read(self, part: Part, number: int, *, first_take: bool = False) -> bytes:
        """One part of a frame, from the newest clip that holds it, or from the first one that did.

        Raises:
            IndexError: The walk has no such frame.
            ValueError: It is damaged; the message names clip and frame.
        """
        order = "ASC" if first_take else "DESC"
        row = self._one(
            f"SELECT clip, {part}, {part}_crc FROM frame WHERE number = ? ORDER BY clip {order} LIMIT 1",
            number,
        )
        if row is None:
            raise IndexError(f"{self.folder}: the walk has no frame {number}")
        return self._sound(part, row[0], number, data=row[1], crc=row[2])

    def frames_of(self, clip: int) -> Iterator[FrameBytes]:
        """The frames that a clip brought, in order.

        Raises:
            ValueError: One is damaged; the message names it.
        """
        numbers = self._all("SELECT number FROM frame WHERE clip = ? ORDER BY number", clip)
        for (number,) in numbers:
            row = self._one(
                "SELECT rgb, depth, known, rgb_crc, depth_crc, known_crc FROM frame "
                "WHERE clip = ? AND number = ?",
                clip,
                number,
            )
            assert row is not None
            yield FrameBytes(
                rgb=self._sound("rgb", clip, number, data=row[0], crc=row[3]),
                depth=self._sound("depth", clip, number, data=row[1], crc=row[4]),
                known=self._sound("known", clip, number, data=row[2], crc=row[5]),
            )

    def points(self, *, clips: int | None = None) -> Iterator[PointCloud]:
        """The points each clip brought, in order: of the first so many clips, or of all.

        Raises:
            ValueError: A chunk is damaged; the message names its clip.
        """
        for clip in range(self.clip_count() if clips is None else clips):
            yield self.points_of(clip)

    def points_of(self, clip: int) -> PointCloud:
        """The points a clip brought, in the order in which they entered.

        Raises:
            ValueError: A chunk is damaged; the message names the clip.
        """
        rows = self._all(f"SELECT {CHUNK} FROM chunk WHERE clip = ? AND level = 0 ORDER BY id", clip)
        return unpack_chunks([self._chunk(row) for row in rows])

    def chunk(self, number: int) -> Chunk:
        """One chunk, by its number.

        Raises:
            IndexError: There is none.
            ValueError: It is damaged; the message names its clip.
        """
        row = self._one(f"SELECT {CHUNK} FROM chunk WHERE id = ?", number)
        if row is None:
            raise IndexError(f"{self.folder}: the world has no chunk {number}")
        return self._chunk(row)

    def chunk_places(self, *, after: int = -1) -> list[tuple[int, int, int, int, int, int, int, int, int]]:
        """Number, clip, level, size, x, y, z, sky and count of all chunks numbered more than ``after``."""
        return self._all(
            "SELECT id, clip, level, size, x, y, z, sky, count FROM chunk WHERE id > ? ORDER BY id", after
        )

    def point_counts(self) -> list[tuple[int, int]]:
        """Of every clip: how many points of matter and of sky it brought; their bytes are not read."""
        return self._all(
            "SELECT coalesce(sum(count) FILTER (WHERE sky = 0), 0), "
            "coalesce(sum(count) FILTER (WHERE sky = 1), 0) "
            "FROM clip LEFT JOIN chunk ON chunk.clip = clip.number AND level = 0 "
            "GROUP BY clip.number ORDER BY clip.number"
        )

    def close(self) -> None:
        """Fold the write-ahead log into the file and let go of it."""
        self._connection.close()

    @contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        with self.writing(), plain_errors(self.file), transaction(self._connection) as connection:
            yield connection

    @property
    def _log(self) -> Path:
        return self.file.with_name(f"{FILE_NAME}-wal")

    def _broken_off(self, size: int) -> str:
        clip, frame = self._all("SELECT clip, number FROM frame ORDER BY clip DESC, number DESC LIMIT 1")[0]
        planned = self._one("SELECT end_frame FROM pending")
        rest = (
            ""
            if planned is None
            else f", of {planned[0]} frames under way; `voyager-lite continue {self.folder}` makes the others"
        )
        return (
            f"{self.folder}: {self._log.name} broke off within a change, whose {size:,} bytes are lost: the "
            f"process that wrote it was killed, or the file was cut or damaged since. The world ends with "
            f"clip {clip} and frame {frame}{rest}"
        )

    def _one(self, query: str, *values: object) -> tuple[Any, ...] | None:
        rows = self._all(query, *values)
        return rows[0] if rows else None

    def _all(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with plain_errors(self.file):
            return self._connection.execute(query, values).fetchall()

    def _sound(self, part: Part, clip: int, number: int, *, data: bytes, crc: int) -> bytes:
        if blob_crc(data) != crc:
            raise ValueError(self._damage(f"the {part} of frame {number}", clip))
        return data

    def _chunk(self, row: tuple[Any, ...]) -> Chunk:
        clip, level, size, x, y, z, sky, count, data, crc = row
        if blob_crc(data) != crc:
            raise ValueError(self._damage(f"a chunk of {count} points", clip))
        return Chunk(size=size, cell=(x, y, z), sky=bool(sky), count=count, data=data, level=level)

    def _damage(self, what: str, clip: int) -> str:
        rest = f"; `continue --from-clip {clip - 1} --as NAME` keeps all before it" if clip else ""
        return f"{self.folder}: {what} in clip {clip} is damaged: its checksum differs{rest}"
