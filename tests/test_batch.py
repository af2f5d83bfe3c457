"""Many photographs: every line a world, restarts made good, the same worlds however many work."""

import json
import os
import signal
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
import torch
from PIL import Image

from voyager_lite.batch import Settings, Task, read_list, run_batch
from voyager_lite.cli import main
from voyager_lite.explorer import Explorer
from voyager_lite.world.world import World

SETTINGS = Settings(frames=26, core="nano", depth="layout", size=(48, 64))


@pytest.fixture
def pictures(tmp_path):
    draw = torch.Generator().manual_seed(0)
    files = []
    for name in ("a", "b"):
        picture = torch.randint(0, 256, (6, 8, 3), generator=draw, dtype=torch.uint8)
        files.append(tmp_path / f"{name}.png")
        Image.fromarray(picture.repeat_interleave(8, 0).repeat_interleave(8, 1).numpy()).save(files[-1])
    return files


def listed(tmp_path, *lines):
    file = tmp_path / "list.txt"
    file.write_text("\n".join(lines) + "\n")
    return file


def bytes_of(folder):
    """All frames of a world."""
    with World.open(folder) as world:
        return [(rgb.clone(), depth.clone()) for rgb, depth in world.frames()]


def same(one, two):
    return len(one) == len(two) and all(
        torch.equal(a, c) and torch.equal(b, d) for (a, b), (c, d) in zip(one, two, strict=True)
    )


def test_lists_name_images_or_say_more(tmp_path, pictures):
    more = json.dumps({"image": "b.png", "world": "kept", "path": "left:5%", "prompt": "fog", "seed": 3})
    file = listed(tmp_path, "# pictures", "a.png", "", more)
    assert read_list(file, output=Path("out"), path="right:5%") == [
        Task(image=str(pictures[0]), world="out/a", path="right:5%"),
        Task(image=str(pictures[1]), world="out/kept", path="left:5%", prompt="fog", seed=3),
    ]


@pytest.mark.parametrize(
    ("lines", "error", "message"),
    [
        ([], ValueError, "names no image"),
        (["c.png"], FileNotFoundError, r"line 1: .*c.png does not exist"),
        (["a.png", "a.png"], ValueError, "line 2: .* is another line's world"),
        (["{nonsense"], ValueError, "line 1: no JSON"),
        (['{"image": "a.png", "speed": 3}'], ValueError, "has image, speed; expected"),
        (['{"image": "a.png", "seed": "x"}'], ValueError, "has image, seed; expected"),
        (['{"image": "a.png", "seed": 99999999999999999999}'], ValueError, "line 1: seed is 99999"),
        (['{"image": "a.png", "world": "../b"}'], ValueError, "line 1: world .*b lies outside"),
    ],
)
def test_lines_that_are_no_task_are_refused(tmp_path, pictures, lines, error, message):
    with pytest.raises(error, match=message):
        read_list(listed(tmp_path, *lines), output=tmp_path, path="right:5%")


def test_lists_may_begin_with_the_mark_of_their_encoding_and_have_to_be_text(tmp_path, pictures):
    file = tmp_path / "list.txt"
    file.write_bytes(b"\xef\xbb\xbfa.png\n")
    assert [task.image for task in read_list(file, output=tmp_path, path="left:5%")] == [str(pictures[0])]
    file.write_bytes(b"a.png\n\xff")
    with pytest.raises(ValueError, match=r"list\.txt: is not text \(byte 6\); expected UTF-8"):
        read_list(file, output=tmp_path, path="left:5%")


def test_an_interrupted_batch_is_finished_as_if_it_never_was(tmp_path, pictures):
    first = Task(image=str(pictures[0]), world=str(tmp_path / "first"), path="right:5%", seed=2)
    again = replace(first, world=str(tmp_path / "again"))
    outcomes = list(run_batch([first], SETTINGS))
    assert outcomes[0].error is None and outcomes[0].clips == 2
    explorer = Explorer.from_pretrained("nano")
    view = {"height": 48, "width": 64}
    from voyager_lite.opening import View
    from voyager_lite.paths import read_path

    with explorer.open_image(pictures[0], again.world, depth="layout", view=View(**view)) as world:
        walk = explorer.explore(world, read_path("right:5%", frames=26), seed=2)
        next(walk)
        walk.close()  # one clip of two
    outcomes = list(run_batch([again, first], SETTINGS))
    assert [(outcome.clips, outcome.error) for outcome in outcomes] == [(1, None), (0, None)]
    assert same(bytes_of(first.world), bytes_of(again.world))


def test_one_bad_picture_does_not_end_the_others(tmp_path, pictures, capsys):
    pictures[0].write_bytes(b"no picture")
    file = listed(tmp_path, "a.png", "b.png")
    arguments = [
        "--core",
        "nano",
        "--depth",
        "layout",
        "--size",
        "64x48",
        "--frames",
        "3",
        "--path",
        "right:5%",
    ]
    assert main(["batch", str(file), "--output", str(tmp_path / "worlds"), *arguments]) == 2
    told = capsys.readouterr()
    assert "b: 1 clips" in told.out and "a.png" in told.out
    assert "1 of 2 worlds could not be made" in told.err
    assert (tmp_path / "worlds" / "b" / "video.mp4").exists()
    assert not (tmp_path / "worlds" / "a").exists()


def test_workers_that_cannot_be_are_refused(monkeypatch):
    with pytest.raises(ValueError, match="workers is 0; expected at least 1"):
        list(run_batch([], SETTINGS, workers=0))
    import builtins

    real = builtins.__import__

    def without_ray(name, *rest):
        if name.split(".")[0] == "ray":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without_ray)
    with pytest.raises(ValueError, match=r"several workers need Ray: pip install"):
        list(run_batch([], SETTINGS, workers=2))


