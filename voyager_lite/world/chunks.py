"""Points in cubes of space: the form in which a world keeps its cloud.

The cubes have edges of 2 ** size scene units and corners at multiples of their edge, so that they need no
origin and fit into each other eight at a time. A point belongs to a cube that its own radius chooses:
what is seen sharply lies in small cubes, what is far or coarse in large ones, and every cube holds about
as many points of a surface, ``ACROSS`` by ``ACROSS``, whatever its size. Coarser levels of detail are
chunks, too: the points of all smaller cubes within a cube, merged; see `geometry.chunks`.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Int

from geometry.cloud import PointCloud
from geometry.levels import ACROSS, merged

FEW = 256
"""Points of a clip that are not worth a coarser level."""

CELL_BITS = 18
SIZE_BITS = 8

POINT = np.dtype(
    [
        ("rank", "<u4"),  # among the points of its clip: in which order they entered, less the one before
        ("position", "<f4", 3),
        ("normal", "<f4", 3),
        ("radius", "<f4"),
        ("color", "u1", 3),
    ]
)


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """The points of one clip in one cube.

    Attributes:
        size: The cube's edge is 2 ** size scene units.
        cell: The cube's low corner (x, y, z), in edges.
        sky: True for points of the far shell, which have cubes of their own.
        count: Of points.
        data: Them, compressed without loss.
        level: Of detail: 0 for points as they were fused, 1 for those of all smaller cubes, merged.
    """

    size: int
    cell: tuple[int, int, int]
    sky: bool
    count: int
    data: bytes
    level: int = 0


def pack_chunks(cloud: PointCloud) -> list[Chunk]:
    """The cloud cut into chunks; lossless if its colours come from 8-bit pictures.

    Raises:
        ValueError: A position is not finite.
    """
    return _pack(cloud, *_cubes(cloud), level=0)


def pack_levels(cloud: PointCloud) -> list[Chunk]:
    """The points of one clip in coarser levels of detail, matter and sky each up to ``FEW`` points.

    Raises:
        ValueError: A position is not finite.
    """
    chunks = []
    for part in (cloud[~cloud.sky], cloud[cloud.sky]):
        if not len(part):
            continue
        own, _ = _cubes(part)
        size, below = int(own.min()), PointCloud.empty()
        while len(below) + int((own >= size).sum()) > FEW:
            within = PointCloud.concatenate([below, part[torch.from_numpy(own == size)]])
            size += 1
            below = merged(within, edge=2.0**size / ACROSS)
            sizes = np.full(len(below), size)
            chunks += _pack(below, sizes, _cells(below, sizes), level=1)
    return chunks


def _pack(
    cloud: PointCloud, size: Int[np.ndarray, " point"], cells: Int[np.ndarray, "point 3"], *, level: int
) -> list[Chunk]:
    if not len(cloud):
        return []
    keys = _keys(size, cells, cloud.sky.numpy())
    order = np.argsort(keys, kind="stable")
    starts = np.flatnonzero(np.diff(keys[order], prepend=keys[order[0]] - 1))
    records = _records(cloud)[order]
    ranks = order.astype(np.int64)
    chunks = []
    for start, end in zip(starts, [*starts[1:], len(order)], strict=True):
        points = records[start:end]
        points["rank"] = np.diff(ranks[start:end], prepend=0)
        first = order[start]
        x, y, z = cells[first].tolist()
        chunks.append(
            Chunk(
                size=int(size[first]),
                cell=(x, y, z),
                sky=bool(cloud.sky[first]),
                count=len(points),
                data=_compressed(points),
                level=level,
            )
        )
    return chunks


def unpack_chunks(chunks: Sequence[Chunk]) -> PointCloud:
    """The points of one clip in the order in which they entered: the inverse of ``pack_chunks``.

    Raises:
        ValueError: The bytes of a chunk are damaged.
    """
    if not chunks:
        return PointCloud.empty()
    parts = [_decompressed(chunk) for chunk in chunks]
    ranks = np.concatenate([np.cumsum(part["rank"], dtype=np.int64) for part in parts])
    order = np.argsort(ranks)
    sky = np.repeat([chunk.sky for chunk in chunks], [chunk.count for chunk in chunks])[order]
    return _cloud(np.concatenate(parts)[order], sky)


def unpack_chunk(chunk: Chunk) -> PointCloud:
    """The points of one chunk.

    Raises:
        ValueError: Its bytes are damaged.
    """
    return _cloud(_decompressed(chunk), np.full(chunk.count, chunk.sky))


def _cloud(records: np.ndarray, sky: Bool[np.ndarray, " point"]) -> PointCloud:
    return PointCloud(
        positions=torch.from_numpy(records["position"].copy()),
        colors=torch.from_numpy(records["color"].copy()).float() / 255,
        normals=torch.from_numpy(records["normal"].copy()),
        radii=torch.from_numpy(records["radius"].copy()),
        sky=torch.from_numpy(sky),
    )


def _cubes(cloud: PointCloud) -> tuple[Int[np.ndarray, " point"], Int[np.ndarray, "point 3"]]:
    """Of every point: the size of its cube, and the cube's cell."""
    positions = cloud.positions.numpy().astype(np.float64)
    if not np.isfinite(positions).all():
        raise ValueError("a point to be stored has a position that is not finite")
    # A cube's edge is at least 2 ** -17 of its distance, so that every cell has a short number.
    least = np.log2(np.maximum(np.abs(positions).max(-1), 2.0**-40)) - (CELL_BITS - 1)
    own = np.log2(np.maximum(cloud.radii.numpy().astype(np.float64), 2.0**-60) * ACROSS)
    size = np.ceil(np.maximum(own, least + 1e-9)).astype(np.int64)
    return size, _cells(cloud, size)


def _cells(cloud: PointCloud, size: Int[np.ndarray, " point"]) -> Int[np.ndarray, "point 3"]:
    return np.floor(cloud.positions.double().numpy() / np.exp2(size)[:, None]).astype(np.int64)


def _keys(
    size: Int[np.ndarray, " point"], cells: Int[np.ndarray, "point 3"], sky: np.ndarray
) -> Int[np.ndarray, " point"]:
    """One number a cube: sky, size and cell, in this order of weight."""
    key = sky.astype(np.int64) << SIZE_BITS | (size + (1 << (SIZE_BITS - 1)))
    for axis in range(3):
        key = key << CELL_BITS | (cells[:, axis] + (1 << (CELL_BITS - 1)))
    return key


def _records(cloud: PointCloud) -> np.ndarray:
    records = np.empty(len(cloud), POINT)
    records["position"] = cloud.positions.numpy()
    records["normal"] = cloud.normals.numpy()
    records["radius"] = cloud.radii.numpy()
    records["color"] = (cloud.colors * 255).round().clamp(0, 255).to(torch.uint8).numpy()
    return records


def _compressed(records: np.ndarray) -> bytes:
    """Byte by byte of all points, not point by point: neighbours have their high bytes in common."""
    planes = records.view(np.uint8).reshape(len(records), POINT.itemsize).T
    return zlib.compress(planes.tobytes(), level=1)


def _decompressed(chunk: Chunk) -> np.ndarray:
    try:
        planes = np.frombuffer(zlib.decompress(chunk.data), np.uint8).reshape(POINT.itemsize, chunk.count)
    except (zlib.error, ValueError) as error:
        raise ValueError(f"stored points are damaged: {error}") from error
    return np.ascontiguousarray(planes.T).view(POINT)[:, 0]
