"""Cars, vans, trucks, bicycles and motorcycles at the builder's origin, long along z, the front at -z."""

import numpy as np

from voyager_lite.training.framing import turn
from voyager_lite.training.material import PLAIN, WOOD, material
from voyager_lite.training.parts import BLACK, BROWN, CHROME, add_ring, add_rod, plain
from voyager_lite.training.scene import Builder
from voyager_lite.training.shapes import BALL, BOX, CYLINDER

LYING = turn(0, 0, np.pi / 2)
"""Lays a cylinder's axis along x."""

Look = dict[str, np.ndarray]


def _look(rng: np.random.Generator) -> Look:
    return {
        "paint": material(rng, PLAIN, contrast=0.05),
        "glass": plain(rng, (0.08, 0.1, 0.12)),
        "tyre": plain(rng, BLACK),
        "metal": plain(rng, CHROME),
        "lamp": plain(rng, (0.9, 0.85, 0.7)),
        "red": plain(rng, (0.6, 0.05, 0.04)),
    }


def _add_wheels(scene: Builder, look: Look, *, x: float, ends: tuple[float, float], radius: float) -> None:
    for side in (-x, x):
        for z in ends:
            scene.add(
                CYLINDER, (side, -radius, z), (radius, 0.11, radius), look["tyre"], tilt=LYING, role="car"
            )
            hub = 0.6 * radius
            scene.add(
                CYLINDER, (side * 1.04, -radius, z), (hub, 0.1, hub), look["metal"], tilt=LYING, role="car"
            )


def add_car(scene: Builder, rng: np.random.Generator, *, fine: bool = False) -> None:
    """A saloon, hatchback, van or pick-up."""
    look, style = _look(rng), rng.random()
    w, long = rng.uniform(0.8, 0.92), rng.uniform(1.8, 2.3)
    _add_wheels(scene, look, x=w - 0.08, ends=(-0.64 * long, 0.6 * long), radius=0.33)
    if style < 0.25:
        _add_van(scene, rng, look, w=w, long=1.15 * long)
        return
    paint, glass = look["paint"], look["glass"]
    scene.add(BOX, (0, -0.52, 0), (w, 0.26, long), paint, role="car")
    scene.add(BALL, (0, -0.72, 0), (w, 0.22, 1.03 * long), paint, role="car")
    back = 0.55 * long if style < 0.65 else 0.85 * long
    middle, cabin = (back - 0.35 * long) / 2, (back + 0.35 * long) / 2
    scene.add(BOX, (0, -1.05, middle), (0.84 * w, 0.26, 0.75 * cabin), glass, role="car")
    scene.add(BOX, (0, -1.33, middle), (0.8 * w, 0.035, 0.75 * cabin), paint, role="car")
    for z, lean in ((middle - 0.85 * cabin, 0.6), (middle + 0.8 * cabin, -0.5)):
        scene.add(BOX, (0, -1.04, z), (0.82 * w, 0.33, 0.02), glass, tilt=turn(-lean, 0, 0), role="car")
    for z, name in ((-long, "lamp"), (long, "red")):
        for x in (-0.7, 0.7):
            scene.add(BOX, (x * w, -0.66, z), (0.14, 0.06, 0.04), look[name], role="car")
    if fine:
        for z in (-long, long):
            scene.add(BOX, (0, -0.4, z), (0.95 * w, 0.08, 0.08), look["tyre"], role="car")
            scene.add(BOX, (0, -0.5, 1.04 * z), (0.26, 0.055, 0.01), plain(rng, (0.8, 0.8, 0.75)), role="car")
        for x in (-1, 1):
            scene.add(BOX, (1.08 * x * w, -0.98, -0.25 * long), (0.1, 0.06, 0.04), paint, role="car")
            scene.add(BOX, (0.845 * x * w, -1.05, middle), (0.01, 0.27, 0.04), paint, role="car")


