"""Texture for smooth fills: patches of the picture's own background, put where the fill resembles them.

Wexler et al. 2007 (space-time completion) with PatchMatch: from coarse to fine, every hole pixel looks for
the known patch most like its surroundings, and all patches that cover a pixel vote on its colour. The fill
guides both: its colour says which patches fit, its depth which are background of about the same distance.
"""

import cv2
import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from voyager_lite.core.patch_match import NO_MATCH, RADIUS, Canvas, measure, search, vote

WORKING_WIDTH = 480
"""Matches are looked for in pictures up to this wide; wider ones take them over."""

COARSEST = 48
"""The coarsest picture is about this wide."""

ROUNDS = (5, 3, 2)
"""Rounds of matching and voting in the coarsest picture, the next, and every finer one."""

TRUST_REACH = 0.12
"""Distance from known pixels, in widths, at which the fill is worth half as much as beside them."""

SHARPNESS = 80.0
FINAL_RADIUS = 1

FINE = 0.017
"""Texture is what is finer than this share of the width: coarser than that is the fill's to say."""

FADE_REACH = 0.2
"""Distance from known pixels, in widths, at which texture has half its strength: what the far parts of
wide holes look like nobody knows, and patches repeated there show as creases."""


def add_texture(
    rgb: Float[Tensor, "3 height width"],
    depth: Float[Tensor, "height width"],
    *,
    known: Bool[Tensor, "height width"],
) -> Float[Tensor, "3 height width"]:
    """Give the unknown pixels of a complete frame the fine texture of its known background.

    Only what is finer than ``FINE`` is added, less the farther from known pixels. So light and colour
    stay the fill's, and what is wrongly guessed costs little.

    Args:
        rgb: Complete, RGB in [0, 1]; smooth where not ``known``.
        depth: Complete, along the axis, > 0.
        known: True where pixels are given; they come back unchanged.

    Returns:
        The frame; a hole pixel to which nothing fits keeps its smooth colour. The same input gives the
        same bytes.
    """
    if bool(known.all()) or not bool(known.any()):
        return rgb
    full = rgb.permute(1, 2, 0).contiguous().numpy()
    inverse, mask = (1 / depth).numpy(), known.numpy()
    match = np.full((1, 1, 2), -1, np.int64)
    for level, size in enumerate(_sizes(*mask.shape)):
        canvas = _canvas(full, inverse, mask, size)
        match = _refine(match, canvas, level=level)
    canvas = _canvas(full, inverse, mask, mask.shape)
    match, error = _taken_over(match, canvas)
    vote(canvas, match, error, FINAL_RADIUS, SHARPNESS)
    textured = full + _fine(canvas.rgb - full, ~mask)
    return torch.where(known, rgb, torch.from_numpy(textured).permute(2, 0, 1).clamp(0, 1))


def _fine(added: np.ndarray, holes: np.ndarray) -> np.ndarray:
    """What is fine in what was added to the holes, faded with the distance from known pixels."""
    width = holes.shape[1]
    inside = holes.astype(np.float32)

    def blurred(values: np.ndarray) -> np.ndarray:
        return cv2.GaussianBlur(values, (0, 0), FINE * width)

    share = np.maximum(blurred(inside), np.float32(1e-3))[..., None]
    coarse = blurred(added * inside[..., None]) / share
    distance = cv2.distanceTransform(holes.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    strength = inside / (1 + (distance / np.float32(FADE_REACH * width)) ** 2)
    return (added - coarse) * strength[..., None]


def _refine(match: np.ndarray, canvas: Canvas, *, level: int) -> np.ndarray:
    """The matches of a smaller picture made into those of this one; its holes are painted on the way."""
    match, error = _taken_over(match, canvas)
    vote(canvas, match, error, RADIUS, SHARPNESS)
    reach = max(canvas.source.shape) if level == 0 else RADIUS
    for turn in range(ROUNDS[min(level, len(ROUNDS) - 1)]):
        measure(canvas, match, error)
        search(canvas, match, error, 2, reach, level * 100 + turn)
        vote(canvas, match, error, RADIUS, SHARPNESS)
    return match


def _sizes(height: int, width: int) -> list[tuple[int, int]]:
    """Sizes from coarse to fine, each half of the next."""
    finest = min(1.0, WORKING_WIDTH / width)
    size = round(height * finest), round(width * finest)
    sizes = [size]
    while sizes[0][1] >= 2 * COARSEST and sizes[0][0] >= 8 * RADIUS:
        sizes.insert(0, ((sizes[0][0] + 1) // 2, (sizes[0][1] + 1) // 2))
    return sizes


def _canvas(rgb: np.ndarray, inverse: np.ndarray, known: np.ndarray, size: tuple[int, int]) -> Canvas:
    def reduced(values: np.ndarray) -> np.ndarray:
        return cv2.resize(values, (size[1], size[0]), interpolation=cv2.INTER_AREA)

    small, small_inverse = reduced(rgb), reduced(inverse)
    small_known = reduced(known.astype(np.float32)) > 0.999
    patch = np.ones((2 * RADIUS + 1, 2 * RADIUS + 1), np.uint8)
    source = cv2.erode(small_known.astype(np.uint8), patch, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    distance = cv2.distanceTransform((~small_known).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    return Canvas(
        rgb=small.copy(),
        guide=small,
        trust=1 / (1 + (distance / np.float32(TRUST_REACH * size[1])) ** 2),
        mean=cv2.blur(small, patch.shape),
        inverse_depth=small_inverse,
        nearest=cv2.dilate(small_inverse, patch),
        source=source.astype(bool),
        holes=np.argwhere(~small_known),
    )


def _taken_over(match: np.ndarray, canvas: Canvas) -> tuple[np.ndarray, np.ndarray]:
    """The matches of a smaller picture, for a larger one; those that no longer fit are dropped."""
    height, width = canvas.source.shape
    rows, columns = match.shape[:2]
    y, x = np.arange(height) * rows // height, np.arange(width) * columns // width
    coarse = match[y[:, None], x[None, :]]
    scale = np.array([height / rows, width / columns])
    corner = np.stack(np.meshgrid(y, x, indexing="ij"), axis=-1)
    place = np.stack(np.meshgrid(np.arange(height), np.arange(width), indexing="ij"), axis=-1)
    moved = np.floor((coarse - corner) * scale + 0.5).astype(np.int64) + place
    taken = np.where(coarse[..., :1] < 0, -1, moved)
    hole = np.zeros((height, width), bool)
    hole[canvas.holes[:, 0], canvas.holes[:, 1]] = True
    taken[~hole] = -1
    error = np.full((height, width), NO_MATCH, np.float32)
    measure(canvas, taken, error)
    return taken, error
