"""Procedural streets, on foot and by car."""

import itertools

import numpy as np

from voyager_lite.training.buildings import Look, add_front, add_house, add_landmark, add_pole, town_look
from voyager_lite.training.figures import add_person
from voyager_lite.training.foreground import add_edge
from voyager_lite.training.framing import Shot, aim
from voyager_lite.training.light import outdoor_air
from voyager_lite.training.material import CLOUDY, PLAIN, TILES, material
from voyager_lite.training.parts import GREY, STONE, WHITE, add_rod, plain
from voyager_lite.training.plants import add_shrub, add_tree, bark, leafage
from voyager_lite.training.scene import Builder
from voyager_lite.training.shapes import BALL, BOX, CYLINDER
from voyager_lite.training.vehicles import add_car, add_truck


def add_paving(scene: Builder, rng: np.random.Generator) -> None:
    """Paved ground without end."""
    ground = material(
        rng, (TILES, CLOUDY, TILES)[rng.integers(3)], color=STONE, feature=rng.uniform(0.2, 0.9)
    )
    scene.add(BOX, (0, 0.5, 0), (600, 0.5, 600), ground, shadow=False, role="ground")


def _add_road(scene: Builder, rng: np.random.Generator, *, half: float) -> None:
    """Asphalt along z between raised pavements, with marks and perhaps a crossing."""
    asphalt = material(rng, CLOUDY, color=np.array(GREY) * rng.uniform(0.3, 1), contrast=0.2, feature=0.5)
    scene.add(BOX, (0, 0, 0), (half, 0.02, 400), asphalt, shadow=False, role="road")
    walk = material(rng, TILES, color=STONE, feature=0.4, contrast=0.2)
    for side in (-1, 1):
        scene.add(BOX, (side * (half + 2.5), -0.05, 0), (2.5, 0.1, 400), walk, shadow=False, role="pavement")
        scene.add(
            BOX, (side * half, -0.05, 0), (0.1, 0.12, 400), plain(rng, STONE), shadow=False, role="kerb"
        )
    white = material(rng, PLAIN, color=WHITE, contrast=0.1)
    if rng.random() < 0.6:
        for dash in range(2, 60, 6):
            scene.add(BOX, (0, -0.01, dash), (0.08, 0.02, 1.2), white, shadow=False, role="mark")
    if rng.random() < 0.3:
        z = rng.uniform(3, 14)
        for x in np.arange(-half + 0.4, half, 0.9):
            scene.add(BOX, (x, -0.01, z), (0.22, 0.02, 1.5), white, shadow=False, role="mark")


def _add_rows_of_houses(
    scene: Builder, rng: np.random.Generator, *, edge: float, far: float, gap: float, look: Look
) -> None:
    """Houses on both sides of the z axis; near ones have windows in relief."""
    tall = rng.uniform(2, 6)
    for side in (-1, 1):
        z = float(rng.uniform(-8, 2))
        while z < far:
            half = (rng.uniform(2.5, 7), tall * rng.uniform(0.6, 1.6), rng.uniform(3, 8))
            if rng.random() > gap:
                front = side * (edge + rng.choice([0, 0, 1.5]))
                if z < 18 and rng.random() < 0.5:
                    with scene.at(front, z + half[2], yaw=side * np.pi / 2):
                        add_front(scene, rng, half=(half[2], half[1], half[0]), look=look, most=10)
                else:
                    with scene.at(front + side * half[0], z + half[2]):
                        add_house(scene, rng, half=half, look=look)
            z += 2 * half[2] + float(rng.choice([0, 0, 1.5, 8]))


def _add_kerbside(scene: Builder, rng: np.random.Generator, *, x: float) -> None:
    """Trees, posts, bollards, wires, parked cars and people along one side of the road."""
    kind, step, metal = (
        rng.integers(6),
        rng.uniform(5, 11),
        plain(rng, np.array(GREY) * rng.uniform(0.2, 1.2)),
    )
    tree = bark(rng), leafage(rng, feature=0.35)
    side, tops = np.sign(x), []
    for z in np.arange(rng.uniform(2, 6), 48, step):
        with scene.at(x + side * 0.5, z, yaw=0.0 if side > 0 else np.pi):
            if kind <= 1:
                add_tree(scene, rng, height=rng.uniform(3, 8), materials=tree)
            elif kind == 2:
                add_pole(scene, rng, height=rng.uniform(3, 6), metal=metal)
            elif kind == 3:
                scene.add(CYLINDER, (0, -0.4, 0), (0.09, 0.4, 0.09), metal, role="bollard")
            elif kind == 4:
                add_rod(scene, (0, 0, 0), (0, -7.5, 0), radius=0.1, material=tree[0], role="pole")
                add_rod(scene, (-0.7, -7, 0), (0.7, -7, 0), radius=0.05, material=tree[0], role="pole")
                tops.append((x + side * 0.5, -7.0, z))
    for a, b in itertools.pairwise(tops):
        for off in (-0.6, 0.6):
            sag = (a[0] + off, (a[1] + b[1]) / 2 + 0.4, (a[2] + b[2]) / 2)
            add_rod(scene, (a[0] + off, a[1], a[2]), sag, radius=0.015, material=metal, role="wire")
            add_rod(scene, sag, (b[0] + off, b[1], b[2]), radius=0.015, material=metal, role="wire")
    for _ in range(rng.integers(0, 4)):
        with scene.at(x + side * rng.uniform(0.3, 2.5), rng.uniform(2, 25), yaw=rng.uniform(0, 6)):
            add_person(scene, rng)
    if rng.random() < 0.55:
        z = rng.uniform(3, 9)
        for _ in range(rng.integers(1, 5)):
            with scene.at(x - side * 1.15, z, yaw=rng.choice([0, np.pi]) + rng.normal(0, 0.03)):
                add_car(scene, rng, fine=z < 8)
            z += rng.uniform(4.8, 9)


