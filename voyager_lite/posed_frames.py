"""Posed RGB-D frames on disk: a folder of pictures, a folder of depth maps, and a file of cameras."""

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from geometry.camera import Camera
from voyager_lite.depth.file import SUFFIXES
from voyager_lite.export.camera_file import CameraFile
from voyager_lite.export.colmap import natural_order
from voyager_lite.export.depth_file import (
    DEFAULT_PNG_SCALE,
    read_depth_exr,
    read_depth_npy,
    read_depth_png16,
)
from voyager_lite.export.png import read_picture
from voyager_lite.paths import read_camera_file
from voyager_lite.photograph import open_picture

logger = logging.getLogger(__name__)

PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff")

KIND = re.compile(r"(?:^|[._-])(?:rgb|color|colour|image|depth)(?=$|[._-])", flags=re.IGNORECASE)
"""What names say besides the number, as in frame-000000.color.png beside frame-000000.depth.png."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PosedFrame:
    """One picture with its depth and its camera.

    Attributes:
        image: RGB in [0, 1].
        depth: Along the axis in scene units; 0 where not ``valid``.
        valid: True where depth was measured.
        camera: A single camera.
    """

    image: Float[Tensor, "3 height width"]
    depth: Float[Tensor, "height width"]
    valid: Bool[Tensor, "height width"]
    camera: Camera


@dataclass(frozen=True, kw_only=True, eq=False)
class PosedFrames:
    """Frames that are read when they are asked for.

    Attributes:
        name: Of their folder.
        pictures: One file a frame.
        depths: One file a frame.
        cameras: One a frame, as the file gives them.
        unit: Scene units for 1 in a depth file; None: 0.001 for PNG, 1 for EXR and NPY.
        fps: Frames a second, where the camera file says.
    """

    name: str
    pictures: Sequence[Path]
    depths: Sequence[Path]
    cameras: Camera
    unit: float | None
    fps: float | None

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, number: int) -> PosedFrame:
        number = range(len(self))[number]
        image = read_picture(self.pictures[number])
        self._require_size(self.pictures[number], image)
        depth = self.depth(number)
        return PosedFrame(image=image, depth=depth, valid=depth > 0, camera=self.cameras[number])

    def depth(self, number: int) -> Float[Tensor, "height width"]:
        """Depth of a frame; 0 where it is not a finite number > 0.

        Raises:
            ValueError: Damaged, or of another size than the cameras' pictures.
        """
        file = self.depths[number]
        if file.suffix.lower() == ".png":
            depth = read_depth_png16(file, scale=self.unit or DEFAULT_PNG_SCALE)
        else:
            read = read_depth_exr if file.suffix.lower() == ".exr" else read_depth_npy
            depth = read(file) * (self.unit or 1.0)
        self._require_size(file, depth)
        return torch.where(torch.isfinite(depth) & (depth > 0), depth, 0.0)

    def _require_size(self, file: Path, values: Tensor) -> None:
        height, width = values.shape[-2:]
        if (height, width) != (self.cameras.height, self.cameras.width):
            raise ValueError(
                f"{file}: is {width}x{height}; the cameras are for {self.cameras.width}x{self.cameras.height}"
            )


def find_posed_frames(folder: Path, *, cameras: Path, depth: Path, unit: float | None = None) -> PosedFrames:
    """Say which picture, depth map and camera belong together; nothing but the cameras is read.

    Pictures are found by the names the camera file gives; where it gives none, or times, they are taken in
    the order of their names (2 before 10), and there must be as many as cameras. A depth map has the
    name of its picture, apart from the ending and from words such as ``color`` and ``depth``.

    Args:
        folder: Of pictures.
        cameras: Any camera file that ``voyager_lite.paths.read_camera_file`` takes.
        depth: Folder of depth maps (.png of 16 bits, .exr, .npy); may be ``folder``.
        unit: Scene units for 1 in a depth file; None: 0.001 for PNG, 1 for EXR and NPY.

    Raises:
        FileNotFoundError: No such folder, or a picture or depth map that is not there.
        ValueError: Numbers that differ, names that are not unique, or cameras for pictures of another size.
    """
    if unit is not None and not 0 < unit < float("inf"):
        raise ValueError(f"depth unit is {unit:g}; expected a finite number > 0")
    pictures = _by_name(folder, PICTURES, depth=False)
    maps = _by_name(depth, SUFFIXES, depth=True if depth.resolve() == folder.resolve() else None)
    with open_picture(next(iter(pictures.values()))) as first:
        size = first.height, first.width
    file = read_camera_file(cameras, size=size)
    if (file.cameras.height, file.cameras.width) != size:
        raise ValueError(
            f"{cameras}: has cameras for {file.cameras.width}x{file.cameras.height}; "
            f"the pictures in {folder} are {size[1]}x{size[0]}"
        )
    # RealEstate10K's names are times, by which some people call their pictures and some do not.
    if all(name.isdigit() and name not in pictures for name in file.names):
        chosen = _in_order(file, pictures, folder, cameras)
    else:
        chosen = _named(file, pictures, folder)
    missing = [picture for picture in chosen if _key(picture) not in maps]
    if missing:
        raise FileNotFoundError(
            f"{depth}: has no depth map for {len(missing)} of {len(chosen)} pictures, "
            f"first for {missing[0].name}; expected {_key(missing[0])} with {', '.join(SUFFIXES)}"
        )
    return PosedFrames(
        name=folder.resolve().name,
        pictures=chosen,
        depths=[maps[_key(picture)] for picture in chosen],
        cameras=file.cameras,
        unit=unit,
        fps=file.fps,
    )


def _by_name(folder: Path, suffixes: Sequence[str], *, depth: bool | None) -> dict[str, Path]:
    """Files of a folder in the order of their names, by these without endings and kinds.

    ``depth``: True takes those whose name says depth, False those that do not, None all.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: no such folder")
    found: dict[str, Path] = {}
    for file in sorted(folder.iterdir(), key=lambda file: natural_order(file.name)):
        says_depth = "depth" in (word.strip("._-").lower() for word in KIND.findall(file.stem))
        if file.suffix.lower() not in suffixes or depth not in (None, says_depth):
            continue
        if _key(file) in found:
            raise ValueError(f"{folder}: {found[_key(file)].name} and {file.name} have the same name")
        found[_key(file)] = file
    if not found:
        raise FileNotFoundError(f"{folder}: holds no file with {', '.join(suffixes)}")
    return found


