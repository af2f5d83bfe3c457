"""Space that was looked through is empty: nothing new may stand in it."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from geometry.cache import NEARER
from geometry.camera import Camera
from geometry.checks import require_shape
from geometry.cloud import PointCloud
from geometry.projection import project
from geometry.rigid import transform_points


def in_free_space(
    cloud: PointCloud, *, seen: Float[Tensor, "rows columns"], seen_from: Camera
) -> Bool[Tensor, " point"]:
    """Points of matter that stand clearly (``NEARER``) before what a camera has seen.

    A place that a camera saw something behind was empty (space carving, Kutulakos and Seitz 2000). What is
    imagined there would stand before what is known as soon as one goes back. Most such points come from gaps
    beside silhouettes, filled at a depth between two surfaces.

    Args:
        cloud: The points; those of the sky stand before nothing.
        seen: Depth along the axis that the camera saw; 0 where it saw nothing.
        seen_from: A single camera.

    Raises:
        ValueError: ``seen`` is not of the camera's size.
    """
    require_shape("seen", seen, (seen_from.height, seen_from.width))
    pose, K = seen_from.world_to_camera.to(cloud.positions), seen_from.K.to(cloud.positions)
    pixels, ahead = project(transform_points(pose, cloud.positions), K)
    size = pixels.new_tensor([seen_from.width, seen_from.height])
    inside = (ahead > 0) & ((pixels >= 0) & (pixels < size)).all(dim=-1)
    x, y = torch.where(inside[:, None], pixels, torch.zeros_like(pixels)).long().unbind(dim=-1)
    return inside & ~cloud.sky & (ahead < (1 - NEARER) * seen.to(ahead)[y, x])
