"""Rigid motions as 4x4 matrices and rotations as unit quaternions (w, x, y, z)."""

from typing import Final

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

HALF_TURN: Final = 256
"""Cosine of half an angle, in units of rounding, below which it counts as half a turn."""

SIDE: Final = (1.0, 1.7320508, 2.2360680)
"""Axes of half turns point to this side: of a plane that holds none of those that people name."""


def rigid_from(
    rotation: Float[Tensor, "*#batch 3 3"], translation: Float[Tensor, "*#batch 3"]
) -> Float[Tensor, "*batch 4 4"]:
    """The matrix of x -> rotation @ x + translation."""
    batch = np.broadcast_shapes(rotation.shape[:-2], translation.shape[:-1])
    matrix = torch.eye(4, dtype=rotation.dtype, device=rotation.device).repeat(*batch, 1, 1)
    matrix[..., :3, :3] = rotation
    matrix[..., :3, 3] = translation
    return matrix


def invert_rigid(matrix: Float[Tensor, "*batch 4 4"]) -> Float[Tensor, "*batch 4 4"]:
    """The inverse of a rigid motion: R^T and -R^T t, exact where a general inverse is not."""
    R, t = matrix[..., :3, :3], matrix[..., :3, 3]
    return rigid_from(R.mT, -(R.mT @ t[..., None])[..., 0])


def transform_points(
    matrix: Float[Tensor, "*#batch 4 4"], points: Float[Tensor, "*#batch 3"]
) -> Float[Tensor, "*batch 3"]:
    """Apply rigid motions to points, both broadcast over their batch dimensions."""
    return (matrix[..., :3, :3] @ points[..., None])[..., 0] + matrix[..., :3, 3]


def rotation_from_axis_angle(
    axis: Float[Tensor, "*#batch 3"], angle_radians: Float[Tensor, "*#batch"]
) -> Float[Tensor, "*batch 3 3"]:
    """Rodrigues' formula; a right-handed turn about ``axis``, which need not be of unit length."""
    axis = axis / axis.norm(dim=-1, keepdim=True)
    x, y, z = axis.unbind(-1)
    zero = torch.zeros_like(x)
    cross = torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], dim=-1).unflatten(-1, (3, 3))
    identity = torch.eye(3, dtype=axis.dtype, device=axis.device)
    sine, cosine = angle_radians.sin()[..., None, None], angle_radians.cos()[..., None, None]
    return identity + sine * cross + (1 - cosine) * (cross @ cross)


def look_at(
    center: Float[Tensor, "*#batch 3"],
    target: Float[Tensor, "*#batch 3"],
    down: Float[Tensor, "*#batch 3"],
) -> Float[Tensor, "*batch 4 4"]:
    """``world_to_camera`` of a camera at ``center`` that sees ``target`` at its principal point.

    Args:
        center: Camera position, world frame.
        target: Point looked at; must differ from ``center``.
        down: World direction that appears downwards in the picture; must not point along the gaze.

    Raises:
        ValueError: ``center`` and ``target`` coincide, or ``down`` is parallel to the gaze.
    """
    forward = target - center
    distance = forward.norm(dim=-1, keepdim=True)
    if bool((distance < 1e-12).any()):
        raise ValueError("look_at: center and target coincide; a gaze needs two points")
    z = forward / distance
    x = torch.linalg.cross(down.expand_as(z), z)
    length = x.norm(dim=-1, keepdim=True)
    if bool((length < 1e-9).any()):
        raise ValueError("look_at: down is parallel to the gaze; the picture would have no upright")
    x = x / length
    y = torch.linalg.cross(z, x)
    R = torch.stack([x, y, z], dim=-2)
    return rigid_from(R, -(R @ center.expand_as(z)[..., None])[..., 0])


