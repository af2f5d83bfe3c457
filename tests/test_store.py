"""The store: a clip is there whole or not at all, and what was kept comes back."""

import math
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from geometry.camera import Camera
from geometry.cloud import PointCloud
from voyager_lite.clip import Clip
from voyager_lite.world.branch import branch
from voyager_lite.world.chunks import pack_chunks, unpack_chunks
from voyager_lite.world.creation import FILE_NAME, PARTIAL_NAME
from voyager_lite.world.frames import (
    FrameBytes,
    decode_depth,
    encode_depth,
    pack_frame,
    quantized,
    unpack_depth,
    unpack_known,
    unpack_rgb,
)
from voyager_lite.world.integrity import damage
from voyager_lite.world.lock import LOCK_NAME
from voyager_lite.world.rows import ClipRecord, WalkPlan, WorldHeader
from voyager_lite.world.store import Store

HEIGHT, WIDTH = 6, 8


def a_cloud(count: int, *, seed: int = 0) -> PointCloud:
    generator = torch.Generator().manual_seed(seed)
    return PointCloud(
        positions=torch.randn(count, 3, generator=generator),
        colors=torch.randint(0, 256, (count, 3), generator=generator).float() / 255,
        normals=torch.nn.functional.normalize(torch.randn(count, 3, generator=generator), dim=-1),
        radii=torch.rand(count, generator=generator),
        sky=torch.rand(count, generator=generator) > 0.5,
    )


def a_clip(frames: int, *, seed: int = 0) -> Clip:
    generator = torch.Generator().manual_seed(seed)
    pose = torch.eye(4, dtype=torch.float64).repeat(frames, 1, 1)
    pose[:, 2, 3] = -torch.arange(frames) * 0.1
    return quantized(
        Clip(
            rgb=torch.rand(frames, 3, HEIGHT, WIDTH, generator=generator),
            depth=torch.rand(frames, HEIGHT, WIDTH, generator=generator) * 5 + 0.5,
            cameras=Camera.from_fov(60.0, height=HEIGHT, width=WIDTH, world_to_camera=pose),
        )
    )


def append(store: Store, clip: Clip, *, number: int, first_frame: int) -> None:
    record, frames, points = a_row(clip, number=number, first_frame=first_frame)
    store.append(record, frames=frames, points=points)


def a_row(clip: Clip, *, number: int, first_frame: int) -> tuple[ClipRecord, list[FrameBytes], PointCloud]:
    known = torch.zeros(len(clip), HEIGHT, WIDTH, dtype=torch.bool)
    known[:, :, : number + 1] = True
    record = ClipRecord(number=number, first_frame=first_frame, cameras=clip.cameras, making={"seed": number})
    frames = [pack_frame(clip.rgb[i], clip.depth[i], known[i]) for i in range(len(clip))]
    return record, frames, a_cloud(10 + number, seed=number)


