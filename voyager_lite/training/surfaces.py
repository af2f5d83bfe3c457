"""Little but a wall or the ground: a surface that recedes, and small things on it."""

import numpy as np

from voyager_lite.training.closeups import add_ground
from voyager_lite.training.framing import Shot, aim, around
from voyager_lite.training.light import indoor_air, outdoor_air
from voyager_lite.training.material import BRICKS, CLOUDY, TILES, WOOD, material
from voyager_lite.training.parts import STONE, add_rod, any_material, palette, plain, random_tilt
from voyager_lite.training.plants import add_herb, leafage
from voyager_lite.training.scene import Builder
from voyager_lite.training.shapes import BALL, BOX, CYLINDER


def wall(rng: np.random.Generator) -> Shot:
    """A wall seen head-on or aslant, with pipes, ivy, posters, posts and a ledge."""
    scene, size = Builder(), rng.uniform(0.5, 4)
    add_ground(scene, rng, feature=0.4, soft=0.3)
    pattern = (BRICKS, TILES, WOOD, CLOUDY)[rng.integers(4)]
    surface = material(rng, pattern, feature=rng.uniform(0.1, 0.4))
    scene.add(BOX, (0, 0, 0.2), (80, rng.choice([1.2, 3, 40]), 0.2), surface, role="wall")
    looks, green = palette(rng, 4, feature=0.15), leafage(rng, feature=0.1)
    for _ in range(rng.integers(0, 12)):
        x, y, style, look = rng.normal(0, 1.5), -rng.uniform(0.3, 2.5), rng.random(), looks[rng.integers(4)]
        if style < 0.3:
            scene.add(
                BOX, (x, y, 0), (*rng.uniform(0.1, 0.6, 2), rng.uniform(0.005, 0.1)), look, role="poster"
            )
        elif style < 0.5:
            add_rod(
                scene,
                (x, 0, -0.06),
                (x, -4, -0.06),
                radius=rng.uniform(0.015, 0.06),
                material=look,
                role="pipe",
            )
        elif style < 0.65:
            for spot in rng.normal(0, 0.25, (5, 2)):
                scene.add(BALL, (x + spot[0], y + spot[1], 0), rng.uniform(0.08, 0.25, 3), green, role="ivy")
        elif style < 0.8:
            scene.add(CYLINDER, (x, -0.5, -rng.uniform(0.2, 1)), (0.06, 0.5, 0.06), look, role="post")
        else:
            scene.add(BOX, (x, y, -0.1), (rng.uniform(0.2, 1.5), 0.02, 0.12), look, role="ledge")
    target = np.array([0, -rng.uniform(0.4, 1.8), 0])
    yaw = rng.normal(0, 0.08) if rng.random() < 0.3 else rng.choice([-1, 1]) * rng.uniform(0.3, 1.35)
    eye = around(target, distance=size, yaw=yaw, pitch=rng.normal(0.0, 0.12))
    eye[1] = min(eye[1], -0.25)
    built = scene.build(outdoor_air(rng) if rng.random() < 0.6 else indoor_air(rng), kind="wall")
    return aim(rng, built, eye=eye, target=target, fov=(30, 80), roll=0.05)


def ground(rng: np.random.Generator) -> Shot:
    """The ground from near: stones, leaves, tufts, slabs, puddles and kerbs."""
    scene = Builder()
    add_ground(scene, rng, feature=rng.uniform(0.1, 0.5))
    looks, stone = palette(rng, 3, feature=0.05), material(rng, CLOUDY, color=STONE, feature=0.1)
    green, sparse = leafage(rng, feature=0.05), rng.uniform(0.2, 1.2)
    for _ in range(rng.integers(3, 40)):
        x, z, style = rng.normal(0, sparse), rng.uniform(0, 3.5), rng.random()
        with scene.at(x, z, yaw=rng.uniform(0, 6)):
            if style < 0.5:
                half = rng.uniform(0.015, 0.1) * rng.uniform(0.4, 1.2, 3)
                scene.add(BALL, (0, -0.3 * half[1], 0), half, stone, tilt=random_tilt(rng), role="stone")
            elif style < 0.65:
                add_herb(scene, rng, size=rng.uniform(0.05, 0.3), leaves=5, material=green)
            elif style < 0.8:
                scene.add(
                    BALL, (0, -0.01, 0), (0.06, 0.008, 0.03), looks[rng.integers(3)], tilt=random_tilt(rng)
                )
            elif style < 0.9:
                add_rod(scene, (0, -0.01, 0), (0.3, -0.04, 0), radius=0.008, material=looks[0], role="twig")
            else:
                scene.add(
                    BOX, (0, 0, 0), (rng.uniform(0.1, 0.5), rng.uniform(0.005, 0.06), 0.2), any_material(rng)
                )
    if rng.random() < 0.3:
        with scene.at(0, rng.uniform(0.6, 2), yaw=rng.normal(0, 0.8)):
            scene.add(BOX, (0, 0, 5), (60, rng.uniform(0.05, 0.2), 5), stone, role="kerb")
    if rng.random() < 0.25:
        puddle = plain(rng, (0.3, 0.34, 0.38))
        scene.add(CYLINDER, (rng.normal(0, 0.4), 0, 1.2), (0.6, 0.004, 0.35), puddle, role="puddle")
    target = np.array([rng.normal(0, 0.2), 0, rng.uniform(0.7, 1.6)])
    pitch = np.deg2rad(rng.uniform(8, 88))
    eye = around(target, distance=rng.uniform(0.4, 2.5), yaw=rng.uniform(-0.8, 0.8), pitch=pitch)
    eye[1] = min(eye[1], -0.12)
    built = scene.build(outdoor_air(rng), kind="ground")
    return aim(rng, built, eye=eye, target=target, fov=(35, 85), roll=0.08)
