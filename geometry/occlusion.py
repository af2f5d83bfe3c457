"""Chunks that nearer ones hide, found before they are loaded.

The chunks of a view are taken from front to back. The near ones are drawn; whatever lies wholly behind them
needs neither loading nor drawing, and the picture stays what it is, to the bit. (Greene, Kass and Miller
1993, "Hierarchical Z-buffer visibility", with one level of squares.)
"""

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Int

from geometry.camera import Camera
from geometry.chunks import CELL_PIXELS, DISC_REACH, Candidates, ChunkIndex, candidates_in_view, nearest_depth
from geometry.cloud import PointCloud
from geometry.rasterizer.front import Front, all_behind

Load = Callable[[Int[np.ndarray, " row"]], list[PointCloud]]
"""The points of some rows of an index."""

CROWDED = 10.0
"""Points in view for each pixel from which on this is tried at all. (Hills up to the horizon have fewer.)"""

WORTH = 0.3
"""Share of the points in view that must be hidden. What is less is drawn with the rest."""

ROUNDS = 2
"""Times that as many points as the picture has pixels are drawn, to see what they hide. Two close a room."""

STRIP, THIN = 8, 7
"""Rows of the picture in which it is tried first, with every seventh point, whose disc is made wide."""

WIDER = 1.5
"""Than the root of ``THIN``: what is left of neighbours in a row does not lie evenly."""

ROUNDING = 1e-6
"""Of a place in a camera's frame, over the distances it is made of: several times that of float32."""


