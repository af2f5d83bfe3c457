"""Chunks behind others are left out, and no picture changes by a bit."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from shelf import Shelf
from strategies import rigid_motions

from geometry import occlusion
from geometry.camera import Camera
from geometry.chunks import chunks_in_view
from geometry.cloud import PointCloud
from geometry.occlusion import chunks_seen
from geometry.paging import POINT_BYTES, PagedCloud
from geometry.rasterizer import render_points
from geometry.rasterizer.front import Front, all_behind
from geometry.rasterizer.hiding import TILE
from geometry.rigid import look_at
from voyager_lite.evaluation.rooms import EDGE, room, walk_through
from voyager_lite.opening import storable

ALL = 10**9
LENS = Camera.from_fov(70.0, height=160, width=240)
"""Chunks are a few hundred pixels wide, so that a smaller picture would show few of them."""


def wall(*, hole: float = 0.0, closed: float = 0.8, sky: bool = False, across: int = 300) -> PointCloud:
    """A square of points that fills the picture one unit before the origin, perhaps with a square hole.

    Its discs have ``closed`` times the points' spacing as their radius: less than 0.7 leaves gaps.
    """
    place = 2 * (torch.arange(across) + 0.5) / across - 1
    y, x = torch.meshgrid(place, place, indexing="ij")
    x, y = (v[(x.abs() > hole) | (y.abs() > hole)] for v in (x, y))
    return cloud_of(torch.stack([x, y, torch.ones_like(x)], -1), 2 * closed / across, sky=sky)


def land(seed: int = 0, *, radius: float = 0.01, sky: bool = False, count: int = 120_000) -> PointCloud:
    """Points everywhere in the picture from 12 to 40 units away."""
    x, y, z = torch.rand(3, count, generator=torch.Generator().manual_seed(seed))
    z = 12 + 28 * z
    return cloud_of(torch.stack([(1.4 * x - 0.7) * z, (1.4 * y - 0.7) * z, z], -1), radius, sky=sky)


def cloud_of(positions: torch.Tensor, radius: float, *, sky: bool = False) -> PointCloud:
    count, random = len(positions), torch.Generator().manual_seed(len(positions))
    return storable(
        PointCloud(
            positions=positions,
            colors=torch.rand(count, 3, generator=random),
            normals=torch.tensor([0.0, 0.0, -1.0]).expand(count, 3),
            radii=torch.full((count,), radius),
            sky=torch.full((count,), sky),
        )
    )


def camera_at(center: list[float], target: list[float], lens: Camera = LENS) -> Camera:
    down = torch.tensor([0.0, 1.0, 0.0], dtype=torch.float64)
    pose = look_at(torch.tensor(center).double(), torch.tensor(target).double(), down)
    return Camera(K=lens.K, world_to_camera=pose, height=lens.height, width=lens.width)


def moved(cloud: PointCloud, motion: torch.Tensor) -> PointCloud:
    return PointCloud(
        positions=(cloud.positions.double() @ motion[:3, :3].T + motion[:3, 3]).float(),
        colors=cloud.colors,
        normals=(cloud.normals.double() @ motion[:3, :3].T).float(),
        radii=cloud.radii,
        sky=cloud.sky,
    )


def both(shelf: Shelf, camera: Camera) -> tuple[PointCloud, PointCloud]:
    """What a camera is shown with and without looking for hidden chunks."""
    index = shelf.index(after=-1)

    def load(rows: np.ndarray) -> list[PointCloud]:
        return shelf.load(index.id[rows].tolist())

    chosen = chunks_seen(index, camera, most=ALL, load=load), chunks_in_view(index, camera, most=ALL)
    assert set(chosen[0]) <= set(chosen[1])
    ours, all_of_it = (PointCloud.concatenate([PointCloud.empty(), *load(rows)]) for rows in chosen)
    return ours, all_of_it


def assert_same_picture(ours: PointCloud, whole: PointCloud, camera: Camera) -> None:
    for part in (lambda cloud: cloud, lambda cloud: cloud.matter):
        drawn, truth = render_points(part(ours), camera), render_points(part(whole), camera)
        for name in ("rgb", "depth", "known"):
            assert torch.equal(getattr(drawn, name), getattr(truth, name))


@pytest.fixture(scope="module", autouse=True)
def _small_scenes() -> Iterator[None]:
    """Tried from four points a pixel on, so that the tests need no more."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(occlusion, "CROWDED", 4.0)
        yield


