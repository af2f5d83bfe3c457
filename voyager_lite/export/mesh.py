"""One mesh of a whole world, through Open3D: depth fused in a distance field, or a surface through points.

Vertices carry colours; the file is a binary PLY in our world frame.
"""

import math
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from geometry.camera import Camera
from geometry.cloud import PointCloud
from voyager_lite.errors import VoyagerLiteError
from voyager_lite.export.atomic import replacing

VOXELS_A_SPACING = 1.5
"""Edge of a voxel over the distance of neighbouring points: finer ones find no measurement of their own."""

MOST_SURFACE_VOXELS = 5e5
"""Voxels that surfaces may cut, which takes about 0.5 GB. In scenes that reach far, near things are meshed
more coarsely for it."""

TRUNCATION = 4.0
"""Reach of the distance field to either side of a surface, in voxels (Curless and Levoy, 1996)."""

SEEN_ONCE = 0.5
"""Weight from which on a voxel counts: one frame has seen it."""

POISSON_DEPTH = 9
"""Levels of the octree: cells of 1/512 of the world's extent."""

UNSUPPORTED = 0.03
"""Share of a Poisson surface's vertices, those with the fewest points near them, that is cut off: it closes
every gap, however wide."""


def write_tsdf_mesh(
    path: Path,
    frames: Iterable[tuple[Float[Tensor, "3 height width"], Float[Tensor, "height width"]]],
    cameras: Camera,
    *,
    voxel: float,
    sky_from: float,
) -> int:
    """Fuse depth maps in a truncated signed distance field; returns the number of triangles.

    Args:
        path: A .ply file.
        frames: RGB, and depth along the axis, 0 where there is none.
        cameras: One a frame.
        voxel: Edge of a voxel, scene units; see ``voxel_for``.
        sky_from: Depth from which on a pixel shows sky, which is left out.

    Raises:
        VoyagerLiteError: Open3D is not installed.
        ValueError: The frames show no surface.
    """
    open3d = _open3d(path)
    float32, tensor = open3d.core.float32, open3d.core.Tensor
    # Colours as 16-bit integers would darken by a rounded-off half with every frame.
    grid = open3d.t.geometry.VoxelBlockGrid(
        ("tsdf", "weight", "color"), (float32,) * 3, ((1,), (1,), (3,)), voxel_size=voxel, block_count=1000
    )
    for number, (rgb, depth) in enumerate(frames):
        matter = open3d.t.geometry.Image(tensor(torch.where(depth < sky_from, depth, 0.0).numpy()))
        color = open3d.t.geometry.Image(tensor(rgb.permute(1, 2, 0).contiguous().numpy()))
        # Open3D gives a pixel's depth to all that projects between its corners; these are integers as ours.
        K, pose = tensor(cameras.K[number].numpy()), tensor(cameras.world_to_camera[number].numpy())
        reach = float(depth.max()) + 1, TRUNCATION
        if bool((depth < sky_from)[depth > 0].any()):
            blocks = grid.compute_unique_block_coordinates(matter, K, pose, 1.0, *reach)
            grid.integrate(blocks, matter, color, K, K, pose, 1.0, *reach)
    return _write(path, open3d, grid.extract_triangle_mesh(SEEN_ONCE).to_legacy())


def write_poisson_mesh(path: Path, cloud: PointCloud) -> int:
    """Draw a smooth surface through points along their normals; returns the number of triangles.

    Screened Poisson reconstruction (Kazhdan and Hoppe, 2013).

    Args:
        path: A .ply file.
        cloud: Its matter is used.

    Raises:
        VoyagerLiteError: Open3D is not installed.
        ValueError: The cloud holds no matter.
    """
    open3d = _open3d(path)
    matter = cloud.matter
    if not len(matter):
        raise ValueError(f"{path}: the world shows no surface; there is nothing to write")
    points = open3d.geometry.PointCloud()
    for name in ("points", "colors", "normals"):
        rows = getattr(matter, "positions" if name == "points" else name)
        setattr(points, name, open3d.utility.Vector3dVector(rows.double().numpy()))
    # On one thread the same points give the same mesh.
    mesh, support = open3d.geometry.TriangleMesh.create_from_point_cloud_poisson(
        points, depth=POISSON_DEPTH, n_threads=1
    )
    mesh.remove_vertices_by_mask(np.asarray(support) < np.quantile(np.asarray(support), UNSUPPORTED))
    return _write(path, open3d, mesh)


def voxel_for(cloud: PointCloud) -> float:
    """Edge of a voxel that suits a world: by the spacing of its points, and not too many in all."""
    radii = cloud.matter.radii.double()
    if not len(radii):
        return 1.0
    spacing, area = float(radii.median()) * math.sqrt(2) / 1.2, math.pi * float(radii.square().sum())
    return max(VOXELS_A_SPACING * spacing, math.sqrt(area / MOST_SURFACE_VOXELS))


def _open3d(path: Path) -> ModuleType:
    """Open3D, which is large, needs system libraries, and is used nowhere else.

    Raises:
        VoyagerLiteError: It is not installed.
    """
    try:
        import open3d
    except (ImportError, OSError) as error:
        raise VoyagerLiteError(
            f"{path}: this mesh needs Open3D ({error}): pip install open3d-cpu; a .glb needs nothing more"
        ) from error
    return open3d


def _write(path: Path, open3d: ModuleType, mesh: object) -> int:
    count = len(mesh.triangles)  # type: ignore[attr-defined]
    if not count:
        raise ValueError(f"{path}: the world shows no surface; there is nothing to write")
    colors = np.asarray(mesh.vertex_colors).clip(0, 1)  # type: ignore[attr-defined]
    mesh.vertex_colors = open3d.utility.Vector3dVector(colors)  # type: ignore[attr-defined]
    with replacing(path) as partial:
        if not open3d.io.write_triangle_mesh(str(partial), mesh):
            raise OSError(f"{path}: could not be written")
    return count
