"""Things that stand in procedural scenes, each built around the origin of the builder's frame, on y = 0."""

import numpy as np

from voyager_lite.training.material import (
    BRICKS,
    CHECKS,
    CLOUDY,
    FACADE,
    GLOW,
    LEAVES,
    PLAIN,
    SPOTS,
    STRIPES,
    TILES,
    WOOD,
    material,
)  # fmt: skip
from voyager_lite.training.scene import Builder
from voyager_lite.training.shapes import BALL, BOX, CONE, CYLINDER

PATTERNS = (PLAIN, CLOUDY, CHECKS, STRIPES, BRICKS, WOOD, TILES, LEAVES, SPOTS, CLOUDY, WOOD)
BROWN, GREEN, GREY, STONE = (0.3, 0.17, 0.08), (0.16, 0.28, 0.07), (0.3, 0.3, 0.3), (0.45, 0.42, 0.38)


def any_material(rng: np.random.Generator, *, feature: float = 0.25) -> np.ndarray:
    """A random material of any pattern."""
    return material(rng, int(rng.choice(PATTERNS)), feature=feature)


def random_tilt(rng: np.random.Generator) -> np.ndarray:
    """A uniformly random rotation."""
    q, r = np.linalg.qr(rng.standard_normal((3, 3)))
    q = q * np.sign(np.diag(r))
    return q if np.linalg.det(q) > 0 else -q


def add_table(scene: Builder, rng: np.random.Generator) -> float:
    """A table with four legs; returns the height of its top."""
    w, d, h = rng.uniform(0.3, 0.9), rng.uniform(0.3, 0.6), rng.uniform(0.4, 0.8)
    wood, leg = material(rng, WOOD, feature=0.2), rng.uniform(0.015, 0.05)
    scene.add(BOX, (0, -h, 0), (w, 0.025, d), wood)
    for x in (-1, 1):
        for z in (-1, 1):
            scene.add(BOX, (x * (w - leg), -h / 2, z * (d - leg)), (leg, h / 2, leg), wood)
    return float(h + 0.025)


def add_chair(scene: Builder, rng: np.random.Generator) -> None:
    """A chair: seat, back and four thin legs."""
    surface = any_material(rng, feature=0.1)
    scene.add(BOX, (0, -0.45, 0), (0.22, 0.03, 0.22), surface)
    scene.add(BOX, (0, -0.75, 0.2), (0.22, 0.25, 0.02), surface)
    for x in (-0.2, 0.2):
        for z in (-0.2, 0.2):
            scene.add(CYLINDER, (x, -0.22, z), (0.02, 0.22, 0.02), surface)


def add_sofa(scene: Builder, rng: np.random.Generator) -> None:
    """A sofa with cushions."""
    w, cloth = rng.uniform(0.5, 1.1), material(rng, CLOUDY, feature=0.1)
    scene.add(BOX, (0, -0.22, 0), (w, 0.22, 0.42), cloth)
    scene.add(BOX, (0, -0.55, 0.36), (w, 0.3, 0.1), cloth)
    for side in (-1, 1):
        scene.add(BOX, (side * w, -0.32, 0), (0.1, 0.32, 0.42), cloth)
        scene.add(BALL, (side * w * 0.6, -0.55, 0.15), (0.2, 0.18, 0.1), any_material(rng, feature=0.08))


