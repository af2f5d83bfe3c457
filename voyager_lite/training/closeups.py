"""One thing that fills much of the picture: statue, plant, animal, vehicle, cycle."""

import numpy as np

from voyager_lite.training.figures import add_animal, add_statue
from voyager_lite.training.framing import Shot, aim, around
from voyager_lite.training.light import indoor_air, outdoor_air
from voyager_lite.training.material import BRICKS, CLOUDY, LEAVES, TILES, WOOD, material
from voyager_lite.training.parts import BROWN, GREEN, GREY, STONE, add_rod, any_material, palette
from voyager_lite.training.plants import add_herb, add_potted_plant, add_shrub, add_tree, bark, leafage
from voyager_lite.training.scene import Builder, Real
from voyager_lite.training.shapes import BALL, BOX
from voyager_lite.training.things import add_object
from voyager_lite.training.vehicles import add_car, add_cycle, add_truck


def add_ground(scene: Builder, rng: np.random.Generator, *, feature: Real = 0.5, soft: float = 0.5) -> None:
    """Level ground without end: grass and soil (with chance ``soft``), or paving."""
    if rng.random() < soft:
        color = (
            np.array(GREEN) * rng.uniform(0.6, 2.2)
            if rng.random() < 0.6
            else np.array(BROWN) * rng.uniform(0.8, 2)
        )
        surface = material(
            rng, (CLOUDY, LEAVES)[rng.integers(2)], color=color, feature=float(feature), contrast=0.4
        )
    else:
        color = np.array(GREY if rng.random() < 0.5 else STONE) * rng.uniform(0.4, 1.3)
        surface = material(
            rng, (TILES, CLOUDY, BRICKS)[rng.integers(3)], color=color, feature=float(feature), contrast=0.3
        )
    scene.add(BOX, (0, 0.5, 0), (1500, 0.5, 1500), surface, shadow=False, role="ground")


def add_backdrop(scene: Builder, rng: np.random.Generator, *, size: Real) -> bool:
    """Ground and something behind a subject ``size`` across at the origin; True out of doors.

    A wall head-on or aslant, planks, shrubs, a street's houses far off, a corner of a room, or nothing.
    """
    s, style = float(size), rng.random()
    add_ground(scene, rng, feature=0.3 * s)
    back = s * rng.uniform(0.9, 4)
    if style < 0.4:
        wall = material(
            rng, (BRICKS, WOOD, CLOUDY, TILES)[rng.integers(4)], feature=rng.uniform(0.1, 0.4) * s
        )
        with scene.at(0, 0, yaw=rng.normal(0, 0.35)):
            scene.add(BOX, (0, 0, back + 0.2), (30 * s, rng.choice([2, 20]) * s, 0.2), wall, role="wall")
            if rng.random() < 0.35:
                side = rng.choice([-1, 1]) * s * rng.uniform(1.5, 4)
                scene.add(BOX, (side, 0, 0), (0.1, 20 * s, 30 * s), wall, role="wall")
    elif style < 0.65:
        green = leafage(rng, feature=0.2 * s)
        for _ in range(rng.integers(4, 12)):
            r = s * rng.uniform(0.3, 1.4)
            x, z = rng.normal(0, 2.2 * s), back + r + rng.uniform(0, 3 * s)
            scene.add(BALL, (x, -0.4 * r, z), (r, r, r), green, role="bush")
    elif style < 0.9:
        wood, looks = (bark(rng), leafage(rng, feature=0.5)), palette(rng, 2, feature=0.8)
        for _ in range(rng.integers(4, 14)):
            z = rng.uniform(4 * s + 3, 40)
            with scene.at(rng.normal(0, 0.5 * z), z, yaw=rng.uniform(0, 6)):
                if rng.random() < 0.6:
                    add_tree(scene, rng, height=rng.uniform(3, 9), materials=wood)
                else:
                    half = rng.uniform(1, 6, 3)
                    scene.add(BOX, (0, -half[1], 0), half, looks[rng.integers(2)], role="house")
    things = palette(rng, 3, feature=0.15 * s)
    for _ in range(rng.integers(0, 6)):
        spot = rng.choice([-1, 1]) * s * rng.uniform(0.9, 2.5), s * rng.uniform(-0.7, 1.0)
        with scene.at(*spot, yaw=rng.uniform(0, 6)):
            if rng.random() < 0.4:
                add_herb(scene, rng, size=s * rng.uniform(0.1, 0.5), leaves=7)
            else:
                add_object(scene, rng, size=s * rng.uniform(0.03, 0.2), surface=things[rng.integers(3)])
    return style >= 0.4 or rng.random() < 0.5


