"""Smooth paths through key frames, and recorded paths."""

import math

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation, Slerp
from strategies import points, rigid_motions, rotations

from geometry.camera import Camera
from geometry.keyframes import KeyframePath, centripetal_times, tangents
from geometry.presets import Amount, Focus
from geometry.rigid import invert_rigid, rigid_from, rotation_from_vector, vector_from_rotation
from geometry.trajectory import Trajectory

FOCUS = Focus(distance=4.0, remaining=4.0)
LENS = Camera.from_fov(60.0, height=90, width=160)
laws = settings(deadline=None, derandomize=True, max_examples=20)
many_motions = st.lists(rigid_motions(), min_size=2, max_size=6).map(torch.stack)


def close(found, wanted, atol=1e-9):
    torch.testing.assert_close(found, torch.as_tensor(wanted, dtype=torch.float64), rtol=0, atol=atol)


def key_cameras(camera_to_world, zoom=None):
    K = LENS.K.repeat(len(camera_to_world), 1, 1)
    if zoom is not None:
        K[:, :2, :2] *= torch.as_tensor(zoom, dtype=torch.float64)[:, None, None]
    return Camera(K=K, world_to_camera=invert_rigid(camera_to_world), height=90, width=160)


def on_a_line(places):
    steps = torch.tensor([[0.0, 0.0, z] for z in places], dtype=torch.float64)
    return key_cameras(rigid_from(torch.eye(3, dtype=torch.float64), steps))


def wander(count, seed=0):
    generator = torch.Generator().manual_seed(seed)
    turns = torch.randn(count, 3, generator=generator, dtype=torch.float64) * 0.5
    places = torch.randn(count, 3, generator=generator, dtype=torch.float64)
    return key_cameras(rigid_from(rotation_from_vector(turns), places), zoom=torch.linspace(1, 2, count))


@laws
@given(many_motions)
def test_the_path_goes_through_every_key_frame(motions):
    cameras = key_cameras(motions)
    times = torch.linspace(0, 1, len(motions), dtype=torch.float64)
    poses = KeyframePath.through(cameras, times=times).curve(FOCUS).at(times)
    close(motions[0] @ poses.camera_to_start, motions, atol=1e-6)


@laws
@given(many_motions)
def test_the_path_at_constant_speed_goes_through_every_key_frame(motions):
    path = KeyframePath.through(key_cameras(motions))
    kept, times = centripetal_times(path.poses, focus_distance=FOCUS.distance)
    found = path.curve(FOCUS).at(times)
    close(found.camera_to_start, kept.camera_to_start, atol=1e-6)
    # None is left out but those that stand where the one before them stands.
    apart = (path.poses.camera_to_start[:, None] - kept.camera_to_start[None]).flatten(2).norm(dim=-1)
    assert float(apart.amin(dim=1).max()) < 1e-6


def test_place_turn_and_zoom_have_no_corner_at_a_key_frame():
    times = torch.tensor([0.0, 0.1, 0.4, 0.5, 1.0], dtype=torch.float64)
    curve = KeyframePath.through(wander(5), times=times).curve(FOCUS)
    step = 1e-6
    for time in times[1:-1]:
        poses = curve.at(torch.stack([time - step, time, time + step]))
        R, place = poses.camera_to_start[:, :3, :3], poses.camera_to_start[:, :3, 3]
        close((place[1] - place[0]) / step, (place[2] - place[1]) / step, atol=1e-3)
        spins = vector_from_rotation(R[:-1].mT @ R[1:]) / step
        close(spins[0], spins[1], atol=1e-3)
        zooms = poses.zoom.log().diff() / step
        close(zooms[0], zooms[1], atol=1e-3)
        assert float(spins[0].norm()) > 0.1


@laws
@given(rotations(), rotations(), points(), points())
def test_two_key_frames_are_joined_by_a_straight_line_and_one_steady_turn(a, b, start, end):
    if vector_from_rotation(a.mT @ b).norm() > math.pi - 1e-3:
        return  # Half a turn may go either way round.
    cameras = key_cameras(rigid_from(torch.stack([a, b]), torch.stack([start, end])))
    times = np.linspace(0, 1, 9)
    found = KeyframePath.through(cameras, times=[0.0, 1.0]).curve(FOCUS).at(torch.from_numpy(times))
    world = cameras.camera_to_world[0] @ found.camera_to_start
    wanted = Slerp([0, 1], Rotation.from_matrix(np.stack([a.numpy(), b.numpy()])))(times).as_matrix()
    close(world[:, :3, :3], wanted, atol=1e-7)
    close(world[:, :3, 3], start + torch.from_numpy(times)[:, None] * (end - start), atol=1e-8)