def add_shelf(scene: Builder, rng: np.random.Generator) -> None:
    """Shelves filled with books and pots."""
    w, h, wood = rng.uniform(0.35, 0.8), rng.uniform(0.8, 2.0), material(rng, WOOD, feature=0.2)
    scene.add(BOX, (0, -h / 2, 0.18), (w, h / 2, 0.01), wood)
    for side in (-1, 1):
        scene.add(BOX, (side * w, -h / 2, 0), (0.015, h / 2, 0.18), wood)
    for y in np.arange(0.02, h, 0.4):
        scene.add(BOX, (0, -y, 0), (w, 0.012, 0.18), wood)
        x = -w + 0.05
        while x < w - 0.06 and rng.random() < 0.93:
            if rng.random() < 0.15:
                scene.add(
                    CYLINDER, (x + 0.05, -y - 0.1, 0), (0.05, 0.09, 0.05), any_material(rng, feature=0.05)
                )
                x += 0.14
                continue
            t, b = rng.uniform(0.015, 0.05), rng.uniform(0.09, 0.16)
            scene.add(BOX, (x + t, -y - b - 0.012, 0), (t, b, 0.13), any_material(rng, feature=0.06))
            x += 2 * t + 0.004


def add_lamp(scene: Builder, rng: np.random.Generator) -> None:
    """A standing lamp, a thin thing."""
    h = rng.uniform(1.2, 1.8)
    metal = material(rng, PLAIN, color=GREY)
    scene.add(CYLINDER, (0, -h / 2, 0), (0.015, h / 2, 0.015), metal)
    scene.add(CYLINDER, (0, -0.02, 0), (0.15, 0.02, 0.15), metal)
    scene.add(CONE, (0, -h, 0), (0.2, 0.18, 0.2), material(rng, GLOW, color=(1.3, 1.1, 0.8), contrast=0.1))


def add_person(scene: Builder, rng: np.random.Generator) -> None:
    """Someone standing: legs, trunk, arms, head."""
    cloth, legs = any_material(rng, feature=0.1), any_material(rng, feature=0.1)
    skin = material(rng, PLAIN, color=np.array([0.6, 0.4, 0.3]) * rng.uniform(0.4, 1.3), contrast=0.1)
    s = rng.uniform(0.85, 1.1)
    for side in (-1, 1):
        scene.add(CYLINDER, (side * 0.1 * s, -0.42 * s, 0), (0.08 * s, 0.42 * s, 0.09 * s), legs)
        scene.add(CYLINDER, (side * 0.26 * s, -1.1 * s, 0), (0.05 * s, 0.32 * s, 0.06 * s), cloth)
    scene.add(BALL, (0, -1.12 * s, 0), (0.22 * s, 0.36 * s, 0.15 * s), cloth)
    scene.add(BALL, (0, -1.6 * s, 0), (0.1 * s, 0.13 * s, 0.11 * s), skin)


def add_tree(scene: Builder, rng: np.random.Generator) -> None:
    """A leafy tree, a conifer, or bare branches."""
    h = rng.uniform(2, 7)
    trunk = material(rng, WOOD, color=BROWN, feature=0.1)
    green = np.array(GREEN) * rng.uniform(0.5, 1.6) * np.array([rng.uniform(0.6, 2.6), 1, 1])
    crown = material(rng, LEAVES, color=green, feature=h * rng.uniform(0.03, 0.12))
    scene.add(CYLINDER, (0, -h / 3, 0), (0.025 * h, h / 3, 0.025 * h), trunk)
    style = rng.random()
    if style < 0.55:
        for _ in range(rng.integers(2, 7)):
            r = h * rng.uniform(0.1, 0.25)
            x, y, z = rng.normal(0, 0.13 * h, 3)
            scene.add(BALL, (x, -0.75 * h + y, z), (r, r * rng.uniform(0.6, 1), r), crown)
    elif style < 0.85:
        for level in range(3):
            r = h * (0.26 - 0.06 * level)
            scene.add(CONE, (0, -h * (0.4 + 0.22 * level), 0), (r, h * 0.18, r), crown)
    else:
        for _ in range(6):
            tip = rng.normal(0, 0.2 * h, 3)
            scene.add(CYLINDER, (tip[0] / 2, -0.7 * h, tip[2] / 2), (0.01 * h, 0.25 * h, 0.01 * h), trunk,
                      tilt=random_tilt(rng))  # fmt: skip


