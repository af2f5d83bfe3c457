"""Parts from which things are made: rods between points, flat leaves, rings, and common materials."""

import itertools
import math

import numpy as np

from voyager_lite.training.material import (
    BRICKS,
    CHECKS,
    CLOUDY,
    LEAVES,
    PLAIN,
    SPOTS,
    STRIPES,
    TILES,
    WOOD,
    material,
)  # fmt: skip
from voyager_lite.training.scene import Builder, Real, Vector
from voyager_lite.training.shapes import BALL, CYLINDER

PATTERNS = (PLAIN, CLOUDY, CHECKS, STRIPES, BRICKS, WOOD, TILES, LEAVES, SPOTS, CLOUDY, WOOD)
BROWN, GREEN, GREY, STONE = (0.3, 0.17, 0.08), (0.16, 0.28, 0.07), (0.3, 0.3, 0.3), (0.45, 0.42, 0.38)
BLACK, CHROME, WHITE = (0.04, 0.04, 0.045), (0.55, 0.56, 0.58), (0.8, 0.79, 0.76)

LEVEL = 1e-6
"""Shorter directions in the plan count as none."""


def any_material(rng: np.random.Generator, *, feature: float = 0.25) -> np.ndarray:
    """A random material of any pattern."""
    return material(rng, PATTERNS[int(rng.integers(len(PATTERNS)))], feature=feature)


def plain(
    rng: np.random.Generator, color: tuple[float, float, float] | np.ndarray | None = None
) -> np.ndarray:
    """An even surface with little in it."""
    return material(rng, PLAIN, color=color, contrast=0.08)


def palette(rng: np.random.Generator, count: int, *, feature: float) -> list[np.ndarray]:
    """A few random materials for many things: quicker than one each, and more like what people own."""
    return [any_material(rng, feature=feature) for _ in range(count)]


def random_tilt(rng: np.random.Generator) -> np.ndarray:
    """A uniformly random rotation."""
    q, r = np.linalg.qr(rng.standard_normal((3, 3)))
    q = q * np.sign(np.diag(r))
    return q if np.linalg.det(q) > 0 else -q


def upright_along(a: Vector, b: Vector) -> tuple[float, np.ndarray]:
    """Half the distance between two points, and the rotation that lays the y axis along them."""
    dx, dy, dz = b[0] - a[0], b[1] - a[1], b[2] - a[2]
    length = math.sqrt(dx * dx + dy * dy + dz * dz)
    dx, dy, dz = dx / length, dy / length, dz / length
    flat = math.hypot(dx, dz)
    # x is square to y and level; where y is upright any level x will do.
    px, pz = (dz / flat, -dx / flat) if flat > LEVEL else (1.0, 0.0)
    return length / 2, np.array([[px, dx, -pz * dy], [0.0, dy, pz * dx - px * dz], [pz, dz, px * dy]])


def add_rod(  # noqa: PLR0913 - all of one rod, by name
    scene: Builder,
    a: Vector,
    b: Vector,
    *,
    radius: Real,
    material: np.ndarray,
    kind: int = CYLINDER,
    role: str = "",
) -> None:
    """A round rod from ``a`` to ``b``; of kind BALL a limb that swells, of kind CONE a point at ``a``."""
    half, tilt = upright_along(a, b)
    center = ((a[0] + b[0]) / 2, (a[1] + b[1]) / 2, (a[2] + b[2]) / 2)
    scene.add(kind, center, (radius, half, radius), material, tilt=tilt, role=role)


def add_leaf(
    scene: Builder, base: Vector, tip: Vector, *, width: Real, material: np.ndarray, role: str = ""
) -> None:
    """A flat leaf from its base to its tip."""
    half, tilt = upright_along(base, tip)
    center = ((base[0] + tip[0]) / 2, (base[1] + tip[1]) / 2, (base[2] + tip[2]) / 2)
    scene.add(BALL, center, (width, half, 0.06 * width + 0.002), material, tilt=tilt, role=role)


def add_ring(
    scene: Builder, center: Vector, *, radius: Real, thick: Real, material: np.ndarray, parts: int = 10
) -> None:
    """A ring of rods around the x axis, such as a rim."""
    angles = [2 * math.pi * i / parts for i in range(parts + 1)]
    corners = [
        (center[0], center[1] + radius * math.sin(a), center[2] + radius * math.cos(a)) for a in angles
    ]
    for a, b in itertools.pairwise(corners):
        add_rod(scene, a, b, radius=thick, material=material)
