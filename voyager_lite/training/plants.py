"""Trees, shrubs, potted plants, flowers and grass around the origin of the builder's frame, on y = 0."""

import math

import numpy as np

from voyager_lite.training.material import CLOUDY, LEAVES, WOOD, material
from voyager_lite.training.parts import BROWN, GREEN, add_leaf, add_rod, any_material, plain
from voyager_lite.training.scene import Builder, Real
from voyager_lite.training.shapes import BALL, CONE, CYLINDER


def leafage(rng: np.random.Generator, *, feature: Real) -> np.ndarray:
    """Foliage from dark green to yellow, now and then autumn red."""
    green = (
        np.array(GREEN) * rng.uniform(0.4, 1.7) * np.array([rng.uniform(0.6, 2.6), 1, rng.uniform(0.5, 1.3)])
    )
    if rng.random() < 0.08:
        green = np.array([0.5, 0.2, 0.05]) * rng.uniform(0.6, 1.4)
    return material(rng, LEAVES, color=green, feature=float(feature))


def bark(rng: np.random.Generator) -> np.ndarray:
    """Bark from dark brown to birch grey."""
    color = np.array(BROWN) * rng.uniform(0.4, 1.4) if rng.random() < 0.75 else np.array([0.5, 0.48, 0.44])
    return material(rng, WOOD, color=color, feature=0.1)


def add_tree(
    scene: Builder,
    rng: np.random.Generator,
    *,
    height: Real | None = None,
    materials: tuple[np.ndarray, np.ndarray] | None = None,
) -> None:
    """A leafy tree, a conifer, a palm or bare branches; ``materials`` are those of trunk and leaves."""
    h = float(rng.uniform(2, 8) if height is None else height)
    trunk, crown = materials if materials else (bark(rng), leafage(rng, feature=h * rng.uniform(0.03, 0.12)))
    style = rng.random()
    top = (rng.normal(0, 0.04 * h), -0.62 * h, rng.normal(0, 0.04 * h))
    thick = h * rng.uniform(0.015, 0.035)
    add_rod(scene, (0, 0.1, 0), top, radius=thick, material=trunk, role="tree")
    if style < 0.55:
        wide = rng.uniform(0.7, 1.3)
        for _ in range(rng.integers(3, 8)):
            r = h * rng.uniform(0.1, 0.22)
            x, y, z = rng.normal(0, 0.14 * h, 3) * (wide, 0.8, wide)
            scene.add(BALL, (x, -0.74 * h + y, z), (r, r * rng.uniform(0.6, 1), r), crown, role="tree")
    elif style < 0.8:
        slim = rng.uniform(0.5, 1.2)
        for level in range(4):
            r = h * (0.26 - 0.055 * level) * slim
            scene.add(CONE, (0, -h * (0.34 + 0.19 * level), 0), (r, h * 0.17, r), crown, role="tree")
    elif style < 0.88:
        for i in range(9):
            angle, droop = i * 0.7 + rng.normal(0, 0.2), rng.uniform(-0.12, 0.15)
            tip = (
                top[0] + 0.35 * h * math.cos(angle),
                top[1] + droop * h,
                top[2] + 0.35 * h * math.sin(angle),
            )
            add_leaf(scene, top, tip, width=0.06 * h, material=crown, role="tree")
    else:
        _add_branches(scene, rng, base=np.array(top), length=0.3 * h, thick=0.6 * thick, wood=trunk)


def _add_branches(
    scene: Builder,
    rng: np.random.Generator,
    *,
    base: np.ndarray,
    length: float,
    thick: float,
    wood: np.ndarray,
) -> None:
    for _ in range(rng.integers(3, 6)):
        tip = base + length * (rng.normal(0, 0.5, 3) + np.array([0, -0.7, 0]))
        add_rod(scene, base, tip, radius=thick, material=wood, role="tree")
        for _ in range(2):
            twig = tip + 0.6 * length * (rng.normal(0, 0.5, 3) + np.array([0, -0.4, 0]))
            add_rod(scene, tip, twig, radius=0.5 * thick, material=wood, role="tree")


