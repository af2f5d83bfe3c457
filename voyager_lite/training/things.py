"""Furniture and small things around the origin of the builder's frame, on y = 0; fronts face -z."""

import numpy as np

from voyager_lite.training.framing import turn
from voyager_lite.training.material import CLOUDY, GLOW, PLAIN, WOOD, material
from voyager_lite.training.parts import (
    BLACK,
    BROWN,
    GREY,
    WHITE,
    add_rod,
    any_material,
    palette,
    plain,
    random_tilt,
)  # fmt: skip
from voyager_lite.training.scene import Builder, Real
from voyager_lite.training.shapes import BALL, BOX, CONE, CYLINDER


def add_table(scene: Builder, rng: np.random.Generator) -> float:
    """A table with four legs or a foot; returns the height of its top."""
    w, d, h = rng.uniform(0.3, 1.0), rng.uniform(0.3, 0.6), rng.uniform(0.4, 0.8)
    wood, leg = material(rng, WOOD, feature=0.2), rng.uniform(0.015, 0.05)
    if rng.random() < 0.25:
        scene.add(CYLINDER, (0, -h, 0), (0.8 * w, 0.02, 0.8 * w), wood, role="table")
        add_rod(scene, (0, 0, 0), (0, -h, 0), radius=0.04, material=wood, role="table")
        scene.add(CYLINDER, (0, -0.02, 0), (0.25, 0.02, 0.25), wood, role="table")
        return float(h + 0.02)
    scene.add(BOX, (0, -h, 0), (w, 0.025, d), wood, role="table")
    for x in (-1, 1):
        for z in (-1, 1):
            foot = x * (w - leg), -h / 2, z * (d - leg)
            scene.add(BOX, foot, (leg, h / 2, leg), wood, role="table")
    return float(h + 0.025)


def add_chair(scene: Builder, rng: np.random.Generator, *, surface: np.ndarray | None = None) -> None:
    """A chair: seat, back of one board or of bars, and four thin legs that may splay."""
    cloth = any_material(rng, feature=0.1) if surface is None else surface
    splay, thick, high = rng.uniform(0, 0.06), rng.uniform(0.012, 0.025), rng.uniform(0.8, 1.05)
    scene.add(BOX, (0, -0.45, 0), (0.22, 0.03, 0.22), cloth, role="chair")
    if rng.random() < 0.5:
        scene.add(BOX, (0, -0.45 - high / 4, 0.2), (0.22, high / 4, 0.02), cloth, role="chair")
    else:
        scene.add(BOX, (0, -high, 0.22), (0.22, 0.03, 0.015), cloth, role="chair")
        for x in np.linspace(-0.2, 0.2, rng.integers(2, 6)):
            add_rod(scene, (x, -0.45, 0.2), (x, -high, 0.22), radius=thick, material=cloth, role="chair")
    for x in (-0.2, 0.2):
        for z in (-0.2, 0.2):
            foot = (x + np.sign(x) * splay, 0, z + np.sign(z) * splay)
            add_rod(scene, (x, -0.45, z), foot, radius=thick, material=cloth, role="chair")


def add_office_chair(scene: Builder, rng: np.random.Generator) -> None:
    """A seat on a column with a star of feet."""
    cloth, metal = any_material(rng, feature=0.1), plain(rng, BLACK)
    scene.add(BALL, (0, -0.5, 0), (0.25, 0.06, 0.25), cloth, role="chair")
    scene.add(BALL, (0, -0.85, 0.22), (0.22, 0.28, 0.05), cloth, role="chair")
    add_rod(scene, (0, -0.5, 0), (0, -0.08, 0), radius=0.03, material=metal, role="chair")
    for angle in np.arange(5) * 1.2566:
        foot = (0.3 * np.cos(angle), -0.03, 0.3 * np.sin(angle))
        add_rod(scene, (0, -0.1, 0), foot, radius=0.02, material=metal, role="chair")


