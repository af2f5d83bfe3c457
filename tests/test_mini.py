"""The embedded generator: what it must keep, what it must complete, and how clips join."""

import copy
from pathlib import Path

import pytest
import torch

from geometry.camera import Camera
from geometry.lifting import lift_sky
from geometry.projection import world_points
from geometry.rasterizer import render_points
from geometry.trajectory import Trajectory
from voyager_lite.clip import Clip, Guidance
from voyager_lite.core import load_core
from voyager_lite.core.coarse import (
    CoarseFrames,
    condition_on,
    key_frames,
    network_size,
    reduce_frames,
    sample,
)
from voyager_lite.core.completion import between, complete_clip, order_of_keys
from voyager_lite.core.detail import (
    coarse_difference,
    complete_frame,
    corrected,
    fade,
    with_soft_borders,
)
from voyager_lite.core.fill import background_fill
from voyager_lite.core.generator import Request
from voyager_lite.core.mini import Mini
from voyager_lite.core.mini_file import save_mini
from voyager_lite.core.mini_network import MiniConfig, MiniNetwork
from voyager_lite.evaluation.metrics import flicker
from voyager_lite.sampling.flow import noise_like


@pytest.fixture(scope="module")
def mini():
    torch.manual_seed(0)
    return Mini(MiniNetwork(MiniConfig(fine=8, middle=16, width=48, heads=2, dual=1, single=1, blocks=1)))


def corner_scene(frames=5, *, height=48, width=72, step=0.05):
    """A near board before a far wall, seen by cameras that move right; what frame 0 sees is known.

    Rendered exactly, by tracing every pixel's ray to two planes, so no rasteriser has a part in it.
    """
    first = Camera.from_fov(60.0, height=height, width=width)
    pose = torch.eye(4, dtype=torch.float64).repeat(frames, 1, 1)
    pose[:, 0, 3] = -step * torch.arange(frames)
    cameras = Camera(K=first.K, world_to_camera=pose, height=height, width=width)
    near, far = torch.full((frames, height, width), 1.0), torch.full((frames, height, width), 3.0)
    board = world_points(near, cameras)
    on_board = (board[..., 0].abs() < 0.2) & (board[..., 1].abs() < 0.25)
    depth = torch.where(on_board, near, far)
    points = world_points(depth, cameras)
    wave = 0.5 + 0.3 * torch.sin(8 * points[..., 0]) * torch.cos(8 * points[..., 1])
    rgb = torch.where(on_board[:, None], torch.tensor([0.8, 0.1, 0.1])[:, None, None], wave[:, None])
    behind = points - first.center.float()
    x = behind[..., 0] / behind[..., 2]
    y = behind[..., 1] / behind[..., 2]
    half_width, half_height = width / 2 / first.K[0, 0].float(), height / 2 / first.K[1, 1].float()
    hidden = ~on_board & (x.abs() < 0.2) & (y.abs() < 0.25)
    known = ~hidden & (x.abs() <= half_width) & (y.abs() <= half_height)
    guidance = Guidance(rgb=rgb * known[:, None], depth=depth * known, known=known, cameras=cameras)
    return guidance, rgb, depth


def complete(mini, guidance, **options):
    return mini.generate(guidance, reference=guidance.rgb[0], request=Request(seed=0), **options)


@pytest.mark.parametrize("frames", [1, 2, 5, 25])
@pytest.mark.parametrize(("height", "width"), [(48, 72), (100, 150), (37, 53)])
def test_known_pixels_come_back_as_they_are_and_depth_is_positive_everywhere(mini, frames, height, width):
    guidance, _, _ = corner_scene(frames, height=height, width=width, step=0.2 / frames)
    clip = complete(mini, guidance)
    assert torch.equal(clip.rgb.movedim(1, -1)[guidance.known], guidance.rgb.movedim(1, -1)[guidance.known])
    assert torch.equal(clip.depth[guidance.known], guidance.depth[guidance.known])
    assert bool((clip.depth > 0).all()) and bool(torch.isfinite(clip.depth).all())
    assert clip.rgb.amin() >= 0 and clip.rgb.amax() <= 1


def test_a_seed_gives_the_same_bytes_and_the_input_is_left_alone(mini):
    guidance, _, _ = corner_scene()
    before = guidance.rgb.clone(), guidance.depth.clone(), guidance.known.clone()
    first, second = complete(mini, guidance), complete(mini, guidance)
    assert torch.equal(first.rgb, second.rgb) and torch.equal(first.depth, second.depth)
    assert torch.equal(guidance.rgb, before[0]) and torch.equal(guidance.depth, before[1])
    assert torch.equal(guidance.known, before[2])


