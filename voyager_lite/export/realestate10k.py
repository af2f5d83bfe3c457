"""RealEstate10K camera files: one line a frame, intrinsics divided by the picture's size.

The first line is the video's address; every other is ``timestamp fx fy cx cy 0 0 r11 r12 r13 t1 ... t3``
with microseconds, fx and cx over the width, fy and cy over the height, and the 3x4 world-to-camera matrix
row by row in OpenCV axes (Zhou et al., "Stereo Magnification", 2018). The unit of length is arbitrary.
"""

import logging
import math
from pathlib import Path

import torch

from geometry.camera import Camera
from geometry.rigid import squared_up
from voyager_lite.export.atomic import replacing
from voyager_lite.export.camera_file import (
    CameraFile,
    read_text,
    require_count,
    to_camera,
    to_pinhole,
)

logger = logging.getLogger(__name__)

COLUMNS = 19
# The file does not say how large the picture was; the videos were watched at this size.
WIDTH, HEIGHT = 1280, 720


def write_realestate10k(file: Path, cameras: Camera, *, fps: float, url: str = "") -> None:
    """Write a batch of cameras, frame k at k / fps seconds."""
    scale = torch.tensor([cameras.width, cameras.height], dtype=torch.float64)
    focal = cameras.K.diagonal(dim1=-2, dim2=-1)[:, :2] / scale
    center = cameras.K[:, :2, 2] / scale
    rows = torch.cat(
        [focal, center, torch.zeros_like(focal), cameras.world_to_camera[:, :3].flatten(1)], dim=-1
    )
    lines = [url]
    for k, row in enumerate(rows.tolist()):
        lines.append(" ".join([str(round(k * 1e6 / fps)), *map(repr, row)]))
    with replacing(file) as partial:
        partial.write_text("\n".join(lines) + "\n", encoding="utf-8")


def read_realestate10k(file: Path, *, width: int = WIDTH, height: int = HEIGHT) -> CameraFile:
    """Read a camera file for pictures of the given size.

    Frames a second are taken from the first and the last timestamp, names are the timestamps.

    Raises:
        FileNotFoundError: No such file.
        ValueError: A line without 19 numbers, or a camera that is none; says which line.
    """
    lines = [(number, line.split()) for number, line in enumerate(read_text(file).splitlines(), start=1)]
    rows = [(number, words) for number, words in lines if words and not (number == 1 and len(words) == 1)]
    require_count(file, len(rows), name="the list")
    lenses, poses, stamps = [], [], []
    for number, words in rows:
        try:
            stamp, fx, fy, cx, cy, k1, k2, *pose = map(float, words)
        except ValueError:
            pose = []
        if len(pose) != 12 or not math.isfinite(stamp):
            raise ValueError(f"{file}: line {number} has {len(words)} words; expected {COLUMNS} numbers")
        if k1 or k2:
            logger.warning("%s: line %d has lens distortion, which is ignored", file, number)
        lenses.append(to_pinhole((fx * width, fy * height), (cx * width, cy * height)))
        poses.append(torch.tensor([*pose, 0, 0, 0, 1], dtype=torch.float64).reshape(4, 4))
        stamps.append(stamp)
    read = to_camera(file, lenses, poses, size=(height, width), name="camera")
    cameras = Camera(K=read.K, world_to_camera=squared_up(read.world_to_camera), height=height, width=width)
    seconds = (stamps[-1] - stamps[0]) / 1e6
    return CameraFile(
        cameras=cameras,
        fps=(len(stamps) - 1) / seconds if seconds > 0 else None,
        names=tuple(f"{stamp:.0f}" for stamp in stamps),
    )
