"""Many photographs: every line a world, restarts made good, the same worlds however many work."""

import json
from dataclasses import replace
from pathlib import Path

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
    ],
)
def test_lines_that_are_no_task_are_refused(tmp_path, pictures, lines, error, message):
    with pytest.raises(error, match=message):
        read_list(listed(tmp_path, *lines), output=tmp_path, path="right:5%")


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


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.filterwarnings("ignore")
def test_two_workers_of_ray_make_the_worlds_of_one(tmp_path, pictures, monkeypatch):
    pytest.importorskip("ray")
    monkeypatch.setenv("RAY_raylet_start_wait_time_s", "200")  # a machine with much else to do
    settings = replace(SETTINGS, frames=5)

    def tasks(folder):
        return [
            Task(image=str(file), world=str(tmp_path / folder / file.stem), path="right:5%")
            for file in pictures
        ]

    alone = list(run_batch(tasks("alone"), settings))
    together = list(run_batch(tasks("together"), settings, workers=2))
    assert sorted(Path(outcome.world).name for outcome in together) == ["a", "b"]
    assert all(outcome.error is None for outcome in [*alone, *together])
    for one, two in zip(tasks("alone"), tasks("together"), strict=True):
        assert same(bytes_of(one.world), bytes_of(two.world))
