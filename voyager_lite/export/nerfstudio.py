"""nerfstudio's camera files: camera_path.json of its viewer, transforms.json of its data sets.

Both hold camera-to-world matrices in OpenGL axes (x right, y up, z backward). transforms.json is also
instant-ngp's, and with nothing but ``camera_angle_x`` that of the NeRF paper's Blender scenes.
"""

import json
import logging
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from geometry.camera import Camera
from voyager_lite.export.atomic import replacing
from voyager_lite.export.camera_file import (
    CameraFile,
    read_json,
    require_count,
    take,
    take_size,
    to_camera,
    to_matrix,
    to_pinhole,
)
from voyager_lite.export.cameras_json import take_fps

logger = logging.getLogger(__name__)

OPENGL_FROM_OPENCV = torch.diag(torch.tensor([1.0, -1.0, -1.0, 1.0], dtype=torch.float64))
DISTORTION = ("k1", "k2", "k3", "k4", "p1", "p2")
PINHOLE_MODELS = ("PINHOLE", "SIMPLE_PINHOLE", "OPENCV", "SIMPLE_RADIAL", "RADIAL")
# The Blender scenes do not state their size; all their pictures are squares of this many pixels.
BLENDER_SIZE = 800
# What the viewer shows as editable key frames where the path has none of its own.
SHOWN_KEYFRAMES = 12


def write_camera_path(file: Path, cameras: Camera, *, fps: float, keyframes: Camera | None = None) -> None:
    """Write a path for ``ns-render camera-path`` and the viewer's "Load Path".

    The format has one vertical field of view a camera: a principal point off the centre and pixels
    that are not square do not survive, which is logged.

    Args:
        file: A .json file.
        cameras: Every frame.
        fps: Frames a second.
        keyframes: What the viewer offers for editing; by default some of the cameras.
    """
    if keyframes is None:
        chosen = torch.linspace(0, len(cameras) - 1, min(SHOWN_KEYFRAMES, len(cameras))).round().long()
        keyframes = cameras[chosen]
    _warn_of_loss(file, cameras)
    aspect = cameras.width / cameras.height
    fov, fov_of_keys = _vertical_fov(cameras), _vertical_fov(keyframes)
    record = {
        "default_fov": fov[0],
        "default_transition_sec": len(cameras) / fps / max(len(keyframes) - 1, 1),
        "keyframes": [
            {
                "matrix": pose,
                "fov": degrees,
                "aspect": aspect,
                "override_transition_enabled": False,
                "override_transition_sec": None,
            }
            for pose, degrees in zip(_opengl(keyframes).flatten(1).tolist(), fov_of_keys, strict=True)
        ],
        "camera_type": "perspective",
        "render_height": cameras.height,
        "render_width": cameras.width,
        "fps": fps,
        "seconds": len(cameras) / fps,
        "is_cycle": False,
        "smoothness_value": 0,
        "camera_path": [
            {"camera_to_world": pose, "fov": degrees, "aspect": aspect}
            for pose, degrees in zip(_opengl(cameras).flatten(1).tolist(), fov, strict=True)
        ],
    }
    _write_json(file, record)


def read_camera_path(file: Path) -> CameraFile:
    """Read a viewer's path with its key frames.

    Raises:
        FileNotFoundError: No such file.
        ValueError: No perspective path, a key missing, or a camera that is none.
    """
    record = read_json(file)
    kind = record.get("camera_type", "perspective")
    if kind != "perspective":
        raise ValueError(f'{file}: camera_type is "{kind}"; expected "perspective"')
    size = take_size(file, record, "render_height"), take_size(file, record, "render_width")
    frames = take(file, record, "camera_path", list)
    keys = take(file, record, "keyframes", list) if record.get("keyframes") else []
    cameras = _read_path_cameras(file, frames, name="camera_path", key="camera_to_world", size=size)
    keyframes = _read_path_cameras(file, keys, name="keyframes", key="matrix", size=size) if keys else None
    return CameraFile(cameras=cameras, fps=take_fps(file, record), keyframes=keyframes)


