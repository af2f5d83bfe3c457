"""COLMAP's binary model: cameras.bin, images.bin, points3D.bin.

The same as the text model (``colmap``), in little-endian numbers one after the other: half the size, and
poses to the last bit.
"""

import os
import struct
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch

from geometry.camera import Camera
from geometry.cloud import PointCloud
from voyager_lite.export.atomic import replacing
from voyager_lite.export.camera_file import MOST_CAMERAS, CameraFile, require_file
from voyager_lite.export.colmap import PARAMETERS, Lens, Picture, from_model, to_lens, to_model, to_pose

MODELS = dict(enumerate(PARAMETERS))
"""COLMAP's numbers of the camera models: 0 is SIMPLE_PINHOLE, 1 is PINHOLE."""

CAMERA = struct.Struct("<iiQQ")
PICTURE = struct.Struct("<i7di")
COUNT = struct.Struct("<Q")
BYTES_OF_POINT2D = 24
POINT = np.dtype(
    [("id", "<u8"), ("position", "<f8", 3), ("color", "u1", 3), ("error", "<f8"), ("track", "<u8")]
)


def write_colmap_binary(
    folder: Path, cameras: Camera, *, names: Sequence[str] | None = None, clouds: Iterable[PointCloud] = ()
) -> None:
    """Write a model into a folder, which is made if it is missing.

    Args:
        folder: Gets cameras.bin, images.bin and points3D.bin.
        cameras: A batch; equal lenses share one camera.
        names: Of the pictures; frame_00000.png and so on by default.
        clouds: Their matter becomes the model's points, without tracks; one is in memory at a time.
    """
    lenses, pictures = to_model(cameras, names=names)
    folder.mkdir(parents=True, exist_ok=True)
    rows = [
        CAMERA.pack(k, 1, cameras.width, cameras.height) + struct.pack("<4d", *lens)
        for k, lens in enumerate(lenses, start=1)
    ]
    _write(folder / "cameras.bin", [(len(rows), b"".join(rows))])
    _write(folder / "points3D.bin", _points(clouds))
    rows = [
        PICTURE.pack(k, *pose, number) + name.encode() + b"\0" + COUNT.pack(0)
        for k, (name, number, pose) in enumerate(pictures, start=1)
    ]
    _write(folder / "images.bin", [(len(rows), b"".join(rows))])


def read_colmap_binary(folder: Path) -> CameraFile:
    """Read the cameras of a binary model in the order of their pictures' names (2 before 10).

    Raises:
        FileNotFoundError: The folder lacks cameras.bin or images.bin.
        ValueError: Another camera model, pictures of several sizes, or a file that is cut off.
    """
    first, second = folder / "cameras.bin", folder / "images.bin"
    require_file(first)
    require_file(second)
    with first.open("rb") as cameras, second.open("rb") as images:
        lenses = _read_cameras(_Entries(first, cameras))
        return from_model(second, lenses, _read_images(_Entries(second, images)))


class _Entries:
    """A binary file read from front to back; points of pictures, by far the most of it, are skipped."""

    def __init__(self, file: Path, stream: BinaryIO) -> None:
        self.file, self._stream, self._size = file, stream, require_file(file)

    def take(self, layout: struct.Struct) -> tuple[Any, ...]:
        """The next numbers.

        Raises:
            ValueError: The file ends before.
        """
        data = self._stream.read(layout.size)
        if len(data) < layout.size:
            raise self._cut_off()
        return layout.unpack(data)

    def count(self) -> int:
        """The next number, of cameras or pictures that follow.

        Raises:
            ValueError: More than ``MOST_CAMERAS``.
        """
        number = int(self.take(COUNT)[0])
        if number > MOST_CAMERAS:
            raise ValueError(f"{self.file}: has {number} entries; expected at most {MOST_CAMERAS}")
        return number

    def text(self) -> str:
        """The next text, which ends at a zero byte.

        Raises:
            ValueError: The file ends before.
        """
        letters = bytearray()
        while (letter := self._stream.read(1)) != b"\0":
            if not letter:
                raise self._cut_off()
            letters += letter
        return letters.decode("utf-8", "replace")

    def skip(self, size: int) -> None:
        """Go on.

        Raises:
            ValueError: The file ends before.
        """
        if size > self._size - self._stream.tell():
            raise self._cut_off()
        self._stream.seek(size, os.SEEK_CUR)

    def _cut_off(self) -> ValueError:
        return ValueError(f"{self.file}: is cut off or no COLMAP model; it has {self._size} bytes")


def _read_cameras(entries: _Entries) -> dict[str, Lens]:
    """By camera id."""
    cameras = {}
    for _ in range(entries.count()):
        number, model, width, height = map(int, entries.take(CAMERA))
        if model not in MODELS:
            raise ValueError(
                f"{entries.file}: camera {number} has model number {model}; allowed: "
                f"{', '.join(f'{k} ({name})' for k, name in MODELS.items())} "
                "(colmap image_undistorter makes them)"
            )
        parameters = entries.take(struct.Struct(f"<{PARAMETERS[MODELS[model]]}d"))
        if not (1 <= width < 2**31 and 1 <= height < 2**31):
            raise ValueError(
                f"{entries.file}: camera {number} has size {width}x{height}; expected at least 1x1"
            )
        cameras[str(number)] = to_lens((height, width), parameters)
    return cameras


def _read_images(entries: _Entries) -> list[Picture]:
    """Every picture in the order of the file."""
    images = []
    for _ in range(entries.count()):
        number, *pose, camera = entries.take(PICTURE)
        name = entries.text()
        entries.skip(BYTES_OF_POINT2D * int(entries.take(COUNT)[0]))
        images.append((name, str(int(camera)), to_pose(entries.file, pose, where=f"picture {int(number)}")))
    return images


def _points(clouds: Iterable[PointCloud]) -> Iterator[tuple[int, bytes]]:
    """Records of points3D.bin, cloud by cloud: how many, and their bytes."""
    before = 0
    for matter in (cloud.matter for cloud in clouds):
        points = np.zeros(len(matter), POINT)
        points["id"] = np.arange(before + 1, before + len(matter) + 1)
        points["position"] = matter.positions.numpy()
        points["color"] = (matter.colors * 255).round().clamp(0, 255).to(torch.uint8).numpy()
        before += len(matter)
        yield len(matter), points.tobytes()


def _write(file: Path, parts: Iterable[tuple[int, bytes]]) -> None:
    """A number of entries and these, whole or not at all."""
    total = 0
    with replacing(file) as partial, partial.open("wb") as stream:
        stream.write(COUNT.pack(0))
        for count, data in parts:
            stream.write(data)
            total += count
        stream.seek(0)
        stream.write(COUNT.pack(total))
