"""The command line: what people type, what they get, and what they are told when it cannot be."""

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from voyager_lite.cli import main
from voyager_lite.export.cameras_json import read_cameras_json
from voyager_lite.export.ply import read_ply
from voyager_lite.export.video import read_depth_video, read_mp4
from voyager_lite.world.world import World

RESULTS = {"video.mp4", "guidance.mp4", "depth.mkv", "points.ply", "cameras.json", "contact_sheet.png"}


@pytest.fixture(scope="module")
def photograph(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A landscape-like picture: bright above, textured ground, a dark post."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[0:96, 0:128] / 96
    ground = 0.35 + 0.25 * y + 0.05 * np.sin(40 * x * y) + 0.03 * rng.standard_normal((96, 128))
    picture = np.stack([ground, ground * 0.9, ground * 0.6], axis=-1)
    picture[:40] = np.stack([0.6 + 0 * x, 0.75 + 0 * x, 0.95 + 0 * x], axis=-1)[:40]
    picture[30:70, 60:68] = (0.2, 0.1, 0.1)
    file = tmp_path_factory.mktemp("picture") / "landscape.png"
    Image.fromarray((picture.clip(0, 1) * 255).astype(np.uint8)).save(file)
    return file


@pytest.fixture(scope="module")
def world(photograph: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A walked world; tests read it and leave it as it is."""
    folder = tmp_path_factory.mktemp("walked") / "world"
    assert (
        main(["explore", str(photograph), "--path", "right:5%", "--frames", "14", "--output", str(folder)])
        == 0
    )
    return folder


def test_explore_leaves_the_promised_files(world: Path) -> None:
    assert {file.name for file in world.iterdir()} >= RESULTS | {"world.sqlite"}
    assert len(list(read_mp4(world / "video.mp4"))) == 14
    assert len(list(read_mp4(world / "guidance.mp4"))) == 14
    assert len(list(read_depth_video(world / "depth.mkv"))) == 14
    assert len(read_cameras_json(world / "cameras.json").cameras) == 14
    assert len(read_ply(world / "points.ply")) > 1000


def test_the_video_begins_with_the_photograph(world: Path, photograph: Path) -> None:
    first = next(read_mp4(world / "video.mp4"))
    with Image.open(photograph) as picture:
        truth = torch.from_numpy(np.asarray(picture).copy()).permute(2, 0, 1) / 255
    psnr = -10 * float(torch.log10((first - truth).square().mean()))
    assert psnr >= 35


def test_depth_in_the_file_is_the_worlds_depth(world: Path) -> None:
    from voyager_lite.world.frames import decode_depth

    depth = [decode_depth(code) for code in read_depth_video(world / "depth.mkv")]
    for ours, (_, truth) in zip(depth, World.open(world).frames(), strict=True):
        assert torch.equal(ours, truth)
        assert float(truth.min()) > 0


def test_the_same_command_gives_the_same_bytes(world: Path, photograph: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    assert (
        main(["explore", str(photograph), "--path", "right:5%", "--frames", "14", "--output", str(again)])
        == 0
    )
    for name in RESULTS:
        assert (again / name).read_bytes() == (world / name).read_bytes(), name


def test_continue_and_undo(photograph: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "w"
    base = ["explore", str(photograph), "--path", "left:3%", "--frames", "3", "--output", str(folder)]
    assert main(base) == 0
    before = (folder / "video.mp4").read_bytes()
    assert main(["continue", str(folder), "--path", "right:3%", "--frames", "4"]) == 0
    assert len(World.open(folder)) == 6
    assert main(["undo", str(folder)]) == 0
    assert "1 clips and 3 frames are left" in capsys.readouterr().out
    assert (folder / "video.mp4").read_bytes() == before


def test_guidance_only_generates_nothing(photograph: Path, tmp_path: Path) -> None:
    folder = tmp_path / "w"
    command = ["explore", str(photograph), "--path", "right:5%", "--frames", "6", "--guidance-only"]
    assert main([*command, "--output", str(folder)]) == 0
    assert len(list(read_mp4(folder / "guidance.mp4"))) == 6
    assert len(World.open(folder)) == 1


def test_a_depth_file_decides_the_depth(photograph: Path, tmp_path: Path) -> None:
    from voyager_lite.export.depth_file import write_depth_npy

    write_depth_npy(tmp_path / "inverse.npy", torch.full((96, 128), 0.25))
    command = ["explore", str(photograph), "--path", "right:5%", "--frames", "2", "--guidance-only"]
    depth = ["--depth", str(tmp_path / "inverse.npy"), "--depth-kind", "inverse", "--depth-scale", "2"]
    assert main([*command, *depth, "--output", str(tmp_path / "w")]) == 0
    seen = World.open(tmp_path / "w").depth(0)
    assert torch.allclose(seen, torch.full((96, 128), 8.0), rtol=1e-3)


def test_info_and_doctor_write_json(world: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", str(world), "--json", str(tmp_path / "info.json")]) == 0
    facts = json.loads((tmp_path / "info.json").read_text())
    assert (facts["frames"], facts["clips"], facts["size"]) == (14, 1, "128x96")
    assert "landscape.png" in capsys.readouterr().out
    assert main(["doctor", "--json", str(tmp_path / "doctor.json")]) == 0
    assert json.loads((tmp_path / "doctor.json").read_text())["core mini"] == "weights present"


def test_render_flies_without_generating(world: Path, tmp_path: Path) -> None:
    file = tmp_path / "fly.mp4"
    assert main(["render", str(world), "--path", "left:3%", "--frames", "3", "--output", str(file)]) == 0
    assert len(list(read_mp4(file))) == 3
    assert len(World.open(world)) == 14


@pytest.mark.parametrize(
    ("name", "format"),
    [
        ("a.ply", None),
        ("a.mp4", None),
        ("a.mkv", None),
        ("a.json", None),
        ("path.json", "camera-path"),
        ("ns", "nerfstudio"),
        ("colmap", "colmap"),
        ("frames", "frames"),
        ("exr", "depth-exr"),
        ("npy", "depth-npy"),
        ("png", "depth-png"),
    ],
)
def test_every_export_writes_something(world: Path, tmp_path: Path, name: str, format: str | None) -> None:
    target = tmp_path / "new" / name
    chosen = ["--format", format] if format else []
    assert main(["export", str(world), str(target), *chosen]) == 0
    files = [target] if target.is_file() else [file for file in target.rglob("*") if file.is_file()]
    assert files and all(file.stat().st_size > 0 for file in files)


BAD_COMMANDS = {
    "no picture": (["explore", "--output", "{new}"], "give either a photograph or --sample"),
    "missing picture": (["explore", "{tmp}/no.jpg", "--output", "{new}"], "no.jpg"),
    "unknown sample": (["explore", "--sample", "mona", "--output", "{new}"], "no sample 'mona'"),
    "unknown path word": (["explore", "{photo}", "--path", "sideways", "--output", "{new}"], "sideways"),
    "no frames": (["explore", "{photo}", "--frames", "0", "--output", "{new}"], "frames"),
    "one frame": (["explore", "{photo}", "--frames", "1", "--output", "{new}"], "frames"),
    "unknown core": (["explore", "{photo}", "--core", "maxi", "--output", "{new}"], "core 'maxi'"),
    "unknown device": (
        ["explore", "{photo}", "--device", "abacus", "--output", "{new}"],
        "device is 'abacus'",
    ),
    "odd size": (["explore", "{photo}", "--size", "63x49", "--output", "{new}"], "even"),
    "huge size": (["explore", "{photo}", "--size", "1000000x1000000", "--output", "{new}"], "32 to 8192"),
    "scale of a guess": (
        ["explore", "{photo}", "--depth", "layout", "--depth-scale", "2", "--output", "{new}"],
        "only a depth file",
    ),
    "scale of no file": (
        ["explore", "{photo}", "--depth-scale", "2", "--output", "{new}"],
        "only a depth file",
    ),
    "steps": (["explore", "{photo}", "--steps", "0", "--output", "{new}"], "steps is 0; expected at least 1"),
    "steps of a branch": (
        ["continue", "{world}", "--from-clip", "0", "--as", "{new}", "--steps", "-1"],
        "steps is -1; expected at least 1",
    ),
    "seed": (
        ["explore", "{photo}", "--seed", f"{10**20}", "--output", "{new}"],
        "expected a whole number from",
    ),
    "empty path": (["continue", "{world}", "--path", ""], "word"),
    "no size": (["explore", "{photo}", "--size", "big", "--output", "{new}"], "WIDTHxHEIGHT"),
    "field of view": (["explore", "{photo}", "--fov-degrees", "200", "--output", "{new}"], "field of view"),
    "missing depth": (["explore", "{photo}", "--depth", "{tmp}/no.npy", "--output", "{new}"], "no.npy"),
    "into a wall": (["explore", "{photo}", "--path", "forward:5000%", "--output", "{new}"], "--safe"),
    "a world there": (["explore", "{photo}", "--output", "{world}"], "already holds a world"),
    "a full folder": (["explore", "{photo}", "--output", "{tmp}"], "is not empty"),
    "no world": (["continue", "{tmp}"], "holds no world"),
    "too much undone": (["undo", "{world}", "--clips", "9"], "cannot undo 9 clips"),
    "unknown ending": (["export", "{world}", "{tmp}/a.docx"], "names no format"),
    "unknown format": (["export", "{world}", "{tmp}/a", "--format", "obj"], "format is 'obj'"),
    "no mp4": (["render", "{world}", "--output", "{tmp}/a.gif"], ".mp4"),
}


@pytest.mark.parametrize("case", BAD_COMMANDS)
def test_bad_input_gets_one_line_and_code_2(
    case: str, world: Path, photograph: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "letter.txt").write_text("dear diary")
    command, message = BAD_COMMANDS[case]
    places = {"tmp": tmp_path, "new": tmp_path / "new", "photo": photograph, "world": world}
    before = sorted(tmp_path.rglob("*"))
    kept = (world / "world.sqlite").read_bytes()
    assert main([word.format(**places) for word in command]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert message in lines[0]
    assert re.match(r"voyager-lite: \S", lines[0])
    assert sorted(tmp_path.rglob("*")) == before, "something half-written was left"
    assert (world / "world.sqlite").read_bytes() == kept


def test_unknown_options_get_code_2() -> None:
    with pytest.raises(SystemExit) as caught:
        main(["explore", "--colour", "red"])
    assert caught.value.code == 2


@pytest.mark.parametrize(
    "command", ["explore", "continue", "undo", "render", "export", "info", "evaluate", "bench"]
)
def test_help_teaches(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main([command, "--help"])
    assert caught.value.code == 0
    assert len(capsys.readouterr().out.split()) > 30


def test_an_output_that_cannot_be_made_is_one_line(
    photograph: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explore", str(photograph), "--output", "/proc/voyager/world"]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_names_with_a_colon_are_names(
    photograph: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    walk = ["explore", str(photograph), "--path", "left:2%", "--frames", "3", "--size", "64x48"]
    assert main([*walk, "--depth", "layout", "--output", "walk 12:30"]) == 0
    assert (tmp_path / "walk 12:30" / "video.mp4").stat().st_size > 0
    assert main(["render", "walk 12:30", "--path", "left:2%", "--frames", "3", "--output", "a:b.mp4"]) == 0
    assert (tmp_path / "a:b.mp4").stat().st_size > 0


def test_a_flight_begins_at_the_first_camera_however_far_the_world_was_walked(
    photograph: Path, tmp_path: Path
) -> None:
    world, fly = tmp_path / "world", ["--path", "forward:10%,left:10%", "--frames", "3", "--output"]
    walk = ["explore", str(photograph), "--path", "left:2%", "--frames", "3", "--size", "64x48"]
    assert main([*walk, "--depth", "layout", "--output", str(world)]) == 0
    assert main(["render", str(world), *fly, str(tmp_path / "before.mp4")]) == 0
    assert main(["continue", str(world), "--path", "backward:60%", "--frames", "3", "--safe"]) == 0
    with World.open(world) as opened:
        assert abs(opened.focus_distance / opened.place(0).focus_distance - 1) > 0.05
    assert main(["render", str(world), *fly, str(tmp_path / "after.mp4")]) == 0
    before, after = (torch.stack(list(read_mp4(tmp_path / f"{name}.mp4"))) for name in ("before", "after"))
    seen = before.mean(dim=1) > 0.1
    assert float((before - after).abs().mean(dim=1)[seen].mean()) < 0.02


def test_ctrl_c_keeps_the_finished_clips(photograph: Path, tmp_path: Path) -> None:
    folder = tmp_path / "w"
    command = [sys.executable, "-c", "import sys; from voyager_lite.cli import main; sys.exit(main())"]
    walk = ["explore", str(photograph), "--path", "right:20%", "--frames", "400", "--output", str(folder)]
    process = subprocess.Popen(
        [*command, *walk],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        # Jobs that a shell runs in the background ignore Ctrl-C, and so would the walk they start.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None and _clips(folder) < 3:
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "every finished clip is kept" in said
    world = World.open(folder)
    assert len(world.clips) >= 3
    assert float(world.depth(-1).min()) > 0
    world.close()


def _clips(folder: Path) -> int:
    if not (folder / "world.sqlite").is_file():
        return 0
    world = World.open(folder)
    try:
        return len(world.store.records())
    finally:
        world.close()
