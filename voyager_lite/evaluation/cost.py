"""What generating costs: operations counted, and seconds of a whole walk."""

import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch.utils.flop_counter import FlopCounterMode, sdpa_flop

from geometry.camera import Camera
from geometry.rasterizer import render_points
from geometry.trajectory import Trajectory
from voyager_lite.clip import Guidance
from voyager_lite.core.generator import Generator, Request
from voyager_lite.evaluation.bench import BenchRow
from voyager_lite.evaluation.compare import judged
from voyager_lite.explorer import Explorer
from voyager_lite.opening import View
from voyager_lite.results import write_results
from voyager_lite.samples import read_sample

FRAMES, HEIGHT, WIDTH = 49, 540, 960
ALLOWED_SECONDS = 60.0
MOST_OF_MINI = 0.25


def count_flops(work: Callable[[], object]) -> int:
    """Floating point operations of all matrix products, convolutions and attention that run in ``work``.

    A multiplication and an addition count as two, as PyTorch's ``FlopCounterMode`` has it; it does not
    know the processor's own attention, which is counted here alike.
    """
    attention = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
    counter = FlopCounterMode(display=False, custom_mapping={attention: _attention_flops})
    with counter:
        work()
    return int(counter.get_total_flops())


def clip_flops(generator: Generator, *, steps: int | None = None) -> int:
    """Operations of a generator's network for one clip of 9 frames of 96x64, half of it unknown."""
    first = Camera.from_fov(60.0, height=64, width=96)
    known = torch.zeros(9, 64, 96, dtype=torch.bool)
    known[..., :48] = known[0] = True
    guidance = Guidance(
        rgb=0.5 * known[:, None].expand(-1, 3, -1, -1),
        depth=2.0 * known,
        known=known,
        cameras=Camera.stack([first] * 9),
    )
    reference = torch.full((3, 64, 96), 0.5)
    return count_flops(
        lambda: generator.generate(guidance, reference=reference, request=Request(seed=0, steps=steps))
    )


def flop_rows(large: Generator, others: Sequence[Generator]) -> list[BenchRow]:
    """Operations a clip of smaller generators beside a large one's, in units of 10^9."""
    whole = clip_flops(large) / 1e9
    rows = []
    for other in others:
        part = clip_flops(other) / 1e9
        goal = judged(f"{100 * MOST_OF_MINI:g} % or less", part <= MOST_OF_MINI * whole)
        rows.append(
            BenchRow(
                name=f"{other.name} against {large.name}",
                ours=part,
                baseline=whole,
                baseline_name=large.name,
                ratio=whole / part if part else None,
                unit="GFLOP",
                case=f"9 frames of 96x64, {100 * part / whole:.1f} %; {goal}",
            )
        )
    return rows


def pipeline_rows(
    generator: Generator, *, frames: int = FRAMES, height: int = HEIGHT, width: int = WIDTH
) -> list[BenchRow]:
    """From a photograph to all files on disk, and the same cameras merely rasterised from the finished world.

    The sample motorcycle with its measured depth, around and into it.
    """
    explorer = Explorer(generator)
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        world = explorer.open_image(
            read_sample("motorcycle"), Path(folder) / "world", view=View(height=height, width=width)
        )
        for _ in explorer.explore(world, Trajectory.parse("orbit:20deg,forward:0.4", frames=frames)):
            pass
        write_results(world)
        seconds = time.perf_counter() - started
        cameras, cloud = world.cameras, world.cloud
        world.close()
    render_points(cloud, cameras[0])
    started = time.perf_counter()
    render_points(cloud, cameras)
    rasterised = len(cameras) / (time.perf_counter() - started)
    case = f"motorcycle {width}x{height}, {frames} frames"
    made = frames / seconds
    return [
        BenchRow(
            name="photograph to files",
            ours=seconds,
            baseline=ALLOWED_SECONDS,
            baseline_name="allowed",
            ratio=ALLOWED_SECONDS / seconds,
            unit="s",
            case=f"{case}; {judged(f'under {ALLOWED_SECONDS:g} s', seconds < ALLOWED_SECONDS)}",
        ),
        BenchRow(
            name="frames made",
            ours=made,
            baseline=rasterised,
            baseline_name="rasterising the finished world",
            ratio=made / rasterised,
            unit="frames a second",
            case=case,
        ),
    ]


def _attention_flops(
    query: Sequence[int], key: Sequence[int], value: Sequence[int], *_: object, **__: object
) -> int:
    return int(sdpa_flop(query, key, value))
