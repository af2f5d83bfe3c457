"""Worlds larger than memory: which chunks a camera is given, and how coarse."""

import sqlite3
from contextlib import closing
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from shelf import Shelf
from torch import Tensor

from geometry.cache import WorldCache
from geometry.camera import Camera
from geometry.chunks import ChunkIndex, chunks_around, chunks_in_view
from geometry.cloud import PointCloud
from geometry.levels import ACROSS, merged
from geometry.lifting import lift
from geometry.paging import POINT_BYTES, PagedCloud
from geometry.rasterizer import render_points
from geometry.rigid import look_at
from voyager_lite.clip import Clip
from voyager_lite.opening import Opening, storable
from voyager_lite.world.chunks import pack_levels, unpack_chunk
from voyager_lite.world.integrity import damage
from voyager_lite.world.store import Store
from voyager_lite.world.stored_chunks import StoredChunks
from voyager_lite.world.world import World

HEIGHT, WIDTH = 96, 128
LENS = Camera.from_fov(60.0, height=HEIGHT, width=WIDTH)
LENS_16 = Camera.from_fov(60.0, height=16, width=16)
ALL = 10**9


def strewn(count: int, seed: int, *, spread: float = 4.0) -> PointCloud:
    """Points of all sizes everywhere, a tenth of them sky."""
    random = torch.Generator().manual_seed(seed)
    return storable(
        PointCloud(
            positions=spread * torch.randn(count, 3, generator=random),
            colors=torch.rand(count, 3, generator=random),
            normals=F.normalize(torch.randn(count, 3, generator=random), dim=-1),
            radii=0.02 * torch.rand(count, generator=random) ** 2,
            sky=torch.rand(count, generator=random) < 0.1,
        )
    )


def camera_at(center: list[float], target: list[float], lens: Camera = LENS) -> Camera:
    down = torch.tensor([0.0, 1.0, 0.0], dtype=torch.float64)
    pose = look_at(torch.tensor(center).double(), torch.tensor(target).double(), down)
    return Camera(K=lens.K, world_to_camera=pose, height=lens.height, width=lens.width)


def any_camera(seed: int) -> Camera:
    random = np.random.default_rng(seed)
    return camera_at((3 * random.standard_normal(3)).tolist(), random.standard_normal(3).tolist())


def hills(*, rows: int = 512, rough: bool = False) -> PointCloud:
    """A smooth relief seen from the front, finer than any picture of these tests; in smooth colours, or with
    as much contrast at every scale, as photographs have it."""
    lens = Camera.from_fov(60.0, height=rows, width=rows)
    y, x = torch.meshgrid(torch.linspace(0, 1, rows), torch.linspace(0, 1, rows), indexing="ij")
    depth = 4 + 0.5 * torch.sin(7 * x) * torch.sin(5 * y)
    waves = [torch.sin(6 * x + 3 * y + phase) for phase in (0.0, 1.0, 2.0)]
    image = 0.5 + 0.4 * torch.stack(waves)
    if rough:
        random = torch.Generator().manual_seed(0)
        octaves = [torch.rand(1, 3, rows >> k, rows >> k, generator=random) for k in range(6)]
        image = sum((F.interpolate(o, (rows, rows), mode="bilinear")[0] for o in octaves), 0 * image) / 6
    return storable(lift(image, depth, lens, valid=depth > 0))


def decibel(picture: Tensor, truth: Tensor, where: Tensor) -> float:
    return float(-10 * ((picture - truth)[:, where] ** 2).mean().log10())


def inside(known: Tensor) -> Tensor:
    """Where everything is known two pixels around."""
    return F.avg_pool2d(known[None].float(), 5, 1, 2)[0] == 1


def test_a_lone_point_stays_as_it_is() -> None:
    cloud = strewn(50, 0)[:1]
    for field in fields(PointCloud):
        torch.testing.assert_close(getattr(merged(cloud, edge=1.0), field.name), getattr(cloud, field.name))


@settings(max_examples=20)
@given(st.integers(1, 300), st.integers(0, 2**32), st.sampled_from([0.01, 0.5, 3.0]))
def test_merged_discs_hold_the_discs_they_stand_for(count: int, seed: int, edge: float) -> None:
    cloud = strewn(count, seed)
    cloud = cloud[cloud.sky == cloud.sky[0]]
    coarse = merged(cloud, edge=edge)
    apart = torch.cdist(cloud.positions.double(), coarse.positions.double())
    same = (cloud.positions[:, None] / edge).floor() == (coarse.positions[None] / edge).floor()
    held = (apart + cloud.radii[:, None] <= coarse.radii[None] * (1 + 1e-5) + 1e-6) & same.all(-1)
    assert bool(held.any(-1).all())
    assert len(coarse) <= len(cloud)


