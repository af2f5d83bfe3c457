"""Procedural streets and landscapes."""

import numpy as np

from voyager_lite.training.buildings import add_house
from voyager_lite.training.figures import add_person
from voyager_lite.training.framing import Shot, aim
from voyager_lite.training.light import outdoor_air
from voyager_lite.training.material import (
    CLOUDY,
    LEAVES,
    PLAIN,
    STRIPES,
    TILES,
    WOOD,
    material,
    random_color,
)  # fmt: skip
from voyager_lite.training.parts import BROWN, GREEN, GREY, STONE, any_material, random_tilt
from voyager_lite.training.plants import add_tree
from voyager_lite.training.scene import Builder
from voyager_lite.training.shapes import BALL, BOX, CONE, CYLINDER
from voyager_lite.training.vehicles import add_car


def street(rng: np.random.Generator) -> Shot:
    """A street along +z with houses, trees, cars, people and lamp posts; the camera stands at the origin."""
    scene = Builder()
    ground = material(rng, int(rng.choice([TILES, CLOUDY, CLOUDY])), color=STONE, feature=0.6)
    scene.add(BOX, (0, 0.5, 0), (400, 0.5, 400), ground, shadow=False)
    road = rng.uniform(2, 4.5)
    asphalt = material(rng, CLOUDY, color=np.array(GREY) * rng.uniform(0.3, 1), contrast=0.2, feature=0.5)
    scene.add(BOX, (0, 0, 0), (road, 0.02, 300), asphalt, shadow=False)
    if rng.random() < 0.6:
        for dash in range(2, 40, 6):
            scene.add(
                BOX,
                (0, -0.01, dash),
                (0.08, 0.02, 1.2),
                material(rng, PLAIN, color=(0.8, 0.8, 0.75)),
                shadow=False,
            )
    path = road + rng.uniform(1, 3)
    for side in (-1.0, 1.0):
        z = float(rng.uniform(-6, 2))
        while z < 70:
            half = rng.uniform(2.5, 7), rng.uniform(2, 10), rng.uniform(3, 8)
            if rng.random() < 0.85:
                with scene.at(side * (path + half[0] + rng.choice([0, 0, 2])), z + half[2]):
                    add_house(scene, rng, half=half)
            z += 2 * half[2] + float(rng.choice([0, 0, 1.5, 6]))
        _line_of(scene, rng, x=side * (road + 0.6))
    if rng.random() < 0.5:
        with scene.at(rng.normal(0, 6), rng.uniform(40, 90)):
            add_house(scene, rng, half=(rng.uniform(5, 15), rng.uniform(4, 15), 5.0))
    for _ in range(rng.integers(0, 6)):
        with scene.at(rng.normal(0, path), rng.uniform(3, 25), yaw=rng.uniform(0, 6)):
            add_person(scene, rng)
    for _ in range(rng.integers(0, 5)):
        with scene.at(rng.choice([-1, 1]) * (road - 1.0), rng.uniform(4, 40), yaw=rng.choice([0, np.pi])):
            add_car(scene, rng)
    eye = (rng.normal(0, 1), -(rng.uniform(1.2, 2) if rng.random() < 0.8 else rng.uniform(2, 9)), 0)
    target = (rng.normal(0, 4), rng.normal(-1.6, 1.5), 20)
    return aim(rng, scene.build(outdoor_air(rng), kind="street"), eye=eye, target=target, fov=(40, 90))


def _line_of(scene: Builder, rng: np.random.Generator, *, x: float) -> None:
    """Trees, posts or bollards along the kerb."""
    kind, step = rng.integers(4), rng.uniform(4, 9)
    metal = material(rng, PLAIN, color=GREY)
    for z in np.arange(rng.uniform(2, 6), 45, step):
        if kind == 0:
            with scene.at(x, z):
                add_tree(scene, rng)
        elif kind == 1:
            h = 2.5
            scene.add(CYLINDER, (x, -h, z), (0.06, h, 0.06), metal)
            scene.add(BOX, (x * 0.93, -2 * h, z), (0.5, 0.05, 0.08), metal)
        elif kind == 2:
            scene.add(CYLINDER, (x, -0.4, z), (0.09, 0.4, 0.09), metal)