def test_a_steady_turn_through_many_key_frames_stays_steady():
    angles = torch.tensor([0.0, 0.5, 1.0, 1.5, 2.0], dtype=torch.float64)
    axis = torch.tensor([0.6, 0.0, 0.8], dtype=torch.float64)
    rotation = rotation_from_vector(angles[:, None] * axis)
    cameras = key_cameras(rigid_from(rotation, torch.zeros(5, 3, dtype=torch.float64)))
    time = torch.linspace(0, 1, 41, dtype=torch.float64)
    poses = KeyframePath.through(cameras, times=[0.0, 1.0, 2.0, 3.0, 4.0]).curve(FOCUS).at(time)
    close(vector_from_rotation(poses.camera_to_start[:, :3, :3]), time[:, None] * 2 * axis, atol=1e-9)


@laws
@given(rigid_motions(), st.integers(0, 1000))
def test_moving_the_world_moves_the_path_along(motion, seed):
    cameras = wander(4, seed)
    moved = Camera(K=cameras.K, world_to_camera=cameras.world_to_camera @ motion, height=90, width=160)
    here, there = (
        Trajectory.from_keyframes(keys, frames=20).cameras(LENS, focus_distance=4.0)
        for keys in (cameras, moved)
    )
    close(there.world_to_camera, here.world_to_camera, atol=1e-6)


@laws
@given(st.lists(st.floats(0.01, 10), min_size=1, max_size=7), st.booleans())
@example([1.0, 0.125], True)  # A parabola through these would overshoot the last.
@example([0.125, 1.0], True)
def test_steady_progress_never_reverses(steps, timed):
    places = np.cumsum([0.0, *steps])
    times = [float(k) for k in range(len(places))] if timed else None
    path = Trajectory.from_keyframes(on_a_line(places), frames=100, times=times)
    z = path.cameras(LENS, focus_distance=4.0).center[:, 2]
    assert bool((z.diff() >= -1e-9).all())
    assert abs(float(z[-1]) - places[-1]) < 1e-9


def test_between_two_equal_key_frames_the_camera_rests():
    path = Trajectory.from_keyframes(on_a_line([0, 1, 1, 3]), frames=31, times=[0.0, 1.0, 2.0, 3.0])
    z = path.cameras(LENS, focus_distance=4.0).center[:, 2]
    close(z[10:21], torch.ones(11))


def test_the_spline_stays_near_its_key_frames():
    zigzag = torch.tensor([[0, 0, 0], [1, 0, 1], [0, 0, 2], [1, 0, 3], [0, 0, 4]], dtype=torch.float64)
    cameras = key_cameras(rigid_from(torch.eye(3, dtype=torch.float64), zigzag))
    center = Trajectory.from_keyframes(cameras, frames=400).cameras(LENS, focus_distance=4.0).center
    assert -0.15 < float(center[:, 0].min()) <= float(center[:, 0].max()) < 1.15
    assert bool((center[:, 2].diff() > -1e-6).all())


def test_without_times_speed_is_constant_between_eased_ends():
    center = (
        Trajectory.from_keyframes(on_a_line([0, 0.1, 2, 2.2, 5]), frames=200)
        .cameras(LENS, focus_distance=4.0)
        .center
    )
    length = center.diff(dim=0).norm(dim=-1)
    assert float(length[40:160].max() / length[40:160].min()) < 1.01
    assert float(length[0]) < 0.02 * float(length.max())


def test_with_times_key_frames_are_reached_on_time():
    z = (
        Trajectory.from_keyframes(on_a_line([0, 1, 2]), frames=11, times=[5.0, 6.0, 15.0])
        .cameras(LENS, focus_distance=4.0)
        .center[:, 2]
    )
    close(z[[0, 1, 10]], [0, 1, 2])


def test_zoom_runs_in_equal_factors():
    poses = torch.eye(4, dtype=torch.float64).expand(2, 4, 4)
    cameras = key_cameras(poses, zoom=[1.0, 4.0])
    found = Trajectory.from_keyframes(cameras, frames=3, times=[0.0, 1.0]).cameras(LENS, focus_distance=4.0)
    close(found.K[:, 0, 0] / LENS.K[0, 0], [1, 2, 4])
    # Without times a path that only zooms still has a length, and eased ends.
    eased = Trajectory.from_keyframes(cameras, frames=101).cameras(LENS, focus_distance=4.0).K[:, 0, 0]
    close(eased[50] / LENS.K[0, 0], 2)
    assert float(eased[1] / eased[0]) < float(eased[51] / eased[50])


