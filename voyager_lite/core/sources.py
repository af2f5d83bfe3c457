"""Which border of a hole says what lies in it: a disocclusion shows what lay behind, so its far side does."""

from typing import no_type_check

import cv2
import numpy as np
from jaxtyping import Bool, Float
from numba import njit

from geometry.edges import EDGE_RATIO
from voyager_lite.core.membrane import BLOCKED, HOLE, SOURCE

NARROW, NARROW_SHARE = 3, 0.01
"""Steps, and share of the width, across a gap up to which both its sides are sources: lifting drops pixels
at silhouettes, measured and guessed depth is off by some, and what is missing there is as much the thing in
front as what lies behind it."""

WIDEST = 0.12
"""Largest distance across an open hole, in widths of the picture, at which its two sides are taken for
those of one disocclusion: wide open ones lie beyond the first picture's rim, where sides tell nothing."""

CLOSED = 3
"""Orientations, of four, in which a hole must have both ends to be closed."""

FOREGROUND_REACH = 0.06
"""How far from a hole the thing in front is left out of the sources, in widths of the picture."""

CLOSE = 0.004
"""Distance over the width, at which a pixel as near as foreground belongs to it."""

SPECK = 2e-4
"""Islands of known pixels smaller than this share of the picture are no surface."""

DIRECTIONS = ((0, 1), (1, 0), (1, 1), (1, -1))
"""Orientations (down, right) in which the two sides of a hole are looked for."""


def source_state(
    inverse_depth: Float[np.ndarray, "height width"], known: Bool[np.ndarray, "height width"]
) -> np.ndarray:
    """Sort pixels into holes, the sources at their borders, and all that is neither.

    A disocclusion is a strip between a thing in front and what lay behind it. So of the spans through
    a hole pixel in four orientations the narrowest counts, if the hole is closed there or no wider than
    ``WIDEST``. Where its ends differ in inverse depth by more than ``EDGE_RATIO``, the nearer end, and
    what lies behind it for at most ``FOREGROUND_REACH`` on the same surface, is foreground. Specks,
    small islands of known pixels within a hole, are stray points rather than a surface, and no sources
    either. Pixels away from holes are blocked too: a membrane depends on its border alone, and what
    lies behind it would only leak into the first guess.

    Returns:
        (height, width) of ``HOLE``, ``SOURCE`` and ``BLOCKED``. Where there are holes and known pixels
        there are sources: the farthest border pixel never is foreground, and of specks alone none is one.
    """
    specks, width = _specks(known), known.shape[1]
    state = np.where(known & ~specks, np.uint8(SOURCE), np.uint8(HOLE))
    reach = max(1, round(FOREGROUND_REACH * width))
    narrow = max(NARROW, NARROW_SHARE * width)
    _block_foreground(np.ascontiguousarray(inverse_depth), state, reach, (narrow, WIDEST * width))
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
    """For every hole pixel the narrowest of four spans through it, as (ahead, behind, orientation, closed).

    Steps to its two ends, 0 and 0 where no span has both ends inside the picture; and the number of
    orientations that have.
    """
    height, width = state.shape
    spans = np.zeros((height, width, 4), np.int32)
    shortest = np.full((height, width), np.inf, np.float32)
    for orientation in range(4):
        dy, dx = DIRECTIONS[orientation]
        ahead, behind = _steps_to_known(state, dy, dx), _steps_to_known(state, -dy, -dx)
        step = np.sqrt(np.float32(dy * dy + dx * dx))
        for y in range(height):
            for x in range(width):
                if ahead[y, x] > 0 and behind[y, x] > 0:
                    spans[y, x, 3] += 1
                    length = step * (ahead[y, x] + behind[y, x])
                    if length < shortest[y, x]:
                        shortest[y, x] = length
                        spans[y, x, 0], spans[y, x, 1] = ahead[y, x], behind[y, x]
                        spans[y, x, 2] = orientation
    return spans


@njit(cache=True, nogil=True)
@no_type_check
def _block_foreground(inverse_depth, state, reach, limits):
    """Mark the near side of every gap between a near and a far border, in place; ``limits`` are the narrowest
    and, unless it is closed, the widest gap that counts."""
    height, width = state.shape
    narrow, widest = limits
    spans = _narrowest_spans(state)
    for y in range(height):
        for x in range(width):
            ahead, behind, orientation, closed = spans[y, x]
            dy, dx = DIRECTIONS[orientation]
            across = (ahead + behind) * np.sqrt(dy * dy + dx * dx)
            if ahead + behind <= narrow or (across > widest and closed < CLOSED):
                continue
            first, second = (y + ahead * dy, x + ahead * dx), (y - behind * dy, x - behind * dx)
            near, far = inverse_depth[first], inverse_depth[second]
            # The border between the two surfaces: the geometric mean of their inverse depths.
            if near > far * EDGE_RATIO:
                _block(state, inverse_depth, first, (dy, dx), reach, np.sqrt(near * far))
            elif far > near * EDGE_RATIO:
                _block(state, inverse_depth, second, (-dy, -dx), reach, np.sqrt(near * far))
