"""Procedural rooms."""

import numpy as np

from voyager_lite.training.figures import add_person
from voyager_lite.training.framing import Shot, aim
from voyager_lite.training.light import indoor_air
from voyager_lite.training.material import CLOUDY, GLOW, PLAIN, STRIPES, TILES, WOOD, material
from voyager_lite.training.parts import any_material
from voyager_lite.training.scene import Builder
from voyager_lite.training.shapes import BOX
from voyager_lite.training.things import (
    add_chair,
    add_lamp,
    add_object,
    add_shelf,
    add_sofa,
    add_table,
)  # fmt: skip


def _add_walls(scene: Builder, rng: np.random.Generator, *, half: tuple[float, float, float]) -> None:
    """Floor, ceiling and four walls with pictures, windows and a door; none casts a shadow."""
    w, h, d = half
    floor = material(rng, int(rng.choice([WOOD, TILES, CLOUDY, STRIPES])), feature=rng.uniform(0.1, 0.6))
    wall = material(rng, int(rng.choice([PLAIN, CLOUDY, STRIPES, PLAIN])), contrast=rng.uniform(0, 0.3))
    ceiling = material(rng, PLAIN, color=(0.75, 0.74, 0.7), contrast=0.05)
    scene.add(BOX, (0, 0.1, 0), (w, 0.1, d), floor, shadow=False)
    scene.add(BOX, (0, -2 * h - 0.1, 0), (w, 0.1, d), ceiling, shadow=False)
    skirting = material(rng, PLAIN, contrast=0.05)
    for side in range(4):
        reach, span = (d, w) if side % 2 == 0 else (w, d)
        other = any_material(rng, feature=0.4) if rng.random() < 0.2 else wall
        with scene.at(0, 0, yaw=side * np.pi / 2):
            scene.add(BOX, (0, -h, reach + 0.1), (span, h, 0.1), other, shadow=False)
            scene.add(BOX, (0, -0.06, reach), (span, 0.06, 0.015), skirting, shadow=False)
            for x in np.arange(-span + 0.7, span - 0.5, 1.4):
                _add_wall_thing(scene, rng, x=x + rng.normal(0, 0.15), z=reach, height=2 * h)


def _add_wall_thing(scene: Builder, rng: np.random.Generator, *, x: float, z: float, height: float) -> None:
    choice, a, b = rng.random(), rng.uniform(0.15, 0.5), rng.uniform(0.15, 0.5)
    frame = any_material(rng, feature=0.1)
    if choice < 0.35:
        scene.add(BOX, (x, -0.6 * height, z), (a + 0.04, b + 0.04, 0.02), frame, shadow=False)
        scene.add(BOX, (x, -0.6 * height, z), (a, b, 0.03), any_material(rng, feature=0.2), shadow=False)
    elif choice < 0.55:
        outside = material(rng, GLOW, color=np.array([0.9, 1.0, 1.2]) * rng.uniform(0.6, 1.4), feature=0.6)
        scene.add(BOX, (x, -0.55 * height, z), (a + 0.25, b + 0.35, 0.02), frame, shadow=False)
        for pane in (-1, 1):
            c = x + pane * (a + 0.2) / 2
            scene.add(
                BOX, (c, -0.55 * height, z), ((a + 0.2) / 2 - 0.02, b + 0.3, 0.03), outside, shadow=False
            )
    elif choice < 0.65:
        scene.add(BOX, (x, -1.0, z), (0.45, 1.0, 0.04), material(rng, WOOD, feature=0.3), shadow=False)


def room(rng: np.random.Generator) -> Shot:
    """A furnished room around the origin; the camera looks along +z from near the wall at -z."""
    scene = Builder()
    w, h, d = rng.uniform(1.6, 4), rng.uniform(1.2, 1.7), rng.uniform(2, 5)
    _add_walls(scene, rng, half=(w, h, d))
    if rng.random() < 0.5:
        rug = any_material(rng, feature=0.3)
        with scene.at(rng.normal(0, 0.3 * w), rng.uniform(-0.2, 0.6) * d, yaw=rng.normal(0, 0.3)):
            scene.add(BOX, (0, 0, 0), (rng.uniform(0.5, 1.2), 0.01, rng.uniform(0.5, 1.2)), rug, shadow=False)
    for side in (-1, 1):
        with scene.at(side * (w - 0.25), rng.uniform(-0.2, 0.7) * d, yaw=side * np.pi / 2):
            if rng.random() < 0.6:
                add_shelf(scene, rng)
    with scene.at(rng.uniform(-0.6, 0.6) * w, d - 0.25):
        if rng.random() < 0.4:
            add_shelf(scene, rng)
    builders = (add_sofa, add_chair, add_chair, add_lamp, add_person)
    for _ in range(rng.integers(2, 7)):
        spot = rng.uniform(-0.85, 0.85) * w, rng.uniform(-0.15, 0.85) * d
        with scene.at(*spot, yaw=rng.uniform(0, 2 * np.pi)):
            if rng.random() < 0.35:
                top = add_table(scene, rng)
                for _ in range(rng.integers(0, 4)):
                    with scene.at(*rng.normal(0, 0.18, 2), y=-top, yaw=rng.uniform(0, 6)):
                        add_object(scene, rng, size=0.1)
            else:
                builders[rng.integers(len(builders))](scene, rng)
    eye = (rng.uniform(-0.4, 0.4) * w, -rng.uniform(0.9, 1.7), -rng.uniform(0.3, 0.85) * d)
    target = (rng.normal(0, 0.3) * w, -rng.uniform(0.2, 1.5), 0.6 * d)
    return aim(rng, scene.build(indoor_air(rng), kind="room"), eye=eye, target=target, fov=(45, 90))
