"""The world cache: all that has been seen, kept once."""

import torch
from jaxtyping import Bool
from torch import Tensor

from geometry.camera import Camera
from geometry.cloud import PointCloud
from geometry.projection import project
from geometry.rasterizer import render_points
from geometry.rendering import Rendering
from geometry.rigid import transform_points

NEARER = 0.05
"""Share of the depth by which a new point must lie before the one seen to be another surface: several
times what a depth sensor errs, so that the same surface, seen again, is not stored again."""


class WorldCache:
    """The points of all frames so far, without those that say nothing new.

    Example:
        >>> from geometry.lifting import lift
        >>> camera = Camera.from_fov(60.0, height=4, width=4)
        >>> wall = lift(torch.zeros(3, 4, 4), torch.ones(4, 4), camera, valid=torch.ones(4, 4) > 0)
        >>> cache = WorldCache()
        >>> len(cache.add(wall, camera)), len(cache.add(wall, camera))
        (16, 0)
    """

    def __init__(self, cloud: PointCloud | None = None) -> None:
        self._cloud = PointCloud.empty() if cloud is None else cloud

    @property
    def cloud(self) -> PointCloud:
        """All points, in the order in which they entered."""
        return self._cloud

    def __len__(self) -> int:
        return len(self._cloud)

    def add(self, cloud: PointCloud, camera: Camera) -> PointCloud:
        """Take in what a frame adds, by Voyager's rule (arXiv 2506.04225, section 4.3).

        The cache is rendered from the frame's camera. A point enters

        - where the cache is not seen;
        - where the normal of the cached point seen faces away from the camera by more than 90 degrees:
          that point belongs to the far side of something, and cannot really be seen from here;
        - where it lies clearly before the cached point seen (``NEARER``). The paper does not say this;
          without it a thing that earlier frames looked past would be missing from its own picture.

        One rendering and one look at each new point: the work is bounded by the cache and the frame.

        Args:
            cloud: The points of one frame, lifted from ``camera``. A point out of its sight enters.
            camera: A single camera.

        Returns:
            The points that entered; they follow the others in ``cloud``.
        """
        fresh = cloud[self._is_new(cloud, camera)]
        self._cloud = PointCloud.concatenate([self._cloud, fresh])
        return fresh

    def render(self, cameras: Camera) -> Rendering:
        """The cache as the cameras see it."""
        return render_points(self._cloud, cameras)

    def _is_new(self, cloud: PointCloud, camera: Camera) -> Bool[Tensor, " point"]:
        if not len(self):
            return torch.ones(len(cloud), dtype=torch.bool, device=cloud.positions.device)
        seen = self.render(camera)
        pixel, depth, inside = _pixels(cloud.positions, camera)
        index = seen.index.reshape(-1)[pixel]
        covered = inside & (index >= 0)
        gaze = self._cloud.positions - camera.center.to(self._cloud.positions)
        averted = ((self._cloud.normals * gaze).sum(-1) > 0)[index.clamp(min=0)]
        nearer = depth < (1 - NEARER) * seen.depth.reshape(-1)[pixel]
        return ~covered | averted | nearer


def _pixels(positions: Tensor, camera: Camera) -> tuple[Tensor, Tensor, Tensor]:
    """Flat index of the pixel each point falls on, its depth, and whether it is in sight; else pixel 0."""
    pixels, depth = project(transform_points(camera.world_to_camera, positions.double()), camera.K)
    x, y = pixels.unbind(-1)
    inside = (depth > 0) & (x >= 0) & (x < camera.width) & (y >= 0) & (y < camera.height)
    column, row = torch.where(inside, x, 0.0).long(), torch.where(inside, y, 0.0).long()
    return row * camera.width + column, depth, inside
