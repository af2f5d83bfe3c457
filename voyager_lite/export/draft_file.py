"""Paths as files: our own camera file with the draft inside, nerfstudio's, COLMAP's; and all of them read."""

import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from geometry.camera import Camera
from geometry.draft import PathDraft
from geometry.draft_fit import draft_of_cameras
from geometry.draft_move import laid_onto
from geometry.draft_path import draft_cameras
from geometry.trajectory import Trajectory
from voyager_lite.draft_json import draft_from_record, draft_to_record
from voyager_lite.export.camera_file import read_json
from voyager_lite.export.cameras_json import write_cameras_json
from voyager_lite.export.colmap import write_colmap
from voyager_lite.export.nerfstudio import write_camera_path
from voyager_lite.paths import read_camera_file

FORMATS = {"voyager-lite": "path.json", "nerfstudio": "camera_path.json", "colmap": "colmap.zip"}
"""What a path can be saved as, and how the file is called."""

MODEL_FILES = ("cameras.txt", "images.txt", "points3D.txt", "cameras.bin", "images.bin", "points3D.bin")
"""Of a COLMAP model; those of points are not looked at."""


def write_draft(file: Path, draft: PathDraft, start: Camera, *, format: str) -> None:
    """Write a path as cameras, one a frame. Our own format also holds the draft, to be edited again.

    Args:
        file: To be written.
        draft: At least two key frames.
        start: A single camera where it begins.
        format: One of ``FORMATS``; COLMAP's is a zip of a text model.

    Raises:
        ValueError: No such format, or no path.
    """
    if format not in FORMATS:
        raise ValueError(f"format is {format!r}; allowed: {', '.join(FORMATS)}")
    cameras = draft_cameras(draft, start)
    if format == "nerfstudio":
        frames = [min(round(key.seconds * draft.fps), len(cameras) - 1) for key in draft.keyframes]
        write_camera_path(file, cameras, fps=draft.fps, keyframes=cameras[torch.tensor(frames)])
    elif format == "colmap":
        _write_model(file, cameras)
    else:
        write_cameras_json(file, cameras, fps=draft.fps, draft=draft_to_record(draft))


def read_draft(files: Sequence[Path], start: Camera, *, focus_distance: float, fps: float) -> PathDraft:
    """A path of one file, or of a COLMAP model's files, begun at a camera.

    Our own file gives the draft it holds; of other files' cameras the first is laid onto the start, and
    the others, in the scene's unit, become as few key frames as will do.

    Args:
        files: A .json, a .txt of RealEstate10K, or cameras and images of a COLMAP model, text or binary.
        start: A single camera.
        focus_distance: To the scene's centre, scene units.
        fps: Frames a second of the draft; the file's duration is kept.

    Raises:
        FileNotFoundError: A file is missing.
        ValueError: None of the formats, or broken.
    """
    if not files:
        raise ValueError("no file was given; expected a camera file, or the files of a COLMAP model")
    if len(files) > 1:
        with tempfile.TemporaryDirectory() as folder:
            read = read_camera_file(_gathered(files, Path(folder)))
    else:
        draft = _own_draft(files[0])
        if draft is not None:
            return laid_onto(draft, start)
        read = read_camera_file(files[0])
    path = Trajectory.from_cameras(read.cameras)
    cameras = path.cameras(start, focus_distance=focus_distance)
    return draft_of_cameras(cameras, fps=fps, seconds=(len(cameras) - 1) / (read.fps or fps))


def _own_draft(file: Path) -> PathDraft | None:
    """The draft in a file of ours; None for others and for cameras alone."""
    if file.suffix.lower() != ".json":
        return None
    record: dict[str, Any] = read_json(file)
    if "draft" not in record:
        return None
    try:
        return draft_from_record(record["draft"])
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from None


def _gathered(files: Sequence[Path], folder: Path) -> Path:
    """The files of a model in one folder, under their own names."""
    for file in files:
        if file.name not in MODEL_FILES:
            raise ValueError(
                f"{file.name} is no part of a COLMAP model; expected one camera file, or "
                f"{', '.join(MODEL_FILES)}"
            )
        (folder / file.name).symlink_to(file.resolve())
    return folder


def _write_model(file: Path, cameras: Camera) -> None:
    with tempfile.TemporaryDirectory() as folder:
        write_colmap(Path(folder), cameras)
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for part in sorted(Path(folder).iterdir()):
                archive.write(part, part.name)
