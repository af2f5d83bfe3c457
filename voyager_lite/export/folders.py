"""Results that fill a folder, some of several formats together. Each says what it wrote."""

from collections.abc import Callable
from pathlib import Path

from torch import Tensor

from geometry.camera import Camera
from voyager_lite.export.colmap import write_colmap
from voyager_lite.export.colmap_binary import write_colmap_binary
from voyager_lite.export.condition import ConditionFrame, widescreen, write_condition
from voyager_lite.export.depth_file import write_depth_exr, write_depth_npy, write_depth_png16
from voyager_lite.export.exportable import Exportable
from voyager_lite.export.nerfstudio import write_transforms
from voyager_lite.export.ply import write_ply_parts
from voyager_lite.export.png import write_png

FRAME_NAME = "frame_{:05d}.png"

MOST_IN_PNG = 65.5
"""Depth from which on 16 bits of thousandths do not hold it."""


def write_frames(world: Exportable, folder: Path) -> list[Path]:
    """Pictures as PNG."""
    folder.mkdir(exist_ok=True)
    files = []
    for number, (rgb, _) in enumerate(world.frames()):
        files.append(folder / FRAME_NAME.format(number))
        write_png(files[-1], rgb)
    return files


def write_depth_exrs(world: Exportable, folder: Path) -> list[Path]:
    """Depth in scene units, NaN for none."""
    return _write_depths(
        world, folder, ".exr", lambda path, depth: write_depth_exr(path, depth, valid=depth > 0)
    )


def write_depth_npys(world: Exportable, folder: Path) -> list[Path]:
    """Depth in scene units, NaN for none."""
    return _write_depths(
        world, folder, ".npy", lambda path, depth: write_depth_npy(path, depth, valid=depth > 0)
    )


def write_depth_pngs(world: Exportable, folder: Path) -> list[Path]:
    """Depth in thousandths of a unit; 0 for none, and for what is too far for 16 bits, as the sky."""

    def write(path: Path, depth: Tensor) -> None:
        write_depth_png16(path, depth, valid=(depth > 0) & (depth <= MOST_IN_PNG))

    return _write_depths(world, folder, ".png", write)


def write_colmap_text(world: Exportable, folder: Path) -> list[Path]:
    """Pictures beside a text model."""
    names = [file.name for file in write_frames(world, folder / "images")]
    write_colmap(folder / "sparse" / "0", world.cameras, names=names, clouds=world.points())
    return [folder / "images", folder / "sparse" / "0"]


def write_colmap_bytes(world: Exportable, folder: Path) -> list[Path]:
    """Pictures beside a binary model."""
    names = [file.name for file in write_frames(world, folder / "images")]
    write_colmap_binary(folder / "sparse" / "0", world.cameras, names=names, clouds=world.points())
    return [folder / "images", folder / "sparse" / "0"]


def write_nerfstudio(world: Exportable, folder: Path) -> list[Path]:
    """transforms.json with pictures, depth and points."""
    names, depths = (
        [str(file.relative_to(folder)) for file in files]
        for files in (write_frames(world, folder / "images"), write_depth_pngs(world, folder / "depth"))
    )
    write_ply_parts(folder / "points.ply", world.points(), count=world.point_count)
    file = folder / "transforms.json"
    write_transforms(file, world.cameras, names=names, depths=depths, points="points.ply")
    return [file, folder / "images", folder / "depth", folder / "points.ply"]


def write_voyager(world: Exportable, folder: Path) -> list[Path]:
    """What the photograph shows along the walk, drawn at the size of Voyager's conditions."""
    reference, cameras = widescreen(world.rgb(0), world.cameras)
    photograph = world.place(0).cache

    def seen(camera: Camera) -> ConditionFrame:
        drawn = photograph.render(camera)
        return ConditionFrame(rgb=drawn.rgb, depth=drawn.depth, known=drawn.known)

    frames = (seen(cameras[number]) for number in range(len(cameras)))
    write_condition(folder, frames, cameras, reference=reference, fps=world.fps)
    return [folder]


def _write_depths(
    world: Exportable, folder: Path, suffix: str, write: Callable[[Path, Tensor], None]
) -> list[Path]:
    folder.mkdir(exist_ok=True)
    files = []
    for number, (_, depth) in enumerate(world.frames()):
        files.append(folder / Path(FRAME_NAME.format(number)).with_suffix(suffix))
        write(files[-1], depth)
    return files
