"""Slow plain twins of the compiled loops over depth maps: whole maps, shifted against each other.

Each answers what the function of the same name in `geometry.edges` and `geometry.normals` must answer,
and ``surface_points`` what `geometry.lifting.lift` must answer where there is no sky. What they mean is
said there.
"""

import torch
from torch import Tensor

from geometry.camera import Camera
from geometry.cloud import PointCloud
from geometry.edges import JUMP, REACH
from geometry.lifting import MAX_SLANT, OVERLAP, RIM
from geometry.normals import SMOOTHING
from geometry.projection import pixel_centers, world_points


def shift(values: Tensor, offset: int, dim: int) -> Tensor:
    """``values[i + offset]`` at ``i`` along ``dim``; 0 or False beyond the picture."""
    size = values.shape[dim]
    moved = torch.zeros_like(values)
    count = size - abs(offset)
    if count > 0:
        moved.narrow(dim, max(-offset, 0), count).copy_(values.narrow(dim, max(offset, 0), count))
    return moved


def inverse_depth(depth: Tensor, valid: Tensor) -> Tensor:
    return torch.where(valid, 1 / torch.where(valid, depth, torch.ones_like(depth)), torch.zeros_like(depth))


def depth_edges(depth: Tensor, valid: Tensor, *, sky: Tensor | None = None) -> Tensor:
    seen = valid if sky is None else valid | sky
    inverse = inverse_depth(depth, valid)
    flying = torch.zeros_like(valid)
    for dim in (-1, -2):
        flying |= _between_two_surfaces(inverse, seen, dim)
    return flying & valid


def _between_two_surfaces(inverse: Tensor, seen: Tensor, dim: int) -> Tensor:
    steep = JUMP * inverse
    before = inverse - shift(inverse, -1, dim)
    after = shift(inverse, 1, dim) - inverse
    inside = shift(seen, -1, dim) & shift(seen, 1, dim)
    monotone = ((before > steep) & (after > steep)) | ((before < -steep) & (after < -steep))
    between = torch.zeros_like(seen)
    for distance in range(1, REACH + 1):
        left, left_seen, left_slope_seen = _continued(inverse, seen, -distance, dim)
        right, right_seen, right_slope_seen = _continued(inverse, seen, distance, dim)
        told = left_seen & right_seen & (left_slope_seen | right_slope_seen)
        near, far = torch.maximum(left, right), torch.minimum(left, right)
        between |= told & (near > inverse * (1 + JUMP)) & (far < inverse * (1 - JUMP))
    return seen & inside & monotone & between


def _continued(inverse: Tensor, seen: Tensor, offset: int, dim: int) -> tuple[Tensor, Tensor, Tensor]:
    """The plane from ``offset`` on, whether its first pixel is seen, and whether its second is too."""
    away = offset + (1 if offset > 0 else -1)
    start, beyond = shift(inverse, offset, dim), shift(inverse, away, dim)
    start_seen = shift(seen, offset, dim)
    slope_seen = start_seen & shift(seen, away, dim)
    slope = torch.where(slope_seen, start - beyond, torch.zeros_like(start))
    return start + abs(offset) * slope, start_seen, slope_seen


def bridge_gaps(depth: Tensor, valid: Tensor) -> tuple[Tensor, Tensor]:
    inverse = inverse_depth(depth, valid)
    closed = valid
    for dim in (-1, -2):
        before, after = shift(inverse, -1, dim), shift(inverse, 1, dim)
        agree = (before - after).abs() <= JUMP * torch.maximum(before, after)
        gap = ~closed & shift(closed, -1, dim) & shift(closed, 1, dim) & agree
        inverse = torch.where(gap, (before + after) / 2, inverse)
        closed = closed | gap
    return torch.where(closed & ~valid, 1 / inverse, depth), closed


def surface_links(inverse: Tensor, valid: Tensor, *, dim: int) -> Tensor:
    following, follows = shift(inverse, 1, dim), shift(valid, 1, dim)
    step = following - inverse
    before = step - (inverse - shift(inverse, -1, dim))
    after = step - (shift(inverse, 2, dim) - following)
    excess = step.abs()
    excess = torch.where(shift(valid, -1, dim), torch.minimum(excess, before.abs()), excess)
    excess = torch.where(shift(valid, 2, dim), torch.minimum(excess, after.abs()), excess)
    return valid & follows & (excess <= JUMP * torch.maximum(inverse, following))


def normals_from_depth(depth: Tensor, camera: Camera, *, valid: Tensor) -> Tensor:
    inverse = inverse_depth(depth, valid)
    right = surface_links(inverse, valid, dim=-1)
    below = surface_links(inverse, valid, dim=-2)
    smooth = _smoothed(inverse, right, below)
    slope_x, slope_y = _slope(smooth, right, -1), _slope(smooth, below, -2)
    K = camera.K.to(depth)[..., None, None, :, :]
    offset = pixel_centers(height=camera.height, width=camera.width, dtype=depth.dtype) - K[..., :2, 2]
    ahead = slope_x * offset[..., 0] + slope_y * offset[..., 1] - torch.where(valid, smooth, 1.0)
    toward = torch.stack([-slope_x * K[..., 0, 0], -slope_y * K[..., 1, 1], ahead], dim=-1)
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
    after = torch.where(linked, shift(inverse, 1, dim) - inverse, torch.zeros_like(inverse))
    links = linked.to(inverse) + shift(linked, -1, dim).to(inverse)
    return (after + shift(after, -1, dim)) / links.clamp(min=1)


def surface_points(image: Tensor, depth: Tensor, camera: Camera, *, valid: Tensor) -> PointCloud:
    flying = depth_edges(depth, valid)
    depth, valid = bridge_gaps(depth, valid & ~flying)
    valid = valid & ~flying
    depth = torch.where(valid, depth, torch.ones_like(depth))
    normals = normals_from_depth(depth, camera, valid=valid)[valid]
    positions = world_points(depth, camera)[valid]
    gaze = positions - camera.center.to(positions)
    facing = -(normals * gaze).sum(-1) / gaze.norm(dim=-1)
    slant = 1 / facing.clamp(min=1 / MAX_SLANT)
    spread = OVERLAP * ((1 + slant**2) / 2).sqrt()
    inverse = inverse_depth(depth, valid)
    right, below = surface_links(inverse, valid, dim=-1), surface_links(inverse, valid, dim=-2)
    inside = right & shift(right, -1, -1) & below & shift(below, -1, -2)
    spread = torch.where(inside[valid], spread, spread.clamp(max=RIM))
    cell = torch.hypot(1 / camera.K[0, 0], 1 / camera.K[1, 1]).to(depth) / 2
    return PointCloud(
        positions=positions,
        colors=image.permute(1, 2, 0)[valid],
        normals=normals,
        radii=cell * depth[valid] * spread,
        sky=torch.zeros(len(positions), dtype=torch.bool),
    )