def test_a_frame_of_which_nothing_is_known_is_completed(mini):
    guidance, _, _ = corner_scene(3)
    empty = Guidance(
        rgb=torch.zeros_like(guidance.rgb),
        depth=torch.zeros_like(guidance.depth),
        known=torch.zeros_like(guidance.known),
        cameras=guidance.cameras,
    )
    clip = complete(mini, empty)
    assert bool((clip.depth > 0).all()) and bool(torch.isfinite(clip.rgb).all())


def test_what_was_behind_the_board_shows_the_wall_and_stands_still(mini):
    guidance, _, depth = corner_scene(25, height=120, width=180, step=0.01)
    clip = complete(mini, guidance)
    inside = ~guidance.known & (depth > 2)
    inside[:, :, :20] = inside[:, :, -20:] = False
    red = clip.rgb[:, 0] - clip.rgb[:, 1]
    assert inside.sum() > 1000 and red[inside].mean() < 0.1
    assert (clip.depth[inside] - 3).abs().mean() < 0.4
    assert flicker(clip.rgb, depth, clip.cameras, where=inside) < 0.03


def test_progress_tells_of_every_step_and_frame_and_an_overlap_takes_one_step_more(mini):
    guidance, _, _ = corner_scene(5)
    told = []
    clip = complete(mini, guidance, progress=lambda done, total: told.append((done, total)))
    assert told == [(done, 6) for done in range(1, 7)]  # one step, five frames
    told.clear()
    complete(mini, guidance, previous=clip[:3], progress=lambda done, total: told.append((done, total)))
    assert told == [(done, 7) for done in range(1, 8)]


def test_shared_frames_begin_as_the_previous_clip_has_them(mini):
    guidance, _, _ = corner_scene(5)
    previous = complete(mini, guidance)
    shifted = Clip(rgb=(previous.rgb + 0.1).clamp(0, 1), depth=previous.depth, cameras=previous.cameras)
    clip = complete(mini, guidance, previous=shifted[:3])
    unknown = ~guidance.known[0]
    assert torch.equal(clip.rgb[0].movedim(0, -1)[unknown], shifted.rgb[0].movedim(0, -1)[unknown])
    assert torch.equal(clip.rgb.movedim(1, -1)[guidance.known], guidance.rgb.movedim(1, -1)[guidance.known])


@pytest.mark.parametrize(
    ("frames", "shared", "message"), [(26, 0, "26 frames; expected 1 to 25"), (3, 4, "shares 4 frames")]
)
def test_clips_that_do_not_fit_are_refused(mini, frames, shared, message):
    guidance, *_ = corner_scene(frames)
    longer, *_ = corner_scene(5)
    previous = None
    if shared:
        previous = Clip(rgb=longer.rgb, depth=longer.depth + 1, cameras=longer.cameras)[:shared]
    with pytest.raises(ValueError, match=message):
        complete(mini, guidance, previous=previous)


