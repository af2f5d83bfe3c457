"""Houses, fronts, arcades, towers and fountains around the origin of the builder's frame, on y = 0."""

import itertools
import math

import numpy as np

from voyager_lite.training.framing import turn
from voyager_lite.training.material import BRICKS, CLOUDY, FACADE, TILES, WOOD, material
from voyager_lite.training.parts import GREY, STONE, add_rod, any_material, plain
from voyager_lite.training.scene import Builder, Real
from voyager_lite.training.shapes import BALL, BOX, CONE, CYLINDER

Look = dict[str, np.ndarray]


def town_look(rng: np.random.Generator) -> Look:
    """Materials that the houses of one place share: walls, roofs, glass, frames."""
    roof = ((0.4, 0.2, 0.13), (0.16, 0.16, 0.18), (0.3, 0.27, 0.22))[rng.integers(3)]
    return {
        "facade": material(rng, FACADE, feature=rng.uniform(0.8, 2.0), contrast=rng.uniform(0.5, 1.0)),
        "facade 2": material(rng, FACADE, feature=rng.uniform(0.8, 2.0), contrast=rng.uniform(0.5, 1.0)),
        "brick": material(rng, BRICKS, feature=0.3),
        "plaster": material(rng, CLOUDY, contrast=0.15, feature=1.0),
        "wood": material(rng, WOOD, feature=0.25),
        "roof": material(rng, TILES, color=roof, feature=0.3),
        "glass": plain(rng, np.array([0.1, 0.13, 0.17]) * rng.uniform(0.5, 2.5)),
        "frame": plain(rng, STONE),
        "shop": any_material(rng, feature=0.8),
    }


def add_house(
    scene: Builder, rng: np.random.Generator, *, half: tuple[float, float, float], look: Look
) -> None:
    """A building with painted rows of windows, perhaps a roof, a chimney and a shop front."""
    w, h, d = half
    wall = look[("facade", "facade 2", "facade", "facade 2", "brick", "plaster")[rng.integers(6)]]
    scene.add(BOX, (0, -h, 0), (w, h, d), wall, role="house")
    style = rng.random()
    if style < 0.3:
        scene.add(BOX, (0, -2 * h, 0), (w * 1.04, 0.15, d * 1.04), look["frame"], role="house")
    elif style < 0.7:
        add_gable(scene, rng, w=w, d=d, y=2 * h, roof=look["roof"])
    elif style < 0.8:
        scene.add(CONE, (0, -2.3 * h, 0), (1.3 * w, 0.3 * h, 1.3 * d), look["roof"], role="roof")
    if rng.random() < 0.4:
        for face in (-1, 1):
            scene.add(BOX, (face * w, -1.4, 0), (0.06, 1.2, 0.7 * d), look["shop"], role="shop")


def add_gable(
    scene: Builder, rng: np.random.Generator, *, w: Real, d: Real, y: Real, roof: np.ndarray
) -> None:
    """Two slopes that meet over a ridge along x or z, and a chimney."""
    along_x = rng.random() < 0.5
    run, long = (float(d), float(w)) if along_x else (float(w), float(d))
    rise = rng.uniform(0.35, 0.95)
    slope, up = run / math.cos(rise), run * math.tan(rise)
    with scene.at(0, 0, yaw=np.pi / 2 if along_x else 0.0):
        for side in (-1, 1):
            tilt = turn(0, 0, -side * rise)
            place = (side * run / 2, -float(y) - up / 2, 0)
            scene.add(BOX, place, (slope / 2 + 0.15, 0.08, long + 0.2), roof, tilt=tilt, role="roof")
        scene.add(CONE, (0, -float(y) - up / 2, 0), (0.9 * run, up / 2, 0.9 * long), roof, role="roof")
        chimney = (rng.uniform(-0.4, 0.4) * run, -float(y) - up, rng.uniform(-0.7, 0.7) * long)
        scene.add(BOX, chimney, (0.25, 0.5, 0.25), roof, role="chimney")


