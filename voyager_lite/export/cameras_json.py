"""Our own camera file: everything a camera has, in plain JSON.

    {"format": "voyager-lite cameras", "version": 1, "fps": 24.0, "width": 960, "height": 540,
     "cameras": [{"K": [[...], [...], [...]], "world_to_camera": [[...], [...], [...], [...]]}, ...]}

OpenCV axes (x right, y down, z forward), x_camera = world_to_camera @ x_world, the centre of the top-left
pixel at (0.5, 0.5). Numbers are written so that reading gives the same bits.
"""

import json
from pathlib import Path
from typing import Any

from geometry.camera import Camera
from voyager_lite.export.atomic import replacing
from voyager_lite.export.camera_file import CameraFile, read_json, take, take_size, to_camera, to_matrix

FORMAT = "voyager-lite cameras"
VERSION = 1


def write_cameras_json(
    file: Path, cameras: Camera, *, fps: float, draft: dict[str, Any] | None = None
) -> None:
    """Write a batch of cameras.

    Args:
        file: A .json file.
        cameras: Every frame.
        fps: Frames a second.
        draft: The key frames they were made of, as JSON values; readers of cameras pass over them.
    """
    head: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "fps": fps,
        "width": cameras.width,
        "height": cameras.height,
    }
    if draft is not None:
        head["draft"] = draft
    lines = [
        json.dumps({"K": K, "world_to_camera": pose})
        for K, pose in zip(cameras.K.tolist(), cameras.world_to_camera.tolist(), strict=True)
    ]
    text = json.dumps(head)[:-1] + ', "cameras": [\n' + ",\n".join(lines) + "\n]}\n"
    with replacing(file) as partial:
        partial.write_text(text, encoding="utf-8")


def read_cameras_json(file: Path) -> CameraFile:
    """Read what ``write_cameras_json`` has written, to the bit.

    Raises:
        FileNotFoundError: No such file.
        ValueError: Not this format or version, cut off, or a camera that is none.
    """
    record = read_json(file)
    found = take(file, record, "format", str), take(file, record, "version", float)
    if found != (FORMAT, VERSION):
        raise ValueError(
            f'{file}: is "{found[0]}" version {found[1]:g}; expected "{FORMAT}" version {VERSION}'
        )
    entries = take(file, record, "cameras", list)
    lenses, poses = [], []
    for index, entry in enumerate(entries):
        where = f"cameras[{index}]"
        K = take(file, entry, "K", list, where=where)
        pose = take(file, entry, "world_to_camera", list, where=where)
        lenses.append(to_matrix(file, K, name=f"{where}.K", shapes=[(3, 3)]))
        poses.append(to_matrix(file, pose, name=f"{where}.world_to_camera", shapes=[(4, 4)]))
    size = take_size(file, record, "height"), take_size(file, record, "width")
    cameras = to_camera(file, lenses, poses, size=size, name="cameras")
    return CameraFile(cameras=cameras, fps=take_fps(file, record))


def take_fps(file: Path, record: dict[str, object]) -> float:
    """Frames a second.

    Raises:
        ValueError: Missing, or not a number > 0.
    """
    fps: float = take(file, record, "fps", float)
    if fps <= 0:
        raise ValueError(f"{file}: fps is {fps:g}; expected more than 0")
    return fps
