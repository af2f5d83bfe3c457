"""Procedural towers that stand free, storey upon storey, against the sky."""

import numpy as np

from voyager_lite.training.buildings import town_look
from voyager_lite.training.figures import add_person
from voyager_lite.training.foreground import add_edge
from voyager_lite.training.framing import Shot, aim
from voyager_lite.training.land import add_far_hills, add_level, any_soil
from voyager_lite.training.light import outdoor_air
from voyager_lite.training.material import CLOUDY, FACADE, STRIPES, TILES, material, random_color
from voyager_lite.training.outdoors import add_paving
from voyager_lite.training.parts import STONE, add_rod, any_material, plain
from voyager_lite.training.plants import add_shrub, add_tree, bark, leafage
from voyager_lite.training.scene import Builder
from voyager_lite.training.shapes import BALL, BOX, CONE, CYLINDER

STOREYS = (2, 7)
"""Least number of storeys, and that from which on there are too many."""


def tower(rng: np.random.Generator) -> Shot:
    """A pagoda, lighthouse, keep, spire or block of flats that fills much of the picture, with trees and
    bushes about its foot: what is above is as far as what is below, although sky begins beside it."""
    scene, tall = Builder(), float(np.exp(rng.uniform(np.log(6), np.log(45))))
    if rng.random() < 0.35:
        add_paving(scene, rng)
    else:
        add_level(scene, any_soil(rng, feature=0.5), role="ground")
    if rng.random() < 0.6:
        add_far_hills(scene, rng, near=tall * rng.uniform(3, 8))
    distance = tall * rng.uniform(0.7, 2.4)
    with scene.at(rng.normal(0, 0.12) * distance, distance, yaw=rng.uniform(0, 2 * np.pi)):
        wide = _add_storeys(scene, rng, tall=tall)
    _add_about(scene, rng, distance=distance, free=1.5 * wide)
    height = rng.uniform(1.2, 2.2) if rng.random() < 0.55 else rng.uniform(0.1, 0.8) * tall
    eye = (0.0, -height, 0.0)
    target = (rng.normal(0, 0.1) * distance, -tall * rng.uniform(0.3, 0.6), distance)
    add_edge(scene, rng, eye=eye, target=target, outdoors=True)
    whole = np.rad2deg(2 * np.arctan(tall / distance))
    fov = np.clip((0.6 * whole, 1.4 * whole), 25, 90)
    least, most = float(fov[0]), float(fov[1])
    return aim(rng, scene.build(outdoor_air(rng), kind="tower"), eye=eye, target=target, fov=(least, most))


def _add_storeys(scene: Builder, rng: np.random.Generator, *, tall: float) -> float:
    """The tower itself around the origin, on y = 0; returns half its greatest width."""
    look, style = town_look(rng), rng.random()
    count = int(rng.integers(*STOREYS)) if style < 0.75 else 1
    roofed, round_ = style < 0.5, rng.random() < 0.4
    shrinks = rng.uniform(0.78, 0.97) if count > 1 else 1.0
    half = tall / count / 2
    widest = width = tall * rng.uniform(0.12, 0.3)
    deep = 1.0 if round_ else rng.uniform(0.7, 1.4)
    roof, trim = _roof(rng, look), plain(rng, random_color(rng, value=(0.1, 0.9)))
    walls = [_wall(rng, feature=half) for _ in range(2 if rng.random() < 0.4 else 1)]
    over = rng.uniform(1.15, 1.6)
    for storey in range(count):
        y, kind = -2 * half * storey, CYLINDER if round_ else BOX
        sides = (width, half, deep * width)
        scene.add(kind, (0, y - half, 0), sides, walls[storey % len(walls)], role="tower")
        if count > 1:
            ledge = (1.06 * width, 0.04 * half, 1.06 * deep * width)
            scene.add(kind, (0, y - 0.04 * half, 0), ledge, trim, role="tower")
            _add_columns(scene, rng, storey=sides, y=y, look=trim)
        if roofed:
            eaves = (over * width, rng.uniform(0.3, 0.5) * half, over * deep * width)
            scene.add(CONE, (0, y - 2 * half, 0), eaves, roof, role="roof")
        width *= shrinks
    if roofed or rng.random() < 0.6:
        peak = rng.uniform(0.3, 1.5) * width
        scene.add(CONE, (0, -tall - peak, 0), (1.1 * width, peak, 1.1 * deep * width), roof, role="roof")
        scene.add(BALL, (0, -tall - 2 * peak, 0), (0.1 * width,) * 3, trim, role="roof")
    elif rng.random() < 0.5:
        _add_battlements(scene, width=width, deep=deep, y=-tall, look=walls[0])
    return widest * max(deep, 1.0)


