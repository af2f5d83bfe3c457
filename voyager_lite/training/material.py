"""What surfaces of procedural scenes look like."""

import typing

import numba
import numpy as np

from voyager_lite.training.noise import noise_at

PLAIN, CLOUDY, CHECKS, STRIPES, BRICKS, WOOD, TILES, FACADE, LEAVES, SPOTS, GLOW = range(11)
"""Patterns; GLOW is a plain surface that shines by itself."""

COLUMNS = 13
"""A material row: pattern, color a (3), color b (3), feature size, noise contrast, chroma (3), phase."""


def random_color(rng: np.random.Generator, *, value: tuple[float, float] = (0.15, 0.9)) -> np.ndarray:
    """A linear RGB color: grey to fairly colourful, warm hues more often than cold ones."""
    grey = rng.uniform(*value)
    hue = rng.choice([rng.uniform(0, 1), rng.normal(0.09, 0.05)])
    saturation = rng.uniform(0, 1) ** 2.5 * 0.9
    phase = 2 * np.pi * (hue - np.array([0, 1, 2]) / 3)
    return np.clip(grey * (1 + saturation * np.cos(phase)), 0.02, 1)


def material(
    rng: np.random.Generator,
    pattern: int,
    *,
    color: tuple[float, float, float] | np.ndarray | None = None,
    contrast: float | None = None,
    feature: float = 0.3,
) -> np.ndarray:
    """One material row.

    Args:
        rng: Source of everything not given.
        pattern: One of the patterns above.
        color: Main linear RGB color; jittered a little. None draws one.
        contrast: How far the second color is from the first, 0 to 1. None draws one.
        feature: Size of the pattern's elements in scene units.
    """
    a = random_color(rng) if color is None else np.asarray(color) * rng.uniform(0.8, 1.2, 3)
    contrast = rng.uniform(0.15, 0.9) if contrast is None else contrast
    b = a * (1 - contrast) + contrast * random_color(rng, value=(0.05, 0.95))
    chroma = rng.normal(0, 0.08, 3)
    grain = rng.uniform(0.1, 0.7)
    size = feature * np.exp(rng.normal(0, 0.3))
    row = [pattern, *np.clip(a, 0, 1.5), *np.clip(b, 0, 1.5), size, grain, *chroma, rng.uniform(0, 64)]
    return np.array(row, dtype=np.float32)


@numba.njit(cache=True, nogil=True, fastmath=True)
@typing.no_type_check
def _mix(pattern, u, v, n):
    """How much of the second color a pattern shows at (u, v), in features; n is noise in [0, 1]."""
    if pattern == CHECKS:
        return float((int(np.floor(u)) + int(np.floor(v))) & 1)
    if pattern == STRIPES:
        return float(int(np.floor(u)) & 1)
    if pattern in (BRICKS, TILES):
        row = np.floor(v)
        if pattern == BRICKS:
            u = 0.5 * u + 0.5 * (int(row) & 1)
        cell = np.sin(row * 127.1 + np.floor(u) * 311.7) * 43758.5453
        edge = (v - row < 0.1) or (u - np.floor(u) < 0.07)
        return 1.0 if edge else 0.35 * (cell - np.floor(cell))
    if pattern == WOOD:
        ring = 3.0 * u + 2.5 * n
        board = 0.25 * np.sin(np.floor(0.4 * u) * 12.9898)
        return min(max(0.5 * (ring - np.floor(ring)) + board + 0.2, 0.0), 1.0)
    if pattern == FACADE:
        a, b = u - np.floor(u), v - np.floor(v)
        return 1.0 if 0.22 < a < 0.78 and 0.2 < b < 0.72 else 0.0
    if pattern == SPOTS:
        a, b = u - np.floor(u) - 0.5, v - np.floor(v) - 0.5
        return 1.0 if a * a + b * b < 0.09 else 0.0
    if pattern == LEAVES:
        return min(max(3.5 * (n - 0.5) + 0.5, 0.0), 1.0)
    if pattern == CLOUDY:
        return min(max(2.0 * (n - 0.5) + 0.5, 0.0), 1.0)
    return 0.5 * n


@numba.njit(cache=True, nogil=True, fastmath=True)
@typing.no_type_check
def surface_color(volume, row, place, axis, blur):
    """Linear RGB of a surface.

    ``place`` is given along the shape's own axes, ``axis`` is the one its normal is closest to and
    ``blur`` the width of a pixel on the surface, both in scene units; finer detail fades to its mean.
    """
    x, y, z = place
    pattern, size, phase = int(row[0]), row[7], row[12]
    scale = 3.0 / size
    n = noise_at(volume, x * scale + phase, y * scale + 0.7 * phase, z * scale)
    fine = noise_at(volume, x * 5.3 * scale, y * 5.3 * scale + phase, z * 5.3 * scale + phase)
    if axis == 0:
        u, v = z / size, y / size
    elif axis == 1:
        u, v = x / size, z / size
    else:
        u, v = x / size, y / size
    sharp = 1.0 / (1.0 + (1.5 * blur / size) ** 2)
    m = 0.4 + (_mix(pattern, u + phase, v + phase, n) - 0.4) * sharp
    shade = 1.0 + row[8] * ((n - 0.5) + 0.8 * (fine - 0.5) * sharp)
    tint = fine - 0.5
    r = (row[1] + (row[4] - row[1]) * m) * shade + row[9] * tint
    g = (row[2] + (row[5] - row[2]) * m) * shade + row[10] * tint
    b = (row[3] + (row[6] - row[3]) * m) * shade + row[11] * tint
    return max(r, 0.01), max(g, 0.01), max(b, 0.01)