def test_the_first_key_frame_is_laid_onto_the_start():
    start = Camera.from_fov(80.0, height=10, width=20, world_to_camera=wander(1).world_to_camera[0])
    keys = wander(4, seed=3)
    path = Trajectory.from_keyframes(keys, frames=30).cameras(start, focus_distance=4.0)
    assert torch.equal(path.K[0], start.K)
    assert torch.equal(path.world_to_camera[0], start.world_to_camera)
    wanted = invert_rigid(keys.camera_to_world[0]) @ keys.camera_to_world[-1]
    close(start.world_to_camera @ path.camera_to_world[-1], wanted)
    close(path.K[-1, 0, 0] / start.K[0, 0], 2.0)


def test_recorded_cameras_come_back_as_they_were():
    recorded = wander(20)
    start = recorded[0]
    path = Trajectory.from_cameras(recorded).cameras(start, focus_distance=4.0)
    close(path.world_to_camera, recorded.world_to_camera)
    close(path.K, recorded.K, atol=1e-6)


def test_a_resampled_recording_keeps_its_cameras_and_its_pace():
    recorded = wander(20)
    path = Trajectory.from_cameras(recorded, frames=39).cameras(recorded[0], focus_distance=4.0)
    assert len(path) == 39
    close(path.world_to_camera[::2], recorded.world_to_camera)


@pytest.mark.parametrize(
    ("length", "wanted"), [(Amount(value=6.0, unit=""), 6.0), (Amount(value=50.0, unit="%"), 2.0)]
)
def test_a_recording_in_another_unit_is_given_a_length(length, wanted):
    recorded = wander(20)
    path = Trajectory.from_cameras(recorded, length=length).cameras(recorded[0], focus_distance=4.0)
    assert math.isclose(float(path.center.diff(dim=0).norm(dim=-1).sum()), wanted, rel_tol=1e-9)
    close(path.world_to_camera[:, :3, :3], recorded.world_to_camera[:, :3, :3])


def test_key_frames_that_are_all_the_same_stand_still():
    path = Trajectory.from_keyframes(on_a_line([0, 0, 0]), frames=9).cameras(LENS, focus_distance=4.0)
    close(path.world_to_camera, LENS.world_to_camera.expand(9, 4, 4))


def test_inner_tangents_of_a_parabola_are_exact():
    time = torch.tensor([0.0, 0.3, 1.0, 1.2], dtype=torch.float64)
    place = (time**2 + time)[:, None]
    close(tangents(place.diff(dim=0), time.diff())[1:-1], (2 * time + 1)[1:-1, None])


WRONG = {
    "one key frame": (1, None, r"key frames have batch shape \(1,\); expected at least \(2,\)"),
    "too few times": (3, [0.0, 1.0], "key frames have 2 times; expected one for each of the 3"),
    "times that stand still": (
        3,
        [0.0, 1.0, 1.0],
        "key frame 2 is at time 1 after 1; expected finite, increasing times",
    ),
    "times that go back": (3, [0.0, 2.0, 1.0], "key frame 2 is at time 1 after 2"),
    "no number": (3, [0.0, math.nan, 1.0], "key frame 1 is at time nan"),
    "for ever": (2, [0.0, math.inf], "key frame 1 is at time inf"),
}


@pytest.mark.parametrize(("count", "times", "message"), WRONG.values(), ids=WRONG.keys())
def test_key_frames_that_make_no_path_are_refused(count, times, message):
    with pytest.raises(ValueError, match=message):
        Trajectory.from_keyframes(wander(count), frames=9, times=times)


def test_a_single_camera_is_no_recording():
    with pytest.raises(ValueError, match=r"key frames have batch shape \(\)"):
        Trajectory.from_cameras(LENS)


def test_a_length_is_a_distance_above_nothing():
    with pytest.raises(ValueError, match="path length is 30deg; expected scene units"):
        Trajectory.from_cameras(wander(3), length=Amount(value=30.0, unit="deg"))
    with pytest.raises(ValueError, match="path length is -1; expected"):
        Trajectory.from_cameras(wander(3), length=Amount(value=-1.0, unit=""))


def test_a_recording_that_does_not_move_has_no_length_to_change():
    path = Trajectory.from_cameras(on_a_line([0, 0, 0]), length=Amount(value=1.0, unit=""))
    with pytest.raises(ValueError, match="path does not move; it cannot be given a length of 1"):
        path.cameras(LENS, focus_distance=4.0)
