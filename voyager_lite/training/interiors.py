"""Procedural offices, staircases, attics and halls."""

import numpy as np

from voyager_lite.training.figures import add_person
from voyager_lite.training.framing import Shot, aim, turn
from voyager_lite.training.indoors import add_low_board, stand_in
from voyager_lite.training.light import indoor_air
from voyager_lite.training.material import CLOUDY, GLOW, WOOD, material
from voyager_lite.training.parts import BROWN, GREY, STONE, add_rod, any_material, palette, plain
from voyager_lite.training.plants import add_potted_plant
from voyager_lite.training.scene import Builder, Real
from voyager_lite.training.shapes import BALL, BOX, CYLINDER
from voyager_lite.training.things import add_monitor, add_object, add_office_chair, add_shelf, add_table
from voyager_lite.training.walls import add_shell, add_slope, shell_look


def office(rng: np.random.Generator) -> Shot:
    """Rows of desks with screens and chairs under strips of light, or one desk by a wall."""
    scene = Builder()
    w, h, d = half = rng.uniform(2, 6), rng.uniform(1.25, 1.7), rng.uniform(2.2, 6)
    add_shell(scene, rng, half=half, look=shell_look(rng), openings=0.4)
    glow = material(rng, GLOW, color=(1.25, 1.25, 1.2), contrast=0.05)
    for z in np.arange(-d + 0.8, d, 1.8):
        for x in np.arange(-w + 1, w, 2.4):
            scene.add(BOX, (x, -2 * h, z), (0.5, 0.02, 0.12), glow, shadow=False, role="lamp")
    board, leg, looks = any_material(rng, feature=0.3), plain(rng, GREY), palette(rng, 3, feature=0.06)
    step = rng.uniform(1.8, 2.8)
    for z in np.arange(-0.4 * d, d - 0.4, step):
        for x in np.arange(-w + 0.9, w - 0.6, 1.8):
            if rng.random() < 0.45:
                continue
            with scene.at(x, z, yaw=rng.choice([0, np.pi]) + rng.normal(0, 0.06)):
                _add_work_place(scene, rng, board=board, leg=leg, looks=looks)
    if rng.random() < 0.4:
        with scene.at(rng.uniform(-0.5, 0.5) * w, d - 0.3):
            add_shelf(scene, rng, books=0.5)
    if rng.random() < 0.5:
        with scene.at((w - 0.4) * rng.choice([-1, 1]), rng.uniform(-0.2, 0.9) * d):
            add_potted_plant(scene, rng, size=1.2, leaves=12)
    for _ in range(rng.integers(0, 3)):
        with scene.at(rng.uniform(-0.7, 0.7) * w, rng.uniform(-0.2, 0.8) * d, yaw=rng.uniform(0, 6)):
            add_person(scene, rng)
    return stand_in(rng, scene, half=half, kind="office")


def _add_work_place(
    scene: Builder, rng: np.random.Generator, *, board: np.ndarray, leg: np.ndarray, looks: list[np.ndarray]
) -> None:
    scene.add(BOX, (0, -0.73, 0), (0.75, 0.018, 0.38), board, role="desk")
    for x in (-0.7, 0.7):
        scene.add(BOX, (x, -0.36, 0), (0.02, 0.36, 0.3), leg, role="desk")
    if rng.random() < 0.85:
        with scene.at(rng.normal(0, 0.12), 0.1, y=-0.75, yaw=rng.normal(0, 0.15)):
            add_monitor(scene, rng)
    for _ in range(rng.integers(0, 3)):
        with scene.at(rng.uniform(-0.65, 0.65), rng.uniform(-0.3, 0.3), y=-0.75):
            add_object(scene, rng, size=rng.uniform(0.04, 0.08), surface=looks[rng.integers(3)])
    if rng.random() < 0.7:
        with scene.at(rng.normal(0, 0.15), -0.55, yaw=np.pi + rng.normal(0, 0.6)):
            add_office_chair(scene, rng)


