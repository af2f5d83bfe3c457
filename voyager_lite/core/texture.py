"""Texture for smooth fills: patches of the picture's own background, put where the fill resembles them.

Wexler et al. 2007 (space-time completion) with PatchMatch: from coarse to fine, every hole pixel looks for
the known patch most like its surroundings, and all patches that cover a pixel vote on its colour. The fill
guides both: its colour says which patches fit, its depth which are background of about the same distance.
"""

import cv2
import numpy as np
import torch
from jaxtyping import Bool, Float, Float32
from torch import Tensor

from voyager_lite.core.bands import FINE, blurred_within, looks_alike, split, strengths
from voyager_lite.core.canvas import Exemplar, Textured, draw_canvas, sizes, taken_over
from voyager_lite.core.membrane import HOLE, SOURCE, fill_membrane
from voyager_lite.core.patch_match import RADIUS, Canvas, measure, search, vote

ROUNDS = (5, 3, 2)
"""Rounds of matching and voting in the coarsest picture, the next, and every finer one."""

SHARPNESS = 80.0
FINAL_RADIUS = 1

FADE_REACH = 0.2
"""Distance from known pixels, in widths, at which texture has half its strength: what the far parts of
wide holes look like nobody knows, and patches repeated there show as creases."""

MOST_GAIN = 1.5
"""By which the mean of several patches, weaker than each, is made stronger or weaker at most."""


def add_texture(
    rgb: Float[Tensor, "3 height width"],
    depth: Float[Tensor, "height width"],
    *,
    known: Bool[Tensor, "height width"],
    exemplar: Exemplar | None = None,
) -> Float[Tensor, "3 height width"]:
    """Give the unknown pixels of a complete frame the texture of its known background.

    Of most pictures only what is fine (``FINE``) is taken, less the farther from known pixels. So light
    and colour stay the fill's, and what is wrongly guessed costs little. A surface that looks alike all
    over, as gravel or grass, goes on with its whole texture, as strong as it is: any piece of it is right.

    Args:
        rgb: Complete, RGB in [0, 1]; smooth where not ``known``.
        depth: Complete, along the axis, > 0.
        known: True where pixels are given; they come back unchanged.
        exemplar: The photograph, from which alone patches are then taken: known pixels that were made
            before have lost a little, and each time they are copied they lose more.

    Returns:
        The frame; a hole pixel to which nothing fits keeps its smooth colour. The same input gives the
        same bytes.
    """
    if bool(known.all()) or not bool(known.any()):
        return rgb
    frame = Textured(
        rgb=rgb.permute(1, 2, 0).contiguous().numpy(),
        inverse_depth=(1 / depth).numpy(),
        known=known.numpy(),
        exemplar=exemplar,
    )
    canvas, match = _matched(frame)
    added = canvas.rgb[: canvas.rows] - frame.rgb
    textured = torch.from_numpy(frame.rgb + _texture(added, frame, canvas, match))
    return torch.where(known, rgb, textured.permute(2, 0, 1).clamp(0, 1))


def _matched(frame: Textured) -> tuple[Canvas, np.ndarray]:
    """The picture in full size with its holes painted, and where each of their pixels comes from."""
    match, rows = np.full((1, 1, 2), -1, np.int64), 1
    for level, size in enumerate(sizes(*frame.known.shape)):
        canvas = draw_canvas(frame, size)
        match, rows = _refine(match, canvas, level=level, rows=rows), canvas.rows
    canvas = draw_canvas(frame, (frame.known.shape[0], frame.known.shape[1]))
    match, error = taken_over(match, canvas, rows=rows)
    vote(canvas, match, error, FINAL_RADIUS, SHARPNESS)
    return canvas, match


def _refine(match: np.ndarray, canvas: Canvas, *, level: int, rows: int) -> np.ndarray:
    """The matches of a smaller picture made into those of this one; its holes are painted on the way."""
    match, error = taken_over(match, canvas, rows=rows)
    vote(canvas, match, error, RADIUS, SHARPNESS)
    reach = max(canvas.source.shape) if level == 0 else RADIUS
    for turn in range(ROUNDS[min(level, len(ROUNDS) - 1)]):
        measure(canvas, match, error)
        search(canvas, match, error, 2, reach, level * 100 + turn)
        vote(canvas, match, error, RADIUS, SHARPNESS)
    return match


def _texture(
    added: Float32[np.ndarray, "h w 3"], frame: Textured, canvas: Canvas, match: np.ndarray
) -> Float32[np.ndarray, "h w 3"]:
    """What is taken of that which the patches add to the holes."""
    holes, width = ~frame.known, frame.known.shape[1]
    inside = holes.astype(np.float32)
    distance = cv2.distanceTransform(holes.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    fade = 1 / (1 + (distance / np.float32(FADE_REACH * width)) ** 2)
    fine = (added - blurred_within(added, inside, FINE * width)) * fade[..., None]
    alike, wanted = _goes_on(frame, canvas, match)
    share = inside * alike
    if not share.any():
        return inside[..., None] * fine
    bands = split(added, inside)
    gains = [
        np.clip(w / max(f, 1e-3), 1 / MOST_GAIN, MOST_GAIN)
        for w, f in zip(wanted, strengths(bands, share), strict=True)
    ]
    whole = sum(np.float32(gain) * band for gain, band in zip(gains, bands, strict=True))
    return inside[..., None] * (fine + alike[..., None] * (whole - fine))


def _goes_on(
    frame: Textured, canvas: Canvas, match: np.ndarray
) -> tuple[Float32[np.ndarray, "h w"], list[float]]:
    """Where a surface that looks alike all over goes on, 0 to 1, and how strong its bands are, if it does.

    Both what is known around a hole pixel and the place its patch comes from must look alike.
    """
    rows, width = frame.known.shape
    known = frame.known.astype(np.float32)
    here = looks_alike(frame.rgb, known)
    around = here[..., None].copy()
    fill_membrane(around, np.where(frame.known, np.uint8(SOURCE), np.uint8(HOLE)))
    source, inside, alike = frame.rgb, known, here
    holes = (~frame.known).astype(np.float32)
    if frame.exemplar is not None:
        source = canvas.rgb[rows:]
        inside = np.ones(source.shape[:2], np.float32)
        alike, match = looks_alike(source, inside), match - np.array([rows, 0])
    v, u = np.moveaxis(match[:rows], -1, 0)
    there = np.where(v < 0, np.float32(0), alike[v.clip(0), u.clip(0)])
    goes_on = blurred_within(there * np.clip(2 * around[..., 0] - 1, 0, 1), holes, FINE * width)
    if not goes_on.any():
        return goes_on, []
    return goes_on, strengths(split(source, inside), alike * inside)
