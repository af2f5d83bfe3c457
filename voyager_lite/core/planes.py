"""Planes that enclose what is seen: floor, walls and ceiling go on where the picture ends."""

from typing import no_type_check

import numpy as np
from jaxtyping import Bool, Float, Float32, Float64, Int32
from numba import njit

SAMPLES = 800
"""Known pixels, evenly spread, that planes are looked for in."""

TRIES = 160
"""Random triples tried for each plane."""

APART = 0.35
"""Largest distance between two pixels of a triple, in widths: near pixels mostly lie on one surface."""

TOLERANCE = 0.015
"""Relative difference in inverse depth up to which a pixel lies on a plane."""

SUPPORT = 0.03
"""Least share of the known pixels that lie on a plane; smaller ones are things, not the place they are in."""

BEHIND = 0.06
"""Largest share of the known pixels that may lie behind a plane that encloses: a window, a door, noise."""

MOST = 8
"""Planes looked for."""

LEAST_TURN = 2e-3
"""Least determinant of a triple: less is nearly on one line and says nothing."""


def enclosing_planes(
    inverse_depth: Float[np.ndarray, "height width"], known: Bool[np.ndarray, "height width"]
) -> Float64[np.ndarray, "plane 3"]:
    """The large planes behind which hardly anything is seen.

    The inverse depth of a plane is linear in the picture. Planes are found one by one by random triples
    (RANSAC, Fischler and Bolles 1981), each on what the ones before have left, and fitted by least squares.
    Of these the ones remain behind which no more than ``BEHIND`` of the known pixels lie.

    Args:
        inverse_depth: Only known pixels are read; 0 is sky.
        known: True where it is given.

    Returns:
        Rows (a, b, c): inverse depth a + b x + c y, with x and y counted from the picture's centre, in
        its widths. The same input gives the same rows.
    """
    points, values = _sampled(inverse_depth, known)
    planes: list[np.ndarray] = []
    left = values > 0
    least = max(3, round(SUPPORT * len(values)))
    draw = np.random.default_rng(0)
    for _ in range(MOST):
        rest = np.flatnonzero(left)
        if len(rest) < least:
            break
        tried = _through_triples(points, values, rest[draw.integers(0, len(rest), (TRIES, 3))])
        counts = _count(points, values, left, tried)
        if not len(counts) or counts.max() < least:
            break
        plane = _fitted(points, values, left, tried[counts.argmax()])
        left &= ~_near(points, values, plane)
        if np.mean(values < points @ plane * (1 - 2 * TOLERANCE)) <= BEHIND:
            planes.append(plane)
    return np.array(planes).reshape(-1, 3)


def envelope(
    planes: Float64[np.ndarray, "plane 3"], height: int, width: int
) -> tuple[Float32[np.ndarray, "height width"], Int32[np.ndarray, "height width"]]:
    """The nearest of the enclosing planes at every pixel.

    Returns:
        Its inverse depth and its row; 0 and -1 where there is none in front of the camera.
    """
    y, x = (np.arange(height) + 0.5 - height / 2) / width, (np.arange(width) + 0.5 - width / 2) / width
    nearest, row = np.zeros((height, width), np.float32), np.full((height, width), -1, np.int32)
    for index, (a, b, c) in enumerate(planes):
        inverse = (a + b * x[None, :] + c * y[:, None]).astype(np.float32)
        nearer = inverse > nearest
        nearest[nearer], row[nearer] = inverse[nearer], index
    return nearest, row


def _sampled(inverse_depth: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points (1, x, y) and inverse depths of known pixels on a grid."""
    height, width = known.shape
    step = max(1, round((np.count_nonzero(known) / SAMPLES) ** 0.5))
    rows, columns = np.mgrid[step // 2 : height : step, step // 2 : width : step]
    chosen = known[rows, columns]
    y, x = rows[chosen], columns[chosen]
    place = [np.ones(len(x)), (x + 0.5 - width / 2) / width, (y + 0.5 - height / 2) / width]
    return np.stack(place, axis=1), inverse_depth[y, x].astype(np.float64)


def _through_triples(points: np.ndarray, values: np.ndarray, triples: np.ndarray) -> np.ndarray:
    """The planes through those triples that are near together and turn enough to say which."""
    corners = points[triples]
    close = (np.abs(corners[:, 1:] - corners[:, :1]).sum(axis=2) < APART).all(axis=1)
    usable = close & (np.abs(np.linalg.det(corners)) > LEAST_TURN)
    return np.linalg.solve(corners[usable], values[triples[usable]][..., None])[..., 0]


def _near(points: np.ndarray, values: np.ndarray, plane: np.ndarray) -> np.ndarray:
    return np.abs(points @ plane - values) < TOLERANCE * values


def _fitted(points: np.ndarray, values: np.ndarray, left: np.ndarray, plane: np.ndarray) -> np.ndarray:
    """The plane of least squared relative difference to the pixels that lie on it."""
    for _ in range(3):
        on = left & _near(points, values, plane)
        if np.count_nonzero(on) < 3:
            break
        plane = np.linalg.lstsq(points[on] / values[on][:, None], np.ones(np.count_nonzero(on)), rcond=None)[
            0
        ]
    return plane


@njit(cache=True, nogil=True)
@no_type_check
def _count(points, values, left, planes):
    """How many of the pixels that are left lie on each plane."""
    counts = np.zeros(len(planes), np.int64)
    for i in range(len(values)):
        if not left[i]:
            continue
        for p in range(len(planes)):
            inverse = planes[p, 0] + planes[p, 1] * points[i, 1] + planes[p, 2] * points[i, 2]
            if abs(inverse - values[i]) < TOLERANCE * values[i]:
                counts[p] += 1
    return counts
