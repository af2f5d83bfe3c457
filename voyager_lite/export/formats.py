"""What a world can be exported to, by name and by file ending."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from geometry.cloud import PointCloud
from voyager_lite.export.atomic import replacing_folder
from voyager_lite.export.cameras_json import write_cameras_json
from voyager_lite.export.exportable import Exportable
from voyager_lite.export.folders import (
    write_colmap_bytes,
    write_colmap_text,
    write_depth_exrs,
    write_depth_npys,
    write_depth_pngs,
    write_frames,
    write_nerfstudio,
    write_voyager,
)
from voyager_lite.export.gaussian_ply import write_gaussian_ply_parts
from voyager_lite.export.glb import write_glb
from voyager_lite.export.mesh import voxel_for, write_poisson_mesh, write_tsdf_mesh
from voyager_lite.export.nerfstudio import write_camera_path
from voyager_lite.export.ply import write_ply_parts
from voyager_lite.export.realestate10k import write_realestate10k
from voyager_lite.export.surface import sheets
from voyager_lite.export.video import write_depth_video, write_mp4
from voyager_lite.world.frames import encode_depth


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
            endings = ", ".join(dict.fromkeys(kind.suffix for kind in FORMATS.values() if kind.suffix))
            raise ValueError(
                f"{target}: its ending names no format; expected {endings}, or --format {'|'.join(FORMATS)}"
            )
        format = matching[0]
    if format not in FORMATS:
        raise ValueError(f"format is {format!r}; expected one of {', '.join(FORMATS)}")
    kind = FORMATS[format]
    if kind.suffix and target.suffix != kind.suffix:
        raise ValueError(f"{target}: format {format} needs a name that ends in {kind.suffix}")
    if kind.suffix:
        target.parent.mkdir(parents=True, exist_ok=True)
        return kind.write(world, target)
    with replacing_folder(target) as partial:
        files = kind.write(world, partial)
    return [target / file.relative_to(partial) for file in files]


def _ply(world: Exportable, file: Path) -> list[Path]:
    write_ply_parts(file, world.points(), count=world.point_count)
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


def _gaussians(world: Exportable, file: Path) -> list[Path]:
    write_gaussian_ply_parts(file, world.points(), count=world.point_count)
    return [file]


def _glb(world: Exportable, file: Path) -> list[Path]:
    cameras = world.cameras
    write_glb(file, sheets(world.frames(), cameras, sky_from=world.sky_from), cameras)
    return [file]


def _glb_with_cameras(world: Exportable, file: Path) -> list[Path]:
    cameras = world.cameras
    pieces = sheets(world.frames(), cameras, sky_from=world.sky_from)
    write_glb(file, pieces, cameras, frustum_depth=FRUSTUM * world.focus_distance)
    return [file]


def _mesh(world: Exportable, file: Path) -> list[Path]:
    voxel = voxel_for(PointCloud.concatenate(list(world.points())))
    write_tsdf_mesh(file, world.frames(), world.cameras, voxel=voxel, sky_from=world.sky_from)
    return [file]


def _poisson(world: Exportable, file: Path) -> list[Path]:
    write_poisson_mesh(file, PointCloud.concatenate(list(world.points())))
    return [file]


def _realestate10k(world: Exportable, file: Path) -> list[Path]:
    write_realestate10k(file, world.cameras, fps=world.fps)
    return [file]


@dataclass(frozen=True, kw_only=True)
class Format:
    """One kind of result.

    Attributes:
        about: What it is and who reads it, in a line.
        suffix: The ending of its file; "" for formats that fill a folder.
        write: Writes it, and says which files it wrote.
    """

    about: str
    suffix: str
    write: Callable[[Exportable, Path], list[Path]]


FRUSTUM = 0.1
"""Depth to which cameras are drawn, over the distance to the scene."""

FORMATS: dict[str, Format] = {
    "ply": Format(about="points with normals, colours and radii", suffix=".ply", write=_ply),
    "gaussians": Format(
        about="a flat 3D Gaussian for every point; splat viewers, start of a training",
        suffix=".ply",
        write=_gaussians,
    ),
    "glb": Format(
        about="textured surfaces, y up; browsers, Blender, game engines", suffix=".glb", write=_glb
    ),
    "glb-cameras": Format(
        about="the same, with the cameras drawn as pyramids", suffix=".glb", write=_glb_with_cameras
    ),
    "mesh": Format(
        about="one mesh of all depth maps (TSDF), coloured; needs Open3D", suffix=".ply", write=_mesh
    ),
    "mesh-poisson": Format(
        about="one smooth mesh through the points (Poisson); needs Open3D", suffix=".ply", write=_poisson
    ),
    "mp4": Format(about="the video", suffix=".mp4", write=_mp4),
    "depth-video": Format(
        about="depth without loss, FFV1, 16 bits by its logarithm", suffix=".mkv", write=_depth_video
    ),
    "cameras": Format(about="our camera file, exact to the bit", suffix=".json", write=_json),
    "camera-path": Format(
        about="nerfstudio's camera_path.json, for its viewer", suffix=".json", write=_camera_path
    ),
    "realestate10k": Format(about="RealEstate10K camera file", suffix=".txt", write=_realestate10k),
    "nerfstudio": Format(
        about="transforms.json with pictures, depth and points", suffix="", write=write_nerfstudio
    ),
    "colmap": Format(
        about="sparse/0 as text, with pictures; 3DGS trainers read it", suffix="", write=write_colmap_text
    ),
    "colmap-binary": Format(about="the same with a binary model", suffix="", write=write_colmap_bytes),
    "voyager": Format(
        about="what the photograph shows along the walk, as HunyuanWorld-Voyager's conditions",
        suffix="",
        write=write_voyager,
    ),
    "frames": Format(about="the pictures as PNG", suffix="", write=write_frames),
    "depth-exr": Format(about="depth in units as OpenEXR, NaN for none", suffix="", write=write_depth_exrs),
    "depth-png": Format(
        about="depth in thousandths as 16-bit PNG, 0 for none",
        suffix="",
        write=write_depth_pngs,
    ),
    "depth-npy": Format(about="depth in units as NumPy, NaN for none", suffix="", write=write_depth_npys),
}
"""By name; of several with one ending the first is meant where no format is named."""
