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
from typing import TYPE_CHECKING, Annotated

import httpx
import tyro

from app.drawn_path import DrawnPath, draft_value
from app.gestures import after_gestures
from app.visitor import PATIENCE, Visitor
from geometry.camera import Camera
from geometry.cloud import PointCloud
from geometry.rasterizer import render_points
from voyager_lite.cli.report import say
from voyager_lite.core import load_core
from voyager_lite.evaluation.bench import BenchRow, format_table, write_rows
from voyager_lite.explorer import Explorer
from voyager_lite.opening import View
from voyager_lite.samples import read_sample
from voyager_lite.world.world import World

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
BROWSER_OPTIONS = ["--no-sandbox", "--disable-gpu", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]

if TYPE_CHECKING:
    from playwright.sync_api import Page

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
            if (found := find_browser()) is None:
                say(f"no browser found, so nothing is measured in one; looked for {', '.join(BROWSERS)}")
            else:
                rows.append(browser_row(world, browser=found, repeats=self.repeats))
            rows.append(slider_row(world, users=self.users, repeats=self.repeats))
            rows.append(cancel_row(motorcycle(Path(folder) / "large", width=960), repeats=self.repeats))
        say(format_table(rows))
        if self.json is not None:
            write_rows(rows, self.json)


def motorcycle(folder: Path, *, width: int | None = None) -> Path:
    """A world of the sample with measured depth, at its own size or as wide as is said."""
    view = View() if width is None else View(height=width * 2 // 3, width=width)
    opening = Explorer(load_core("nano")).lift(read_sample("motorcycle"), view=view)
    World.create(folder, opening).close()
    return folder


def preview_row(world: Path, *, repeats: int) -> BenchRow:
    """From a changed path to all that the editor shows of it, beside frames of the world at full size.

    Processor time, because other work of the machine is not the page's; both in turn in one process.
    """
    with World.open(world) as opened:
        drawing = DrawnPath.of(opened)
    cloud, cameras = surroundings(world)

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


def surroundings(world: Path) -> tuple[PointCloud, Camera]:
    """What is known around a world's last camera, and that camera, as a batch."""
    with World.open(world) as opened:
        cameras = opened.cameras[-1:]
        return opened.cache.around(cameras), cameras


def browser_row(world: Path, *, browser: str, repeats: int) -> BenchRow:
    """From the pen lifted in a browser to the preview seen there, beside frames of the world at full size.

    Wall clock, the way to the server and back and the browser's own work included; both in turn.
    """
    from playwright.sync_api import sync_playwright

    cloud, cameras = surroundings(world)
    frames: list[float] = []
    with (
        tempfile.TemporaryDirectory(prefix="voyager-lite-bench-") as folder,
        served(Path(folder)) as url,
        sync_playwright() as playwright,
    ):
        running = playwright.chromium.launch(executable_path=browser, args=BROWSER_OPTIONS)
        page = running.new_page(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
        page.set_default_timeout(1000 * PATIENCE)
        page.goto(url)
        page.get_by_label("motorcycle", exact=True).click()
        page.locator("#viewer canvas[data-phase=still]").wait_for()
        page.evaluate(WATCH)
        for turn in range(-1, repeats):
            draw(page, turn)
            page.wait_for_function(f"waits.length > {turn + 1}")
            start = time.perf_counter()
            render_points(cloud, cameras)
            frames.append(time.perf_counter() - start)
        ours = page.evaluate("waits")
        running.close()
    shown, one = statistics.median(ours[1:]), statistics.median(frames[1:])
    return BenchRow(
        name="path edited to preview seen",
        ours=shown,
        baseline=1000 * one * FRAMES_ALLOWED,
        baseline_name=f"{FRAMES_ALLOWED} rasterised frames",
        ratio=1000 * one * FRAMES_ALLOWED / shown,
        unit="ms",
        case="the same in a browser, by the clock, from the pen lifted to the picture painted",
    )


WATCH = """() => {
  window.waits = [];
  let lifted = null;
  addEventListener('pointerup', () => { lifted = performance.now(); }, true);
  new MutationObserver(() => {
    if (lifted === null) return;
    const from = lifted;
    lifted = null;
    requestAnimationFrame(() => waits.push(performance.now() - from));
  }).observe(document.querySelector('#path-editor .vl-film'), { attributeFilter: ['data-shown'] });
}"""
"""Notes, in milliseconds, how long the preview lets wait after each pointer that is lifted."""


def draw(page: "Page", turn: int) -> None:
    """A path on the plan, with the mouse, a little different each turn."""
    dot = page.locator("#path-editor .vl-plan .vl-start circle").first
    dot.scroll_into_view_if_needed()
    box = dot.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 4, y - 20, steps=4)
    page.mouse.move(x + 6 + turn, y - 40, steps=4)
    page.mouse.up()


def find_browser() -> str | None:
    """The first browser there is."""
    return next((found for name in BROWSERS if (found := shutil.which(name))), None)


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


def cancel_row(world: Path, *, repeats: int) -> BenchRow:
    """The longest time from Cancel pressed to the walk stopped, pressed all over a clip; beside that clip."""
    with tempfile.TemporaryDirectory(prefix="voyager-lite-bench-") as folder, served(Path(folder)) as url:
        visitor = enter(url, Path(folder), world)
        visitor.set("core", "mini")
        begin_walk(visitor, 0)
        began = time.perf_counter()
        until(visitor, "clip 2 of")
        clip = time.perf_counter() - began
        waits = [cancelled(visitor)]
        for turn in range(repeats):
            begin_walk(visitor, turn)
            time.sleep(clip * (turn + 0.5) / repeats)
            waits.append(cancelled(visitor))
        visitor.leave()
    return BenchRow(
        name="walk cancelled",
        ours=1000 * max(waits),
        baseline=1000 * clip,
        baseline_name="one clip",
        ratio=clip / max(waits),
        unit="ms",
        case=f"the longest of {len(waits)}, pressed all over a clip of mini, 25 frames of 960x640",
    )


def begin_walk(visitor: Visitor, turn: int) -> None:
    """Draw a path of several clips, walk it, and wait until the first is begun."""
    visitor.tell("change", to="path-editor")
    way = [stroke(visitor.value("path-editor")["focus"], turn), {"do": "duration", "seconds": 3.0}]
    visitor.tell("edit", of="path-editor", brings={"gestures": way})
    visitor.tell("click", of="walk")
    until(visitor, "clip 1 of")


def cancelled(visitor: Visitor) -> float:
    """Seconds from Cancel pressed to the walk stopped."""
    start = time.perf_counter()
    visitor.tell("click", of="cancel")
    until(visitor, 'data-state="stopped"')
    return time.perf_counter() - start


def until(visitor: Visitor, said: str) -> None:
    """Look again and again until the page says this of the task.

    Raises:
        RuntimeError: The task is over without it.
    """
    while said not in str(visitor.value("status")):
        if any(f'data-state="{state}"' in str(visitor.value("status")) for state in ("failed", "done")):
            raise RuntimeError(f"the walk ended before it said {said!r}: {visitor.value('status')}")
        time.sleep(0.02)
        visitor.tell("tick")


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
