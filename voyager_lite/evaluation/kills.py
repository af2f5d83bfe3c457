"""Walks that are killed: what survives, and whether going on gives what was never interrupted.

Run as a process of its own, which holds one thread and so can fork: a fork of it starts at once, where a
new interpreter takes seconds to load, and SIGKILL then falls on the walk and not on the loading.
"""

import hashlib
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import cv2
import torch
from jaxtyping import Float
from torch import Tensor
from tqdm import tqdm

from geometry.trajectory import Trajectory
from voyager_lite.clip import Clip, Guidance
from voyager_lite.core.fill import background_fill
from voyager_lite.core.generator import Progress, Request
from voyager_lite.depth.estimate import DepthEstimate
from voyager_lite.explorer import Explorer
from voyager_lite.opening import Opening, View
from voyager_lite.photograph import Photograph
from voyager_lite.world.creation import FILE_NAME
from voyager_lite.world.integrity import damage
from voyager_lite.world.store import Store
from voyager_lite.world.world import World

HEIGHT, WIDTH = 32, 48
CLIPS = 6
POINT_FIELDS = ("positions", "colors", "normals", "radii", "sky")
FRAMES = 15


class TinyCore:
    """The background carried into the holes, and seeded noise upon it: quick, and never twice the same."""

    name = "tiny"
    clip_frames = 5
    reads_prompts = False

    def generate(
        self,
        guidance: Guidance,
        *,
        reference: Float[Tensor, "3 height width"],
        previous: Clip | None = None,
        request: Request,
        progress: Progress | None = None,
    ) -> Clip:
        """Complete one clip; its overlap is half the previous clip's."""
        rgb, depth = background_fill(guidance.rgb, guidance.depth, guidance.known)
        noise = torch.rand(rgb.shape, generator=torch.Generator().manual_seed(request.seed))
        rgb = (rgb + 0.1 * noise).clamp(0, 1)
        if previous is not None:
            rgb[: len(previous)] = (rgb[: len(previous)] + previous.rgb) / 2
        rgb = torch.where(guidance.known[:, None], guidance.rgb, rgb)
        return Clip(rgb=rgb, depth=depth, cameras=guidance.cameras)


@dataclass
class KillReport:
    """What happened to the worlds.

    Attributes:
        kills: Walks ended by SIGKILL.
        worlds: Worlds walked to the end, over one or more kills.
        lost: Clips that had been committed and were not found again.
        corrupt: Worlds that could not be opened, or held damage, or could not be walked on.
        different: Finished worlds whose rows are not, byte for byte, those of the uninterrupted walk.
        in_creation: Kills that left an unfinished world, which a new start replaced.
        in_commit: Kills that left something in the write-ahead log.
        complaints: One line for every fault.
    """

    kills: int = 0
    worlds: int = 0
    lost: int = 0
    corrupt: int = 0
    different: int = 0
    in_creation: int = 0
    in_commit: int = 0
    complaints: list[str] = field(default_factory=list)


def tiny_opening() -> Opening:
    """Noise on a wall four units away, with a box before its middle."""
    picture = torch.rand(3, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(1))
    depth = torch.full((HEIGHT, WIDTH), 4.0)
    depth[12:24, 18:30] = 2.0
    estimate = DepthEstimate(
        depth=depth,
        valid=depth > 0,
        sky=depth < 0,
        fov_degrees=60.0,
        metric=False,
        source="by hand",
    )
    photograph = Photograph(rgb=picture, fov_degrees=60.0, path=Path("noise"))
    return Explorer(TinyCore()).lift(photograph, depth=estimate, view=View(fps=10.0))


def walk_to_the_end(folder: Path, opening: Opening, *, tell: Callable[[], object]) -> None:
    """Do what is still to be done of one walk of ``CLIPS`` clips; ``tell`` hears of each commit."""
    explorer = Explorer(TinyCore())
    exists = (folder / FILE_NAME).exists()
    with World.open(folder) if exists else World.create(folder, opening) as world:
        if world.pending is not None:
            clips = explorer.resume(world)
        elif len(world.clips) == 1:
            clips = explorer.explore(world, Trajectory.parse("right:0.5,up:0.2", frames=FRAMES), seed=3)
        else:
            return
        for _ in clips:
            tell()


