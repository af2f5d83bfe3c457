"""The explorer: what is committed stays, the same seed gives the same bytes, undo undoes."""

import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from geometry.camera import Camera
from geometry.edges import beside_nearer
from geometry.trajectory import Trajectory
from voyager_lite.clip import Clip, Guidance
from voyager_lite.core.fill import background_fill
from voyager_lite.core.generator import Progress, Request
from voyager_lite.depth.estimate import DepthEstimate
from voyager_lite.errors import PathBlockedError
from voyager_lite.explorer import MOST_SEED, Explorer, Step, aligned
from voyager_lite.opening import View
from voyager_lite.photograph import Photograph
from voyager_lite.stretches import clip_starts
from voyager_lite.world.world import World

HEIGHT, WIDTH = 48, 64


class StubGenerator:
    """Fills holes from their surroundings, plus a little seeded noise."""

    name = "stub"
    clip_frames = 5
    reads_prompts = False

    def __init__(self, *, fail_at: int | None = None) -> None:
        self.calls: list[Clip | None] = []
        self.fail_at = fail_at

    def generate(
        self,
        guidance: Guidance,
        *,
        reference: torch.Tensor,
        previous: Clip | None = None,
        request: Request,
        progress: Progress | None = None,
    ) -> Clip:
        if len(self.calls) == self.fail_at:
            raise KeyboardInterrupt
        self.calls.append(previous)
        rgb, depth = background_fill(guidance.rgb, guidance.depth, guidance.known)
        noise = torch.rand(rgb.shape, generator=torch.Generator().manual_seed(request.seed))
        rgb = torch.where(guidance.known[:, None], rgb, (rgb + 0.1 * noise).clamp(0, 1))
        if progress is not None:
            progress(1, 1)
        return Clip(rgb=rgb, depth=depth, cameras=guidance.cameras)


class BlurredGenerator(StubGenerator):
    """Paints made pixels that touch something nearer white, a colour found nowhere else."""

    name = "blurred"

    def generate(self, guidance: Guidance, **choices: Any) -> Clip:
        clip = super().generate(guidance, **choices)
        mixed = beside_nearer(clip.depth) & ~guidance.known
        return replace(clip, rgb=torch.where(mixed[:, None], torch.ones(()), clip.rgb))


def a_photograph() -> Photograph:
    """Noise in red and green below a blue sky; the room of ``a_room``."""
    picture = torch.rand(3, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(1))
    picture[2] *= 0.2
    picture[:, :8] = torch.tensor([0.3, 0.5, 1.0])[:, None, None]
    return Photograph(rgb=picture, fov_degrees=60.0, path=Path("a.png"))


def a_room() -> DepthEstimate:
    """A wall 4 units away with a box at 2 units before its middle, and sky above."""
    depth = torch.full((HEIGHT, WIDTH), 4.0)
    depth[24:40, 24:40] = 2.0
    sky = torch.zeros(HEIGHT, WIDTH, dtype=torch.bool)
    sky[:8] = True
    return DepthEstimate(
        depth=torch.where(sky, 0.0, depth),
        valid=~sky,
        sky=sky,
        fov_degrees=60.0,
        metric=False,
        source="by hand",
    )


def open_world(folder: Path, generator: StubGenerator | None = None) -> tuple[Explorer, World]:
    explorer = Explorer(generator or StubGenerator())
    return explorer, explorer.open_image(a_photograph(), folder, depth=a_room(), view=View(fps=10.0))


def test_clips_cover_every_path_and_overlap_by_half() -> None:
    for frames in range(2, 120):
        starts = clip_starts(frames, clip_frames=25)
        ends = [min(start + 25, frames) for start in starts]
        assert starts[0] == 0 and ends[-1] == frames
        assert all(later - earlier == 12 for earlier, later in itertools.pairwise(starts))
        assert all(end > start + 13 for start, end in zip(starts[1:], ends[1:], strict=True))
        assert all(end == start + 25 for start, end in zip(starts[:-1], ends[:-1], strict=True))


@pytest.mark.parametrize(
    ("frames", "starts"),
    [(2, [0]), (25, [0]), (26, [0, 12]), (37, [0, 12]), (38, [0, 12, 24]), (49, [0, 12, 24])],
)
def test_clip_starts_by_hand(frames: int, starts: list[int]) -> None:
    assert clip_starts(frames, clip_frames=25) == starts


