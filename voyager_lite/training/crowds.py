"""Portraits and groups of people."""

import numpy as np

from voyager_lite.training.closeups import add_backdrop
from voyager_lite.training.figures import add_animal, add_person
from voyager_lite.training.framing import Shot, aim, around
from voyager_lite.training.light import indoor_air, outdoor_air
from voyager_lite.training.parts import any_material
from voyager_lite.training.plants import add_herb
from voyager_lite.training.scene import Builder
from voyager_lite.training.shapes import BOX
from voyager_lite.training.things import add_chair, add_object


def portrait(rng: np.random.Generator) -> Shot:
    """Head and shoulders, or half a figure, standing or seated, with something behind."""
    scene, seated = Builder(), rng.random() < 0.3
    with scene.at(0, 0, yaw=rng.normal(0, 0.6)):
        head = add_person(scene, rng, seated=seated, fine=True)
        if seated:
            add_chair(scene, rng)
    if rng.random() < 0.3:
        with scene.at(rng.choice([-1, 1]) * 0.55, rng.uniform(-0.1, 0.4), yaw=rng.normal(0, 0.5)):
            add_person(scene, rng, fine=True)
    outdoors = add_backdrop(scene, rng, size=rng.uniform(0.6, 1.3))
    if rng.random() < 0.2:
        with scene.at(rng.choice([-1, 1]) * 0.4, -0.5, y=-0.6):
            add_herb(scene, rng, size=0.6, leaves=9)
    half = rng.uniform(0.25, 0.75)
    fov = rng.uniform(22, 60)
    target = np.array([0, -head + 0.6 * half, 0])
    distance = half * rng.uniform(0.9, 1.4) / np.tan(np.deg2rad(fov) / 2) * 1.5
    eye = around(target, distance=distance, yaw=rng.normal(0, 0.4), pitch=rng.normal(0.03, 0.15))
    built = scene.build(outdoor_air(rng) if outdoors else indoor_air(rng), kind="portrait")
    return aim(rng, built, eye=eye, target=target, fov=(fov, fov), stray=0.2)


def group(rng: np.random.Generator) -> Shot:
    """People at many distances: a row for a photograph, a circle, or a crowd."""
    scene, style = Builder(), rng.random()
    outdoors = add_backdrop(scene, rng, size=rng.uniform(2, 5))
    count, middle = int(rng.integers(2, 11)), 0.0
    for i in range(count):
        if style < 0.4:
            x, z, yaw = 0.6 * (i - count / 2) + rng.normal(0, 0.1), rng.normal(0, 0.2), rng.normal(0, 0.3)
        elif style < 0.6:
            angle = 2 * np.pi * i / count
            x, z, yaw = 1.1 * np.cos(angle), 1.1 * np.sin(angle), np.pi / 2 - angle
        else:
            z = rng.uniform(-2.0, 9)
            x, yaw = rng.normal(0, 0.35 * (z + 4)), rng.uniform(0, 6)
        with scene.at(x, z, yaw=yaw):
            seated = rng.random() < 0.2
            add_person(scene, rng, seated=seated, fine=count < 6)
            if seated:
                scene.add(BOX, (0, -0.22, 0.02), (0.25, 0.22, 0.2), any_material(rng), role="seat")
    for _ in range(rng.integers(0, 3)):
        with scene.at(rng.normal(0, 1), rng.normal(0, 0.5), yaw=rng.uniform(0, 6)):
            if rng.random() < 0.4:
                add_animal(scene, rng, size=rng.uniform(0.2, 0.5))
            else:
                add_object(scene, rng, size=rng.uniform(0.1, 0.25))
    target = np.array([middle + rng.normal(0, 0.4), -rng.uniform(0.7, 1.5), 0])
    eye = around(target, distance=rng.uniform(2.2, 6), yaw=rng.normal(0, 0.3), pitch=rng.normal(0.04, 0.1))
    built = scene.build(outdoor_air(rng) if outdoors else indoor_air(rng), kind="group")
    return aim(rng, built, eye=eye, target=target, fov=(30, 75))