@settings(max_examples=20)
@given(st.integers(1, 300), st.integers(0, 2**32))
def test_merging_everything_gives_the_mean_by_area(count: int, seed: int) -> None:
    cloud = strewn(count, seed, spread=0.01).matter
    cloud = PointCloud(
        positions=cloud.positions.abs(),
        colors=cloud.colors,
        normals=cloud.normals.abs(),
        radii=cloud.radii,
        sky=cloud.sky,
    )
    coarse = merged(cloud, edge=1.0)
    if len(cloud):
        weight = cloud.radii.double()[:, None] ** 2
        mean = (weight * cloud.colors).sum(0) / weight.sum()
        torch.testing.assert_close(coarse.colors, mean[None].float())


def test_a_thin_wall_keeps_its_two_sides() -> None:
    positions = torch.tensor([[0.2, 0.2, 0.50], [0.4, 0.2, 0.50], [0.2, 0.2, 0.51], [0.4, 0.2, 0.51]])
    front = torch.tensor([0.0, 0.0, -1.0])
    colors = torch.tensor([[1.0, 0, 0], [1.0, 0, 0], [0, 0, 1.0], [0, 0, 1.0]])
    cloud = PointCloud(
        positions=positions,
        colors=colors,
        normals=torch.stack([front, front, -front, -front]),
        radii=torch.full((4,), 0.1),
        sky=torch.zeros(4, dtype=torch.bool),
    )
    coarse = merged(cloud, edge=1.0)
    assert sorted(coarse.colors.tolist()) == [[0, 0, 1], [1, 0, 0]]
    for color, normal in zip(coarse.colors, coarse.normals, strict=True):
        torch.testing.assert_close(normal, front if color[0] == 1 else -front)


@settings(max_examples=12)
@given(st.integers(1, 400), st.integers(0, 2**32))
def test_what_lies_beside_the_picture_is_left_out_and_nothing_else(count: int, seed: int) -> None:
    """Chunks as they were fused: the picture is that of all points."""
    shelf, camera = Shelf(strewn(count, seed)), any_camera(seed)
    index = shelf.index(after=-1)
    fine = np.flatnonzero(~index.coarse)
    index = ChunkIndex(**{field.name: getattr(index, field.name)[fine] for field in fields(ChunkIndex)})
    rows = chunks_in_view(index, camera, most=ALL)
    ids = index.id[rows].tolist()
    drawn = render_points(PointCloud.concatenate(shelf.load(ids)), camera)
    whole = render_points(PointCloud.concatenate(shelf.load(fine.tolist())), camera)
    for name in ("rgb", "depth", "known"):
        assert torch.equal(getattr(drawn, name), getattr(whole, name))


