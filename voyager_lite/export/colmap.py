"""COLMAP's text model: cameras.txt, images.txt, points3D.txt (the binary one: ``colmap_binary``).

World-to-camera as a quaternion (w, x, y, z) and a translation, OpenCV axes, pixel centres at +0.5: all as
here. PINHOLE and SIMPLE_PINHOLE cameras only; others have lens distortion, which
``colmap image_undistorter`` removes.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from geometry.camera import Camera
from geometry.cloud import PointCloud
from geometry.rigid import quaternion_from_rotation, rigid_from, rotation_from_quaternion
from voyager_lite.export.atomic import replacing
from voyager_lite.export.camera_file import CameraFile, read_text, require_count, to_camera, to_pinhole

Lens = tuple[tuple[int, int], Float[Tensor, "3 3"]]
"""(height, width) and K of a camera."""

Picture = tuple[str, str, Float[Tensor, "4 4"]]
"""Name, camera id and world_to_camera."""

PARAMETERS = {"SIMPLE_PINHOLE": 3, "PINHOLE": 4}


def write_colmap(
    folder: Path, cameras: Camera, *, names: Sequence[str] | None = None, clouds: Iterable[PointCloud] = ()
) -> None:
    """Write a model into a folder, which is made if it is missing.

    Args:
        folder: Gets cameras.txt, images.txt and points3D.txt.
        cameras: A batch; equal lenses share one camera.
        names: Of the pictures; frame_00000.png and so on by default.
        clouds: Their matter becomes the model's points, without tracks; one is in memory at a time.
    """
    lenses, pictures = to_model(cameras, names=names)
    images = ["# IMAGE_ID QW QX QY QZ TX TY TZ CAMERA_ID NAME, then a line of POINTS2D (empty)"]
    for k, (name, number, pose) in enumerate(pictures, start=1):
        images.append(" ".join([str(k), *map(repr, pose), str(number), name]) + "\n")
    folder.mkdir(parents=True, exist_ok=True)
    size = f"{cameras.width} {cameras.height}"
    _write(
        folder / "cameras.txt",
        ["# CAMERA_ID MODEL WIDTH HEIGHT FX FY CX CY"]
        + [f"{k} PINHOLE {size} {' '.join(map(repr, lens))}" for k, lens in enumerate(lenses, start=1)],
    )
    _write(folder / "points3D.txt", _points(clouds))
    _write(folder / "images.txt", images)


def to_model(
    cameras: Camera, *, names: Sequence[str] | None
) -> tuple[list[tuple[float, ...]], list[tuple[str, int, list[float]]]]:
    """What both kinds of model hold.

    Returns:
        The lenses (fx, fy, cx, cy), numbered from 1; and for each picture its name, the number of its
        lens and its world-to-camera pose (qw, qx, qy, qz, tx, ty, tz).
    """
    names = names or [f"frame_{k:05d}.png" for k in range(len(cameras))]
    K, pose = cameras.K, cameras.world_to_camera
    each = torch.stack([K[:, 0, 0], K[:, 1, 1], K[:, 0, 2], K[:, 1, 2]], dim=-1).tolist()
    number = {lens: k for k, lens in enumerate(dict.fromkeys(map(tuple, each)), start=1)}
    rows = torch.cat([quaternion_from_rotation(pose[:, :3, :3]), pose[:, :3, 3]], dim=-1).tolist()
    return list(number), [
        (name, number[tuple(lens)], row) for name, lens, row in zip(names, each, rows, strict=True)
    ]


def read_colmap(folder: Path) -> CameraFile:
    """Read the cameras of a text model in the order of their pictures' names (2 before 10).

    Raises:
        FileNotFoundError: The folder lacks cameras.txt or images.txt.
        ValueError: Another camera model, pictures of several sizes, or a line that does not fit; says
            which.
    """
    lenses, file = _read_cameras(folder / "cameras.txt"), folder / "images.txt"
    return from_model(file, lenses, _read_images(file))


def from_model(file: Path, lenses: Mapping[str, Lens], images: Sequence[Picture]) -> CameraFile:
    """Cameras in the order of their pictures' names.

    Args:
        file: With the pictures; named in errors.
        lenses: By camera id.
        images: With the ids of their cameras.

    Raises:
        ValueError: No pictures, one without its camera, or pictures of several sizes.
    """
    images = sorted(images, key=lambda image: natural_order(image[0]))
    require_count(file, len(images), name="the list")
    for name, camera, _ in images:
        if camera not in lenses:
            raise ValueError(
                f"{file}: {name} has camera {camera}; {file.with_stem('cameras').name} has "
                f"{', '.join(lenses) or 'none'}"
            )
    sizes = {lenses[camera][0] for _, camera, _ in images}
    if len(sizes) > 1:
        found = ", ".join(f"{width}x{height}" for height, width in sorted(sizes))
        raise ValueError(f"{file}: pictures have sizes {found}; expected one size")
    cameras = to_camera(
        file,
        [lenses[camera][1] for _, camera, _ in images],
        [pose for _, _, pose in images],
        size=sizes.pop(),
        name="image",
    )
    return CameraFile(cameras=cameras, names=tuple(name for name, _, _ in images))


def _read_cameras(file: Path) -> dict[str, Lens]:
    """By camera id."""
    cameras = {}
    for number, line in enumerate(read_text(file).splitlines(), start=1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        model = words[1] if len(words) > 1 else "none"
        if model not in PARAMETERS:
            raise ValueError(
                f"{file}: line {number} has camera model {model}; allowed: {', '.join(PARAMETERS)} "
                "(colmap image_undistorter makes them)"
            )
        try:
            width, height, *parameters = int(words[2]), int(words[3]), *map(float, words[4:])
        except (ValueError, IndexError):
            parameters = []
        if len(parameters) != PARAMETERS[model] or min(width, height) < 1:
            raise ValueError(f"{file}: line {number} is no {model} camera: {line.strip()[:80]}")
        cameras[words[0]] = to_lens((height, width), parameters)
    return cameras


def _read_images(file: Path) -> list[Picture]:
    """Every picture in the order of the file."""
    lines = [
        (number, line)
        for number, line in enumerate(read_text(file).splitlines(), start=1)
        if not line.startswith("#")
    ]
    images = []
    rows = iter(lines)
    for number, line in rows:
        if not line.strip():
            continue
        words = line.split(maxsplit=9)
        try:
            pose = [float(word) for word in words[1:8]]
        except ValueError:
            pose = []
        points = next(rows, (0, ""))[1].split()
        if len(words) != 10 or len(pose) != 7 or len(points) % 3:
            raise ValueError(
                f"{file}: line {number} is no picture with its line of points: {line.strip()[:80]}; "
                "expected IMAGE_ID QW QX QY QZ TX TY TZ CAMERA_ID NAME"
            )
        images.append((words[9].strip(), words[8], to_pose(file, pose, where=f"line {number}")))
    return images


def to_lens(size: tuple[int, int], parameters: Sequence[float]) -> Lens:
    """Size and K from the parameters of PINHOLE or SIMPLE_PINHOLE: one or two focal lengths, cx, cy."""
    *focal, cx, cy = parameters
    return size, to_pinhole((focal[0], focal[-1]), (cx, cy))


def to_pose(file: Path, numbers: Sequence[float], *, where: str) -> Float[Tensor, "4 4"]:
    """A rigid motion from (qw, qx, qy, qz, tx, ty, tz).

    Raises:
        ValueError: The quaternion is not of unit length; ``where`` says which.
    """
    quaternion, translation = torch.tensor(numbers, dtype=torch.float64).split([4, 3])
    if not abs(float(quaternion.norm()) - 1) < 1e-3:
        raise ValueError(
            f"{file}: {where} has a quaternion of length {float(quaternion.norm()):g}; expected 1"
        )
    return rigid_from(rotation_from_quaternion(quaternion), translation)


def _points(clouds: Iterable[PointCloud]) -> Iterator[str]:
    """Lines of points3D.txt."""
    yield "# POINT3D_ID X Y Z R G B ERROR TRACK[]"
    number = 0
    for matter in (cloud.matter for cloud in clouds):
        colors = (matter.colors * 255).round().int().tolist()
        for (x, y, z), (r, g, b) in zip(matter.positions.tolist(), colors, strict=True):
            number += 1
            yield f"{number} {x!r} {y!r} {z!r} {r} {g} {b} 0"


def _write(file: Path, lines: Iterable[str]) -> None:
    """Lines into a file, whole or not at all."""
    with replacing(file) as partial, partial.open("w", encoding="utf-8", newline="\n") as stream:
        stream.writelines(f"{line}\n" for line in lines)


def natural_order(name: str) -> list[tuple[int, str]]:
    """Sorts numbers in names by their value."""
    return [(int(piece), "") if piece.isdigit() else (-1, piece) for piece in re.split(r"(\d+)", name)]
