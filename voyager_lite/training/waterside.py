"""Procedural shores, bridges and gardens."""

import numpy as np

from voyager_lite.training.buildings import add_house, town_look
from voyager_lite.training.figures import add_person
from voyager_lite.training.foreground import add_edge
from voyager_lite.training.framing import Shot, aim, turn
from voyager_lite.training.land import (
    add_far_hills,
    add_level,
    add_rocks,
    any_soil,
)
from voyager_lite.training.light import outdoor_air
from voyager_lite.training.material import CLOUDY, LEAVES, STRIPES, TILES, WOOD, material, random_color
from voyager_lite.training.parts import BROWN, GREEN, STONE, add_rod, any_material, palette, plain
from voyager_lite.training.plants import (
    add_flower,
    add_herb,
    add_potted_plant,
    add_shrub,
    add_tree,
    bark,
    leafage,
)  # fmt: skip
from voyager_lite.training.scene import Builder
from voyager_lite.training.shapes import BALL, BOX, CONE, CYLINDER


def shore(rng: np.random.Generator) -> Shot:
    """A lake or the sea with sand or stones in front, jetties, boats, people and a far shore."""
    scene = Builder()
    color = np.array([0.14, 0.27, 0.36]) * rng.uniform(0.5, 1.8) * np.array([rng.uniform(0.6, 1.2), 1, 1])
    water = material(
        rng, (STRIPES, CLOUDY)[rng.integers(2)], color=color, contrast=0.12, feature=rng.uniform(0.3, 2)
    )
    add_level(scene, water, role="water")
    sand = material(rng, CLOUDY, color=(0.55, 0.47, 0.33), contrast=0.25, feature=0.4)
    sand = sand if rng.random() < 0.6 else any_soil(rng, feature=0.6)
    beach, slope = rng.uniform(2, 12), rng.uniform(0.02, 0.09)
    with scene.at(0, 0, yaw=rng.normal(0, 0.6)):
        ahead, up = np.array([0, np.sin(slope), np.cos(slope)]), np.array([0, -np.cos(slope), np.sin(slope)])
        place, tilt = np.array([0, 0, beach]) - 40 * ahead - 0.5 * up, turn(slope, 0, 0)
        scene.add(BOX, place, (300, 0.5, 40), sand, tilt=tilt, shadow=False, role="sand")
        _add_on_beach(scene, rng, beach=beach, slope=slope)
    if rng.random() < 0.7:
        add_far_hills(scene, rng, near=rng.uniform(60, 200))
    add_rocks(
        scene, rng, count=int(rng.integers(0, 14)), near=1.5, far=beach + 6, size=rng.choice([0.15, 0.5, 1.2])
    )
    if rng.random() < 0.35:
        _add_jetty(scene, rng)
    for _ in range(rng.integers(0, 4)):
        z = rng.uniform(beach + 3, 50)
        with scene.at(rng.normal(0, 0.5 * z), z, yaw=rng.uniform(0, 6)):
            _add_boat(scene, rng)
    eye = (rng.normal(0, 1), -beach * slope - rng.uniform(1.2, 2.8), 0)
    target = (rng.normal(0, 5), rng.normal(0, 1.5), 25)
    add_edge(scene, rng, eye=eye, target=target, outdoors=True)
    return aim(rng, scene.build(outdoor_air(rng), kind="shore"), eye=eye, target=target, fov=(32, 85))


def _add_on_beach(scene: Builder, rng: np.random.Generator, *, beach: float, slope: float) -> None:
    """People, parasols, bushes and trees between the camera and the water at z = ``beach``."""
    cloth, trees = palette(rng, 2, feature=0.3), (bark(rng), leafage(rng, feature=0.4))
    for _ in range(rng.integers(0, 11)):
        z = rng.uniform(1.5, max(beach, 3))
        with scene.at(rng.normal(0, 1.5 + 0.4 * z), z, y=(z - beach) * slope, yaw=rng.uniform(0, 6)):
            style = rng.random()
            if style < 0.4:
                add_person(scene, rng)
            elif style < 0.7:
                add_rod(scene, (0, 0, 0), (0, -2.0, 0), radius=0.02, material=cloth[0], role="parasol")
                scene.add(CONE, (0, -2.0, 0), (1.1, 0.22, 1.1), cloth[rng.integers(2)], role="parasol")
            elif style < 0.85:
                add_herb(scene, rng, size=rng.uniform(0.2, 0.7), leaves=8, material=trees[1])
            else:
                add_tree(scene, rng, height=rng.uniform(3, 8), materials=trees)


