"""Textured surfaces as binary glTF (.glb), through trimesh. Opens in browsers, Blender and game engines.

glTF's world has y up and looks along -z: the whole world is turned by half a circle about x. The cameras
are kept to the bit in ``extras`` of the scene, in the words of our camera file.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from geometry.camera import Camera
from geometry.projection import unproject
from geometry.rigid import transform_points
from voyager_lite.export.atomic import replacing
from voyager_lite.export.surface import Sheet

if TYPE_CHECKING:
    import trimesh

UP = torch.tensor([1.0, -1.0, -1.0])
"""Signs that turn our axes (y down, z forward) to glTF's (y up, z backward)."""

MOST_FRUSTA = 24
"""Cameras drawn, evenly spread along the walk; the line through all their places is drawn whole."""


def write_glb(
    path: Path, sheets: Iterable[Sheet], cameras: Camera, *, frustum_depth: float | None = None
) -> int:
    """Write surfaces, each with its picture as texture; returns the number of triangles.

    Args:
        path: A .glb file.
        sheets: As ``voyager_lite.export.surface.sheets`` gives them.
        cameras: Kept in the scene's extras.
        frustum_depth: How deep cameras are drawn as pyramids of lines, scene units; None: not at all.

    Raises:
        ValueError: There is no triangle.
    """
    import trimesh

    scene = trimesh.Scene(metadata={"cameras": _record(cameras)})
    count = 0
    for number, sheet in enumerate(sheets):
        scene.add_geometry(_textured(sheet), geom_name=f"surface_{number:03d}")
        count += len(sheet.triangles)
    if not count:
        raise ValueError(f"{path}: the world shows no surface; there is nothing to write")
    if frustum_depth is not None:
        lines = torch.cat([frusta(cameras, depth=frustum_depth), _way(cameras)]) * UP
        scene.add_geometry(trimesh.load_path(lines.numpy()), geom_name="cameras")
    with replacing(path) as partial:
        partial.write_bytes(scene.export(file_type="glb"))
    return count


def frusta(cameras: Camera, *, depth: float) -> Float[Tensor, "line 2 3"]:
    """Lines in the world: from each camera to the corners of its picture at a depth, and around these."""
    count = min(MOST_FRUSTA, len(cameras))
    shown = cameras[torch.linspace(0, len(cameras) - 1, count).round().long()]
    width, height = float(cameras.width), float(cameras.height)
    corners = torch.tensor([[0.0, 0.0], [width, 0.0], [width, height], [0.0, height]], dtype=torch.float64)
    rays = unproject(corners, torch.tensor(depth, dtype=torch.float64), shown.K[:, None])
    corner = transform_points(shown.camera_to_world[:, None], rays)
    center = shown.center[:, None].expand_as(corner)
    edges = torch.stack([center, corner], dim=-2), torch.stack([corner, corner.roll(1, dims=1)], dim=-2)
    return torch.cat(edges, dim=1).reshape(-1, 2, 3).float()


def _way(cameras: Camera) -> Float[Tensor, "line 2 3"]:
    """From each camera to the next, where they are apart."""
    center = cameras.center.float()
    lines = torch.stack([center[:-1], center[1:]], dim=1)
    return lines[(lines[:, 0] != lines[:, 1]).any(dim=-1)]


def _textured(sheet: Sheet) -> "trimesh.Trimesh":
    """A trimesh of one sheet."""
    import trimesh

    height, width = sheet.image.shape[-2:]
    pixels = (sheet.image * 255).round().clamp(0, 255).to(torch.uint8).permute(1, 2, 0)
    # trimesh counts v from the bottom.
    share = sheet.pixels / torch.tensor([width, height]) * torch.tensor([1.0, -1.0]) + torch.tensor(
        [0.0, 1.0]
    )
    material = trimesh.visual.material.PBRMaterial(
        baseColorTexture=Image.fromarray(np.ascontiguousarray(pixels.numpy())),
        metallicFactor=0.0,
        roughnessFactor=1.0,
        doubleSided=True,
    )
    return trimesh.Trimesh(
        vertices=(sheet.positions * UP).numpy(),
        faces=sheet.triangles.numpy(),
        visual=trimesh.visual.TextureVisuals(uv=share.numpy(), material=material),
        process=False,
    )


def _record(cameras: Camera) -> dict[str, object]:
    """In the words of our camera file; our axes, not glTF's."""
    return {
        "axes": "OpenCV: x right, y down, z forward; the scene's y and z are turned round",
        "width": cameras.width,
        "height": cameras.height,
        "K": cameras.K.tolist(),
        "world_to_camera": cameras.world_to_camera.tolist(),
    }
