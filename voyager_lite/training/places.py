"""Procedural squares, courtyards and fronts of houses."""

import numpy as np

from voyager_lite.training.buildings import (
    add_arcade,
    add_fountain,
    add_front,
    add_house,
    add_landmark,
    add_pole,
    town_look,
)  # fmt: skip
from voyager_lite.training.figures import add_person, add_statue
from voyager_lite.training.foreground import add_edge
from voyager_lite.training.framing import Shot, aim
from voyager_lite.training.light import outdoor_air
from voyager_lite.training.material import CLOUDY, material
from voyager_lite.training.outdoors import add_paving
from voyager_lite.training.parts import BLACK, STONE, add_rod, any_material, palette, plain
from voyager_lite.training.plants import add_potted_plant, add_tree, bark, leafage
from voyager_lite.training.scene import Builder, Real
from voyager_lite.training.shapes import BOX, CONE
from voyager_lite.training.things import add_chair, add_table
from voyager_lite.training.vehicles import add_car, add_cycle


def square(rng: np.random.Generator) -> Shot:
    """A paved square before houses or a landmark, with people, a fountain or statue, tables, lamps, trees."""
    scene, look, reach = Builder(), town_look(rng), rng.uniform(9, 30)
    add_paving(scene, rng)
    for i in range(-3, 4):
        angle = 0.42 * i + rng.normal(0, 0.05)
        half = (0.23 * reach, rng.uniform(2.5, 8), rng.uniform(3, 6))
        with scene.at(reach * 1.4 * np.sin(angle), reach * 1.2 * np.cos(angle), yaw=angle):
            if i == 0 and rng.random() < 0.5:
                add_landmark(scene, rng, size=rng.uniform(0.4, 1.1) * reach, look=look)
            elif abs(i) < 3 and rng.random() < 0.5:
                add_front(scene, rng, half=half, look=look, most=14)
            else:
                add_house(scene, rng, half=half, look=look)
    if rng.random() < 0.7:
        with scene.at(rng.normal(0, 2), rng.uniform(0.35, 0.7) * reach):
            if rng.random() < 0.5:
                add_fountain(scene, rng)
            else:
                add_statue(scene, rng)
    metal, tree = plain(rng, BLACK), (bark(rng), leafage(rng, feature=0.4))
    for _ in range(rng.integers(1, 7)):
        with scene.at(rng.uniform(-0.8, 0.8) * reach, rng.uniform(0.3, 0.9) * reach):
            if rng.random() < 0.5:
                add_tree(scene, rng, height=rng.uniform(3, 7), materials=tree)
            else:
                add_pole(scene, rng, height=rng.uniform(2.5, 4), metal=metal)
    for _ in range(rng.integers(0, 9)):
        z = rng.uniform(0.12, 0.9) * reach
        with scene.at(rng.normal(0, 0.45 * z), z, yaw=rng.uniform(0, 6)):
            add_person(scene, rng, fine=z < 4)
    if rng.random() < 0.35:
        _add_cafe(scene, rng, z=0.25 * reach)
    height = rng.uniform(1.2, 2.2) if rng.random() < 0.75 else rng.uniform(3, 14)
    eye, target = (rng.normal(0, 2), -height, 0), (rng.normal(0, 3), -rng.uniform(0.2, 6), reach)
    add_edge(scene, rng, eye=eye, target=target, outdoors=True)
    return aim(rng, scene.build(outdoor_air(rng), kind="square"), eye=eye, target=target, fov=(35, 90))


def _add_cafe(scene: Builder, rng: np.random.Generator, *, z: Real) -> None:
    """Tables with chairs, people and a parasol."""
    cloth, seat, side = any_material(rng, feature=0.4), any_material(rng, feature=0.1), rng.choice([-1, 1])
    for i in range(rng.integers(1, 4)):
        with scene.at(side * (1.2 + 1.8 * i) + rng.normal(0, 0.2), float(z) + rng.normal(0, 0.6)):
            add_table(scene, rng)
            for angle in (0.0, np.pi):
                with scene.at(0.8 * np.sin(angle + 1), 0.8 * np.cos(angle + 1), yaw=angle + 1):
                    add_chair(scene, rng, surface=seat)
                    if rng.random() < 0.3:
                        add_person(scene, rng, seated=True)
            if rng.random() < 0.5:
                add_rod(scene, (0, 0, 0), (0, -2.3, 0), radius=0.025, material=seat, role="parasol")
                scene.add(CONE, (0, -2.3, 0), (1.3, 0.25, 1.3), cloth, role="parasol")


