"""What a world survives: kills, restarts, other writers, damage, full and read-only disks, new versions."""

import importlib
import json
import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

import voyager_lite.explorer
from geometry.paging import PagedCloud
from geometry.trajectory import Trajectory
from voyager_lite.cli import main
from voyager_lite.core import load_core
from voyager_lite.errors import VoyagerLiteError, WorldBusyError
from voyager_lite.evaluation.durability import killed_walks
from voyager_lite.evaluation.kills import (
    CLIPS,
    FRAMES,
    HEIGHT,
    WIDTH,
    TinyCore,
    fingerprints,
    tiny_opening,
    walk_to_the_end,
)
from voyager_lite.explorer import Explorer
from voyager_lite.export.formats import FORMATS
from voyager_lite.results import write_results
from voyager_lite.world import lock
from voyager_lite.world.creation import FILE_NAME
from voyager_lite.world.integrity import damage
from voyager_lite.world.lock import LOCK_NAME, is_locked, writer_lock
from voyager_lite.world.store import Store
from voyager_lite.world.stored_chunks import StoredChunks
from voyager_lite.world.wal import bytes_without_commit
from voyager_lite.world.world import World


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished walk of six clips, with its results; tests copy it."""
    folder = tmp_path_factory.mktemp("walked") / "world"
    walk_to_the_end(folder, tiny_opening(), tell=lambda: None)
    with World.open(folder) as world:
        write_results(world)
    return folder


@pytest.fixture
def copy(walked: Path, tmp_path: Path) -> Path:
    """The store alone, as somebody would copy it to another machine."""
    (tmp_path / "copy").mkdir()
    shutil.copy(walked / FILE_NAME, tmp_path / "copy")
    return tmp_path / "copy"


@pytest.fixture
def tiny_core(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line walks with the tiny core."""
    monkeypatch.setattr(voyager_lite.explorer, "load_core", lambda name, **_: TinyCore())