def test_weights_that_are_not_there_are_said_so(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.safetensors"):
        Mini.from_pretrained(Path(tmp_path / "none.safetensors"))
    with pytest.raises(FileNotFoundError, match=r"none\.safetensors"):
        load_core(f"mini:{tmp_path / 'none.safetensors'}")


def test_weights_of_ones_own_are_named_by_their_file(tmp_path, mini):
    save_mini(mini.network, tmp_path / "mine.safetensors")
    own = load_core(f"mini:{tmp_path / 'mine.safetensors'}")
    assert own.name == f"mini:{tmp_path / 'mine.safetensors'}"  # so that others cannot finish its walks
    parameters = zip(own.network.parameters(), mini.network.parameters(), strict=True)
    assert all(torch.equal(ours, theirs.half().float()) for ours, theirs in parameters)


@pytest.mark.parametrize(
    ("frames", "keys"),
    [(1, [0]), (2, [0, 1]), (9, list(range(9))), (25, list(range(0, 25, 3)))],
)
def test_key_frames_are_at_most_nine_and_have_both_ends(frames, keys):
    assert key_frames(frames) == keys
    assert all(b > a for a, b in zip(key_frames(17)[:-1], key_frames(17)[1:], strict=True))


@pytest.mark.parametrize(
    ("height", "width", "size"),
    [(64, 96, (64, 96)), (540, 960, (64, 112)), (960, 540, (112, 64)), (10, 4000, (16, 1568))],
)
def test_the_network_sees_the_pictures_shape_in_multiples_of_sixteen(height, width, size):
    assert network_size(height, width) == size


def told_of(scene, *, prompt=""):
    """What the network is told of a ``corner_scene`` at its own size, and the unit of inverse depth."""
    guidance, rgb, _ = scene
    frames = CoarseFrames(rgb=guidance.rgb, depth=guidance.depth, known=guidance.known)
    times = torch.arange(float(len(rgb)))
    return condition_on(frames, cameras=guidance.cameras, times=times, reference=rgb[0], prompt=prompt)


@pytest.mark.parametrize(("prompt", "passes", "signal"), [("red", 4, 0.42), ("", 2, 0.1)])
def test_what_a_prompt_changes_is_carried_on_by_three_fifths(monkeypatch, mini, prompt, passes, signal):
    asked = []

    def towards(self, x, t, condition):
        asked.append(bool(condition.text.any()))
        return (x - (0.3 if asked[-1] else 0.1)) / t[..., None, None, None]

    monkeypatch.setattr(MiniNetwork, "forward", towards)
    nothing = torch.zeros(2, 32, 48)
    condition, near = condition_on(
        CoarseFrames(rgb=torch.zeros(2, 3, 32, 48), depth=nothing, known=nothing > 0),
        cameras=Camera.stack([Camera.from_fov(60.0, height=32, width=48)] * 2),
        times=torch.tensor([0.0, 1.0]),
        reference=torch.zeros(3, 32, 48),
        prompt=prompt,
    )
    frames = sample(
        mini.network,
        condition,
        near=near,
        previous=None,
        request=Request(),
        progress=lambda done, total: None,
    )
    assert len(asked) == passes
    torch.testing.assert_close(frames.rgb, torch.full_like(frames.rgb, (signal + 1) / 2))


@pytest.mark.parametrize("shared", [0, 2])
def test_only_the_network_is_elsewhere(monkeypatch, mini, shared):
    """Weights on the meta device stand for weights on a GPU: all they see has to be there, and comes back."""
    devices = set()

    def nothing_to_add(self, x, t, condition):
        devices.update(part.device.type for part in (x, t, condition.fill, condition.known, condition.text))
        return torch.zeros(x.shape)

    monkeypatch.setattr(MiniNetwork, "forward", nothing_to_add)
    away = Mini(copy.deepcopy(mini.network).to("meta"))
    guidance, rgb, depth = corner_scene(5, height=32, width=48)
    before = (
        Clip(rgb=rgb[:shared], depth=depth[:shared], cameras=guidance.cameras[:shared]) if shared else None
    )
    clip = away.generate(guidance, reference=rgb[0], previous=before, request=Request(steps=3))
    assert devices == {"meta"} and clip.rgb.device.type == clip.depth.device.type == "cpu"


@pytest.mark.gpu
def test_a_gpu_imagines_what_a_processor_does(mini):
    guidance, rgb, _ = corner_scene(9, height=64, width=96)
    clips = [
        core.generate(guidance, reference=rgb[0], request=Request(steps=2))
        for core in (mini, Mini(copy.deepcopy(mini.network).to("cuda")))
    ]
    torch.testing.assert_close(clips[1].rgb, clips[0].rgb, atol=0.02, rtol=0)


@pytest.mark.parametrize("steps", [1, 4])
def test_known_pixels_are_shown_to_the_network_on_their_straight_path(monkeypatch, mini, steps):
    condition, near = told_of(corner_scene(3, height=32, width=48))
    noise, seen = noise_like(condition.fill[0], seed=5), []

    def wrong(self, x, t, condition):
        seen.append((x[0], t[0, 0]))
        return torch.full_like(x, 7.0)

    monkeypatch.setattr(MiniNetwork, "forward", wrong)
    request = Request(seed=5, steps=steps)
    sample(mini.network, condition, near=near, previous=None, request=request, progress=lambda *_: None)
    known = condition.known[0][:, None].expand_as(noise)
    assert len(seen) == 2 * steps and seen[0][1] == 1
    for x, t in seen[::2]:
        straight = torch.lerp(condition.guidance[0], noise, t)
        torch.testing.assert_close(x[known], straight[known], atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("prompt", ["", "a house, by day"])
def test_the_answer_knows_no_left_from_right(mini, prompt):
    network = copy.deepcopy(mini.network)
    torch.nn.init.normal_(network.smooth.weight, std=0.1)
    scene = corner_scene(3, height=32, width=48)
    condition, near = told_of(scene, prompt=prompt)

    def sampled(condition):
        return sample(
            network, condition, near=near, previous=None, request=Request(), progress=lambda done, total: None
        )

    there, mirrored = sampled(condition), sampled(condition.mirrored())
    torch.testing.assert_close(mirrored.rgb.flip(-1), there.rgb, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(mirrored.depth.flip(-1), there.depth, atol=1e-4, rtol=1e-4)
    holes = ~scene[0].known[:, None].expand(-1, 3, -1, -1)
    assert not torch.allclose(there.rgb[holes], (condition.fill[0, :, :3][holes] + 1) / 2, atol=1e-3)


def test_a_reduced_cell_is_the_mean_of_its_known_pixels_and_known_from_half_on():
    rgb = torch.zeros(1, 3, 2, 4)
    rgb[..., 0] = 1.0
    rgb[..., 1] = 0.5
    depth = torch.tensor([[[1.0, 3.0, 2.0, 0.0], [1.0, 3.0, 0.0, 0.0]]])
    known = torch.tensor([[[True, True, True, False], [True, True, False, False]]])
    reduced = reduce_frames(rgb, depth, known, size=(1, 2))
    assert reduced.known.tolist() == [[[True, False]]]
    assert torch.allclose(reduced.rgb[0, :, 0, 0], torch.full((3,), 0.75))
    assert reduced.depth[0, 0].tolist() == pytest.approx([1.5, 0.0])  # 1 / mean(1, 1/3)


def test_shared_key_frames_come_first_latest_first_then_the_emptiest():
    known = torch.ones(7, 4, 4, dtype=torch.bool)
    known[3, :1], known[5, :3], known[6, :2] = False, False, False
    assert order_of_keys(known, [0, 1, 3, 5, 6], shared=2) == [1, 0, 5, 6, 3]


def test_key_frames_that_show_next_to_nothing_come_last_the_fullest_first():
    known = torch.ones(5, 10, 4, dtype=torch.bool)
    known[1, :2], known[2, :6], known[3, :9], known[4, :8] = False, False, False, False
    assert order_of_keys(known, [0, 1, 2, 3, 4], shared=1) == [0, 2, 1, 4, 3]


def test_a_frame_that_shows_nothing_of_the_photograph_goes_on_from_those_that_do():
    x, y = torch.meshgrid(torch.arange(384), torch.arange(256), indexing="xy")
    checks = (((x // 8 + y // 8) % 2) * 0.8 + 0.1).expand(3, -1, -1)
    start = Camera.from_fov(50.0, height=256, width=384)
    cameras = Trajectory.parse("turn_right:60deg", frames=5).cameras(start, focus_distance=3.0)
    shell = lift_sky(checks, start, sky=torch.ones(256, 384, dtype=torch.bool), distance=3.0)
    seen = render_points(shell, cameras)
    guidance = Guidance(rgb=seen.rgb, depth=seen.depth, known=seen.known, cameras=cameras)
    assert not guidance.known[4].any()
    size = network_size(256, 384)
    grey = CoarseFrames(
        rgb=torch.full((5, 3, *size), 0.5),
        depth=torch.full((5, *size), 3.0),
        known=torch.ones(5, *size, dtype=torch.bool),
    )
    clip = complete_clip(guidance, grey, keys=[0, 1, 2, 3, 4])
    assert float(clip.rgb[4].std()) > 0.2  # that of the checks is 0.4, that of the network's grey 0


def coarse_of(value, *, depth=2.0, size=(6, 9)):
    return CoarseFrames(
        rgb=torch.full((1, 3, *size), value),
        depth=torch.full((1, *size), depth),
        known=torch.ones(1, *size, dtype=torch.bool),
    )


def test_a_correction_is_nothing_at_known_pixels_and_whole_far_from_them():
    known = torch.ones(60, 90, dtype=torch.bool)
    known[:, 30:] = False
    weight = fade(known, cell=2.0)
    assert (weight[:, :30] == 0).all() and (weight[:, 40:] == 1).all()
    assert (weight[30].diff() >= 0).all() and weight[30].diff().max() < 0.5
    base, depth = torch.full((3, 60, 90), 0.5), torch.full((60, 90), 2.0)
    difference = coarse_difference(base, depth, ~known, coarse=coarse_of(0.8))
    rgb, _ = corrected(base, depth, known, difference=difference)
    assert torch.equal(rgb[:, :, :30], base[:, :, :30])
    assert (rgb[:, :, -1] - 0.8).abs().max() < 1e-5
    assert rgb[0, 30].diff().abs().max() < 0.1  # no step


def test_a_frame_without_correction_is_its_background_fill():
    guidance, _, _ = corner_scene(5)
    rgb, depth, known = guidance.rgb[4], guidance.depth[4], guidance.known[4]
    size = known.shape
    filled, filled_depth = background_fill(rgb[None], depth[None], known[None])
    same = CoarseFrames(rgb=filled, depth=filled_depth, known=torch.ones(1, *size, dtype=torch.bool))
    made, made_depth = complete_frame(rgb, depth, known, coarse=same)
    assert torch.allclose(made, filled[0], atol=1e-6)
    assert torch.allclose(made_depth, filled_depth[0], rtol=1e-5)


def test_a_correction_makes_neither_sky_of_matter_nor_matter_of_sky():
    known = torch.zeros(60, 90, dtype=torch.bool)
    known[:, :4] = True
    rgb, depth = torch.full((3, 60, 90), 0.5), torch.full((60, 90), 5.0)
    depth[:30] = 40.0
    for far in (1.0, 1000.0):
        difference = coarse_difference(rgb, depth, ~known, coarse=coarse_of(0.5, depth=far))
        _, made = corrected(rgb, depth, known, difference=difference, sky_from=20.0)
        assert torch.equal(made >= 20, depth >= 20)
        assert torch.equal(made[:30], depth[:30])


def test_large_pictures_take_half_of_what_the_network_would_add():
    known = torch.zeros(120, 180, dtype=torch.bool)
    known[:, :60] = known[:, -20:] = True
    rgb, depth = torch.full((3, 120, 180), 0.5), torch.full((120, 180), 2.0)
    coarse = coarse_of(0.9)
    made, _ = complete_frame(rgb, depth, known, coarse=coarse)
    share = fade(known, cell=180 / coarse.rgb.shape[3])
    assert share[:, 110].min() > 0.3
    torch.testing.assert_close(made, (0.5 + 0.2 * share).expand(3, -1, -1), atol=0.01, rtol=0)


def test_where_known_and_made_pixels_touch_made_ones_take_half_of_what_is_known():
    known = torch.ones(7, 9, dtype=torch.bool)
    known[:, 4:] = False
    rgb = known.float().expand(3, -1, -1)  # known white, made black
    soft = with_soft_borders(rgb, known)
    assert torch.equal(soft[0], torch.tensor([1.0] * 4 + [0.5] + [0.0] * 4).expand(7, 9))
    assert torch.equal(with_soft_borders(soft, torch.ones_like(known)), soft)


def test_slight_corrections_leave_planes_as_they_are_and_others_are_made_less_by_as_much():
    known = torch.zeros(20, 30, dtype=torch.bool)
    known[:, 0] = True
    rgb, inverse = torch.full((3, 20, 30), 0.5), torch.linspace(0.1, 0.5, 30).expand(20, 30)
    for share, remains in ((0.1, 0.0), (-0.1, 0.0), (0.5, 0.35), (-0.5, -0.35)):
        difference = torch.zeros(4, 20, 30)
        difference[3] = share * inverse
        _, made = corrected(rgb, 1 / inverse, known, difference=difference)
        torch.testing.assert_close(1 / made[:, 8:], (1 + remains) * inverse[:, 8:])


def test_differences_between_key_frames_are_linear_in_time():
    zero, one = torch.zeros(4, 2, 2), torch.ones(4, 2, 2)
    differences, keys = [zero, one], [0, 4]
    assert [float(between(differences, keys, frame)[0, 0, 0]) for frame in range(5)] == [
        0,
        0.25,
        0.5,
        0.75,
        1,
    ]


def test_new_content_of_one_key_frame_is_seen_in_the_others():
    guidance, _, depth = corner_scene(3, height=96, width=144, step=0.05)
    size = network_size(96, 144)
    gray = CoarseFrames(
        rgb=torch.full((3, 3, *size), 0.5),
        depth=torch.full((3, *size), 3.0),
        known=torch.ones(3, *size, dtype=torch.bool),
    )
    clip = complete_clip(guidance, gray, keys=[0, 2])
    assert (clip.depth[1] > 0).all()
    strip = ~guidance.known[1] & (depth[1] > 2)
    assert (clip.depth[1][strip] - 3).abs().mean() < 0.2