def _key(file: Path) -> str:
    """What a picture and its depth map have in common."""
    return KIND.sub("", file.stem).strip("._-") or file.stem


def _named(file: CameraFile, pictures: dict[str, Path], folder: Path) -> list[Path]:
    """The picture of each camera by its name."""
    missing = [name for name in file.names if _key(Path(name)) not in pictures]
    if missing:
        raise FileNotFoundError(
            f"{folder}: lacks {len(missing)} of {len(file.names)} pictures that have cameras, "
            f"first {missing[0]}; it holds {next(iter(pictures.values())).name} and others"
        )
    chosen = [pictures[_key(Path(name))] for name in file.names]
    if len(set(chosen)) < len(chosen):
        raise ValueError(f"{folder}: several cameras name the same picture; expected one camera a picture")
    if len(pictures) > len(chosen):
        logger.warning(
            "%s: %d of %d pictures have no camera and are left out",
            folder,
            len(pictures) - len(chosen),
            len(pictures),
        )
    return chosen


def _in_order(file: CameraFile, pictures: dict[str, Path], folder: Path, cameras: Path) -> list[Path]:
    """The pictures in the order of their names."""
    if len(pictures) != len(file.cameras):
        raise ValueError(
            f"{folder}: holds {len(pictures)} pictures; {cameras} has {len(file.cameras)} cameras, "
            "which name no pictures"
        )
    return list(pictures.values())
