"""Filling holes from the background: what a disocclusion shows lay behind, so its far side tells most."""

import math
from typing import no_type_check

import cv2
import numpy as np
import torch
from jaxtyping import Bool, Float
from numba import njit
from torch import Tensor

from geometry.checks import require_shape
from voyager_lite.core.membrane import BLOCKED, HOLE, SOURCE, fill_membrane

EDGE_RATIO = 1.15
"""Inverse depth on the near side of a hole over that on its far side, from which on the near side is
a thing in front and not the same surface."""

NARROW = 3
"""Steps across a gap up to which both its sides are sources: lifting drops pixels at silhouettes, and
what is missing there is as much the thing in front as what lies behind it."""

FOREGROUND_REACH = 0.06
"""How far from a hole the thing in front is left out of the sources, in widths of the picture."""

CLOSE = 0.004
"""Distance over the width, at which a pixel as near as foreground belongs to it."""

SKY_SHARE, SKY_SHARE_AT_RIM = 0.1, 0.4
"""Share of sky in what a hole pixel's border says, from which on it is sky. Between two things little is
enough: silhouettes end, sky goes on. Beyond the picture's rim the ground goes on as well."""

SPECK = 2e-4
"""Islands of known pixels smaller than this share of the picture are no surface."""

DIRECTIONS = ((0, 1), (1, 0), (1, 1), (1, -1))
"""Orientations (down, right) in which the two sides of a hole are looked for."""

UNKNOWN_GREY = 0.5
UNKNOWN_DEPTH = 1.0
"""The answer for a clip of which nothing at all is known."""


def background_fill(
    rgb: Float[Tensor, "frame 3 height width"],
    depth: Float[Tensor, "frame height width"],
    known: Bool[Tensor, "frame height width"],
    *,
    sky_from: float = math.inf,
) -> tuple[Float[Tensor, "frame 3 height width"], Float[Tensor, "frame height width"]]:
    """Fill the unknown pixels of every frame smoothly from the background around them.

    A hole between a near and a far border is a disocclusion: the near border (within a small
    distance) is left out, and a membrane is drawn over the hole from what remains. Holes that reach
    the picture's rim continue outwards, levelling off. Depth is filled as inverse depth, in the same
    way. Sky and matter never mix: hole pixels whose border is sky in good part become sky, from sky
    alone, and the others are filled from matter alone. A frame of which nothing is known takes the mean
    of the nearest frame that knows something; if none does, mid grey at depth 1.

    Args:
        rgb: RGB in [0, 1]; only known pixels are read.
        depth: Depth along the axis; only known pixels are read, where it must be > 0.
        known: True where a pixel is given.
        sky_from: Depth from which on a known pixel shows sky.

    Returns:
        RGB and depth without holes; known pixels are unchanged. The same input gives the same bytes.

    Raises:
        ValueError: The shapes differ, or a known depth is not a finite number > 0.
    """
    frames, height, width = known.shape
    require_shape("rgb", rgb, (frames, 3, height, width))
    require_shape("depth", depth, (frames, height, width))
    bad = known & ~(torch.isfinite(depth) & (depth > 0))
    if bool(bad.any()):
        raise ValueError(f"depth has {int(bad.sum())} known pixels that are not finite and > 0")
    filled = torch.cat([rgb, 1 / torch.where(known, depth, torch.ones_like(depth))[:, None]], dim=1)
    values = filled.permute(0, 2, 3, 1).contiguous().cpu().numpy()
    mask = known.cpu().numpy()
    reach = max(1, round(FOREGROUND_REACH * width))
    answered = [bool(mask[frame].any()) for frame in range(frames)]
    for frame in range(frames):
        if answered[frame] and not mask[frame].all():
            state = source_state(values[frame, :, :, 3], mask[frame], reach=reach)
            _fill_apart(values[frame], state, sky=mask[frame] & (values[frame, :, :, 3] <= 1 / sky_from))
    _answer_empty(values, answered)
    result = torch.from_numpy(values).to(rgb.device).permute(0, 3, 1, 2)
    complete = torch.where(known[:, None], rgb, result[:, :3])
    return complete, torch.where(known, depth, 1 / result[:, 3])


def _fill_apart(
    values: Float[np.ndarray, "height width 4"],
    state: np.ndarray,
    *,
    sky: Bool[np.ndarray, "height width"],
) -> None:
    """Fill the holes in place, those that are sky from sky and the others from matter."""
    from_sky, from_matter = (state == SOURCE) & sky, (state == SOURCE) & ~sky
    if not from_sky.any() or not from_matter.any():
        fill_membrane(values, state)
        return
    share = np.where(from_sky, np.float32(1), np.float32(0))[..., None]
    fill_membrane(share, state)
    known = state != HOLE
    between = np.logical_or.accumulate(known, 1) & np.logical_or.accumulate(known[:, ::-1], 1)[:, ::-1]
    is_sky = ~known & (share[..., 0] > np.where(between, SKY_SHARE, SKY_SHARE_AT_RIM))
    for part, other in ((is_sky, from_matter), (~known & ~is_sky, from_sky)):
        filled = values.copy()
        fill_membrane(filled, np.where(other, np.uint8(BLOCKED), state))
        values[part] = filled[part]