AHEAD = camera_at([0.0, 0.0, 0.0], [0.0, 0.0, 1.0])


@settings(max_examples=8)
@given(
    st.integers(0, 2**32),
    st.sampled_from([0.0, 0.1, 0.5]),
    st.sampled_from([0.8, 0.8, 0.6]),
    st.sampled_from([0.002, 0.01, 0.1]),
    st.none() | rigid_motions(),
    st.booleans(),
)
def test_no_picture_changes(
    seed: int, hole: float, closed: float, radius: float, motion: torch.Tensor | None, sky: bool
) -> None:
    """A wall, whole, with a hole or with gaps, of matter or sky, anywhere, with land behind it."""
    place = torch.eye(4).double() if motion is None else motion
    parts = wall(hole=hole, closed=closed, sky=sky), land(seed, radius=radius)
    shelf = Shelf(*(moved(part, place) for part in parts))
    aside = (np.random.default_rng(seed).standard_normal(3) * 0.03).tolist()
    ahead = camera_at(aside, [0.0, 0.0, 1.0])
    pose = ahead.world_to_camera @ torch.linalg.inv(place)
    camera = Camera(K=ahead.K, world_to_camera=pose, height=ahead.height, width=ahead.width)
    assert_same_picture(*both(shelf, camera), camera)


def test_what_lies_behind_a_wall_is_not_loaded() -> None:
    shelf = Shelf(wall(), land())
    ours, whole = both(shelf, AHEAD)
    assert len(ours) < 0.6 * len(whole)
    assert_same_picture(ours, whole, AHEAD)
    shelf.taken.clear()
    view = PagedCloud(shelf, budget_mb=10.0 * len(whole) * POINT_BYTES / 2**20).view(AHEAD)
    assert torch.equal(view.positions, ours.positions)
    assert float(view.positions[:, 2].max()) == 1.0
    assert sorted(shelf.taken) == sorted(set(shelf.taken))
    assert sum(shelf.chunks[number][1].count for number in shelf.taken) == len(ours)


def test_sky_hides_nothing_and_a_wall_hides_sky() -> None:
    for near, far in ((True, False), (False, True)):
        ours, whole = both(Shelf(wall(sky=near), land(sky=far)), AHEAD)
        assert (len(ours) == len(whole)) == near
        assert_same_picture(ours, whole, AHEAD)


def test_a_wall_with_a_large_hole_hides_too_little() -> None:
    ours, whole = both(Shelf(wall(hole=0.6), land()), AHEAD)
    assert len(ours) == len(whole)


def test_where_few_points_are_in_view_nothing_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(occlusion, "CROWDED", 10.0)
    shelf = Shelf(wall(), land())
    index = shelf.index(after=-1)
    seen = chunks_seen(index, AHEAD, most=ALL, load=lambda rows: shelf.load(index.id[rows].tolist()))
    assert shelf.taken == []
    assert np.array_equal(seen, chunks_in_view(index, AHEAD, most=ALL))


