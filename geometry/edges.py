"""Where a depth map breaks: flying pixels, and which neighbours lie on one surface.

Everything here works on inverse depth, because a plane seen by a pinhole camera is exactly affine in it
(1/z = a x + b y + c over pixels x, y): what a slanted plane would do is known without its slant, so a
floor seen at a grazing angle, however steep its depth, is told from a break.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from geometry.checks import require_shape

JUMP = 0.03
"""Relative change of inverse depth, beyond what a plane explains, that is a break and not noise."""

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
    seen = valid if sky is None else valid | sky
    inverse = inverse_depth(depth, valid)
    flying = torch.zeros_like(valid)
    for dim in (-1, -2):
        flying |= _between_two_surfaces(inverse, seen, dim)
    return flying & valid


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
    inverse = inverse_depth(depth, valid)
    closed = valid
    for dim in (-1, -2):
        before, after = shift(inverse, -1, dim), shift(inverse, 1, dim)
        agree = (before - after).abs() <= JUMP * torch.maximum(before, after)
        gap = ~closed & shift(closed, -1, dim) & shift(closed, 1, dim) & agree
        inverse = torch.where(gap, (before + after) / 2, inverse)
        closed = closed | gap
    added = closed & ~valid
    return torch.where(added, 1 / torch.where(added, inverse, torch.ones_like(inverse)), depth), closed


def inverse_depth(
    depth: Float[Tensor, "*batch height width"], valid: Bool[Tensor, "*batch height width"]
) -> Float[Tensor, "*batch height width"]:
    """1 / depth where ``valid``, 0 elsewhere."""
    return torch.where(valid, 1 / torch.where(valid, depth, torch.ones_like(depth)), torch.zeros_like(depth))


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
    following, follows = shift(inverse, 1, dim), shift(valid, 1, dim)
    step = following - inverse
    before = step - (inverse - shift(inverse, -1, dim))
    after = step - (shift(inverse, 2, dim) - following)
    excess = step.abs()
    excess = torch.where(shift(valid, -1, dim), torch.minimum(excess, before.abs()), excess)
    excess = torch.where(shift(valid, 2, dim), torch.minimum(excess, after.abs()), excess)
    return valid & follows & (excess <= JUMP * torch.maximum(inverse, following))


def _between_two_surfaces(inverse: Tensor, seen: Tensor, dim: int) -> Tensor:
    steep = JUMP * inverse
    rise_before = inverse - shift(inverse, -1, dim)
    rise_after = shift(inverse, 1, dim) - inverse
    inside = shift(seen, -1, dim) & shift(seen, 1, dim)
    monotone = ((rise_before > steep) & (rise_after > steep)) | (
        (rise_before < -steep) & (rise_after < -steep)
    )
    between = torch.zeros_like(seen)
    for distance in range(1, REACH + 1):
        left, left_seen, left_slope_seen = _continued(inverse, seen, -distance, dim)
        right, right_seen, right_slope_seen = _continued(inverse, seen, distance, dim)
        told = left_seen & right_seen & (left_slope_seen | right_slope_seen)
        near, far = torch.maximum(left, right), torch.minimum(left, right)
        between |= told & (near > inverse * (1 + JUMP)) & (far < inverse * (1 - JUMP))
    return seen & inside & monotone & between


def _continued(inverse: Tensor, seen: Tensor, offset: int, dim: int) -> tuple[Tensor, Tensor, Tensor]:
    """The plane through the pixels at ``offset`` and one further, continued to the pixel itself.

    Where the further one is not seen the surface is taken to face the camera. Also: whether the first
    of the two is seen, and whether both are.
    """
    away = offset + (1 if offset > 0 else -1)
    start, beyond = shift(inverse, offset, dim), shift(inverse, away, dim)
    start_seen = shift(seen, offset, dim)
    slope_seen = start_seen & shift(seen, away, dim)
    slope = torch.where(slope_seen, start - beyond, torch.zeros_like(start))
    return start + abs(offset) * slope, start_seen, slope_seen


def shift(values: Tensor, offset: int, dim: int) -> Tensor:
    """``values[i + offset]`` at ``i`` along ``dim``; 0 or False beyond the picture."""
    size = values.shape[dim]
    moved = torch.zeros_like(values)
    count = size - abs(offset)
    if count > 0:
        moved.narrow(dim, max(-offset, 0), count).copy_(values.narrow(dim, max(offset, 0), count))
    return moved
