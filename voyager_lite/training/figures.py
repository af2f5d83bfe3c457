"""People, animals and statues, of ellipsoids and rods, standing at the builder's origin; they face -z."""

import numpy as np

from voyager_lite.training.material import CLOUDY, PLAIN, SPOTS, STRIPES, material
from voyager_lite.training.parts import add_rod, any_material, plain
from voyager_lite.training.scene import Builder, Real
from voyager_lite.training.shapes import BALL, BOX, CONE, CYLINDER

SKIN = np.array([0.6, 0.4, 0.3])
FUR = ((0.35, 0.22, 0.1), (0.06, 0.05, 0.05), (0.7, 0.66, 0.6), (0.45, 0.3, 0.16), (0.3, 0.28, 0.26))


def add_person(
    scene: Builder, rng: np.random.Generator, *, seated: bool = False, fine: bool = False, size: Real = 1.0
) -> float:
    """Someone standing, walking or sitting (on something 0.45 high); returns the height of the head.

    ``fine`` adds bent limbs, a neck and a face.
    """
    s = float(size) * rng.uniform(0.85, 1.1)
    cloth, legs = any_material(rng, feature=0.1), any_material(rng, feature=0.1)
    skin = plain(rng, SKIN * rng.uniform(0.35, 1.3))
    hip = 0.5 if seated else 0.9
    stride = rng.normal(0, 0.15)
    for side in (-1, 1):
        x, step = 0.1 * side, side * stride
        if seated:
            knee = (x * 1.3 * s, -0.5 * s, -0.42 * s)
            add_rod(scene, (x * s, -hip * s, 0), knee, radius=0.085 * s, material=legs, role="person")
            add_rod(
                scene, knee, (x * 1.3 * s, -0.03, -0.4 * s), radius=0.06 * s, material=legs, role="person"
            )
        elif fine:
            knee = (x * 1.2 * s, -0.47 * s, (0.5 * step - 0.04) * s)
            add_rod(scene, (x * s, -hip * s, 0), knee, radius=0.085 * s, material=legs, role="person")
            add_rod(
                scene, knee, (x * 1.2 * s, -0.03 * s, step * s), radius=0.06 * s, material=legs, role="person"
            )
        else:
            foot = (x * 1.2 * s, 0, step * s)
            add_rod(scene, (x * s, -hip * s, 0), foot, radius=0.075 * s, material=legs, role="person")
        _add_arm(scene, rng, side=side, shoulder=hip + 0.5, s=s, materials=(cloth, skin), fine=fine)
    scene.add(BALL, (0, -(hip + 0.27) * s, 0), (0.2 * s, 0.36 * s, 0.13 * s), cloth, role="person")
    scene.add(BALL, (0, -(hip + 0.42) * s, 0), (0.235 * s, 0.17 * s, 0.12 * s), cloth, role="person")
    head = hip + 0.74
    _add_head(scene, rng, height=head * s, s=s, skin=skin, fine=fine)
    return head * s


def _add_arm(  # noqa: PLR0913 - all of one arm, by name
    scene: Builder,
    rng: np.random.Generator,
    *,
    side: int,
    shoulder: float,
    s: float,
    materials: tuple[np.ndarray, np.ndarray],
    fine: bool,
) -> None:
    cloth, skin = materials
    top = np.array([side * 0.21, -shoulder, 0.0])
    elbow = top + np.array([side * rng.uniform(0.02, 0.15), rng.uniform(0.15, 0.28), rng.normal(0, 0.1)])
    if not fine:
        add_rod(scene, top * s, (2 * elbow - top) * s, radius=0.05 * s, material=cloth, role="person")
        return
    hand = elbow + np.array(
        [-side * rng.uniform(-0.1, 0.25), rng.uniform(-0.2, 0.25), -rng.uniform(0.02, 0.25)]
    )
    add_rod(scene, top * s, elbow * s, radius=0.055 * s, material=cloth, role="person")
    add_rod(scene, elbow * s, hand * s, radius=0.042 * s, material=cloth if rng.random() < 0.5 else skin)
    scene.add(BALL, hand * s, (0.045 * s, 0.06 * s, 0.045 * s), skin, role="person")


