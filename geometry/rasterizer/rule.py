"""The numbers of the one rule that every backend follows; `geometry.rasterizer` states the rule."""

import torch
from jaxtyping import Float
from torch import Tensor

from geometry.camera import Camera

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
