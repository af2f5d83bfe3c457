"""A world's chunks, as the cache reads them."""

from collections.abc import Sequence

import numpy as np

from geometry.chunks import ChunkIndex
from geometry.cloud import PointCloud
from voyager_lite.world.chunks import unpack_chunk
from voyager_lite.world.store import Store


class StoredChunks:
    """The `geometry.chunks.ChunkSource` that reads from a store. Each clip has two trees: matter and sky.

    Args:
        store: Where the chunks are.
        clips: Of the first so many clips; None: of all, and of those to come.
    """

    def __init__(self, store: Store, *, clips: int | None = None) -> None:
        self._store, self._clips = store, clips

    def index(self, *, after: int) -> ChunkIndex:
        """The chunks whose id is more than ``after``; their points are not read."""
        rows = np.array(self._store.chunk_places(after=after), np.int64).reshape(-1, 9)
        if self._clips is not None:
            rows = rows[rows[:, 1] < self._clips]
        number, clip, level, size, x, y, z, sky, count = rows.T
        return ChunkIndex(
            id=number,
            tree=2 * clip + sky,
            size=size,
            cell=np.stack([x, y, z], axis=-1),
            coarse=level > 0,
            count=count,
        )

    def load(self, ids: Sequence[int]) -> list[PointCloud]:
        """The points of some chunks.

        Raises:
            ValueError: A chunk is damaged; the message names its clip.
        """
        return [unpack_chunk(self._store.chunk(number)) for number in ids]

    def cloud(self) -> PointCloud:
        """All points as they were fused, in the order in which they entered."""
        return PointCloud.concatenate(list(self._store.points(clips=self._clips)))
