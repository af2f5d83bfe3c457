"""What stands near the camera at the edge of the picture, or lies about."""

import numpy as np

from voyager_lite.training.figures import add_person
from voyager_lite.training.parts import add_rod, any_material, palette
from voyager_lite.training.plants import add_herb, leafage
from voyager_lite.training.scene import Builder, Real, Vector
from voyager_lite.training.shapes import BALL, BOX
from voyager_lite.training.things import add_chair, add_object

FRAMED = 0.2
"""Share of scenes with something near at the edge of the picture, where a kind of scene takes it."""


def add_edge(
    scene: Builder, rng: np.random.Generator, *, eye: Vector, target: Vector, outdoors: bool
) -> None:
    """Now and then a branch, leaves, a post, someone's back or a chair, near and to one side."""
    if rng.random() > FRAMED:
        return
    x, y, z = np.asarray(eye, dtype=np.float64)
    ahead = np.arctan2(target[0] - x, target[2] - z) + rng.choice([-1, 1]) * rng.uniform(0.25, 0.6)
    away, style = rng.uniform(0.6, 1.6), rng.random()
    with scene.at(x + away * np.sin(ahead), z + away * np.cos(ahead), yaw=rng.uniform(0, 2 * np.pi)):
        if style < 0.25:
            add_rod(
                scene,
                (0, 0, 0),
                (0, -5, 0),
                radius=rng.uniform(0.02, 0.12),
                material=any_material(rng),
                role="post",
            )
        elif style < 0.5:
            add_herb(scene, rng, size=max(-y + rng.uniform(-0.4, 0.4), 0.3), leaves=11)
        elif style < 0.65:
            add_person(scene, rng, fine=True)
        elif style < 0.85 and outdoors:
            green, tip = leafage(rng, feature=0.05), np.array([0, y - 0.3, 0])
            for _ in range(6):
                end = tip + rng.normal(0, 0.25, 3)
                add_rod(scene, tip, end, radius=0.008, material=green, role="branch")
                scene.add(BALL, end, rng.uniform(0.04, 0.15, 3), green, role="tree")
        else:
            add_chair(scene, rng)


def add_clutter(scene: Builder, rng: np.random.Generator, *, count: int, spread: tuple[Real, Real]) -> None:
    """Small things, boxes, bags and baskets strewn over the floor of a room."""
    looks = palette(rng, 4, feature=0.1)
    for _ in range(count):
        x, z = rng.uniform(-1, 1, 2) * np.array(spread)
        look, style = looks[rng.integers(4)], rng.random()
        with scene.at(x, z, yaw=rng.uniform(0, 2 * np.pi)):
            if style < 0.55:
                add_object(scene, rng, size=rng.uniform(0.05, 0.2), surface=look)
            elif style < 0.8:
                half = rng.uniform(0.08, 0.35, 3)
                scene.add(BOX, (0, -half[1], 0), half, look, role="box")
            else:
                half = rng.uniform(0.1, 0.35, 3)
                scene.add(BALL, (0, -0.8 * half[1], 0), half, look, role="bag")
