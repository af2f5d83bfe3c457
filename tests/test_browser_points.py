"""The browser's file of points, read by another reader: nothing lost, coarse before fine, never too large."""

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from geometry.camera import Camera
from geometry.cloud import PointCloud
from voyager_lite.export.browser_points import points_version, write_browser_points
from voyager_lite.world.frames import pack_frame
from voyager_lite.world.rows import ClipRecord, WorldHeader
from voyager_lite.world.store import Store

HEIGHT, WIDTH = 8, 12
COARSE, SKY = 1, 2


@dataclass
class ReadChunk:
    """A chunk as any other program would read it from the description in the module."""

    tree: int
    size: int
    cell: tuple[int, int, int]
    kind: int
    points: list[tuple[float, float, float, float, int, int, int]]  # x y z radius red green blue

    @property
    def above(self) -> tuple[int, int, tuple[int, ...]]:
        return self.tree, self.size + 1, tuple(place // 2 for place in self.cell)

    @property
    def here(self) -> tuple[int, int, tuple[int, ...]]:
        return self.tree, self.size, self.cell


def read(path: Path) -> tuple[dict[str, object], list[ReadChunk]]:
    data = path.read_bytes()
    assert data[:8] == b"VLPOINTS"
    (length,) = struct.unpack_from("<I", data, 8)
    assert length % 4 == 0
    header = json.loads(data[12 : 12 + length])
    at = 12 + length
    chunks = []
    for tree, size, x, y, z, kind, count in header["chunks"]:
        edge = 2.0**size
        points = []
        for k in range(count):
            a, b, c, r = struct.unpack_from("<4H", data, at + 8 * k)
            red, green, blue, opaque = struct.unpack_from("4B", data, at + 8 * count + 4 * k)
            assert opaque == 255
            place = [(low + share / 65535) * edge for low, share in zip((x, y, z), (a, b, c), strict=True)]
            points.append((*place, r / 65535 * edge / 32, red, green, blue))
        chunks.append(ReadChunk(tree, size, (x, y, z), kind, points))
        at += 12 * count
    assert at == len(data)
    return header, chunks


def a_wall(count: int, *, seed: int, sky: bool = False, depth: float = 3.0) -> PointCloud:
    """Points of a wavy surface, in discs of several sizes."""
    generator = torch.Generator().manual_seed(seed)
    across = torch.rand(count, 2, generator=generator) * 2 - 1
    deep = depth + 0.2 * torch.sin(5 * across[:, :1])
    return PointCloud(
        positions=torch.cat([across * deep, deep], dim=1),
        colors=torch.randint(0, 256, (count, 3), generator=generator).float() / 255,
        normals=torch.tensor([[0.0, 0.0, -1.0]]).repeat(count, 1),
        radii=0.01 + 0.02 * torch.rand(count, generator=generator),
        sky=torch.full((count,), sky),
    )


def a_row(number: int, points: PointCloud) -> dict[str, object]:
    cameras = Camera.from_fov(
        60.0, height=HEIGHT, width=WIDTH, world_to_camera=torch.eye(4, dtype=torch.float64)[None]
    )
    record = ClipRecord(number=number, first_frame=number, cameras=cameras, making={"seed": number})
    picture, known = torch.zeros(3, HEIGHT, WIDTH), torch.zeros(HEIGHT, WIDTH, dtype=torch.bool)
    frames = [pack_frame(picture, torch.ones(HEIGHT, WIDTH), known)]
    return {"record": record, "frames": frames, "points": points}


def a_world(folder: Path, *clips: PointCloud) -> Store:
    header = WorldHeader(height=HEIGHT, width=WIDTH, fps=24.0, origin={})
    store = Store.create(folder, header, **a_row(0, clips[0]))
    for number, points in enumerate(clips[1:], start=1):
        row = a_row(number, points)
        store.append(row.pop("record"), **row)
    return store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A wall under a sky, and a second clip with a nearer wall."""
    first = PointCloud.concatenate([a_wall(1500, seed=0), a_wall(600, seed=1, sky=True, depth=60.0)])
    opened = a_world(tmp_path / "world", first, a_wall(900, seed=2, depth=1.5))
    yield opened
    opened.close()


def test_every_fused_point_comes_back_within_a_step(store: Store, tmp_path: Path) -> None:
    kept = write_browser_points(tmp_path / "points.bin", store)
    header, chunks = read(tmp_path / "points.bin")
    assert kept == header["points"] == header["kept"] == 3000
    for clip in range(2):
        for sky in (False, True):
            cloud = store.points_of(clip)
            cloud = cloud[cloud.sky == sky]
            here = [c for c in chunks if c.tree == 2 * clip + sky and not c.kind & COARSE]
            assert all(bool(c.kind & SKY) == sky for c in here)
            step = {size: 2.0**size / 65535 for size in range(-30, 30)}
            told = {  # Colours are exact, and are random enough to name most points.
                point[4:]: (point[:4], step[chunk.size]) for chunk in here for point in chunk.points
            }
            assert sum(len(chunk.points) for chunk in here) == len(cloud)
            missed = 0
            for position, radius, color in zip(cloud.positions, cloud.radii, cloud.colors, strict=True):
                found, least = told[tuple((color * 255).round().int().tolist())]
                near = torch.tensor(found[:3]) - position
                missed += bool(near.abs().max() > least or abs(found[3] - float(radius)) > least)
            assert missed <= 3  # two points of one colour


def test_what_stands_for_a_chunk_comes_before_it(store: Store, tmp_path: Path) -> None:
    write_browser_points(tmp_path / "points.bin", store)
    _, chunks = read(tmp_path / "points.bin")
    coarse = {chunk.here: place for place, chunk in enumerate(chunks) if chunk.kind & COARSE}
    below = [place for place, chunk in enumerate(chunks) if chunk.above in coarse]
    assert len(below) > 20
    assert all(coarse[chunks[place].above] < place for place in below)


def test_sky_comes_after_all_matter(store: Store, tmp_path: Path) -> None:
    write_browser_points(tmp_path / "points.bin", store)
    sky = [bool(chunk.kind & SKY) for chunk in read(tmp_path / "points.bin")[1]]
    assert any(sky)
    assert sky == sorted(sky)


@pytest.mark.parametrize("most", [300, 1000, 2500])
def test_a_bounded_file_holds_all_of_a_place_coarsely_or_finely(
    store: Store, tmp_path: Path, most: int
) -> None:
    write_browser_points(tmp_path / "all.bin", store)
    kept = write_browser_points(tmp_path / "some.bin", store, most=most)
    _, whole = read(tmp_path / "all.bin")
    header, some = read(tmp_path / "some.bin")
    assert sum(len(chunk.points) for chunk in some) <= most
    assert (
        kept == header["kept"] == sum(len(c.points) for c in some if not c.kind & COARSE) < header["points"]
    )
    here = {(chunk.here, chunk.kind) for chunk in some}
    coarse = {chunk.here for chunk in whole if chunk.kind & COARSE}
    families: dict[object, list[ReadChunk]] = {}
    for chunk in whole:
        families.setdefault(chunk.above if chunk.above in coarse else "top", []).append(chunk)
    for above, family in families.items():
        found = [(chunk.here, chunk.kind) in here for chunk in family]
        if above != "top":
            assert all(found) or not any(found)
            assert not any(found) or (above, COARSE | family[0].kind & SKY) in here
    if most >= 1000:
        assert all((c.here, c.kind) in here for c in families["top"] if not c.kind & SKY)


def test_the_focus_is_where_half_of_what_is_seen_is_nearer(tmp_path: Path) -> None:
    """A wall at 3 fills the view that another at 9 has behind it: each is half of what is seen of it."""
    alone = a_world(tmp_path / "alone", a_wall(2000, seed=0, depth=3.0))
    write_browser_points(tmp_path / "alone.bin", alone)
    header, _ = read(tmp_path / "alone.bin")
    assert header["focus_distance"] == pytest.approx(3.6, abs=0.6)  # 3 ahead, 5.2 in the corners
    far = PointCloud.concatenate([a_wall(300, seed=0, depth=3.0), a_wall(2000, seed=1, depth=30.0)])
    write_browser_points(tmp_path / "far.bin", a_world(tmp_path / "far", far))
    header, _ = read(tmp_path / "far.bin")
    assert header["focus_distance"] < 6  # few points, but near ones: they fill more of the view


def test_a_world_of_sky_alone_has_no_focus(tmp_path: Path) -> None:
    store = a_world(tmp_path / "world", a_wall(50, seed=0, sky=True))
    assert write_browser_points(tmp_path / "points.bin", store) == 50
    assert read(tmp_path / "points.bin")[0]["focus_distance"] is None


def test_a_world_without_points_is_a_header(tmp_path: Path) -> None:
    store = a_world(tmp_path / "world", PointCloud.empty())
    assert write_browser_points(tmp_path / "points.bin", store) == 0
    assert read(tmp_path / "points.bin") == (
        {"version": 1, "points": 0, "kept": 0, "focus_distance": None, "chunks": []},
        [],
    )


def test_the_version_names_the_clips(store: Store) -> None:
    first = points_version(store)
    with Store(store.folder).writing():
        pass
    assert points_version(Store(store.folder)) == first
    store.remove_from(1)
    before = points_version(store)
    row = a_row(1, a_wall(2000, seed=3, depth=1.5))
    store.append(row.pop("record"), **row)
    assert len({first, before, points_version(store)}) == 3


def test_a_damaged_chunk_is_named_and_leaves_no_file(store: Store, tmp_path: Path) -> None:
    with store._changing() as connection:
        connection.execute("UPDATE chunk SET data = zeroblob(9) WHERE clip = 1 AND level = 0")
    with pytest.raises(ValueError, match="in clip 1 is damaged"):
        write_browser_points(tmp_path / "points.bin", store)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["world"]