def add_sofa(scene: Builder, rng: np.random.Generator) -> None:
    """An armchair or a sofa with cushions."""
    w, cloth = rng.uniform(0.35, 1.1), material(rng, CLOUDY, feature=0.1)
    scene.add(BOX, (0, -0.22, 0), (w, 0.22, 0.42), cloth, role="sofa")
    scene.add(BOX, (0, -0.55, 0.36), (w, 0.3, 0.1), cloth, tilt=turn(-0.15, 0, 0), role="sofa")
    pillow = any_material(rng, feature=0.08)
    for side in (-1, 1):
        scene.add(BOX, (side * w, -0.32, 0), (0.1, 0.32, 0.42), cloth, role="sofa")
        scene.add(BALL, (side * w * 0.6, -0.55, 0.15), (0.2, 0.18, 0.1), pillow, role="cushion")


def add_bed(scene: Builder, rng: np.random.Generator) -> None:
    """A bed with a head board, a blanket and pillows."""
    w, wood, cloth = rng.uniform(0.5, 0.95), material(rng, WOOD, feature=0.3), any_material(rng, feature=0.3)
    linen = plain(rng, WHITE)
    scene.add(BOX, (0, -0.18, 0), (w, 0.12, 1.0), wood, role="bed")
    scene.add(BOX, (0, -0.38, 0), (0.97 * w, 0.1, 0.98), linen, role="bed")
    scene.add(BOX, (0, -0.42, -0.25), (1.02 * w, 0.09, 0.75), cloth, role="bed")
    scene.add(BOX, (0, -0.5, 1.0), (w, 0.5, 0.03), wood, role="bed")
    for x in (-0.45, 0.45):
        scene.add(BALL, (x * w, -0.53, 0.72), (0.4 * w, 0.1, 0.2), linen, role="cushion")


def add_shelf(scene: Builder, rng: np.random.Generator, *, books: float = 0.5) -> None:
    """Shelves filled with books and pots; ``books`` is the share of shelves with anything on."""
    w, h, wood = rng.uniform(0.35, 0.8), rng.uniform(0.8, 2.0), material(rng, WOOD, feature=0.2)
    scene.add(BOX, (0, -h / 2, 0.18), (w, h / 2, 0.01), wood, role="shelf")
    for side in (-1, 1):
        scene.add(BOX, (side * w, -h / 2, 0), (0.015, h / 2, 0.18), wood, role="shelf")
    covers = palette(rng, 5, feature=0.06)
    for y in np.arange(0.02, h, 0.4):
        scene.add(BOX, (0, -y, 0), (w, 0.012, 0.18), wood, role="shelf")
        if rng.random() < books:
            add_row_of_books(scene, rng, span=(-w + 0.05, w - 0.06), y=y + 0.012, covers=covers)


def add_row_of_books(
    scene: Builder, rng: np.random.Generator, *, span: tuple[float, float], y: Real, covers: list[np.ndarray]
) -> None:
    """Books and a pot now and then side by side on a board at height ``y``."""
    x, end = span
    while x < end and rng.random() < 0.94:
        cover = covers[rng.integers(len(covers))]
        if rng.random() < 0.12:
            scene.add(CYLINDER, (x + 0.05, -y - 0.09, 0), (0.05, 0.09, 0.05), cover, role="pot")
            x += 0.14
            continue
        t, b = rng.uniform(0.015, 0.06), rng.uniform(0.09, 0.16)
        scene.add(BOX, (x + t, -y - b, rng.normal(0, 0.012)), (t, b, 0.12), cover, role="book")
        x += 2 * t + (0.004 if rng.random() < 0.9 else 0.12)


