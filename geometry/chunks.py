"""Points in chunks that can be loaded one by one: which of them a camera needs, and how finely.

A chunk lies in a cube of space with edges of 2 ** size scene units and corners at multiples of its edge,
so that eight cubes fit into one of the next size. A chunk holds either points as they were fused, whose
radii are at most a 256th of the edge (``ACROSS``), or a coarse version of all chunks of its tree in the
smaller cubes within: their points, merged in cells of a 256th of the edge. A tree is what one clip brought
(its sky is another): it is written once and never changes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float, Int

from geometry.camera import Camera
from geometry.cloud import PointCloud
from geometry.levels import ACROSS

CELL_PIXELS = 1.0
"""A coarse chunk is fine enough where a cell of it is at most this many pixels wide."""

CELL_ANGLE = 1 / 250
"""The same for points that are not looked at but kept clear of: radians."""

DISC_REACH = 1 / 32
"""How far discs reach out of their cube, over its edge: at most. (The disc of a merged point reaches as far
as its farthest member: at most sqrt(3) cells and a member's disc, thus 2 sqrt(3) + 1 cells in all.)"""


@dataclass(frozen=True, kw_only=True, eq=False)
class ChunkIndex:
    """All chunks there are, without their points.

    Attributes:
        id: What the source calls them; ascending.
        tree: Which chunks have ancestors in common.
        size: The cube's edge is 2 ** size scene units.
        cell: The cube's low corner (x, y, z), in edges.
        coarse: True for merged points.
        count: Of points.
    """

    id: Int[np.ndarray, " chunk"]
    tree: Int[np.ndarray, " chunk"]
    size: Int[np.ndarray, " chunk"]
    cell: Int[np.ndarray, "chunk 3"]
    coarse: Bool[np.ndarray, " chunk"]
    count: Int[np.ndarray, " chunk"]

    def __len__(self) -> int:
        return len(self.id)

    def followed_by(self, later: "ChunkIndex") -> "ChunkIndex":
        """Both, one after the other."""
        names = [field.name for field in fields(self)]
        return ChunkIndex(**{n: np.concatenate([getattr(self, n), getattr(later, n)]) for n in names})

    @property
    def points(self) -> int:
        """Points as they were fused, in all chunks."""
        return int(self.count[~self.coarse].sum())

    @cached_property
    def parent(self) -> Int[np.ndarray, " chunk"]:
        """Row of the coarse chunk that stands for each and its neighbours; -1 for the largest."""
        coarse = np.flatnonzero(self.coarse)
        places = np.concatenate([self._places(0)[coarse], self._places(1)])
        # Equal places get equal numbers; each coarse chunk is alone in its own.
        order = np.lexsort(places.T)
        changes = (places[order[1:]] != places[order[:-1]]).any(-1)
        number = np.zeros(len(places), np.int64)
        number[order[1:]] = np.cumsum(changes)
        row = np.full(len(places), -1)
        row[number[: len(coarse)]] = coarse
        return row[number[len(coarse) :]]

    @cached_property
    def children(self) -> tuple[Int[np.ndarray, " chunk"], Int[np.ndarray, " row"]]:
        """Rows by the parent, those without one first; and where in them each parent's begin, from -1 on."""
        order = np.argsort(self.parent, kind="stable")
        return order, np.searchsorted(self.parent[order], np.arange(-1, len(self) + 1))

    def _places(self, up: int) -> Int[np.ndarray, "chunk 5"]:
        """Tree, size and cell of the cubes so many sizes up."""
        return np.column_stack([self.tree, self.size + up, self.cell >> up])


@runtime_checkable
class ChunkSource(Protocol):
    """Where chunks are kept."""

    def index(self, *, after: int) -> ChunkIndex:
        """The chunks whose id is more than ``after``."""
        ...

    def load(self, ids: Sequence[int]) -> list[PointCloud]:
        """The points of some chunks."""
        ...

    def cloud(self) -> PointCloud:
        """All points as they were fused, in the order in which they entered."""
        ...


def chunks_in_view(index: ChunkIndex, camera: Camera, *, most: int) -> Int[np.ndarray, " chosen"]:
    """Rows of the chunks that a camera needs: each part of space in its view once, as fine as is seen.

    A coarse chunk stands for all in its cube where its cells are at most ``CELL_PIXELS`` wide, which is
    asked at the depth of the cube's nearest corner. Then the same holds for all smaller cubes within,
    so that this choice of the largest leaves no gap and nothing twice.

    Args:
        index: Of all chunks.
        camera: A single camera.
        most: Points; where it would be more, cells may be wider, by steps of a factor of 1.41.
    """
    candidates = candidates_in_view(index, camera)
    return candidates.rows[candidates.chosen(CELL_PIXELS, most=most)]


def candidates_in_view(index: ChunkIndex, camera: Camera) -> "Candidates":
    """The chunks that touch a camera's picture, and what it would take to choose among them."""

    def touches(low: Float[np.ndarray, "chunk 3"], edge: Float[np.ndarray, " chunk"]) -> np.ndarray:
        return _in_frustum(low, edge, camera)

    def width(low: Float[np.ndarray, "chunk 3"], edge: Float[np.ndarray, " chunk"]) -> np.ndarray:
        return _cell_pixels(low, edge, camera)

    return _candidates(index, touches, width, finest=CELL_PIXELS)


def chunks_around(
    index: ChunkIndex, centers: Float[np.ndarray, "place 3"], *, most: int
) -> Int[np.ndarray, " chosen"]:
    """Rows of the chunks on all sides of some places, as fine as is felt there.

    As ``chunks_in_view``, but a coarse chunk stands for all in its cube where its cells are seen at an
    angle of at most ``CELL_ANGLE`` from the nearest of the places.
    """

    def width(low: Float[np.ndarray, "chunk 3"], edge: Float[np.ndarray, " chunk"]) -> np.ndarray:
        distance = np.full(len(edge), np.inf)
        for center in centers:
            beside = np.maximum(np.maximum(low - center, center - low - edge[:, None]), 0)
            distance = np.minimum(distance, np.linalg.norm(beside, axis=-1))
        with np.errstate(divide="ignore"):
            return edge / ACROSS / distance

    def anywhere(low: Float[np.ndarray, "chunk 3"], edge: Float[np.ndarray, " chunk"]) -> np.ndarray:
        return np.ones(len(edge), np.bool_)

    candidates = _candidates(index, anywhere, width, finest=CELL_ANGLE)
    return candidates.rows[candidates.chosen(CELL_ANGLE, most=most)]


@dataclass(frozen=True, kw_only=True, eq=False)
class Candidates:
    """Chunks that may be needed, each with all that stand for it.

    Attributes:
        rows: In the index; ascending.
        low, edge: Low corners and edges of their cubes, scene units.
        count: Of points.
        own: How wide a cell is; 0 for fused points, which are always fine enough.
        above: How wide a cell of the chunk is that stands for it; infinite if none does.
    """

    rows: Int[np.ndarray, " chunk"]
    low: Float[np.ndarray, "chunk 3"]
    edge: Float[np.ndarray, " chunk"]
    count: Int[np.ndarray, " chunk"]
    own: Float[np.ndarray, " chunk"]
    above: Float[np.ndarray, " chunk"]

    def chosen(
        self,
        finest: float,
        *,
        most: int,
        hidden: Bool[np.ndarray, " chunk"] | None = None,
        fixed: tuple[Bool[np.ndarray, " chunk"], Bool[np.ndarray, " chunk"]] | None = None,
    ) -> Bool[np.ndarray, " chunk"]:
        """The largest whose cells are at most ``finest`` wide, and fused points elsewhere.

        Args:
            finest: As ``own``.
            most: Points; where it would be more, cells may be wider, by steps of a factor of 1.41.
            hidden: These are not needed.
            fixed: Which cubes, and which of those above them, keep to ``finest`` whatever it takes; none
                that lies in one that does not.
        """
        own, above = fixed or (np.zeros(len(self.rows), np.bool_),) * 2
        widest = finest
        while True:
            limits = np.where(own, finest, widest), np.where(above, finest, widest)
            chosen = (self.own <= limits[0]) & (self.above > limits[1])
            if hidden is not None:
                chosen &= ~hidden
            if self.count[chosen].sum() <= most or not np.isfinite(self.above[chosen & ~above]).any():
                return chosen
            widest *= np.sqrt(2)


Measure = Callable[[Float[np.ndarray, "chunk 3"], Float[np.ndarray, " chunk"]], np.ndarray]
"""Of cubes, by their low corners and edges."""


def _candidates(index: ChunkIndex, touches: Measure, width: Measure, *, finest: float) -> Candidates:
    """From the largest chunks downwards, so that the work is bounded by what is found, not by the world."""
    order, starts = index.children
    level, found = order[: starts[1]], []
    while len(level):
        low, edge = _cubes(index, level)
        level = level[touches(low, edge)]
        found.append(level)
        low, edge = _cubes(index, level)
        split = level[index.coarse[level] & (width(low, edge) > finest)]
        level = order[_ranges(starts[split + 1], starts[split + 2])]
    rows = np.sort(np.concatenate(found)) if found else order
    low, edge = _cubes(index, rows)
    above = width(np.floor(low / (2 * edge[:, None])) * (2 * edge[:, None]), 2 * edge)
    return Candidates(
        rows=rows,
        low=low,
        edge=edge,
        count=index.count[rows],
        own=np.where(index.coarse[rows], width(low, edge), 0.0),
        above=np.where(index.parent[rows] >= 0, above, np.inf),
    )


def _ranges(starts: Int[np.ndarray, " range"], ends: Int[np.ndarray, " range"]) -> Int[np.ndarray, " place"]:
    """All numbers from each start to its end, one range after the other."""
    length = ends - starts
    return np.arange(length.sum()) + np.repeat(ends - np.cumsum(length), length)


def _cubes(
    index: ChunkIndex, rows: Int[np.ndarray, " chunk"]
) -> tuple[Float[np.ndarray, "chunk 3"], Float[np.ndarray, " chunk"]]:
    """Low corners and edges, scene units."""
    edge = np.exp2(index.size[rows])
    return index.cell[rows] * edge[:, None], edge


def nearest_depth(
    low: Float[np.ndarray, "chunk 3"], edge: Float[np.ndarray, " chunk"], camera: Camera
) -> Float[np.ndarray, " chunk"]:
    """Depth of the nearest corner of each cube: of a cube within another never less than of that, to the bit.

    (Corners are exact, and products and sums rounded one after another keep their order.)
    """
    x, y, z, offset = camera.world_to_camera.numpy()[2]
    corner = low + edge[:, None] * (np.array([x, y, z]) < 0)
    depth: np.ndarray = x * corner[:, 0] + y * corner[:, 1] + z * corner[:, 2] + offset
    return depth


def _cell_pixels(
    low: Float[np.ndarray, "chunk 3"], edge: Float[np.ndarray, " chunk"], camera: Camera
) -> Float[np.ndarray, " chunk"]:
    """Width of a cell of each cube in pixels at its nearest corner; infinite if that is not in front."""
    nearest = nearest_depth(low, edge, camera)
    focal = float(max(camera.K[0, 0], camera.K[1, 1]))
    with np.errstate(divide="ignore"):
        return np.where(nearest > 0, edge / ACROSS * focal / nearest, np.inf)


def _in_frustum(
    low: Float[np.ndarray, "chunk 3"], edge: Float[np.ndarray, " chunk"], camera: Camera
) -> Bool[np.ndarray, " chunk"]:
    """False only where no disc of the cube can touch the picture."""
    K, pose = camera.K.numpy(), camera.world_to_camera.numpy()
    sides = np.array(
        [
            [K[0, 0], 0, K[0, 2]],
            [-K[0, 0], 0, camera.width - K[0, 2]],
            [0, K[1, 1], K[1, 2]],
            [0, -K[1, 1], camera.height - K[1, 2]],
            [0, 0, 1],
        ]
    )
    sides /= np.linalg.norm(sides, axis=-1, keepdims=True)
    facing, offset = sides @ pose[:3, :3], sides @ pose[:3, 3]
    depth = (low + edge[:, None] / 2) @ facing.T + offset
    reach = edge[:, None] * (np.abs(facing).sum(-1) / 2 + DISC_REACH)
    return (depth + reach >= 0).all(-1)
