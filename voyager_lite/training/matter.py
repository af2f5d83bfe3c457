"""Which places lie in the matter of a procedural scene."""

import numpy as np

from voyager_lite.training.scene import Scene
from voyager_lite.training.shapes import BALL, BOX, CONE


def meets_matter(scene: Scene, points: np.ndarray, *, margin: float) -> np.ndarray:
    """True for points (P, 3) that lie in any shape whose half sizes are grown by ``margin``; (P,).

    Growing the half sizes leaves the surface of a ball or a box everywhere at least ``margin`` away
    where the shape is round or met at a face, and somewhat less where it is long and met aslant.
    """
    away = points[:, None] - scene.shapes[:, :3]
    near = (away**2).sum(axis=-1) < (scene.shapes[:, 15] + 2 * margin) ** 2
    rows = np.flatnonzero(near.any(axis=0))
    shapes, kinds = scene.shapes[rows], scene.kinds[rows]
    R = shapes[:, 3:12].reshape(-1, 3, 3)
    unit = np.einsum("sij,psj->psi", R, away[:, rows]) / (shapes[:, 12:15] + margin)
    flat = np.hypot(unit[..., 0], unit[..., 2])
    wide = np.where(kinds == CONE, (1 + unit[..., 1]) / 2, 1.0)
    inside = (np.abs(unit[..., 1]) < 1) & (flat < wide)
    inside = np.where(kinds == BOX, (np.abs(unit) < 1).all(axis=-1), inside)
    inside = np.where(kinds == BALL, (unit**2).sum(axis=-1) < 1, inside)
    return inside.any(axis=1)
