"""The handing over from one clip to the next."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from voyager_lite.sampling.seam import crossfade, overlap_weights, start_state, start_times


@given(frames=st.integers(2, 40))
def test_weights_go_from_all_previous_to_all_new_in_equal_steps(frames):
    weights = overlap_weights(frames)
    assert weights[0] == 0 and weights[-1] == 1
    assert torch.allclose(weights.diff(), torch.full((frames - 1,), 1 / (frames - 1)), atol=1e-6)
    assert torch.allclose(weights + weights.flip(0), torch.ones(frames))  # the shares of both sum to 1


@given(shared=st.integers(2, 6), frames=st.integers(6, 9), seed=st.integers(0, 99))
def test_crossfade_begins_as_the_previous_clip_and_ends_as_the_new(shared, frames, seed):
    draw = torch.Generator().manual_seed(seed)
    previous, new = torch.randn(shared, 2, 3, generator=draw), torch.randn(frames, 2, 3, generator=draw)
    faded = crossfade(previous, new)
    assert torch.equal(faded[0], previous[0])
    assert torch.equal(faded[shared - 1 :], new[shared - 1 :])
    lower, upper = torch.minimum(previous, new[:shared]), torch.maximum(previous, new[:shared])
    assert ((faded[:shared] >= lower - 1e-6) & (faded[:shared] <= upper + 1e-6)).all()


def test_equal_clips_stay_as_they_are():
    clip = torch.randn(5, 3, generator=torch.Generator().manual_seed(0))
    assert torch.equal(crossfade(clip[:3], clip), clip)
    assert torch.equal(crossfade(clip[:0], clip), clip)


def test_shared_frames_start_from_the_previous_result_at_the_given_level():
    previous, noise = torch.full((2, 3), 5.0), torch.ones(4, 3)
    state = start_state(previous, noise, level=0.25)
    assert torch.equal(state[:2], torch.full((2, 3), 0.75 * 5 + 0.25))
    assert torch.equal(state[2:], noise[2:])
    assert start_times(4, shared=2, level=0.25).tolist() == [0.25, 0.25, 1, 1]


def test_level_zero_is_the_previous_result_and_level_one_is_noise():
    previous, noise = torch.randn(2, 3), torch.randn(4, 3)
    assert torch.equal(start_state(previous, noise, level=0.0)[:2], previous)
    assert torch.equal(start_state(previous, noise, level=1.0), noise)


@pytest.mark.parametrize("join", [crossfade, lambda a, b: start_state(a, b, level=0.5)])
def test_more_shared_frames_than_frames_are_refused(join):
    with pytest.raises(ValueError, match="shares 5 frames; this clip has 4"):
        join(torch.zeros(5, 2), torch.zeros(4, 2))
