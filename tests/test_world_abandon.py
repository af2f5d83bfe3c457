"""A walk that was given up: its clips stay, and nothing is left to finish."""

from pathlib import Path

import pytest
import torch

from geometry.trajectory import Trajectory
from voyager_lite.depth.estimate import DepthEstimate
from voyager_lite.evaluation.kills import TinyCore
from voyager_lite.explorer import Explorer
from voyager_lite.opening import View, open_photograph
from voyager_lite.photograph import Photograph
from voyager_lite.world.world import World


@pytest.fixture
def interrupted(tmp_path: Path) -> World:
    """A wall two units away, and one clip of a walk of three."""
    wall = torch.full((32, 48), 2.0)
    estimate = DepthEstimate(
        depth=wall, valid=wall > 0, sky=wall < 0, fov_degrees=60.0, metric=True, source="a wall"
    )
    photograph = Photograph(rgb=torch.full((3, 32, 48), 0.5), fov_degrees=None, path=Path(__file__))
    world = World.create(tmp_path / "world", open_photograph(photograph, estimate, view=View()))
    walk = Explorer(TinyCore()).explore(world, Trajectory.parse("right:1", frames=9))
    next(walk)
    walk.close()
    return world


def test_an_abandoned_walk_keeps_its_clips_and_cannot_be_finished(interrupted: World) -> None:
    frames = len(interrupted)
    assert interrupted.pending is not None
    interrupted.abandon()
    assert interrupted.pending is None
    assert (len(interrupted.clips), len(interrupted)) == (2, frames)
    with pytest.raises(ValueError, match="no walk is unfinished"):
        next(Explorer(TinyCore()).resume(interrupted))
    with World.open(interrupted.folder) as again:
        assert (again.pending, len(again)) == (None, frames)


def test_abandoning_nothing_changes_nothing(interrupted: World) -> None:
    interrupted.abandon()
    interrupted.abandon()
    assert len(interrupted.clips) == 2


def test_one_walks_on_from_where_it_was_abandoned(interrupted: World) -> None:
    interrupted.abandon()
    clips = list(Explorer(TinyCore()).explore(interrupted, Trajectory.parse("left:0.5", frames=5)))
    assert [clip.number for clip in interrupted.clips] == [0, 1, 2]
    assert len(clips) == 1