@settings(max_examples=12)
@given(st.integers(1, 500), st.integers(0, 2**32), st.sampled_from([0, 200, ALL]))
def test_every_chunk_in_view_is_drawn_once_itself_or_by_one_above_it(
    count: int, seed: int, most: int
) -> None:
    shelf, camera = Shelf(strewn(count, seed), strewn(count, seed + 1)), any_camera(seed)
    index = shelf.index(after=-1)
    fine = ChunkIndex(
        **{field.name: getattr(index, field.name)[~index.coarse] for field in fields(ChunkIndex)}
    )
    seen = fine.id[chunks_in_view(fine, camera, most=ALL)]
    chosen = chunks_in_view(index, camera, most=most)
    places = {
        (int(index.tree[i]), int(index.size[i]), *index.cell[i].tolist()) for i in chosen if index.coarse[i]
    }
    plain = set(index.id[chosen][~index.coarse[chosen]].tolist())
    for i in seen:
        size, cell = int(index.size[i]), index.cell[i]
        above = [(int(index.tree[i]), size + up, *(cell // 2**up).tolist()) in places for up in range(1, 40)]
        assert sum(above) + (int(i) in plain) == 1
    assert plain <= set(seen.tolist())


def test_near_chunks_are_as_fused_and_far_ones_coarse() -> None:
    shelf = Shelf(hills())
    index = shelf.index(after=-1)
    own = camera_at([0.0, 0.0, 0.0], [0.0, 0.0, 1.0], LENS.resized(height=512, width=512))
    assert not index.coarse[chunks_in_view(index, own, most=ALL)].any()
    far = camera_at([0.0, 0.0, -40.0], [0.0, 0.0, 1.0])
    chosen = chunks_in_view(index, far, most=ALL)
    assert index.coarse[chosen].all()
    assert index.count[chosen].sum() < 0.02 * index.points


def test_around_a_place_near_chunks_are_as_fused_and_all_is_there_once() -> None:
    shelf = Shelf(strewn(2000, 3, spread=6.0))
    index = shelf.index(after=-1)
    place = np.array([[1.0, 0.5, 0.0], [1.5, 0.5, 0.0]])
    chosen = chunks_around(index, place, most=ALL)
    assert 0 < index.coarse[chosen].sum() < len(chosen)
    edge = np.exp2(index.size[chosen])
    gap = np.abs((index.cell[chosen] + 0.5) * edge[:, None] - place[0]).max(-1) - edge / 2
    assert not index.coarse[chosen][gap <= 0].any()
    covered = PointCloud.concatenate(shelf.load(index.id[chosen].tolist()))
    area, whole = covered.radii.double().square().sum(), shelf.cloud().radii.double().square().sum()
    assert float(area) >= float(whole) * 0.99


def test_a_bound_on_points_is_kept_by_wider_cells() -> None:
    shelf = Shelf(hills())
    index, camera = shelf.index(after=-1), camera_at([0.0, 0.0, -2.0], [0.0, 0.0, 1.0])
    free = index.count[chunks_in_view(index, camera, most=ALL)].sum()
    bound = index.count[chunks_in_view(index, camera, most=int(free) // 8)].sum()
    assert 0 < bound <= free // 8


def test_coarse_chunks_are_seen_as_all_points_are() -> None:
    """From where all is fine to where 32 points lie within a pixel: 40 dB where the cloud is seen."""
    shelf = Shelf(hills())
    paged = PagedCloud(shelf, budget_mb=1000.0)
    shares = []
    for back in np.geomspace(1, 11, 6):
        camera = camera_at([0.1, 0.05, -float(back)], [0.0, 0.0, 4.0])
        view = paged.view(camera)
        ours, whole = render_points(view, camera), render_points(shelf.cloud(), camera)
        inner = inside(whole.known)
        assert bool(ours.known[inner].all())
        assert decibel(ours.rgb, whole.rgb, inner) > 40
        shares.append(len(view) / len(paged))
    assert shares[0] > 0.9 and shares[-1] < 0.05


def test_of_a_rough_texture_coarse_chunks_show_more_than_all_points_do() -> None:
    """The truth is all points drawn four times as large and averaged. One point of the many in a pixel is
    farther from it than their mean is; drawn as large as the truth, the means hold what it holds."""
    shelf = Shelf(hills(rough=True))
    paged = PagedCloud(shelf, budget_mb=1000.0)
    large = LENS.resized(height=4 * HEIGHT, width=4 * WIDTH)
    for back in (6.0, 11.0):
        camera, fourfold = (camera_at([0.1, 0.05, -back], [0.0, 0.0, 4.0], lens) for lens in (LENS, large))
        view = paged.view(camera)
        assert len(view) < 0.5 * len(paged)
        truth, held = (F.avg_pool2d(render_points(c, fourfold).rgb, 4) for c in (shelf.cloud(), view))
        ours, whole = render_points(view, camera), render_points(shelf.cloud(), camera)
        inner = inside(whole.known)
        assert decibel(ours.rgb, truth, inner) > decibel(whole.rgb, truth, inner) + 1
        assert decibel(held, truth, inner) > decibel(whole.rgb, truth, inner) + 10


def test_memory_holds_what_was_seen_last() -> None:
    shelf = Shelf(*(strewn(300, seed, spread=0.5) for seed in range(3)))
    budget = 2 * len(shelf.cloud()) * POINT_BYTES / 2**20
    paged = PagedCloud(shelf, budget_mb=budget)
    there, back = (camera_at([0.0, 0.0, z], [0.0, 0.0, 0.0]) for z in (-3.0, 3.0))
    paged.view(there)
    first = len(shelf.taken)
    paged.view(there)
    assert len(shelf.taken) == first > 0
    small = PagedCloud(shelf, budget_mb=budget / 100)
    for camera in (there, back, there):
        small.view(camera)
        assert small._held == sum(map(len, small._loaded.values()))


def test_a_small_world_is_held_whole_in_the_order_in_which_it_entered() -> None:
    shelf = Shelf(strewn(500, 0), strewn(700, 1))
    cache = WorldCache.of(shelf)
    assert torch.equal(cache.cloud.positions, shelf.cloud().positions)
    assert torch.equal(cache.view(any_camera(0)).positions, shelf.cloud().positions)
    assert shelf.taken == []


def test_a_cache_made_anew_goes_on_as_the_old_one_would() -> None:
    """One that fits at first, one that does not after the next clip: the new one shows the same bytes."""
    lens = LENS.resized(height=256, width=256)
    frames = [camera_at([0.4 * i, 0.0, 0.0], [0.4 * i, 0.0, 4.0], lens) for i in range(4)]
    image, depth = torch.rand(3, 256, 256, generator=torch.manual_seed(0)), torch.full((256, 256), 4.0)
    clouds = [storable(lift(image, depth, camera, valid=depth > 0)) for camera in frames]
    shelf = Shelf(clouds[0])
    budget = 2.5 * 1.2 * len(clouds[0]) * POINT_BYTES / 2**20
    cache = WorldCache.of(shelf, budget_mb=budget)
    paged = []
    for cloud, camera in zip(clouds[1:], frames[1:], strict=True):
        shelf.put(cache.add(cloud, camera))
        cache.settle()
        fresh = WorldCache.of(shelf, budget_mb=budget)
        assert len(fresh) == len(cache)
        ours, theirs = fresh.render(Camera.stack(frames)), cache.render(Camera.stack(frames))
        for name in ("rgb", "depth", "known", "index"):
            assert torch.equal(getattr(ours, name), getattr(theirs, name))
        paged.append(shelf.taken != [])
    assert not paged[0] and paged[-1]


def test_cells_of_a_cube_are_as_many_as_it_is_said() -> None:
    for chunk in pack_levels(hills(rows=128)):
        edge = 2.0**chunk.size
        points = unpack_chunk(chunk).positions.double() / (edge / ACROSS)
        assert int(points.floor().unique(dim=0).shape[0]) * 2 >= len(points)


def test_the_cache_reads_from_a_world_what_was_put_into_it(tmp_path: Path) -> None:
    clouds = [hills(rows=64), strewn(100, 1)]
    shelf = Shelf(*clouds)
    with a_world(tmp_path / "w", clouds[0]) as world:
        world.commit(a_clip(), known=torch.ones(1, 16, 16) > 0, points=clouds[1], first_frame=0, making={})
        source = StoredChunks(world.store)
        ours, truth = source.index(after=-1), shelf.index(after=-1)
        for name in ("size", "cell", "coarse", "count"):
            assert np.array_equal(getattr(ours, name), getattr(truth, name))
        for mine, other in zip(source.load(ours.id.tolist()), shelf.load(truth.id.tolist()), strict=True):
            assert torch.equal(mine.positions, other.positions)
        assert len(source.index(after=int(ours.id[-3]))) == 2


def test_opening_a_large_world_reads_no_points(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cloud = hills(rows=256)
    a_world(tmp_path / "w", cloud).close()
    monkeypatch.setattr(Store, "points_of", None)
    read = []
    chunk = Store.chunk
    monkeypatch.setattr(Store, "chunk", lambda store, number: read.append(number) or chunk(store, number))
    with World.open(tmp_path / "w", budget_mb=4.0) as world:
        assert len(world.cache) == len(cloud)
        assert read == []
        aside = camera_at([0.0, 0.0, -20.0], [0.0, 0.0, -21.0])
        assert not bool(world.cache.render(aside).known.any())
        assert read == []
        assert bool(world.cache.render(LENS).known.all())
        assert 0 < len(read) < world.store.chunk_places()[-1][0]


def test_a_damaged_coarse_chunk_is_found(tmp_path: Path) -> None:
    a_world(tmp_path / "w", hills(rows=64)).close()
    with closing(sqlite3.connect(tmp_path / "w" / "world.sqlite")) as connection:
        connection.execute("UPDATE chunk SET data = zeroblob(9) WHERE id = (SELECT max(id) FROM chunk)")
        connection.commit()
    with World.open(tmp_path / "w") as world:
        assert ["a chunk of" in line for line in damage(world.store)] == [True]


def test_a_budget_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="budget is 0 MB"):
        WorldCache.of(Shelf(), budget_mb=0.0)


def a_clip() -> Clip:
    return Clip(rgb=torch.zeros(1, 3, 16, 16), depth=torch.ones(1, 16, 16), cameras=Camera.stack([LENS_16]))


def a_world(folder: Path, cloud: PointCloud) -> World:
    return World.create(folder, Opening(clip=a_clip(), cloud=cloud, fps=24.0, origin={"sky_distance": 100.0}))
