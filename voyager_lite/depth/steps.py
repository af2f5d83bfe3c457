"""Silhouettes in maps of inverse depth: steps that are steps, and slopes that stay slopes."""

import cv2
import numpy as np
from jaxtyping import Float, Float32

from geometry.edges import EDGE_RATIO
from voyager_lite.depth.sketch import Mask, Plane

LEAST_STEP = 0.04
"""Height of a step, in shares of the map's greatest value, from which on it is made sharp."""

STEEP = 0.7
"""Share of the rise over twice the reach that a step already has over its reach; a slope has half."""

MIXED, LEAST_CONTRAST = 0.1, 0.08
"""Share of a thing's colour from which on a pixel beside it belongs to it, and the least difference (length
in RGB) between the two colours at which that can be told."""

TAPS = 4
"""Pixels on either side, over twice the reach, of which the mean of a rim is taken."""


def sharpen_steps(inverse: Plane, *, reach: int) -> Plane:
    """Replace what lies between two surfaces by the one that it is closer to.

    A blurred silhouette rises within ``2 * reach`` pixels and no further, while a slope rises on. Where
    there is a step, a pixel takes the greatest or the least value within reach, whichever is closer
    (the toggle mapping of Kramer and Bruckner, 1975). Everything else stays as it is.

    Args:
        inverse: Inverse depth >= 0.
        reach: Half the width of the widest blur to mend, in pixels.
    """
    low, high = _lowest(inverse, reach), _highest(inverse, reach)
    rise, wide_rise = high - low, _highest(inverse, 2 * reach) - _lowest(inverse, 2 * reach)
    step = (rise > LEAST_STEP * float(inverse.max())) & (rise > STEEP * wide_rise)
    return np.where(step, np.where(inverse - low < high - inverse, low, high), inverse)


def _lowest(values: Plane, reach: int) -> Plane:
    return cv2.erode(values, np.ones((2 * reach + 1, 2 * reach + 1), np.uint8))


def _highest(values: Plane, reach: int) -> Plane:
    return cv2.dilate(values, np.ones((2 * reach + 1, 2 * reach + 1), np.uint8))


def clean_rims(
    inverse: Plane, rgb: Float[np.ndarray, "height width 3"], *, reach: int
) -> Float32[np.ndarray, "height width"]:
    """Put silhouettes where colours end, and let the surface in front run up to them evenly.

    Args:
        inverse: Inverse depth >= 0, its steps sharp; 0 is sky.
        rgb: The picture.
        reach: Width of the rim around things that may show their colour, in pixels.
    """
    return _even_rims(_claim_rims(inverse.astype(np.float32), rgb, reach=reach), reach=reach)


def _claim_rims(
    inverse: Plane, rgb: Float[np.ndarray, "height width 3"], *, reach: int
) -> Float32[np.ndarray, "height width"]:
    """Give pixels just outside a silhouette to the thing in front as far as they show its colour.

    Pictures are blurred, so beside a thing pixels show some of it. Left with what lies behind, they stay
    there as its outline when the thing moves on, and whatever is filled in between takes their colour.
    From the silhouette outwards, ring by ring, a pixel joins the thing if its colour lies by at least
    ``MIXED`` of the way from the mean colour behind, clear of the silhouette, to that of the thing's rim.
    Nothing becomes farther.
    """
    highest = float(inverse.max())
    outside = _is_step(_highest(inverse, reach), inverse, highest)
    front = _is_step(inverse, _lowest(inverse, reach), highest) & ~outside
    behind = _is_step(_highest(inverse, 3 * reach), inverse, highest) & ~outside & ~front
    (far, far_there), (near, near_there) = (_mean_around(rgb, part, 3 * reach) for part in (behind, front))
    way = near - far
    length = np.square(way).sum(axis=2)
    share = ((rgb - far) * way).sum(axis=2) / np.maximum(length, 1e-9)
    mixed = outside & far_there & near_there & (length > LEAST_CONTRAST**2) & (share > MIXED)
    claimed = inverse
    for _ in range(reach):
        beside = _highest(claimed, 1)
        joins = mixed & (claimed == inverse) & _is_step(beside, inverse, highest)
        claimed = np.where(joins, beside, claimed)
    return claimed


def _even_rims(inverse: Plane, *, reach: int) -> Float32[np.ndarray, "height width"]:
    """Draw pixels inside silhouettes to the mean of their own surface, first down, then across.

    A step made sharp leaves a ledge along the rim, which would part from its thing in a crack. What is nearer
    or farther by ``EDGE_RATIO`` is another surface and does not count (the sigma filter of Lee, 1983).
    """
    inside = _is_step(inverse, _lowest(inverse, 3 * reach), float(inverse.max()))
    offsets = sorted({round(2 * reach * k / TAPS) for k in range(1, TAPS + 1)})
    even = inverse
    for axis in (0, 1):
        padded = np.pad(even, [(2 * reach, 2 * reach) if side == axis else (0, 0) for side in (0, 1)])
        total, count = even.copy(), np.ones_like(even)
        for offset in [-k for k in offsets] + offsets:
            other = np.take(padded, np.arange(even.shape[axis]) + 2 * reach + offset, axis)
            same = (other < EDGE_RATIO * even) & (even < EDGE_RATIO * other)
            total += np.where(same, other, 0)
            count += same
        even = np.where(inside, total / count, even)
    return even


def _is_step(near: Plane, far: Plane, highest: float) -> Mask:
    """True where a thing stands before what lies behind, and both are not one surface."""
    return np.asarray((near - far > LEAST_STEP * highest) & (near > EDGE_RATIO * far), np.bool_)


def _mean_around(
    rgb: Float[np.ndarray, "height width 3"], part: Mask, reach: int
) -> tuple[Float[np.ndarray, "height width 3"], Mask]:
    """The mean colour of a part of the picture around every pixel, and where there is any of it."""
    size = (2 * reach + 1, 2 * reach + 1)
    weight = cv2.blur(part.astype(np.float32), size, borderType=cv2.BORDER_CONSTANT)
    total = cv2.blur(rgb * part[..., None], size, borderType=cv2.BORDER_CONSTANT)
    # Half of what a single pixel weighs: box sums are rounded.
    there = weight > 0.5 / (size[0] * size[1])
    return total / np.where(there, weight, 1)[..., None], there