def landscape(rng: np.random.Generator) -> Shot:
    """Open land with hills, trees, rocks, water, fences and houses; the camera stands at the origin."""
    scene = Builder()
    soil = np.array(GREEN) * np.array([rng.uniform(0.7, 3), 1.2, rng.uniform(0.5, 1.5)])
    soil = soil if rng.random() < 0.75 else random_color(rng, value=(0.3, 0.8))
    ground = material(
        rng, int(rng.choice([CLOUDY, LEAVES])), color=soil, feature=rng.uniform(0.2, 2), contrast=0.4
    )
    scene.add(BOX, (0, 0.5, 0), (1500, 0.5, 1500), ground, shadow=False)
    for _ in range(rng.integers(0, 6)):
        r, z = rng.uniform(10, 60), rng.uniform(40, 200)
        hill = material(rng, int(rng.choice([CLOUDY, LEAVES])), color=soil, feature=r / 8, contrast=0.4)
        scene.add(
            BALL, (rng.normal(0, z / 2), 0, z), (r * 1.6, r * rng.uniform(0.15, 0.5), r), hill, shadow=False
        )
    for _ in range(rng.integers(0, 5)):
        r, z = rng.uniform(60, 200), rng.uniform(250, 600)
        rock = material(rng, CLOUDY, color=np.array([0.3, 0.34, 0.42]), feature=r / 5)
        scene.add(CONE, (rng.normal(0, z / 2), -r * 0.4, z), (r, r * 0.4, r), rock, shadow=False)
    if rng.random() < 0.25:
        lake = material(rng, STRIPES, color=(0.16, 0.3, 0.4), contrast=0.15, feature=0.4)
        scene.add(
            CYLINDER,
            (rng.normal(0, 10), 0, rng.uniform(8, 40)),
            (rng.uniform(5, 30), 0.02, 12),
            lake,
            shadow=False,
        )
    if rng.random() < 0.5:
        path = material(rng, CLOUDY, color=STONE, feature=0.4)
        with scene.at(rng.normal(0, 1), 0, yaw=rng.normal(0, 0.3)):
            scene.add(BOX, (0, 0, 30), (rng.uniform(0.5, 2), 0.015, 60), path, shadow=False)
    for _ in range(rng.integers(2, 14)):
        z = rng.uniform(3, 45)
        with scene.at(rng.normal(0, 0.5 * z), z):
            add_tree(scene, rng)
    for _ in range(rng.integers(0, 9)):
        z, r = rng.uniform(1.5, 15), rng.uniform(0.1, 0.7)
        stone = material(rng, CLOUDY, color=np.array(STONE) * rng.uniform(0.5, 1.2), feature=r)
        scene.add(
            BALL,
            (rng.normal(0, 0.6 * z), -0.3 * r, z),
            r * rng.uniform(0.5, 1.2, 3),
            stone,
            tilt=random_tilt(rng),
        )
    for _ in range(rng.integers(0, 3)):
        with scene.at(rng.normal(0, 10), rng.uniform(10, 50), yaw=rng.uniform(0, 6)):
            add_house(scene, rng, half=(rng.uniform(2, 5), rng.uniform(1.3, 3), rng.uniform(2, 5)))
    if rng.random() < 0.4:
        _add_fence(scene, rng)
    if rng.random() < 0.3:
        with scene.at(rng.normal(0, 2), rng.uniform(3, 9), yaw=rng.uniform(0, 6)):
            add_person(scene, rng)
    if rng.random() < 0.3:
        scene.add(
            BOX, (rng.normal(0, 2), -0.4, rng.uniform(3, 8)), rng.uniform(0.2, 0.9, 3), any_material(rng)
        )
    eye = (rng.normal(0, 1), -(rng.uniform(1.2, 2) if rng.random() < 0.8 else rng.uniform(2, 9)), 0)
    target = (rng.normal(0, 4), rng.normal(-1.6, 1.5), 20)
    return aim(rng, scene.build(outdoor_air(rng), kind="landscape"), eye=eye, target=target, fov=(40, 90))


def _add_fence(scene: Builder, rng: np.random.Generator) -> None:
    wood = material(rng, WOOD, color=BROWN, feature=0.1)
    with scene.at(rng.normal(0, 2), rng.uniform(3, 9), yaw=rng.normal(0, 0.7)):
        for x in np.arange(-8, 8, 1.2):
            scene.add(BOX, (x, -0.5, 0), (0.05, 0.5, 0.05), wood)
        for y in (0.4, 0.8):
            scene.add(BOX, (0, -y, 0), (8, 0.05, 0.02), wood)