def create(folder: Path, clip: Clip | None = None) -> Store:
    header = WorldHeader(height=HEIGHT, width=WIDTH, fps=24.0, origin={"image": "é.jpg"})
    record, frames, points = a_row(a_clip(3, seed=1) if clip is None else clip, number=0, first_frame=0)
    return Store.create(folder, header, record=record, frames=frames, points=points)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A world of one clip: three frames, ten points."""
    opened = create(tmp_path / "world")
    yield opened
    opened.close()


@given(st.floats(min_value=2e-5, max_value=60000))
def test_coded_depth_is_within_a_fiftieth_of_a_percent(depth: float) -> None:
    # Half a step of 2 ** (1 / 2048) is 0.017 %.
    back = float(decode_depth(encode_depth(torch.tensor([depth])))[0])
    assert math.isclose(back, depth, rel_tol=1.8e-4)


def test_depth_codes_by_hand() -> None:
    codes = encode_depth(torch.tensor([1.0, 2.0, 0.5, 0.0, -1.0]))
    assert codes.tolist() == [32768, 34816, 30720, 0, 0]
    assert decode_depth(codes).tolist() == [1.0, 2.0, 0.5, 0.0, 0.0]


def test_every_code_survives_decoding_and_coding() -> None:
    codes = torch.arange(65536, dtype=torch.int32)
    assert torch.equal(encode_depth(decode_depth(codes)), codes)


def test_a_quantized_clip_survives_packing_bit_for_bit() -> None:
    clip = a_clip(1)
    known = torch.rand(HEIGHT, WIDTH) > 0.5
    stored = pack_frame(clip.rgb[0], clip.depth[0], known)
    assert torch.equal(unpack_rgb(stored.rgb), clip.rgb[0])
    assert torch.equal(unpack_depth(stored.depth), clip.depth[0])
    assert torch.equal(unpack_known(stored.known), known)


def assert_same(cloud: PointCloud, other: PointCloud) -> None:
    for name in ("positions", "colors", "normals", "radii", "sky"):
        assert torch.equal(getattr(cloud, name), getattr(other, name)), name


@given(st.integers(0, 300), st.integers(0, 10_000), st.sampled_from([1e-30, 1e-4, 1.0, 1e6, 1e30]))
def test_points_survive_chunking_bit_for_bit_and_in_order(count: int, seed: int, scale: float) -> None:
    cloud = a_cloud(count, seed=seed)
    cloud = replace(cloud, positions=cloud.positions * scale, radii=cloud.radii * 10.0 ** (seed % 40 - 20))
    chunks = pack_chunks(cloud)
    assert_same(unpack_chunks(chunks), cloud)
    assert sum(chunk.count for chunk in chunks) == count


@settings(max_examples=30)
@given(st.integers(1, 300), st.integers(0, 10_000), st.sampled_from([1e-4, 1.0, 1e6]))
def test_every_point_lies_in_its_chunks_cube(count: int, seed: int, scale: float) -> None:
    cloud = a_cloud(count, seed=seed)
    cloud = replace(cloud, positions=cloud.positions * scale)
    chunks = pack_chunks(cloud)
    assert len({(chunk.sky, chunk.size, chunk.cell) for chunk in chunks}) == len(chunks)
    for chunk in chunks:
        positions = unpack_chunks([chunk]).positions.double()
        low = torch.tensor(chunk.cell, dtype=torch.float64) * 2.0**chunk.size
        assert bool((positions >= low).all()) and bool((positions < low + 2.0**chunk.size).all())


def test_a_chunks_size_follows_the_points_radius() -> None:
    # 256 points of radius r side by side: an edge of 256 r. Twice the radius, twice the edge.
    cloud = replace(a_cloud(3), radii=torch.tensor([1.0, 2.0, 0.25]) / 256, sky=torch.zeros(3).bool())
    assert sorted(chunk.size for chunk in pack_chunks(cloud)) == [-2, 0, 1]


def test_a_point_at_no_finite_place_is_refused() -> None:
    cloud = a_cloud(3)
    cloud.positions[1, 2] = math.nan
    with pytest.raises(ValueError, match="not finite"):
        pack_chunks(cloud)


def test_damaged_points_are_refused() -> None:
    (chunk, *_) = pack_chunks(a_cloud(5))
    with pytest.raises(ValueError, match="damaged"):
        unpack_chunks([replace(chunk, data=chunk.data[:-3])])


def test_what_was_stored_comes_back_after_reopening(tmp_path: Path) -> None:
    clip = a_clip(3)
    create(tmp_path / "world", clip).close()
    again = Store(tmp_path / "world")
    (record,) = again.records()
    assert (record.number, record.first_frame, record.end_frame) == (0, 0, 3)
    assert record.making == {"seed": 0}
    assert again.header == WorldHeader(height=HEIGHT, width=WIDTH, fps=24.0, origin={"image": "é.jpg"})
    assert torch.equal(record.cameras.world_to_camera, clip.cameras.world_to_camera)
    assert torch.equal(record.cameras.K, clip.cameras.K)
    assert torch.equal(unpack_rgb(again.read("rgb", 2)), clip.rgb[2])
    assert torch.equal(unpack_depth(again.read("depth", 2)), clip.depth[2])
    assert_same(again.points_of(0), a_cloud(10, seed=0))


def test_the_newest_clip_wins_and_the_first_take_stays(tmp_path: Path) -> None:
    old, new = a_clip(3, seed=1), a_clip(3, seed=2)
    store = create(tmp_path / "world", old)
    append(store, new, number=1, first_frame=2)
    assert torch.equal(unpack_rgb(store.read("rgb", 2)), new.rgb[0])
    assert torch.equal(unpack_rgb(store.read("rgb", 2, first_take=True)), old.rgb[2])
    assert torch.equal(unpack_rgb(store.read("rgb", 1)), old.rgb[1])
    assert [
        torch.equal(unpack_rgb(frame.rgb), rgb)
        for frame, rgb in zip(store.frames_of(1), new.rgb, strict=True)
    ] == [True] * 3


def test_removing_a_clip_brings_back_the_frames_beneath(tmp_path: Path) -> None:
    old, new = a_clip(3, seed=1), a_clip(3, seed=2)
    store = create(tmp_path / "world", old)
    append(store, new, number=1, first_frame=2)
    assert [len(cloud) for cloud in store.points()] == [10, 11]
    store.remove_from(1)
    assert torch.equal(unpack_rgb(store.read("rgb", 2)), old.rgb[2])
    assert [len(cloud) for cloud in store.points()] == [10]
    with pytest.raises(IndexError, match="no frame 3"):
        store.read("rgb", 3)


def test_points_are_counted_without_being_read(store: Store) -> None:
    append(store, a_clip(3), number=1, first_frame=2)
    truth = [(int((~cloud.sky).sum()), int(cloud.sky.sum())) for cloud in store.points()]
    assert store.point_counts() == truth


def test_a_walk_under_way_comes_back_and_ends_with_its_last_frame(store: Store) -> None:
    plan = WalkPlan(
        cameras=a_clip(5).cameras,
        first_frame=2,
        first_clip=1,
        core="x",
        clip_frames=3,
        seed=7,
        prompts=((0, "é"), (3, "b")),
    )
    store.plan(plan)
    found = Store(store.folder).pending()
    assert found is not None and torch.equal(found.cameras.world_to_camera, plan.cameras.world_to_camera)
    assert replace(found, cameras=plan.cameras) == plan
    append(store, a_clip(3), number=1, first_frame=2)
    assert store.pending() is not None
    append(store, a_clip(4), number=2, first_frame=3)
    assert store.pending() is None


def test_undo_gives_up_the_walk_under_way(store: Store) -> None:
    append(store, a_clip(3), number=1, first_frame=2)
    store.plan(WalkPlan(cameras=a_clip(9).cameras, first_frame=4, first_clip=2, core="x", clip_frames=3))
    store.remove_from(1)
    assert store.pending() is None


class Interrupted(list[FrameBytes]):
    """Frames of which somebody presses Ctrl-C while the last is being written."""

    def __iter__(self) -> Iterator[FrameBytes]:
        yield from self[:-1]
        raise KeyboardInterrupt


def test_a_clip_that_fails_halfway_leaves_nothing(store: Store) -> None:
    record, frames, points = a_row(a_clip(3), number=1, first_frame=1)
    with pytest.raises(KeyboardInterrupt):
        store.append(record, frames=Interrupted(frames), points=points)
    assert [record.number for record in store.records()] == [0]
    assert [len(cloud) for cloud in store.points()] == [10]
    assert not (store.folder / LOCK_NAME).exists()
    append(store, a_clip(3), number=1, first_frame=1)


def test_a_reader_is_not_blocked_by_an_open_writer(store: Store) -> None:
    reader = Store(store.folder)
    with store.writing():
        append(store, a_clip(2), number=1, first_frame=1)
        assert len(reader.records()) == len(Store(store.folder).records()) == 2


def test_after_a_commit_the_one_file_is_the_whole_world(store: Store, tmp_path: Path) -> None:
    append(store, a_clip(2), number=1, first_frame=1)
    (tmp_path / "elsewhere").mkdir()
    shutil.copy(store.file, tmp_path / "elsewhere" / FILE_NAME)
    assert len(Store(tmp_path / "elsewhere").records()) == 2


def test_a_branch_holds_the_clips_up_to_it_and_its_parent_stays(store: Store, tmp_path: Path) -> None:
    append(store, a_clip(3, seed=4), number=1, first_frame=2)
    append(store, a_clip(3, seed=5), number=2, first_frame=4)
    other = branch(store, tmp_path / "branch", clips=2)
    assert [record.number for record in other.records()] == [0, 1]
    assert other.header == store.header
    for ours, theirs in zip(other.points(), store.points(), strict=False):
        assert_same(ours, theirs)
    for number in range(4):
        assert other.read("rgb", number) == store.read("rgb", number)
    assert other.read("rgb", 4) == store.read("rgb", 4, first_take=True)
    assert damage(other) == []
    other.remove_from(1)
    assert [record.number for record in store.records()] == [0, 1, 2]


@pytest.mark.parametrize("clips", [0, 2])
def test_a_branch_from_a_clip_that_is_not_there_is_refused(store: Store, tmp_path: Path, clips: int) -> None:
    with pytest.raises(ValueError, match=f"cannot branch from clip {clips - 1}; expected 0 to 0"):
        branch(store, tmp_path / "branch", clips=clips)
    assert not (tmp_path / "branch").exists()


def test_a_folder_in_use_is_refused(store: Store, tmp_path: Path) -> None:
    with pytest.raises(FileExistsError, match="already holds a world"):
        create(store.folder)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("dear diary")
    with pytest.raises(FileExistsError, match="is not empty"):
        create(tmp_path / "full")
    with pytest.raises(NotADirectoryError, match="is a file"):
        create(tmp_path / "full" / "letter.txt")
    assert (tmp_path / "full" / "letter.txt").read_text() == "dear diary"


def test_a_start_that_was_killed_can_be_repeated(tmp_path: Path) -> None:
    for name in (PARTIAL_NAME, f"{PARTIAL_NAME}-wal", LOCK_NAME):
        (tmp_path / name).write_bytes(b"half a database")
    create(tmp_path).close()
    opened = Store(tmp_path)
    assert len(opened.records()) == 1
    opened.close()
    assert {file.name for file in tmp_path.iterdir()} == {FILE_NAME}


def test_a_folder_without_a_world_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="holds no world"):
        Store(tmp_path)
