"""Ground that grows from the lower edge, and things that take the depth of their foot."""

from typing import Final

import numpy as np
from jaxtyping import Float

from voyager_lite.depth.sketch import Mask, Plane

Lab = Float[np.ndarray, "height width 3"]

_EDGE: Final = 5.0
"""Colour difference (CIE Lab) at which two neighbours begin to be two things."""

_REACH: Final = 60.0
"""Summed colour difference over which the ground becomes something else."""

_LEAK: Final = 0.01
"""Share of a link that survives any edge."""

_UPRIGHT: Final = 80.0
"""How much stronger links hold along the columns of what is not ground."""

_TRUST: Final = 0.01
"""Weight of plain "lower is nearer" where nothing else is known; the ground has weight 1."""


def ground_likeness(lab: Lab, sky: Mask) -> Plane:
    """1 where a pixel is surely ground, less the more contrast lies between it and the lower edge.

    The distance from the lower edge is the cheapest way through the picture, where steps cost their
    colour difference as far as it exceeds what is usual in the lowest rows (so gravel is as easy to walk
    as a floor).
    """
    from skimage.graph import MCP_Geometric

    height, width = sky.shape
    across, down = _differences(lab)
    contrast = np.zeros((height, width))
    contrast[:, 1:] = across
    contrast[:, :-1] = np.maximum(contrast[:, :-1], across)
    contrast[1:] = np.maximum(contrast[1:], down)
    contrast[:-1] = np.maximum(contrast[:-1], down)
    usual = float(np.median(contrast[int(0.85 * height) :]))
    cost = np.maximum(contrast - 1.5 * usual, 0) + 0.1 * (1 + usual)
    cost[sky] = 1e4
    distance, _ = MCP_Geometric(cost).find_costs([(height - 1, x) for x in range(width)])
    return np.exp(-((distance / _REACH) ** 2))


def stand_on_ground(lab: Lab, plain: Plane, *, ground: Plane, sky: Mask, facade: float) -> Plane:
    """Inverse depth that follows ``plain`` on the ground and stays the same along what stands on it.

    The minimum of sum(trust * (d - plain)^2) + sum(link * (d - d_neighbour)^2), one sparse linear system
    (weighted least squares as in Farbman et al., "Edge-preserving decompositions", 2008). Links break
    at colour edges, hold strongly along columns of what is not ground, and tie every foot to the
    ground below it whatever its colour; between sky and matter there are none.

    Args:
        lab: Colours of the sketch, without texture.
        plain: Inverse depth where the picture tells nothing more.
        ground: Likeness to the ground, 0 to 1.
        sky: Kept at its own, lower value.
        facade: Share of a link along a column that survives any edge: windows and signs on a front.
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.linalg import splu

    height, width = sky.shape
    across, down = (np.exp(-((step / _EDGE) ** 2)) for step in _differences(lab))
    across, down = across + _LEAK, down + facade
    down = down * (1 + (_UPRIGHT - 1) * (1 - np.minimum(ground[1:], ground[:-1])))
    down = np.maximum(down, 0.6 * _UPRIGHT * np.maximum(ground[1:] - ground[:-1], 0))
    across[sky[:, 1:] != sky[:, :-1]] = 1e-6
    down[sky[1:] != sky[:-1]] = 1e-6
    trust = np.where(sky, 5.0, ground**2 + _TRUST)
    wanted = np.where(sky, -0.03, plain)

    index = np.arange(height * width).reshape(height, width)
    one = np.concatenate([index[:, :-1].ravel(), index[:-1].ravel()])
    other = np.concatenate([index[:, 1:].ravel(), index[1:].ravel()])
    link = np.concatenate([across.ravel(), down.ravel()])
    diagonal = trust.ravel() + np.bincount(one, link, index.size) + np.bincount(other, link, index.size)
    rows = np.concatenate([one, other, index.ravel()])
    columns = np.concatenate([other, one, index.ravel()])
    system = coo_matrix((np.concatenate([-link, -link, diagonal]), (rows, columns))).tocsc()
    solver = splu(system, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})
    return solver.solve((trust * wanted).ravel()).reshape(height, width)


def _differences(lab: Lab) -> tuple[Float[np.ndarray, "height right"], Float[np.ndarray, "below width"]]:
    """Colour difference to the right and to the lower neighbour."""
    return np.linalg.norm(np.diff(lab, axis=1), axis=2), np.linalg.norm(np.diff(lab, axis=0), axis=2)
