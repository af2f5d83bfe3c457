"""The numbers of the one rule that every backend follows; `geometry.rasterizer` states the rule."""

import torch
from jaxtyping import Float
from torch import Tensor

from geometry.camera import Camera
from geometry.checks import require_finite
from geometry.cloud import PointCloud

NEAR = 1e-6
"""Points at this depth or nearer are not drawn, in scene units."""

MAX_FOOTPRINT_PX = 32.0
"""Largest radius of a footprint in pixels, so that a point right before the lens costs a bounded time."""

SETBACK = 1.01
"""Outside the pixel that holds its centre a point counts as this many times deeper."""


def view_numbers(cameras: Camera) -> Float[Tensor, "camera 18"]:
    """What projecting needs of each camera, rounded to float32 once, so that all backends agree.

    Returns:
        [R | t] row by row, then fx, fy, cx, cy, 1 / fx, 1 / fy.
    """
    pose = cameras.world_to_camera[:, :3].flatten(1)
    K = cameras.K
    lens = torch.stack([K[:, 0, 0], K[:, 1, 1], K[:, 0, 2], K[:, 1, 2]], dim=-1)
    return torch.cat([pose, lens, 1 / lens[:, :2]], dim=-1).float()


def require_drawable(cloud: PointCloud) -> None:
    """Refuse points to which the rule cannot be applied.

    Raises:
        ValueError: A position or radius is NaN or infinite, or a radius is negative.
    """
    require_finite("cloud.positions", cloud.positions)
    require_finite("cloud.radii", cloud.radii)
    if len(cloud) and float(cloud.radii.min()) < 0:
        raise ValueError(f"cloud.radii has a radius of {float(cloud.radii.min()):g}; expected >= 0")
