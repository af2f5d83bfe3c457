"""Procedural kitchens and bathrooms."""

import numpy as np

from voyager_lite.training.framing import Shot
from voyager_lite.training.indoors import add_low_board, add_set_table, stand_in
from voyager_lite.training.material import GLOW, TILES, WOOD, material
from voyager_lite.training.parts import WHITE, add_rod, palette, plain
from voyager_lite.training.scene import Builder
from voyager_lite.training.shapes import BALL, BOX, CYLINDER
from voyager_lite.training.things import add_hanging_lamp, add_object
from voyager_lite.training.walls import Look, add_shell, shell_look


def kitchen(rng: np.random.Generator) -> Shot:
    """Counters with cabinets below and above along two walls, kitchen things on them, perhaps an island."""
    scene = Builder()
    w, h, d = half = rng.uniform(1.5, 3), rng.uniform(1.2, 1.5), rng.uniform(1.6, 3.2)
    add_shell(scene, rng, half=half, look=shell_look(rng), openings=0.25)
    looks = palette(rng, 4, feature=0.08)
    for yaw, reach, span in ((0.0, d, w), (np.pi / 2, w, d)):
        if yaw and rng.random() < 0.3:
            continue
        doors = int(2 * span / 0.6)
        with scene.at(0, 0, yaw=yaw), scene.at(0, reach - 0.3):
            add_low_board(scene, rng, doors=doors, height=0.88)
            scene.add(
                BOX, (0, -1.15, 0.3), (span, 0.25, 0.01), material(rng, TILES, feature=0.1), role="wall"
            )
            if rng.random() < 0.7:
                with scene.at(rng.normal(0, 0.2), 0.1, y=-rng.uniform(1.4, 1.5)):
                    add_low_board(scene, rng, doors=max(doors - 2, 1), height=0.6, depth=0.17)
            _add_kitchen_things(scene, rng, span=span, looks=looks)
    if rng.random() < 0.5:
        with scene.at(w - 0.35, -rng.uniform(0, 0.6) * d):
            scene.add(BOX, (0, -0.9, 0), (0.33, 0.9, 0.33), plain(rng), role="fridge")
    if rng.random() < 0.5:
        with scene.at(rng.normal(0, 0.2), rng.uniform(-0.3, 0.2) * d, yaw=rng.normal(0, 0.2)):
            if rng.random() < 0.5:
                add_low_board(scene, rng, doors=3, height=0.9)
                _add_kitchen_things(scene, rng, span=0.8, looks=looks)
            else:
                add_set_table(scene, rng, chairs=4)
    if rng.random() < 0.5:
        with scene.at(0, 0):
            add_hanging_lamp(scene, rng, ceiling=2 * h, drop=rng.uniform(0.4, 0.9))
    return stand_in(rng, scene, half=half, kind="kitchen")


def _add_kitchen_things(
    scene: Builder, rng: np.random.Generator, *, span: float, looks: list[np.ndarray]
) -> None:
    """A stove, a sink with a tap, and jars and boxes on a counter 0.9 high."""
    metal, dark = plain(rng, (0.5, 0.5, 0.52)), plain(rng, (0.05, 0.05, 0.05))
    x = rng.uniform(-0.7, 0.7) * span
    scene.add(BOX, (x, -0.915, 0), (0.28, 0.008, 0.24), dark, role="stove")
    for a in (-0.13, 0.13):
        scene.add(CYLINDER, (x + a, -0.925, a), (0.08, 0.006, 0.08), metal, role="stove")
    if rng.random() < 0.5:
        scene.add(CYLINDER, (x + 0.13, -1.0, 0.1), (0.11, 0.07, 0.11), metal, role="pot")
    tap = -0.6 * x
    add_rod(scene, (tap, -0.9, 0.2), (tap, -1.15, 0.2), radius=0.014, material=metal, role="tap")
    add_rod(scene, (tap, -1.15, 0.2), (tap, -1.13, 0.02), radius=0.012, material=metal, role="tap")
    scene.add(BOX, (tap, -0.91, 0), (0.25, 0.01, 0.2), metal, role="sink")
    for _ in range(rng.integers(1, 8)):
        with scene.at(rng.uniform(-0.9, 0.9) * span, rng.uniform(-0.15, 0.2), y=-0.91, yaw=rng.uniform(0, 6)):
            add_object(scene, rng, size=rng.uniform(0.05, 0.12), surface=looks[rng.integers(len(looks))])