@pytest.mark.parametrize("frames", [0, 1])
def test_a_walk_needs_two_frames(frames: int) -> None:
    with pytest.raises(ValueError, match=f"has {frames} frames; expected at least 2"):
        clip_starts(frames, clip_frames=25)


def test_frame_zero_is_the_photograph(tmp_path: Path) -> None:
    _, world = open_world(tmp_path / "w")
    rgb, depth = world.rgb(0), world.depth(0)
    assert torch.equal(rgb, (a_photograph().rgb * 255).round() / 255)
    assert float(depth.min()) > 0
    assert torch.equal(depth[10, :], torch.full((WIDTH,), 4.0))


def test_known_pixels_come_back_exactly(tmp_path: Path) -> None:
    explorer, world = open_world(tmp_path / "w")
    cameras = explorer.plan(world, Trajectory.parse("right:0.3", frames=5))
    guidance = explorer.guidance(world, cameras)
    (clip,) = explorer.explore(world, cameras)
    known = guidance.known[:, None].expand_as(guidance.rgb)
    assert torch.allclose(clip.rgb[known], guidance.rgb[known], atol=0.51 / 255)
    assert bool((~guidance.known).any())


def test_the_overlap_starts_from_the_clip_before(tmp_path: Path) -> None:
    generator = StubGenerator()
    explorer, world = open_world(tmp_path / "w", generator)
    clips = list(explorer.explore(world, Trajectory.parse("right:0.5", frames=9)))
    assert len(clips) == 3
    assert generator.calls[0] is None
    for before, handed in zip(clips, generator.calls[1:], strict=False):
        assert handed is not None and len(handed) == 3
        assert torch.equal(handed.rgb, before.rgb[2:])


def test_what_shows_some_of_a_thing_beside_it_does_not_stay_as_its_outline(tmp_path: Path) -> None:
    explorer, world = open_world(tmp_path / "w", BlurredGenerator())
    clips = list(explorer.explore(world, Trajectory.parse("right:0.5", frames=9)))
    assert all(bool((clip.rgb == 1).all(dim=1).any()) for clip in clips)
    assert len(world.cloud) > HEIGHT * WIDTH
    assert not (world.cloud.colors == 1).all(dim=-1).any()


def test_progress_tells_clip_and_step(tmp_path: Path) -> None:
    explorer, world = open_world(tmp_path / "w")
    told: list[Step] = []
    list(explorer.explore(world, Trajectory.parse("right:0.5", frames=7), progress=told.append))
    for clip, frames in ((1, 5), (2, 5)):
        begun = Step(clip=clip, clips=2, step=0, steps=1)
        made = replace(begun, step=1)
        after = [replace(made, kept=number / (3 * frames)) for number in range(1, 3 * frames + 1)]
        assert [step for step in told if step.clip == clip][:2] == [begun, made]
        rest = [step for step in told if step.clip == clip][2:]
        # A frame that brings nothing new is not fused.
        assert rest == after[: len(rest)] and len(rest) >= 2 * frames


def test_a_prompt_that_nobody_reads_is_said_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    explorer, world = open_world(tmp_path / "w")
    list(explorer.explore(world, Trajectory.parse("right:0.5", frames=2), prompt="snow"))
    assert "core stub does not read prompts" in caplog.text


def test_the_same_seed_gives_the_same_walk_and_another_does_not(tmp_path: Path) -> None:
    walks = []
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        explorer, world = open_world(tmp_path / name)
        list(explorer.explore(world, Trajectory.parse("right:0.6", frames=9), seed=seed))
        walks.append((torch.stack([rgb for rgb, _ in world.frames()]), world.cloud.positions))
    assert torch.equal(walks[0][0], walks[1][0])
    assert torch.equal(walks[0][1], walks[1][1])
    assert not torch.equal(walks[0][0], walks[2][0])


