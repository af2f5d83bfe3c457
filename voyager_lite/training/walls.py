"""The shells of rooms: floor, ceiling and walls with windows, doors and pictures."""

import numpy as np

from voyager_lite.training.framing import turn
from voyager_lite.training.material import CLOUDY, GLOW, PLAIN, STRIPES, TILES, WOOD, material
from voyager_lite.training.parts import BROWN, GREEN, WHITE, add_rod, any_material, palette, plain
from voyager_lite.training.scene import Builder, Real
from voyager_lite.training.shapes import BALL, BOX

Look = dict[str, np.ndarray]

ABOVE_GROUND = (0.05, 0.3, 3.0, 12.0)
"""How far the land outside lies below the floor."""


def shell_look(rng: np.random.Generator, *, tiled: bool = False) -> Look:
    """Materials of a room."""
    floor = (WOOD, TILES, CLOUDY, STRIPES)[rng.integers(4)]
    wall = TILES if tiled else (PLAIN, CLOUDY, STRIPES, PLAIN, WOOD)[rng.integers(5)]
    return {
        "floor": material(rng, TILES if tiled else floor, feature=rng.uniform(0.1, 0.5)),
        "wall": material(rng, wall, contrast=rng.uniform(0, 0.4), feature=rng.uniform(0.1, 0.4)),
        "other": any_material(rng, feature=0.4),
        "ceiling": material(rng, PLAIN, color=(0.75, 0.74, 0.7), contrast=0.05)
        if rng.random() < 0.8
        else material(rng, WOOD, color=BROWN),
        "frame": plain(rng, WHITE) if rng.random() < 0.5 else material(rng, WOOD, feature=0.1),
        "door": material(rng, WOOD, feature=0.3),
        "glow": material(
            rng, GLOW, color=np.array([0.9, 1.0, 1.2]) * rng.uniform(0.6, 1.4), contrast=0.2, feature=0.6
        ),
    }


def add_shell(
    scene: Builder,
    rng: np.random.Generator,
    *,
    half: tuple[float, float, float],
    look: Look,
    openings: float = 0.35,
) -> None:
    """Floor, ceiling and four walls around the origin; none casts a shadow.

    Args:
        scene: Where they are added.
        rng: Source of chance.
        half: Half sizes of the room; the floor is at y = 0.
        look: As ``shell_look`` gives it.
        openings: Chance that a wall has real windows, through which land and sky are seen.
    """
    w, h, d = half
    scene.add(BOX, (0, 0.1, 0), (w, 0.1, d), look["floor"], shadow=False, role="floor")
    scene.add(BOX, (0, -2 * h - 0.1, 0), (w, 0.1, d), look["ceiling"], shadow=False, role="ceiling")
    if rng.random() < 0.25:
        for z in np.arange(-d + 0.4, d, rng.uniform(0.6, 1.4)):
            scene.add(BOX, (0, -2 * h + 0.08, z), (w, 0.1, 0.06), look["door"], shadow=False, role="beam")
    outside = False
    for side in range(4):
        reach, span = (d, w) if side % 2 == 0 else (w, d)
        surface = look["other"] if rng.random() < 0.2 else look["wall"]
        with scene.at(0, 0, yaw=side * np.pi / 2):
            scene.add(
                BOX, (0, -0.06, reach), (span, 0.06, 0.015), look["frame"], shadow=False, role="skirting"
            )
            if rng.random() < openings:
                outside = True
                _add_open_wall(
                    scene, rng, span=span, height=2 * h, reach=reach, look={**look, "wall": surface}
                )
                continue
            scene.add(BOX, (0, -h, reach + 0.1), (span, h, 0.1), surface, shadow=False, role="wall")
            add_wall_things(scene, rng, span=span, height=2 * h, reach=reach, look=look)
    if outside:
        _add_outside(scene, rng, reach=w + d, low=ABOVE_GROUND[rng.integers(4)])


