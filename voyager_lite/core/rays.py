"""Pluecker coordinates of camera rays: what a network is told about the cameras."""

import torch
from jaxtyping import Float
from torch import Tensor

from geometry.camera import Camera
from geometry.projection import pixel_centers, unproject

MIRRORED_RAY = torch.tensor([-1.0, 1, 1, 1, -1, -1])[:, None, None]
"""Signs of a ray's direction and moment when left and right change places."""


def plucker_rays(
    cameras: Camera, *, height: int, width: int, near: float
) -> Float[Tensor, "frame 6 height width"]:
    """Direction d and moment o x d of the ray through every pixel, seen from the first camera.

    Pluecker coordinates as in LFN (Sitzmann et al. 2021, arXiv 2106.02634) and CameraCtrl
    (arXiv 2404.02101). Directions are unit vectors in the first camera's axes; origins o are measured
    from it in units of ``near``, so neither the world's frame nor its scale is seen.

    Args:
        cameras: One a frame.
        height: Of the coarse picture, which shows the same field of view.
        width: Of the coarse picture.
        near: The clip's unit of length, in scene units.
    """
    scale = torch.tensor([width / cameras.width, height / cameras.height, 1], dtype=cameras.K.dtype)
    K = cameras.K * scale[:, None]
    ones = torch.ones(len(cameras), height, width, dtype=K.dtype)
    d = unproject(pixel_centers(height=height, width=width, dtype=K.dtype), ones, K[:, None, None])
    d = d / d.norm(dim=-1, keepdim=True)
    to_first = cameras[0].world_to_camera @ cameras.camera_to_world
    d = torch.einsum("fij,fhwj->fhwi", to_first[:, :3, :3], d)
    origin = (to_first[:, None, None, :3, 3] / near).expand_as(d)
    rays = torch.cat([d, torch.cross(origin, d, dim=-1)], dim=-1)
    return rays.permute(0, 3, 1, 2).float()