def _add_boat(scene: Builder, rng: np.random.Generator) -> None:
    hull, long = plain(rng), rng.uniform(1.2, 4)
    scene.add(BALL, (0, 0, 0), (0.35 * long, 0.25 * long, long), hull, role="boat")
    scene.add(BOX, (0, -0.3 * long, 0.1), (0.2 * long, 0.15 * long, 0.35 * long), plain(rng), role="boat")
    if rng.random() < 0.6:
        add_rod(scene, (0, 0, 0), (0, -2.2 * long, 0), radius=0.04, material=hull, role="boat")
        scene.add(
            CONE,
            (0, -1.3 * long, 0.3 * long),
            (0.02, 0.8 * long, 0.5 * long),
            plain(rng, (0.8, 0.8, 0.76)),
            role="sail",
        )


def _add_jetty(scene: Builder, rng: np.random.Generator) -> None:
    """Planks on piles with a rail, leading away."""
    wood, w, long = material(rng, WOOD, color=BROWN, feature=0.15), rng.uniform(0.5, 1.2), rng.uniform(6, 16)
    with scene.at(rng.normal(0, 1.5), 1.5, yaw=rng.normal(0, 0.4)):
        scene.add(BOX, (0, -0.55, long / 2), (w, 0.05, long / 2), wood, role="jetty")
        rail = rng.random() < 0.6
        for z in np.arange(0.5, long, 1.6):
            for x in (-w, w):
                add_rod(
                    scene,
                    (x, 0.3, z),
                    (x, -1.5 if rail else -0.8, z),
                    radius=0.06,
                    material=wood,
                    role="jetty",
                )
        for x in (-w, w) if rail else ():
            scene.add(BOX, (x, -1.45, long / 2), (0.03, 0.04, long / 2), wood, role="railing")


def garden(rng: np.random.Generator) -> Shot:
    """A lawn with hedges, flower beds, stepping stones, pots, trees, a bench and a house or wall behind."""
    scene = Builder()
    add_level(
        scene, material(rng, LEAVES, color=np.array(GREEN) * 1.4, feature=0.2, contrast=0.3), role="lawn"
    )
    hedge, leaves = leafage(rng, feature=0.15), [leafage(rng, feature=0.06) for _ in range(2)]
    for _ in range(rng.integers(1, 6)):
        half = (rng.uniform(0.3, 4), rng.uniform(0.2, 0.9), rng.uniform(0.2, 0.6))
        with scene.at(
            rng.normal(0, 3), rng.uniform(2, 10), yaw=rng.choice([0, np.pi / 2]) + rng.normal(0, 0.1)
        ):
            scene.add(BOX, (0, -half[1], 0), half, hedge, role="hedge")
    blooms = [plain(rng, random_color(rng, value=(0.4, 0.9))) for _ in range(3)]
    for _ in range(rng.integers(1, 4)):
        x, z = rng.normal(0, 1.2), rng.uniform(0.8, 5)
        bloom = blooms[rng.integers(3)]
        for spot in rng.normal(0, 0.4, (rng.integers(4, 13), 2)):
            with scene.at(x + spot[0], z + spot[1]):
                add_flower(scene, rng, size=rng.uniform(0.25, 0.8), stem=leaves[0], bloom=bloom)
        with scene.at(x, z):
            add_herb(scene, rng, size=0.5, leaves=10, material=leaves[1])
    if rng.random() < 0.5:
        slab = material(rng, CLOUDY, color=STONE, feature=0.3)
        for i in range(9):
            scene.add(
                CYLINDER,
                (rng.normal(0, 0.12), 0, 0.8 + 0.75 * i),
                (0.3, 0.03, 0.26),
                slab,
                shadow=False,
                role="path",
            )
    for _ in range(rng.integers(0, 5)):
        with scene.at(rng.normal(0, 3), rng.uniform(2, 9), yaw=rng.uniform(0, 6)):
            style = rng.random()
            if style < 0.35:
                add_potted_plant(scene, rng, leaves=10)
            elif style < 0.7:
                add_tree(scene, rng, height=rng.uniform(2, 5))
            elif style < 0.85:
                add_shrub(scene, rng, size=0.8, leaves=hedge)
            else:
                scene.add(BOX, (0, -0.42, 0), (0.7, 0.03, 0.22), any_material(rng), role="bench")
                scene.add(BOX, (0, -0.7, 0.2), (0.7, 0.2, 0.02), any_material(rng), role="bench")
                for leg in (-0.6, 0.6):
                    scene.add(BOX, (leg, -0.2, 0), (0.04, 0.2, 0.2), any_material(rng), role="bench")
    with scene.at(rng.normal(0, 2), rng.uniform(9, 16), yaw=rng.normal(0, 0.2)):
        if rng.random() < 0.6:
            add_house(scene, rng, half=(rng.uniform(3, 7), rng.uniform(1.5, 4), 2.0), look=town_look(rng))
        else:
            scene.add(BOX, (0, -1.0, 0), (12, 1.0, 0.2), any_material(rng, feature=0.3), role="wall")
    eye, target = (
        (rng.normal(0, 0.4), -rng.uniform(0.35, 1.8), -0.6),
        (rng.normal(0, 1), -rng.uniform(0, 1.2), 4),
    )
    add_edge(scene, rng, eye=eye, target=target, outdoors=True)
    return aim(rng, scene.build(outdoor_air(rng), kind="garden"), eye=eye, target=target, fov=(30, 85))