def add_lamp(scene: Builder, rng: np.random.Generator) -> None:
    """A standing lamp, a thin thing."""
    h, metal = rng.uniform(1.2, 1.8), material(rng, PLAIN, color=GREY)
    add_rod(scene, (0, 0, 0), (0, -h, 0), radius=0.015, material=metal, role="lamp")
    scene.add(CYLINDER, (0, -0.02, 0), (0.15, 0.02, 0.15), metal, role="lamp")
    shade = material(rng, GLOW, color=(1.3, 1.1, 0.8), contrast=0.1)
    scene.add(CONE, (0, -h, 0), (0.2, 0.18, 0.2), shade, role="lamp")


def add_desk_lamp(scene: Builder, rng: np.random.Generator, *, size: Real = 1.0) -> None:
    """A lamp with a bent arm."""
    s, paint, lean = float(size), plain(rng), rng.uniform(-0.15, 0.15)
    elbow, end = (lean * s, -0.25 * s, 0.08 * s), (lean * s, -0.4 * s, -0.12 * s)
    scene.add(CYLINDER, (0, -0.01 * s, 0), (0.08 * s, 0.012 * s, 0.08 * s), paint, role="lamp")
    add_rod(scene, (0, 0, 0), elbow, radius=0.009 * s, material=paint, role="lamp")
    add_rod(scene, elbow, end, radius=0.008 * s, material=paint, role="lamp")
    scene.add(CONE, (end[0], end[1] + 0.03 * s, end[2]), (0.07 * s, 0.06 * s, 0.07 * s), paint, role="lamp")


def add_monitor(scene: Builder, rng: np.random.Generator, *, size: Real = 0.28) -> None:
    """A screen on a foot with a keyboard and a mouse, or an open notebook."""
    s, case = float(size) * rng.uniform(0.7, 1.2), plain(rng, BLACK if rng.random() < 0.7 else GREY)
    glow = material(rng, GLOW, feature=0.3 * s) if rng.random() < 0.7 else plain(rng, BLACK)
    if rng.random() < 0.3:
        scene.add(BOX, (0, -0.01, -0.3 * s), (0.55 * s, 0.01, 0.38 * s), case, role="computer")
        lean = turn(-rng.uniform(0.1, 0.5), 0, 0)
        scene.add(
            BOX, (0, -0.38 * s, 0.12 * s), (0.55 * s, 0.36 * s, 0.008), case, tilt=lean, role="computer"
        )
        scene.add(
            BOX, (0, -0.38 * s, 0.115 * s), (0.51 * s, 0.32 * s, 0.009), glow, tilt=lean, role="computer"
        )
        return
    scene.add(BOX, (0, -0.95 * s, 0), (s, 0.6 * s, 0.025), case, role="monitor")
    scene.add(BOX, (0, -0.95 * s, -0.004), (0.96 * s, 0.56 * s, 0.025), glow, role="monitor")
    scene.add(BOX, (0, -0.2 * s, 0.04), (0.1 * s, 0.2 * s, 0.02), case, role="monitor")
    scene.add(BOX, (0, -0.01, 0.02), (0.35 * s, 0.01, 0.09), case, role="monitor")
    scene.add(BOX, (0, -0.012, -0.26), (0.21, 0.012, 0.07), case, role="keyboard")
    scene.add(BALL, (0.32, -0.005, -0.26), (0.03, 0.03, 0.05), case, role="mouse")


def add_hanging_lamp(scene: Builder, rng: np.random.Generator, *, ceiling: Real, drop: Real) -> None:
    """A lamp on a wire from a ceiling at height ``ceiling``."""
    y, r = -float(ceiling) + float(drop), rng.uniform(0.08, 0.3)
    shade = (
        material(rng, GLOW, color=(1.3, 1.15, 0.9), contrast=0.1) if rng.random() < 0.5 else any_material(rng)
    )
    add_rod(scene, (0, -float(ceiling), 0), (0, y, 0), radius=0.008, material=plain(rng, BLACK), role="lamp")
    kind = (BALL, CONE, CYLINDER)[rng.integers(3)]
    scene.add(kind, (0, y, 0), (r, r * rng.uniform(0.4, 1), r), shade, role="lamp")