def courtyard(rng: np.random.Generator) -> Shot:
    """A court with arcades, walls, steps, pots and plants; or a view along the arcade."""
    scene, look = Builder(), town_look(rng)
    add_paving(scene, rng)
    stone, w, d = material(rng, CLOUDY, color=STONE, contrast=0.25), rng.uniform(3, 8), rng.uniform(4, 12)
    height, gap = rng.uniform(2.4, 4), rng.uniform(1.6, 3)
    for yaw, reach, span in ((0.0, d, w), (np.pi / 2, w, d), (-np.pi / 2, w, d)):
        with scene.at(0, 0, yaw=yaw):
            if rng.random() < 0.65:
                with scene.at(0, reach):
                    add_arcade(scene, rng, count=int(2 * span / gap), gap=gap, height=height, stone=stone)
                half = (span + 3, height * rng.uniform(0.7, 1.6), 0.3)
                scene.add(BOX, (0, -half[1], reach + 2.5), half, look["plaster"], role="wall")
            else:
                with scene.at(0, reach):
                    add_front(scene, rng, half=(span, rng.uniform(2, 4.5), 2.0), look=look, most=10)
    for _ in range(rng.integers(1, 8)):
        with scene.at(rng.uniform(-0.85, 0.85) * w, rng.uniform(-0.3, 0.9) * d, yaw=rng.uniform(0, 6)):
            style = rng.random()
            if style < 0.45:
                add_potted_plant(scene, rng, size=rng.uniform(0.5, 1.2), leaves=9)
            elif style < 0.65:
                add_person(scene, rng)
            elif style < 0.75:
                add_cycle(scene, rng)
            elif style < 0.85:
                add_tree(scene, rng, height=rng.uniform(2.5, 5))
            else:
                add_table(scene, rng)
    if rng.random() < 0.35:
        with scene.at(rng.normal(0, 1), 0.3 * d):
            add_fountain(scene, rng)
    if rng.random() < 0.25:
        eye, target = (-w - 1.2, -rng.uniform(1.2, 1.8), -0.8 * d), (-w - 1, -1.6, d)
    else:
        eye = (rng.uniform(-0.7, 0.7) * w, -rng.uniform(0.8, 2.2), -rng.uniform(0.2, 0.9) * d)
        target = (rng.normal(0, 0.4) * w, -rng.uniform(0.5, 3), d)
    add_edge(scene, rng, eye=eye, target=target, outdoors=True)
    return aim(rng, scene.build(outdoor_air(rng), kind="courtyard"), eye=eye, target=target, fov=(42, 92))


def facade(rng: np.random.Generator) -> Shot:
    """The front of a house or two seen head-on, aslant or from below, with something before it."""
    scene, look = Builder(), town_look(rng)
    add_paving(scene, rng)
    x = -12.0
    while x < 12:
        half = (rng.uniform(2.5, 6), rng.uniform(2.5, 9), 3.0)
        with scene.at(x + half[0], rng.choice([0, 0, 0.6])):
            if rng.random() < 0.2:
                stone = look["plaster"]
                add_arcade(scene, rng, count=int(half[0]), gap=2.0, height=3.4, stone=stone)
                scene.add(BOX, (0, -half[1], 2.5), (half[0], half[1], 0.3), look["brick"], role="wall")
            else:
                add_front(scene, rng, half=half, look=look, most=20)
        x += 2 * half[0] + rng.choice([0, 0, 0, 1.5])
    tree, looks = (bark(rng), leafage(rng, feature=0.3)), palette(rng, 2, feature=0.2)
    for _ in range(rng.integers(0, 6)):
        with scene.at(rng.uniform(-7, 7), -rng.uniform(0.5, 4), yaw=rng.uniform(0, 6)):
            style = rng.random()
            if style < 0.25:
                add_tree(scene, rng, height=rng.uniform(3, 6), materials=tree)
            elif style < 0.5:
                add_person(scene, rng)
            elif style < 0.65:
                add_cycle(scene, rng)
            elif style < 0.8:
                add_potted_plant(scene, rng, leaves=9)
            else:
                scene.add(BOX, (0, -0.4, 0), (0.5, 0.4, 0.3), looks[0], role="box")
    if rng.random() < 0.3:
        with scene.at(rng.uniform(-5, 5), -3.2, yaw=np.pi / 2):
            add_car(scene, rng)
    distance, yaw = rng.uniform(3, 16), rng.normal(0, 0.15) if rng.random() < 0.4 else rng.uniform(-1.2, 1.2)
    target = np.array([rng.uniform(-3, 3), -rng.uniform(1.2, 7), 0])
    eye = (target[0] - distance * np.sin(yaw), -rng.uniform(1.0, 2.5), -distance * np.cos(yaw) - 0.8)
    add_edge(scene, rng, eye=eye, target=target, outdoors=True)
    return aim(rng, scene.build(outdoor_air(rng), kind="facade"), eye=eye, target=target, fov=(32, 85))