def add_front(
    scene: Builder, rng: np.random.Generator, *, half: tuple[float, float, float], look: Look, most: int = 24
) -> None:
    """A house whose front, at z = 0 and facing -z, has windows with frames and sills, a door, balconies."""
    w, h, d = half
    wall = look[("brick", "plaster", "plaster", "wood")[rng.integers(4)]]
    scene.add(BOX, (0, -h, d), (w, h, d), wall, role="house")
    floors = max(int(2 * h / rng.uniform(2.6, 3.6)), 1)
    columns = max(min(int(2 * w / rng.uniform(1.4, 3)), most // floors), 1)
    tall, wide = rng.uniform(0.5, 0.9), rng.uniform(0.3, 0.6)
    shop, balcony = rng.random() < 0.5, rng.random() < 0.3
    for floor in range(floors):
        y = -2 * h * (floor + 0.5) / floors
        if floor == 0 and shop:
            scene.add(BOX, (0, y + 0.1, 0), (0.85 * w, 1.05, 0.03), look["glass"], role="shop")
            scene.add(
                BOX,
                (0, y - 1.2, -0.35),
                (0.9 * w, 0.06, 0.4),
                look["shop"],
                tilt=turn(0.35, 0, 0),
                role="awning",
            )
            continue
        for column in range(columns):
            x = w * (2 * column + 1 - columns) / columns * 0.92
            scene.add(BOX, (x, y, 0), (wide + 0.08, tall + 0.08, 0.03), look["frame"], role="window")
            scene.add(BOX, (x, y, -0.01), (wide, tall, 0.03), look["glass"], role="window")
            if balcony and floor and column % 2 == 0:
                scene.add(
                    BOX, (x, y + tall + 0.1, -0.4), (wide + 0.3, 0.06, 0.4), look["frame"], role="balcony"
                )
                scene.add(
                    BOX, (x, y + tall - 0.35, -0.78), (wide + 0.3, 0.03, 0.02), look["roof"], role="railing"
                )
    door = rng.uniform(-0.7, 0.7) * w
    scene.add(BOX, (door, -1.1, 0), (0.55, 1.1, 0.05), look["wood"], role="door")
    scene.add(BOX, (0, -2 * h, d - 0.1), (w + 0.15, 0.15, d + 0.15), look["frame"], role="house")
    if rng.random() < 0.5:
        with scene.at(0, d):
            add_gable(scene, rng, w=w, d=d, y=2 * h, roof=look["roof"])


def add_arcade(
    scene: Builder, rng: np.random.Generator, *, count: int, gap: float, height: float, stone: np.ndarray
) -> None:
    """A row of arches along x at z = 0 on round or square columns, with a wall above."""
    r, round_ = 0.09 * gap + 0.05, rng.random() < 0.6
    spring = height - 0.45 * gap
    for i in range(count + 1):
        x = gap * (i - count / 2)
        scene.add(CYLINDER if round_ else BOX, (x, -spring / 2, 0), (r, spring / 2, r), stone, role="column")
        scene.add(BOX, (x, -spring, 0), (1.35 * r, 0.1, 1.35 * r), stone, role="column")
    for i in range(count):
        x = gap * (i + 0.5 - count / 2)
        bend = [math.pi * k / 4 for k in range(5)]
        arch = [(x - 0.47 * gap * math.cos(a), -spring - 0.42 * gap * math.sin(a), 0.0) for a in bend]
        for a, b in itertools.pairwise(arch):
            add_rod(scene, a, b, radius=1.1 * r, material=stone, role="arch")
    upper = rng.uniform(0.2, 2.5)
    scene.add(BOX, (0, -height - upper, 0), (count * gap / 2 + r, upper, 1.2 * r), stone, role="wall")


def add_landmark(scene: Builder, rng: np.random.Generator, *, size: Real, look: Look) -> None:
    """A church, castle or palace: a body with towers, domes and spires; ``size`` is half its height."""
    s, stone = float(size), look["plaster"] if rng.random() < 0.5 else look["brick"]
    scene.add(BOX, (0, -0.45 * s, 0), (0.6 * s, 0.45 * s, 0.5 * s), stone, role="church")
    scene.add(BOX, (0, -0.35 * s, -0.52 * s), (0.14 * s, 0.25 * s, 0.03 * s), look["glass"], role="church")
    for x, z, tall in ((0, 0, 1.2), *((a, b, 0.75) for a in (-0.6, 0.6) for b in (-0.5, 0.5))):
        if rng.random() < 0.15:
            continue
        tower, r = tall * s * rng.uniform(0.8, 1.2), s * rng.uniform(0.12, 0.2) * (1.5 if x == 0 else 1.0)
        kind = CYLINDER if rng.random() < 0.6 else BOX
        scene.add(kind, (x * s, -tower / 2, z * s), (r, tower / 2, r), stone, role="tower")
        if rng.random() < 0.5:
            scene.add(BALL, (x * s, -tower, z * s), (1.05 * r, 1.3 * r, 1.05 * r), look["roof"], role="dome")
            scene.add(BALL, (x * s, -tower - 1.4 * r, z * s), (0.2 * r, 0.4 * r, 0.2 * r), look["roof"])
        else:
            scene.add(
                CONE,
                (x * s, -tower - 1.3 * r, z * s),
                (1.2 * r, 1.4 * r, 1.2 * r),
                look["roof"],
                role="spire",
            )
    for x in np.linspace(-0.5, 0.5, 5):
        scene.add(
            BOX, (x * s, -0.6 * s, -0.505 * s), (0.04 * s, 0.1 * s, 0.01 * s), look["glass"], role="window"
        )


def add_fountain(scene: Builder, rng: np.random.Generator) -> None:
    """Basins one above the other with water in them."""
    stone, water = material(rng, CLOUDY, color=STONE), plain(rng, (0.25, 0.4, 0.45))
    r, column = rng.uniform(1.2, 3), rng.uniform(0.7, 2)
    scene.add(CYLINDER, (0, -0.25, 0), (r, 0.25, r), stone, role="fountain")
    scene.add(CYLINDER, (0, -0.26, 0), (0.88 * r, 0.25, 0.88 * r), water, role="water")
    add_rod(scene, (0, 0, 0), (0, -2 * column, 0), radius=0.12, material=stone, role="fountain")
    for y, share in ((1.1, 0.5), (1.8, 0.25)):
        scene.add(BALL, (0, -y * column, 0), (share * r, 0.12, share * r), stone, role="fountain")


def add_pole(scene: Builder, rng: np.random.Generator, *, height: Real, metal: np.ndarray) -> None:
    """A lamp post, sign or traffic light, with its arm towards -x."""
    h, style = float(height), rng.random()
    add_rod(scene, (0, 0, 0), (0, -h, 0), radius=0.05, material=metal, role="pole")
    if style < 0.5:
        add_rod(scene, (0, -h, 0), (-0.9, -h - 0.1, 0), radius=0.03, material=metal, role="pole")
        scene.add(BALL, (-0.9, -h - 0.05, 0), (0.22, 0.07, 0.1), plain(rng, (0.8, 0.8, 0.7)), role="lamp")
    elif style < 0.7:
        scene.add(BALL, (0, -h - 0.15, 0), (0.18, 0.22, 0.18), plain(rng, (0.8, 0.8, 0.7)), role="lamp")
    elif style < 0.85:
        sign = any_material(rng, feature=0.2)
        if rng.random() < 0.5:
            scene.add(BOX, (0, -h + 0.3, -0.06), (0.35, 0.3, 0.01), sign, role="sign")
        else:
            scene.add(
                CYLINDER,
                (0, -h + 0.3, -0.06),
                (0.3, 0.01, 0.3),
                sign,
                tilt=turn(np.pi / 2, 0, 0),
                role="sign",
            )
    else:
        scene.add(BOX, (0, -h + 0.4, -0.1), (0.13, 0.4, 0.1), plain(rng, GREY), role="traffic light")
        for y, color in ((0.65, (0.8, 0.1, 0.05)), (0.4, (0.8, 0.5, 0.05)), (0.15, (0.1, 0.6, 0.2))):
            scene.add(
                BALL, (0, -h + 0.8 - y, -0.2), (0.08, 0.08, 0.03), plain(rng, color), role="traffic light"
            )