def _add_van(scene: Builder, rng: np.random.Generator, look: Look, *, w: float, long: float) -> None:
    paint, glass, h = look["paint"], look["glass"], rng.uniform(0.75, 1.05)
    scene.add(BOX, (0, -0.35 - h, 0.15 * long), (w, h, 0.85 * long), paint, role="car")
    scene.add(BOX, (0, -0.65, -0.8 * long), (w, 0.35, 0.2 * long), paint, role="car")
    scene.add(BOX, (0, -1.3, -0.72 * long), (0.92 * w, 0.36, 0.03), glass, tilt=turn(-0.45, 0, 0), role="car")
    for x in (-1, 1):
        scene.add(BOX, (x * w, -1.35, -0.4 * long), (0.02, 0.25, 0.22 * long), glass, role="car")
        scene.add(BOX, (0.75 * x * w, -0.7, -long), (0.13, 0.09, 0.03), look["lamp"], role="car")
        scene.add(BOX, (0.85 * x * w, -0.8, long), (0.07, 0.2, 0.02), look["red"], role="car")


def add_truck(scene: Builder, rng: np.random.Generator) -> None:
    """A lorry with a cab before a bed of planks or a closed box, or a bus."""
    look, wood = _look(rng), material(rng, WOOD, color=BROWN, feature=0.2)
    w, long = rng.uniform(0.95, 1.2), rng.uniform(2.4, 3.6)
    _add_wheels(scene, look, x=w - 0.12, ends=(-0.7 * long, 0.55 * long), radius=0.45)
    if rng.random() < 0.25:
        h = rng.uniform(1.2, 2.0)
        scene.add(BOX, (0, -0.4 - h, 0), (w, h, 1.2 * long), look["paint"], role="bus")
        for y in (0.6 * h, 1.5 * h):
            scene.add(BOX, (0, -0.5 - y, 0), (1.01 * w, 0.22 * h, 1.17 * long), look["glass"], role="bus")
        return
    scene.add(BOX, (0, -0.75, 0), (0.5 * w, 0.12, long), look["tyre"], role="truck")
    scene.add(BOX, (0, -1.0, -0.72 * long), (0.9 * w, 0.4, 0.28 * long), look["paint"], role="truck")
    scene.add(BALL, (0, -1.1, -0.95 * long), (0.85 * w, 0.4, 0.25 * long), look["paint"], role="truck")
    scene.add(BOX, (0, -1.65, -0.6 * long), (0.82 * w, 0.3, 0.16 * long), look["glass"], role="truck")
    scene.add(BOX, (0, -1.98, -0.6 * long), (0.86 * w, 0.05, 0.18 * long), look["paint"], role="truck")
    for x in (-0.7, 0.7):
        scene.add(BALL, (x * w, -1.05, -1.12 * long), (0.14, 0.14, 0.1), look["lamp"], role="truck")
    if rng.random() < 0.4:
        scene.add(BOX, (0, -1.9, 0.35 * long), (w, 0.95, 0.65 * long), plain(rng), role="truck")
        return
    scene.add(BOX, (0, -0.95, 0.35 * long), (w, 0.05, 0.68 * long), wood, role="truck")
    for x in (-w, w):
        for y in (1.15, 1.4, 1.65):
            scene.add(BOX, (x, -y, 0.35 * long), (0.02, 0.09, 0.68 * long), wood, role="truck")
        for z in (-0.2, 0.35, 0.95):
            scene.add(BOX, (x, -1.35, z * long), (0.05, 0.4, 0.05), wood, role="truck")


def add_cycle(scene: Builder, rng: np.random.Generator) -> None:
    """A bicycle or a motorcycle leaning on nothing."""
    look = _look(rng)
    if rng.random() < 0.5:
        _add_bicycle(scene, rng, look)
    else:
        _add_motorcycle(scene, rng, look)


