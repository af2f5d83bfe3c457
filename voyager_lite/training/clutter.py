"""Things in heaps, strewn on the floor, on a work bench, hanging from above."""

import itertools

import numpy as np

from voyager_lite.training.framing import Shot, aim, around
from voyager_lite.training.light import indoor_air
from voyager_lite.training.material import WOOD, material
from voyager_lite.training.parts import BROWN, add_rod, any_material, palette, plain, random_tilt
from voyager_lite.training.plants import add_herb
from voyager_lite.training.scene import Builder
from voyager_lite.training.shapes import BALL, BOX, CONE, CYLINDER
from voyager_lite.training.tabletops import add_board, add_surroundings
from voyager_lite.training.things import add_chair, add_object


def heap(rng: np.random.Generator) -> Shot:
    """Shapes of all kinds, turned any way, before a wall: for edges and materials rather than for sense."""
    scene = Builder()
    with scene.at(0, 0, yaw=rng.normal(0, 0.4)):
        far = rng.uniform(1.5, 9)
        scene.add(BOX, (0, -1, far), (30, 30, 0.1), any_material(rng, feature=0.8), shadow=False, role="wall")
    if rng.random() < 0.7:
        scene.add(BOX, (0, 0.1, 0), (30, 0.1, 30), any_material(rng, feature=0.5), shadow=False, role="floor")
    thin = rng.random() < 0.3
    for _ in range(rng.integers(6, 32)):
        z = rng.uniform(0.8, min(4.5, far))
        place = (rng.normal(0, 0.5 * z), -1 + rng.normal(0, 0.4 * z), z)
        size = np.exp(rng.normal(-1.5, 0.6, 3)) * rng.choice([0.4, 1, 1.5])
        if thin or rng.random() < 0.25:
            size[rng.integers(3)] = rng.uniform(0.004, 0.03)
        kind = (BOX, BOX, BALL, CYLINDER, CONE)[rng.integers(5)]
        scene.add(kind, place, size, any_material(rng, feature=0.2), tilt=random_tilt(rng))
    eye, target = (0, -1, rng.uniform(-0.6, 0.2)), (rng.normal(0, 0.2), -1 + rng.normal(0, 0.2), 2)
    return aim(rng, scene.build(indoor_air(rng), kind="heap"), eye=eye, target=target, fov=(30, 75), roll=0.1)


def floor_clutter(rng: np.random.Generator) -> Shot:
    """Shoes, toys, boxes, bags and cables on a floor, looked down on."""
    scene = Builder()
    add_surroundings(scene, rng, floor=0.0, back=rng.uniform(1.0, 5))
    if rng.random() < 0.5:
        rug = any_material(rng, feature=0.2)
        with scene.at(*rng.normal(0, 0.3, 2), yaw=rng.uniform(0, np.pi)):
            scene.add(BOX, (0, 0, 0), (*rng.uniform([0.4, 0.01], [1.0, 0.02]), 0.6), rug, role="rug")
    looks = palette(rng, 6, feature=0.08)
    for _ in range(rng.integers(5, 24)):
        with scene.at(*rng.normal(0, 0.55, 2), yaw=rng.uniform(0, 6)):
            style, look = rng.random(), looks[rng.integers(6)]
            if style < 0.55:
                add_object(scene, rng, size=rng.uniform(0.04, 0.14), surface=look)
            elif style < 0.7:
                for x in (-0.06, 0.06):
                    scene.add(BALL, (x, -0.03, 0), (0.045, 0.035, 0.14), look, role="shoe")
                    scene.add(BALL, (x, -0.07, 0.07), (0.04, 0.06, 0.06), look, role="shoe")
            elif style < 0.8:
                bends = np.cumsum(rng.normal(0, 0.15, (5, 2)), axis=0)
                for a, b in itertools.pairwise(bends):
                    add_rod(
                        scene,
                        (a[0], -0.006, a[1]),
                        (b[0], -0.006, b[1]),
                        radius=0.006,
                        material=look,
                        role="cable",
                    )
            elif style < 0.9:
                scene.add(BALL, (0, -0.15, 0), rng.uniform(0.1, 0.3, 3), look, role="bag")
            else:
                add_chair(scene, rng, surface=look)
    target = np.array([rng.normal(0, 0.2), -0.05, rng.normal(0, 0.2)])
    pitch = np.deg2rad(rng.uniform(12, 85))
    eye = around(target, distance=rng.uniform(0.7, 2.4), yaw=rng.uniform(-0.7, 0.7), pitch=pitch)
    shot = scene.build(indoor_air(rng), kind="floor clutter")
    return aim(rng, shot, eye=eye, target=target, fov=(35, 85), roll=0.06)


