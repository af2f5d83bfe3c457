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

from voyager_lite.core.canvas import (
    SKY_WEIGHT,
    Exemplar,
    Incomplete,
    draw_canvas,
    is_sky,
    mirrored,
    sizes,
    taken_over,
)
from voyager_lite.core.membrane import BLOCKED, HOLE, SOURCE, Material, fill_membrane
from voyager_lite.core.patch_light import at_border, lit
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

TRIES = 16
"""Times the coarsest picture is matched from the start."""

FAR_LEVELS, REACH = 2, 1 / 8
"""The coarsest levels look everywhere, the others at most this share of the width beyond what they have."""

SHARPNESS = 60.0
"""How steeply a patch's vote falls with its difference."""

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

    Depth stays the fill's, and says what may be copied: nothing from in front of a hole into it. But where
    there is sky beyond the rim the patches say, as the fill knows no skyline. Their light joins that of known
    pixels (``patch_light``).

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
    made = lit(*_copied(frame), frame)
    colors = torch.from_numpy(np.ascontiguousarray(made[..., :3])).permute(2, 0, 1).clamp(0, 1)
    sky = torch.from_numpy(is_sky(made))
    return torch.where(known, rgb, colors), torch.where(known, depth, _placed(depth, sky, sky_from))


def _picture(
    rgb: Float[Tensor, "3 h w"], depth: Float[Tensor, "h w"], sky_from: float
) -> tuple[Float32[np.ndarray, "h w 4"], Float32[np.ndarray, "h w"]]:
    """Colours with the flag for sky, and the logarithm of inverse depth."""
    sky = depth >= sky_from
    picture = torch.cat([rgb, SKY_WEIGHT * sky[None].to(rgb)]).permute(1, 2, 0).contiguous().numpy()
    return picture, np.where(sky.numpy(), SKY_DEPTH, -depth.log().numpy())


def _matched(frame: Incomplete) -> tuple[Canvas, Int64[np.ndarray, "h w 2"]]:
    """The canvas in full size, and where each hole pixel's patch comes from.

    Some never found a patch that may be copied: what is around them then speaks for them.
    """
    height, width = frame.known.shape
    coarsest, *finer = sizes(height, width)
    match, error = _begun(frame, coarsest)
    for level, size in enumerate(finer, 1):
        match, error = _refine(match, draw_canvas(frame, size), level=level)
    match[error > DEPTH_WEIGHT] = -1
    canvas = draw_canvas(frame, (height, width))
    return canvas, taken_over(match, canvas)


def _begun(
    frame: Incomplete, size: tuple[int, int]
) -> tuple[Int64[np.ndarray, "h w 2"], Float32[np.ndarray, "h w"]]:
    """Matches in the coarsest picture and their errors: the best of several tries, as where they end depends
    on where chance looks first, and all that follows on where they end."""
    nothing, tries = np.full((1, 1, 2), -1, np.int64), []
    canvas = draw_canvas(frame, size)
    canvas.picture[: size[0], : size[1]] = mirrored(frame, size)
    for chance in range(TRIES):
        painted = canvas._replace(picture=canvas.picture.copy())
        match, error = _refine(nothing, painted, level=0, chance=chance)
        tries.append((float((canvas.certainty * np.minimum(error, DEPTH_WEIGHT)).sum()), match, error))
    _, match, error = min(tries, key=lambda found: found[0])
    return match, error


def _refine(
    match: np.ndarray, canvas: Canvas, *, level: int, chance: int = 0
) -> tuple[Int64[np.ndarray, "h w 2"], Float32[np.ndarray, "h w"]]:
    """The matches of a smaller picture made into those of this one, and their errors; its holes are
    painted on the way."""
    match, columns = taken_over(match, canvas), canvas.certainty.shape[1]
    error = np.zeros(match.shape[:2], np.float32)
    reach = max(canvas.source.shape) if level < FAR_LEVELS else round(columns * REACH)
    for turn in range(ROUNDS[min(level, len(ROUNDS) - 1)]):
        if level or turn:
            _paint(canvas, match, error)
        measure(canvas, match, error)
        search(canvas, match, error, 2, reach, chance * 1000 + level * 100 + turn)
    return match, error


def _paint(canvas: Canvas, match: np.ndarray, error: np.ndarray) -> None:
    """Give the canvas's holes what the matches vote for, in place."""
    shown, answered = vote(canvas, match, error, canvas.holes, RADIUS, SHARPNESS)
    y, x = canvas.holes[answered].T
    canvas.picture[y, x] = shown[answered]


def _copied(
    frame: Incomplete,
) -> tuple[Float32[np.ndarray, "h w 4"], Float32[np.ndarray, "h w 4"]]:
    """The picture with its holes as patches alone show them, without specks of sky; and what the patches at
    the border show beyond it, at the known pixels beside holes: those themselves elsewhere."""
    canvas, match = _matched(frame)
    error = np.zeros(match.shape[:2], np.float32)
    picture, beyond = frame.picture.copy(), frame.picture.copy()
    border = np.argwhere(at_border(frame.known))
    for shown, places, radius in ((picture, canvas.holes, 1), (beyond, border, RADIUS)):
        colors, answered = vote(canvas, match, error, places, radius, 0.0)
        y, x = places[answered].T
        shown[y, x] = colors[answered]
    sky = cv2.medianBlur(is_sky(picture).astype(np.uint8), SKY_GRAIN).astype(np.bool_)
    picture[..., 3] = SKY_WEIGHT * np.where(frame.known, is_sky(frame.picture), sky)
    return picture, beyond


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
