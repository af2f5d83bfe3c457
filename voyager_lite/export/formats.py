"""What a world can be exported to, by name and by file ending."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from jaxtyping import Float
from torch import Tensor

from geometry.camera import Camera
from geometry.cloud import PointCloud
from voyager_lite.export.cameras_json import write_cameras_json
from voyager_lite.export.colmap import write_colmap
from voyager_lite.export.depth_file import write_depth_exr, write_depth_npy, write_depth_png16
from voyager_lite.export.nerfstudio import write_camera_path, write_transforms
from voyager_lite.export.ply import write_ply
from voyager_lite.export.png import write_png
from voyager_lite.export.video import write_depth_video, write_mp4
from voyager_lite.world.frames import encode_depth

Frame = tuple[Float[Tensor, "3 height width"], Float[Tensor, "height width"]]


@runtime_checkable
class Exportable(Protocol):
    """What the writers need of a world."""

    @property
    def fps(self) -> float:
        """Frames a second."""
        ...

    @property
    def cameras(self) -> Camera:
        """One a frame."""
        ...

    @property
    def cloud(self) -> PointCloud:
        """All points."""
        ...

    def frames(self) -> Iterator[Frame]:
        """RGB and depth in order."""
        ...


def export_world(world: Exportable, target: Path, *, format: str | None = None) -> list[Path]:
    """Write one of a world's results.

    Args:
        world: What to write.
        target: A file, or a folder for the formats that need one.
        format: A name in ``FORMATS``; None goes by the ending of ``target``.

    Returns:
        The files written.

    Raises:
        ValueError: An unknown format, or an ending that names none.
    """
    if format is None:
        matching = [name for name, kind in FORMATS.items() if kind.suffix and target.suffix == kind.suffix]
        if not matching:
            endings = ", ".join(kind.suffix for kind in FORMATS.values() if kind.suffix)
            raise ValueError(
                f"{target}: its ending names no format; expected {endings}, or --format {'|'.join(FORMATS)}"
            )
        format = matching[0]
    if format not in FORMATS:
        raise ValueError(f"format is {format!r}; expected one of {', '.join(FORMATS)}")
    kind = FORMATS[format]
    if kind.suffix and target.suffix != kind.suffix:
        raise ValueError(f"{target}: format {format} needs a name that ends in {kind.suffix}")
    (target.parent if kind.suffix else target).mkdir(parents=True, exist_ok=True)
    return kind.write(world, target)


def _ply(world: Exportable, file: Path) -> list[Path]:
    write_ply(file, world.cloud)
    return [file]


def _mp4(world: Exportable, file: Path) -> list[Path]:
    write_mp4(file, (rgb for rgb, _ in world.frames()), fps=world.fps)
    return [file]


def _depth_video(world: Exportable, file: Path) -> list[Path]:
    write_depth_video(file, (encode_depth(depth) for _, depth in world.frames()), fps=world.fps)
    return [file]


def _json(world: Exportable, file: Path) -> list[Path]:
    write_cameras_json(file, world.cameras, fps=world.fps)
    return [file]


def _camera_path(world: Exportable, file: Path) -> list[Path]:
    write_camera_path(file, world.cameras, fps=world.fps)
    return [file]


def _frames(world: Exportable, folder: Path) -> list[Path]:
    files = []
    for number, (rgb, _) in enumerate(world.frames()):
        files.append(folder / FRAME_NAME.format(number))
        write_png(files[-1], rgb)
    return files


def _colmap(world: Exportable, folder: Path) -> list[Path]:
    (folder / "images").mkdir(exist_ok=True)
    (folder / "sparse").mkdir(exist_ok=True)
    pictures = _frames(world, folder / "images")
    write_colmap(
        folder / "sparse", world.cameras, names=[file.name for file in pictures], cloud=world.cloud.matter
    )
    return [folder / "sparse", folder / "images"]


def _transforms(world: Exportable, folder: Path) -> list[Path]:
    (folder / "images").mkdir(exist_ok=True)
    pictures = _frames(world, folder / "images")
    file = folder / "transforms.json"
    write_transforms(file, world.cameras, names=[f"images/{picture.name}" for picture in pictures])
    return [file, folder / "images"]


def _depth_files(
    suffix: str, write: Callable[[Path, Tensor], None]
) -> Callable[[Exportable, Path], list[Path]]:
    def write_all(world: Exportable, folder: Path) -> list[Path]:
        files = []
        for number, (_, depth) in enumerate(world.frames()):
            files.append(folder / Path(FRAME_NAME.format(number)).with_suffix(suffix))
            write(files[-1], depth)
        return files

    return write_all


def _depth_png(path: Path, depth: Tensor) -> None:
    """In thousandths of a unit; what is too far for 16 bits, as the sky, is written as 0: none."""
    write_depth_png16(path, depth, valid=(depth > 0) & (depth <= MOST_IN_PNG))


@dataclass(frozen=True, kw_only=True)
class Format:
    """One kind of result.

    Attributes:
        suffix: The ending of its file; "" for formats that fill a folder.
        write: Writes it, and says which files it wrote.
    """

    suffix: str
    write: Callable[[Exportable, Path], list[Path]]


MOST_IN_PNG = 65.5

FRAME_NAME = "frame_{:05d}.png"

FORMATS: dict[str, Format] = {
    "ply": Format(suffix=".ply", write=_ply),
    "mp4": Format(suffix=".mp4", write=_mp4),
    "depth-video": Format(suffix=".mkv", write=_depth_video),
    "cameras": Format(suffix=".json", write=_json),
    "camera-path": Format(suffix=".json", write=_camera_path),
    "nerfstudio": Format(suffix="", write=_transforms),
    "colmap": Format(suffix="", write=_colmap),
    "frames": Format(suffix="", write=_frames),
    "depth-exr": Format(suffix="", write=_depth_files(".exr", write_depth_exr)),
    "depth-png": Format(suffix="", write=_depth_files(".png", _depth_png)),
    "depth-npy": Format(suffix="", write=_depth_files(".npy", write_depth_npy)),
}
