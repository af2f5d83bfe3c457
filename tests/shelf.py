"""A world's points in memory, in the chunks in which a store would keep them."""

from collections.abc import Sequence

import numpy as np

from geometry.chunks import ChunkIndex
from geometry.cloud import PointCloud
from voyager_lite.world.chunks import Chunk, pack_chunks, pack_levels, unpack_chunk


class Shelf:
    """A source in memory that counts what is taken from it."""

    def __init__(self, *clips: PointCloud) -> None:
        self.clips: list[PointCloud] = []
        self.chunks: list[tuple[int, Chunk]] = []
        self.taken: list[int] = []
        for clip in clips:
            self.put(clip)

    def put(self, clip: PointCloud) -> None:
        self.clips.append(clip)
        self.chunks += [(len(self.clips), chunk) for chunk in [*pack_chunks(clip), *pack_levels(clip)]]

    def index(self, *, after: int) -> ChunkIndex:
        rows = range(after + 1, len(self.chunks))
        chunks = [self.chunks[row][1] for row in rows]
        return ChunkIndex(
            id=np.array(rows, np.int64),
            tree=np.array([2 * self.chunks[row][0] + self.chunks[row][1].sky for row in rows], np.int64),
            size=np.array([chunk.size for chunk in chunks], np.int64),
            cell=np.array([chunk.cell for chunk in chunks], np.int64).reshape(-1, 3),
            coarse=np.array([chunk.level > 0 for chunk in chunks], np.bool_),
            count=np.array([chunk.count for chunk in chunks], np.int64),
        )

    def load(self, ids: Sequence[int]) -> list[PointCloud]:
        self.taken += ids
        return [unpack_chunk(self.chunks[number][1]) for number in ids]

    def cloud(self) -> PointCloud:
        return PointCloud.concatenate(self.clips)