def _add_end(scene: Builder, rng: np.random.Generator, *, look: Look) -> None:
    """What closes the view far off: a landmark, towers, trees or hills."""
    with scene.at(rng.normal(0, 8), rng.uniform(60, 140)):
        style = rng.random()
        if style < 0.25:
            add_landmark(scene, rng, size=rng.uniform(8, 25), look=look)
        elif style < 0.5:
            for x in rng.normal(0, 30, 4):
                half = rng.uniform([3, 8, 3], [9, 30, 9])
                scene.add(BOX, (x, -half[1], rng.uniform(0, 60)), half, look["facade"], role="tower")
        elif style < 0.75:
            green = leafage(rng, feature=2.0)
            for x in rng.normal(0, 22, 6):
                r = rng.uniform(3, 8)
                scene.add(BALL, (x, -0.7 * r, rng.normal(0, 5)), (r, r, r), green, role="tree")
        else:
            scene.add(
                BALL, (0, 0, 250), (300, rng.uniform(15, 60), 90), leafage(rng, feature=20), role="hill"
            )


def street(rng: np.random.Generator) -> Shot:
    """A street along +z with houses on both sides, cars, trees, posts, wires and people."""
    scene, look, half = Builder(), town_look(rng), rng.uniform(1.8, 5)
    add_paving(scene, rng)
    _add_road(scene, rng, half=half)
    _add_rows_of_houses(scene, rng, edge=half + rng.uniform(1.2, 5), far=65.0, gap=0.1, look=look)
    for side in (-1, 1):
        _add_kerbside(scene, rng, x=side * (half + 0.3))
    _add_end(scene, rng, look=look)
    for _ in range(rng.integers(0, 3)):
        with scene.at(rng.choice([-0.5, 0.5]) * half, rng.uniform(7, 40), yaw=rng.choice([0, np.pi])):
            add_car(scene, rng)
    height = rng.uniform(1.2, 2) if rng.random() < 0.75 else rng.uniform(2, 12)
    side = rng.choice([-1, 0, 1])
    eye = (side * (half + rng.uniform(0.5, 1.0)) + rng.normal(0, 0.4), -height, rng.uniform(-2, 2))
    target = (rng.normal(0, 4), -rng.uniform(0.5, 4.5) - 0.15 * height, 22)
    add_edge(scene, rng, eye=eye, target=target, outdoors=True)
    return aim(rng, scene.build(outdoor_air(rng), kind="street"), eye=eye, target=target, fov=(32, 90))


def drive(rng: np.random.Generator) -> Shot:
    """A road seen by a driver: cars ahead in lanes, verges with trees, rails and houses, much distance."""
    scene, look, half = Builder(), town_look(rng), rng.uniform(3.5, 9)
    scene.add(BOX, (0, 0.5, 0), (900, 0.5, 900), leafage(rng, feature=1.0), shadow=False, role="ground")
    _add_road(scene, rng, half=half)
    rural = rng.random() < 0.4
    edge = half + rng.uniform(3, 12)
    _add_rows_of_houses(scene, rng, edge=edge, far=110.0, gap=0.75 if rural else 0.3, look=look)
    tree = bark(rng), leafage(rng, feature=0.5)
    for side in (-1, 1):
        for z in np.arange(rng.uniform(2, 10), 80, rng.uniform(6, 25)):
            with scene.at(side * (edge - rng.uniform(0.5, 2)), z):
                if rng.random() < 0.6:
                    add_tree(scene, rng, height=rng.uniform(3, 9), materials=tree)
                else:
                    add_shrub(scene, rng, size=rng.uniform(0.5, 1.5), leaves=tree[1])
        if rng.random() < 0.3:
            metal = plain(rng, GREY)
            scene.add(BOX, (side * (half + 0.3), -0.6, 50), (0.03, 0.15, 60), metal, role="rail")
            for z in range(2, 30, 4):
                scene.add(BOX, (side * (half + 0.35), -0.35, z), (0.05, 0.35, 0.05), metal, role="rail")
        elif rng.random() < 0.5:
            _add_kerbside(scene, rng, x=side * (half + 0.3))
    for lane in np.arange(-half + 1.8, half - 1, 3.2):
        z = rng.uniform(6, 30)
        while z < 90 and rng.random() < 0.75:
            with scene.at(lane + rng.normal(0, 0.2), z, yaw=0.0 if lane < 0 else np.pi):
                if rng.random() < 0.15:
                    add_truck(scene, rng)
                else:
                    add_car(scene, rng, fine=z < 12)
            z += rng.exponential(14) + 6
    _add_end(scene, rng, look=look)
    eye = (rng.uniform(-0.5, 0.6) * half, -rng.uniform(1.1, 2.2), 0)
    target = (eye[0] + rng.normal(0, 1.5), eye[1] + rng.normal(0.2, 1.2), 30)
    return aim(
        rng, scene.build(outdoor_air(rng), kind="drive"), eye=eye, target=target, fov=(35, 95), stray=0.1
    )
