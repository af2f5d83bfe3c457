"""Parts of open land: soil, mounds, rocks, far hills, paths and fences."""

import numpy as np

from voyager_lite.training.framing import turn
from voyager_lite.training.material import CLOUDY, LEAVES, WOOD, material, random_color
from voyager_lite.training.parts import BROWN, GREEN, STONE, add_rod, random_tilt
from voyager_lite.training.scene import Builder, Real
from voyager_lite.training.shapes import BALL, BOX, CONE


def any_soil(rng: np.random.Generator, *, feature: Real) -> np.ndarray:
    """Grass, dry grass, earth, sand or snow."""
    green = np.array(GREEN) * np.array([rng.uniform(0.7, 3), rng.uniform(0.8, 1.5), rng.uniform(0.5, 1.5)])
    style = rng.random()
    if style < 0.1:
        green = np.array([0.55, 0.47, 0.33])
    elif style < 0.17:
        green = np.array([0.82, 0.84, 0.88])
    elif style < 0.3:
        green = random_color(rng, value=(0.2, 0.6))
    return material(rng, (CLOUDY, LEAVES)[rng.integers(2)], color=green, feature=float(feature), contrast=0.4)


def any_rock(rng: np.random.Generator, *, feature: Real) -> np.ndarray:
    """Stone from dark to light."""
    return material(
        rng, CLOUDY, color=np.array(STONE) * rng.uniform(0.4, 1.2), feature=float(feature), contrast=0.4
    )


def add_level(scene: Builder, surface: np.ndarray, *, y: Real = 0.0, role: str) -> None:
    """A level surface without end at depth ``y``."""
    scene.add(BOX, (0, float(y) + 0.5, 0), (1500, 0.5, 1500), surface, shadow=False, role=role)


def add_mounds(  # noqa: PLR0913 - all of one stretch, by name
    scene: Builder,
    rng: np.random.Generator,
    *,
    count: int,
    near: Real,
    far: Real,
    soil: np.ndarray,
    flat: Real = 0.3,
) -> None:
    """Uneven ground: flat ellipsoids sunk into it, larger with distance."""
    for z in np.exp(rng.uniform(np.log(float(near)), np.log(float(far)), count)):
        r = z * rng.uniform(0.25, 0.8)
        half = (r * rng.uniform(0.8, 2.2), r * float(flat) * rng.uniform(0.2, 1), r)
        x = rng.normal(0, 0.9 * z)
        if abs(x) < half[0] * 1.05 and z < half[2] * 1.05 + 0.5:
            continue
        scene.add(BALL, (x, 0.15 * half[1], z), half, soil, shadow=False, role="hill")


def add_rocks(
    scene: Builder, rng: np.random.Generator, *, count: int, near: Real, far: Real, size: Real
) -> None:
    """Rocks of tilted ellipsoids and boxes lying before the camera."""
    stone = any_rock(rng, feature=0.5 * float(size))
    for z in rng.uniform(float(near), float(far), count):
        r = float(size) * np.exp(rng.normal(-0.3, 0.5))
        half = r * rng.uniform(0.5, 1.2, 3)
        kind = BALL if rng.random() < 0.75 else BOX
        scene.add(
            kind, (rng.normal(0, 0.6 * z + 0.3), -0.3 * r, z), half, stone, tilt=random_tilt(rng), role="rock"
        )


def add_far_hills(scene: Builder, rng: np.random.Generator, *, near: float = 120.0) -> None:
    """Layers of hills and peaks, paler the farther."""
    haze = np.array([0.5, 0.58, 0.68])
    for layer, z in enumerate((near, 2.2 * near, 4.5 * near)):
        if rng.random() < 0.25:
            continue
        share = 0.25 + 0.3 * layer
        base = np.array(GREEN) * 1.3 if rng.random() < 0.6 else np.array(STONE) * 0.7
        look = material(rng, CLOUDY, color=base * (1 - share) + haze * share, feature=z / 12, contrast=0.3)
        peaks, high = rng.random() < 0.5, rng.uniform(0.08, 0.4) * z
        for x in rng.normal(0, 0.75 * z, rng.integers(2, 6)):
            h, w = high * rng.uniform(0.5, 1.3), z * rng.uniform(0.2, 0.6)
            if peaks:
                tilt = turn(0, rng.uniform(0, 6), 0)
                scene.add(
                    CONE,
                    (x, -h / 2, z),
                    (w, h / 2 + 1, 0.7 * w),
                    look,
                    tilt=tilt,
                    shadow=False,
                    role="mountain",
                )
                scene.add(
                    CONE,
                    (x + 0.4 * w, -0.3 * h, z),
                    (0.8 * w, 0.3 * h, 0.6 * w),
                    look,
                    shadow=False,
                    role="mountain",
                )
            else:
                scene.add(BALL, (x, 0, z), (1.6 * w, h, 0.6 * w), look, shadow=False, role="hill")


def add_path(scene: Builder, rng: np.random.Generator) -> None:
    """A path that bends: strips end to end."""
    look, half = (
        material(rng, CLOUDY, color=np.array(STONE) * rng.uniform(0.5, 1.2), feature=0.4),
        rng.uniform(0.4, 1.5),
    )
    x, z, yaw, bend = rng.normal(0, 0.5), -2.0, rng.normal(0, 0.15), rng.normal(0, 0.12)
    for _ in range(9):
        with scene.at(x, z, yaw=yaw):
            scene.add(BOX, (0, 0, 2), (half, 0.015, 2.3), look, shadow=False, role="path")
        x, z, yaw = x + 4 * np.sin(yaw), z + 4 * np.cos(yaw), yaw + bend


def add_fence(scene: Builder, rng: np.random.Generator) -> None:
    """Posts with rails, wires or pickets, across the view or along it."""
    wood, step, style = material(rng, WOOD, color=BROWN, feature=0.1), rng.uniform(0.8, 2), rng.random()
    yaw = rng.normal(0, 0.4) if rng.random() < 0.5 else np.pi / 2 + rng.normal(0, 0.3)
    with scene.at(rng.normal(0, 2), rng.uniform(2, 9), yaw=yaw):
        for x in np.arange(-8, 8, 0.3 if style < 0.25 else step):
            scene.add(BOX, (x, -0.5, 0), (0.05, 0.5, 0.03 if style < 0.25 else 0.05), wood, role="fence")
        for y in (0.35, 0.75):
            if style < 0.7:
                scene.add(BOX, (0, -y, 0.03), (8, 0.05, 0.02), wood, role="fence")
            else:
                add_rod(scene, (-8, -y, 0), (8, -y, 0), radius=0.008, material=wood, role="wire")
