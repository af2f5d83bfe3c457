"""The horizon of a picture, from lines that run into depth."""

import cv2
import numpy as np
from jaxtyping import Float

from voyager_lite.depth.sketch import shrink

_LINES = 80
_BELIEVED = 0.12
"""Least share of the lines' votes that a vanishing point needs. On 41 pictures right ones had 0.13 and
more; of the wrong ones nearly all stayed below 0.10."""


def vanishing_point(rgb: Float[np.ndarray, "full_height full_width 3"]) -> tuple[float, float] | None:
    """The point (x, y) where lines leading into depth meet, in fractions of the width and height.

    Every crossing of two long slanted segments is a candidate; segments vote for it by how exactly they
    point at it and by the root of their length. Rising and falling ones must both agree (a street or a
    room seen from inside); the weaker side counts. Below the point of a level camera is the ground.

    Returns:
        None where too few segments agree.
    """
    grey = cv2.cvtColor((shrink(rgb, long_side=512) * 255).astype(np.uint8), cv2.COLOR_RGB2GRAY)
    height, width = grey.shape
    segments = _slanted_segments(grey)
    if len(segments) < 30:
        return None
    start, end = segments[:, :2], segments[:, 2:]
    along = end - start
    length = np.hypot(along[:, 0], along[:, 1])
    candidates = _crossings(segments[:50])
    inside = (np.abs(candidates[:, 0] / width - 0.5) < 0.6) & (np.abs(candidates[:, 1] / height - 0.5) < 0.45)
    candidates = candidates[inside]
    if not len(candidates):
        return None
    to_point = candidates[:, None] - (start + end) / 2
    distance = np.hypot(to_point[..., 0], to_point[..., 1])
    sine = np.abs(to_point[..., 0] * along[:, 1] - to_point[..., 1] * along[:, 0]) / (
        distance * length + 1e-9
    )
    agree = np.clip(1 - sine / np.sin(np.radians(2.5)), 0, 1) * (distance > 0.05 * max(height, width))
    votes = agree * np.sqrt(length)
    rising = along[:, 0] * along[:, 1] < 0
    weaker = 2 * np.minimum(votes[:, rising].sum(axis=1), votes[:, ~rising].sum(axis=1))
    best = int(np.argmax(weaker))
    if weaker[best] < _BELIEVED * np.sqrt(length).sum():
        return None
    return float(candidates[best, 0] / width), float(candidates[best, 1] / height)


def _slanted_segments(grey: np.ndarray) -> Float[np.ndarray, "segment 4"]:
    """The longest segments (x0, y0, x1, y1) that are neither level nor upright, longest first."""
    found = cv2.createLineSegmentDetector(0).detect(grey)[0]
    if found is None:
        return np.zeros((0, 4))
    segments = found.reshape(-1, 4).astype(np.float64)
    x, y = np.abs(segments[:, 2:] - segments[:, :2]).T
    length, angle = np.hypot(x, y), np.degrees(np.arctan2(y, x))
    kept = (length > 0.03 * max(grey.shape)) & (angle > 6) & (angle < 75)
    longest = np.argsort(-length[kept], kind="stable")[:_LINES]
    return segments[kept][longest]


def _crossings(segments: Float[np.ndarray, "segment 4"]) -> Float[np.ndarray, "crossing 2"]:
    """Where the lines through every two segments meet."""
    ones = np.ones((len(segments), 1))
    lines = np.cross(np.hstack([segments[:, :2], ones]), np.hstack([segments[:, 2:], ones]))
    one, other = np.triu_indices(len(segments), 1)
    points = np.cross(lines[one], lines[other])
    points = points[np.abs(points[:, 2]) > 1e-6]
    return points[:, :2] / points[:, 2:]
