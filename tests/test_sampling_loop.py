"""The loop all cores share: schedule, seam and classifier-free guidance, against closed forms."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from voyager_lite.sampling.flow import linear_quadratic_schedule, noise_like, schedule
from voyager_lite.sampling.guidance import ClassifierFree, guided
from voyager_lite.sampling.loop import OVERLAP_LEVEL, Seam, sample_clip


@given(steps=st.integers(1, 200), emulated=st.integers(200, 2000))
def test_linear_quadratic_falls_from_one_to_zero(steps, emulated):
    times = linear_quadratic_schedule(steps, emulated=emulated)
    assert len(times) == steps + 1 and times[0] == 1 and times[-1] == 0
    assert (times.diff() < 0).all()


def test_first_half_is_that_of_a_thousand_steps_and_the_rest_a_parabola():
    times = linear_quadratic_schedule(50)
    torch.testing.assert_close(times[:26], 1 - torch.arange(26, dtype=torch.float64) / 1000)
    bend = times[25:].diff().diff()
    torch.testing.assert_close(bend, bend[:1].expand_as(bend))


@pytest.mark.parametrize("steps", [2, 7, 50])
def test_linear_quadratic_equals_diffusers(steps):
    from diffusers.pipelines.mochi.pipeline_mochi import linear_quadratic_schedule as theirs

    sigmas = theirs(steps, threshold_noise=(steps // 2) / 1000)
    torch.testing.assert_close(linear_quadratic_schedule(steps)[:-1].tolist(), sigmas, atol=1e-12, rtol=0)


@pytest.mark.parametrize("steps", [0, 1001])
def test_linear_quadratic_refuses(steps):
    with pytest.raises(ValueError, match=f"steps is {steps}; expected 1 to 1000"):
        linear_quadratic_schedule(steps)


def to_constant(target):
    """The exact velocity when all data is one point: (x - target) / t."""

    def velocity(x, t):
        return (x - target) / t.to(x).reshape(*t.shape, *([1] * (x.ndim - 2)))

    return velocity


def test_first_clip_reaches_the_data():
    noise = noise_like(torch.empty(5, 2, 3), seed=0).double()
    told = []
    result = sample_clip(
        to_constant(0.5),
        noise,
        times=schedule(4, shift=3.0),
        progress=lambda done, total: told.append((done, total)),
    )
    torch.testing.assert_close(result, torch.full_like(noise, 0.5))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


@pytest.mark.parametrize("time_per_frame", [False, True])
def test_previous_clip_of_the_same_data_goes_on_unchanged(time_per_frame):
    noise = noise_like(torch.empty(5, 2, 3), seed=0).double()
    previous = torch.full((3, 2, 3), 0.5, dtype=torch.float64)
    told = []
    result = sample_clip(
        to_constant(0.5),
        noise,
        times=schedule(5),
        seam=Seam(previous=previous, seed=1, time_per_frame=time_per_frame),
        progress=lambda done, total: told.append((done, total)),
    )
    torch.testing.assert_close(result, torch.full_like(noise, 0.5))
    assert told[-1] == (6, 6)


def test_shared_frames_follow_the_previous_result_until_the_overlap_level():
    noise = noise_like(torch.empty(4, 3), seed=0).double()
    previous = torch.tensor([[1.0, 2, 3], [4, 5, 6]], dtype=torch.float64)
    seen = []

    def velocity(x, t):
        seen.append((float(t[0, 0]), x[0].clone()))
        return torch.zeros_like(x)

    sample_clip(velocity, noise, times=schedule(5), seam=Seam(previous=previous, seed=1))
    for t, state in seen[:-1]:  # the last pass is the seam's
        straight = (1 - t) * previous + t * noise[:2]
        at_level = (1 - OVERLAP_LEVEL) * previous + OVERLAP_LEVEL * noise[:2]
        torch.testing.assert_close(state[:2], straight if t > OVERLAP_LEVEL else at_level)
        assert torch.equal(state[2:], noise[2:])


def test_seam_averages_then_denoises_a_last_time():
    """With a velocity of zero the result is the average plus the light noise: what the formula says."""
    noise = noise_like(torch.empty(4, 3), seed=0)
    previous = torch.ones(2, 3)
    result = sample_clip(
        lambda x, t: torch.zeros_like(x), noise, times=schedule(10), seam=Seam(previous=previous, seed=7)
    )
    light = noise_like(noise, seed=7)
    torch.testing.assert_close(result[0], 0.9 * previous[0] + 0.1 * light[0])
    torch.testing.assert_close(result[3], 0.9 * noise[3] + 0.1 * light[3])


def test_known_parts_are_put_back_before_the_seam_and_after_it():
    noise = noise_like(torch.empty(3, 4), seed=0)
    known = torch.tensor([True, False, True, False])
    result = sample_clip(
        lambda x, t: torch.zeros_like(x),
        noise,
        times=schedule(2),
        seam=Seam(previous=torch.zeros(2, 4), seed=1),
        complete=lambda x: torch.where(known, 5.0, x),
    )
    assert (result[:, known] == 5).all() and (result[:, ~known] != 5).all()


def linear(x, t, conditions):
    """A velocity that is its condition, and keeps count."""
    linear.batches.append(len(x))
    return conditions["c"] + 0 * x


@given(scale=st.floats(0, 9), c=st.floats(-2, 2), u=st.floats(-2, 2))
def test_guided_velocity_is_the_extrapolation(scale, c, u):
    linear.batches = []
    x = torch.zeros(1, 2, 3, dtype=torch.float64)
    conditions = [{"c": torch.full((1, 1, 1), value, dtype=torch.float64)} for value in (c, u)]
    follow = guided(linear, *conditions, guidance=ClassifierFree(scale=scale))
    result = follow(x, torch.full((1, 2), 0.5))
    torch.testing.assert_close(result, torch.full_like(x, u + scale * (c - u)))
    assert linear.batches == [1 if scale == 1 else 2]  # one pass either way


def test_guidance_acts_between_start_and_stop_only():
    linear.batches = []
    conditions = {"c": torch.ones(1, 1, 1)}
    follow = guided(linear, conditions, conditions, guidance=ClassifierFree(scale=5.0, start=0.8, stop=0.3))
    for t in (1.0, 0.81, 0.8, 0.5, 0.3, 0.29):
        follow(torch.zeros(1, 1, 1), torch.full((1, 1), t, dtype=torch.float64))
    assert linear.batches == [1, 1, 2, 2, 2, 1]


def test_conditions_of_different_names_are_refused():
    with pytest.raises(ValueError, match="differ in c, mask"):
        guided(linear, {"c": torch.ones(1)}, {"mask": torch.ones(1)}, guidance=ClassifierFree(scale=2.0))


@pytest.mark.parametrize(("start", "stop"), [(0.2, 0.5), (1.5, 0.0), (1.0, -0.1)])
def test_ranges_that_do_not_fall_are_refused(start, stop):
    with pytest.raises(ValueError, match="guidance runs from"):
        ClassifierFree(scale=2.0, start=start, stop=stop)
