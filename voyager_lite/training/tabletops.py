"""Things seen from near: on tables, desks and shelves."""

import numpy as np

from voyager_lite.training.framing import Shot, aim, around, turn
from voyager_lite.training.light import indoor_air
from voyager_lite.training.material import CLOUDY, TILES, WOOD, material
from voyager_lite.training.parts import add_rod, any_material, palette, plain
from voyager_lite.training.plants import add_potted_plant
from voyager_lite.training.scene import Builder
from voyager_lite.training.shapes import BALL, BOX, CYLINDER
from voyager_lite.training.things import add_chair, add_desk_lamp, add_monitor, add_object, add_row_of_books


def add_surroundings(scene: Builder, rng: np.random.Generator, *, floor: float, back: float) -> None:
    """A floor at depth ``floor`` below the origin, a wall or two, and furniture as big boxes."""
    ground = material(rng, (WOOD, TILES, CLOUDY)[rng.integers(3)], feature=rng.uniform(0.15, 0.6))
    scene.add(BOX, (0, floor + 0.1, 0), (30, 0.1, 30), ground, shadow=False, role="floor")
    wall = any_material(rng, feature=0.6)
    with scene.at(0, 0, yaw=rng.normal(0, 0.4)):
        scene.add(BOX, (0, 0, back + 0.1), (30, 30, 0.1), wall, shadow=False, role="wall")
        if rng.random() < 0.4:
            side = rng.choice([-1, 1]) * rng.uniform(1.2, 4)
            scene.add(BOX, (side, 0, 0), (0.1, 30, 30), wall, shadow=False, role="wall")
    looks = palette(rng, 3, feature=0.3)
    for _ in range(rng.integers(0, 7) if back > 1 else 0):
        half = rng.uniform(0.1, 0.8, 3)
        place = (rng.uniform(-3, 3), floor - half[1], rng.uniform(0.35, 0.95) * back)
        kind = (BOX, BOX, BALL, CYLINDER)[rng.integers(4)]
        scene.add(kind, place, half, looks[rng.integers(3)], shadow=False)


def add_board(scene: Builder, rng: np.random.Generator, *, half: tuple[float, float], round_: bool) -> None:
    """The top of a table at y = 0 and its legs."""
    w, d = half
    top = any_material(rng, feature=0.25) if rng.random() < 0.5 else material(rng, WOOD, feature=0.15)
    scene.add(CYLINDER if round_ else BOX, (0, 0.02, 0), (w, 0.02, d), top, role="table")
    for x in (-0.8, 0.8):
        for z in (-0.8, 0.8):
            add_rod(
                scene,
                (x * w * 0.85, 0.02, z * d * 0.85),
                (x * w * 0.85, 0.75, z * d * 0.85),
                radius=0.025,
                material=top,
            )


def table_top(rng: np.random.Generator) -> Shot:
    """Things on a table, looked at from level to straight down, with the room behind or only the board."""
    scene = Builder()
    half = (rng.uniform(0.35, 1.4), rng.uniform(0.3, 0.7))
    back = rng.uniform(half[1] + 0.15, 5)
    add_surroundings(scene, rng, floor=0.75, back=back)
    add_board(scene, rng, half=half, round_=rng.random() < 0.15)
    looks = palette(rng, 4, feature=0.05)
    count, size = rng.integers(2, 16), rng.choice([0.035, 0.06, 0.1])
    middle = rng.uniform(-0.4, 0.4) * np.array(half)
    for _ in range(count):
        spot = np.clip(middle + rng.normal(0, 0.22, 2), -0.92 * np.array(half), 0.92 * np.array(half))
        with scene.at(*spot, yaw=rng.uniform(0, 2 * np.pi)):
            add_object(scene, rng, size=size * rng.uniform(0.7, 1.4), surface=looks[rng.integers(4)])
    if rng.random() < 0.25:
        _add_board_with_slices(scene, rng, place=middle)
    if rng.random() < 0.25:
        with scene.at(*(0.7 * np.array(half) * rng.uniform(-1, 1, 2))):
            add_potted_plant(scene, rng, size=rng.uniform(0.15, 0.4), leaves=12)
    if rng.random() < 0.3:
        with scene.at(
            rng.normal(0, 0.5), rng.choice([-1, 1]) * (half[1] + 0.15), y=0.75, yaw=rng.normal(0, 1)
        ):
            add_chair(scene, rng)
    pitch = np.deg2rad(rng.uniform(2, 80))
    target = np.array([middle[0], -rng.uniform(0, 0.1), middle[1]])
    eye = around(target, distance=rng.uniform(0.35, 1.5), yaw=rng.normal(0, 0.6), pitch=pitch)
    shot = scene.build(indoor_air(rng), kind="table top")
    return aim(rng, shot, eye=eye, target=target, fov=(30, 75), stray=0.25, roll=0.06)