def bathroom(rng: np.random.Generator) -> Shot:
    """Tiles, a basin under a mirror, a toilet, a tub and towels in a small room."""
    scene = Builder()
    w, _, d = half = rng.uniform(1.0, 1.8), rng.uniform(1.15, 1.4), rng.uniform(1.2, 2.2)
    look: Look = shell_look(rng, tiled=True)
    add_shell(scene, rng, half=half, look=look, openings=0.1)
    china, metal, cloth = plain(rng, WHITE), plain(rng, (0.55, 0.55, 0.57)), palette(rng, 2, feature=0.1)
    with scene.at(rng.uniform(-0.5, 0.5) * w, d - 0.25):
        scene.add(CYLINDER, (0, -0.85, 0), (0.28, 0.06, 0.22), china, role="basin")
        add_rod(scene, (0, 0, 0.1), (0, -0.85, 0.1), radius=0.07, material=china, role="basin")
        add_rod(scene, (0, -0.9, 0.18), (0, -1.02, 0.08), radius=0.014, material=metal, role="tap")
        glass = material(rng, GLOW, color=(0.7, 0.75, 0.78), contrast=0.3, feature=0.5)
        scene.add(BOX, (0, -1.5, 0.24), (0.35, 0.4, 0.012), glass, role="mirror")
        scene.add(BOX, (0, -1.08, 0.18), (0.3, 0.01, 0.06), metal, role="shelf")
    with scene.at(-w + 0.35, rng.uniform(-0.2, 0.5) * d, yaw=-np.pi / 2):
        scene.add(BALL, (0, -0.32, -0.05), (0.19, 0.14, 0.26), china, role="toilet")
        scene.add(CYLINDER, (0, -0.15, 0), (0.12, 0.15, 0.15), china, role="toilet")
        scene.add(CYLINDER, (0, -0.43, -0.05), (0.19, 0.02, 0.25), china, role="toilet")
        scene.add(BOX, (0, -0.6, 0.25), (0.19, 0.18, 0.08), china, role="toilet")
    if rng.random() < 0.6:
        with scene.at(w - 0.4, 0.1 * d):
            for x in (-0.36, 0.36):
                scene.add(BOX, (x, -0.28, 0), (0.04, 0.28, 0.8), china, role="tub")
            for z in (-0.8, 0.8):
                scene.add(BOX, (0, -0.28, z), (0.4, 0.28, 0.04), china, role="tub")
            scene.add(BOX, (0, -0.1, 0), (0.36, 0.1, 0.8), china, role="tub")
    for z in rng.uniform(-0.5, 0.8, 2) * d:
        add_rod(scene, (w - 0.06, -1.3, z - 0.25), (w - 0.06, -1.3, z + 0.25), radius=0.01, material=metal)
        scene.add(BOX, (w - 0.06, -1.05, z), (0.02, 0.28, 0.2), cloth[rng.integers(2)], role="towel")
    mat = material(rng, WOOD, feature=0.1) if rng.random() < 0.3 else cloth[0]
    scene.add(BOX, (0, -0.01, 0), (0.4, 0.012, 0.28), mat, shadow=False, role="rug")
    for _ in range(rng.integers(0, 6)):
        with scene.at(rng.uniform(-0.8, 0.8) * w, rng.uniform(-0.3, 0.8) * d):
            add_object(scene, rng, size=rng.uniform(0.05, 0.12))
    return stand_in(rng, scene, half=half, kind="bathroom")
