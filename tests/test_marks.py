"""Names of states: equal histories are called the same, and no others."""

from pathlib import Path

import pytest
import torch

from geometry.trajectory import Trajectory
from voyager_lite.depth.estimate import DepthEstimate
from voyager_lite.evaluation.kills import TinyCore
from voyager_lite.explorer import Explorer
from voyager_lite.opening import View, open_photograph
from voyager_lite.photograph import Photograph
from voyager_lite.world.marks import clip_marks, frame_marks
from voyager_lite.world.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return wall(tmp_path / "world", distance=2.0)


def wall(folder: Path, *, distance: float) -> World:
    depth = torch.full((32, 48), distance)
    estimate = DepthEstimate(
        depth=depth, valid=depth > 0, sky=depth < 0, fov_degrees=60.0, metric=True, source=f"at {distance}"
    )
    photograph = Photograph(rgb=torch.full((3, 32, 48), 0.5), fov_degrees=None, path=Path(__file__))
    return World.create(folder, open_photograph(photograph, estimate, view=View()))


def walk(world: World, path: str, *, seed: int = 0) -> list[str]:
    list(Explorer(TinyCore()).explore(world, Trajectory.parse(path, frames=7), seed=seed))
    return clip_marks(world)


def test_frames_are_called_by_the_newest_clip_that_holds_them(world: World) -> None:
    marks = walk(world, "right:0.2")
    assert [(clip.first_frame, len(clip.cameras)) for clip in world.clips] == [(0, 1), (0, 5), (2, 5)]
    assert frame_marks(world) == [marks[1]] * 2 + [marks[2]] * 5
    assert len(set(marks)) == 3


def test_the_same_walk_again_has_the_same_name_and_another_has_not(world: World) -> None:
    first = walk(world, "right:0.2")
    found = {tuple(first)}
    for path, seed in (("right:0.2", 1), ("right:0.3", 0), ("left:0.2", 0)):
        world.undo(2)
        found.add(tuple(walk(world, path, seed=seed)))
    assert len(found) == 4
    assert {marks[0] for marks in found} == {first[0]}
    world.undo(2)
    assert walk(world, "right:0.2") == first


def test_another_depth_is_another_world(world: World, tmp_path: Path) -> None:
    assert clip_marks(world) != clip_marks(wall(tmp_path / "far", distance=3.0))
