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

MOSTLY, WHOLLY = 0.5, 0.999
"""Share of a cell that must be known for it to count as known: in coarse pictures, and in the finest. Asked
for all of them coarse pictures would be short of whole patches wherever thin things leave small holes."""

LIGHT = 0.025
"""Standard deviation, in widths, of the blur that parts light from what is seen."""

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


def is_sky(picture: Float32[np.ndarray, "h w 4"]) -> Bool[np.ndarray, "h w"]:
    """True where a picture shows sky."""
    return np.asarray(picture[..., 3] > SKY_WEIGHT / 2, np.bool_)


def sizes(height: int, width: int) -> list[tuple[int, int]]:
    """Sizes to look for matches in, from coarse to fine, each half of the next."""
    finest = min(1.0, WORKING_WIDTH / width)
    found = [(round(height * finest), round(width * finest))]
    while found[0][1] >= 2 * COARSEST and found[0][0] >= 8 * RADIUS:
        found.insert(0, ((found[0][0] + 1) // 2, (found[0][1] + 1) // 2))
    return found


def draw_canvas(frame: Incomplete, size: tuple[int, int]) -> Canvas:
    """The picture in a size, and what patches are taken from: itself, or another one, and mirror images."""
    picture, depth = _reduced(frame.picture, size), _reduced_depth(frame.depth, size)
    known = _known(frame.known, size)
    distance, open_ = distance_from(known), beyond_rim(known)
    nearest, source, light = cv2.dilate(depth, PATCH), _whole_patches(known), _light(picture)
    if frame.other is not None:
        below = _other(*frame.other, width=size[1])
        above = picture, light, depth, nearest, np.zeros_like(source)
        picture, light, depth, nearest, source = (
            np.concatenate(parts) for parts in zip(above, below, strict=True)
        )
    return Canvas(
        picture=_beside_mirror_image(picture),
        light=_beside_mirror_image(light),
        depth=_beside_mirror_image(depth),
        nearest=_beside_mirror_image(nearest),
        source=_beside_mirror_image(source),
        trust=np.where(open_, 1 / (1 + (distance / TRUST_REACH) ** 2), 1).astype(np.float32),
        open=open_,
        certainty=np.maximum(np.exp(-distance / CERTAINTY_REACH), LEAST_CERTAINTY).astype(np.float32),
        holes=np.argwhere(~known),
        horizon=_horizon(known & (depth[: size[0]] == SKY_DEPTH)),
    )


def _known(known: Bool[np.ndarray, "h w"], size: tuple[int, int]) -> Bool[np.ndarray, "rows columns"]:
    """True at the cells of a size that count as known."""
    finest = sizes(*known.shape)[-1]
    share = _reduced(known.astype(np.float32), size)
    return np.asarray(share > (MOSTLY if size < finest else WHOLLY), np.bool_)


def _other(
    picture: Float32[np.ndarray, "h w 4"], depth: Float32[np.ndarray, "h w"], *, width: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Picture, light, depth, nearest and source of another picture of which all is known, in a width."""
    size = max(1, round(depth.shape[0] * width / depth.shape[1])), width
    picture, reduced = _reduced(picture, size), _reduced_depth(depth, size)
    source = _whole_patches(np.ones(size, np.bool_))
    return picture, _light(picture), reduced, cv2.dilate(reduced, PATCH), source


def _light(picture: Float32[np.ndarray, "h w 4"]) -> Float32[np.ndarray, "h w 3"]:
    blurred: np.ndarray = cv2.GaussianBlur(picture[..., :3], (0, 0), LIGHT * picture.shape[1])
    return blurred


def _horizon(sky: Bool[np.ndarray, "h w"]) -> int:
    rows = np.nonzero(sky.any(axis=1))[0]
    return int(rows.max()) if len(rows) else len(sky) - 1


def _beside_mirror_image(values: np.ndarray) -> np.ndarray:
    return np.concatenate([values, values[:, ::-1]], axis=1)


def mirrored(frame: Incomplete, size: tuple[int, int]) -> Float32[np.ndarray, "rows columns 4"]:
    """The picture in a size, each hole pixel showing what lies as far on the other side of its nearest
    known one, or that one itself where this is not known: a first guess with all that pictures have."""
    picture = _reduced(frame.picture, size)
    known = _known(frame.known, size)
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


def taken_over(match: Int64[np.ndarray, "h w 2"], canvas: Canvas) -> Int64[np.ndarray, "rows columns 2"]:
    """The matches of a smaller canvas; those that are no sources any more are dropped."""
    rows, columns = canvas.certainty.shape
    size, smaller = np.array([rows, columns]), np.array(match.shape[:2])
    place = np.moveaxis(np.indices((rows, columns)), 0, -1)
    corner = place * smaller // size
    coarse = match[corner[..., 0], corner[..., 1]]
    missing, outside_picture = coarse[..., 0] < 0, coarse >= smaller
    shift = coarse - corner - outside_picture * smaller
    moved = np.floor(shift * (size / smaller) + 0.5).astype(np.int64) + place + outside_picture * size
    inside = ((moved >= 0) & (moved < canvas.source.shape)).all(axis=-1)
    v, u = np.moveaxis(np.where(inside[..., None], moved, 0), -1, 0)
    moved[missing | ~inside | ~canvas.source[v, u]] = -1
    taken = np.full((rows, columns, 2), -1, np.int64)
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


def beyond_rim(known: Bool[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    """True at holes with known pixels on one side at most in their row."""
    left = np.logical_or.accumulate(known, axis=1)
    right = np.logical_or.accumulate(known[:, ::-1], axis=1)[:, ::-1]
    return np.asarray(~known & ~(left & right), np.bool_)


def distance_from(known: Bool[np.ndarray, "h w"]) -> Float32[np.ndarray, "h w"]:
    """Distance of each pixel from known ones, in widths, at most 1."""
    distance = cv2.distanceTransform((~known).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    return np.minimum(distance / np.float32(known.shape[1]), np.float32(1))


def _whole_patches(known: Bool[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    """True where all of a patch is known."""
    eroded = cv2.erode(known.astype(np.uint8), PATCH, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return np.asarray(eroded, np.bool_)
