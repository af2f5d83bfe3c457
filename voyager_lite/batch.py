"""Many photographs: each becomes a world of its own, written by one worker, here or on other machines."""

import json
import logging
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from voyager_lite.core.memory import Memory
from voyager_lite.explorer import Explorer, check_choices
from voyager_lite.export.camera_file import read_text
from voyager_lite.opening import View
from voyager_lite.paths import read_path
from voyager_lite.results import write_results
from voyager_lite.world.creation import FILE_NAME
from voyager_lite.world.world import World

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Task:
    """One photograph and its walk.

    Attributes:
        image: A photograph's file.
        world: The folder of its world: new, or begun by an earlier run.
        path: As after ``--path``.
        prompt: What one would like to see.
        seed: The same seed gives the same bytes.
    """

    image: str
    world: str
    path: str
    prompt: str | None = None
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What all tasks have in common; see the command line."""

    frames: int = 49
    core: str = "mini"
    device: str = "cpu"
    memory: Memory = "balanced"
    steps: int | None = None
    depth: str = "auto"
    size: tuple[int, int] | None = None


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a task.

    Attributes:
        world: Its folder.
        clips: Clips made in this run; 0 if the world was there already.
        error: One line; None if all went well.
    """

    world: str
    clips: int
    error: str | None = None


