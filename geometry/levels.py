"""Coarser levels of detail: many points of a surface, stood for by one."""

import numpy as np
import torch
from jaxtyping import Float, Int

from geometry.cloud import PointCloud

ACROSS = 256
"""Cells along the edge of a cube whose points are merged; see `geometry.chunks`."""

ROW_BITS = 31
"""Of the number of a cell along one axis, where two are put into one."""


def merged(cloud: PointCloud, *, edge: float) -> PointCloud:
    """One point for all that share a cell of space and face the same way.

    The cells are cubes with corners at multiples of their edge. Points of one cell stay apart if they
    face away from its first one: a thin wall keeps its two sides. Position, colour and normal are means
    in which a point counts by the area of its disc. The new disc holds those of all its points, so that
    no gap opens and a lone point stays as it is.

    Args:
        cloud: All sky, or none of it. Finite, less than 2 ** 30 cells from the origin.
        edge: Of the cells, scene units, > 0.
    """
    if not len(cloud):
        return cloud
    positions, normals = cloud.positions.double().numpy(), cloud.normals.double().numpy()
    radii = cloud.radii.double().numpy()
    area = np.maximum(radii, np.finfo(np.float32).tiny) ** 2
    x, y, z = np.floor(positions / edge).astype(np.int64).T
    row = x << ROW_BITS ^ y & ((1 << ROW_BITS) - 1)
    order = np.lexsort((row, z))
    cell = _runs(row[order], z[order])
    first = np.flatnonzero(np.diff(cell, prepend=-1))
    behind = (normals[order] * normals[order[first[cell]]]).sum(-1) < 0
    sides = np.lexsort((behind, cell))
    order, group = order[sides], _runs(cell, behind[sides])
    area = area[order]
    centers = _means(positions[order], area, group)
    facing = _means(normals[order], area, group)
    colors = _means(cloud.colors.double().numpy()[order], area, group)
    reach = np.linalg.norm(positions[order] - centers[group], axis=-1) + radii[order]
    starts = np.flatnonzero(np.diff(group, prepend=-1))
    facing /= np.maximum(np.linalg.norm(facing, axis=-1, keepdims=True), np.finfo(np.float32).tiny)
    return PointCloud(
        positions=torch.from_numpy(centers.astype(np.float32)),
        colors=torch.from_numpy(colors.astype(np.float32)),
        normals=torch.from_numpy(facing.astype(np.float32)),
        radii=torch.from_numpy(np.maximum.reduceat(reach, starts).astype(np.float32)),
        sky=cloud.sky[torch.from_numpy(order[starts])],
    )


def _runs(first: np.ndarray, second: np.ndarray) -> Int[np.ndarray, " point"]:
    """Number of the run of equal pairs that each point belongs to."""
    changes = (first[1:] != first[:-1]) | (second[1:] != second[:-1])
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(changes)])


def _means(
    values: Float[np.ndarray, "point 3"],
    weights: Float[np.ndarray, " point"],
    group: Int[np.ndarray, " point"],
) -> Float[np.ndarray, "group 3"]:
    """Weighted mean of every group; the groups' numbers have no gaps."""
    sums = [np.bincount(group, weights * values[:, axis]) for axis in range(3)]
    return np.stack(sums, axis=-1) / np.bincount(group, weights)[:, None]