def stairs(rng: np.random.Generator) -> Shot:
    """A flight of stairs seen from below, from above or from the side, with railings."""
    scene = Builder()
    count, rise, run = int(rng.integers(7, 18)), rng.uniform(0.15, 0.19), rng.uniform(0.25, 0.33)
    w, long, top = rng.uniform(0.5, 1.6), count * run, count * rise
    look = shell_look(rng)
    step = any_material(rng, feature=0.2) if rng.random() < 0.6 else material(rng, CLOUDY, color=STONE)
    scene.add(BOX, (0, 0.1, 0), (12, 0.1, 12), look["floor"], shadow=False, role="floor")
    for i in range(count):
        scene.add(
            BOX,
            (0, -(i + 1) * rise / 2, i * run + run / 2),
            (w, (i + 1) * rise / 2, run / 2),
            step,
            role="stairs",
        )
    landing = 1.5
    scene.add(BOX, (0, -top / 2, long + landing), (w, top / 2, landing), look["floor"], role="stairs")
    scene.add(BOX, (0, -3, long + 2 * landing + 0.1), (12, 6, 0.1), look["wall"], shadow=False, role="wall")
    walled = rng.random() < 0.6
    for side in (-1, 1):
        reach = w + (0.1 if walled and (side > 0 or rng.random() < 0.5) else rng.uniform(1.5, 4))
        scene.add(BOX, (side * reach, -3, 4), (0.1, 6, 12), look["wall"], shadow=False, role="wall")
        if rng.random() < 0.75:
            x, metal = (
                side * (w - 0.06),
                plain(rng, GREY) if rng.random() < 0.5 else material(rng, WOOD, color=BROWN),
            )
            add_rod(scene, (x, -0.95, 0), (x, -0.95 - top, long), radius=0.03, material=metal, role="railing")
            for i in range(0, count, rng.integers(1, 4)):
                z, y = (i + 0.5) * run, (i + 1) * rise
                add_rod(scene, (x, -y, z), (x, -y - 0.9, z), radius=0.012, material=metal, role="railing")
    if rng.random() < 0.6:
        scene.add(BOX, (0, -top - 2.7, 0), (12, 0.1, 12), look["ceiling"], shadow=False, role="ceiling")
    for _ in range(rng.integers(0, 3)):
        i = int(rng.integers(count))
        with scene.at(
            rng.uniform(-0.6, 0.6) * w, (i + 0.5) * run, y=-(i + 1) * rise, yaw=rng.choice([0, np.pi])
        ):
            add_person(scene, rng, fine=True)
    if rng.random() < 0.3:
        with scene.at(0.7 * w, -0.4):
            add_potted_plant(scene, rng, leaves=10)
    style, built = rng.random(), scene.build(indoor_air(rng), kind="stairs")
    if style < 0.6:
        eye = (rng.uniform(-0.8, 0.8) * w, -rng.uniform(0.4, 1.7), -rng.uniform(0.8, 3))
        target = (rng.normal(0, 0.2), -rng.uniform(0.1, 0.6) * top, 0.5 * long)
    else:
        eye = (rng.uniform(-0.6, 0.6) * w, -top - rng.uniform(1, 1.7), long + rng.uniform(0.1, 1.5))
        target = (rng.normal(0, 0.2), -0.3 * top, rng.uniform(-1, 0.4) * long)
    return aim(rng, built, eye=eye, target=target, fov=(45, 90), roll=0.04)


def attic(rng: np.random.Generator) -> Shot:
    """A room under a sloping roof with beams, and boxes and old things on the floor."""
    scene = Builder()
    w, h, d = half = rng.uniform(1.8, 3.5), rng.uniform(1.3, 2.0), rng.uniform(2.5, 5)
    look = shell_look(rng)
    add_shell(scene, rng, half=half, look=look, openings=0.15)
    rise, boards = np.arctan((2 * h - rng.uniform(0.1, 0.9)) / w), material(rng, WOOD, feature=0.3)
    for side in (-1, 1) if rng.random() < 0.7 else (1,):
        add_slope(scene, half=half, side=side, rise=rise, material=boards)
        low = 2 * h - w * np.tan(rise)
        for z in np.arange(-d + 0.5, d, rng.uniform(0.8, 1.5)):
            a, b = (side * w, -low + 0.08, z), (0, -2 * h + 0.08, z)
            add_rod(scene, a, b, radius=0.06, material=look["door"], kind=CYLINDER, role="beam")
        scene.add(BOX, (side * 0.55 * w, -h, rng.uniform(-0.2, 0.8) * d), (0.35, 0.02, 0.4), look["glow"],
                  tilt=turn(0, 0, float(-side * rise)), role="window")  # fmt: skip
    for z in np.arange(-0.5 * d, d, 2.0):
        add_rod(scene, (0, 0, z), (0, -2 * h, z), radius=0.07, material=look["door"], role="beam")
    looks = palette(rng, 5, feature=0.15)
    for _ in range(rng.integers(4, 16)):
        with scene.at(rng.uniform(-0.75, 0.75) * w, rng.uniform(-0.4, 0.95) * d, yaw=rng.uniform(0, 6)):
            style, half_box = rng.random(), rng.uniform(0.12, 0.4, 3)
            if style < 0.55:
                scene.add(BOX, (0, -half_box[1], 0), half_box, looks[rng.integers(5)], role="box")
            elif style < 0.7:
                add_table(scene, rng)
            elif style < 0.8:
                add_low_board(scene, rng, doors=2, height=0.8)
            else:
                add_object(scene, rng, size=0.2, surface=looks[rng.integers(5)])
    return stand_in(rng, scene, half=half, kind="attic")


