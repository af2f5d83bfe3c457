"""The store: a clip is there whole or not at all, and what was kept comes back."""

import math
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from geometry.camera import Camera
from geometry.cloud import PointCloud
from voyager_lite.clip import Clip
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
from voyager_lite.world.points import pack_points, unpack_points
from voyager_lite.world.store import FILE_NAME, ClipRecord, Store

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
    known = torch.zeros(len(clip), HEIGHT, WIDTH, dtype=torch.bool)
    known[:, :, : number + 1] = True
    store.append(
        ClipRecord(number=number, first_frame=first_frame, cameras=clip.cameras, making={"seed": number}),
        frames=[pack_frame(clip.rgb[i], clip.depth[i], known[i]) for i in range(len(clip))],
        points=a_cloud(10 + number, seed=number),
    )


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.create(tmp_path / "world", height=HEIGHT, width=WIDTH, fps=24.0, origin={"image": "é.jpg"})


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


@pytest.mark.parametrize("count", [0, 1, 1000])
def test_points_survive_packing_bit_for_bit(count: int) -> None:
    cloud = a_cloud(count)
    back = unpack_points(pack_points(cloud))
    for name in ("positions", "colors", "normals", "radii", "sky"):
        assert torch.equal(getattr(back, name), getattr(cloud, name))


def test_damaged_points_are_refused() -> None:
    with pytest.raises(ValueError, match="damaged"):
        unpack_points(pack_points(a_cloud(5))[:-3])


def test_what_was_appended_comes_back_after_reopening(store: Store) -> None:
    clip = a_clip(3)
    append(store, clip, number=0, first_frame=0)
    store.close()
    again = Store(store.folder)
    (record,) = again.records()
    assert (record.number, record.first_frame, record.end_frame) == (0, 0, 3)
    assert record.making == {"seed": 0}
    assert again.origin == {"image": "é.jpg"}
    assert torch.equal(record.cameras.world_to_camera, clip.cameras.world_to_camera)
    assert torch.equal(record.cameras.K, clip.cameras.K)
    assert torch.equal(unpack_rgb(again.frame(2).rgb), clip.rgb[2])


def test_the_newest_clip_wins_and_the_first_take_stays(store: Store) -> None:
    old, new = a_clip(3, seed=1), a_clip(3, seed=2)
    append(store, old, number=0, first_frame=0)
    append(store, new, number=1, first_frame=2)
    assert torch.equal(unpack_rgb(store.frame(2).rgb), new.rgb[0])
    assert torch.equal(unpack_rgb(store.frame(2, first_take=True).rgb), old.rgb[2])
    assert torch.equal(unpack_rgb(store.frame(1).rgb), old.rgb[1])


def test_removing_a_clip_brings_back_the_frames_beneath(store: Store) -> None:
    old, new = a_clip(3, seed=1), a_clip(3, seed=2)
    append(store, old, number=0, first_frame=0)
    append(store, new, number=1, first_frame=2)
    store.remove_from(1)
    assert torch.equal(unpack_rgb(store.frame(2).rgb), old.rgb[2])
    assert [len(cloud) for cloud in store.points()] == [10]
    with pytest.raises(IndexError, match="no frame 3"):
        store.frame(3)


class Interrupted(list[FrameBytes]):
    """Frames of which somebody presses Ctrl-C while the last is being written."""

    def __iter__(self) -> Iterator[FrameBytes]:
        yield from self[:-1]
        raise KeyboardInterrupt


def test_a_clip_that_fails_halfway_leaves_nothing(store: Store) -> None:
    append(store, a_clip(2), number=0, first_frame=0)
    frame = pack_frame(torch.zeros(3, HEIGHT, WIDTH), torch.ones(HEIGHT, WIDTH), torch.ones(HEIGHT, WIDTH))
    record = ClipRecord(number=1, first_frame=1, cameras=a_clip(3).cameras, making={})
    with pytest.raises(KeyboardInterrupt):
        store.append(record, frames=Interrupted([frame] * 3), points=a_cloud(3))
    assert [record.number for record in store.records()] == [0]
    assert [len(cloud) for cloud in store.points()] == [10]


def test_a_reader_is_not_blocked_by_an_open_writer(store: Store) -> None:
    append(store, a_clip(2), number=0, first_frame=0)
    reader = Store(store.folder)
    append(store, a_clip(2), number=1, first_frame=1)
    assert len(reader.records()) == 2


def test_a_folder_in_use_is_refused(store: Store, tmp_path: Path) -> None:
    with pytest.raises(FileExistsError, match="already holds a world"):
        Store.create(store.folder, height=1, width=1, fps=1.0, origin={})
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("dear diary")
    with pytest.raises(FileExistsError, match="is not empty"):
        Store.create(tmp_path / "full", height=1, width=1, fps=1.0, origin={})
    with pytest.raises(NotADirectoryError, match="is a file"):
        Store.create(tmp_path / "full" / "letter.txt", height=1, width=1, fps=1.0, origin={})
    assert (tmp_path / "full" / "letter.txt").read_text() == "dear diary"


def test_a_start_that_was_killed_can_be_repeated(tmp_path: Path) -> None:
    (tmp_path / f"{FILE_NAME}.partial").write_bytes(b"half a database")
    Store.create(tmp_path, height=1, width=1, fps=1.0, origin={}).close()
    assert Store(tmp_path).records() == []


def test_a_folder_without_a_world_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="holds no world"):
        Store(tmp_path)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(np.random.default_rng(0).bytes(5000))
    with pytest.raises(ValueError, match="not a world, or damaged"):
        Store(tmp_path)


def test_another_version_is_refused(store: Store) -> None:
    store.close()
    connection = sqlite3.connect(store.folder / FILE_NAME)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(ValueError, match="version 99; this program reads version 1"):
        Store(store.folder)
