"""Procedural forests, mountains and open country."""

import numpy as np

from voyager_lite.training.buildings import add_house, town_look
from voyager_lite.training.figures import add_animal, add_person
from voyager_lite.training.foreground import add_edge
from voyager_lite.training.framing import Shot, aim, turn
from voyager_lite.training.land import (
    add_far_hills,
    add_fence,
    add_level,
    add_mounds,
    add_path,
    add_rocks,
    any_rock,
    any_soil,
)
from voyager_lite.training.light import outdoor_air
from voyager_lite.training.parts import add_rod, plain, random_tilt
from voyager_lite.training.plants import add_herb, add_shrub, add_tree, bark, leafage
from voyager_lite.training.scene import Builder
from voyager_lite.training.shapes import BALL, CYLINDER


def forest(rng: np.random.Generator) -> Shot:
    """Many trunks with undergrowth, fallen wood and a path; leaves above or bare."""
    scene, soil = Builder(), any_soil(rng, feature=0.5)
    add_level(scene, soil, role="ground")
    add_mounds(scene, rng, count=6, near=3, far=40, soil=soil, flat=0.15)
    trunk, leaves, low = bark(rng), leafage(rng, feature=0.4), leafage(rng, feature=0.12)
    dense, slim = int(rng.integers(12, 50)), rng.uniform(0.04, 0.25)
    crowns, lean = rng.random() < 0.75, rng.uniform(0, 0.08)
    for z in 1.5 + 38 * rng.random(dense) ** 1.5:
        x, r, h = rng.normal(0, 0.55 * z + 1), slim * np.exp(rng.normal(0, 0.35)), rng.uniform(5, 14)
        top = (x + lean * h * rng.normal(), -h, z + lean * h * rng.normal())
        add_rod(scene, (x, 0.1, z), top, radius=r, material=trunk, role="tree")
        if crowns and rng.random() < 0.8:
            for _ in range(2):
                half = rng.uniform(0.7, 2.2, 3)
                scene.add(BALL, np.array(top) + rng.normal(0, 0.8, 3), half, leaves, role="tree")
        elif rng.random() < 0.5:
            y = rng.uniform(0.3, 0.8) * h
            add_rod(
                scene,
                (x, -y, z),
                (x + rng.normal(0, 1.2), -y - 1.0, z + rng.normal(0, 1)),
                radius=0.3 * r,
                material=trunk,
            )
    for _ in range(rng.integers(2, 8)):
        z = rng.uniform(1.2, 9)
        with scene.at(rng.normal(0, 0.6 * z), z):
            if rng.random() < 0.5:
                add_herb(scene, rng, size=rng.uniform(0.2, 0.7), leaves=8, material=low)
            else:
                add_shrub(scene, rng, size=rng.uniform(0.2, 0.9), leaves=low)
    if rng.random() < 0.4:
        a = rng.normal(0, 2, 2)
        add_rod(
            scene,
            (a[0] - 2, -0.2, 4 + a[1]),
            (a[0] + 2, -0.3, 5 - a[1]),
            radius=0.2,
            material=trunk,
            role="log",
        )
    if rng.random() < 0.5:
        add_path(scene, rng)
    if rng.random() < 0.4:
        add_rocks(scene, rng, count=5, near=1.5, far=9, size=0.3)
    eye, target = (rng.normal(0, 0.4), -rng.uniform(0.3, 2), 0), (rng.normal(0, 1), -rng.uniform(0, 4), 10)
    add_edge(scene, rng, eye=eye, target=target, outdoors=True)
    return aim(rng, scene.build(outdoor_air(rng), kind="forest"), eye=eye, target=target, fov=(35, 85))


