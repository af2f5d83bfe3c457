"""Patterns of procedural surfaces, as a pixel of some width sees them: means, not samples."""

import math
import typing

from voyager_lite.training.compiled import compiled

PLAIN, CLOUDY, CHECKS, STRIPES, BRICKS, WOOD, TILES, FACADE, LEAVES, SPOTS, GLOW, PICTURE = range(12)
"""GLOW is a plain surface that shines by itself; PICTURE shows a page of ``photo_atlas`` as it is."""


@compiled()
@typing.no_type_check
def _pulse(x, duty, width):
    """Mean over ``width`` of a wave of period 1 that is 1 in its first ``duty`` and 0 in the rest."""
    a, b = x - 0.5 * width, x + 0.5 * width
    i, j = math.floor(a), math.floor(b)
    return ((j - i) * duty + min(b - j, duty) - min(a - i, duty)) / width


@compiled()
@typing.no_type_check
def _any(x):
    """A number in [0, 1) for a whole number, without order."""
    s = math.sin(x * 127.1) * 43758.5453
    return s - math.floor(s)


@compiled()
@typing.no_type_check
def second_share(pattern, u, v, n, width):
    """How much of the second color a pattern shows at (u, v), in features, over ``width`` features.

    ``n`` is noise in [0, 1].
    """
    if pattern == CHECKS:
        a, b = _pulse(0.5 * u, 0.5, 0.5 * width), _pulse(0.5 * v, 0.5, 0.5 * width)
        return a + b - 2 * a * b
    if pattern == STRIPES:
        return _pulse(0.5 * u, 0.5, 0.5 * width)
    if pattern in (BRICKS, TILES):
        row = math.floor(v)
        if pattern == BRICKS:
            u = 0.5 * u + 0.5 * (int(row) & 1)
        joint = 1 - (1 - _pulse(v, 0.1, width)) * (1 - _pulse(u, 0.07, width))
        return joint + (1 - joint) * 0.35 * _any(row + 2.46 * math.floor(u))
    if pattern == WOOD:
        ring, fade = 3.0 * u + 2.5 * n, 1 / (1 + 9 * width * width)
        board = 0.25 * math.sin(math.floor(0.4 * u) * 12.9898)
        ring = abs(2 * (ring - math.floor(ring)) - 1)
        return min(max(0.45 + (0.5 * ring - 0.25) * fade + board, 0.0), 1.0)
    if pattern == FACADE:
        return _pulse(u - 0.22, 0.56, width) * _pulse(v - 0.2, 0.52, width)
    if pattern == SPOTS:
        a, b = u - math.floor(u) - 0.5, v - math.floor(v) - 0.5
        spot = min(max((0.3 - math.sqrt(a * a + b * b)) / max(width, 0.02) + 0.5, 0.0), 1.0)
        return spot + (0.28 - spot) * min(max(width - 0.5, 0.0), 1.0)
    if pattern == LEAVES:
        return min(max(3.5 * (n - 0.5) + 0.5, 0.0), 1.0)
    if pattern == CLOUDY:
        return min(max(2.0 * (n - 0.5) + 0.5, 0.0), 1.0)
    return 0.5 * n


@compiled()
@typing.no_type_check
def lit_window(u, v):
    """Share of its own light that a facade's window at (u, v) shows at night: some 40 of 100 do."""
    chance = _any(math.floor(u) + 7.31 * math.floor(v))
    return 0.6 + chance if chance < 0.4 else 0.0