def _add_head(
    scene: Builder, rng: np.random.Generator, *, height: float, s: float, skin: np.ndarray, fine: bool
) -> None:
    hair = plain(rng, np.array(FUR[rng.integers(len(FUR))]) * rng.uniform(0.4, 1.2))
    scene.add(BALL, (0, -height, 0), (0.085 * s, 0.125 * s, 0.1 * s), skin, role="person")
    back = 0.03 * s
    scene.add(BALL, (0, -height - 0.03 * s, back), (0.1 * s, 0.12 * s, 0.1 * s), hair, role="person")
    if rng.random() < 0.25:
        scene.add(BALL, (0, -height + 0.12 * s, 0.06 * s), (0.11 * s, 0.2 * s, 0.06 * s), hair, role="person")
    if not fine:
        return
    add_rod(scene, (0, -height, 0.01), (0, -height + 0.25 * s, 0.01), radius=0.055 * s, material=skin)
    scene.add(BALL, (0, -height + 0.02 * s, -0.1 * s), (0.016 * s, 0.03 * s, 0.022 * s), skin)
    dark = plain(rng, (0.05, 0.04, 0.04))
    for side in (-1, 1):
        scene.add(
            BALL, (side * 0.034 * s, -height - 0.015 * s, -0.09 * s), (0.015 * s, 0.01 * s, 0.012 * s), dark
        )
    scene.add(
        BALL,
        (0, -height + 0.065 * s, -0.083 * s),
        (0.03 * s, 0.008 * s, 0.012 * s),
        plain(rng, (0.45, 0.2, 0.18)),
    )
    if rng.random() < 0.25:
        hat = any_material(rng, feature=0.05)
        scene.add(CYLINDER, (0, -height - 0.1 * s, 0), (0.18 * s, 0.01 * s, 0.18 * s), hat)
        scene.add(CYLINDER, (0, -height - 0.15 * s, 0), (0.105 * s, 0.06 * s, 0.11 * s), hat)


def add_animal(scene: Builder, rng: np.random.Generator, *, size: Real) -> None:
    """A four-legged animal or a bird; ``size`` is about half its length."""
    s = float(size)
    pattern = int(rng.choice([CLOUDY, PLAIN, SPOTS, STRIPES], p=[0.5, 0.25, 0.12, 0.13]))
    fur = material(rng, pattern, color=FUR[rng.integers(len(FUR))], feature=0.25 * s)
    dark = plain(rng, (0.05, 0.04, 0.04))
    if rng.random() < 0.25:
        _add_bird(scene, rng, s=s, fur=fur, dark=dark)
        return
    leg, long, fat = rng.uniform(0.3, 0.9) * s, rng.uniform(0.75, 1.1) * s, rng.uniform(0.28, 0.45) * s
    body = leg + 0.6 * fat
    scene.add(BALL, (0, -body, 0), (fat, fat, long), fur, role="animal")
    scene.add(
        BALL, (0, -body - 0.1 * fat, -0.6 * long), (0.85 * fat, 1.05 * fat, 0.4 * long), fur, role="animal"
    )
    scene.add(BALL, (0, -body, 0.65 * long), (0.95 * fat, 0.95 * fat, 0.4 * long), fur, role="animal")
    for x in (-0.55, 0.55):
        for z in (-0.68, 0.7):
            top, foot = (x * fat, -body, z * long), (x * fat, 0, (z + rng.normal(0, 0.12)) * long)
            add_rod(scene, top, foot, radius=0.17 * fat + 0.02 * s, material=fur, role="animal")
    rise, ahead = rng.uniform(0.1, 0.8) * s, rng.uniform(0.15, 0.5) * s
    side = rng.normal(0, 0.2) * s
    head = np.array([side, -body - rise, -0.85 * long - ahead])
    add_rod(scene, (0, -body - 0.2 * fat, -0.7 * long), head, radius=0.5 * fat, material=fur, role="animal")
    skull = rng.uniform(0.2, 0.32) * s
    scene.add(BALL, head, (0.85 * skull, 0.85 * skull, skull), fur, role="animal")
    muzzle = head + np.array([0, 0.3 * skull, -0.9 * skull])
    scene.add(BALL, muzzle, (0.45 * skull, 0.4 * skull, rng.uniform(0.4, 0.9) * skull), fur, role="animal")
    scene.add(BALL, muzzle + np.array([0, -0.1 * skull, -0.55 * skull]), (0.16 * skull,) * 3, dark)
    for x in (-1, 1):
        ear = head + np.array([0.55 * x * skull, -1.0 * skull, 0.2 * skull])
        scene.add(CONE, ear, (0.25 * skull, rng.uniform(0.3, 0.7) * skull, 0.12 * skull), fur, role="animal")
        scene.add(
            BALL, head + np.array([0.4 * x * skull, -0.2 * skull, -0.8 * skull]), (0.13 * skull,) * 3, dark
        )
    tail = np.array(
        [rng.normal(0, 0.3), -body + rng.normal(0, 0.4) * s, 0.95 * long + rng.uniform(0.2, 0.7) * s]
    )
    add_rod(scene, tail, (0, -body, 0.9 * long), radius=0.08 * s, material=fur, role="animal")


