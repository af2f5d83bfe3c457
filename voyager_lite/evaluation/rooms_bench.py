"""What leaving out hidden chunks saves, in rooms behind rooms; part of `voyager-lite bench world`."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from geometry.cache import BUDGET_MB
from geometry.camera import Camera
from geometry.chunks import chunks_in_view
from geometry.cloud import PointCloud
from geometry.paging import VIEWED, PagedCloud
from geometry.rasterizer import render_points
from voyager_lite.evaluation.bench import BenchRow
from voyager_lite.evaluation.rooms import walk_through
from voyager_lite.world.store import Store
from voyager_lite.world.stored_chunks import StoredChunks


class EverythingInView(PagedCloud):
    """The baseline: hidden chunks are loaded and drawn, too."""

    def view(self, camera: Camera) -> PointCloud:
        """The points in the picture, hidden or not."""
        return self._points(chunks_in_view(self._index, camera, most=int(VIEWED * self._budget)))


@dataclass(frozen=True, kw_only=True)
class RoomFigures:
    """What a walk through rooms cost, on average of its frames.

    Attributes:
        points: In a view.
        loaded: Points read from disk.
        loading_ms: Processor time of a frame: choosing, loading and drawing.
        loaded_ms: The same once all its points are in memory.
    """

    points: float
    loaded: float
    loading_ms: float
    loaded_ms: float


def rooms_rows(folder: Path, *, frames: int, height: int, width: int, across: int) -> list[BenchRow]:
    """Walk through a world of ``build_rooms`` with and without leaving out what is hidden."""
    cameras = walk_through(frames=frames, height=height, width=width, across=across)
    store = Store(folder)
    source = _Counted(store)
    size = sum(matter for matter, _ in store.point_counts()) / 1e6
    _walked(PagedCloud(source, budget_mb=BUDGET_MB), source, cameras[:1])  # compiles or loads what draws
    ours, theirs = (
        _walked(kind(source, budget_mb=BUDGET_MB), source, cameras) for kind in (PagedCloud, EverythingInView)
    )
    store.close()
    figures = (
        ("points of a frame", ours.points, theirs.points, "points"),
        ("points loaded for a frame", ours.loaded, theirs.loaded, "points"),
        ("frame, with loading, on average", ours.loading_ms, theirs.loading_ms, "ms"),
        ("frame, nothing to load, on average", ours.loaded_ms, theirs.loaded_ms, "ms"),
    )
    return [
        BenchRow(
            name=name,
            ours=mine,
            baseline=other,
            baseline_name="hidden chunks, too",
            ratio=other / mine if mine > 0 else None,
            unit=unit,
            case=f"{across} x {across} rooms, {size:.0f} million points, {width}x{height}",
        )
        for name, mine, other, unit in figures
    ]


class _Counted(StoredChunks):
    """Counts the points that are read."""

    points = 0

    def load(self, ids: Sequence[int]) -> list[PointCloud]:
        clouds = super().load(ids)
        self.points += sum(map(len, clouds))
        return clouds


def _walked(paged: PagedCloud, source: _Counted, cameras: Camera) -> RoomFigures:
    found = []
    for i in range(len(cameras)):
        before = source.points
        start = time.process_time()
        cloud = paged.view(cameras[i])
        render_points(cloud, cameras[i])
        first, loaded = time.process_time() - start, source.points - before
        start = time.process_time()
        render_points(paged.view(cameras[i]), cameras[i])
        found.append((len(cloud), loaded, 1000 * first, 1000 * (time.process_time() - start)))
    points, loaded, loading_ms, loaded_ms = np.mean(found, axis=0).tolist()
    return RoomFigures(points=points, loaded=loaded, loading_ms=loading_ms, loaded_ms=loaded_ms)