def bridge(rng: np.random.Generator) -> Shot:
    """A bridge or a walled path with railings that leads away over water or between banks."""
    scene, soil = Builder(), any_soil(rng, feature=0.6)
    drop, w, long = rng.uniform(0.5, 6), rng.uniform(0.6, 2.5), rng.uniform(8, 40)
    surface = plain(rng, (0.13, 0.25, 0.3)) if rng.random() < 0.6 else soil
    add_level(scene, surface, y=drop, role="water")
    deck = material(rng, (WOOD, TILES, CLOUDY)[rng.integers(3)], feature=0.2)
    rail = material(rng, WOOD, color=BROWN, feature=0.1) if rng.random() < 0.5 else plain(rng)
    scene.add(BOX, (0, 0.1, long / 2 - 2), (w, 0.1, long / 2 + 1), deck, role="bridge")
    step = rng.uniform(0.25, 2)
    for x in (-w, w):
        scene.add(BOX, (x, -1.0, long / 2 - 2), (0.04, 0.04, long / 2 + 1), rail, role="railing")
        for z in np.arange(-2, min(long, 40 * step), step):
            scene.add(BOX, (x, -0.5, z), (0.025, 0.5, 0.025), rail, role="railing")
        for z in np.arange(0, long, 4):
            add_rod(scene, (x * 0.8, 0, z), (x * 0.8, drop, z), radius=0.12, material=deck, role="bridge")
        scene.add(BALL, (x * 8, drop, long / 2), (6 * w, 0.8 * drop, long), soil, shadow=False, role="bank")
    scene.add(BOX, (0, drop / 2 + 0.05, long + 20), (60, drop / 2, 20), soil, shadow=False, role="ground")
    trees = bark(rng), leafage(rng, feature=0.4)
    for _ in range(rng.integers(3, 14)):
        x, z = rng.choice([-1, 1]) * rng.uniform(w + 1.5, 16), rng.uniform(2, long + 25)
        with scene.at(x, z, y=0.0 if z > long else 0.5 * drop):
            add_tree(scene, rng, height=rng.uniform(3, 9), materials=trees)
    for _ in range(rng.integers(0, 4)):
        with scene.at(rng.uniform(-0.6, 0.6) * w, rng.uniform(2.5, 15), yaw=rng.uniform(0, 6)):
            add_person(scene, rng)
    if rng.random() < 0.5:
        add_far_hills(scene, rng)
    eye = (rng.uniform(-0.6, 0.6) * w, -rng.uniform(1.1, 1.9), rng.uniform(-1.5, 0))
    target = (rng.normal(0, 0.8), -rng.uniform(0, 2), 10)
    add_edge(scene, rng, eye=eye, target=target, outdoors=True)
    return aim(rng, scene.build(outdoor_air(rng), kind="bridge"), eye=eye, target=target, fov=(38, 85))
