"""What surfaces of procedural scenes look like."""

import math
import typing

import numpy as np

from voyager_lite.training.compiled import compiled
from voyager_lite.training.noise import noise_at
from voyager_lite.training.patterns import (
    BRICKS,
    CHECKS,
    CLOUDY,
    FACADE,
    GLOW,
    LEAVES,
    PICTURE,
    PLAIN,
    SPOTS,
    STRIPES,
    TILES,
    WOOD,
    lit_window,
    second_share,
)  # fmt: skip
from voyager_lite.training.photographs import LEVELS, PAGES, PRINTS, ROUGH, SCENES, SIDE

__all__ = [
    "BRICKS",
    "CHECKS",
    "CLOUDY",
    "COLUMNS",
    "FACADE",
    "GLOW",
    "LEAVES",
    "PICTURE",
    "PLAIN",
    "SPOTS",
    "STRIPES",
    "TILES",
    "WOOD",
    "material",
    "random_color",
    "surface_color",
    "tinted",
]

COLUMNS = 20
"""A material row: pattern, color a (3), color b (3), feature size, noise contrast, chroma (3), phase,
page of the atlas or -1 (13), its corner (14, 15), pages per scene unit (16), strength (17), share of its
own chroma (18), gloss (19)."""

PHOTOGRAPHIC, PICTURED = 0.45, 0.3
"""Shares: of surfaces that wear a photograph's detail, and of small checks and spots that are pictures."""

PAGE_FEATURES = 7.0
"""Features along a page, in the middle of a range."""

USUAL_PAGES = {BRICKS: (0, 1, 2), TILES: (0, 1, 2, 5), WOOD: (9, 6), LEAVES: (3, 4, 6, 8), FACADE: (0, 1, 7)}
"""Pages of ``ROUGH`` that suit a pattern; any other pattern takes any."""


def random_color(rng: np.random.Generator, *, value: tuple[float, float] = (0.15, 0.9)) -> np.ndarray:
    """A linear RGB color: grey to fairly colourful, warm hues more often than cold ones."""
    grey = rng.uniform(*value)
    hue = rng.uniform(0, 1) if rng.random() < 0.5 else rng.normal(0.09, 0.05)
    saturation = rng.uniform(0, 1) ** 2.5 * 0.9
    return np.minimum(np.maximum(tinted(grey, hue, saturation), 0.02), 1)


def tinted(grey: float | np.ndarray, hue: float | np.ndarray, saturation: float | np.ndarray) -> np.ndarray:
    """Linear RGB of mean ``grey``; hues run from 0 to 1. Arrays of colours end in an axis of length one."""
    return grey * (1 + saturation * np.cos(2 * np.pi * (hue - np.arange(3) / 3)))


def material(
    rng: np.random.Generator,
    pattern: int,
    *,
    color: tuple[float, float, float] | np.ndarray | None = None,
    contrast: float | None = None,
    feature: float = 0.3,
) -> np.ndarray:
    """One material row.

    A good part of all surfaces wears a photograph's detail in its own colors. Small checks and spots
    whose color nobody chose may show a picture or print instead.

    Args:
        rng: Source of everything not given.
        pattern: One of the patterns above.
        color: Main linear RGB color; jittered a little. None draws one.
        contrast: How far the second color is from the first, 0 to 1. None draws one.
        feature: Size of the pattern's elements in scene units.
    """
    row = np.empty(COLUMNS, np.float32)
    a = random_color(rng) if color is None else np.asarray(color) * rng.uniform(0.8, 1.2, 3)
    calm = contrast is not None and contrast <= 0.05
    contrast = rng.uniform(0.15, 0.9) if contrast is None else contrast
    row[1:4] = np.minimum(a, 1.5)
    row[4:7] = np.minimum(a * (1 - contrast) + contrast * random_color(rng, value=(0.05, 0.95)), 1.5)
    row[9:12] = rng.normal(0, 0.08, 3)
    row[8], row[12], row[14], row[15] = rng.uniform(0.1, 0.7), *rng.uniform(0, 64, 3)
    row[7] = feature * np.exp(rng.normal(0, 0.3))
    row[13], row[17], row[18] = -1, rng.uniform(0.5, 1.1), rng.uniform(0, 0.9) ** 2
    row[16] = np.exp(rng.normal(0, 0.4)) / (PAGE_FEATURES * row[7]) * (1 if rng.random() < 0.5 else -1)
    row[19] = rng.uniform(0.1, 0.6) if rng.random() < 0.25 and pattern not in (LEAVES, GLOW) else 0.0
    chance = rng.random()
    if color is None and pattern in (CHECKS, SPOTS) and chance < PICTURED:
        pattern = PICTURE
        row[13] = len(ROUGH) + rng.integers(len(SCENES) + PRINTS)
        row[16] = abs(row[16]) * 1.5
    elif chance < PHOTOGRAPHIC and not calm and pattern != GLOW:
        usual = USUAL_PAGES.get(pattern)
        row[13] = usual[rng.integers(len(usual))] if usual else rng.integers(1, _pages_for_any(rng))
    row[0] = pattern
    return row