def _add_board_with_slices(scene: Builder, rng: np.random.Generator, *, place: np.ndarray) -> None:
    """A cutting board with rows of slices and small round food."""
    with scene.at(*place, yaw=rng.uniform(0, np.pi)):
        scene.add(BOX, (0, -0.012, 0), (0.24, 0.012, 0.16), any_material(rng, feature=0.2), role="board")
        bread = material(rng, CLOUDY, color=(0.6, 0.4, 0.2), feature=0.03)
        leaning = turn(-1.05, 0, 0)
        for i in range(rng.integers(4, 10)):
            place_ = (-0.16 + 0.035 * i, -0.04, rng.normal(0, 0.01))
            scene.add(CYLINDER, place_, (0.045, 0.008, 0.035), bread, tilt=leaning, role="food")
        red = plain(rng, (0.6, 0.05, 0.05))
        for x, z in rng.normal(0, 0.03, (rng.integers(3, 12), 2)):
            scene.add(BALL, (x - 0.1, -0.035, z - 0.09), (0.013, 0.012, 0.013), red, role="food")


def desk(rng: np.random.Generator) -> Shot:
    """A desk with a screen, papers, pens, cups and a lamp before a wall."""
    scene = Builder()
    half = (rng.uniform(0.6, 1.1), rng.uniform(0.35, 0.5))
    add_surroundings(scene, rng, floor=0.75, back=half[1] + rng.uniform(0.03, 1.0))
    add_board(scene, rng, half=half, round_=False)
    for x in rng.permutation([-0.4, 0.25])[: rng.integers(1, 3)]:
        with scene.at(x * half[0] * 1.4, 0.12, yaw=rng.normal(-0.3 * x, 0.2)):
            add_monitor(scene, rng)
    looks = palette(rng, 4, feature=0.04)
    for _ in range(rng.integers(3, 14)):
        with scene.at(*(rng.uniform(-0.9, 0.9, 2) * half), yaw=rng.uniform(0, 6)):
            style, look = rng.random(), looks[rng.integers(4)]
            if style < 0.4:
                add_object(scene, rng, size=rng.uniform(0.03, 0.07), surface=look)
            elif style < 0.75:
                scene.add(BOX, (0, -0.004, 0), (0.105, 0.004 * rng.integers(1, 6), 0.15), look, role="paper")
            else:
                add_rod(scene, (0, -0.005, 0), (0.14, -0.005, 0), radius=0.005, material=look, role="pen")
    if rng.random() < 0.5:
        with scene.at(rng.choice([-0.85, 0.85]) * half[0], 0.15, yaw=rng.uniform(0, 6)):
            add_desk_lamp(scene, rng)
    if rng.random() < 0.4:
        covers = palette(rng, 4, feature=0.05)
        with scene.at(0, half[1] - 0.12):
            add_row_of_books(scene, rng, span=(-0.9 * half[0], 0.3), y=0.0, covers=covers)
    if rng.random() < 0.4:
        with scene.at(rng.normal(0, 0.3), -half[1] - 0.1, y=0.75, yaw=np.pi + rng.normal(0, 0.5)):
            add_chair(scene, rng)
    pitch, target = np.deg2rad(rng.uniform(2, 65)), np.array([rng.normal(0, 0.2), -0.1, rng.normal(0, 0.1)])
    eye = around(target, distance=rng.uniform(0.5, 2.2), yaw=rng.normal(0, 0.5), pitch=pitch)
    shot = scene.build(indoor_air(rng), kind="desk")
    return aim(rng, shot, eye=eye, target=target, fov=(35, 80), roll=0.04)


def shelves(rng: np.random.Generator) -> Shot:
    """A wall of shelves seen head-on or aslant."""
    scene = Builder()
    scene.add(BOX, (0, 0.1, 0), (30, 0.1, 30), any_material(rng, feature=0.3), shadow=False, role="floor")
    scene.add(BOX, (0, 0, 0.27), (30, 30, 0.1), any_material(rng, feature=0.5), shadow=False, role="wall")
    wood, covers, gap = (
        material(rng, WOOD, feature=0.2),
        palette(rng, 7, feature=0.06),
        rng.uniform(0.32, 0.5),
    )
    width = rng.uniform(0.6, 1.4)
    for x in np.arange(-2, 3) * width:
        scene.add(BOX, (x, -1.2, 0), (0.02, 1.2, 0.17), wood, role="shelf")
    for level in range(6):
        scene.add(BOX, (0, -level * gap - 0.02, 0), (2 * width, 0.014, 0.17), wood, role="shelf")
        y = level * gap + 0.035
        for x in np.arange(-1, 1) * width if level in (0, 5) else (-0.95 * width,):
            if rng.random() < 0.6:
                end = x + rng.uniform(0.3, 0.95) * width * (1 if level in (0, 5) else 1.9)
                add_row_of_books(scene, rng, span=(x + 0.04, end), y=y, covers=covers)
                continue
            for spot in np.arange(x + 0.1, x + width, 0.22):
                with scene.at(spot, rng.normal(-0.03, 0.03), y=-y, yaw=rng.uniform(0, 6)):
                    add_object(scene, rng, size=rng.uniform(0.04, 0.09), surface=covers[rng.integers(7)])
    target = np.array([rng.normal(0, 0.4), -rng.uniform(0.5, 1.8), 0])
    yaw = rng.normal(0, 0.12) if rng.random() < 0.5 else rng.choice([-1, 1]) * rng.uniform(0.3, 1.2)
    eye = around(target, distance=rng.uniform(0.6, 2.5), yaw=yaw, pitch=rng.normal(0.03, 0.15))
    eye[1] = min(eye[1], -0.15)
    return aim(rng, scene.build(indoor_air(rng), kind="shelves"), eye=eye, target=target, fov=(35, 80))