def mountains(rng: np.random.Generator) -> Shot:
    """Slopes and layers of mountains, perhaps with a lake below and rocks in front."""
    scene, soil = Builder(), any_soil(rng, feature=6)
    up = float(np.exp(rng.uniform(np.log(2), np.log(60))))
    add_level(scene, soil, y=up, role="ground")
    for _ in range(rng.integers(4, 14)):
        z = rng.uniform(0.5, 7) * up + 30
        r = z * rng.uniform(0.2, 0.5)
        half = (1.5 * r, r * rng.uniform(0.2, 1.0), r)
        x = rng.choice([-1, 1]) * rng.uniform(0.3, 1.4) * z
        scene.add(
            BALL,
            (x, up, z),
            half,
            soil,
            tilt=turn(0, rng.uniform(0, 6), rng.normal(0, 0.2)),
            shadow=False,
            role="hill",
        )
    add_far_hills(scene, rng, near=rng.uniform(100, 180))
    if rng.random() < 0.4:
        lake, r = plain(rng, (0.12, 0.25, 0.33)), rng.uniform(10, 50)
        scene.add(
            CYLINDER,
            (rng.normal(0, 40), up - 0.1, rng.uniform(60, 160)),
            (2 * r, 0.3, r),
            lake,
            shadow=False,
            role="water",
        )
    stone = any_rock(rng, feature=0.6)
    wide, deep = rng.uniform(4, 12), rng.uniform(3, 8)
    scene.add(BALL, (0, up, 1), (wide, up, deep), stone, role="rock")
    for _ in range(rng.integers(2, 14)):
        r, x, z = np.exp(rng.normal(-0.9, 0.6)), rng.normal(0, 0.3 * wide), rng.uniform(0, 0.7 * deep)
        sunk = 1 - np.sqrt(max(1 - (x / wide) ** 2 - (z / deep) ** 2, 0))
        place = (x, sunk * up - 0.2 * r, 1 + z)
        scene.add(BALL, place, r * rng.uniform(0.5, 1.2, 3), stone, tilt=random_tilt(rng), role="rock")
    trees = bark(rng), leafage(rng, feature=0.6)
    for _ in range(rng.integers(0, 12)):
        z = rng.uniform(15, 80)
        with scene.at(rng.normal(0, 0.6 * z), z, y=up):
            add_tree(scene, rng, height=rng.uniform(0.3, 1.2) * min(up, 12) + 2, materials=trees)
    if rng.random() < 0.25:
        with scene.at(rng.normal(0, 0.5), 1.5, y=0.02 * up, yaw=rng.uniform(0, 6)):
            add_person(scene, rng)
    eye, target = (0, -rng.uniform(1, 2.5), -2.2), (rng.normal(0, 20), rng.uniform(-0.15, 0.45) * up, 120)
    add_edge(scene, rng, eye=eye, target=target, outdoors=True)
    return aim(rng, scene.build(outdoor_air(rng), kind="mountains"), eye=eye, target=target, fov=(30, 85))


def country(rng: np.random.Generator) -> Shot:
    """Open land with mounds, trees, rocks, fences, animals and a house."""
    scene, soil = Builder(), any_soil(rng, feature=1)
    add_level(scene, soil, role="ground")
    add_mounds(scene, rng, count=int(rng.integers(3, 16)), near=4, far=90, soil=soil)
    if rng.random() < 0.7:
        add_far_hills(scene, rng)
    if rng.random() < 0.5:
        add_path(scene, rng)
    trees = [(bark(rng), leafage(rng, feature=0.4)) for _ in range(2)]
    for _ in range(rng.integers(2, 14)):
        z = rng.uniform(4, 55)
        with scene.at(rng.normal(0, 0.55 * z), z):
            add_tree(scene, rng, height=rng.uniform(2, 9), materials=trees[rng.integers(2)])
    add_rocks(scene, rng, count=int(rng.integers(0, 8)), near=1.5, far=12, size=0.4)
    if rng.random() < 0.45:
        add_fence(scene, rng)
    for _ in range(rng.integers(0, 4)):
        z = rng.uniform(3, 20)
        with scene.at(rng.normal(0, 0.4 * z), z, yaw=rng.uniform(0, 6)):
            if rng.random() < 0.5:
                add_animal(scene, rng, size=rng.uniform(0.4, 1.1))
            else:
                add_person(scene, rng)
    for _ in range(rng.integers(0, 3)):
        with scene.at(rng.normal(0, 12), rng.uniform(12, 60), yaw=rng.uniform(0, 6)):
            half = (rng.uniform(2, 5), rng.uniform(1.3, 3), rng.uniform(2, 5))
            add_house(scene, rng, half=half, look=town_look(rng))
    for _ in range(rng.integers(0, 6)):
        with scene.at(rng.normal(0, 1.2), rng.uniform(0.7, 3)):
            add_herb(scene, rng, size=rng.uniform(0.15, 0.6), leaves=7)
    height = rng.uniform(0.4, 2) if rng.random() < 0.8 else rng.uniform(2, 15)
    eye, target = (rng.normal(0, 0.5), -height, 0), (rng.normal(0, 4), -rng.uniform(-1, 3.5), 20)
    add_edge(scene, rng, eye=eye, target=target, outdoors=True)
    return aim(rng, scene.build(outdoor_air(rng), kind="country"), eye=eye, target=target, fov=(30, 90))