def _portrait_of(
    scene: Builder, rng: np.random.Generator, *, kind: str, size: float, height: float, outdoors: bool
) -> Shot:
    """The subject at the origin, ``size`` across and ``height`` tall, fills about half of the picture."""
    fov = rng.uniform(24, 75)
    fill = rng.uniform(0.35, 1.1)
    distance = size / fill / np.tan(np.deg2rad(fov) / 2)
    target = np.array([0, -height * rng.uniform(0.35, 0.7), 0])
    pitch = np.clip(rng.normal(0.1, 0.22), -0.35, 1.1)
    least = np.arcsin(np.clip((target[1] + 0.06 * size) / distance, -1, 1))
    eye = around(target, distance=distance, yaw=rng.normal(0, 0.45), pitch=max(pitch, least))
    air = outdoor_air(rng) if outdoors else indoor_air(rng)
    return aim(rng, scene.build(air, kind=kind), eye=eye, target=target, fov=(fov, fov), stray=0.2)


def statue(rng: np.random.Generator) -> Shot:
    """A statue, whole or its upper part."""
    scene = Builder()
    with scene.at(0, 0, yaw=rng.normal(0, 0.5)):
        height = add_statue(scene, rng)
    outdoors = add_backdrop(scene, rng, size=0.5 * height)
    return _portrait_of(scene, rng, kind="statue", size=0.5 * height, height=height, outdoors=outdoors)


def plant(rng: np.random.Generator) -> Shot:
    """A potted plant or leaves close up, some of them near the lens."""
    scene, size = Builder(), rng.uniform(0.3, 1.2)
    if rng.random() < 0.6:
        height = add_potted_plant(scene, rng, size=size, leaves=int(rng.integers(12, 36)))
    else:
        height = size
        for _ in range(rng.integers(2, 5)):
            with scene.at(*rng.normal(0, 0.35 * size, 2)):
                add_herb(scene, rng, size=size, leaves=int(rng.integers(8, 20)))
    outdoors = add_backdrop(scene, rng, size=0.6 * size)
    return _portrait_of(scene, rng, kind="plant", size=0.55 * height, height=height, outdoors=outdoors)


def animal(rng: np.random.Generator) -> Shot:
    """An animal, now and then with a few more behind."""
    scene, size = Builder(), float(np.exp(rng.uniform(np.log(0.15), np.log(1.2))))
    with scene.at(0, 0, yaw=rng.uniform(0, 2 * np.pi)):
        add_animal(scene, rng, size=size)
    for _ in range(rng.integers(1, 4) if rng.random() < 0.35 else 0):
        with scene.at(rng.normal(0, 3 * size), rng.uniform(1.5, 8) * size, yaw=rng.uniform(0, 6)):
            add_animal(scene, rng, size=size)
    outdoors = add_backdrop(scene, rng, size=1.3 * size)
    return _portrait_of(scene, rng, kind="animal", size=size, height=1.2 * size, outdoors=outdoors)


def vehicle(rng: np.random.Generator) -> Shot:
    """A parked car, van or lorry from any side."""
    scene = Builder()
    with scene.at(0, 0, yaw=rng.uniform(0, 2 * np.pi)):
        if rng.random() < 0.7:
            add_car(scene, rng, fine=True)
        else:
            add_truck(scene, rng)
    add_backdrop(scene, rng, size=2.4)
    return _portrait_of(scene, rng, kind="vehicle", size=2.0, height=1.6, outdoors=True)


def cycle(rng: np.random.Generator) -> Shot:
    """A bicycle or motorcycle before a wall, in a garden or a garage, with leaves in front."""
    scene = Builder()
    with scene.at(0, 0, yaw=rng.choice([-1, 1]) * rng.normal(1.5, 0.5)):
        add_cycle(scene, rng)
    outdoors = add_backdrop(scene, rng, size=0.9)
    for _ in range(rng.integers(0, 4)):
        with scene.at(rng.normal(0, 0.7), -rng.uniform(0.3, 0.9)):
            if rng.random() < 0.5:
                add_herb(scene, rng, size=rng.uniform(0.3, 0.7), leaves=9)
            else:
                add_shrub(scene, rng, size=rng.uniform(0.1, 0.3))
    if rng.random() < 0.4:
        tool, side = any_material(rng, feature=0.1), rng.choice([-1, 1])
        for _ in range(rng.integers(1, 5)):
            foot = side * rng.uniform(0.5, 1.4), 0, rng.uniform(0.4, 0.7)
            add_rod(scene, foot, (foot[0] + 0.1, -1.4, 0.8), radius=0.02, material=tool)
    return _portrait_of(scene, rng, kind="cycle", size=0.85, height=1.0, outdoors=outdoors)