def source_state(
    inverse_depth: Float[np.ndarray, "height width"], known: Bool[np.ndarray, "height width"], *, reach: int
) -> np.ndarray:
    """Sort pixels into holes, the sources at their borders, and all that is neither.

    A disocclusion is a strip between a thing in front and what lay behind it. So of the spans through
    a hole pixel in four orientations the narrowest counts; if its ends differ in inverse depth by more
    than ``EDGE_RATIO``, the nearer end, and what lies behind it for at most ``reach`` pixels on the
    same surface, is foreground. Specks, small islands of known pixels within a hole, are stray points
    rather than a surface, and no sources either. Pixels away from holes are blocked too: a membrane
    depends on its border alone, and what lies behind it would only leak into the first guess.

    Returns:
        (height, width) of ``HOLE``, ``SOURCE`` and ``BLOCKED``. Where there are holes and known pixels
        there are sources: the farthest border pixel never is foreground, and of specks alone none is one.
    """
    specks, width = _specks(known), known.shape[1]
    state = np.where(known & ~specks, np.uint8(SOURCE), np.uint8(HOLE))
    _block_foreground(np.ascontiguousarray(inverse_depth), state, reach, EDGE_RATIO)
    # Notches in a silhouette lie between two near ends: what is as near as foreground close by is foreground.
    close = np.ones((2 * round(CLOSE * width) + 1,) * 2, np.uint8)
    foreground = cv2.dilate(np.where(state == BLOCKED, inverse_depth, np.float32(0)), close)
    state[(state == SOURCE) & (foreground > 0) & (inverse_depth * EDGE_RATIO > foreground)] = BLOCKED
    state[specks] = BLOCKED
    beside_hole = cv2.dilate((~known).astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    state[known & ~beside_hole] = BLOCKED
    return state


def _specks(known: Bool[np.ndarray, "height width"]) -> Bool[np.ndarray, "height width"]:
    """True at connected known pixels fewer than ``SPECK`` of the picture's; nowhere if all are such."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(known.astype(np.uint8), connectivity=8)
    small = stats[:, cv2.CC_STAT_AREA] < SPECK * known.size
    small[0] = False
    specks = small[labels]
    return specks if (known & ~specks).any() else np.zeros_like(known)


def _answer_empty(values: Float[np.ndarray, "frame height width 4"], answered: list[bool]) -> None:
    """Give frames of which nothing is known one decided colour and depth, in place."""
    given = [frame for frame, known in enumerate(answered) if known]
    for frame, known in enumerate(answered):
        if known:
            continue
        if given:
            nearest = min(given, key=lambda other: abs(other - frame))
            values[frame] = values[nearest].mean(axis=(0, 1))
        else:
            values[frame] = (UNKNOWN_GREY, UNKNOWN_GREY, UNKNOWN_GREY, 1 / UNKNOWN_DEPTH)


@njit(cache=True, nogil=True)
@no_type_check
def _steps_to_known(state, dy, dx):
    """Steps from every hole pixel to the first other pixel in direction (dy, dx); 0 where there is none."""
    height, width = state.shape
    steps = np.zeros((height, width), np.int32)
    for i in range(height):
        y = height - 1 - i if dy > 0 else i
        for j in range(width):
            x = width - 1 - j if dx > 0 else j
            v, u = y + dy, x + dx
            if state[y, x] != HOLE or v < 0 or u < 0 or v >= height or u >= width:
                continue
            if state[v, u] != HOLE:
                steps[y, x] = 1
            elif steps[v, u] > 0:
                steps[y, x] = steps[v, u] + 1
    return steps


@njit(cache=True, nogil=True)
@no_type_check
def _block(state, inverse_depth, start, direction, reach, threshold):
    """Mark foreground from ``start`` onwards for ``reach`` steps while it is nearer than the threshold."""
    height, width = state.shape
    (y, x), (dy, dx) = start, direction
    for _ in range(reach):
        outside = y < 0 or x < 0 or y >= height or x >= width
        if outside or state[y, x] == HOLE or inverse_depth[y, x] < threshold:
            return
        state[y, x] = BLOCKED
        y += dy
        x += dx


@njit(cache=True, nogil=True)
@no_type_check
def _narrowest_spans(state):
    """For every hole pixel the narrowest of four spans through it, as (ahead, behind, orientation).

    Steps to its two ends; 0 and 0 where no span has both ends inside the picture.
    """
    height, width = state.shape
    spans = np.zeros((height, width, 3), np.int32)
    shortest = np.full((height, width), np.inf, np.float32)
    for orientation in range(4):
        dy, dx = DIRECTIONS[orientation]
        ahead, behind = _steps_to_known(state, dy, dx), _steps_to_known(state, -dy, -dx)
        step = np.sqrt(np.float32(dy * dy + dx * dx))
        for y in range(height):
            for x in range(width):
                if ahead[y, x] > 0 and behind[y, x] > 0:
                    length = step * (ahead[y, x] + behind[y, x])
                    if length < shortest[y, x]:
                        shortest[y, x] = length
                        spans[y, x, 0], spans[y, x, 1] = ahead[y, x], behind[y, x]
                        spans[y, x, 2] = orientation
    return spans


@njit(cache=True, nogil=True)
@no_type_check
def _block_foreground(inverse_depth, state, reach, edge_ratio):
    """Mark the near side of every hole that lies between a near and a far border, in place."""
    height, width = state.shape
    spans = _narrowest_spans(state)
    for y in range(height):
        for x in range(width):
            ahead, behind, orientation = spans[y, x]
            if ahead + behind <= NARROW:
                continue
            dy, dx = DIRECTIONS[orientation]
            first, second = (y + ahead * dy, x + ahead * dx), (y - behind * dy, x - behind * dx)
            near, far = inverse_depth[first], inverse_depth[second]
            # The border between the two surfaces: the geometric mean of their inverse depths.
            if near > far * edge_ratio:
                _block(state, inverse_depth, first, (dy, dx), reach, np.sqrt(near * far))
            elif far > near * edge_ratio:
                _block(state, inverse_depth, second, (-dy, -dx), reach, np.sqrt(near * far))
