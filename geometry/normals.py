"""Surface normals from depth maps."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from geometry.camera import Camera
from geometry.checks import require_shape
from geometry.edges import inverse_depth, shift, surface_links
from geometry.projection import pixel_centers

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
    inverse = inverse_depth(depth, valid)
    right = surface_links(inverse, valid, dim=-1)
    below = surface_links(inverse, valid, dim=-2)
    smooth = _smoothed(inverse, right, below)
    slope_x, slope_y = _slope(smooth, right, -1), _slope(smooth, below, -2)
    K = camera.K.to(depth)[..., None, None, :, :]
    pixels = pixel_centers(height=camera.height, width=camera.width, dtype=depth.dtype, device=depth.device)
    offset = pixels - K[..., :2, 2]
    toward = torch.stack(
        [
            -slope_x * K[..., 0, 0],
            -slope_y * K[..., 1, 1],
            slope_x * offset[..., 0] + slope_y * offset[..., 1] - torch.where(valid, smooth, 1.0),
        ],
        dim=-1,
    )
    toward = toward / toward.norm(dim=-1, keepdim=True)
    return toward @ camera.world_to_camera.to(depth)[..., None, :3, :3]


def _smoothed(inverse: Tensor, right: Tensor, below: Tensor) -> Tensor:
    inside = [(right & shift(right, -1, -1), -1), (below & shift(below, -1, -2), -2)]
    for _ in range(SMOOTHING):
        for both, dim in inside:
            bend = shift(inverse, -1, dim) + shift(inverse, 1, dim) - 2 * inverse
            inverse = torch.where(both, inverse + bend / 4, inverse)
    return inverse


def _slope(inverse: Tensor, linked: Tensor, dim: int) -> Tensor:
    """Change per pixel along ``dim``: the mean over the links to either side, 0 without any."""
    after = torch.where(linked, shift(inverse, 1, dim) - inverse, torch.zeros_like(inverse))
    links = linked.to(inverse) + shift(linked, -1, dim).to(inverse)
    return (after + shift(after, -1, dim)) / links.clamp(min=1)