def refusal(capsys: pytest.CaptureFixture[str], *command: object) -> str:
    """The one line of a command that must be refused."""
    capsys.readouterr()
    assert main([str(word) for word in command]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    return line


# Kills and restarts


def test_killed_at_any_instant_nothing_committed_is_lost_and_going_on_gives_the_same_bytes() -> None:
    report = killed_walks(10, seed=1)
    assert report.kills == 10 and report.worlds >= 1
    assert (report.lost, report.corrupt, report.different, report.complaints) == (0, 0, 0, [])


@pytest.mark.parametrize("stops", [(1,), (2, 4), (1, 2, 3, 4, 5)])
def test_stopped_and_gone_on_with_is_never_having_stopped(
    walked: Path, tmp_path: Path, stops: tuple[int, ...]
) -> None:
    folder = tmp_path / "world"
    for stop in (*stops, CLIPS):
        left = stop - (Store(folder).clip_count() - 1 if folder.exists() else 0)
        walk_until(folder, clips=left)
    assert fingerprints(folder) == fingerprints(walked)


def walk_until(folder: Path, *, clips: int) -> None:
    """Go on with the walk for some clips, then stop as an interruption would."""
    world = World.open(folder) if folder.exists() else World.create(folder, tiny_opening())
    explorer = Explorer(TinyCore())
    path = Trajectory.parse("right:0.5,up:0.2", frames=FRAMES)
    walk = explorer.explore(world, path, seed=3) if len(world.clips) == 1 else explorer.resume(world)
    for _ in range(clips):
        next(walk)
    walk.close()
    world.close()


def test_the_embedded_core_goes_on_as_if_it_had_not_stopped(tmp_path: Path) -> None:
    path = Trajectory.parse("right:0.4", frames=38)
    found = []
    for name, stop in (("straight", False), ("stopped", True)):
        world = World.create(tmp_path / name, tiny_opening())
        explorer = Explorer(load_core("mini"))
        walk = explorer.explore(world, path, seed=5)
        next(walk)
        if stop:
            walk.close()
            world.close()
            world = World.open(tmp_path / name)
            walk = Explorer(load_core("mini")).resume(world)
        assert len(list(walk)) == 2
        assert world.pending is None
        world.close()
        found.append(fingerprints(tmp_path / name))
    assert found[0] == found[1]


def test_only_the_core_that_began_a_walk_can_finish_it(tmp_path: Path) -> None:
    walk_until(tmp_path / "world", clips=1)
    other = TinyCore()
    other.clip_frames = 7
    with World.open(tmp_path / "world") as world, pytest.raises(ValueError, match="clips of 5 frames"):
        next(Explorer(other).resume(world))


def test_with_nothing_unfinished_there_is_nothing_to_finish(copy: Path) -> None:
    with World.open(copy) as world, pytest.raises(ValueError, match="no walk is unfinished"):
        next(Explorer(TinyCore()).resume(world))


@pytest.mark.usefixtures("tiny_core")
def test_continue_without_a_path_finishes_the_walk(walked: Path, tmp_path: Path) -> None:
    folder = tmp_path / "world"
    walk_until(folder, clips=2)
    assert main(["continue", str(folder), "--seed", "99"]) == 0
    assert fingerprints(folder) == fingerprints(walked)
    assert main(["continue", str(folder), "--path", "left:0.1", "--frames", "3"]) == 0
    assert Store(folder).clip_count() == CLIPS + 2


# Undo and branches


@pytest.mark.parametrize("clips", [1, 3, CLIPS])
def test_undo_of_any_depth_leaves_what_was_there_before(copy: Path, clips: int) -> None:
    before = fingerprints(copy)
    with World.open(copy) as world:
        assert world.undo(clips) == CLIPS - clips
    assert fingerprints(copy) == before[: len(before) - clips]
    assert damage(Store(copy)) == []


@pytest.mark.usefixtures("tiny_core")
def test_a_branch_is_what_undoing_and_walking_would_give(
    walked: Path, copy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stretch = ["--path", "left:0.2", "--frames", "7", "--seed", "8"]
    branching = ["continue", str(walked), "--from-clip", "2", "--as", str(tmp_path / "branch")]
    before = (walked / FILE_NAME).read_bytes()
    assert main([*branching, *stretch]) == 0
    assert main(["undo", str(copy), "--clips", str(CLIPS - 2)]) == 0
    assert main(["continue", str(copy), *stretch]) == 0
    assert fingerprints(tmp_path / "branch") == fingerprints(copy)
    assert (walked / FILE_NAME).read_bytes() == before
    assert "is not empty" in refusal(capsys, *branching[:4], "--as", tmp_path)


@pytest.mark.usefixtures("tiny_core")
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--from-clip", "7", "--as", "{new}"], "has no clip 7; expected 0 to 6"),
        (["--from-clip", "2"], "needs both"),
        (["--as", "{new}"], "needs both"),
        (["--from-clip", "2", "--as", "{new}", "--path", "forward:50"], "--safe"),
    ],
)
def test_a_branch_that_cannot_be_leaves_nothing(
    walked: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], message: str
) -> None:
    new = tmp_path / "new"
    assert message in refusal(capsys, "continue", walked, *[option.format(new=new) for option in options])
    assert not new.exists()


# Worlds larger than memory