def kill_worker(folder, stopped):
    """SIGKILL for the process that writes a world in the folder, once there is one."""
    while not stopped.is_set():
        time.sleep(0.05)
        for file in folder.glob("*/world.sqlite"):
            for process in Path("/proc").glob("[0-9]*"):
                try:
                    opened = {link.resolve() for link in (process / "fd").iterdir()}
                    title = (process / "cmdline").read_bytes()
                except OSError:  # it has ended meanwhile
                    continue
                if file.resolve() in opened and title.startswith(b"ray::"):
                    os.kill(int(process.name), signal.SIGKILL)
                    return


def tasks_of(pictures, folder):
    return [Task(image=str(file), world=str(folder / file.stem), path="right:5%") for file in pictures]


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.filterwarnings("ignore")
def test_a_killed_worker_of_ray_is_started_again_and_resumes(tmp_path, pictures, monkeypatch):
    pytest.importorskip("ray")
    monkeypatch.setenv("RAY_raylet_start_wait_time_s", "600")
    alone = list(run_batch(tasks_of(pictures, tmp_path / "alone"), SETTINGS))
    stopped = threading.Event()
    killer = threading.Thread(target=kill_worker, args=(tmp_path / "together", stopped))
    killer.start()
    together = list(run_batch(tasks_of(pictures, tmp_path / "together"), SETTINGS, workers=2))
    killed = not killer.is_alive()
    stopped.set()
    killer.join()
    assert killed
    assert all(outcome.error is None for outcome in [*alone, *together])
    for file in pictures:
        one, two = (bytes_of(tmp_path / folder / file.stem) for folder in ("alone", "together"))
        assert same(one, two)


@pytest.fixture
def fake_ray(monkeypatch):
    """The few calls of Ray that are used, in this process; a picture called "deadly" kills its worker."""
    ray = ModuleType("ray")
    ray.exceptions = SimpleNamespace(RayError=RuntimeError, RayTaskError=LookupError)
    ray.is_initialized = lambda: True
    ray.cluster_resources = lambda: {"CPU": 2.0}
    ray.wait = lambda running: (running[:1], running[1:])

    def remote(**options):
        def of(kind):
            class Actor:
                def __init__(self, *given):
                    self.inner = kind(*given)

                def __getattr__(self, name):
                    return SimpleNamespace(remote=lambda *given: Call(self.inner, name, given))

            return SimpleNamespace(remote=Actor)

        return of

    class Call:
        def __init__(self, inner, name, given):
            self.inner, self.name, self.given = inner, name, given

    def get(call):
        if isinstance(call, list):
            return [get(one) for one in call]
        if call.given and "deadly" in call.given[0]["image"]:
            raise RuntimeError("the actor died")
        return getattr(call.inner, call.name)(*call.given)

    ray.remote, ray.get = remote, get
    monkeypatch.setitem(sys.modules, "ray", ray)
    return ray


def test_a_worker_that_dies_for_good_costs_its_task_alone(tmp_path, pictures, fake_ray):
    deadly = pictures[0].rename(tmp_path / "deadly.png")
    tasks = tasks_of([deadly, pictures[1]], tmp_path / "worlds")
    outcomes = list(run_batch(tasks, replace(SETTINGS, frames=3), workers=2))
    assert sorted((Path(outcome.world).name, outcome.clips) for outcome in outcomes) == [
        ("b", 1),
        ("deadly", 0),
    ]
    (error,) = [outcome.error for outcome in outcomes if outcome.error]
    assert "deadly.png: its worker was killed" in error and "run the list again" in error
    tasks[0] = replace(tasks[0], image=str(deadly.rename(tmp_path / "a.png")))
    again = list(run_batch(tasks, replace(SETTINGS, frames=3), workers=2))
    assert sorted(outcome.clips for outcome in again) == [0, 1] and not any(one.error for one in again)


def test_more_workers_than_room_are_refused_and_a_core_that_is_none(tmp_path, pictures, fake_ray):
    tasks = tasks_of(pictures, tmp_path)
    with pytest.raises(ValueError, match="2 workers need 2 GPUs; Ray finds 0"):
        list(run_batch(tasks, replace(SETTINGS, device="cuda"), workers=2))
    fake_ray.cluster_resources = lambda: {"CPU": 1.0}
    with pytest.raises(ValueError, match="2 workers need 2 CPUs; Ray finds 1"):
        list(run_batch(tasks, SETTINGS, workers=2))


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.filterwarnings("ignore")
def test_two_workers_of_ray_make_the_worlds_of_one(tmp_path, pictures, monkeypatch):
    pytest.importorskip("ray")
    monkeypatch.setenv("RAY_raylet_start_wait_time_s", "600")  # a machine with much else to do
    settings = replace(SETTINGS, frames=5)

    def tasks(folder):
        return tasks_of(pictures, tmp_path / folder)

    with pytest.raises(ValueError, match="core 'nothing' is not known"):
        list(run_batch(tasks("none"), replace(settings, core="nothing"), workers=2))
    alone = list(run_batch(tasks("alone"), settings))
    together = list(run_batch(tasks("together"), settings, workers=2))
    assert sorted(Path(outcome.world).name for outcome in together) == ["a", "b"]
    assert all(outcome.error is None for outcome in [*alone, *together])
    for one, two in zip(tasks("alone"), tasks("together"), strict=True):
        assert same(bytes_of(one.world), bytes_of(two.world))
