"""A walk is stopped by what its progress raises: wherever that is, finished clips stay and nothing else."""

import itertools
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import torch

from geometry.trajectory import Trajectory
from voyager_lite.core import load_core
from voyager_lite.evaluation.kills import TinyCore, fingerprints, tiny_opening
from voyager_lite.explorer import Explorer, Step
from voyager_lite.world.integrity import damage
from voyager_lite.world.world import World

PATH = Trajectory.parse("right:0.5,up:0.2", frames=7)


class Enough(Exception):
    """Somebody has pressed Cancel."""


class StoppedAt:
    """Progress that raises when it is told for the n-th time."""

    def __init__(self, call: int) -> None:
        self.left = call
        self.told: list[Step] = []

    def __call__(self, step: Step) -> None:
        self.told.append(step)
        self.left -= 1
        if not self.left:
            raise Enough


def walk(folder: Path, progress: StoppedAt, *, core: object, path: Trajectory = PATH) -> World:
    """A new world, walked until it is stopped."""
    world = World.create(folder, tiny_opening())
    try:
        for _ in Explorer(core).explore(world, path, seed=3, progress=progress):  # type: ignore[arg-type]
            pass
    except Enough:
        pass
    return world


def test_wherever_a_walk_is_stopped_finished_clips_stay_and_the_rest_is_gone(tmp_path: Path) -> None:
    whole = StoppedAt(0)
    with walk(tmp_path / "whole", whole, core=TinyCore()) as world:
        assert len(world.clips) == 3
    for call, step in enumerate(whole.told, 1):
        stopped = StoppedAt(call)
        with walk(tmp_path / f"{call}", stopped, core=TinyCore()) as world:
            assert stopped.told == whole.told[:call]
            assert len(world.clips) == step.clip
            assert not damage(world.store)
            with world.writing():
                """Nobody holds the world any more."""
            # What had entered the points in memory for the unfinished clip is forgotten, too.
            stored = sum(len(points) for points in world.store.points())
            assert len(world.cloud) == stored
            assert world.pending is not None


def test_a_stopped_walk_that_goes_on_is_never_having_stopped(tmp_path: Path) -> None:
    walk(tmp_path / "whole", StoppedAt(0), core=TinyCore()).close()
    for call in (1, 5, 12, 20, 29):
        with walk(tmp_path / f"{call}", StoppedAt(call), core=TinyCore()) as world:
            list(Explorer(TinyCore()).resume(world))
        assert fingerprints(tmp_path / f"{call}") == fingerprints(tmp_path / "whole")


def test_what_is_told_never_goes_back(tmp_path: Path) -> None:
    told = StoppedAt(0)
    walk(
        tmp_path / "world", told, core=load_core("nano"), path=Trajectory.parse("right:1", frames=38)
    ).close()
    order = [(step.clip, step.step / step.steps, step.kept) for step in told.told]
    assert order == sorted(order)
    for clip, steps in itertools.groupby(told.told, key=lambda step: step.clip):
        shown = list(steps)
        assert shown[0].step == 0
        # Of each frame at least: the core completes it, and it is quantized and compressed.
        frames = 25 if clip < 3 else 14
        assert len(shown) > 3 * frames
        assert shown[-1].step == shown[-1].steps


def test_prompts_of_later_stretches_survive_an_interruption(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TinyCore, "reads_prompts", True)
    wanted = ((0, "sun"), (4, "snow"), (10, "rain, é"))
    path = Trajectory.parse("right:0.5,up:0.2", frames=15)
    for name, clips in (("whole", 9), ("cut", 1)):
        with World.create(tmp_path / name, tiny_opening()) as world:
            begun = Explorer(TinyCore()).explore(world, path, seed=3, prompt=wanted)
            list(itertools.islice(begun, clips))
            begun.close()  # type: ignore[attr-defined]
    with World.open(tmp_path / "cut") as world:
        assert world.pending is not None and world.pending.prompts == wanted
        list(Explorer(TinyCore()).resume(world))
        assert world.pending is None
        found = [(clip.first_frame, clip.making["prompt"]) for clip in world.clips[1:]]
        assert found == [(0, "sun"), (4, "snow"), (6, "snow"), (10, "rain, é")]
    assert fingerprints(tmp_path / "cut") == fingerprints(tmp_path / "whole")


def test_stretches_are_walked_as_walks_of_their_own_would_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TinyCore, "reads_prompts", True)
    path = Trajectory.parse("right:0.5", frames=12)
    with (
        World.create(tmp_path / "one", tiny_opening()) as one,
        World.create(tmp_path / "apart", tiny_opening()) as apart,
    ):
        cameras = Explorer(TinyCore()).plan(one, path)
        list(Explorer(TinyCore()).explore(one, cameras, seed=3, prompt=[(0, "sun"), (6, "snow")]))
        list(Explorer(TinyCore()).explore(apart, cameras[:7], seed=3, prompt="sun"))
        list(Explorer(TinyCore()).explore(apart, cameras[6:], seed=3, prompt="snow"))
        assert len(one) == len(apart) == 12
        assert all(torch.equal(one.rgb(number), apart.rgb(number)) for number in range(12))
    assert fingerprints(tmp_path / "one") == fingerprints(tmp_path / "apart")


def test_a_walk_that_an_older_version_left_unfinished_keeps_its_prompt(tmp_path: Path) -> None:
    with World.create(tmp_path / "old", tiny_opening()) as world:
        begun = Explorer(TinyCore()).explore(world, PATH, seed=3, prompt="é")
        next(begun)
        begun.close()  # type: ignore[attr-defined]
    _say_it_the_old_way(tmp_path / "old" / "world.sqlite")
    with World.open(tmp_path / "old") as world:
        assert world.pending is not None and world.pending.prompts == ((0, "é"),)


def _say_it_the_old_way(file: Path) -> None:
    from voyager_lite.world.rows import blob_crc

    with closing(sqlite3.connect(file)) as connection, connection:
        K, poses, request = connection.execute("SELECT K, world_to_camera, request FROM pending").fetchone()
        old = request.replace('"prompts": [[0, "é"]]', '"prompt": "é"')
        assert old != request
        row = (old, blob_crc(K, poses, old))
        connection.execute("UPDATE pending SET request = ?, crc = ?", row)
