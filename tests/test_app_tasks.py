"""What the tasks do to worlds, and how they end: by themselves, at a wish, or with an error."""

import threading
from collections.abc import Callable, Generator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from walls import WIDTH, load_tiny, wall

from app.exporting import Export, Films, exports_folder
from app.jobs import Result, Stopped, Told, Tools, shown
from app.lifting import Lift, kept_photograph
from app.pacing import MeasurePace
from app.tasks import BranchOff, Finish, GoBack, Walk, Way
from geometry.trajectory import Trajectory
from voyager_lite.errors import PathBlockedError
from voyager_lite.evaluation.kills import TinyCore
from voyager_lite.explorer import Explorer
from voyager_lite.export.formats import FORMATS
from voyager_lite.world.world import World


class Bench:
    """Runs tasks here, in place of the working process."""

    def __init__(self) -> None:
        self.heard: list[Told] = []
        self.wish = threading.Event()
        self.stop: Callable[[Told], bool] = lambda told: False

    def tell(self, told: Told) -> None:
        if self.stop(told):
            raise Stopped
        self.heard.append(told)

    def run(self, job: object) -> Result:
        tools = Tools(
            explorer=lambda core: Explorer(load_tiny(core)), tell=self.tell, ends_here=self.wish.is_set
        )
        steps: Generator[None, None, Result] = job.run(tools)  # type: ignore[attr-defined]
        while True:
            try:
                next(steps)
            except StopIteration as end:
                return end.value


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    wall(tmp_path / "wall").close()
    return tmp_path / "wall"


def way(folder: Path, path: str, *, frames: int, prompts: tuple[tuple[int, str], ...] = ()) -> Way:
    with World.open(folder) as world:
        cameras = Trajectory.parse(path, frames=frames).cameras(world.cameras[-1], focus_distance=2.0)
    return Way.of(cameras, prompts=prompts)


def clips_and_frames(folder: Path) -> tuple[int, int]:
    with World.open(folder) as world:
        return len(world.clips) - 1, len(world)


def test_a_walk_is_that_of_the_explorer(bench: Bench, folder: Path, tmp_path: Path) -> None:
    onward = way(folder, "right:0.2", frames=9)
    bench.run(Walk(folder=folder, way=onward, core="tiny", seed=3))
    with wall(tmp_path / "twin") as twin, World.open(folder) as world:
        list(Explorer(load_tiny("tiny")).explore(twin, onward.cameras(twin), seed=3))
        assert len(world) == len(twin) == 9
        assert all(torch.equal(world.rgb(number), twin.rgb(number)) for number in range(9))


def test_a_way_into_the_wall_is_refused_before_anything_is_made(bench: Bench, folder: Path) -> None:
    with pytest.raises(PathBlockedError):
        bench.run(Walk(folder=folder, way=way(folder, "forward:3", frames=9), core="tiny"))
    assert clips_and_frames(folder) == (0, 1)
    with World.open(folder) as world:
        assert world.pending is None


@pytest.mark.parametrize(
    ("last", "kept"),
    [
        ("clip 1 of 4, looking", 0),
        ("clip 3 of 4, step 1", 2),
        ("clip 2 of 4, fusing", 1),
        ("clip 2 of 4, kept", 2),
    ],
)
def test_who_stops_keeps_the_clips_and_gives_up_the_rest(
    bench: Bench, folder: Path, last: str, kept: int
) -> None:
    bench.stop = lambda told: told.text.startswith(last)
    with pytest.raises(Stopped):
        bench.run(Walk(folder=folder, way=way(folder, "right:0.2", frames=11), core="tiny"))
    with World.open(folder) as world:
        assert len(world.clips) - 1 == kept
        assert world.pending is None
        with world.writing():
            """Nobody holds the world any more."""