def workshop(rng: np.random.Generator) -> Shot:
    """A work bench with tools lying about and hanging on the wall, boards and pipes leaning."""
    scene = Builder()
    depth = rng.uniform(0.3, 0.45)
    add_surroundings(scene, rng, floor=0.9, back=depth + 0.05)
    add_board(scene, rng, half=(1.4, depth), round_=False)
    looks, metal = palette(rng, 5, feature=0.06), plain(rng, (0.35, 0.36, 0.38))
    wood = material(rng, WOOD, color=BROWN, feature=0.05)
    for x in np.arange(-1.3, 1.3, rng.uniform(0.12, 0.25)):
        if rng.random() < 0.75:
            y, long = -rng.uniform(0.5, 1.0), rng.uniform(0.08, 0.2)
            add_rod(
                scene,
                (x, y, depth),
                (x, y + long, depth),
                radius=0.014,
                material=looks[rng.integers(5)],
                role="tool",
            )
            scene.add(BOX, (x, y - 0.02, depth), (rng.uniform(0.01, 0.06), 0.02, 0.015), metal, role="tool")
    for _ in range(rng.integers(6, 16)):
        with scene.at(rng.normal(0, 0.6), rng.uniform(-0.85, 0.7) * depth, yaw=rng.uniform(0, 6)):
            if rng.random() < 0.5:
                add_object(scene, rng, size=rng.uniform(0.03, 0.09), surface=looks[rng.integers(5)])
            else:
                long = rng.uniform(0.06, 0.3)
                add_rod(
                    scene,
                    (-long, -0.015, 0),
                    (long, -0.015, 0),
                    radius=0.012,
                    material=looks[rng.integers(5)],
                    role="tool",
                )
                scene.add(BOX, (long, -0.02, 0), (0.02, 0.02, 0.05), metal, role="tool")
    for _ in range(rng.integers(0, 6)):
        x = rng.uniform(-1.3, 1.3)
        add_rod(
            scene, (x, 0.9, -depth - 0.1), (x + rng.normal(0, 0.1), -0.9, depth), radius=0.02, material=wood
        )
    target = np.array([rng.normal(0, 0.4), -rng.uniform(0, 0.5), 0])
    eye = around(target, distance=rng.uniform(0.7, 2), yaw=rng.normal(0, 0.5), pitch=rng.uniform(0.0, 0.9))
    return aim(
        rng, scene.build(indoor_air(rng), kind="workshop"), eye=eye, target=target, fov=(40, 80), roll=0.04
    )


def hanging(rng: np.random.Generator) -> Shot:
    """Things that hang from above, such as lamps, pots, laundry and leaves, before a room or a wall."""
    scene = Builder()
    add_surroundings(scene, rng, floor=0.0, back=rng.uniform(2, 7))
    top, looks, wire = rng.uniform(2.2, 3.2), palette(rng, 5, feature=0.15), plain(rng, (0.1, 0.1, 0.1))
    if rng.random() < 0.6:
        scene.add(BOX, (0, -top - 0.1, 0), (30, 0.1, 30), plain(rng), shadow=False, role="ceiling")
    else:
        add_rod(scene, (-4, -top, 1), (4, -top - 0.1, 1), radius=0.01, material=wire)
    for _ in range(rng.integers(3, 14)):
        x, z, drop, look = (
            rng.normal(0, 0.9),
            rng.uniform(0.8, 2.5),
            rng.uniform(0.1, 1.2),
            looks[rng.integers(5)],
        )
        add_rod(scene, (x, -top, z), (x, -top + drop, z), radius=0.006, material=wire)
        with scene.at(x, z, y=-top + drop, yaw=rng.uniform(0, 6)):
            style = rng.integers(4)
            if style == 0:
                scene.add(
                    (BALL, CONE, CYLINDER)[rng.integers(3)],
                    (0, 0.05, 0),
                    rng.uniform(0.06, 0.25, 3),
                    look,
                    role="lamp",
                )
            elif style == 1:
                scene.add(BOX, (0, 0.3, 0), (rng.uniform(0.15, 0.4), 0.3, 0.01), look, role="cloth")
            elif style == 2:
                scene.add(CYLINDER, (0, 0.1, 0), (0.13, 0.1, 0.13), look, role="pot")
                add_herb(scene, rng, size=0.4, leaves=9)
            else:
                scene.add(BALL, (0, 0.1, 0), rng.uniform(0.05, 0.2, 3), look)
    eye = (rng.normal(0, 0.3), -rng.uniform(1, 1.8), -rng.uniform(0, 1.0))
    target = (rng.normal(0, 0.4), -top + rng.uniform(0.3, 1.2), 1.6)
    return aim(rng, scene.build(indoor_air(rng), kind="hanging"), eye=eye, target=target, fov=(35, 80))