def add_wall_things(
    scene: Builder, rng: np.random.Generator, *, span: float, height: float, reach: float, look: Look
) -> None:
    """Pictures, bright windows and doors on a wall that faces -z at z = ``reach``."""
    images = palette(rng, 2, feature=0.15)
    for x in np.arange(-span + 0.6, span - 0.5, rng.uniform(1.0, 2.2)):
        choice, a, b = rng.random(), rng.uniform(0.12, 0.5), rng.uniform(0.12, 0.5)
        if choice < 0.4:
            y = -rng.uniform(0.5, 0.68) * height
            scene.add(
                BOX, (x, y, reach), (a + 0.03, b + 0.03, 0.02), look["frame"], shadow=False, role="picture"
            )
            scene.add(
                BOX, (x, y, reach), (a, b, 0.023), images[rng.integers(2)], shadow=False, role="picture"
            )
        elif choice < 0.55:
            y = -0.55 * height
            scene.add(BOX, (x, y, reach), (a + 0.25, 0.6, 0.02), look["frame"], shadow=False, role="window")
            for pane in (-1, 1):
                half = ((a + 0.2) / 2 - 0.02, 0.55, 0.03)
                place = (x + pane * (a + 0.2) / 2, y, reach)
                scene.add(BOX, place, half, look["glow"], shadow=False, role="window")
        elif choice < 0.68:
            scene.add(BOX, (x, -1.0, reach), (0.48, 1.03, 0.03), look["frame"], shadow=False, role="door")
            scene.add(BOX, (x, -1.0, reach), (0.42, 1.0, 0.04), look["door"], shadow=False, role="door")
            scene.add(BALL, (x + 0.35, -1.0, reach - 0.06), (0.03, 0.03, 0.03), look["frame"], role="door")


def _add_open_wall(
    scene: Builder, rng: np.random.Generator, *, span: float, height: float, reach: float, look: Look
) -> None:
    """A wall with one to three windows that are open to the outside, with bars, sills and curtains."""
    count = int(rng.integers(1, 4))
    low, top = rng.choice([0.05, 0.9, 0.8]), -height + rng.uniform(0.1, 0.5)
    wide = span / count * rng.uniform(0.45, 0.9)
    wall, middle = look["wall"], reach + 0.1
    scene.add(BOX, (0, -low / 2, middle), (span, low / 2, 0.1), wall, shadow=False, role="wall")
    above = (height + top) / 2
    scene.add(BOX, (0, -height + above, middle), (span, above, 0.1), wall, shadow=False, role="wall")
    edge, y, tall = -span, (top - low) / 2, (-top - low) / 2
    for i in range(count):
        x = span * (2 * i + 1 - count) / count
        post = (x - wide - edge) / 2
        scene.add(BOX, (edge + post, y, middle), (post, tall, 0.1), wall, shadow=False, role="wall")
        edge = x + wide
        for bar in np.linspace(-wide, wide, rng.integers(2, 5)):
            scene.add(
                BOX, (x + bar, y, middle), (0.025, tall, 0.03), look["frame"], shadow=False, role="window"
            )
        for bar_y in np.linspace(y - tall, y + tall, rng.integers(2, 4)):
            scene.add(BOX, (x, bar_y, middle), (wide, 0.02, 0.03), look["frame"], shadow=False, role="window")
        if rng.random() < 0.3:
            for side in (-1, 1):
                cloth = (x + side * wide, y, reach - 0.08), (0.12 * wide + 0.06, tall + 0.1, 0.03)
                scene.add(BOX, *cloth, look["other"], shadow=False, role="curtain")
    post = (span - edge) / 2
    scene.add(BOX, (edge + post, y, middle), (post, tall, 0.1), wall, shadow=False, role="wall")


def _add_outside(scene: Builder, rng: np.random.Generator, *, reach: float, low: float) -> None:
    """Land below the windows, with trees and houses in all directions."""
    green, looks = material(rng, CLOUDY, color=GREEN, feature=1.0), palette(rng, 2, feature=1.0)
    scene.add(BOX, (0, low + 0.5, 0), (500, 0.5, 500), green, shadow=False, role="ground")
    for _ in range(rng.integers(2, 9)):
        angle, r = rng.uniform(0, 2 * np.pi), rng.uniform(0.8, 4) * (1 + 0.4 * low)
        away = reach + r + rng.exponential(8)
        with scene.at(away * np.sin(angle), away * np.cos(angle), y=low, yaw=angle):
            if rng.random() < 0.6:
                scene.add(BALL, (0, -1.4 * r, 0), (r, r, r), green, shadow=False, role="tree")
                add_rod(scene, (0, 0, 0), (0, -r, 0), radius=0.1 * r, material=looks[0])
            else:
                scene.add(BOX, (0, -r, 0), (2 * r, r, r), looks[1], shadow=False, role="house")


def add_slope(
    scene: Builder, *, half: tuple[float, float, float], side: int, rise: Real, material: np.ndarray
) -> None:
    """A sloping ceiling from the wall on one side (x = side * w) up to the ridge, ``rise`` radians steep."""
    w, h, d = half
    tilt = turn(0, 0, float(-side * rise))
    low = 2 * h - w * np.tan(rise)
    place = (side * w / 2, -(low + 2 * h) / 2 - 0.05, 0)
    scene.add(
        BOX, place, (w / 2 / np.cos(rise) + 0.05, 0.05, d), material, tilt=tilt, shadow=False, role="ceiling"
    )
