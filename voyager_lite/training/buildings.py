"""Houses and what belongs to them, around the origin of the builder's frame, on y = 0."""

import numpy as np

from voyager_lite.training.material import BRICKS, FACADE, TILES, material
from voyager_lite.training.parts import any_material
from voyager_lite.training.scene import Builder
from voyager_lite.training.shapes import BOX, CONE


def add_house(scene: Builder, rng: np.random.Generator, *, half: tuple[float, float, float]) -> None:
    """A building with rows of windows on a wall of plaster or brick, some with a roof or a shop front."""
    w, h, d = half
    wall = material(rng, FACADE, feature=rng.uniform(0.8, 2.0), contrast=rng.uniform(0.5, 1.0))
    if rng.random() < 0.3:
        wall = material(rng, BRICKS, feature=0.3)
    scene.add(BOX, (0, -h, 0), (w, h, d), wall)
    if rng.random() < 0.5:
        scene.add(BOX, (0, -2 * h, 0), (w * 1.05, 0.15, d * 1.05), any_material(rng))
    if rng.random() < 0.4:
        scene.add(
            CONE, (0, -2.3 * h, 0), (1.3 * w, 0.3 * h, 1.3 * d), material(rng, TILES, color=(0.4, 0.2, 0.13))
        )
    if rng.random() < 0.6:
        for face in (-1, 1):
            scene.add(BOX, (face * w, -1.4, 0), (0.06, 1.2, 0.7 * d), any_material(rng, feature=0.8))
            scene.add(BOX, (0, -1.2, face * d), (0.4 * w, 1.2, 0.06), any_material(rng, feature=0.8))