def add_house(scene: Builder, rng: np.random.Generator, *, half: tuple[float, float, float]) -> None:
    """A building with rows of windows on a wall of plaster or brick, some with a roof or a shop front."""
    w, h, d = half
    wall = material(rng, FACADE, feature=rng.uniform(0.8, 2.0), contrast=rng.uniform(0.5, 1.0))
    if rng.random() < 0.3:
        wall = material(rng, BRICKS, feature=0.3)
    scene.add(BOX, (0, -h, 0), (w, h, d), wall)
    if rng.random() < 0.5:
        scene.add(BOX, (0, -2 * h, 0), (w * 1.05, 0.15, d * 1.05), any_material(rng))
    if rng.random() < 0.4:
        scene.add(
            CONE, (0, -2.3 * h, 0), (1.3 * w, 0.3 * h, 1.3 * d), material(rng, TILES, color=(0.4, 0.2, 0.13))
        )
    if rng.random() < 0.6:
        for face in (-1, 1):
            scene.add(BOX, (face * w, -1.4, 0), (0.06, 1.2, 0.7 * d), any_material(rng, feature=0.8))
            scene.add(BOX, (0, -1.2, face * d), (0.4 * w, 1.2, 0.06), any_material(rng, feature=0.8))


def add_car(scene: Builder, rng: np.random.Generator) -> None:
    """A parked car."""
    paint = material(rng, PLAIN, contrast=0.05)
    glass, tyre = (
        material(rng, PLAIN, color=(0.08, 0.1, 0.12)),
        material(rng, PLAIN, color=(0.04, 0.04, 0.04)),
    )
    scene.add(BOX, (0, -0.55, 0), (0.85, 0.3, 2.0), paint)
    scene.add(BOX, (0, -1.05, 0.2), (0.72, 0.25, 1.1), glass)
    scene.add(BOX, (0, -1.31, 0.2), (0.74, 0.03, 1.0), paint)
    side = np.array([[0.0, 1, 0], [1, 0, 0], [0, 0, -1]])
    for x in (-0.8, 0.8):
        for z in (-1.3, 1.3):
            scene.add(CYLINDER, (x, -0.32, z), (0.32, 0.1, 0.32), tyre, tilt=side)


def add_object(scene: Builder, rng: np.random.Generator, *, size: float) -> None:
    """Something on a table: a ball, cup, box, bottle, book pile, fruit bowl or leaning thing."""
    s, surface = size * rng.uniform(0.5, 1.2), any_material(rng, feature=0.35 * size)
    kind = rng.integers(6)
    if kind == 0:
        scene.add(BALL, (0, -s, 0), (s, s, s), surface)
    elif kind == 1:
        scene.add(CYLINDER, (0, -s, 0), (0.6 * s, s, 0.6 * s), surface)
        scene.add(BOX, (0.75 * s, -s, 0), (0.15 * s, 0.4 * s, 0.08 * s), surface)
    elif kind == 2:
        scene.add(
            BOX, (0, -0.7 * s, 0), (s * rng.uniform(0.4, 1.2), 0.7 * s, s * rng.uniform(0.2, 1)), surface
        )
    elif kind == 3:
        scene.add(CYLINDER, (0, -s, 0), (0.4 * s, s, 0.4 * s), surface)
        scene.add(CYLINDER, (0, -2.3 * s, 0), (0.14 * s, 0.5 * s, 0.14 * s), surface)
    elif kind == 4:
        for level in range(rng.integers(2, 5)):
            with scene.at(rng.normal(0, 0.1 * s), 0, yaw=rng.normal(0, 0.3)):
                cover = any_material(rng, feature=0.4 * size)
                scene.add(BOX, (0, -(0.18 + 0.36 * level) * s, 0), (1.1 * s, 0.17 * s, 0.8 * s), cover)
    else:
        scene.add(CONE, (0, -s, 0), (s, s, s), surface)
        scene.add(BALL, (0, -2 * s, 0), (0.3 * s, 0.3 * s, 0.3 * s), any_material(rng, feature=0.2 * size))
