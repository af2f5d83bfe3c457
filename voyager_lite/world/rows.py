"""What is kept, as rows with checksums and back."""

import json
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from geometry.camera import Camera
from geometry.cloud import PointCloud
from voyager_lite.world.chunks import Chunk, pack_chunks, pack_levels
from voyager_lite.world.frames import FrameBytes, pack_cameras, unpack_cameras

Statement = tuple[str, list[tuple[object, ...]]]
"""SQL, and the values for each of its runs."""


@dataclass(frozen=True, kw_only=True)
class WorldHeader:
    """What holds for a whole world.

    Attributes:
        height: Of every frame.
        width: Of every frame.
        fps: Frames a second of the videos.
        origin: Where the picture and its depth came from, and who made the world; JSON values.
    """

    height: int
    width: int
    fps: float
    origin: dict[str, object]


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


@dataclass(frozen=True, kw_only=True)
class WalkPlan:
    """A walk that is under way: what a new process needs to go on as if the old one had lived.

    Attributes:
        cameras: Of the whole walk; the first is that of the frame from which it starts.
        first_frame: That frame's number.
        first_clip: Number of the walk's first clip.
        core: Name of the generator.
        clip_frames: Frames of a full clip.
        seed: Of the walk; a clip's own follows from it and the clip's number.
        steps: As in ``Request``.
        prompts: From which frame of it on what is wanted, as ``stretches`` takes them.
    """

    cameras: Camera
    first_frame: int
    first_clip: int
    core: str
    clip_frames: int
    seed: int = 0
    steps: int | None = None
    prompts: tuple[tuple[int, str], ...] = ()

    @property
    def end_frame(self) -> int:
        """One past the last frame."""
        return self.first_frame + len(self.cameras)


def blob_crc(*parts: bytes | str) -> int:
    """CRC-32 of the parts, one after another; text as UTF-8."""
    crc = 0
    for part in parts:
        crc = zlib.crc32(part.encode() if isinstance(part, str) else part, crc)
    return crc


def to_json(value: dict[str, object]) -> str:
    """The same text for the same content."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def clip_statements(
    record: ClipRecord, frames: Sequence[FrameBytes], points: PointCloud
) -> tuple[Statement, ...]:
    """What writes one clip."""
    return (
        clip_rows(record),
        frame_rows(record, frames),
        chunk_rows(record.number, [*pack_chunks(points), *pack_levels(points)]),
    )


def clip_rows(record: ClipRecord) -> Statement:
    """Its place in the walk, cameras and making."""
    parts = (*pack_cameras(record.cameras), to_json(record.making))
    row = (record.number, record.first_frame, *parts, blob_crc(*parts))
    return "INSERT INTO clip VALUES (?, ?, ?, ?, ?, ?)", [row]


def frame_rows(record: ClipRecord, frames: Iterable[FrameBytes]) -> Statement:
    """A row a frame."""
    rows: list[tuple[object, ...]] = []
    for offset, frame in enumerate(frames):
        blobs = (frame.rgb, frame.depth, frame.known)
        rows.append((record.number, record.first_frame + offset, *blobs, *map(blob_crc, blobs)))
    return "INSERT INTO frame VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows


def chunk_rows(clip: int, chunks: Iterable[Chunk]) -> Statement:
    """A row a chunk."""
    return "INSERT INTO chunk VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", [
        (
            clip,
            chunk.level,
            chunk.size,
            *chunk.cell,
            int(chunk.sky),
            chunk.count,
            chunk.data,
            blob_crc(chunk.data),
        )
        for chunk in chunks
    ]


def plan_rows(plan: WalkPlan) -> Statement:
    """The one row of ``pending``."""
    request = {
        "core": plan.core,
        "clip_frames": plan.clip_frames,
        "seed": plan.seed,
        "steps": plan.steps,
        "prompts": plan.prompts,
    }
    parts = (*pack_cameras(plan.cameras), to_json(request))
    row = (1, plan.first_clip, plan.first_frame, plan.end_frame, *parts, blob_crc(*parts))
    return "INSERT OR REPLACE INTO pending VALUES (?, ?, ?, ?, ?, ?, ?, ?)", [row]


def plan_from(row: tuple[int, int, bytes, bytes, str], *, height: int, width: int) -> WalkPlan:
    """Inverse of ``plan_rows``, from first clip, first frame, ``K``, ``world_to_camera`` and request."""
    first_clip, first_frame, K, world_to_camera, text = row
    request = json.loads(text)
    # One prompt for the whole walk is how it was kept before a walk could have several.
    alone = request.pop("prompt", None)
    prompts = request.pop("prompts", [] if alone is None else [(0, alone)])
    return WalkPlan(
        first_clip=first_clip,
        first_frame=first_frame,
        cameras=unpack_cameras(K, world_to_camera, height=height, width=width),
        prompts=tuple((int(frame), str(prompt)) for frame, prompt in prompts),
        **request,
    )
