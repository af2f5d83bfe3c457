"""Surface normals from depth maps."""

from functools import partial

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from geometry.camera import Camera
from geometry.checks import require_shape
from geometry.edges import frames, inverse_depth, surface_links
from geometry.kernels.strips import in_strips

SMOOTHING = 8
"""Rounds of [1 2 1] / 4 along rows and columns before the slope is measured: a deviation of two pixels.
Neighbouring pixels differ by far less than a depth sensor errs, so their bare difference is noise."""


def normals_from_depth(
    depth: Float[Tensor, "*batch height width"],
    camera: Camera,
    *,
    valid: Bool[Tensor, "*batch height width"],
) -> Float[Tensor, "*batch height width 3"]:
    """Normals of the surfaces a camera sees, never taken across a break in depth.

    A plane n . x = 1 in camera space has inverse depth n . (x / z, y / z, 1), affine in the pixel: its
    slopes along rows and columns are n_x / fx and n_y / fy, and its value gives n_z. This is the cross
    product of the neighbouring points of the plane, in a form that is exact however steep it is.
    Smoothing and slopes use neighbours on one surface only; smoothing leaves planes as they are.

    Args:
        depth: Along the axis, > 0 where ``valid``; not read elsewhere.
        camera: Batch dimensions as ``depth``.
        valid: True where there is matter at a known depth.

    Returns:
        Unit normals in the world frame, on the side that the camera sees (n . (x - center) < 0). Along a
        row or column in which a pixel has no neighbour on its surface the surface is taken to be level
        in depth; a lone pixel, and one that is not valid, looks back along the optical axis.

    Raises:
        ValueError: The maps do not fit each other or the camera.
    """
    require_shape("valid", valid, depth.shape)
    require_shape("depth", depth, (*camera.batch_shape, camera.height, camera.width))
    # Imported where it is called: numba takes long to load.
    from geometry.kernels.normals import orient, smooth

    inverse = inverse_depth(depth, valid)
    right, below = surface_links(inverse, valid, dim=-1), surface_links(inverse, valid, dim=-2)
    values, known, links = frames(inverse), frames(valid), (frames(right), frames(below))
    padded_links = frames(right, margin=1), frames(below, margin=1)
    found = np.empty((*values.shape, 3), values.dtype)
    for i, view in enumerate(_views(camera, values.dtype)):
        level = np.empty_like(values[i])
        in_strips(camera.height, partial(smooth, values[i], (links[0][i], links[1][i]), SMOOTHING), level)
        maps = known[i], padded_links[0][i], padded_links[1][i]
        in_strips(camera.height, partial(orient, np.pad(level, 1), maps, view), found[i])
    return torch.from_numpy(found).reshape(*depth.shape, 3).to(depth.device)


def _views(camera: Camera, dtype: np.dtype) -> list[tuple[np.floating, ...]]:
    """What ``orient`` needs of each camera."""
    K = camera.K.reshape(-1, 3, 3)
    rotation = camera.world_to_camera.reshape(-1, 4, 4)[:, :3, :3].flatten(1)
    lens = torch.stack([K[:, 0, 0], K[:, 1, 1], K[:, 0, 2], K[:, 1, 2]], dim=-1)
    return [tuple(row) for row in torch.cat([lens, rotation], dim=-1).cpu().numpy().astype(dtype)]