def _add_bicycle(scene: Builder, rng: np.random.Generator, look: Look) -> None:
    r, base = rng.uniform(0.28, 0.36), rng.uniform(0.48, 0.56)
    for z in (-base, base):
        add_ring(scene, (0, -r, z), radius=r, thick=0.022, material=look["tyre"])
        for i in range(4):
            spoke, hub = np.array([0, np.sin(0.8 * i), np.cos(0.8 * i)]) * r, np.array([0, -r, z])
            add_rod(scene, hub - spoke, hub + spoke, radius=0.003, material=look["metal"])
    crank, seat, head = (0, -r, 0.05), (0, -0.82, 0.2), (0, -0.85, -0.36)
    rods = [(crank, seat), (seat, head), (crank, head), (crank, (0, -r, base)), (seat, (0, -r, base))]
    for a, b in rods:
        add_rod(scene, a, b, radius=0.018, material=look["paint"], role="bicycle")
    add_rod(scene, (0, -0.98, -0.33), (0, -r, -base), radius=0.016, material=look["metal"], role="bicycle")
    add_rod(
        scene, (-0.28, -1.0, -0.3), (0.28, -1.0, -0.3), radius=0.014, material=look["metal"], role="bicycle"
    )
    scene.add(BALL, (0, -0.9, 0.24), (0.08, 0.035, 0.14), look["tyre"], role="bicycle")
    for x in (-0.1, 0.1):
        scene.add(BOX, (x, -r + 0.9 * x, 0.05 + x), (0.05, 0.012, 0.04), look["tyre"], role="bicycle")
    scene.add(CYLINDER, crank, (0.09, 0.008, 0.09), look["metal"], tilt=LYING, role="bicycle")


def _add_motorcycle(scene: Builder, rng: np.random.Generator, look: Look) -> None:
    r, base, paint, metal = rng.uniform(0.27, 0.33), rng.uniform(0.62, 0.75), look["paint"], look["metal"]
    for z in (-base, base):
        add_ring(scene, (0, -r, z), radius=r, thick=rng.uniform(0.04, 0.07), material=look["tyre"])
        scene.add(CYLINDER, (0, -r, z), (0.09, 0.06, 0.09), metal, tilt=LYING, role="motorcycle")
        for i in range(4):
            spoke, hub = np.array([0, np.sin(0.8 * i), np.cos(0.8 * i)]) * r, np.array([0, -r, z])
            add_rod(scene, hub - spoke, hub + spoke, radius=0.004, material=metal)
        scene.add(BALL, (0, -1.75 * r, z), (0.07, 0.12, 0.26), paint, role="motorcycle")
    for x in (-0.09, 0.09):
        add_rod(scene, (x, -0.95, -0.42), (x, -r, -base), radius=0.022, material=metal, role="motorcycle")
        add_rod(scene, (x, -0.65, 0.45), (x, -r, base), radius=0.02, material=metal, role="motorcycle")
    scene.add(BALL, (0, -0.8, -0.1), (0.15, 0.13, 0.28), paint, role="motorcycle")
    scene.add(BALL, (0, -0.78, 0.38), (0.13, 0.07, 0.34), look["tyre"], role="motorcycle")
    scene.add(BOX, (0, -0.42, -0.02), (0.14, 0.17, 0.2), metal, role="motorcycle")
    scene.add(CYLINDER, (0, -0.56, -0.1), (0.11, 0.13, 0.11), look["tyre"], tilt=turn(0.4, 0, 0))
    add_rod(scene, (0.16, -0.3, -0.1), (0.16, -0.33, 0.75), radius=0.04, material=metal, role="motorcycle")
    add_rod(scene, (-0.34, -1.02, -0.3), (0.34, -1.02, -0.3), radius=0.016, material=metal, role="motorcycle")
    add_rod(scene, (0, -0.9, -0.4), (0, -0.35, -0.15), radius=0.03, material=paint, role="motorcycle")
    scene.add(BALL, (0, -0.92, -0.52), (0.11, 0.11, 0.09), look["lamp"], role="motorcycle")
