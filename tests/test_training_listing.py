"""Lists of shapes by place leave nothing out: against a slow twin that looks at everything."""

import numpy as np
import pytest
import torch

from geometry.camera import Camera
from voyager_lite.training.framing import turn
from voyager_lite.training.light import outdoor_air
from voyager_lite.training.listing import FAR, cell_of, list_cells
from voyager_lite.training.material import PLAIN, material
from voyager_lite.training.parts import random_tilt
from voyager_lite.training.scene import Builder, Scene, render_scene
from voyager_lite.training.shapes import NEAR, meet, turned, unit_maps


def crowd(seed: int, *, count: int = 30) -> Scene:
    """Shapes of all kinds and sizes on all sides of the origin, large flat ones among them."""
    rng = np.random.default_rng(seed)
    builder, gray = Builder(), material(rng, PLAIN, color=(0.5, 0.5, 0.5))
    for _ in range(count):
        place, half = rng.normal(0, 4, 3), np.exp(rng.normal(-1.2, 0.8, 3))
        if np.linalg.norm(place) > 2 * half.max() + 0.2:
            builder.add(int(rng.integers(4)), place, half, gray, tilt=random_tilt(rng))
    builder.add(0, (0, 3, 0), (40, 0.3, 40), gray)
    return builder.build(outdoor_air(rng))


def first_hits(scene: Scene, camera: Camera) -> tuple[np.ndarray, np.ndarray]:
    """Row and depth of the first shape on every pixel's ray, by meeting all shapes."""
    maps, M = unit_maps(scene.shapes), camera.camera_to_world.numpy()
    K = camera.K.numpy()
    index = np.full((camera.height, camera.width), -1)
    depth = np.full((camera.height, camera.width), FAR)
    for row in range(camera.height):
        for column in range(camera.width):
            ray = M[:3, :3] @ [
                (column + 0.5 - K[0, 2]) / K[0, 0],
                (row + 0.5 - K[1, 2]) / K[1, 1],
                1.0,
            ]
            for i in range(len(scene.kinds)):
                start = turned(maps[i], *(M[:3, 3] - scene.shapes[i, :3]))
                t = meet(scene.kinds[i], start, turned(maps[i], *ray))
                if NEAR < t < depth[row, column]:
                    index[row, column], depth[row, column] = i, t
    return index, depth


@pytest.mark.parametrize("seed", range(4))
def test_every_ray_meets_what_it_would_meet_if_it_looked_at_all_shapes(seed):
    scene, rng = crowd(seed), np.random.default_rng(seed)
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = turn(*rng.normal(0, 1, 3)), rng.normal(0, 0.1, 3)
    camera = Camera.from_fov(80.0, height=18, width=26, world_to_camera=torch.from_numpy(np.linalg.inv(pose)))
    index, depth = first_hits(scene, camera)
    view = render_scene(scene, Camera.stack([camera]))
    assert np.array_equal(view.shape[0].numpy(), index)
    met = index >= 0
    np.testing.assert_allclose(view.depth[0].numpy()[met], depth[met], rtol=1e-5)


@pytest.mark.parametrize("seed", range(5))
def test_the_cell_of_a_place_lists_every_box_that_holds_it(seed):
    rng = np.random.default_rng(seed)
    low = rng.normal(0, 5, (60, 2)) * np.exp(rng.normal(0, 1, (60, 1)))
    high = low + np.exp(rng.normal(0, 1.5, (60, 2)))
    members = np.flatnonzero(rng.random(60) < 0.8)
    cells = list_cells(low, high, members)
    for u, v in rng.normal(0, 8, (200, 2)):
        cell = cell_of(cells, u, v)
        listed = set(cells.items[cells.first[cell] : cells.first[cell + 1]].tolist())
        holding = np.flatnonzero(((low < [u, v]) & (high > [u, v])).all(axis=1))
        assert set(holding.tolist()) & set(members.tolist()) <= listed <= set(members.tolist())


def test_no_boxes_make_empty_cells():
    cells = list_cells(np.zeros((0, 2)), np.zeros((0, 2)), np.zeros(0, np.int64))
    assert cells.first[cell_of(cells, 3.0, -2.0) + 1] == 0
