"""The flow's schedule and Euler loop against closed forms and diffusers."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from voyager_lite.sampling.flow import add_noise, integrate, noise_like, schedule


def last(states):
    return list(states)[-1]


@settings(deadline=None)
@given(steps=st.integers(1, 60), shift=st.floats(0.2, 8))
def test_schedule_falls_from_one_to_zero(steps, shift):
    times = schedule(steps, shift=shift)
    assert len(times) == steps + 1
    assert times[0] == 1 and times[-1] == 0
    assert (times.diff() < 0).all()


def test_schedule_without_shift_is_even():
    torch.testing.assert_close(schedule(4), torch.tensor([1, 0.75, 0.5, 0.25, 0], dtype=torch.float64))


def test_schedule_with_shift_stays_longer_near_noise():
    assert (schedule(10, shift=3.0)[1:-1] > schedule(10)[1:-1]).all()


@settings(deadline=None)
@given(steps=st.integers(1, 20), spread=st.floats(0.05, 5), seed=st.integers(0, 99))
def test_steps_shifted_to_a_spread_do_with_it_what_even_steps_do_with_spread_one(steps, spread, seed):
    """Where data is normal about 0 the velocity is linear; the same noise ends at spread times the same."""

    def sampled(noise, times, s):
        def velocity(x, t):
            t = t[..., None]
            return x * (t - (1 - t) * s**2) / ((1 - t) ** 2 * s**2 + t**2)

        return last(integrate(velocity, noise, times))

    noise = noise_like(torch.empty(1, 3, 4), seed=seed).double()
    ours = sampled(noise, schedule(steps, shift=spread), spread)
    torch.testing.assert_close(ours, spread * sampled(noise, schedule(steps), 1.0))


@pytest.mark.parametrize(("steps", "shift", "message"), [(0, 1.0, "steps is 0"), (3, 0.0, "shift is 0")])
def test_schedule_refuses(steps, shift, message):
    with pytest.raises(ValueError, match=message):
        schedule(steps, shift=shift)


@settings(deadline=None)
@given(steps=st.integers(1, 9), seed=st.integers(0, 1000))
def test_straight_path_is_followed_exactly_with_any_number_of_steps(steps, seed):
    x0 = noise_like(torch.empty(2, 3, 4), seed=seed).double()
    noise = noise_like(torch.empty(2, 3, 4), seed=seed + 1).double()
    result = last(integrate(lambda x, t: noise - x0, noise, schedule(steps)))
    torch.testing.assert_close(result, x0)


def test_path_runs_from_data_to_noise():
    x0, noise = torch.zeros(1, 3, 2), torch.ones(1, 3, 2)
    t = torch.tensor([[0.0, 0.25, 1.0]])
    torch.testing.assert_close(add_noise(x0, noise, t)[0, :, 0], t[0])


@pytest.mark.parametrize("steps", [1, 2, 5, 40])
def test_velocity_three_t_squared_gives_the_euler_sum(steps):
    """dx/dt = 3 t^2 from 1 to 0: Euler's sum is -(N + 1)(2N + 1) / (2 N^2), its limit -1."""
    x = torch.zeros(1, 1, 1, dtype=torch.float64)
    result = last(integrate(lambda x, t: 3 * t[..., None] ** 2 + 0 * x, x, schedule(steps)))
    assert result.item() == pytest.approx(-(steps + 1) * (2 * steps + 1) / (2 * steps**2))


def gaussian_velocity(mean, std):
    """E[noise - x0 | x_t] for x0 ~ N(mean, std^2) and standard normal noise."""

    def velocity(x, t):
        t = t[..., None]
        variance = (1 - t) ** 2 * std**2 + t**2
        away = (x - (1 - t) * mean) / variance
        return t * away - (mean + (1 - t) * std**2 * away)

    return velocity


def test_gaussian_flows_to_gaussian_with_first_order_error():
    """The flow of N(0, 1) to N(m, s^2) is x -> m + s x; Euler's error halves with the step."""
    mean, std = 0.7, 0.3
    x = torch.linspace(-2, 2, 9, dtype=torch.float64).reshape(1, 1, 9)
    truth = mean + std * x
    errors = [
        (last(integrate(gaussian_velocity(mean, std), x, schedule(steps))) - truth).abs().max().item()
        for steps in (200, 400)
    ]
    assert errors[1] < 0.01
    assert errors[0] / errors[1] == pytest.approx(2, rel=0.05)


@pytest.mark.parametrize("shift", [1.0, 3.0])
def test_states_equal_diffusers_scheduler(shift):
    diffusers = pytest.importorskip("diffusers")
    steps, x = 7, noise_like(torch.empty(2, 3, 5), seed=3)
    scheduler = diffusers.FlowMatchEulerDiscreteScheduler(shift=shift)
    scheduler.set_timesteps(sigmas=[1 - k / steps for k in range(steps)])
    states = integrate(lambda x, t: torch.sin(3 * x) + t[..., None].float(), x, schedule(steps, shift=shift))
    for time, state in zip(scheduler.timesteps, states, strict=True):
        x = scheduler.step(torch.sin(3 * x) + time / 1000, time, x).prev_sample
        torch.testing.assert_close(state, x, atol=1e-5, rtol=1e-5)


def test_frame_whose_time_stands_still_does_not_move():
    times = schedule(4)[:, None, None].repeat(1, 1, 2)
    times[:, :, 1] = times[:, :, 1].clamp(max=0.5)
    x = torch.zeros(1, 2, 3, dtype=torch.float64)
    states = list(integrate(lambda x, t: torch.ones_like(x), x, times))
    torch.testing.assert_close(states[1][0, :, 0], torch.tensor([-0.5, 0.0], dtype=torch.float64))
    torch.testing.assert_close(states[-1][0, :, 0], torch.tensor([-1.0, -0.5], dtype=torch.float64))


@pytest.mark.parametrize(
    ("times", "message"),
    [
        (torch.tensor([0.0, 1.0]), "fall"),
        (torch.tensor([1.0]), "steps"),
        (torch.ones(2, 1), "steps"),
        (torch.ones(2, 3, 4), "expected"),
    ],
)
def test_times_that_make_no_path_are_refused(times, message):
    with pytest.raises(ValueError, match=message):
        list(integrate(lambda x, t: x, torch.zeros(1, 2, 3), times))


def test_noise_depends_on_the_seed_alone():
    x = torch.empty(2, 3, 4, 5)
    assert torch.equal(noise_like(x, seed=5), noise_like(x, seed=5))
    assert not torch.equal(noise_like(x, seed=5), noise_like(x, seed=6))