@pytest.mark.usefixtures("tiny_core")
def test_a_walk_its_results_and_a_branch_never_hold_the_whole_cloud(
    walked: Path, copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With room for a few of the points, and every way to all of them at once barred."""
    monkeypatch.setattr(StoredChunks, "cloud", None)
    monkeypatch.setattr(PagedCloud, "cloud", None)
    open_world = World.open
    monkeypatch.setattr(World, "open", lambda folder: open_world(folder, budget_mb=0.1))
    assert main(["continue", str(copy), "--path", "left:0.2", "--frames", "7", "--seed", "8"]) == 0
    branch = tmp_path / "branch"
    assert main(["continue", str(copy), "--from-clip", "2", "--as", str(branch), "--path", "left:0.1"]) == 0
    assert main(["undo", str(copy), "--clips", "2"]) == 0
    assert (copy / "points.ply").read_bytes() == (walked / "points.ply").read_bytes()
    assert main(["render", str(copy), "--path", "right:0.1", "--output", str(tmp_path / "a.mp4")]) == 0
    for format in ("ply", "gaussians", "colmap", "colmap-binary", "nerfstudio", "glb", "voyager"):
        target = tmp_path / f"out{FORMATS[format].suffix or '-' + format}"
        assert main(["export", str(copy), str(target), "--format", format]) == 0


def test_what_was_known_after_a_clip_is_what_undoing_leaves(copy: Path) -> None:
    with World.open(copy) as world:
        place = world.place(3)
        world.undo(CLIPS - 3)
        assert torch.equal(place.cache.cloud.positions, world.cloud.positions)
        assert torch.equal(place.cameras.world_to_camera[-1], world.cameras.world_to_camera[-1])
        assert place.focus_distance == world.focus_distance


# Two writers

HOLD = """
import sys, time
from pathlib import Path
from voyager_lite.world.lock import writer_lock
with writer_lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


def test_a_second_writer_is_refused_by_name_and_a_killed_one_leaves_no_lock(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(copy)], stdout=subprocess.PIPE)
    with holder:
        assert holder.stdout is not None and holder.stdout.readline() == b"held\n"
        line = refusal(capsys, "undo", copy)
        assert f"process {holder.pid} on {os.uname().nodename}" in line
        assert "is writing to it" in line
        assert main(["info", str(copy)]) == 0
        holder.send_signal(signal.SIGKILL)
    assert (copy / LOCK_NAME).exists()
    with World.open(copy) as world:
        assert world.undo() == CLIPS - 1
    assert not (copy / LOCK_NAME).exists()


def test_two_worlds_in_one_process_exclude_each_other_too(copy: Path) -> None:
    one, two = World.open(copy), World.open(copy)
    with one.writing(), one.writing():
        with pytest.raises(WorldBusyError, match=f"process {os.getpid()} on"):
            two.undo()
        one.undo()
    assert two.undo() == CLIPS - 2


def test_a_writer_that_waited_sees_what_the_other_wrote(copy: Path) -> None:
    one, two = World.open(copy), World.open(copy)
    assert len(two.clips) == CLIPS + 1 and len(two.cloud) > 0
    one.undo(3)
    with two.writing():
        assert len(two.clips) == CLIPS - 2
        assert torch.equal(two.cloud.positions, one.cloud.positions)


def test_a_lock_file_without_a_lock_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / LOCK_NAME).write_text('{"process": 1, "host": "elsewhere", "command": "explore"}')
    with writer_lock(tmp_path):
        assert json.loads((tmp_path / LOCK_NAME).read_text())["process"] == os.getpid()
    assert not (tmp_path / LOCK_NAME).exists()


def test_a_lock_can_be_asked_for_without_being_taken(tmp_path: Path) -> None:
    assert not is_locked(tmp_path)
    with writer_lock(tmp_path):
        assert is_locked(tmp_path)
    (tmp_path / LOCK_NAME).write_text("left behind")
    assert not is_locked(tmp_path)


def test_where_there_are_no_locks_worlds_can_be_read_and_say_why_they_are_not_written(
    copy: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "fcntl", None)  # as under Windows: it cannot be imported
    try:
        importlib.reload(lock)
        assert main(["info", str(copy)]) == 0
        with pytest.raises(VoyagerLiteError, match="under Linux and macOS only"):
            lock.writer_lock(copy).__enter__()
    finally:
        monkeypatch.undo()
        importlib.reload(lock)


# Damage