def _add_bird(
    scene: Builder, rng: np.random.Generator, *, s: float, fur: np.ndarray, dark: np.ndarray
) -> None:
    leg = rng.uniform(0.15, 0.8) * s
    body = leg + 0.35 * s
    scene.add(BALL, (0, -body, 0), (0.35 * s, 0.35 * s, 0.6 * s), fur, role="bird")
    add_rod(
        scene, (0, -body - 0.1 * s, 1.1 * s), (0, -body, 0.3 * s), radius=0.16 * s, material=dark, kind=CONE
    )
    neck = rng.uniform(0.3, 0.7) * s
    add_rod(
        scene, (0, -body, -0.4 * s), (0, -body - neck, -0.6 * s), radius=0.13 * s, material=fur, role="bird"
    )
    scene.add(BALL, (0, -body - neck, -0.6 * s), (0.18 * s, 0.18 * s, 0.2 * s), fur, role="bird")
    beak = plain(rng, (0.8, 0.45, 0.08))
    add_rod(
        scene,
        (0, -body - neck + 0.03, -1.0 * s),
        (0, -body - neck, -0.7 * s),
        radius=0.07 * s,
        material=beak,
        kind=CONE,
    )
    for x in (-1, 1):
        scene.add(
            BALL, (0.32 * x * s, -body - 0.05 * s, 0.1 * s), (0.08 * s, 0.25 * s, 0.55 * s), fur, role="bird"
        )
        add_rod(scene, (0.15 * x * s, -body, 0), (0.15 * x * s, 0, -0.05 * s), radius=0.03 * s, material=beak)


def add_statue(scene: Builder, rng: np.random.Generator) -> float:
    """A figure, bust, obelisk or pile of forms on a plinth, of one stone or metal; returns its height."""
    color = ((0.5, 0.48, 0.44), (0.2, 0.26, 0.22), (0.75, 0.72, 0.68), (0.25, 0.18, 0.1))[rng.integers(4)]
    stone = material(rng, CLOUDY, color=color, contrast=rng.uniform(0.05, 0.4), feature=0.15)
    base, width = rng.uniform(0.15, 1.6), rng.uniform(0.3, 0.6)
    scene.add(BOX, (0, -base / 2, 0), (width, base / 2, width), stone, role="statue")
    scene.add(BOX, (0, -base, 0), (1.15 * width, 0.06, 1.15 * width), stone, role="statue")
    if rng.random() < 0.7:
        scene.add(BOX, (0, -0.08, 0), (1.4 * width, 0.08, 1.4 * width), stone, role="statue")
    form = rng.random()
    if form < 0.45:
        with scene.at(0, 0, y=-base, yaw=rng.normal(0, 0.4)):
            return base + _add_stone_figure(scene, rng, stone=stone)
    if form < 0.65:
        s = rng.uniform(0.9, 1.8)
        for y, half in ((0.12, (0.24, 0.14, 0.14)), (0.3, (0.08, 0.14, 0.08)), (0.45, (0.1, 0.14, 0.12))):
            scene.add(BALL, (0, -base - y * s, 0), np.array(half) * s, stone, role="statue")
        scene.add(
            BALL, (0, -base - 0.47 * s, -0.12 * s), (0.02 * s, 0.035 * s, 0.03 * s), stone, role="statue"
        )
        return base + 0.6 * s
    if form < 0.8:
        h = rng.uniform(0.6, 2.0)
        scene.add(
            int(rng.choice([CONE, CYLINDER, BOX])), (0, -base - h, 0), (0.25, h, 0.25), stone, role="statue"
        )
        scene.add(BALL, (0, -base - 2 * h, 0), (0.22, 0.22, 0.22), stone, role="statue")
        return float(base + 2 * h)
    for _ in range(rng.integers(4, 10)):
        place = rng.normal(0, 0.2, 3) - np.array([0, base + 0.55, 0])
        scene.add(
            int(rng.choice([BALL, BALL, CYLINDER, BOX])),
            place,
            rng.uniform(0.08, 0.4, 3),
            stone,
            role="statue",
        )
    return base + 1.1


def _add_stone_figure(scene: Builder, rng: np.random.Generator, *, stone: np.ndarray) -> float:
    s = rng.uniform(0.7, 1.5)
    robe = rng.random() < 0.5
    if robe:
        scene.add(CONE, (0, -0.65 * s, 0), (0.32 * s, 0.65 * s, 0.3 * s), stone, role="statue")
    for x in (-1, 1):
        if not robe:
            knee = (0.13 * x * s, -0.47 * s, rng.normal(-0.05, 0.06) * s)
            add_rod(scene, (0.1 * x * s, -0.9 * s, 0), knee, radius=0.09 * s, material=stone, role="statue")
            add_rod(scene, knee, (0.13 * x * s, 0, rng.normal(0, 0.08) * s), radius=0.07 * s, material=stone)
        top = np.array([0.22 * x, -1.4, 0.0])
        elbow = top + np.array([x * rng.uniform(0, 0.25), rng.uniform(-0.15, 0.28), rng.normal(-0.05, 0.12)])
        hand = elbow + rng.normal(0, 0.17, 3)
        add_rod(scene, top * s, elbow * s, radius=0.06 * s, material=stone, role="statue")
        add_rod(scene, elbow * s, hand * s, radius=0.05 * s, material=stone, role="statue")
    scene.add(BALL, (0, -1.2 * s, 0), (0.23 * s, 0.35 * s, 0.15 * s), stone, role="statue")
    scene.add(BALL, (0, -1.66 * s, 0), (0.1 * s, 0.14 * s, 0.12 * s), stone, role="statue")
    return 1.8 * s
