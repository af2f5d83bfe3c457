"""Completing holes with patches of what is known.

Wexler et al. 2007 (space-time completion) with PatchMatch: from coarse to fine, every hole pixel looks for
the known patch most like its surroundings, and all patches that cover a pixel vote on its colour, and on
whether it is sky. So skylines, horizons, shelves and rows of things go on as they are.
"""

import math

import cv2
import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, Int64
from torch import Tensor

from voyager_lite.core.blur import blurred_within
from voyager_lite.core.canvas import (
    SKY_WEIGHT,
    Exemplar,
    Incomplete,
    draw_canvas,
    mirrored,
    sizes,
    taken_over,
)
from voyager_lite.core.membrane import BLOCKED, HOLE, SOURCE, Material, fill_membrane
from voyager_lite.core.patch_match import (
    DEPTH_WEIGHT,
    RADIUS,
    SKY_DEPTH,
    Canvas,
    measure,
    search,
    vote,
)

ROUNDS = (12, 6, 4, 2)
"""Rounds of matching and voting in the coarsest picture, the next two, and every finer one."""

FAR_LEVELS, REACH = 2, 1 / 8
"""The coarsest levels look everywhere, the others at most this share of the width beyond what they have."""

SHARPNESS = 60.0
"""How steeply a patch's vote falls with its difference."""

LIGHT = 0.025
"""Standard deviation, in widths, of the blur that parts light from what is seen: light is the fill's."""

HUE, SHADE = 0.15, 0.8
"""How far from grey, and how great as grey, a change of light is (length in RGB) at which patches give way
to the fill by 1 - 1/e. Light makes brighter or darker; what needs another hue shows something else than is
there."""

NARROW, WIDE = 0.02, 0.07
"""Distance from known pixels, in widths, that a narrow hole stays within and a wide one reaches."""

IN_NARROW, IN_WIDE = 0.015, 0.005
"""Distance from known pixels, in widths, over which patches set in: what is close to known pixels on both
sides the fill knows better."""

SKY_GRAIN = 5
"""Pixels across a window over whose majority specks of sky are cleared."""

UPRIGHT = Material(down=4.0)
"""What stands before the sky is as far away as what is below it, rather than beside it."""

NEARER_THAN_SKY = 0.9
"""Depth of the farthest matter over that from which on there is sky."""


def complete_by_patches(
    rgb: Float[Tensor, "3 height width"],
    depth: Float[Tensor, "height width"],
    *,
    known: Bool[Tensor, "height width"],
    sky_from: float = math.inf,
    exemplar: Exemplar | None = None,
) -> tuple[Float[Tensor, "3 height width"], Float[Tensor, "height width"]]:
    """Put patches of the known picture where a smooth fill has nothing to show.

    Light stays the fill's, and so do colours beside known pixels, and depth, which says as well what may
    be copied: nothing from in front of a hole into it. But where there is sky beyond the rim the patches
    say, as the fill knows no skyline.

    Args:
        rgb: Complete, RGB in [0, 1]; smooth where not ``known``.
        depth: Complete, along the axis, > 0.
        known: True where pixels are given; they come back unchanged.
        sky_from: Depth from which on a pixel shows sky.
        exemplar: The photograph, from which alone patches are then taken: known pixels that were made
            before are copies, and copies of copies wear out.

    Returns:
        RGB and depth; a hole pixel without any match keeps what it has. The same input gives the same bytes.
    """
    if bool(known.all()) or not bool(known.any()):
        return rgb, depth
    picture, inverse = _picture(rgb, depth, sky_from)
    other = None if exemplar is None else _picture(*exemplar, sky_from)
    frame = Incomplete(picture=picture, depth=inverse, known=known.numpy(), other=other)
    made = _lit(_copied(frame), frame)
    colors = torch.from_numpy(np.ascontiguousarray(made[..., :3])).permute(2, 0, 1).clamp(0, 1)
    sky = torch.from_numpy(_is_sky(made))
    return torch.where(known, rgb, colors), torch.where(known, depth, _placed(depth, sky, sky_from))


def _picture(
    rgb: Float[Tensor, "3 h w"], depth: Float[Tensor, "h w"], sky_from: float
) -> tuple[Float32[np.ndarray, "h w 4"], Float32[np.ndarray, "h w"]]:
    """Colours with the flag for sky, and the logarithm of inverse depth."""
    sky = depth >= sky_from
    picture = torch.cat([rgb, SKY_WEIGHT * sky[None].to(rgb)]).permute(1, 2, 0).contiguous().numpy()
    return picture, np.where(sky.numpy(), SKY_DEPTH, -depth.log().numpy())


def _is_sky(picture: Float32[np.ndarray, "h w 4"]) -> Bool[np.ndarray, "h w"]:
    return np.asarray(picture[..., 3] > SKY_WEIGHT / 2, np.bool_)


def _matched(frame: Incomplete) -> tuple[Canvas, Int64[np.ndarray, "h w 2"]]:
    """The canvas in full size, and where each hole pixel's patch comes from.

    Some never found a patch that may be copied: what is around them then speaks for them.
    """
    match, rows = np.full((1, 1, 2), -1, np.int64), 1
    for level, size in enumerate(sizes(*frame.known.shape)):
        canvas = draw_canvas(frame, size)
        if level == 0:
            canvas.picture[: canvas.rows] = mirrored(frame, size)
        (match, error), rows = _refine(match, canvas, level=level, rows=rows), canvas.rows
    match[error > DEPTH_WEIGHT] = -1
    canvas = draw_canvas(frame, (frame.known.shape[0], frame.known.shape[1]))
    return canvas, taken_over(match, canvas, rows=rows)