def _read_path_cameras(
    file: Path, entries: list[Any], *, name: str, key: str, size: tuple[int, int]
) -> Camera:
    """Cameras of a list whose entries hold 16 numbers and a vertical field of view."""
    height, width = size
    require_count(file, len(entries), name=name)
    lenses, poses = [], []
    for index, entry in enumerate(entries):
        where = f"{name}[{index}]"
        fov = take(file, entry, "fov", float, where=where)
        if not 0 < fov < 180:
            raise ValueError(f"{file}: {where}.fov is {fov:g} degrees; expected more than 0, less than 180")
        focal = height / 2 / math.tan(math.radians(fov) / 2)
        lenses.append(to_pinhole((focal, focal), (width / 2, height / 2)))
        value = entry.get(key)
        if isinstance(value, str):
            value = _numbers_in_text(value)
        pose = to_matrix(file, value, name=f"{where}.{key}", shapes=[(16,)]).reshape(4, 4)
        poses.append(pose.mT if _is_transposed(pose) else pose)
    return _from_opengl(file, lenses, poses, size=size, name=name)


def _numbers_in_text(text: str) -> Any:
    """A list written as JSON inside a JSON text, as older viewers do; None if it is none."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return None


def _is_transposed(pose: Float[Tensor, "4 4"]) -> bool:
    """True for a matrix written column by column, as older viewers do: its last column is 0 0 0 1."""
    corner = torch.tensor([0.0, 0.0, 0.0, 1.0], dtype=pose.dtype)
    return not torch.equal(pose[3], corner) and torch.equal(pose[:, 3], corner)


def write_transforms(
    file: Path,
    cameras: Camera,
    *,
    names: Sequence[str] | None = None,
    depths: Sequence[str] | None = None,
    points: str | None = None,
) -> None:
    """Write cameras for nerfstudio and instant-ngp.

    Args:
        file: A transforms.json.
        cameras: A batch; a lens all share is stated once.
        names: Pictures, relative to the file; images/frame_00000.png and so on by default.
        depths: Depth maps, relative to the file: 16-bit PNG in thousandths of a unit, 0 for none.
        points: A PLY in the world frame, relative to the file, from which splats may start.
    """
    names = names or [f"images/frame_{k:05d}.png" for k in range(len(cameras))]
    lenses = [_lens(K) for K in cameras.K.tolist()]
    shared = lenses[0] if all(lens == lenses[0] for lens in lenses) else {}
    frames = [
        {"file_path": name, **({} if shared else lens), "transform_matrix": pose}
        for name, lens, pose in zip(names, lenses, _opengl(cameras).tolist(), strict=True)
    ]
    for frame, depth in zip(frames, depths or [], strict=depths is not None):
        frame["depth_file_path"] = depth
    record = {
        "camera_model": "PINHOLE",
        "w": cameras.width,
        "h": cameras.height,
        **shared,
        **({"ply_file_path": points} if points else {}),
        "frames": frames,
    }
    _write_json(file, record)


def read_transforms(file: Path) -> CameraFile:
    """Read a transforms.json in the order of its frames.

    Lens distortion is ignored, and logged. Without a size the picture is a square of 800 pixels.

    Raises:
        FileNotFoundError: No such file.
        ValueError: No pinhole model, a key missing, frames of several sizes, or a camera that is none.
    """
    record = read_json(file)
    frames = take(file, record, "frames", list)
    require_count(file, len(frames), name="frames")
    lenses, poses, names, sizes = [], [], [], set()
    for index, frame in enumerate(frames):
        where = f"frames[{index}]"
        matrix = take(file, frame, "transform_matrix", list, where=where)
        pose = to_matrix(file, matrix, name=f"{where}.transform_matrix", shapes=[(4, 4), (3, 4)])
        if len(pose) == 3:
            pose = torch.cat([pose, torch.tensor([[0.0, 0.0, 0.0, 1.0]], dtype=torch.float64)])
        poses.append(pose)
        K, size = _read_lens(file, {**record, **frame}, where=where)
        lenses.append(K)
        sizes.add(size)
        names.append(str(frame.get("file_path", "")))
    if len(sizes) > 1:
        found = ", ".join(f"{width}x{height}" for height, width in sorted(sizes))
        raise ValueError(f"{file}: frames have sizes {found}; expected one size")
    _warn_of_distortion(file, [record, *frames])
    cameras = _from_opengl(file, lenses, poses, size=sizes.pop(), name="frames")
    return CameraFile(cameras=cameras, names=tuple(names) if all(names) else ())


def _read_lens(
    file: Path, entry: dict[str, Any], *, where: str
) -> tuple[Float[Tensor, "3 3"], tuple[int, int]]:
    """K and (height, width) of one frame, whose own entries come before those of the file."""
    model = entry.get("camera_model", "OPENCV")
    if model not in PINHOLE_MODELS:
        raise ValueError(f"{file}: camera_model is {model}; allowed: {', '.join(PINHOLE_MODELS)}")
    width = take_size(file, entry, "w") if "w" in entry else BLENDER_SIZE
    height = take_size(file, entry, "h") if "h" in entry else BLENDER_SIZE
    number = {
        key: take(file, entry, key, float)
        for key in ("fl_x", "fl_y", "cx", "cy", "camera_angle_x", "camera_angle_y")
        if key in entry
    }
    if "fl_x" not in number and "camera_angle_x" not in number:
        raise ValueError(f"{file}: {where} has no focal length; expected fl_x or camera_angle_x")
    fx = number["fl_x"] if "fl_x" in number else _focal(file, number["camera_angle_x"], width, where=where)
    fy = number.get("fl_y", fx)
    center = number.get("cx", width / 2), number.get("cy", height / 2)
    return to_pinhole((fx, fy), center), (height, width)


def _focal(file: Path, angle: float, width: int, *, where: str) -> float:
    """Of a lens that sees an angle from side to side."""
    if not 0 < angle < math.pi:
        raise ValueError(
            f"{file}: {where}.camera_angle_x is {angle:g} radians; expected more than 0, less than pi"
        )
    return width / 2 / math.tan(angle / 2)


def _warn_of_distortion(file: Path, entries: Sequence[dict[str, Any]]) -> None:
    """Say that a lens that bends lines is taken for one that does not."""
    bent = sorted({key for entry in entries for key in DISTORTION if entry.get(key)})
    if bent:
        logger.warning(
            "%s: lens distortion (%s) is ignored; only the pinhole part is used", file, ", ".join(bent)
        )


def _warn_of_loss(file: Path, cameras: Camera) -> None:
    """Say what of the intrinsics a camera path cannot hold."""
    fx, fy = cameras.K[:, 0, 0], cameras.K[:, 1, 1]
    middle = torch.tensor([cameras.width / 2, cameras.height / 2], dtype=torch.float64)
    shift = float((cameras.K[:, :2, 2] - middle).abs().max())
    stretch = float((fx / fy - 1).abs().max())
    if shift > 1e-6 or stretch > 1e-6:
        logger.warning(
            "%s: a camera path holds square pixels and a centred lens; principal points up to %.3g px off "
            "the centre and fx/fy up to %.3g from 1 are lost",
            file,
            shift,
            stretch,
        )


def _vertical_fov(cameras: Camera) -> list[float]:
    """Degrees from the top to the bottom of a picture with a centred lens."""
    return torch.rad2deg(2 * torch.atan(cameras.height / 2 / cameras.K[:, 1, 1])).tolist()


def _lens(K: list[list[float]]) -> dict[str, float]:
    """Intrinsics in the words of transforms.json."""
    return {"fl_x": K[0][0], "fl_y": K[1][1], "cx": K[0][2], "cy": K[1][2]}


def _opengl(cameras: Camera) -> Float[Tensor, "camera 4 4"]:
    """Camera-to-world matrices in OpenGL axes."""
    return cameras.camera_to_world @ OPENGL_FROM_OPENCV


def _from_opengl(
    file: Path,
    K: Sequence[Float[Tensor, "3 3"]],
    camera_to_world: Sequence[Float[Tensor, "4 4"]],
    *,
    size: tuple[int, int],
    name: str,
) -> Camera:
    """Cameras of camera-to-world matrices in OpenGL axes."""
    poses = [pose @ OPENGL_FROM_OPENCV for pose in camera_to_world]
    return to_camera(file, K, poses, size=size, name=name, camera_to_world=True)


def _write_json(file: Path, record: dict[str, Any]) -> None:
    """JSON into a file, whole or not at all."""
    with replacing(file) as partial:
        partial.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
