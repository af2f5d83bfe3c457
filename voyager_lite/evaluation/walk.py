"""A whole walk, judged by its video: seams between clips, the way back, the first frame."""

import tempfile
import time
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor
from tqdm import tqdm

from geometry.camera import Camera
from geometry.rasterizer import render_points
from geometry.trajectory import Trajectory
from voyager_lite.clip import Clip, Guidance
from voyager_lite.core.generator import Generator, Progress, Request
from voyager_lite.evaluation.bench import BenchRow
from voyager_lite.evaluation.metrics import psnr
from voyager_lite.evaluation.seams import seam_rows
from voyager_lite.explorer import Explorer
from voyager_lite.export.video import read_mp4
from voyager_lite.opening import View
from voyager_lite.results import write_results
from voyager_lite.samples import read_sample
from voyager_lite.stretches import clip_starts
from voyager_lite.world.world import World

HEIGHT, WIDTH, FRAMES = 324, 480, 49
REQUIRED_FIRST_FRAME = 35.0


class Twice:
    """Generates every clip a second time without what the clip before hands over.

    ``alone`` holds those second results: the clips that plain concatenation and cross-fade join.
    """

    def __init__(self, generator: Generator) -> None:
        self.generator = generator
        self.name, self.clip_frames = generator.name, generator.clip_frames
        self.reads_prompts = generator.reads_prompts
        self.alone: list[Clip] = []

    def generate(
        self,
        guidance: Guidance,
        *,
        reference: Float[Tensor, "3 height width"],
        previous: Clip | None = None,
        request: Request,
        progress: Progress | None = None,
    ) -> Clip:
        """See ``Generator.generate``; returns what the generator makes with ``previous``."""
        self.alone.append(self.generator.generate(guidance, reference=reference, request=request))
        return self.generator.generate(
            guidance, reference=reference, previous=previous, request=request, progress=progress
        )


def walk_rows(generator: Generator) -> list[BenchRow]:
    """Walk half-way round the sample motorcycle and home again; takes a minute or two."""
    with tempfile.TemporaryDirectory() as folder, tqdm(total=3, unit="walk", desc="walk", leave=False) as bar:
        rows = _seams(generator, Path(folder) / "seams")
        bar.update()
        rows += _home(generator, Path(folder) / "home")
        bar.update()
        rows += _files(generator, Path(folder) / "files")
        bar.update()
    return rows


def _open(explorer: Explorer, folder: Path) -> World:
    return explorer.open_image(read_sample("motorcycle"), folder, view=View(height=HEIGHT, width=WIDTH))


def _seams(generator: Generator, folder: Path) -> list[BenchRow]:
    """Two kinds of plain clips: with the same guidance, and each from the photograph alone."""
    twice = Twice(generator)
    explorer = Explorer(twice)
    world = _open(explorer, folder)
    photograph = world.cloud
    cameras = explorer.plan(world, Trajectory.parse("orbit:15deg", frames=FRAMES))
    smooth = [clip.rgb for clip in explorer.explore(world, cameras)]
    starts = clip_starts(FRAMES, clip_frames=generator.clip_frames)
    case = f"motorcycle, orbit:15deg, {FRAMES} frames, {len(smooth)} clips"
    same = seam_rows(smooth, [clip.rgb for clip in twice.alone], starts=starts, case=f"{case}, same guidance")
    naive = []
    for start in starts:
        stretch = cameras[start : start + generator.clip_frames]
        seen = render_points(photograph, stretch)
        guidance = Guidance(rgb=seen.rgb, depth=seen.depth, known=seen.known, cameras=stretch)
        naive.append(generator.generate(guidance, reference=world.rgb(0), request=Request(seed=start)).rgb)
    return same + seam_rows(smooth, naive, starts=starts, case=f"{case}, each from the photograph alone")


def _home(generator: Generator, folder: Path) -> list[BenchRow]:
    """Out and back: the last frame against the first, beside a walk that remembers nothing."""
    explorer = Explorer(generator)
    world = _open(explorer, folder)
    photograph = world.cloud
    path = "right:12%,left:12%"
    for _ in explorer.explore(world, Trajectory.parse(path, frames=FRAMES)):
        pass
    first, last, everywhere = world.rgb(0), world.rgb(-1), torch.ones(HEIGHT, WIDTH, dtype=torch.bool)
    turned = world.cameras[FRAMES // 2]
    out = world.rgb(FRAMES // 2)
    remembered, forgotten = (
        _seen_again(generator, cloud, turned, reference=first) for cloud in (world.cloud, photograph)
    )
    return [
        BenchRow(
            name="out and back, last frame",
            ours=psnr(last, first, everywhere),
            baseline=psnr(out, first, everywhere),
            baseline_name="the turning point's frame",
            ratio=None,
            unit="dB to the first frame",
            case=f"motorcycle, {path}, {FRAMES} frames",
        ),
        BenchRow(
            name="the turning point seen again",
            ours=psnr(remembered, out, everywhere),
            baseline=psnr(forgotten, out, everywhere),
            baseline_name="generated anew, no cache",
            ratio=None,
            unit="dB to its frame",
            case=f"motorcycle, {path}, {FRAMES} frames",
        ),
    ]


def _seen_again(
    generator: Generator, photograph: object, camera: Camera, *, reference: Float[Tensor, "3 height width"]
) -> Float[Tensor, "3 height width"]:
    cameras = Camera.stack([camera])
    seen = render_points(photograph, cameras)  # type: ignore[arg-type]
    guidance = Guidance(rgb=seen.rgb, depth=seen.depth, known=seen.known, cameras=cameras)
    return generator.generate(guidance, reference=reference, request=Request(seed=1)).rgb[0]


def _files(generator: Generator, folder: Path) -> list[BenchRow]:
    """The demo's walk with all its files: the time it takes, and the first frame of the video."""
    started = time.perf_counter()
    explorer = Explorer(generator)
    world = explorer.open_image(read_sample("motorcycle"), folder)
    for _ in explorer.explore(world, Trajectory.parse("orbit:20deg,forward:0.4", frames=FRAMES)):
        pass
    write_results(world)
    seconds = time.perf_counter() - started
    photograph = world.rgb(0)
    first = next(read_mp4(folder / "video.mp4"))
    where = torch.ones(photograph.shape[-2:], dtype=torch.bool)
    case = f"motorcycle {photograph.shape[-1]}x{photograph.shape[-2]}, {FRAMES} frames"
    return [
        BenchRow(
            name="first frame of video.mp4",
            ours=psnr(first, photograph, where),
            baseline=REQUIRED_FIRST_FRAME,
            baseline_name="required",
            ratio=None,
            unit="dB to the photograph",
            case=case,
        ),
        BenchRow(
            name="photograph to files",
            ours=seconds,
            baseline=180.0,
            baseline_name="allowed",
            ratio=180.0 / seconds,
            unit="s",
            case=case,
        ),
    ]
