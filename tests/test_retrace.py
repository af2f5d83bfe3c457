"""The command lines that a world names make the same world."""

import json
import shlex
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from geometry.trajectory import Trajectory
from voyager_lite import explorer as explorer_module
from voyager_lite.cli import main
from voyager_lite.evaluation.kills import TinyCore
from voyager_lite.explorer import Explorer
from voyager_lite.export.cameras_json import write_cameras_json
from voyager_lite.opening import View
from voyager_lite.world.retrace import Retraced, retrace
from voyager_lite.world.rows import ClipRecord
from voyager_lite.world.world import World


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    file = tmp_path / "it's a picture.png"
    noise = np.random.default_rng(0).integers(0, 255, (32, 48, 3), dtype=np.uint8)
    Image.fromarray(noise).save(file)
    return file


@pytest.fixture
def walked(picture: Path, tmp_path: Path) -> World:
    """Two walks: one broken off after two of its four clips, and a short one with another seed."""
    explorer = Explorer(TinyCore())
    world = explorer.open_image(picture, tmp_path / "world", view=View(fps=12.0))
    first = explorer.explore(world, Trajectory.parse("right:0.5", frames=11), seed=5)
    for _ in range(2):
        next(first)
    first.close()
    world.abandon()
    list(
        explorer.explore(world, Trajectory.parse("turn_left:5deg", frames=4), seed=-2, steps=3, prompt="a b")
    )
    return world


def retraced(world: World, picture: Path, folder: Path) -> Retraced:
    return retrace(world.store.header, world.clips, picture=picture, walks=folder, output=folder / "again")


def test_the_commands_by_hand(walked: World, picture: Path, tmp_path: Path) -> None:
    found = retraced(walked, picture, tmp_path)
    opening, onward = map(list, found.commands)
    assert opening == [
        *("voyager-lite", "explore", str(picture), "--output", str(tmp_path / "again")),
        *("--size", "48x32", "--fps", "12", "--path", str(tmp_path / "walk_1.json"), "--frames", "7"),
        *("--core", "tiny", "--seed", "5"),
    ]
    assert onward == [
        *("voyager-lite", "continue", str(tmp_path / "again")),
        *("--path", str(tmp_path / "walk_2.json"), "--frames", "4"),
        *("--core", "tiny", "--seed", "-2", "--steps", "3", "--prompt", "a b"),
    ]
    remark, *lines = found.text().splitlines()
    assert remark.startswith("# No command has made this world") and str(walked.origin["depth"]) in remark
    assert [shlex.split(line) for line in lines] == [opening, onward]


def test_the_commands_make_the_same_world(
    walked: World, picture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(explorer_module, "load_core", lambda name, **_: TinyCore())
    found = retraced(walked, picture, tmp_path)
    for name, cameras in found.cameras.items():
        write_cameras_json(tmp_path / name, cameras, fps=walked.fps)
    for line in found.text().splitlines():
        assert line.startswith("# ") or main(shlex.split(line)[1:]) == 0
    with World.open(tmp_path / "again") as again:
        assert len(again) == len(walked)
        assert len(again.clips) == len(walked.clips)
        assert torch.allclose(again.cameras.world_to_camera, walked.cameras.world_to_camera, atol=1e-12)
        for number in range(len(walked)):
            assert torch.equal(again.rgb(number), walked.rgb(number))
            assert torch.equal(again.depth(number), walked.depth(number))


def test_what_was_asked_at_the_opening_is_asked_again(walked: World, tmp_path: Path) -> None:
    asked = {"sample": "coffee", "depth": "mini", "fov_degrees": 47.5}
    header = walked.store.header
    header.origin["asked"] = json.loads(json.dumps(asked))
    words = retrace(header, walked.clips, picture=None, walks=tmp_path, output=tmp_path / "again").commands[0]
    assert words[1:4] == ("explore", "--sample", "coffee")
    assert words[words.index("--depth") + 1] == "mini"
    assert words[words.index("--fov-degrees") + 1] == "47.5"


def test_what_was_typed_is_told_again_and_makes_the_same_world(
    picture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(explorer_module, "load_core", lambda name, **_: TinyCore())
    depth = tmp_path / "depth.npy"
    np.save(depth, np.linspace(2.0, 4.0, 32 * 48, dtype=np.float32).reshape(32, 48))
    typed = [
        *("explore", str(picture), "--output", str(tmp_path / "first"), "--size", "48x32"),
        *("--depth", str(depth), "--depth-kind", "inverse", "--depth-scale", "8.0", "--fov-degrees", "50.0"),
    ]
    assert main([*typed, "--path", "right:0.2", "--frames", "7"]) == 0
    with World.open(tmp_path / "first") as world:
        found = retrace(
            world.store.header, world.clips, picture=None, walks=tmp_path, output=tmp_path / "again"
        )
        for name, cameras in found.cameras.items():
            write_cameras_json(tmp_path / name, cameras, fps=world.fps)
        (line,) = found.text().splitlines()
        words = shlex.split(line)
        assert [word for word in typed if word not in words] == [str(tmp_path / "first")]
        assert main(words[1:]) == 0
        with World.open(tmp_path / "again") as again:
            assert all(torch.equal(again.rgb(number), world.rgb(number)) for number in range(7))
            assert all(torch.equal(again.depth(number), world.depth(number)) for number in range(7))


def test_what_is_not_known_is_said(walked: World, tmp_path: Path) -> None:
    found = retrace(
        walked.store.header, walked.clips, picture=None, walks=tmp_path, output=tmp_path / "again"
    )
    assert found.commands[0][2] == "PHOTOGRAPH"
    depth, place = found.unknown
    assert str(walked.origin["depth"]) in depth
    assert "it's a picture.png" in place and "PHOTOGRAPH" in place
    remarks = found.text().splitlines()[:2]
    assert all(line.startswith("# ") for line in remarks)


def test_a_walk_from_measured_frames_says_what_to_give(walked: World, tmp_path: Path) -> None:
    opening, *walks = walked.clips
    frames = opening.cameras[torch.zeros(3, dtype=torch.long)]
    measured = ClipRecord(number=1, first_frame=1, cameras=frames, making={"core": "measured"})
    later = [replace(clip, number=clip.number + 1, first_frame=clip.first_frame + 3) for clip in walks]
    header, where = walked.store.header, {"walks": tmp_path, "output": tmp_path / "again"}
    found = retrace(header, [opening, measured, *later], picture=None, **where)
    assert [command[1] for command in found.commands] == ["reconstruct", "continue", "continue"]
    assert found.commands[0][2:] == (
        *("FRAMES", "--cameras", "CAMERAS", "--depth", "DEPTH", "--output", str(tmp_path / "again")),
    )
    (said,) = found.unknown
    assert "FRAMES, CAMERAS and DEPTH" in said
    nothing = retrace(header, [opening, measured], picture=None, **where)
    assert nothing.text() == ""


def test_where_nobody_has_walked_there_is_nothing_to_retrace(
    walked: World, picture: Path, tmp_path: Path
) -> None:
    walked.undo(3)
    found = retraced(walked, picture, tmp_path)
    assert (found.commands, found.cameras, found.text()) == ((), {}, "")