def test_a_walk_says_how_far_it_is(bench: Bench, folder: Path) -> None:
    bench.run(Walk(folder=folder, way=way(folder, "right:0.2", frames=7), core="tiny"))
    shares: dict[str, list[float]] = {}
    for told in bench.heard:
        shares.setdefault(told.text, []).append(told.share)
    assert {text: found[0] for text, found in shares.items()} == {
        "loading the core": 0,
        "clip 1 of 2, looking at what is known": 0,
        "clip 1 of 2, step 1 of 2": 1 / 8,
        "clip 1 of 2, fusing what is new": 1 / 4,
        "clip 1 of 2, kept": 1 / 2,
        "clip 2 of 2, looking at what is known": 1 / 2,
        "clip 2 of 2, step 1 of 2": 5 / 8,
        "clip 2 of 2, fusing what is new": 3 / 4,
        "clip 2 of 2, kept": 1,
    }
    told = [told.share for told in bench.heard]
    assert told == sorted(told)


def test_who_leaves_has_stopped_and_may_finish_later(bench: Bench, folder: Path) -> None:
    bench.wish.set()
    with pytest.raises(Stopped):
        bench.run(Walk(folder=folder, way=way(folder, "right:0.2", frames=9), core="tiny", seed=1))
    assert clips_and_frames(folder) == (1, 5)
    bench.wish.clear()
    bench.run(Finish(folder=folder))
    assert clips_and_frames(folder) == (3, 9)
    with pytest.raises(ValueError, match="no walk is unfinished"):
        bench.run(Finish(folder=folder))


def test_who_leaves_in_the_last_clip_has_walked_it_all(bench: Bench, folder: Path) -> None:
    bench.wish.set()
    assert bench.run(Walk(folder=folder, way=way(folder, "right:0.1", frames=5), core="tiny")) == {}
    assert clips_and_frames(folder) == (1, 5)


def test_what_is_unfinished_can_be_dropped(bench: Bench, folder: Path) -> None:
    bench.wish.set()
    with pytest.raises(Stopped):
        bench.run(Walk(folder=folder, way=way(folder, "right:0.2", frames=9), core="tiny"))
    bench.run(GoBack(folder=folder, clips=0))
    assert clips_and_frames(folder) == (1, 5)
    with World.open(folder) as world:
        assert world.pending is None


def test_back_and_off_to_a_branch(bench: Bench, folder: Path, tmp_path: Path) -> None:
    bench.run(Walk(folder=folder, way=way(folder, "right:0.2", frames=9), core="tiny"))
    assert bench.run(BranchOff(folder=folder, into=tmp_path / "off", clip=1)) == {"world": "off"}
    assert clips_and_frames(tmp_path / "off") == (1, 5)
    bench.run(GoBack(folder=folder, clips=2))
    assert clips_and_frames(folder) == (1, 5)
    with pytest.raises(ValueError, match="cannot undo"):
        bench.run(GoBack(folder=folder, clips=2))