def read_list(file: Path, *, output: Path, path: str) -> list[Task]:
    """The tasks of a list: an image a line, or a JSON object (image; if wanted world, path, prompt, seed).

    Args:
        file: The list; empty lines and lines that begin with # are passed over.
        output: The folder of worlds that are not named; they are called after their images.
        path: The path of tasks that name none.

    Raises:
        FileNotFoundError: No such list, or an image that it names is not there.
        ValueError: No text, a line that is no task, a world outside of ``output``, or two tasks with one.
    """
    tasks: list[Task] = []
    for number, line in enumerate(read_text(file).splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        where = f"{file}, line {number}"
        entry = _entry(line, where=where)
        image = file.parent / entry["image"]
        if not image.is_file():
            raise FileNotFoundError(f"{where}: {image} does not exist")
        world = str(output / entry.get("world", image.stem))
        if not Path(world).resolve().is_relative_to(output.resolve()):
            raise ValueError(f"{where}: world {world} lies outside {output}")
        if any(world == task.world for task in tasks):
            raise ValueError(f'{where}: {world} is another line\'s world, too; name it with "world"')
        try:
            check_choices(seed=entry.get("seed", 0))
        except ValueError as error:
            raise ValueError(f"{where}: {error}") from None
        tasks.append(Task(**{"path": path} | entry | {"image": str(image), "world": world}))
    if not tasks:
        raise ValueError(f"{file} names no image; expected one a line")
    return tasks


def run_task(task: Task, settings: Settings, explorer: Explorer) -> Outcome:
    """Make a world, or finish one that an earlier run left unfinished; a finished one is left alone."""
    folder, done = Path(task.world), 0
    try:
        if not (folder / FILE_NAME).exists():
            height, width = settings.size or (None, None)
            view = View(height=height, width=width)
            path = read_path(task.path, frames=settings.frames)
            opening = explorer.lift(task.image, depth=settings.depth, view=view)
            cameras = explorer.plan(opening, path)
            with World.create(folder, opening) as world, world.writing():
                for _ in explorer.explore(
                    world, cameras, seed=task.seed, steps=settings.steps, prompt=task.prompt
                ):
                    done += 1
                write_results(world)
            return Outcome(world=task.world, clips=done)
        with World.open(folder) as world, world.writing():
            if world.pending is not None:
                done = sum(1 for _ in explorer.resume(world))
            elif len(world.clips) == 1:
                path = read_path(task.path, frames=settings.frames)
                walk = explorer.explore(world, path, seed=task.seed, steps=settings.steps, prompt=task.prompt)
                done = sum(1 for _ in walk)
            if done or not (folder / "video.mp4").exists():
                write_results(world)
        return Outcome(world=task.world, clips=done)
    except Exception as error:  # one bad picture must not end the others
        logger.debug("%s", task.world, exc_info=True)
        line = " ".join(str(error).split()) or type(error).__name__
        return Outcome(world=task.world, clips=done, error=f"{task.image}: {line}")


def run_batch(tasks: list[Task], settings: Settings, *, workers: int = 1) -> Iterator[Outcome]:
    """Work through all tasks; yields each as it ends.

    Args:
        tasks: With a world each.
        settings: For all of them.
        workers: 1 works here and now. More are Ray's: processes of this machine, or of the cluster that
            RAY_ADDRESS names, whose machines must see the same files. With cuda each has a GPU.

    Raises:
        ValueError: Fewer than one worker, several without Ray, or more than Ray has room for.
    """
    if workers < 1:
        raise ValueError(f"workers is {workers}; expected at least 1")
    if workers == 1:
        explorer = Explorer.from_pretrained(settings.core, device=settings.device, memory=settings.memory)
        for task in tasks:
            yield run_task(task, settings, explorer)
        return
    yield from _with_ray(tasks, settings, workers)


def _with_ray(tasks: list[Task], settings: Settings, workers: int) -> Iterator[Outcome]:
    try:
        import ray
    except ImportError as error:
        raise ValueError("several workers need Ray: pip install 'ray>=2.40'; or --workers 1") from error
    started_here = not ray.is_initialized()
    if started_here:
        here: dict[str, Any] = (
            {} if os.environ.get("RAY_ADDRESS") else {"num_cpus": workers, "include_dashboard": False}
        )
        ray.init(log_to_driver=False, logging_level=logging.ERROR, **here)
    try:
        yield from _spread(tasks, settings, min(workers, len(tasks)))
    finally:
        if started_here:
            ray.shutdown()


def _spread(tasks: list[Task], settings: Settings, workers: int) -> Iterator[Outcome]:
    """Hand tasks to workers as these become free; a task whose worker dies again and again is given up.

    Raises:
        ValueError: Ray has fewer processors or GPUs than workers, or the core cannot be loaded.
    """
    import ray

    gpus = 1 if settings.device == "cuda" else 0
    found = ray.cluster_resources()
    for kind, wanted in (("CPU", workers), ("GPU", gpus * workers)):
        if found.get(kind, 0) < wanted:
            raise ValueError(f"{workers} workers need {wanted} {kind}s; Ray finds {found.get(kind, 0):g}")
    # A killed process is started again and resumes its world, twice at most.
    remote: Any = ray.remote(num_cpus=1, num_gpus=gpus, max_restarts=2, max_task_retries=2)(_Worker)
    idle = [remote.remote(asdict(settings)) for _ in range(workers)]
    try:
        ray.get([worker.load.remote() for worker in idle])
    except ray.exceptions.RayError as error:  # of the core's own making, or the worker was killed
        raise ValueError(" ".join(str(getattr(error, "cause", error)).split())) from error
    waiting = list(reversed(tasks))
    running: dict[Any, tuple[Any, Task]] = {}
    while waiting or running:
        while waiting and idle:
            worker, task = idle.pop(), waiting.pop()
            running[worker.run.remote(asdict(task))] = worker, task
        (ended, *_), _ = ray.wait(list(running))
        worker, task = running.pop(ended)
        try:
            outcome = Outcome(**ray.get(ended))
        except ray.exceptions.RayError as error:
            line = f"{task.image}: its worker was killed ({type(error).__name__}); run the list again"
            outcome = Outcome(world=task.world, clips=0, error=line)
            worker = remote.remote(asdict(settings))
        idle.append(worker)
        yield outcome


class _Worker:
    """One process of Ray's with its own explorer."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self.settings = Settings(**settings)
        self.explorer: Explorer | None = None

    def load(self) -> None:
        """Load the core, once."""
        chosen = self.settings
        self.explorer = self.explorer or Explorer.from_pretrained(
            chosen.core, device=chosen.device, memory=chosen.memory
        )

    def run(self, task: dict[str, Any]) -> dict[str, Any]:
        """One task; plain values travel."""
        self.load()
        assert self.explorer is not None
        return asdict(run_task(Task(**task), self.settings, self.explorer))


def _entry(line: str, *, where: str) -> dict[str, Any]:
    if not line.lstrip().startswith("{"):
        return {"image": line.strip()}
    try:
        entry = json.loads(line)
    except ValueError as error:
        raise ValueError(f"{where}: no JSON ({error})") from error
    kinds = {"image": str, "world": str, "path": str, "prompt": str, "seed": int}
    if "image" not in entry or any(not isinstance(entry[key], kinds.get(key, ())) for key in entry):
        raise ValueError(
            f'{where}: has {", ".join(entry) or "nothing"}; expected "image" and if wanted '
            '"world", "path", "prompt" (text) and "seed" (a whole number)'
        )
    return dict(entry)