def _refine(
    match: np.ndarray, canvas: Canvas, *, level: int, rows: int
) -> tuple[Int64[np.ndarray, "h w 2"], Float32[np.ndarray, "h w"]]:
    """The matches of a smaller picture made into those of this one, and their errors; its holes are
    painted on the way."""
    match = taken_over(match, canvas, rows=rows)
    error = np.zeros(match.shape[:2], np.float32)
    height, width = canvas.source.shape
    reach = max(height, width) if level < FAR_LEVELS else round(width * REACH)
    for turn in range(ROUNDS[min(level, len(ROUNDS) - 1)]):
        if level or turn:
            _paint(canvas, match, error)
        measure(canvas, match, error)
        search(canvas, match, error, 2, reach, level * 100 + turn)
    return match, error


def _paint(canvas: Canvas, match: np.ndarray, error: np.ndarray) -> None:
    """Give the canvas's holes what the matches vote for, in place."""
    shown, answered = vote(canvas, match, error, canvas.holes, RADIUS, SHARPNESS)
    y, x = canvas.holes[answered].T
    canvas.picture[y, x] = shown[answered]


def _copied(frame: Incomplete) -> Float32[np.ndarray, "h w 4"]:
    """The picture with its holes as patches alone show them; without specks of sky."""
    canvas, match = _matched(frame)
    holes = np.argwhere(~frame.known)
    shown, answered = vote(canvas, match, np.zeros(match.shape[:2], np.float32), holes, 1, 0.0)
    picture = frame.picture.copy()
    y, x = holes[answered].T
    picture[y, x] = shown[answered]
    sky = cv2.medianBlur(_is_sky(picture).astype(np.uint8), SKY_GRAIN).astype(np.bool_)
    picture[..., 3] = SKY_WEIGHT * np.where(frame.known, _is_sky(frame.picture), sky)
    return picture


def _lit(made: Float32[np.ndarray, "h w 4"], frame: Incomplete) -> Float32[np.ndarray, "h w 4"]:
    """The holes in the light of the fill: sky in that of filled sky, matter in that of matter.

    Where that takes much of another light, above all another hue, the fill itself shows.
    """
    lit, sky, was_sky = made.copy(), _is_sky(made), _is_sky(frame.picture)
    width, missing = made.shape[1], frame.picture[..., :3] - made[..., :3]
    for kind in (True, False):
        holes = ~frame.known & (sky == kind)
        alike = (holes & (was_sky == kind)).astype(np.float32)
        if alike.any():
            lit[holes, :3] += blurred_within(missing, alike, LIGHT * width)[holes]
    filled = np.maximum(_filled(frame.known), _doubted((lit - made)[..., :3]))
    filled *= (~frame.known & (sky == was_sky))[..., None]
    lit[..., :3] += filled * (frame.picture - lit)[..., :3]
    return lit


def _doubted(change: Float32[np.ndarray, "h w 3"]) -> Float32[np.ndarray, "h w 1"]:
    """How much of the fill shows where patches need a change of light."""
    grey = change.mean(axis=2, keepdims=True)
    hue = np.square(change - grey).sum(axis=2, keepdims=True)
    shown: Float32[np.ndarray, "h w 1"] = 1 - np.exp(-hue / HUE**2 - 3 * np.square(grey) / SHADE**2)
    return shown


def _filled(known: Bool[np.ndarray, "h w"]) -> Float32[np.ndarray, "h w 1"]:
    """How much of the fill each hole pixel keeps: all beside known pixels, nothing far from them."""
    width = known.shape[1]
    distance = cv2.distanceTransform((~known).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    distance = np.minimum(distance / width, np.float32(1))
    reach = 2 * max(1, round(WIDE * width)) + 1
    farthest = cv2.dilate(distance, np.ones((reach, reach), np.uint8))
    wide = ((farthest - NARROW) / (WIDE - NARROW)).clip(0, 1)
    wide = cv2.GaussianBlur(wide, (0, 0), max(1.0, NARROW / 2 * width))
    kept: Float32[np.ndarray, "h w"] = np.exp(-((distance / (IN_NARROW + (IN_WIDE - IN_NARROW) * wide)) ** 2))
    return kept[..., None]


def _placed(depth: Float[Tensor, "h w"], sky: Bool[Tensor, "h w"], sky_from: float) -> Float[Tensor, "h w"]:
    """Depth where there is sky now, and where there is none any more."""
    was_sky = depth >= sky_from
    rises = was_sky & ~sky
    placed = torch.where(sky & ~was_sky, 2 * sky_from, depth)
    if not bool(rises.any()) or bool(was_sky.all()):
        return placed
    inverse = (1 / depth)[..., None].contiguous().numpy()
    state = np.where(rises.numpy(), HOLE, np.where(was_sky.numpy(), BLOCKED, SOURCE)).astype(np.uint8)
    fill_membrane(inverse, state, material=UPRIGHT)
    risen = (1 / torch.from_numpy(inverse[..., 0])).clamp(max=NEARER_THAN_SKY * sky_from)
    return torch.where(rises, risen, placed)