def quaternion_from_rotation(rotation: Float[Tensor, "*batch 3 3"]) -> Float[Tensor, "*batch 4"]:
    """Unit quaternion (w, x, y, z) with w >= 0, stable for every angle.

    Each column of the 4x4 matrix below is the quaternion times one of its own components (up to a
    factor 4); the column of the largest component is the one without cancellation.
    """
    m = rotation
    xx, yy, zz = m[..., 0, 0], m[..., 1, 1], m[..., 2, 2]
    wx, wy, wz = m[..., 2, 1] - m[..., 1, 2], m[..., 0, 2] - m[..., 2, 0], m[..., 1, 0] - m[..., 0, 1]
    xy, xz, yz = m[..., 0, 1] + m[..., 1, 0], m[..., 0, 2] + m[..., 2, 0], m[..., 1, 2] + m[..., 2, 1]
    rows = [
        torch.stack([1 + xx + yy + zz, wx, wy, wz], dim=-1),
        torch.stack([wx, 1 + xx - yy - zz, xy, xz], dim=-1),
        torch.stack([wy, xy, 1 - xx + yy - zz, yz], dim=-1),
        torch.stack([wz, xz, yz, 1 - xx - yy + zz], dim=-1),
    ]
    table = torch.stack(rows, dim=-2)
    best = table.diagonal(dim1=-2, dim2=-1).argmax(dim=-1)
    chosen = table.gather(-2, best[..., None, None].expand(*best.shape, 1, 4))[..., 0, :]
    chosen = chosen / chosen.norm(dim=-1, keepdim=True)
    return torch.where(chosen[..., :1] < 0, -chosen, chosen)


def rotation_from_quaternion(quaternion: Float[Tensor, "*batch 4"]) -> Float[Tensor, "*batch 3 3"]:
    """Rotation matrix of a quaternion (w, x, y, z), which is normalised first."""
    w, x, y, z = (quaternion / quaternion.norm(dim=-1, keepdim=True)).unbind(-1)
    entries = [
        1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y),
        2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x),
        2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y),
    ]  # fmt: skip
    return torch.stack(entries, dim=-1).unflatten(-1, (3, 3))


def rotation_from_vector(vector: Float[Tensor, "*batch 3"]) -> Float[Tensor, "*batch 3 3"]:
    """The turn about ``vector`` by its length in radians (the exponential map); zero gives no turn."""
    half = vector.norm(dim=-1, keepdim=True) / 2
    # sinc keeps sin(half) / half exact down to zero; torch's is sin(pi x) / (pi x).
    return rotation_from_quaternion(torch.cat([half.cos(), vector / 2 * torch.sinc(half / torch.pi)], dim=-1))


def vector_from_rotation(rotation: Float[Tensor, "*batch 3 3"]) -> Float[Tensor, "*batch 3"]:
    """Axis times angle in radians, angle in [0, pi] but for rounding (the logarithm): inverts
    ``rotation_from_vector``.

    At half a turn both signs of the axis are right; which is returned depends on the axis alone, not on how
    the rotation was rounded, so a camera that turns back turns to the same side wherever its path lies.
    """
    quaternion = quaternion_from_rotation(rotation)
    half_turn = quaternion[..., :1] < HALF_TURN * torch.finfo(rotation.dtype).eps
    side = (quaternion[..., 1:] * torch.tensor(SIDE).to(quaternion)).sum(dim=-1, keepdim=True)
    quaternion = torch.where(half_turn & (side < 0), -quaternion, quaternion)
    sine = quaternion[..., 1:].norm(dim=-1, keepdim=True)
    angle = 2 * torch.atan2(sine, quaternion[..., :1])
    tiny = torch.finfo(sine.dtype).tiny
    return quaternion[..., 1:] * torch.where(sine > tiny, angle / sine.clamp_min(tiny), 2.0)


def squared_up(pose: Float[Tensor, "*batch 4 4"]) -> Float[Tensor, "*batch 4 4"]:
    """The same poses with rotations that are exact, free of the rounding of a text file.

    A written matrix is orthonormal only to its last digit; inverting it as a rotation would move a
    far-off camera by that error times its distance.
    """
    rotation = rotation_from_quaternion(quaternion_from_rotation(pose[..., :3, :3]))
    return rigid_from(rotation, pose[..., :3, 3])