def add_shrub(
    scene: Builder, rng: np.random.Generator, *, size: Real, leaves: np.ndarray | None = None
) -> None:
    """A bush: a few leafy balls close together."""
    s = float(size)
    green = leafage(rng, feature=0.15 * s) if leaves is None else leaves
    for _ in range(rng.integers(2, 6)):
        r = s * rng.uniform(0.3, 0.65, 3)
        scene.add(BALL, (rng.normal(0, 0.4 * s), -0.8 * r[1], rng.normal(0, 0.4 * s)), r, green, role="bush")


def add_herb(
    scene: Builder, rng: np.random.Generator, *, size: Real, leaves: int, material: np.ndarray | None = None
) -> None:
    """Leaves that spread from one place, from blades of grass to broad ones."""
    s, green = float(size), material if material is not None else leafage(rng, feature=0.1 * size)
    slim, flat = rng.uniform(0.03, 0.3), rng.uniform(0.2, 1.0)
    for i in range(leaves):
        angle, long = 2.4 * i + rng.normal(0, 0.3), s * rng.uniform(0.5, 1)
        out, up = flat * rng.uniform(0.2, 1), rng.uniform(0.4, 1)
        low = (0.1 * out * long * math.cos(angle), -0.3 * up * long, 0.1 * out * long * math.sin(angle))
        tip = (out * long * math.cos(angle), -up * long, out * long * math.sin(angle))
        add_leaf(
            scene,
            low if rng.random() < 0.5 else (0, 0, 0),
            tip,
            width=slim * long,
            material=green,
            role="plant",
        )


def add_flower(
    scene: Builder, rng: np.random.Generator, *, size: Real, stem: np.ndarray, bloom: np.ndarray
) -> None:
    """A stem with a round head or petals."""
    s = float(size) * rng.uniform(0.6, 1.2)
    top = np.array([rng.normal(0, 0.15 * s), -s, rng.normal(0, 0.15 * s)])
    add_rod(scene, (0, 0, 0), top, radius=0.02 * s + 0.002, material=stem, role="flower")
    if rng.random() < 0.6:
        r = s * rng.uniform(0.1, 0.2)
        scene.add(BALL, top, (r, 0.6 * r, r), bloom, role="flower")
        return
    for i in range(5):
        tip = top + 0.22 * s * np.array([math.cos(1.26 * i), -0.3, math.sin(1.26 * i)])
        add_leaf(scene, top, tip, width=0.07 * s, material=bloom, role="flower")


def add_potted_plant(
    scene: Builder, rng: np.random.Generator, *, size: Real = 1.0, leaves: int = 14
) -> float:
    """A pot with leaves, a little tree, a small bush or a cactus in it; returns its height."""
    s = float(size) * rng.uniform(0.7, 1.2)
    pot = any_material(rng, feature=0.1 * s) if rng.random() < 0.6 else plain(rng, (0.45, 0.2, 0.1))
    high, wide = s * rng.uniform(0.2, 0.4), s * rng.uniform(0.14, 0.24)
    scene.add(CYLINDER, (0, -high / 2, 0), (wide, high / 2, wide), pot, role="pot")
    scene.add(CYLINDER, (0, -high, 0), (1.12 * wide, 0.04 * s, 1.12 * wide), pot, role="pot")
    style = rng.random()
    with scene.at(0, 0, y=-high):
        if style < 0.5:
            add_herb(scene, rng, size=0.8 * s, leaves=leaves)
        elif style < 0.7:
            stem, green = bark(rng), leafage(rng, feature=0.05 * s)
            for _ in range(max(leaves // 4, 2)):
                tip = s * np.array([rng.normal(0, 0.2), -rng.uniform(0.4, 1), rng.normal(0, 0.2)])
                add_rod(scene, (0, 0, 0), tip, radius=0.012 * s, material=stem, role="plant")
                for _ in range(3):
                    end = tip + s * rng.normal(0, 0.14, 3)
                    add_leaf(scene, tip, end, width=0.07 * s, material=green, role="plant")
        elif style < 0.85:
            add_shrub(scene, rng, size=0.5 * s)
        else:
            green = material(rng, CLOUDY, color=GREEN, feature=0.05 * s)
            scene.add(BALL, (0, -0.35 * s, 0), (0.13 * s, 0.4 * s, 0.13 * s), green, role="plant")
            scene.add(BALL, (0.14 * s, -0.4 * s, 0), (0.06 * s, 0.18 * s, 0.06 * s), green, role="plant")
    return high + 0.8 * s
