"""The path language and the cameras it becomes."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import cameras, rigid_motions

from geometry.camera import Camera
from geometry.presets import PRESETS, Focus, Move
from geometry.projection import project
from geometry.rigid import invert_rigid, transform_points
from geometry.trajectory import HAND_OVER, MOST_FRAMES, Trajectory, share_frames, soft_ramp

START = Camera.from_fov(60.0, height=90, width=160)
FOCUS = 4.0
laws = settings(deadline=None, derandomize=True, max_examples=20)
# Each word once: two dolly zooms by their defaults would end beyond the focus plane.
some_words = st.lists(st.sampled_from(sorted(PRESETS)), min_size=1, max_size=4, unique=True).map(",".join)


def walk(text, *, frames=49, start=START, focus=FOCUS):
    return Trajectory.parse(text, frames=frames).cameras(start, focus_distance=focus)


def steps(path):
    return (path.center[1:] - path.center[:-1]).norm(dim=-1)


def close(found, wanted, atol=1e-9):
    torch.testing.assert_close(found, torch.as_tensor(wanted, dtype=torch.float64), rtol=0, atol=atol)


ROOT = math.sqrt(0.5)
# Where the last camera stands, what it looks along, and what is on its right; y is down.
ENDS = {
    "forward:1.5": ((0, 0, 1.5), (0, 0, 1), (1, 0, 0)),
    "forward:50%": ((0, 0, 2), (0, 0, 1), (1, 0, 0)),
    "forward": ((0, 0, 1.6), (0, 0, 1), (1, 0, 0)),
    "backward:1": ((0, 0, -1), (0, 0, 1), (1, 0, 0)),
    "left:1": ((-1, 0, 0), (0, 0, 1), (1, 0, 0)),
    "right:1": ((1, 0, 0), (0, 0, 1), (1, 0, 0)),
    "up:1": ((0, -1, 0), (0, 0, 1), (1, 0, 0)),
    "down:1": ((0, 1, 0), (0, 0, 1), (1, 0, 0)),
    "forward:-1": ((0, 0, -1), (0, 0, 1), (1, 0, 0)),
    "turn_left:90deg": ((0, 0, 0), (-1, 0, 0), (0, 0, 1)),
    "turn_right:90deg": ((0, 0, 0), (1, 0, 0), (0, 0, -1)),
    "look_up:90deg": ((0, 0, 0), (0, -1, 0), (1, 0, 0)),
    "look_down:90deg": ((0, 0, 0), (0, 1, 0), (1, 0, 0)),
    "roll:90deg": ((0, 0, 0), (0, 0, 1), (0, 1, 0)),
    "orbit:90deg": ((4, 0, 4), (-1, 0, 0), (0, 0, 1)),
    "orbit:-90deg": ((-4, 0, 4), (1, 0, 0), (0, 0, -1)),
    "orbit:180deg": ((0, 0, 8), (0, 0, -1), (-1, 0, 0)),
    "orbit:45deg": ((4 * ROOT, 0, 4 - 4 * ROOT), (-ROOT, 0, ROOT), (ROOT, 0, ROOT)),
    "spiral:2": ((0, 0, 0), (0, 0, 1), (1, 0, 0)),
    "dolly_zoom:50%": ((0, 0, 2), (0, 0, 1), (1, 0, 0)),
    "turn_right:90deg,forward:1": ((1, 0, 0), (1, 0, 0), (0, 0, -1)),
    "turn_left:90deg,right:1": ((0, 0, 1), (-1, 0, 0), (0, 0, 1)),
    "roll:90deg,right:1": ((0, 1, 0), (0, 0, 1), (0, 1, 0)),
    "forward:2,orbit:90deg": ((2, 0, 4), (-1, 0, 0), (0, 0, 1)),
    "forward:50%,backward:50%": ((0, 0, 0), (0, 0, 1), (1, 0, 0)),
    " forward : 1.5 , right:.5 ": ((0.5, 0, 1.5), (0, 0, 1), (1, 0, 0)),
}


@pytest.mark.parametrize(("text", "wanted"), ENDS.items(), ids=ENDS.keys())
def test_where_a_path_ends(text, wanted):
    center, gaze, right = wanted
    last = walk(text)[-1]
    close(last.center, center)
    close(last.world_to_camera[2, :3], gaze)
    close(last.world_to_camera[0, :3], right)


@laws
@given(some_words, cameras(), st.integers(2, 60))
def test_the_first_camera_is_the_start_to_the_last_bit(text, spec, frames):
    start = Camera(**spec)
    path = walk(text, frames=frames, start=start)
    assert len(path) == frames
    assert torch.equal(path.K[0], start.K)
    assert torch.equal(path.world_to_camera[0], start.world_to_camera)
    assert (path.height, path.width) == (start.height, start.width)


@laws
@given(some_words, rigid_motions())
def test_a_path_does_not_depend_on_where_the_world_has_its_origin(text, motion):
    here = walk(text)
    there = walk(text, start=Camera(K=START.K, world_to_camera=motion, height=90, width=160))
    close(there.world_to_camera @ invert_rigid(motion), here.world_to_camera, atol=1e-8)
    close(there.K, here.K)


@laws
@given(some_words, st.floats(0.01, 100))
def test_shares_scale_with_the_scene(text, scale):
    small, large = walk(text), walk(text, focus=FOCUS * scale)
    close(large.center / scale, small.center, atol=1e-7)
    close(large.K, small.K, atol=1e-6)


@laws
@given(st.floats(-170, 170), st.floats(0.1, 50))
def test_an_orbit_keeps_its_distance_and_its_gaze(degrees, focus):
    path = walk(f"orbit:{degrees:.3f}deg", focus=focus)
    center = torch.tensor([0.0, 0.0, focus], dtype=torch.float64)
    close((path.center - center).norm(dim=-1), [focus] * 49, atol=1e-9 * focus)
    seen, depth = project(transform_points(path.world_to_camera, center), path.K)
    close(seen, START.K[:2, 2].expand(49, 2), atol=1e-6)
    close(depth, [focus] * 49, atol=1e-9 * focus)


def test_an_orbit_after_a_walk_goes_around_the_same_centre():
    path = walk("forward:1,orbit:60deg", frames=200)
    distance = (path.center[-20:] - torch.tensor([0.0, 0.0, FOCUS], dtype=torch.float64)).norm(dim=-1)
    close(distance, [FOCUS - 1] * 20)


def test_a_spiral_opens_to_its_radius_gazes_at_the_centre_and_comes_home():
    path = walk("spiral:0.5", frames=401)
    radius = path.center[:, :2].norm(dim=-1)
    assert 0.499 < float(radius.max()) < 0.5 + 1e-12
    close(path.center[:, 2], torch.zeros(401))
    center = torch.tensor([0.0, 0.0, FOCUS], dtype=torch.float64)
    seen, _ = project(transform_points(path.world_to_camera, center), path.K)
    close(seen, START.K[:2, 2].expand(401, 2), atol=1e-6)
    assert float(path.center[:, 0].min()) < -0.3 < 0.3 < float(path.center[:, 0].max())
    assert float(path.center[:, 1].min()) < -0.3 < 0.3 < float(path.center[:, 1].max())


def test_a_spiral_has_as_many_turns_as_it_is_told():
    x, y, _ = walk("spiral:3turns", frames=2000).center[1:-1].unbind(-1)
    turned = torch.atan2(x[:-1] * -y[1:] + y[:-1] * x[1:], x[:-1] * x[1:] + y[:-1] * y[1:]).sum()
    assert math.isclose(float(turned) / math.tau, 3, rel_tol=0.01)


@pytest.mark.parametrize("text", ["dolly_zoom:50%", "dolly_zoom:-3", "dolly_zoom"])
def test_a_dolly_zoom_keeps_the_size_of_the_focus_plane(text):
    path = walk(text)
    plane = torch.tensor([[-1.0, 0.5, FOCUS], [1.0, 0.0, FOCUS]], dtype=torch.float64)
    seen, _ = project(transform_points(path.world_to_camera[:, None], plane), path.K[:, None])
    close(seen, seen[:1].expand_as(seen), atol=1e-8)
    assert abs(float(path.fov_degrees[-1] - path.fov_degrees[0])) > 5


def test_only_a_dolly_zoom_changes_the_lens():
    for word in PRESETS:
        same = torch.equal(walk(word).K, START.K.expand(49, 3, 3))
        assert same == (word != "dolly_zoom"), word


@pytest.mark.parametrize("text", ["forward:2", "orbit:70deg", "spiral", "right:1", "dolly_zoom"])
def test_speed_is_constant_between_eased_ends(text):
    length = steps(walk(text, frames=200))
    cruise = length[40:160]
    assert float(cruise.max() / cruise.min()) < 1.08
    assert float(length[0]) < 0.02 * float(cruise.mean())
    assert float(length[-1]) < 0.02 * float(cruise.mean())
    # Speed never jumps: a frame changes it by a few per cent of the cruising speed at most.
    assert float((length[1:] - length[:-1]).abs().max()) < 0.1 * float(cruise.mean())


def test_turns_run_at_constant_speed_with_eased_ends():
    gaze = walk("turn_left:90deg", frames=200).world_to_camera[:, 2, :3]
    angle = torch.acos((gaze[1:] * gaze[:-1]).sum(dim=-1).clamp(-1, 1))
    cruise = angle[40:160]
    assert float(cruise.max() / cruise.min()) < 1.001
    assert float(angle[0]) < 0.02 * float(cruise.mean())


@pytest.mark.parametrize(
    "text", ["forward:1,right:1", "forward:1,orbit:30deg", "forward:1,forward:1", "up,left,down"]
)
def test_parts_flow_into_each_other(text):
    length = steps(walk(text, frames=200))
    inner = length[35:165]
    # A right angle taken at constant effort costs 1 - sqrt(1/2) of the speed, and no part stops.
    assert float(inner.min() / inner.max()) > 0.65
    assert float((length[1:] - length[:-1]).abs().max()) < 0.12 * float(length.max())


@laws
@given(some_words, some_words)
def test_a_joined_path_ends_where_its_parts_end_one_after_the_other(first, second):
    if {"orbit", "spiral", "dolly_zoom"} & set(second.split(",")):
        return  # These look at how far the scene's centre is where they begin.
    alone = walk(first)[-1]
    wanted = walk(second, start=alone)[-1]
    found = walk(f"{first},{second}")[-1]
    close(found.world_to_camera, wanted.world_to_camera)
    close(found.K, wanted.K, atol=1e-6)


def test_parts_share_the_frames_by_their_length():
    z = walk("forward:1,right:3", frames=401).center
    turning = int((z[:, 0] - z[:, 2] + 1 > 0.0).nonzero()[0])
    middle = int((z.sum(dim=-1) >= 2).nonzero()[0])
    assert middle == 200
    corner = int((z.sum(dim=-1) >= 1).nonzero()[0])
    assert 110 < corner < 130
    assert turning <= corner


def test_a_corner_is_cut_by_little():
    path = walk("forward:1,right:1", frames=401)
    corner = torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64)
    assert float((path.center - corner).norm(dim=-1).min()) < HAND_OVER * 0.3


@laws
@given(st.lists(st.floats(0, 5), min_size=1, max_size=6), st.integers(2, 80))
def test_every_part_is_walked_from_its_start_to_its_end(lengths, frames):
    time = torch.linspace(0, 1, frames, dtype=torch.float64)
    walked = torch.stack(share_frames(time, lengths))
    close(walked[:, 0], torch.zeros(len(lengths)), atol=1e-9)
    close(walked[:, -1], lengths, atol=1e-9)
    assert bool((walked.diff(dim=-1) >= -1e-12).all())
    # Together they advance as one path would.
    close(walked.sum(dim=0), share_frames(time, [sum(lengths)])[0], atol=1e-9)


@laws
@given(st.floats(-3, 3), st.floats(0.01, 2))
def test_a_soft_ramp_is_a_ramp_outside_its_corner_and_above_it_inside(at, half_width):
    x = torch.linspace(-6, 6, 200, dtype=torch.float64)
    found, sharp = soft_ramp(x, at=at, half_width=half_width), (x - at).clamp_min(0)
    far = (x - at).abs() >= half_width
    close(found[far], sharp[far])
    assert bool((found >= sharp - 1e-12).all())


def test_a_zero_amount_stands_still():
    path = walk("forward:0")
    close(path.center, torch.zeros(49, 3))
    close(walk("forward:0,right:1").center[-1], (1, 0, 0))


def test_two_frames_are_the_start_and_the_end():
    path = walk("forward:1.5", frames=2)
    close(path.center, [[0, 0, 0], [0, 0, 1.5]])


WRONG = {
    "forwrd:1": r'path word "forwrd" is unknown; allowed: forward, .*backward',
    "turnleft": r'path word "turnleft" is unknown; allowed: turn_left, ',
    "walk": r'path word "walk" is unknown; allowed: ',
    "": 'path has an empty part; expected words such as "forward:1.5,orbit:30deg"',
    "forward,,left": "path has an empty part",
    "forward:": r'path amount "" in "forward:" is unknown; allowed: 1\.5, 50%, 30deg, 2turns',
    "forward:fast": r'path amount "fast" in "forward:fast" is unknown',
    "forward:nan": 'path amount "nan"',
    "forward:1e9": 'path amount "1e9"',
    "forward:1:2": 'path amount "1:2"',
    "forward:1.5m": 'path amount "1.5m"',
    "forward:9999999": r'path amount "9999999" in "forward:9999999" is too large; allowed: up to 1e\+06',
    "orbit:99999deg": "too large; allowed: up to 3600deg",
    "forward:30deg": r'path word "forward:30deg" has the wrong unit; forward takes scene units .* or a share',
    "orbit:1.5": r'path word "orbit:1\.5" has the wrong unit; orbit takes degrees \(30deg\)',
    "turn_left:50%": "turn_left takes degrees",
    "spiral:30deg": "spiral takes scene units .* or a share .* or turns",
}


@pytest.mark.parametrize(("text", "message"), WRONG.items(), ids=[text or "empty" for text in WRONG])
def test_a_wrong_word_is_named_with_what_is_allowed(text, message):
    with pytest.raises(ValueError, match=message) as caught:
        Trajectory.parse(text, frames=49)
    assert "\n" not in str(caught.value)


def test_an_unknown_word_is_told_every_word_there_is():
    with pytest.raises(ValueError) as caught:
        Move.parse("sideways")
    assert all(word in str(caught.value) for word in PRESETS)


@pytest.mark.parametrize("frames", [-1, 0, 1, MOST_FRAMES + 1])
def test_a_path_has_two_frames_at_least(frames):
    with pytest.raises(ValueError, match=f"path has {frames} frames; expected 2"):
        Trajectory.parse("forward", frames=frames)


def test_a_dolly_zoom_stops_before_the_focus_plane():
    with pytest.raises(
        ValueError, match=r"dolly_zoom:95% moves 3\.8 of the 4 scene units .* allowed: up to 90%"
    ):
        walk("dolly_zoom:95%")


@pytest.mark.parametrize("focus", [0.0, -1.0, math.nan, math.inf])
def test_the_scene_lies_ahead(focus):
    with pytest.raises(ValueError, match=r"focus distance is .*; expected more than 0"):
        walk("forward", focus=focus)


def test_a_path_starts_at_one_camera():
    with pytest.raises(ValueError, match=r"batch shape \(2,\); expected a single camera"):
        walk("forward", start=Camera.stack([START, START]))


def test_every_word_has_a_default_of_its_own_units():
    for word, preset in PRESETS.items():
        assert preset.default.unit in preset.units
        poses = (
            Move.parse(word)
            .curve(Focus(distance=FOCUS, remaining=FOCUS))
            .at(torch.zeros(1, dtype=torch.float64))
        )
        close(poses.camera_to_start[0], torch.eye(4))
        close(poses.zoom, torch.ones(1))


def test_a_recording_written_with_three_decimals_is_walked_from_any_of_its_cameras():
    path = Trajectory.parse("orbit:40deg,look_up:15deg", frames=12).cameras(START, focus_distance=4.0)
    pose = (path.world_to_camera * 1e3).round() / 1e3
    for first in range(12):
        order = torch.tensor([first, *(k for k in range(12) if k != first)])
        recording = Camera(K=path.K[order], world_to_camera=pose[order], height=90, width=160)
        walked = Trajectory.from_cameras(recording).cameras(START, focus_distance=4.0)
        between = recording.world_to_camera[5] @ recording.camera_to_world[0]
        ours = walked.world_to_camera[5] @ walked.camera_to_world[0]
        torch.testing.assert_close(ours, between, atol=3e-3, rtol=0)