def _roof(rng: np.random.Generator, look: dict[str, np.ndarray]) -> np.ndarray:
    if rng.random() < 0.5:
        return look["roof"]
    return material(rng, TILES, color=random_color(rng, value=(0.1, 0.5)), feature=0.4)


def _wall(rng: np.random.Generator, *, feature: float) -> np.ndarray:
    """Rows of windows, bands, stone or paint, in features that suit a storey."""
    style = rng.random()
    if style < 0.4:
        return material(rng, FACADE, feature=feature * rng.uniform(0.3, 1), contrast=rng.uniform(0.4, 1))
    if style < 0.55:
        color = random_color(rng, value=(0.2, 0.8))
        return material(rng, STRIPES, color=color, feature=feature * rng.uniform(0.5, 2), contrast=0.6)
    if style < 0.8:
        return material(rng, CLOUDY, color=np.array(STONE) * rng.uniform(0.4, 1.6), contrast=0.25)
    return any_material(rng, feature=feature * rng.uniform(0.2, 0.6))


def _add_columns(
    scene: Builder,
    rng: np.random.Generator,
    *,
    storey: tuple[float, float, float],
    y: float,
    look: np.ndarray,
) -> None:
    """Posts around a storey that begins at ``y``, or none."""
    if rng.random() < 0.6:
        return
    width, half, deep = storey
    count, radius = int(rng.integers(4, 11)), rng.uniform(0.02, 0.05) * width
    for angle in 2 * np.pi * np.arange(count) / count:
        x, z = 1.12 * width * np.sin(angle), 1.12 * deep * np.cos(angle)
        add_rod(scene, (x, y, z), (x, y - 2 * half, z), radius=radius, material=look, role="column")


def _add_battlements(scene: Builder, *, width: float, deep: float, y: float, look: np.ndarray) -> None:
    for x in (-0.9, -0.3, 0.3, 0.9):
        for z in (-0.9, 0.9):
            half = (0.15 * width, 0.15 * width, 0.12 * width)
            scene.add(BOX, (x * width, y - half[1], z * deep * width), half, look, role="tower")


def _add_about(scene: Builder, rng: np.random.Generator, *, distance: float, free: float) -> None:
    """Trees, bushes, houses and people between the camera and some way behind the tower, not inside it."""
    tree, shrub = (bark(rng), leafage(rng, feature=0.5)), leafage(rng, feature=0.25)
    for _ in range(rng.integers(4, 22)):
        z = distance * rng.uniform(0.15, 1.6)
        x = rng.normal(0, 0.45 * z)
        if np.hypot(x, z - distance) < free or z < 2:
            continue
        with scene.at(x, z, yaw=rng.uniform(0, 6)):
            style = rng.random()
            if style < 0.45:
                add_shrub(scene, rng, size=rng.uniform(0.02, 0.1) * distance, leaves=shrub)
            elif style < 0.75:
                add_tree(scene, rng, height=rng.uniform(0.06, 0.25) * distance + 1, materials=tree)
            elif style < 0.9 or z < 0.6 * distance:
                add_person(scene, rng)
            else:
                half = rng.uniform([1.5, 1.5, 1.5], [5, 4, 5])
                scene.add(BOX, (0, -half[1], 0), half, any_material(rng, feature=1.0), role="house")