def fingerprints(folder: Path) -> list[str]:
    """A hash of the header and one of every clip: all that is stored of it."""
    store = Store(folder)
    try:
        found = [_hashed(repr(store.header).encode())]
        for record in store.records():
            cloud = store.points_of(record.number)
            found.append(
                _hashed(
                    repr((record.number, record.first_frame, sorted(record.making.items()))).encode(),
                    record.cameras.K.numpy().tobytes(),
                    record.cameras.world_to_camera.numpy().tobytes(),
                    *(part for frame in store.frames_of(record.number) for part in asdict(frame).values()),
                    *(getattr(cloud, name).numpy().tobytes() for name in POINT_FIELDS),
                )
            )
        return found
    finally:
        store.close()


def run_kills(kills: int, *, seed: int, folder: Path) -> KillReport:
    """Walk in forks of this process, kill them at random instants, look at what is left, and go on.

    Half of the time the world is looked at after a kill; else the next walk meets it as it was left.
    """
    # A fork has only the thread that made it: others, which it would wait for, must not exist.
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    chance = random.Random(seed)
    opening = tiny_opening()
    walk_to_the_end(folder / "warm", opening, tell=lambda: None)
    started = time.perf_counter()
    walk_to_the_end(folder / "truth", opening, tell=lambda: None)
    span = time.perf_counter() - started
    truth = fingerprints(folder / "truth")
    report = KillReport()
    with tqdm(total=kills, unit="kill", leave=False, disable=None) as bar:
        while report.kills < kills:
            world = folder / f"world-{report.worlds}"
            _until_finished(world, opening, kills=kills, pause=lambda: chance.uniform(0, span), report=report)
            report.worlds += 1
            _look(world, CLIPS, report=report)
            if fingerprints(world) != truth:
                report.different += 1
                report.complaints.append(f"{world.name}: differs from the walk that was not interrupted")
            bar.update(report.kills - bar.n)
    return report


def _until_finished(
    world: Path, opening: Opening, *, kills: int, pause: Callable[[], float], report: KillReport
) -> None:
    """Kill one world's walk again and again until it is finished, or all kills are spent."""
    committed = 0
    while True:
        spare = report.kills >= kills
        told, killed = _walk_and_kill(world, opening, after=None if spare else pause(), report=report)
        committed += told
        if not killed:
            return
        report.kills += 1
        report.in_creation += (world / f"{FILE_NAME}.partial").exists()
        log = world / f"{FILE_NAME}-wal"
        report.in_commit += log.exists() and log.stat().st_size > 0
        if report.kills % 2:
            _look(world, committed, report=report)


def _walk_and_kill(
    world: Path, opening: Opening, *, after: float | None, report: KillReport
) -> tuple[int, bool]:
    """One fork: how many clips it said it had committed, and whether it was killed."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _be_the_walk(world, opening, writing)
    os.close(writing)
    if after is not None:
        time.sleep(after)
        os.kill(child, signal.SIGKILL)
    told = 0
    while said := os.read(reading, 4096):
        told += len(said)
    os.close(reading)
    _, status = os.waitpid(child, 0)
    killed = os.WIFSIGNALED(status)
    if not killed and os.WEXITSTATUS(status):
        report.corrupt += 1
        report.complaints.append(f"{world.name}: could not be walked on")
    return told, killed


def _be_the_walk(world: Path, opening: Opening, writing: int) -> None:
    """The fork's life; it never returns."""
    code = 1
    try:
        walk_to_the_end(world, opening, tell=lambda: os.write(writing, b"."))
        code = 0
    finally:
        sys.stderr.flush()
        os._exit(code)


def _look(world: Path, committed: int, *, report: KillReport) -> None:
    """Open what a kill left: sound, and with every clip that had been committed?"""
    if not (world / FILE_NAME).exists():
        report.lost += committed
        return
    try:
        store = Store(world)
        found = damage(store)
        report.lost += max(0, committed - (store.clip_count() - 1))
        store.close()
    except (OSError, ValueError) as error:
        found = [str(error)]
    report.corrupt += bool(found)
    report.complaints += found


def _hashed(*parts: bytes) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return digest.hexdigest()


def main(arguments: list[str]) -> None:
    """``kills seed``: kill so many walks, and write the report as JSON to standard output."""
    kills, seed = map(int, arguments)
    with tempfile.TemporaryDirectory() as folder:
        report = run_kills(kills, seed=seed, folder=Path(folder))
    sys.stdout.write(json.dumps(asdict(report)) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