def test_where_too_much_is_in_view_only_what_is_far_gets_coarser() -> None:
    """Beside a wall: the wall as fused, the land behind it as coarse as must be."""
    back = torch.eye(4).double()
    back[2, 3] = -20.5  # so that the land's larger cubes lie before the camera, too
    camera = camera_at([0.0, 0.0, -20.5], [0.0, 0.0, 0.0])
    near, far = moved(wall(across=150), back), moved(land(count=240_000), back)
    shelf = Shelf(near[near.positions[:, 0] > -0.2], far[far.positions[:, 2] > 0])
    index = shelf.index(after=-1)

    def load(rows: np.ndarray) -> list[PointCloud]:
        return shelf.load(index.id[rows].tolist())

    whole, free = chunks_in_view(index, camera, most=ALL), chunks_seen(index, camera, most=ALL, load=load)
    counts = [int(index.count[rows].sum()) for rows in (whole, free)]
    most = counts[1] - 1000
    assert counts[1] < 0.7 * counts[0]
    ours = chunks_seen(index, camera, most=most, load=load)
    assert index.count[ours].sum() <= most
    assert {row for row in whole if index.tree[row] == int(index.tree.min())} <= set(ours)


@pytest.mark.slow
def test_rooms_show_as_they_are() -> None:
    shelf = Shelf(*(room(0, z, across=3) for z in range(3)))
    cameras = walk_through(frames=8, height=540, width=960, across=3)
    for i in (0, 4, 5):
        assert_same_picture(*both(shelf, cameras[i]), cameras[i])


@settings(max_examples=30)
@given(st.integers(0, 2**32), st.integers(1, 60), st.integers(1, 60))
def test_tiles_hold_the_farthest_depth_compared(seed: int, height: int, width: int) -> None:
    """Each tile against the rule, written out for points that cover their own pixel only."""
    random = np.random.default_rng(seed)
    lens = Camera.from_fov(60.0, height=height, width=width)
    place = random.random((400, 2)) * [width, height]
    z = random.uniform(1, 9, 400)
    K = lens.K.numpy()
    positions = np.column_stack([(place - K[:2, 2]) / K[[0, 1], [0, 1]] * z[:, None], z])
    front = Front(lens)
    front.draw(cloud_of(torch.from_numpy(positions).float(), 0.0))
    nearest = np.full((height, width), np.inf)
    sideways = (np.floor(place) + 0.5 - place) / K[[0, 1], [0, 1]] * z[:, None]
    column, row = np.floor(place).astype(int).T
    np.minimum.at(nearest, (row, column), z + np.linalg.norm(sideways, axis=-1))
    tiles = front.farthest()
    for i, j in np.ndindex(*tiles.shape):
        truth = nearest[i * TILE : (i + 1) * TILE, j * TILE : (j + 1) * TILE].max()
        assert tiles[i, j] == pytest.approx(truth, rel=1e-4)


def test_a_box_is_behind_only_if_it_is_behind_all_tiles_it_touches() -> None:
    tiles = np.array([[1.0, 2.0], [3.0, np.inf]], np.float32)
    windows = [[0, 0, 7, 7], [0, 0, 8, 7], [0, 0, 7, 8], [0, 0, 8, 8], [-9, -9, 0, 0], [20, 20, 30, 30]]
    for depth, truth in ((1.0, [0, 0, 0, 0, 0, 1]), (2.5, [1, 1, 0, 0, 1, 1]), (9.0, [1, 1, 1, 0, 1, 1])):
        found = all_behind(np.full(6, depth), np.array(windows), tiles)
        assert found.tolist() == [bool(t) for t in truth]


def test_rooms_meet_at_doors_and_are_closed_elsewhere() -> None:
    """From the middle of a room every ray meets a surface; through the door the next room's."""
    first, both_rooms = (
        PointCloud.concatenate([room(0, z, across=2, spacing=0.02) for z in range(count)]) for count in (1, 2)
    )
    middle = [EDGE / 2, -1.3, EDGE / 2]
    for target in ([EDGE / 2, -1.3, 9.0], [-9.0, -1.3, 2.0], [EDGE / 2, -9.0, 2.1]):
        camera = camera_at(middle, target)
        assert bool(render_points(both_rooms, camera).known.all())
        whole = bool(render_points(first, camera).known.all())
        assert whole == (target[2] < 5)
