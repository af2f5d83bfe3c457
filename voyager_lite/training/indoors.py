"""Procedural living rooms, bedrooms and corridors, and furniture for more."""

import numpy as np

from voyager_lite.training.figures import add_animal, add_person
from voyager_lite.training.foreground import add_clutter, add_edge
from voyager_lite.training.framing import Shot, aim
from voyager_lite.training.light import indoor_air
from voyager_lite.training.material import GLOW, material
from voyager_lite.training.parts import add_rod, any_material, palette, plain
from voyager_lite.training.plants import add_potted_plant
from voyager_lite.training.scene import Builder, Real
from voyager_lite.training.shapes import BOX
from voyager_lite.training.things import (
    add_bed,
    add_chair,
    add_hanging_lamp,
    add_lamp,
    add_object,
    add_shelf,
    add_sofa,
    add_table,
)  # fmt: skip
from voyager_lite.training.walls import add_shell, shell_look

CLOSE = 0.3
"""Share of rooms seen in part: the camera is aimed at something a step or two away."""


def add_set_table(scene: Builder, rng: np.random.Generator, *, chairs: int) -> None:
    """A table with things on it and chairs around it."""
    top, looks = add_table(scene, rng), palette(rng, 2, feature=0.06)
    for _ in range(rng.integers(0, 6)):
        with scene.at(*rng.normal(0, 0.18, 2), y=-top, yaw=rng.uniform(0, 6)):
            add_object(scene, rng, size=rng.uniform(0.04, 0.11), surface=looks[rng.integers(2)])
    seat = any_material(rng, feature=0.1)
    for i in range(chairs):
        angle = i * np.pi / 2 + rng.normal(0, 0.3)
        with scene.at(0.75 * np.sin(angle), 0.75 * np.cos(angle), yaw=angle + rng.normal(0, 0.3)):
            add_chair(scene, rng, surface=seat)


def add_low_board(
    scene: Builder, rng: np.random.Generator, *, doors: int, height: Real, depth: Real = 0.28
) -> None:
    """A row of cabinets or drawers with handles, fronts at -z, its back at z = ``depth``."""
    look, front, metal = any_material(rng, feature=0.2), any_material(rng, feature=0.3), plain(rng)
    w, h = 0.3 * doors, float(height)
    scene.add(BOX, (0, -h / 2, 0), (w, h / 2, depth), look, role="cabinet")
    scene.add(BOX, (0, -h - 0.015, -0.01), (w + 0.02, 0.02, float(depth) + 0.02), look, role="cabinet")
    for i in range(doors):
        x = -w + 0.3 + 0.6 * i
        scene.add(
            BOX, (x, -h / 2 - 0.03, -float(depth) - 0.005), (0.285, 0.46 * h, 0.012), front, role="cabinet"
        )
        scene.add(BOX, (x + 0.2, -0.75 * h, -float(depth) - 0.02), (0.06, 0.01, 0.012), metal, role="cabinet")


def _furnish_walls(scene: Builder, rng: np.random.Generator, *, w: float, d: float, bed: bool) -> None:
    """Sofas, shelves, cabinets and plants along the walls, backs to them."""
    for side in range(4):
        reach, span = (d, w) if side % 2 == 0 else (w, d)
        for x in np.arange(-span + 0.8, span - 0.6, 1.9):
            style = rng.random()
            with scene.at(0, 0, yaw=side * np.pi / 2), scene.at(x + rng.normal(0, 0.1), reach - 0.35):
                if style < 0.13:
                    add_shelf(scene, rng, books=0.55)
                elif style < 0.28:
                    add_sofa(scene, rng)
                elif style < 0.42:
                    high = rng.uniform(0.4, 1.1)
                    add_low_board(scene, rng, doors=int(rng.integers(1, 4)), height=high)
                    with scene.at(rng.normal(0, 0.2), 0, y=-high - 0.03):
                        add_object(scene, rng, size=rng.uniform(0.06, 0.16))
                elif style < 0.5:
                    add_potted_plant(scene, rng, size=rng.uniform(0.5, 1.3), leaves=10)
                elif style < 0.56:
                    add_lamp(scene, rng)
                elif style < 0.62:
                    scene.add(
                        BOX,
                        (0, -1.0, 0.05),
                        (rng.uniform(0.4, 0.9), 1.0, 0.28),
                        any_material(rng),
                        role="wardrobe",
                    )
                elif style < 0.72:
                    add_chair(scene, rng)
    if bed:
        with scene.at(rng.normal(0, 0.3) * w, d - 1.1):
            add_bed(scene, rng)


