"""A path cut where its prompt changes: nothing is lost, nothing is walked twice."""

import itertools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from geometry.camera import Camera
from geometry.trajectory import Trajectory
from voyager_lite.stretches import pieces, stretches


def path(frames: int) -> Camera:
    start = Camera.from_fov(60.0, height=32, width=48)
    return Trajectory.parse("forward:1", frames=frames).cameras(start, focus_distance=4.0)


def lengths(frames: int, prompts: list[tuple[int, str]]) -> list[tuple[int, str | None]]:
    return [(len(part.cameras), part.prompt) for part in stretches(path(frames), prompts)]


def test_by_hand() -> None:
    assert lengths(9, []) == [(9, None)]
    assert lengths(9, [(0, "snow")]) == [(9, "snow")]
    assert lengths(9, [(4, "snow")]) == [(5, None), (5, "snow")]
    assert lengths(9, [(0, "sun"), (2, "snow")]) == [(3, "sun"), (7, "snow")]
    assert lengths(9, [(0, "sun"), (8, "snow")]) == [(9, "sun")]


def test_clips_of_stretches_by_hand() -> None:
    def found(frames: int, *prompts: tuple[int, str]) -> list[tuple[int, int, int | None, str | None]]:
        clips = pieces(path(frames), prompts, clip_frames=5)
        return [(clip.first_frame, len(clip.cameras), clip.later, clip.prompt) for clip in clips]

    assert found(9) == [(0, 5, None, None), (2, 5, 2, None), (4, 5, 2, None)]
    assert found(9, (0, "sun"), (4, "snow")) == [(0, 5, None, "sun"), (4, 5, None, "snow")]
    assert found(10, (3, "snow")) == [(0, 4, None, None), (3, 5, None, "snow"), (5, 5, 2, "snow")]


@given(
    st.integers(2, 20).flatmap(
        lambda frames: st.tuples(st.just(frames), st.sets(st.integers(0, frames - 1), max_size=5))
    )
)
def test_joined_stretches_are_the_path(case: tuple[int, set[int]]) -> None:
    frames, begins = case
    whole = path(frames)
    parts = stretches(whole, [(frame, f"from {frame}") for frame in sorted(begins)])
    assert all(len(part.cameras) >= 2 for part in parts)
    poses = [parts[0].cameras.world_to_camera[:1], *(part.cameras.world_to_camera[1:] for part in parts)]
    assert torch.equal(torch.cat(poses), whole.world_to_camera)
    for before, after in itertools.pairwise(parts):
        assert torch.equal(before.cameras.world_to_camera[-1], after.cameras.world_to_camera[0])


@pytest.mark.parametrize(
    ("prompts", "said"),
    [
        ([(9, "late")], "the path has 0 to 8"),
        ([(-1, "early")], "the path has 0 to 8"),
        ([(3, "a"), (3, "b")], "do not increase"),
        ([(5, "a"), (3, "b")], "do not increase"),
    ],
)
def test_what_no_path_has_is_refused(prompts: list[tuple[int, str]], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        stretches(path(9), prompts)