def chunks_seen(index: ChunkIndex, camera: Camera, *, most: int, load: Load) -> Int[np.ndarray, " chosen"]:
    """Rows of ``chunks_in_view`` without those that nearer ones hide, if these are many.

    Where it would be more than ``most`` points, cells get wider only behind what was drawn to find them.
    Points of the sky hide nothing, so that a picture without them is the same, too.

    Args:
        index: Of all chunks.
        camera: A single camera.
        most: Points.
        load: Called for near chunks, nearly all of which are among those returned.
    """
    candidates = candidates_in_view(index, camera)
    search = _Search(candidates, lambda chunks: load(candidates.rows[chunks]), camera)
    if search.may_be_worth_it():
        hidden, until = search.hidden(most=most // 2)
        if search.is_worth_it(hidden, search.fine):
            edge = 2 * candidates.edge
            above = nearest_depth(np.floor(candidates.low / edge[:, None]) * edge[:, None], edge, camera)
            fixed = search.nearest < until, above < until
            kept = candidates.chosen(CELL_PIXELS, most=most, hidden=hidden, fixed=fixed)
            return candidates.rows[kept]
    return candidates.rows[candidates.chosen(CELL_PIXELS, most=most)]


class _Search:
    """For hidden ones among the chunks of a view, at the finest that is seen of each."""

    def __init__(self, candidates: Candidates, load: Load, camera: Camera) -> None:
        self._candidates, self._load, self._camera = candidates, load, camera
        self._count = candidates.count
        self.fine = candidates.chosen(CELL_PIXELS, most=int(candidates.count.sum()))
        self.nearest = nearest_depth(candidates.low, candidates.edge, camera)

    def is_worth_it(self, hidden: Bool[np.ndarray, " chunk"], among: Bool[np.ndarray, " chunk"]) -> bool:
        """Whether so many points are hidden among some chunks that it is less work to leave them out."""
        return bool(self._count[among & hidden].sum() >= WORTH * self._count[among].sum() > 0)

    def may_be_worth_it(self) -> bool:
        """The same of a few rows of the picture, where most of what is far is seen; not exact, and quick."""
        if self._count[self.fine].sum() < CROWDED * self._pixels:
            return False
        order = self._front_to_back(self.fine)
        far = order[np.cumsum(self._count[order]) > self._pixels]
        middle = np.clip(self._windows[far][:, [1, 3]], 0, self._camera.height).mean(-1)
        by_row = np.argsort(middle, kind="stable")
        sums = np.cumsum(self._count[far][by_row])
        top = int(middle[by_row][np.searchsorted(sums, sums[-1] / 2)]) - STRIP // 2
        windows = self._windows - [0, top, 0, top]
        touching = self.fine & (windows[:, 1] < STRIP) & (windows[:, 3] >= 0)
        K = self._camera.K.clone()
        K[1, 2] -= top
        pose = self._camera.world_to_camera
        strip = Camera(K=K, world_to_camera=pose, height=STRIP, width=self._camera.width)
        first = self._first(self._front_to_back(touching), rounds=ROUNDS)
        return self.is_worth_it(self._behind(Front(strip), first, windows, thin=THIN), touching)

    def hidden(self, *, most: int) -> tuple[Bool[np.ndarray, " chunk"], float]:
        """Draw what is near, at most so many points.

        Returns:
            Which chunks are not seen; and the depth up to which all others were drawn.
        """
        front, hidden = Front(self._camera), np.zeros(len(self.fine), np.bool_)
        rest = self._front_to_back(self.fine)
        for _ in range(ROUNDS):
            first = self._first(rest)
            most -= int(self._count[first].sum())
            if most < 0 or len(first) == len(rest):
                break
            hidden = self._behind(front, first, self._windows)
            rest = rest[len(first) :]
            rest = rest[~hidden[rest]]
        return hidden, float(self.nearest[rest[0]]) if len(rest) else np.inf

    def _behind(
        self,
        front: Front,
        chunks: Int[np.ndarray, " drawn"],
        windows: Int[np.ndarray, "chunk 4"],
        *,
        thin: int = 1,
    ) -> Bool[np.ndarray, " chunk"]:
        """Draw some chunks more, and see what is hidden by all drawn so far."""
        for cloud in self._load(chunks):
            if not bool(cloud.sky[0]):
                front.draw(_thinned(cloud, thin))
        return all_behind(self.nearest - self._rounding, windows, front.farthest())

    def _first(self, order: Int[np.ndarray, " near_to_far"], *, rounds: int = 1) -> Int[np.ndarray, " first"]:
        """As many as hold a point for each pixel, or several."""
        return order[: int(np.searchsorted(np.cumsum(self._count[order]), rounds * self._pixels)) + 1]

    def _front_to_back(self, chunks: Bool[np.ndarray, " chunk"]) -> Int[np.ndarray, " near_to_far"]:
        order = np.flatnonzero(chunks)
        return order[np.argsort(self.nearest[order], kind="stable")]

    @property
    def _pixels(self) -> int:
        return self._camera.height * self._camera.width

    @cached_property
    def _windows(self) -> Int[np.ndarray, "chunk 4"]:
        """First column and row, last column and row of the pixels that the discs of each chunk may touch.

        Of no meaning for chunks that are not wholly in front of the camera.
        """
        camera, candidates = self._camera, self._candidates
        pose, K = camera.world_to_camera.numpy(), camera.K.numpy()
        corners = np.stack(np.meshgrid([0, 1], [0, 1], [0, 1], indexing="ij"), axis=-1).reshape(8, 1, 3)
        corners = (candidates.low + corners * candidates.edge[:, None]) @ pose[:3, :3].T + pose[:3, 3]
        depth = np.maximum(corners[..., 2], np.finfo(np.float32).tiny)
        around = candidates.edge * DISC_REACH + self._rounding
        focal = K[[0, 1], [0, 1]]
        reach = 1 + around[:, None] * focal / depth.min(0)[:, None]
        place = corners[..., :2] / depth[..., None] * focal + K[:2, 2]
        ends = np.concatenate([place.min(0) - reach, place.max(0) + reach], axis=-1)
        bound = 2 * max(camera.height, camera.width)
        return np.floor(np.clip(ends, -bound, bound)).astype(np.int64)

    @cached_property
    def _rounding(self) -> Float[np.ndarray, " chunk"]:
        """How far float32 may move a point of each chunk in the camera's frame."""
        far = np.abs(self._candidates.low).sum(-1) + 3 * self._candidates.edge
        rounding: np.ndarray = ROUNDING * (far + np.abs(self._camera.world_to_camera.numpy()[:3, 3]).sum())
        return rounding


def _thinned(cloud: PointCloud, step: int) -> PointCloud:
    """One of so many points, with discs as large as those of all, and some more."""
    few = cloud[::step]
    return few if step == 1 else replace(few, radii=WIDER * np.sqrt(step) * few.radii)