def stand_in(
    rng: np.random.Generator, scene: Builder, *, half: tuple[float, float, float], kind: str
) -> Shot:
    """Someone with a camera near a wall or corner of a room, aiming across it, or at things near by."""
    w, h, d = half
    add_clutter(scene, rng, count=int(rng.integers(0, 9)), spread=(0.85 * w, 0.9 * d))
    eye = np.array([rng.uniform(-0.8, 0.8) * w, -rng.uniform(0.45, 1.75), -rng.uniform(0.25, 0.88) * d])
    eye[1] = max(eye[1], -2 * h + 0.3)
    if rng.random() < CLOSE:
        yaw, away = rng.uniform(-1.2, 1.2), rng.uniform(0.7, 2.5)
        target = np.array([eye[0] + away * np.sin(yaw), -rng.uniform(0.0, 1.1), eye[2] + away * np.cos(yaw)])
    else:
        target = np.array([rng.normal(0, 0.45) * w, -rng.uniform(0.0, 1.6), rng.uniform(-0.1, 0.9) * d])
    add_edge(scene, rng, eye=eye, target=target, outdoors=False)
    return aim(rng, scene.build(indoor_air(rng), kind=kind), eye=eye, target=target, fov=(40, 92))


def room(rng: np.random.Generator) -> Shot:
    """A furnished living room, bedroom or dining room."""
    scene = Builder()
    w, h, d = half = rng.uniform(1.6, 4), rng.uniform(1.2, 1.8), rng.uniform(1.8, 4.5)
    add_shell(scene, rng, half=half, look=shell_look(rng))
    if rng.random() < 0.45:
        with scene.at(rng.normal(0, 0.2 * w), rng.uniform(-0.2, 0.5) * d, yaw=rng.normal(0, 0.2)):
            size = (rng.uniform(0.5, 1.3), 0.01, rng.uniform(0.5, 1.2))
            scene.add(BOX, (0, 0, 0), size, any_material(rng, feature=0.3), shadow=False, role="rug")
    _furnish_walls(scene, rng, w=w, d=d, bed=rng.random() < 0.25)
    for _ in range(rng.integers(0, 4)):
        spot = rng.uniform(-0.6, 0.6) * w, rng.uniform(-0.3, 0.6) * d
        style = rng.random()
        with scene.at(*spot, yaw=rng.uniform(0, 2 * np.pi)):
            if style < 0.45:
                add_set_table(scene, rng, chairs=int(rng.integers(0, 5)))
            elif style < 0.6:
                add_sofa(scene, rng)
            elif style < 0.75:
                add_person(scene, rng, fine=True)
            elif style < 0.8:
                add_animal(scene, rng, size=0.3)
            else:
                add_object(scene, rng, size=rng.uniform(0.1, 0.3))
    if rng.random() < 0.35:
        with scene.at(rng.normal(0, 0.2) * w, rng.uniform(0, 0.6) * d):
            add_hanging_lamp(scene, rng, ceiling=2 * h, drop=rng.uniform(0.3, 1.2))
    return stand_in(rng, scene, half=half, kind="room")


def corridor(rng: np.random.Generator) -> Shot:
    """A long narrow hall with doors, lamps, pipes and things along its walls."""
    scene = Builder()
    w, h, d = rng.uniform(0.65, 1.6), rng.uniform(1.15, 1.7), rng.uniform(4, 14)
    look = shell_look(rng, tiled=rng.random() < 0.15)
    add_shell(scene, rng, half=(w, h, d), look=look, openings=0.12)
    glow, things = material(rng, GLOW, color=(1.3, 1.25, 1.15), contrast=0.1), palette(rng, 3, feature=0.15)
    for z in np.arange(-d + 1, d, rng.uniform(1.5, 3)):
        if rng.random() < 0.8:
            scene.add(BOX, (0, -2 * h, z), (0.12, 0.03, 0.5), glow, shadow=False, role="lamp")
    if rng.random() < 0.3:
        for x in rng.uniform(-0.8, 0.8, 3) * w:
            add_rod(
                scene,
                (x, -2 * h + 0.15, -d),
                (x, -2 * h + 0.15, d),
                radius=0.05,
                material=things[0],
                role="pipe",
            )
    if rng.random() < 0.3:
        for z in np.arange(-d + 1, d, 2.2):
            for x in (-w, w):
                scene.add(BOX, (x, -h, z), (0.09, h, 0.14), look["frame"], role="pillar")
    for _ in range(rng.integers(1, 9)):
        x, z = rng.choice([-1, 1]) * (w - 0.22), rng.uniform(-0.6, 0.9) * d
        with scene.at(x, z, yaw=np.sign(x) * np.pi / 2):
            style = rng.random()
            if style < 0.25:
                add_chair(scene, rng, surface=things[0])
            elif style < 0.4:
                add_potted_plant(scene, rng, leaves=9)
            elif style < 0.6:
                add_low_board(scene, rng, doors=2, height=rng.uniform(0.5, 1.8), depth=0.18)
            elif style < 0.75:
                add_person(scene, rng)
            else:
                add_object(scene, rng, size=rng.uniform(0.1, 0.25), surface=things[1])
    eye = (rng.uniform(-0.6, 0.6) * w, -rng.uniform(0.7, 1.75), -rng.uniform(0.6, 0.93) * d)
    target = (rng.normal(0, 0.3) * w, -rng.uniform(0.6, 1.4), eye[2] + rng.uniform(2, 6))
    return aim(rng, scene.build(indoor_air(rng), kind="corridor"), eye=eye, target=target, fov=(45, 95))
