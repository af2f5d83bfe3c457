"""`voyager-lite bench world`: what a frame and the memory cost as a world grows."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from geometry.cache import BUDGET_MB
from geometry.rasterizer import render_points
from voyager_lite.evaluation.bench import BenchRow
from voyager_lite.evaluation.landscape import build, tile, walk
from voyager_lite.evaluation.rooms import ACROSS, build_rooms
from voyager_lite.evaluation.rooms_bench import rooms_rows
from voyager_lite.evaluation.world_plot import draw_world_size
from voyager_lite.world.world import World

MILLIONS = (1, 10, 100)
"""Points of the worlds, unless said otherwise."""

HEIGHT, WIDTH, FRAMES = 540, 960, 41
WANTED_TIMES = 1.5
ALLOWED_MB = BUDGET_MB + 300


@dataclass(frozen=True, kw_only=True)
class WorldFigures:
    """What a walk through one world cost.

    Attributes:
        open_ms: Processor time to open it and to find out what there is.
        frame_ms: Processor time of the median frame: choosing, loading and drawing.
        mean_ms: Of all frames but the first, so that all loading counts.
        points: Touched for the median frame.
        far_ms: As ``frame_ms``, with a look to the horizon.
        far_points: As ``points``, with a look to the horizon.
        peak_mb: Largest resident memory of the process, all libraries included.
        library_mb: Of it, before the world was opened.
        file_mb: Size of the world.
    """

    open_ms: float
    frame_ms: float
    mean_ms: float
    points: int
    far_ms: float
    far_points: int
    peak_mb: float
    library_mb: float
    file_mb: float


def run_world(millions: Sequence[int] = MILLIONS, *, plot: Path | None = None) -> list[BenchRow]:
    """Build worlds of that many million points and walk through each in a process of its own; then rooms.

    Takes two seconds and 22 MB of a temporary folder for each million points, so that a thousand million
    are half an hour and 22 GB; the smallest world comes first and is what the others are compared with.

    Args:
        millions: Points of each world.
        plot: PNG to draw times and memory in.

    Raises:
        ValueError: A size is not above 0.
        ChildProcessError: A process failed.
    """
    if not millions or min(millions) < 1:
        raise ValueError(f"worlds of {list(millions)} million points; expected at least one, each 1 or more")
    figures: dict[int, WorldFigures] = {}
    for size in tqdm(sorted(millions), unit="world", leave=False):
        with tempfile.TemporaryDirectory(prefix="voyager-lite-bench-") as folder:
            build(Path(folder) / "hills", tiles=size)
            figures[size] = walked(Path(folder) / "hills")
    if plot is not None:
        _draw(plot, figures)
    least, name = figures[min(millions)], f"{min(millions)} million points"
    with tempfile.TemporaryDirectory(prefix="voyager-lite-bench-") as folder:
        build_rooms(Path(folder) / "rooms")
        rooms = rooms_rows(Path(folder) / "rooms", frames=FRAMES, height=HEIGHT, width=WIDTH, across=ACROSS)
    return [row for size, found in figures.items() for row in _rows(size, found, least, name)] + rooms


def walked(folder: Path) -> WorldFigures:
    """``measure`` in a process of its own, so that its peak of memory is its own.

    Raises:
        ChildProcessError: The process failed.
    """
    command = [sys.executable, "-m", "voyager_lite.evaluation.world_bench", str(folder)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise ChildProcessError(f"the process that walks through {folder} ended with code {done.returncode}")
    return WorldFigures(**json.loads(done.stdout.splitlines()[-1]))


def measure(folder: Path, *, height: int = HEIGHT, width: int = WIDTH, frames: int = FRAMES) -> WorldFigures:
    """Open a world of hills and walk over it twice: looking down, and to the horizon."""
    # Compiles or loads what draws, and takes the memory of that before the world is there.
    render_points(tile(0)[:1000], walk(frames=1, height=height, width=width, down=True)[0])
    library = _peak_mb()
    start = time.process_time()
    world = World.open(folder)
    cache = world.cache
    opening = time.process_time() - start
    seconds: dict[bool, list[float]] = {True: [], False: []}
    points: dict[bool, list[int]] = {True: [], False: []}
    for down in (True, False):
        cameras = walk(frames=frames, height=height, width=width, down=down)
        for i in range(frames):
            start = time.process_time()
            cache.render(cameras[i])
            seconds[down].append(time.process_time() - start)
            points[down].append(len(cache.view(cameras[i])))
    return WorldFigures(
        open_ms=1000 * opening,
        frame_ms=1000 * float(np.median(seconds[True][1:])),
        mean_ms=1000 * float(np.mean(seconds[True][1:])),
        points=int(np.median(points[True])),
        far_ms=1000 * float(np.median(seconds[False][1:])),
        far_points=int(np.median(points[False])),
        peak_mb=_peak_mb(),
        library_mb=library,
        file_mb=world.store.file.stat().st_size / 1e6,
    )


def _peak_mb() -> float:
    """Largest resident memory of this process so far, MB of 2 ** 20 bytes; as Linux tells it.

    Not ``getrusage``: what that tells begins with the memory of the process that started this one.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def _draw(picture: Path, figures: Mapping[int, WorldFigures]) -> None:
    times = {
        "looking down, with loading": {size: found.mean_ms for size, found in figures.items()},
        "to the horizon": {size: found.far_ms for size, found in figures.items()},
    }
    memory = {size: found.peak_mb for size, found in figures.items()}
    draw_world_size(picture, times=times, memory=memory, allowed=ALLOWED_MB)


def _rows(size: int, found: WorldFigures, least: WorldFigures, smallest: str) -> list[BenchRow]:
    case = f"{size} million points, {found.file_mb:.0f} MB on disk, {WIDTH}x{HEIGHT}"
    figures = (
        ("opening", found.open_ms, least.open_ms, smallest, "ms"),
        ("frame, looking down", found.frame_ms, WANTED_TIMES * least.frame_ms, f"1.5 x {smallest}", "ms"),
        ("with loading, on average", found.mean_ms, WANTED_TIMES * least.mean_ms, f"1.5 x {smallest}", "ms"),
        ("points touched", found.points, least.points, smallest, "points"),
        ("frame, to the horizon", found.far_ms, least.far_ms, smallest, "ms"),
        ("points touched, to the horizon", found.far_points, least.far_points, smallest, "points"),
        ("peak memory", found.peak_mb, ALLOWED_MB, "budget + 300 MB, libraries included", "MB"),
        ("peak memory over the libraries'", found.peak_mb - found.library_mb, BUDGET_MB, "budget", "MB"),
    )
    return [
        BenchRow(
            name=name,
            ours=float(ours),
            baseline=float(baseline),
            baseline_name=meaning,
            ratio=float(baseline / ours) if ours > 0 else None,
            unit=unit,
            case=case,
        )
        for name, ours, baseline, meaning, unit in figures
    ]


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asdict(measure(Path(sys.argv[1])))) + "\n")