def hall(rng: np.random.Generator) -> Shot:
    """A large hall with rows of columns and benches, shelves or stalls: church, station, museum, store."""
    scene = Builder()
    w, h, d = half = rng.uniform(4, 9), rng.uniform(2.5, 6), rng.uniform(7, 20)
    look = shell_look(rng)
    add_shell(scene, rng, half=half, look=look, openings=0.2)
    stone = material(rng, CLOUDY, color=STONE, contrast=0.2) if rng.random() < 0.7 else look["wall"]
    aisle, step, round_ = 0.55 * w, rng.uniform(2.5, 5), rng.random() < 0.6
    r, spring = rng.uniform(0.15, 0.5), h * rng.uniform(1.0, 1.5)
    for z in np.arange(-d + 1, d, step):
        for x in (-aisle, aisle):
            scene.add(CYLINDER if round_ else BOX, (x, -h, z), (r, h, r), stone, role="column")
            scene.add(BOX, (x, -spring, z), (1.4 * r, 0.12, 1.4 * r), stone, role="column")
        if rng.random() < 0.8:
            scene.add(BOX, (0, -2 * h + 0.2, z), (w, 0.25, 0.2), stone, shadow=False, role="beam")
    looks, style = palette(rng, 4, feature=0.15), rng.random()
    for z in np.arange(-0.5 * d, d - 1, 1.2):
        for x in (-0.28 * w, 0.28 * w):
            if style < 0.4:
                scene.add(BOX, (x, -0.42, z), (0.22 * w, 0.04, 0.18), look["door"], role="bench")
                scene.add(BOX, (x, -0.65, z + 0.2), (0.22 * w, 0.25, 0.03), look["door"], role="bench")
            elif rng.random() < 0.35:
                _add_stall(scene, rng, x=x, z=z, looks=looks)
    for _ in range(rng.integers(0, 6)):
        with scene.at(rng.uniform(-0.8, 0.8) * w, rng.uniform(-0.6, 0.9) * d, yaw=rng.uniform(0, 6)):
            add_person(scene, rng)
    eye = (rng.uniform(-0.5, 0.5) * w, -rng.uniform(1, 2.2), -rng.uniform(0.5, 0.92) * d)
    target = (rng.normal(0, 0.2) * w, -rng.uniform(0.8, 1.2 * h), 0.3 * d)
    return aim(rng, scene.build(indoor_air(rng), kind="hall"), eye=eye, target=target, fov=(45, 92))


def _add_stall(
    scene: Builder, rng: np.random.Generator, *, x: Real, z: Real, looks: list[np.ndarray]
) -> None:
    """A case, a pedestal with something on it, or crates of goods."""
    high = rng.uniform(0.4, 1.3)
    scene.add(
        BOX, (x, -high / 2, z), (rng.uniform(0.2, 0.8), high / 2, 0.35), looks[rng.integers(4)], role="stand"
    )
    for _ in range(rng.integers(1, 4)):
        with scene.at(float(x) + rng.normal(0, 0.2), z, y=-high, yaw=rng.uniform(0, 6)):
            add_object(scene, rng, size=rng.uniform(0.08, 0.25), surface=looks[rng.integers(4)])
    if rng.random() < 0.2:
        scene.add(BALL, (x, -high - 0.4, z), (0.25, 0.4, 0.25), looks[0])