def test_undo_brings_back_the_world_before(tmp_path: Path) -> None:
    explorer, world = open_world(tmp_path / "w")
    list(explorer.explore(world, Trajectory.parse("right:0.4", frames=5)))
    frames = [rgb for rgb, _ in world.frames()]
    points = world.cloud.positions
    list(explorer.explore(world, Trajectory.parse("right:0.4", frames=7)))
    assert len(world) == 11
    assert world.undo(2) == 1
    assert len(world) == 5
    assert all(torch.equal(a, b) for a, (b, _) in zip(frames, world.frames(), strict=True))
    assert torch.equal(points, world.cloud.positions)
    with pytest.raises(ValueError, match="cannot undo 2 clips; 1 have been walked"):
        world.undo(2)


def test_going_on_after_reopening_equals_never_having_stopped(tmp_path: Path) -> None:
    paths = [Trajectory.parse(text, frames=7) for text in ("right:0.4", "up:0.2")]
    explorer, world = open_world(tmp_path / "straight")
    for path in paths:
        list(explorer.explore(world, path))
    explorer, stopped = open_world(tmp_path / "stopped")
    list(explorer.explore(stopped, paths[0]))
    stopped.close()
    again = World.open(tmp_path / "stopped")
    list(explorer.explore(again, paths[1]))
    assert len(again) == len(world) == 13
    for (rgb, depth), (other_rgb, other_depth) in zip(world.frames(), again.frames(), strict=True):
        assert torch.equal(rgb, other_rgb)
        assert torch.equal(depth, other_depth)
    assert torch.equal(world.cloud.positions, again.cloud.positions)
    assert torch.equal(world.cloud.colors, again.cloud.colors)


def test_an_interruption_keeps_the_committed_clips(tmp_path: Path) -> None:
    explorer, world = open_world(tmp_path / "w", StubGenerator(fail_at=2))
    with pytest.raises(KeyboardInterrupt):
        list(explorer.explore(world, Trajectory.parse("right:0.5", frames=9)))
    world.close()
    again = World.open(tmp_path / "w")
    assert len(again.clips) == 3
    assert len(again) == 7