def flip(folder: Path, query: str) -> None:
    """Flip a bit, in the file, in the middle of what the query selects."""
    file = folder / FILE_NAME
    connection = sqlite3.connect(file)
    (blob,) = connection.execute(query).fetchone()
    connection.close()
    data = bytearray(file.read_bytes())
    # A blob longer than a page lies in pieces, and its like may lie elsewhere: 40 bytes that it has alone.
    pieces = (blob[start : start + 40] for start in range(len(blob) // 4, len(blob) - 40, 40))
    at = next(data.find(piece) for piece in pieces if data.count(piece) == 1)
    data[at + 20] ^= 0x10
    file.write_bytes(data)


def test_a_damaged_chunk_is_named_and_all_else_can_be_read(
    copy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flip(copy, "SELECT data FROM chunk WHERE clip = 3 ORDER BY count DESC LIMIT 1")
    line = refusal(capsys, "render", copy, "--output", tmp_path / "a.mp4")
    assert "points in clip 3 is damaged" in line and "--from-clip 2" in line
    assert not (tmp_path / "a.mp4").exists()
    assert main(["info", str(copy)]) == 0
    with World.open(copy) as world:
        assert len(list(world.frames())) == len(world)
        assert [len(world.store.points_of(clip)) >= 0 for clip in (0, 1, 2, 4, 5, 6)] == [True] * 6
        assert len(damage(world.store)) == 1
        other = world.branch(tmp_path / "branch", clip=2)
    assert damage(other.store) == [] and len(other.cloud) > 0


def test_a_damaged_frame_is_named_and_its_neighbours_can_be_read(
    copy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flip(copy, "SELECT rgb FROM frame WHERE clip = 6 AND number = 14")
    line = refusal(capsys, "export", copy, tmp_path / "a.mp4")
    assert "the rgb of frame 14 in clip 6 is damaged" in line
    assert not (tmp_path / "a.mp4").exists()
    assert main(["info", str(copy)]) == 0
    assert main(["export", str(copy), str(tmp_path / "a.ply")]) == 0
    with World.open(copy) as world:
        assert world.rgb(13).shape == (3, HEIGHT, WIDTH)
        assert float(world.depth(14).min()) > 0
        assert world.undo() == CLIPS - 1
        assert damage(world.store) == []


def test_damaged_cameras_are_named_and_can_be_undone(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flip(copy, "SELECT world_to_camera FROM clip WHERE number = 6")
    assert "the cameras in clip 6 is damaged" in refusal(capsys, "info", copy)
    assert main(["undo", str(copy)]) == 0
    assert damage(Store(copy)) == []


def test_a_file_of_noise_is_no_world(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / FILE_NAME).write_bytes(np.random.default_rng(0).bytes(5000))
    assert "not a world, or damaged" in refusal(capsys, "info", tmp_path)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9])
def test_a_file_cut_short_is_one_clear_error(
    copy: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path, share: float
) -> None:
    file = copy / FILE_NAME
    file.write_bytes(file.read_bytes()[: int(share * file.stat().st_size)])
    assert "damaged" in refusal(capsys, "export", copy, tmp_path / "a.mp4")


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes]:
    """A world of one clip of six, and a log with two more, as a crash leaves it while somebody reads."""
    folder = tmp_path_factory.mktemp("logged") / "world"
    walk_until(folder, clips=1)
    reader = Store(folder)
    reading = reader._connection.execute("SELECT number FROM frame")
    reading.fetchone()
    walk_until(folder, clips=2)
    crashed = folder.with_name("crashed")
    crashed.mkdir()
    shutil.copy(folder / FILE_NAME, crashed)
    log = (folder / f"{FILE_NAME}-wal").read_bytes()
    assert len(log) > 10_000
    reading.close()
    return crashed, log


def crash(logged: tuple[Path, bytes], folder: Path, log: bytes) -> Path:
    """That world with another log."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(logged[0], folder)
    (folder / f"{FILE_NAME}-wal").write_bytes(log)
    return folder


def test_a_log_cut_short_or_flipped_at_any_byte_leaves_whole_clips(
    walked: Path, logged: tuple[Path, bytes], tmp_path: Path
) -> None:
    truth, log = fingerprints(walked), logged[1]

    def clips_with(log: bytes) -> int:
        found = fingerprints(crash(logged, tmp_path / "crashed", log))
        assert found == truth[: len(found)]
        return len(found) - 2

    places = np.linspace(0, len(log) - 1, 16).astype(int).tolist()
    cut = [clips_with(log[:size]) for size in places]
    flipped = [clips_with(log[:at] + bytes([log[at] ^ 1]) + log[at + 1 :]) for at in places]
    assert cut[0] == 1 and cut == sorted(cut) and clips_with(log) == 3
    assert 2 in flipped


@pytest.mark.parametrize("share", [0.0005, 0.3, 0.6, 0.99])
def test_a_log_that_breaks_off_is_told_once_and_says_what_is_there(
    logged: tuple[Path, bytes], tmp_path: Path, caplog: pytest.LogCaptureFixture, share: float
) -> None:
    log = logged[1][: int(share * len(logged[1]))]
    folder = crash(logged, tmp_path / "crashed", log)
    store = Store(folder)
    last = store.records()[-1]
    store.close()
    (line,) = [record.getMessage() for record in caplog.records]
    assert f"{FILE_NAME}-wal broke off within a change, whose " in line
    assert (
        f"ends with clip {last.number} and frame {last.end_frame - 1}, of {FRAMES} frames under way" in line
    )
    caplog.clear()
    Store(folder).close()
    assert not caplog.records


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_flipped_bit_in_the_log_is_told_with_all_that_is_lost_behind_it(
    logged: tuple[Path, bytes], tmp_path: Path, caplog: pytest.LogCaptureFixture, share: float
) -> None:
    log = bytearray(logged[1])
    log[int(share * len(log))] ^= 4
    folder = crash(logged, tmp_path / "crashed", bytes(log))
    lost = bytes_without_commit(folder / f"{FILE_NAME}-wal")
    assert (1 - share) * len(log) < lost < len(log)
    Store(folder).close()
    assert f"whose {lost:,} bytes are lost" in caplog.text


def test_a_whole_log_and_one_that_is_being_written_are_no_news(
    logged: tuple[Path, bytes], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    whole = crash(logged, tmp_path / "whole", logged[1])
    assert bytes_without_commit(whole / f"{FILE_NAME}-wal") == 0
    # What an earlier use left behind the end has other salts.
    stale = bytearray(logged[1][-3 * 4120 :])
    for frame in range(3):
        stale[frame * 4120 + 8] ^= 1
    crash(logged, tmp_path / "stale", logged[1] + stale)
    assert bytes_without_commit(tmp_path / "stale" / f"{FILE_NAME}-wal") == 0
    broken = crash(logged, tmp_path / "broken", logged[1][:-100])
    with writer_lock(broken):
        Store(broken).close()
    for folder in (whole, tmp_path / "stale"):
        Store(folder).close()
    assert not caplog.records


def test_the_end_of_a_log_is_where_sqlite_finds_it(
    logged: tuple[Path, bytes], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Cut behind each frame: a change more is there exactly where ours says that nothing is left over."""
    log, frame = logged[1], 24 + 4096
    ends = []
    for count in range(1, (len(log) - 32) // frame + 1):
        folder = crash(logged, tmp_path / "crashed", log[: 32 + count * frame])
        if bytes_without_commit(folder / f"{FILE_NAME}-wal") == 0:
            ends.append(Store(folder).clip_count())
    assert sorted(ends) == ends and set(ends) == {3, 4}


# Full and read-only disks


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, of two megabytes."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(place)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("mounting a small tmpfs is not permitted here")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(place: Path) -> Path:
    """Leave no room; returns the file that takes it."""
    filler = place / "filler"
    opened = os.open(filler, os.O_WRONLY | os.O_CREAT)
    try:
        while True:
            os.write(opened, bytes(4096))
    except OSError:
        return filler
    finally:
        os.close(opened)


@pytest.mark.usefixtures("tiny_core")
def test_on_a_full_disk_what_was_committed_stays_and_can_be_gone_on_with(
    walked: Path, tmp_path: Path, small_disk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world = small_disk / "world"
    walk_until(world, clips=2)
    filler = fill(small_disk)
    assert "No space left" in refusal(capsys, "continue", world) or "disk is full" in capsys.readouterr().err
    assert main(["info", str(world)]) == 0
    assert main(["export", str(world), str(tmp_path / "a.ply")]) == 0
    found = fingerprints(world)
    assert found == fingerprints(walked)[: len(found)] and len(found) == 4
    filler.unlink()
    walk_to_the_end(world, tiny_opening(), tell=lambda: None)
    assert fingerprints(world) == fingerprints(walked)


def test_a_disk_that_fills_while_a_clip_is_written_keeps_the_clips_before(
    walked: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "world"
    walk_until(folder, clips=2)
    with World.open(folder) as world:
        # SQLite then refuses to grow, in the same way as on a full disk.
        pages = world.store._connection.execute("PRAGMA page_count").fetchone()[0]
        world.store._connection.execute(f"PRAGMA max_page_count = {pages + 2}")
        with pytest.raises(OSError, match="disk is full"):
            next(Explorer(TinyCore()).resume(world))
        assert len(world.clips) == 3
    assert damage(Store(folder)) == []
    walk_to_the_end(folder, tiny_opening(), tell=lambda: None)
    assert fingerprints(folder) == fingerprints(walked)


def test_a_world_that_cannot_be_made_for_want_of_room_leaves_nothing(tmp_path: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
        with pytest.raises(OSError, match="disk"):
            World.create(tmp_path / "world", tiny_opening())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list((tmp_path / "world").iterdir()) == []
    World.create(tmp_path / "world", tiny_opening()).close()


@pytest.mark.usefixtures("tiny_core")
def test_a_read_only_folder_can_be_read_and_says_so_when_written(
    walked: Path, tmp_path: Path, small_disk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world = small_disk / "world"
    world.mkdir()
    shutil.copy(walked / FILE_NAME, world)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    assert main(["info", str(world)]) == 0
    assert main(["export", str(world), str(tmp_path / "a.ply")]) == 0
    assert (tmp_path / "a.ply").read_bytes() == (walked / "points.ply").read_bytes()
    for command in (["undo", world], ["continue", world, "--path", "left:0.1"]):
        assert f"{world}: cannot be written (Read-only file system)" in refusal(capsys, *command)


# Other machines and other versions


def test_all_results_come_from_the_store_alone(walked: Path, copy: Path, tmp_path: Path) -> None:
    for name in ("video.mp4", "depth.mkv", "points.ply", "cameras.json"):
        assert main(["export", str(copy), str(tmp_path / name)]) == 0
        assert (tmp_path / name).read_bytes() == (walked / name).read_bytes(), name


SCHEMA_1 = """
CREATE TABLE world (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    height INTEGER NOT NULL, width INTEGER NOT NULL, fps REAL NOT NULL,
    origin TEXT NOT NULL  -- JSON: where the picture and its depth came from
) STRICT;
CREATE TABLE clip (
    number INTEGER PRIMARY KEY,  -- 0 is the photograph
    first_frame INTEGER NOT NULL,
    K BLOB NOT NULL, world_to_camera BLOB NOT NULL,
    points BLOB NOT NULL,  -- what this clip brought into the cache
    making TEXT NOT NULL  -- JSON: path, core, seed, steps, prompt
) STRICT;
CREATE TABLE frame (
    clip INTEGER NOT NULL REFERENCES clip(number) ON DELETE CASCADE,
    number INTEGER NOT NULL,  -- of the whole walk; the newest clip that holds a frame wins
    rgb BLOB NOT NULL, depth BLOB NOT NULL, known BLOB NOT NULL,
    PRIMARY KEY (clip, number)
) STRICT;
"""
POINT_1 = np.dtype(
    [("position", "<f4", 3), ("normal", "<f4", 3), ("radius", "<f4"), ("color", "u1", 3), ("sky", "u1")]
)


@pytest.fixture
def old(walked: Path, tmp_path: Path) -> Path:
    """The walked world as version 1 would have written it."""
    folder = tmp_path / "old"
    folder.mkdir()
    store = Store(walked)
    new = sqlite3.connect(walked / FILE_NAME)
    connection = sqlite3.connect(folder / FILE_NAME)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.executescript(SCHEMA_1)
    connection.execute(
        "INSERT INTO world VALUES (?, ?, ?, ?, ?)", new.execute("SELECT * FROM world").fetchone()
    )
    for number, first_frame, K, pose, making in new.execute(
        "SELECT number, first_frame, K, world_to_camera, making FROM clip"
    ):
        cloud = store.points_of(number)
        records = np.empty(len(cloud), POINT_1)
        records["position"], records["normal"] = cloud.positions.numpy(), cloud.normals.numpy()
        records["radius"], records["sky"] = cloud.radii.numpy(), cloud.sky.numpy()
        records["color"] = (cloud.colors * 255).round().numpy()
        points = zlib.compress(records.tobytes(), level=1)
        connection.execute(
            "INSERT INTO clip VALUES (?, ?, ?, ?, ?, ?)", (number, first_frame, K, pose, points, making)
        )
    frames = new.execute("SELECT clip, number, rgb, depth, known FROM frame").fetchall()
    connection.executemany("INSERT INTO frame VALUES (?, ?, ?, ?, ?)", frames)
    connection.execute("PRAGMA user_version = 1")
    connection.commit()
    connection.close()
    return folder


def test_an_older_world_is_migrated_whole_and_its_file_is_kept(
    walked: Path, old: Path, caplog: pytest.LogCaptureFixture
) -> None:
    before = (old / FILE_NAME).read_bytes()
    assert fingerprints(old) == fingerprints(walked)
    assert "brought from version 1 to 2" in caplog.text
    assert (old / FILE_NAME).stat().st_size < 1.3 * len(before)
    assert damage(Store(old)) == []
    backup = old / f"{FILE_NAME}.v1-backup"
    with World.open(old) as world:
        assert world.undo(6) == 0
    # Put back, the copy is the old world again: it migrates once more, to the same.
    assert backup.stat().st_size == len(before)
    os.replace(backup, old / FILE_NAME)
    assert fingerprints(old) == fingerprints(walked)


def test_a_migration_that_fails_leaves_the_older_world_as_it_was(
    old: Path, monkeypatch: pytest.MonkeyPatch, walked: Path
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("voyager_lite.world.migration.pack_chunks", full)
        with pytest.raises(OSError, match="No space"):
            Store(old)
    assert sqlite3.connect(old / FILE_NAME).execute("PRAGMA user_version").fetchone() == (1,)
    assert fingerprints(old) == fingerprints(walked)


def test_a_newer_world_is_refused_politely(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    connection = sqlite3.connect(copy / FILE_NAME)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    line = refusal(capsys, "info", copy)
    assert "written by a newer voyager-lite (version 99 of the format; this one reads up to 2)" in line


# What is kept about the making


def test_a_world_knows_what_made_it(walked: Path) -> None:
    with World.open(walked) as world:
        making = world.clips[4].making
        assert (making["core"], making["walk_seed"], making["seed"]) == ("tiny", 3, 3 + 4 * 7919)
        assert world.origin["versions"]["torch"] == torch.__version__  # type: ignore[index]
        assert making["versions"] == world.origin["versions"]
