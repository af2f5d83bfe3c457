"""One size of a picture that is being completed, and matches carried from one size to the next."""

from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Bool, Float, Float32, Int64
from torch import Tensor

from voyager_lite.core.patch_match import RADIUS, SKY_DEPTH, Canvas

WORKING_WIDTH = 480
"""Matches are looked for in pictures up to this wide; wider ones take them over."""

COARSEST = 32
"""The coarsest picture is about this wide: a patch of it holds a house with some sky above."""

TRUST_REACH = 0.12
"""Distance from known pixels, in widths, at which the filled depth beyond the rim is worth half as much as
beside them. Within a disocclusion, known on both sides, it is worth as much everywhere."""

CERTAINTY_REACH = 0.05
"""Distance from known pixels, in widths, over which certainty falls by e: what is near them is settled first,
and what lies behind follows it."""

LEAST_CERTAINTY = 1e-4

SKY_WEIGHT = 0.5
"""Sky against matter, beside the difference between black and white."""

PATCH = np.ones((2 * RADIUS + 1, 2 * RADIUS + 1), np.uint8)


class Exemplar(NamedTuple):
    """A picture to take from.

    Attributes:
        rgb: RGB in [0, 1].
        depth: Along the axis, > 0.
    """

    rgb: Float[Tensor, "3 rows columns"]
    depth: Float[Tensor, "rows columns"]


class Incomplete(NamedTuple):
    """A picture with holes, in full size.

    Attributes:
        picture: RGB, and ``SKY_WEIGHT`` where it shows sky; a first guess in the holes.
        depth: Logarithm of inverse depth, ``SKY_DEPTH`` for sky; likewise.
        known: True where a pixel is given.
        other: Picture and depth of what patches are taken from, if it is not the known pixels.
    """

    picture: Float32[np.ndarray, "h w 4"]
    depth: Float32[np.ndarray, "h w"]
    known: Bool[np.ndarray, "h w"]
    other: tuple[np.ndarray, np.ndarray] | None


def sizes(height: int, width: int) -> list[tuple[int, int]]:
    """Sizes to look for matches in, from coarse to fine, each half of the next."""
    finest = min(1.0, WORKING_WIDTH / width)
    found = [(round(height * finest), round(width * finest))]
    while found[0][1] >= 2 * COARSEST and found[0][0] >= 8 * RADIUS:
        found.insert(0, ((found[0][0] + 1) // 2, (found[0][1] + 1) // 2))
    return found


def draw_canvas(frame: Incomplete, size: tuple[int, int]) -> Canvas:
    """The picture in a size; what patches are taken from lies below it, as wide, if it is another one."""
    picture, depth = _reduced(frame.picture, size), _reduced_depth(frame.depth, size)
    known = _reduced(frame.known.astype(np.float32), size) > 0.999
    distance = cv2.distanceTransform((~known).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    distance = np.minimum(distance / size[1], 1.0)
    open_ = ~known & ~_between(known)
    canvas = Canvas(
        picture=picture,
        depth=depth,
        nearest=cv2.dilate(depth, PATCH),
        trust=np.where(open_, 1 / (1 + (distance / TRUST_REACH) ** 2), 1).astype(np.float32),
        open=open_,
        certainty=np.maximum(np.exp(-distance / CERTAINTY_REACH), LEAST_CERTAINTY).astype(np.float32),
        source=_whole_patches(known),
        holes=np.argwhere(~known),
        rows=size[0],
    )
    if frame.other is None:
        return canvas
    rows = max(1, round(frame.other[1].shape[0] * size[1] / frame.other[1].shape[1]))
    below = _reduced(frame.other[0], (rows, size[1]))
    its_depth = _reduced_depth(frame.other[1], (rows, size[1]))
    return canvas._replace(
        picture=np.concatenate([picture, below]),
        depth=np.concatenate([depth, its_depth]),
        nearest=np.concatenate([canvas.nearest, cv2.dilate(its_depth, PATCH)]),
        source=np.concatenate([np.zeros_like(known), _whole_patches(np.ones(its_depth.shape, np.bool_))]),
    )


def mirrored(frame: Incomplete, size: tuple[int, int]) -> Float32[np.ndarray, "rows columns 4"]:
    """The picture in a size, each hole pixel showing what lies as far on the other side of its nearest
    known one, or that one itself where this is not known: a first guess with all that pictures have."""
    picture = _reduced(frame.picture, size)
    known = _reduced(frame.known.astype(np.float32), size) > 0.999
    if not known.any():
        return picture
    _, label = cv2.distanceTransformWithLabels(
        (~known).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    place = np.zeros((int(label.max()) + 1, 2), np.int64)
    place[label[known]] = np.argwhere(known)
    here, nearest = np.argwhere(~known), place[label[~known]]
    across = (2 * nearest - here).clip(0, np.array(size) - 1)
    usable = known[across[:, 0], across[:, 1]]
    chosen = np.where(usable[:, None], across, nearest)
    picture[~known] = picture[chosen[:, 0], chosen[:, 1]]
    return picture


def taken_over(
    match: Int64[np.ndarray, "h w 2"], canvas: Canvas, *, rows: int
) -> Int64[np.ndarray, "rows columns 2"]:
    """The matches of a smaller canvas, of whose height the picture was ``rows``; those that are no
    sources any more are dropped."""
    height, width = canvas.source.shape
    y, x = np.arange(canvas.rows) * rows // canvas.rows, np.arange(width) * match.shape[1] // width
    coarse = match[y[:, None], x[None, :]]
    missing, below = coarse[..., 0] < 0, coarse[..., 0] >= rows
    scale = np.array([canvas.rows / rows, width / match.shape[1]])
    corner = np.stack(np.meshgrid(y, x, indexing="ij"), axis=-1)
    place = np.stack(np.meshgrid(np.arange(canvas.rows), np.arange(width), indexing="ij"), axis=-1)
    shift = coarse - corner
    shift[..., 0] -= below * rows
    moved = np.floor(shift * scale + 0.5).astype(np.int64) + place
    moved[..., 0] += below * canvas.rows
    v, u = np.moveaxis(moved, -1, 0)
    outside = (v < 0) | (v >= height) | (u < 0) | (u >= width)
    moved[missing | outside | ~canvas.source[v.clip(0, height - 1), u.clip(0, width - 1)]] = -1
    taken = np.full((height, width, 2), -1, np.int64)
    taken[canvas.holes[:, 0], canvas.holes[:, 1]] = moved[canvas.holes[:, 0], canvas.holes[:, 1]]
    return taken


def _reduced(values: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    reduced: np.ndarray = cv2.resize(values, (size[1], size[0]), interpolation=cv2.INTER_AREA)
    return reduced


def _reduced_depth(
    depth: Float32[np.ndarray, "h w"], size: tuple[int, int]
) -> Float32[np.ndarray, "rows columns"]:
    """The mean over what is matter; sky where most is sky."""
    matter = (depth > SKY_DEPTH).astype(np.float32)
    share = _reduced(matter, size)
    mean = _reduced(depth * matter, size) / np.maximum(share, np.float32(1e-6))
    return np.where(share < 0.5, SKY_DEPTH, mean)


def _between(known: Bool[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    """True at pixels with known ones on both sides in their row."""
    left = np.logical_or.accumulate(known, axis=1)
    return left & np.logical_or.accumulate(known[:, ::-1], axis=1)[:, ::-1]


def _whole_patches(known: Bool[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    """True where all of a patch is known."""
    eroded = cv2.erode(known.astype(np.uint8), PATCH, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return np.asarray(eroded, np.bool_)