def test_prompts_are_stretches_for_cores_that_read(
    bench: Bench, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    onward = way(folder, "right:0.2", frames=9, prompts=((0, "sun"), (4, "snow")))
    monkeypatch.setattr(TinyCore, "reads_prompts", True)
    bench.run(Walk(folder=folder, way=onward, core="tiny"))
    with World.open(folder) as world:
        found = [(clip.first_frame, clip.end_frame, clip.making["prompt"]) for clip in world.clips[1:]]
    assert found == [(0, 5, "sun"), (4, 9, "snow")]


def test_prompts_of_later_stretches_wait_for_who_leaves(
    bench: Bench, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    onward = way(folder, "right:0.2", frames=13, prompts=((0, "sun"), (4, "snow"), (8, "rain")))
    monkeypatch.setattr(TinyCore, "reads_prompts", True)
    bench.wish.set()
    with pytest.raises(Stopped):
        bench.run(Walk(folder=folder, way=onward, core="tiny"))
    assert clips_and_frames(folder) == (1, 5)
    bench.wish.clear()
    bench.run(Finish(folder=folder))
    with World.open(folder) as world:
        assert [clip.making["prompt"] for clip in world.clips[1:]] == ["sun", "snow", "rain"]


def test_a_pace_is_measured_and_can_be_stopped(bench: Bench) -> None:
    job = MeasurePace(core="tiny", height=32, width=48)
    assert bench.run(job)["pace"]["clip_frames"] == TinyCore.clip_frames
    assert [told.share for told in bench.heard] == [0, 1 / 2, 1]
    bench.stop = lambda told: "step 1" in told.text
    with pytest.raises(Stopped):
        bench.run(job)


def picture(file: Path) -> Path:
    noise = np.random.default_rng(0).integers(0, 255, (32, 48, 3), dtype=np.uint8)
    Image.fromarray(noise).save(file, "PNG")
    return file


@pytest.mark.parametrize("name", ["a b.PNG", "a b"])
def test_a_photograph_becomes_a_world_that_keeps_it(bench: Bench, tmp_path: Path, name: str) -> None:
    file = picture(tmp_path / name)
    job = Lift(folder=tmp_path / "people" / "a-b", photograph=file, called=name, depth="layout")
    job.folder.parent.mkdir()
    assert bench.run(job) == {"world": "a-b"}
    kept = kept_photograph(job.folder)
    assert kept is not None and kept.read_bytes() == file.read_bytes()
    with World.open(job.folder) as world:
        assert world.store.header.width == WIDTH
        assert world.origin["asked"] == {"sample": None, "depth": "layout", "fov_degrees": None}
    assert [path.name for path in job.folder.parent.iterdir()] == ["a-b"]


def test_lifting_again_takes_the_place_of_a_world_nobody_walked_in(bench: Bench, folder: Path) -> None:
    file = picture(folder.parent / "noise.png")
    again = Lift(
        folder=folder, photograph=file, called="noise.png", depth="layout", fov_degrees=40.0, instead=True
    )
    bench.run(again)
    with World.open(folder) as world:
        assert float(world.clips[0].cameras[0].fov_degrees) == pytest.approx(40)
    bench.run(Walk(folder=folder, way=way(folder, "right:0.01", frames=5), core="tiny"))
    with pytest.raises(ValueError, match="has been walked in"):
        bench.run(again)
    assert clips_and_frames(folder) == (1, 5)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 a zip", b"\xff\xd8\xff cut short"])
def test_what_is_no_picture_is_named_as_the_person_called_it(
    bench: Bench, tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "secret-place" / "x.jpg"
    file.parent.mkdir()
    file.write_bytes(content)
    with pytest.raises(ValueError, match=r"holiday\.jpg") as refused:
        bench.run(Lift(folder=tmp_path / "world", photograph=file, called="holiday.jpg"))
    assert "secret-place" not in str(refused.value)
    assert not (tmp_path / "world").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["secret-place"]


def test_exports_are_of_the_world_as_it_is(bench: Bench, folder: Path) -> None:
    bench.run(Films(folder=folder))
    assert bench.run(Export(folder=folder, kind="ply")) == {"file": "ply.ply"}
    assert bench.run(Export(folder=folder, kind="frames")) == {"file": "frames.zip"}
    with World.open(folder) as world:
        before = exports_folder(world)
    assert {file.name for file in before.iterdir()} == {"colour.mp4", "depth.mp4", "ply.ply", "frames.zip"}
    bench.run(Walk(folder=folder, way=way(folder, "right:0.1", frames=5), core="tiny"))
    with World.open(folder) as world:
        after = exports_folder(world)
    assert after != before
    assert not before.exists()


def test_every_format_has_a_name_of_its_own(tmp_path: Path) -> None:
    from app.exporting import export_file

    assert len({export_file(tmp_path, kind) for kind in FORMATS}) == len(FORMATS)


def test_errors_do_not_name_hidden_places() -> None:
    error = FileNotFoundError(2, "No such file", "/pictures/y.png")
    assert shown(error, hidden={Path("/pictures/y.png"): "your picture"}) == "your picture: No such file"