def _pages_for_any(rng: np.random.Generator) -> int:
    """Pages from which surfaces of no special pattern take theirs, the first (bricks) excepted."""
    return PAGES - PRINTS if rng.random() < 0.25 else len(ROUGH)


@compiled()
@typing.no_type_check
def photo_at(photos, page, u, v, width):
    """Linear RGB of a page at (u, v), in pages, over ``width`` pages; beyond its rim the page is mirrored."""
    level, side, start = 0, SIDE, 0
    while level < LEVELS - 1 and width * side > 1.2:
        start += side * side
        side //= 2
        level += 1
    u, v = abs(u - 2 * math.floor(0.5 * u + 0.5)), abs(v - 2 * math.floor(0.5 * v + 0.5))
    x, y = min(max(u * side - 0.5, 0.0), side - 1.001), min(max(v * side - 0.5, 0.0), side - 1.001)
    i, j = int(y), int(x)
    s, t = y - i, x - j
    corner = start + i * side + j
    red = green = blue = 0.0
    for k in range(4):
        texel = photos[page, corner + (k >> 1) * side + (k & 1)]
        share = (s if k >> 1 else 1 - s) * (t if k & 1 else 1 - t) / 65025.0
        r, g, b = float(texel[0]), float(texel[1]), float(texel[2])
        red += share * r * r
        green += share * g * g
        blue += share * b * b
    return red, green, blue


@compiled()
@typing.no_type_check
def surface_color(volume, atlas, row, place, axis, seen):
    """Linear RGB of a surface, and how much of it is light of its own.

    Args:
        volume: ``noise_volume``.
        atlas: ``photo_atlas`` and ``page_means``.
        row: ``material``.
        place: Along the shape's own axes, in scene units.
        axis: The axis of the shape that its normal is closest to.
        seen: Width of a pixel on the surface in scene units, finer detail fading to its mean; and how
            bright windows are from inside, at night.
    """
    (x, y, z), (blur, windows) = place, seen
    pattern, size, phase = int(row[0]), row[7], row[12]
    if axis == 0:
        u, v = z, y
    elif axis == 1:
        u, v = x, z
    else:
        u, v = x, y
    width = max(blur / size, 1e-3)
    shading, tint, red, green, blue, m = 1.0, 0.0, 0.0, 0.0, 0.0, 0.5
    page = int(row[13])
    if page >= 0:
        s, t = (u, v) if row[16] > 0 else (v, u)
        photos, means = atlas
        per_unit = abs(row[16])
        red, green, blue = photo_at(
            photos, page, s * per_unit + row[14], t * per_unit + row[15], blur * per_unit
        )
        if pattern == PICTURE:
            return red, green, blue, 0.0
        mean = (means[page, 0] + means[page, 1] + means[page, 2]) / 3
        gray = (red + green + blue) / 3
        relative = min(gray / mean, 3.0) - 1.0
        own = row[18] * 0.5 / mean
        red, green, blue = own * (red - gray), own * (green - gray), own * (blue - gray)
        shading = max(1.0 + row[17] * relative, 0.1)
        n = 0.5 + 0.3 * relative
    else:
        scale = 3.0 / size
        sharp = 1.0 / (1.0 + (1.5 * width) ** 2)
        n = noise_at(volume, x * scale + phase, y * scale + 0.7 * phase, z * scale)
        fine = noise_at(volume, x * 5.3 * scale, y * 5.3 * scale + phase, z * 5.3 * scale + phase)
        n = 0.5 + (n - 0.5) / (1.0 + 0.2 * width * width)
        shading = 1.0 + row[8] * ((n - 0.5) + 0.8 * (fine - 0.5) * sharp)
        tint = (fine - 0.5) * sharp
    m = second_share(pattern, u / size + phase, v / size + phase, n, width)
    r = (row[1] + (row[4] - row[1]) * m) * shading + row[9] * tint + row[1] * red
    g = (row[2] + (row[5] - row[2]) * m) * shading + row[10] * tint + row[2] * green
    b = (row[3] + (row[6] - row[3]) * m) * shading + row[11] * tint + row[3] * blue
    shining = 1.0 if pattern == GLOW else 0.0
    if windows > 0 and pattern == FACADE:
        bright = windows * m * lit_window(u / size + phase, v / size + phase)
        shining = min(bright, 1.0)
        r, g, b = r + (1.0 - r) * shining, g + (0.72 - g) * shining, b + (0.38 - b) * shining
    return max(r, 0.01), max(g, 0.01), max(b, 0.01), shining