def test_a_commit_that_fails_leaves_memory_as_the_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    explorer, world = open_world(tmp_path / "w")
    before = len(world.cloud)

    def full(*_: object, **__: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(world.store, "append", full)
    with pytest.raises(OSError, match="No space"):
        list(explorer.explore(world, Trajectory.parse("right:0.4", frames=5)))
    assert len(world.cloud) == before
    assert len(world) == 1


def test_walking_out_and_back_finds_what_was_seen(tmp_path: Path) -> None:
    explorer, world = open_world(tmp_path / "w")
    list(explorer.explore(world, Trajectory.parse("right:0.5,left:0.5", frames=9)))
    assert torch.allclose(world.cameras[-1].center, world.cameras[0].center, atol=1e-6)
    first, last = world.rgb(0), world.rgb(-1)
    seen = explorer.guidance(world, world.cameras[-1:], anchored=False).known[0]
    assert float(seen.float().mean()) > 0.97
    error = (first - last).abs().amax(0)[seen]
    assert float((error < 2 / 255).float().mean()) > 0.97


class TooNear(StubGenerator):
    """Imagines everything half as far as its surroundings."""

    def generate(self, guidance: Guidance, **others: Any) -> Clip:
        clip = super().generate(guidance, **others)
        return Clip(
            rgb=clip.rgb,
            depth=torch.where(guidance.known, clip.depth, clip.depth / 2),
            cameras=clip.cameras,
        )


def test_nothing_new_stands_before_what_the_photograph_shows(tmp_path: Path) -> None:
    explorer, world = open_world(tmp_path / "w", TooNear())
    photograph, home = len(world.cloud), world.cameras[0]
    list(explorer.explore(world, Trajectory.parse("right:0.7,left:0.7", frames=9)))
    assert len(world.cloud) > photograph + 100
    shown = world.cache.render(home)
    hidden = shown.known & (shown.depth < 0.94 * world.depth(0)) & (world.depth(0) < world.sky_from)
    assert float(hidden.float().mean()) < 0.005
    beyond = world.cloud[photograph:]
    aside = (beyond.positions[:, 0] > 0.6 * beyond.positions[:, 2]) & ~beyond.sky
    assert float(beyond.positions[aside, 2].median()) < 3, "what the photograph does not show may be near"


def test_a_path_into_the_wall_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    explorer, world = open_world(tmp_path / "w")
    path = Trajectory.parse("forward:5", frames=9)
    with pytest.raises(PathBlockedError, match="--safe") as caught:
        explorer.plan(world, path)
    assert 0 < caught.value.frame < 9
    safe = explorer.plan(world, path, safe=True)
    assert len(safe) == 9
    assert 0.2 < float(safe.center[-1, 2]) < 2.0
    assert len(world) == 1


def test_cameras_from_where_the_walk_no_longer_stands_are_refused(tmp_path: Path) -> None:
    explorer, world = open_world(tmp_path / "w")
    plans = [explorer.plan(world, Trajectory.parse(text, frames=5)) for text in ("right:0.2", "left:0.2")]
    list(explorer.explore(world, plans[0]))
    turned = explorer.plan(world, Trajectory.parse("turn_left:5deg,left:0.2", frames=5))[1:]
    for elsewhere in (plans[1], turned):
        with pytest.raises(ValueError, match="world's last camera; expected 0"):
            list(explorer.explore(world, elsewhere))
    assert len(world) == 5
    assert world.pending is None


def test_seeds_have_64_bits(tmp_path: Path) -> None:
    explorer, world = open_world(tmp_path / "w")
    path = Trajectory.parse("right:0.2", frames=5)
    for seed in (10**20, -(10**20), MOST_SEED + 1):
        with pytest.raises(ValueError, match=f"seed is {seed}; expected a whole number from"):
            list(explorer.explore(world, path, seed=seed))
        assert world.pending is None
    for seed in (MOST_SEED, -MOST_SEED):
        list(explorer.explore(world, path, seed=seed))
    assert len(world) == 9


def test_new_depth_is_aligned_to_what_is_known() -> None:
    cameras = Camera.from_fov(
        60.0, height=40, width=40, world_to_camera=torch.eye(4).double().repeat(1, 1, 1)
    )
    x = torch.linspace(0.2, 0.5, 40).expand(40, 40)
    truth = (1 / x)[None]
    known = torch.zeros(1, 40, 40, dtype=torch.bool)
    known[..., :25] = True
    guidance = Guidance(
        rgb=torch.zeros(1, 3, 40, 40), depth=torch.where(known, truth, 0.0), known=known, cameras=cameras
    )
    new = Clip(rgb=torch.ones(1, 3, 40, 40), depth=1 / (0.5 / truth + 0.1), cameras=cameras)
    result = aligned(new, guidance)
    assert torch.equal(result.depth[known], truth[known])
    assert torch.allclose(result.depth, truth, rtol=1e-3)
    assert float(result.rgb[..., :25].max()) == 0 and float(result.rgb[..., 25:].min()) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"width": 63, "height": 48}, "expected even numbers"),
        ({"width": 64}, "size"),
        ({"fov_degrees": 0.0}, "field of view"),
        ({"fps": 0.0}, "frame rate"),
    ],
)
def test_an_impossible_view_is_refused(options: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        View(**options)


def test_depth_of_another_size_is_refused(tmp_path: Path) -> None:
    estimate = a_room()
    cut = DepthEstimate(
        depth=estimate.depth[:, :-1],
        valid=estimate.valid[:, :-1],
        sky=estimate.sky[:, :-1],
        fov_degrees=None,
        metric=False,
        source="",
    )
    with pytest.raises(ValueError, match="depth has size 63x48; the photograph has 64x48"):
        Explorer(StubGenerator()).open_image(a_photograph(), tmp_path / "w", depth=cut)
    assert not (tmp_path / "w").exists()


def test_another_shape_is_cut_from_the_middle_and_never_stretched(tmp_path: Path) -> None:
    explorer = Explorer(StubGenerator())
    world = explorer.open_image(
        a_photograph(), tmp_path / "w", depth=a_room(), view=View(height=48, width=48)
    )
    camera = world.cameras[0]
    assert (camera.width, camera.height) == (48, 48)
    whole = Camera.from_fov(60.0, height=HEIGHT, width=WIDTH)
    assert torch.allclose(camera.K[:2, :2], whole.K[:2, :2])
    assert camera.K[:2, 2].tolist() == [24.0, 24.0]
    assert torch.equal(world.rgb(0), ((a_photograph().rgb * 255).round() / 255)[:, :, 8:56])
