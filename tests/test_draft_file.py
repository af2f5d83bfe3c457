"""Paths saved and loaded."""

import json
import zipfile
from pathlib import Path

import pytest
import torch

from geometry.camera import Camera
from geometry.draft import PathDraft
from geometry.draft_fit import draft_of_text
from geometry.draft_move import joined
from geometry.draft_path import draft_cameras
from voyager_lite.export.draft_file import FORMATS, read_draft, write_draft
from voyager_lite.paths import read_path

START = Camera.from_fov(60.0, height=54, width=96)


def a_draft() -> PathDraft:
    first = draft_of_text("orbit:20deg", start=START, focus_distance=4.0, speed=1.0, fps=24.0)
    end = draft_cameras(first, START)[-1]
    more = draft_of_text("forward:1", start=end, focus_distance=4.0, speed=1.0, fps=24.0)
    return joined(first, more).with_prompt(2, "<b>snow</b>")


def saved(folder: Path, format: str) -> Path:
    file = folder / FORMATS[format]
    write_draft(file, a_draft(), START, format=format)
    return file


def test_our_own_file_brings_the_draft_back_to_the_bit(tmp_path: Path) -> None:
    assert read_draft([saved(tmp_path, "voyager-lite")], START, focus_distance=4.0, fps=24.0) == a_draft()


def test_our_own_file_is_a_path_for_the_command_line(tmp_path: Path) -> None:
    truth = draft_cameras(a_draft(), START)
    path = read_path(str(saved(tmp_path, "voyager-lite")), frames=len(truth))
    again = path.cameras(START, focus_distance=4.0)
    torch.testing.assert_close(again.world_to_camera, truth.world_to_camera, atol=1e-9, rtol=0)


@pytest.mark.parametrize("format", ["nerfstudio", "colmap"])
def test_other_formats_bring_the_way_back(format: str, tmp_path: Path) -> None:
    files = [saved(tmp_path, format)]
    if format == "colmap":
        with zipfile.ZipFile(files[0]) as archive:
            archive.extractall(tmp_path / "model")
        files = sorted((tmp_path / "model").iterdir())
    draft = read_draft(files, START, focus_distance=4.0, fps=24.0)
    truth, again = draft_cameras(a_draft(), START), draft_cameras(draft, START)
    assert len(again) == len(truth)
    reach = float((truth.center - truth.center[0]).norm(dim=-1).max())
    assert float((again.center - truth.center).norm(dim=-1).max()) < 0.01 * reach


def test_a_path_is_laid_onto_where_the_walk_stands(tmp_path: Path) -> None:
    pose = torch.eye(4, dtype=torch.float64)
    pose[:3, 3] = torch.tensor([0.5, 0.0, -1.0])
    start = Camera.from_fov(60.0, height=54, width=96, world_to_camera=pose)
    for format in ("voyager-lite", "nerfstudio"):
        draft = read_draft([saved(tmp_path, format)], start, focus_distance=4.0, fps=24.0)
        cameras = draft_cameras(draft, start)
        assert torch.equal(cameras.world_to_camera[0], start.world_to_camera)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("path.json", "{", "no whole JSON"),
        ("path.json", '{"draft": {"version": 3}}', "path has version; expected"),
        ("path.json", "{}", "expected"),
        ("path.txt", "hello\n", "no camera file"),
        ("path.exe", "MZ", "no camera file"),
    ],
)
def test_files_that_are_none_are_refused_by_name(
    name: str, content: str, message: str, tmp_path: Path
) -> None:
    file = tmp_path / name
    file.write_text(content)
    with pytest.raises(ValueError, match=message) as caught:
        read_draft([file], START, focus_distance=4.0, fps=24.0)
    assert name in str(caught.value)


def test_a_file_that_is_no_part_of_a_model_is_refused(tmp_path: Path) -> None:
    files = [tmp_path / "images.txt", tmp_path / "passwd"]
    with pytest.raises(ValueError, match="passwd is no part of a COLMAP model"):
        read_draft(files, START, focus_distance=4.0, fps=24.0)


def test_unknown_formats_and_no_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="allowed: voyager-lite, nerfstudio, colmap"):
        write_draft(tmp_path / "x", a_draft(), START, format="fbx")
    with pytest.raises(ValueError, match="no file was given"):
        read_draft([], START, focus_distance=4.0, fps=24.0)


def test_the_draft_is_beside_the_cameras(tmp_path: Path) -> None:
    record = json.loads(saved(tmp_path, "voyager-lite").read_text())
    assert len(record["cameras"]) == a_draft().frames
    assert record["draft"]["keyframes"][2]["prompt"] == "<b>snow</b>"
