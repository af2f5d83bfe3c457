"""What a user means by a path: words of the path language, or a camera file."""

import re
from pathlib import Path

from geometry.presets import PRESETS, parse_amount
from geometry.trajectory import Trajectory
from voyager_lite.export.camera_file import CameraFile, read_json, read_text
from voyager_lite.export.cameras_json import FORMAT, read_cameras_json
from voyager_lite.export.colmap import read_colmap
from voyager_lite.export.colmap_binary import read_colmap_binary
from voyager_lite.export.nerfstudio import read_camera_path, read_transforms
from voyager_lite.export.realestate10k import COLUMNS, read_realestate10k


def read_path(text_or_file: str, *, frames: int) -> Trajectory:
    """Words such as ``forward:1.5,orbit:30deg``, or a file of cameras.

    A file's first camera is laid onto the camera the path starts from; the others keep their place
    relative to it. The file's unit is taken for the scene's; an amount after the name sets the length
    of the way instead: ``walk.txt:50%``. A file with another number of cameras is resampled.

    Args:
        text_or_file: Words; or a .json (ours, nerfstudio camera_path or transforms), a .txt
            (RealEstate10K, COLMAP images.txt beside its cameras.txt) or a folder with a COLMAP model,
            text or binary, or with one in sparse/0. A folder called like a word is named as ./orbit.
        frames: How many cameras the path becomes.

    Raises:
        FileNotFoundError: The text names a .json or .txt that is not there.
        ValueError: An unknown word, or a file that is none of these or broken.
    """
    named = re.fullmatch(r"(.+\.(?:json|txt))(?::(.*))?", text_or_file.strip(), flags=re.IGNORECASE)
    folder = Path(text_or_file.strip())
    first_word = re.split("[:,]", text_or_file.strip())[0].strip()
    if named is None and (first_word in ("", *PRESETS) or not folder.is_dir()):
        return Trajectory.parse(text_or_file, frames=frames)
    file, length = folder, None
    if named is not None:
        file = Path(named[1])
        length = parse_amount(named[2], of=text_or_file) if named[2] is not None else None
    cameras = read_camera_file(file).cameras
    try:
        return Trajectory.from_cameras(cameras, frames=frames, length=length)
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from None


def read_camera_file(file: Path, *, size: tuple[int, int] | None = None) -> CameraFile:
    """Cameras of a file or folder in any of the formats, told apart by ending and content.

    Args:
        file: As ``read_path`` takes it.
        size: (height, width) of the pictures, for RealEstate10K, which does not state it.

    Raises:
        FileNotFoundError: No such file.
        ValueError: None of the formats, or broken.
    """
    if file.is_dir():
        return _read_model(file)
    if file.name == "images.bin":
        return read_colmap_binary(file.parent)
    if file.suffix.lower() == ".json":
        record = read_json(file)
        if record.get("format") == FORMAT:
            return read_cameras_json(file)
        if "camera_path" in record:
            return read_camera_path(file)
        if "frames" in record:
            return read_transforms(file)
        found = ", ".join(record) or "nothing"
        raise ValueError(f'{file}: holds {found}; expected "format": "{FORMAT}", "camera_path" or "frames"')
    if file.name == "images.txt":
        return read_colmap(file.parent)
    if any(len(line.split()) == COLUMNS for line in read_text(file).splitlines()[:2]):
        return read_realestate10k(file, **({} if size is None else {"height": size[0], "width": size[1]}))
    raise ValueError(f"{file}: is no camera file; expected RealEstate10K lines or COLMAP's images.txt")


def _read_model(folder: Path) -> CameraFile:
    """A COLMAP model; where there are both kinds the binary one, as COLMAP does."""
    inner = folder / "sparse" / "0"
    if inner.is_dir():
        folder = inner
    return read_colmap_binary(folder) if (folder / "images.bin").is_file() else read_colmap(folder)
