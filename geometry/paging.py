"""A cloud too large for memory, of which the chunks in view are held."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import fields

import numpy as np
import torch
from jaxtyping import Int

from geometry.camera import Camera
from geometry.chunks import ChunkSource, chunks_around
from geometry.cloud import PointCloud

POINT_BYTES = 41
"""Of a point in memory: three times three float32, a radius and a flag."""

HELD = 0.4
"""Share of the budget for chunks that stay loaded; what fits into it can be held as one cloud, which takes
the rest while it grows."""

VIEWED = 0.25
"""Share of the budget for the points of one view. What is left is for loading and drawing them."""

LOADED_AT_ONCE = 2**18
"""Points: bounds what is unpacked at one time."""


class PagedCloud:
    """The points of a source, loaded chunk by chunk as cameras need them.

    What a camera is given depends on the source and the camera alone, not on what it saw before.
    """

    def __init__(self, source: ChunkSource, *, budget_mb: float) -> None:
        self._source = source
        self._budget = int(budget_mb * 2**20) // POINT_BYTES
        self._loaded: OrderedDict[int, PointCloud] = OrderedDict()
        self._held = 0
        self._viewed: tuple[list[int], PointCloud] = [], PointCloud.empty()
        self._index = source.index(after=-1)

    def __len__(self) -> int:
        return self._index.points

    @property
    def cloud(self) -> PointCloud:
        """All points as they were fused: without any bound on memory."""
        return self._source.cloud()

    @property
    def fits(self) -> bool:
        """Whether all points have room in memory."""
        return len(self) <= HELD * self._budget

    def update(self) -> None:
        """Take notice of chunks that are new."""
        last = int(self._index.id[-1]) if len(self._index) else -1
        self._index = self._index.followed_by(self._source.index(after=last))

    def view(self, camera: Camera) -> PointCloud:
        """The points that one camera needs, in the order of their chunks; see `geometry.occlusion`."""
        # Imported where it is called: numba takes long to load.
        from geometry.occlusion import chunks_seen

        return self._points(
            chunks_seen(self._index, camera, most=int(VIEWED * self._budget), load=self._chunks)
        )

    def around(self, cameras: Camera) -> PointCloud:
        """The points on all sides of a batch of cameras; see ``chunks_around``."""
        centers = cameras.center.numpy()
        return self._points(chunks_around(self._index, centers, most=int(VIEWED * self._budget)))

    def _points(self, rows: Int[np.ndarray, " row"]) -> PointCloud:
        ids = [int(number) for number in self._index.id[rows]]
        if ids != self._viewed[0]:
            self._viewed = [], PointCloud.empty()  # makes room
            self._viewed = ids, joined(self._chunks(rows))
        return self._viewed[1]

    def _chunks(self, rows: Int[np.ndarray, " row"]) -> list[PointCloud]:
        self._load(rows)
        return [self._loaded[int(number)] for number in self._index.id[rows]]

    def _load(self, rows: Int[np.ndarray, " row"]) -> None:
        """Make these chunks the ones used last, and let go of those used longest ago."""
        for number in self._index.id[rows]:
            if int(number) in self._loaded:
                self._loaded.move_to_end(int(number))
        missing = [row for row in rows if int(self._index.id[row]) not in self._loaded]
        new = int(self._index.count[missing].sum())
        needed = int(self._index.count[rows].sum())
        while self._held + new > max(HELD * self._budget, needed):
            _, dropped = self._loaded.popitem(last=False)
            self._held -= len(dropped)
        portions = np.cumsum(self._index.count[missing]) // LOADED_AT_ONCE
        for portion in np.unique(portions):
            ids = [int(self._index.id[row]) for row, p in zip(missing, portions, strict=True) if p == portion]
            self._loaded.update(zip(ids, self._source.load(ids), strict=True))
        self._held += new


def joined(clouds: Sequence[PointCloud]) -> PointCloud:
    """``PointCloud.concatenate`` of clouds in main memory.

    By numpy: torch would wake its threads, which then spin beside those that draw.
    """
    if not clouds:
        return PointCloud.empty()
    names = [field.name for field in fields(PointCloud)]
    parts = {name: [getattr(cloud, name).numpy() for cloud in clouds] for name in names}
    return PointCloud(**{name: torch.from_numpy(np.concatenate(part)) for name, part in parts.items()})
