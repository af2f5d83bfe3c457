"""Where a depth map breaks: flying pixels, and which neighbours lie on one surface.

Everything here works on inverse depth, because a plane seen by a pinhole camera is exactly affine in it
(1/z = a x + b y + c over pixels x, y): what a slanted plane would do is known without its slant, so a
floor seen at a grazing angle, however steep its depth, is told from a break.
"""

from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Shaped
from torch import Tensor

from geometry.checks import require_shape
from geometry.kernels.strips import in_strips

JUMP = 0.03
"""Relative change of inverse depth, beyond what a plane explains, that is a break and not noise."""

EDGE_RATIO = 1.15
"""Inverse depth of a thing over that of what lies behind it, from which on they are two surfaces."""

REACH = 4
"""Width in pixels of the widest blurred edge whose in-between pixels are all found."""


def depth_edges(
    depth: Float[Tensor, "*batch height width"],
    valid: Bool[Tensor, "*batch height width"],
    *,
    sky: Bool[Tensor, "*batch height width"] | None = None,
) -> Bool[Tensor, "*batch height width"]:
    """Flying pixels: those between a near and a far surface that lie on neither.

    Along its row or its column, such a pixel rises steeply from one neighbour and steeply on to the
    other, and there is a distance (up to ``REACH`` pixels) at which the planes that continue from
    either side pass clearly in front of it and clearly behind it. A pixel of a steep plane does the
    first but lies on both planes; a true silhouette does neither.

    Args:
        depth: Along the axis, > 0 where ``valid``; not read elsewhere.
        valid: True where there is matter at a known depth.
        sky: True where there is sky, which counts as infinitely far, so that a silhouette that fades
            into the sky is an edge too. Not together with ``valid``.

    Returns:
        True at flying pixels; False wherever not ``valid``.

    Raises:
        ValueError: The maps differ in shape.
    """
    require_shape("valid", valid, depth.shape)
    if sky is not None:
        require_shape("sky", sky, depth.shape)
    # Imported where it is called, here and below: numba takes long to load.
    from geometry.kernels.edges import flying

    seen = frames(valid if sky is None else valid | sky, margin=REACH + 1)
    inverse = frames(inverse_depth(depth, valid), margin=REACH + 1)
    number = inverse.dtype.type
    limits = number(JUMP), number(1 + JUMP), number(1 - JUMP), REACH
    found = np.empty((len(inverse), *valid.shape[-2:]), np.bool_)
    for frame, there, out in zip(inverse, seen, found, strict=True):
        in_strips(len(out), partial(flying, frame, there, limits), out)
    return _maps(found, valid) & valid


def beside_nearer(depth: Float[Tensor, "*batch height width"]) -> Bool[Tensor, "*batch height width"]:
    """True at pixels that touch one of another surface before them, of which they may show some.

    Args:
        depth: Along the axis, > 0 everywhere.
    """
    inverse = 1 / depth
    flat = inverse.reshape(-1, 1, *depth.shape[-2:])
    nearest = F.max_pool2d(flat, 3, stride=1, padding=1).reshape(depth.shape)
    return nearest > EDGE_RATIO * inverse


def bridge_gaps(
    depth: Float[Tensor, "*batch height width"], valid: Bool[Tensor, "*batch height width"]
) -> tuple[Float[Tensor, "*batch height width"], Bool[Tensor, "*batch height width"]]:
    """Close gaps one pixel wide between two pixels of one surface.

    Sensors whose depth was carried over to the colour camera leave regular lines without a measurement.
    A pixel there gets the mean inverse depth of the two around it, exact on a plane, where these differ
    by no more than ``JUMP``: first along rows, then along columns.

    Returns:
        Depth and validity with those pixels added; everything else is unchanged.
    """
    from geometry.kernels.edges import bridge

    if bool(valid.all()):
        return depth, valid
    inverse, known = frames(inverse_depth(depth, valid)), frames(valid)
    for along_columns in (False, True):
        filled, closed = inverse.copy(), known.copy()
        for i in range(len(inverse)):
            bridge(inverse[i], known[i], inverse.dtype.type(JUMP), along_columns, (filled[i], closed[i]))
        inverse, known = filled, closed
    bridged = _maps(known, valid)
    return torch.where(bridged & ~valid, 1 / _maps(inverse, depth), depth), bridged


def inverse_depth(
    depth: Float[Tensor, "*batch height width"], valid: Bool[Tensor, "*batch height width"]
) -> Float[Tensor, "*batch height width"]:
    """1 / depth where ``valid``, 0 elsewhere."""
    return torch.where(valid, 1 / depth, 0.0)


def surface_links(
    inverse: Float[Tensor, "*batch height width"], valid: Bool[Tensor, "*batch height width"], *, dim: int
) -> Bool[Tensor, "*batch height width"]:
    """True where a pixel and the next one along ``dim`` are neighbours on one surface.

    The step between the two must be explained (up to ``JUMP``) by the step before it, by the step after
    it, or by a surface that faces the camera. The last pixel along ``dim`` has no next one: False.

    Args:
        inverse: Inverse depth; not read where not ``valid``.
        valid: True where there is matter.
        dim: -1 for the neighbour to the right, -2 for the one below.
    """
    from geometry.kernels.edges import links

    values, known = frames(inverse, margin=2), frames(valid, margin=2)
    found = np.empty((len(values), *valid.shape[-2:]), np.bool_)
    for frame, there, out in zip(values, known, found, strict=True):
        links(frame, there, values.dtype.type(JUMP), dim == -2, out)
    return _maps(found, valid)


def frames(maps: Shaped[Tensor, "*batch height width"], *, margin: int = 0) -> np.ndarray:
    """The maps one after the other for the compiled loops, with a margin of 0 or False on all sides.

    Returns:
        (frame, height + 2 margin, width + 2 margin), sharing the maps' memory where it can.
    """
    flat = maps.detach().cpu().reshape(-1, *maps.shape[-2:]).contiguous().numpy()
    return np.pad(flat, ((0, 0), (margin, margin), (margin, margin))) if margin else flat


def _maps(found: np.ndarray, like: Tensor) -> Tensor:
    return torch.from_numpy(found).reshape(like.shape).to(like.device)