def add_object(
    scene: Builder, rng: np.random.Generator, *, size: Real, surface: np.ndarray | None = None
) -> None:
    """Something on a table: ball, cup, box, bottle, books, bowl of fruit, vase, jug or a leaning thing."""
    s = float(size) * rng.uniform(0.5, 1.2)
    look = any_material(rng, feature=0.35 * float(size)) if surface is None else surface
    kind = rng.integers(9)
    if kind == 0:
        scene.add(BALL, (0, -s * 0.8, 0), (s, 0.8 * s, s * rng.uniform(0.6, 1)), look)
    elif kind == 1:
        scene.add(CYLINDER, (0, -s, 0), (0.6 * s, s, 0.6 * s), look, role="cup")
        scene.add(CYLINDER, (0, -1.96 * s, 0), (0.5 * s, 0.06 * s, 0.5 * s), plain(rng, BROWN), role="cup")
        scene.add(BOX, (0.75 * s, -s, 0), (0.15 * s, 0.4 * s, 0.08 * s), look, role="cup")
    elif kind == 2:
        half = (s * rng.uniform(0.4, 1.2), 0.7 * s, s * rng.uniform(0.2, 1))
        scene.add(BOX, (0, -0.7 * s, 0), half, look, role="box")
    elif kind == 3:
        scene.add(CYLINDER, (0, -s, 0), (0.4 * s, s, 0.4 * s), look, role="bottle")
        scene.add(BALL, (0, -2 * s, 0), (0.4 * s, 0.35 * s, 0.4 * s), look, role="bottle")
        scene.add(CYLINDER, (0, -2.5 * s, 0), (0.13 * s, 0.5 * s, 0.13 * s), look, role="bottle")
    elif kind == 4:
        for level in range(rng.integers(2, 5)):
            with scene.at(rng.normal(0, 0.1 * s), 0, yaw=rng.normal(0, 0.3)):
                cover = look if level == 0 else any_material(rng, feature=0.4 * float(size))
                scene.add(
                    BOX, (0, -(0.18 + 0.36 * level) * s, 0), (1.1 * s, 0.17 * s, 0.8 * s), cover, role="book"
                )
    elif kind == 5:
        scene.add(CYLINDER, (0, -0.2 * s, 0), (1.2 * s, 0.2 * s, 1.2 * s), look, role="bowl")
        for _ in range(rng.integers(3, 8)):
            x, z = rng.uniform(-0.6, 0.6, 2) * s
            fruit = plain(rng, ((0.7, 0.1, 0.05), (0.8, 0.45, 0.05), (0.3, 0.5, 0.08))[rng.integers(3)])
            scene.add(BALL, (x, -0.6 * s, z), (0.38 * s, 0.36 * s, 0.38 * s), fruit, role="fruit")
    elif kind == 6:
        scene.add(BALL, (0, -0.8 * s, 0), (0.7 * s, 0.8 * s, 0.7 * s), look, role="vase")
        scene.add(CYLINDER, (0, -1.8 * s, 0), (0.3 * s, 0.4 * s, 0.3 * s), look, role="vase")
        for _ in range(rng.integers(0, 5)):
            tip = (rng.normal(0, 0.5 * s), -s * rng.uniform(2.6, 3.6), rng.normal(0, 0.5 * s))
            add_rod(scene, (0, -2 * s, 0), tip, radius=0.03 * s, material=plain(rng, (0.15, 0.3, 0.08)))
    elif kind == 7:
        block = s * rng.uniform(0.15, 1.2, 3)
        scene.add(BOX, (0, -block[1], 0), block, look, tilt=random_tilt(rng))
    else:
        scene.add(CONE, (0, -s, 0), (s, s, s), look)
        scene.add(BALL, (0, -2 * s, 0), (0.3 * s, 0.3 * s, 0.3 * s), look)
