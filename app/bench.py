"""``python -m app.bench``: how soon the page answers, as ratios against named baselines."""

import contextlib
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import httpx
import tyro

from app.drawn_path import DrawnPath, draft_value
from app.gestures import after_gestures
from app.visitor import Visitor
from geometry.rasterizer import render_points
from voyager_lite.cli.report import say
from voyager_lite.core import load_core
from voyager_lite.evaluation.bench import BenchRow, format_table, write_rows
from voyager_lite.explorer import Explorer
from voyager_lite.samples import read_sample
from voyager_lite.world.world import World

FRAMES_ALLOWED = 60
"""Rasterised frames in whose time a preview is to be there."""

TIMES_ALLOWED = 3
"""How much slower an answer may be while others walk."""


@dataclass(frozen=True, kw_only=True)
class Bench:
    """Measure how soon the page answers.

    Example: python -m app.bench --json app.json
    """

    users: Annotated[int, tyro.conf.arg(help="How many are there at once; all but one of them walk.")] = 8
    repeats: Annotated[int, tyro.conf.arg(help="Measurements of each time; medians are told.")] = 15
    json: Annotated[Path | None, tyro.conf.arg(metavar="FILE", help="Write the rows as JSON, too.")] = None

    def run(self) -> None:
        """Print a table."""
        with tempfile.TemporaryDirectory(prefix="voyager-lite-bench-") as folder:
            world = motorcycle(Path(folder) / "motorcycle")
            rows = [preview_row(world, repeats=self.repeats)]
            rows.append(slider_row(world, users=self.users, repeats=self.repeats))
        say(format_table(rows))
        if self.json is not None:
            write_rows(rows, self.json)


def motorcycle(folder: Path) -> Path:
    """A world of the sample with measured depth."""
    opening = Explorer(load_core("nano")).lift(read_sample("motorcycle"))
    World.create(folder, opening).close()
    return folder


def preview_row(world: Path, *, repeats: int) -> BenchRow:
    """From a changed path to all that the editor shows of it, beside frames of the world at full size.

    Processor time, because other work of the machine is not the page's; both in turn in one process.
    """
    with World.open(world) as opened:
        drawing, cameras = DrawnPath.of(opened), opened.cameras[-1:]
        cloud = opened.cache.around(cameras)

    def edit(turn: int) -> None:
        draft_value(after_gestures(drawing, [stroke(drawing.focus_distance, turn)]))

    def frame(_: int) -> None:
        render_points(cloud, cameras)

    times: dict[Callable[[int], None], list[float]] = {edit: [], frame: []}
    for turn in range(-1, repeats):
        for work, seconds in times.items():
            start = time.process_time()
            work(turn)
            seconds.append(time.process_time() - start)
    ours, one = (statistics.median(seconds[1:]) for seconds in times.values())
    return BenchRow(
        name="path edited to preview",
        ours=1000 * ours,
        baseline=1000 * one * FRAMES_ALLOWED,
        baseline_name=f"{FRAMES_ALLOWED} rasterised frames",
        ratio=one * FRAMES_ALLOWED / ours,
        unit="ms of processor",
        case=f"a stroke in the plan of {len(cloud)} points at {cameras.width}x{cameras.height}",
    )


def stroke(focus: float, turn: int) -> dict[str, object]:
    """A path drawn with the pen toward the scene's centre, ``focus`` away; a little different each turn."""
    points = [[0.0, 0.02], [0.05, 0.1], [0.1, 0.2 + 0.002 * turn]]
    return {"do": "stroke", "after": 0, "points": [[focus * x, focus * z] for x, z in points]}


def slider_row(world: Path, *, users: int, repeats: int) -> BenchRow:
    """From a slider moved to the page's answer, while others walk, beside the same with nobody else there."""
    with tempfile.TemporaryDirectory(prefix="voyager-lite-bench-") as folder:
        worlds = Path(folder)
        with served(worlds) as url:
            visitors = [enter(url, worlds, world) for _ in range(users)]
            idle = [moved_slider(visitors[0], turn) for turn in range(-1, repeats)]
            for walker in visitors[1:]:
                walker.tell("click", of="walk")
            busy = [moved_slider(visitors[0], turn) for turn in range(repeats)]
            if users > 1 and not any(map(walks, visitors[1:])):
                raise RuntimeError(
                    "the others had walked to the end before the slider was; ask for fewer repeats"
                )
            for visitor in visitors:
                visitor.leave()
    ours, alone = statistics.median(busy), statistics.median(idle[1:])
    return BenchRow(
        name="slider answered",
        ours=1000 * ours,
        baseline=1000 * alone * TIMES_ALLOWED,
        baseline_name=f"{TIMES_ALLOWED} answers of a server with nothing else to do",
        ratio=alone * TIMES_ALLOWED / ours,
        unit="ms",
        case=f"field of view of a key frame, preview included, while {users - 1} others walk",
    )


@contextlib.contextmanager
def served(worlds: Path) -> Iterator[str]:
    """The app in a process of its own, on a free port; gives its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["--worlds", str(worlds), "--port", str(port), "--core", "nano"]
    server = subprocess.Popen([sys.executable, "-m", "app", *options], stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        while not answers(url):
            if server.poll() is not None:
                raise RuntimeError(f"the app ended with {server.returncode}")
            time.sleep(0.2)
        yield url
    finally:
        server.terminate()
        server.wait()


def answers(url: str) -> bool:
    """Whether a server is up."""
    try:
        return httpx.get(url).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


def enter(url: str, worlds: Path, world: Path) -> Visitor:
    """Somebody new, in a world of their own, with a path drawn."""
    visitor = Visitor(url)
    token = visitor.visit["token"]
    shutil.copytree(world, worlds / token / world.name)
    visitor.visit = {"token": token, "world": world.name}
    visitor.tell("change", to="path-editor")
    focus = visitor.value("path-editor")["focus"]
    visitor.tell("edit", of="path-editor", brings={"gestures": [stroke(focus, 0)]})
    return visitor


def walks(visitor: Visitor) -> bool:
    """Whether a walk is under way, or waits for its turn."""
    visitor.tell("tick")
    return any(f'data-state="{state}"' in str(visitor.value("status")) for state in ("running", "waiting"))


def moved_slider(visitor: Visitor, turn: int) -> float:
    """Seconds until the page shows what another field of view does."""
    gesture = {"do": "fov", "k": 1, "fov_degrees": 60.0 + turn}
    start = time.perf_counter()
    visitor.tell("edit", of="path-editor", brings={"gestures": [gesture]})
    return time.perf_counter() - start


if __name__ == "__main__":
    tyro.cli(Bench).run()
