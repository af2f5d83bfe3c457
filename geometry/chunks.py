"""Points in chunks that can be loaded one by one: which of them a camera needs, and how finely.

A chunk lies in a cube of space with edges of 2 ** size scene units and corners at multiples of its edge,
so that eight cubes fit into one of the next size. A chunk holds either points as they were fused, whose
radii are at most a 256th of the edge (``ACROSS``), or a coarse version of all chunks of its tree in the
smaller cubes within: their points, merged in cells of a 256th of the edge. A tree is what one clip brought
(its sky is another): it is written once and never changes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
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
    low, edge = _cubes(index)
    visible = _in_frustum(low, edge, camera)

    def width(low: Float[np.ndarray, "chunk 3"], edge: Float[np.ndarray, " chunk"]) -> np.ndarray:
        return _cell_pixels(low, edge, camera)

    return _chosen(index, visible, width, finest=CELL_PIXELS, most=most)


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

    return _chosen(index, np.ones(len(index), np.bool_), width, finest=CELL_ANGLE, most=most)


def _chosen(
    index: ChunkIndex,
    within: Bool[np.ndarray, " chunk"],
    width: Callable[[np.ndarray, np.ndarray], np.ndarray],
    *,
    finest: float,
    most: int,
) -> Int[np.ndarray, " chosen"]:
    """Rows of the largest chunks whose cells are at most ``finest`` wide, and of fused points elsewhere."""
    low, edge = _cubes(index)
    low, edge, coarse, count = low[within], edge[within], index.coarse[within], index.count[within]
    own = np.where(coarse, width(low, edge), 0.0)
    above = width(np.floor(low / (2 * edge[:, None])) * (2 * edge[:, None]), 2 * edge)
    above[~_has_parent(index)[within]] = np.inf
    while True:
        chosen = (own <= finest) & (above > finest)
        if count[chosen].sum() <= most or not np.isfinite(above[chosen]).any():
            return np.flatnonzero(within)[chosen]
        finest *= np.sqrt(2)


def _cubes(index: ChunkIndex) -> tuple[Float[np.ndarray, "chunk 3"], Float[np.ndarray, " chunk"]]:
    """Low corners and edges, scene units."""
    edge = np.exp2(index.size)
    return index.cell * edge[:, None], edge


def _has_parent(index: ChunkIndex) -> Bool[np.ndarray, " chunk"]:
    """Whether a coarse chunk of the same tree holds each: trees are coarsened up to one size everywhere."""
    trees, tree = np.unique(index.tree, return_inverse=True)
    top = np.full(len(trees), np.iinfo(np.int64).min)
    np.maximum.at(top, tree[index.coarse], index.size[index.coarse])
    return index.size < top[tree]


def _cell_pixels(
    low: Float[np.ndarray, "chunk 3"], edge: Float[np.ndarray, " chunk"], camera: Camera
) -> Float[np.ndarray, " chunk"]:
    """Width of a cell of each cube in pixels at its nearest corner; infinite if that is not in front."""
    axis = camera.world_to_camera.numpy()[2]
    nearest = (low + edge[:, None] / 2) @ axis[:3] + axis[3] - edge / 2 * np.abs(axis[:3]).sum()
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
