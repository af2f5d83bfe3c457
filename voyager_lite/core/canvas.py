"""One size of a picture that is being textured, and matches carried from one size to the next."""

from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Bool, Float, Float32, Int64
from torch import Tensor

from voyager_lite.core.patch_match import NO_MATCH, RADIUS, Canvas, measure

WORKING_WIDTH = 480
"""Matches are looked for in pictures up to this wide; wider ones take them over."""

COARSEST = 48
"""The coarsest picture is about this wide."""

TRUST_REACH = 0.12
"""Distance from known pixels, in widths, at which the fill is worth half as much as beside them."""

PATCH = np.ones((2 * RADIUS + 1, 2 * RADIUS + 1), np.uint8)


class Exemplar(NamedTuple):
    """A picture to take texture from.

    Attributes:
        rgb: RGB in [0, 1].
        depth: Along the axis, > 0; None where it is not known, so that what is in front cannot be told.
    """

    rgb: Float[Tensor, "3 rows columns"]
    depth: Float[Tensor, "rows columns"] | None


class Textured(NamedTuple):
    """What is to be textured, in full size.

    Attributes:
        rgb: Complete; smooth where not ``known``.
        inverse_depth: Complete.
        known: True where a pixel is given.
        exemplar: What patches are taken from, if it is not the known pixels.
    """

    rgb: Float32[np.ndarray, "h w 3"]
    inverse_depth: Float32[np.ndarray, "h w"]
    known: Bool[np.ndarray, "h w"]
    exemplar: Exemplar | None


def sizes(height: int, width: int) -> list[tuple[int, int]]:
    """Sizes to look for matches in, from coarse to fine, each half of the next."""
    finest = min(1.0, WORKING_WIDTH / width)
    found = [(round(height * finest), round(width * finest))]
    while found[0][1] >= 2 * COARSEST and found[0][0] >= 8 * RADIUS:
        found.insert(0, ((found[0][0] + 1) // 2, (found[0][1] + 1) // 2))
    return found


def draw_canvas(frame: Textured, size: tuple[int, int]) -> Canvas:
    """The picture in a size; the exemplar lies below it, as wide."""
    small, inverse = _reduced(frame.rgb, size), _reduced(frame.inverse_depth, size)
    known = _reduced(frame.known.astype(np.float32), size) > 0.999
    distance = cv2.distanceTransform((~known).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    whole = Canvas(
        rgb=small,
        guide=small,
        trust=1 / (1 + (distance / np.float32(TRUST_REACH * size[1])) ** 2),
        mean=cv2.blur(small, PATCH.shape),
        inverse_depth=inverse,
        nearest=cv2.dilate(inverse, PATCH),
        source=_whole_patches(known),
        holes=np.argwhere(~known),
        rows=size[0],
    )
    if frame.exemplar is None:
        return whole._replace(rgb=small.copy())
    other, other_inverse = _below(frame.exemplar, size[1])
    return whole._replace(
        rgb=np.concatenate([small, other]),
        guide=np.concatenate([small, other]),
        trust=np.concatenate([whole.trust, np.zeros_like(other_inverse)]),
        mean=np.concatenate([whole.mean, cv2.blur(other, PATCH.shape)]),
        inverse_depth=np.concatenate([inverse, other_inverse]),
        nearest=np.concatenate([whole.nearest, cv2.dilate(other_inverse, PATCH)]),
        source=np.concatenate([np.zeros_like(known), _whole_patches(np.ones(other.shape[:2], np.bool_))]),
    )


def _below(exemplar: Exemplar, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Colours and inverse depth (nan if not known) of the exemplar, in a width."""
    rgb = exemplar.rgb.permute(1, 2, 0).contiguous().numpy()
    size = max(1, round(rgb.shape[0] * width / rgb.shape[1])), width
    if exemplar.depth is None:
        return _reduced(rgb, size), np.full(size, np.nan, np.float32)
    return _reduced(rgb, size), _reduced((1 / exemplar.depth).numpy(), size)


def taken_over(
    match: Int64[np.ndarray, "h w 2"], canvas: Canvas, *, rows: int
) -> tuple[Int64[np.ndarray, "rows columns 2"], Float32[np.ndarray, "rows columns"]]:
    """The matches of a smaller canvas, of whose height the picture was ``rows``, and their errors.

    Those that no longer fit are dropped.
    """
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
    moved[missing] = -1
    taken = np.full((height, width, 2), -1, np.int64)
    taken[canvas.holes[:, 0], canvas.holes[:, 1]] = moved[canvas.holes[:, 0], canvas.holes[:, 1]]
    error = np.full((height, width), NO_MATCH, np.float32)
    measure(canvas, taken, error)
    return taken, error


def _reduced(values: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    reduced: np.ndarray = cv2.resize(values, (size[1], size[0]), interpolation=cv2.INTER_AREA)
    return reduced


def _whole_patches(known: Bool[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    """True where all of a patch is known."""
    eroded = cv2.erode(known.astype(np.uint8), PATCH, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return np.asarray(eroded, np.bool_)
