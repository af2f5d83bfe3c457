"""The world cache: all that has been seen, kept once."""

from dataclasses import fields
from functools import partial

import numpy as np
import torch
from jaxtyping import Bool
from torch import Tensor

from geometry.camera import Camera
from geometry.cloud import PointCloud
from geometry.kernels.strips import in_strips
from geometry.rasterizer import render_points
from geometry.rendering import Rendering

NEARER = 0.05
"""Share of the depth by which a new point must lie before the one seen to be another surface: several
times what a depth sensor errs, so that the same surface, seen again, is not stored again."""

ROOM = 1.5
"""Memory taken when it runs out, over what is needed then."""


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
        self._room = PointCloud.empty() if cloud is None else cloud
        self._count = len(self._room)

    @property
    def cloud(self) -> PointCloud:
        """All points, in the order in which they entered."""
        return self._room[: self._count]

    def __len__(self) -> int:
        return self._count

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
        fresh = cloud[self._is_new(cloud, camera).nonzero()[:, 0]]
        self._append(fresh)
        return fresh

    def render(self, cameras: Camera) -> Rendering:
        """The cache as the cameras see it."""
        return render_points(self.cloud, cameras)

    def _is_new(self, cloud: PointCloud, camera: Camera) -> Bool[Tensor, " point"]:
        if not len(self):
            return torch.ones(len(cloud), dtype=torch.bool, device=cloud.positions.device)
        # Imported where it is called: numba takes long to load.
        from geometry.kernels.points import find_new

        drawn = self.render(camera)
        known = self.cloud.positions.cpu().numpy(), self.cloud.normals.cpu().numpy()
        seen = drawn.index.cpu().numpy(), drawn.depth.cpu().numpy()
        pose = camera.K.cpu().numpy(), camera.world_to_camera.cpu().numpy(), camera.center.cpu().numpy()
        found = np.empty(len(cloud), np.bool_)
        work = partial(find_new, cloud.positions.cpu().numpy(), known, seen, (*pose, 1 - NEARER))
        in_strips(len(cloud), work, found)
        return torch.from_numpy(found).to(cloud.positions.device)

    def _append(self, fresh: PointCloud) -> None:
        count = self._count + len(fresh)
        if count > len(self._room):
            # More than needed now, so that not every frame moves all points. Clouds handed out before
            # stay as they are: they keep the old memory, or rows that are not written again.
            self._room = _with_room(self.cloud, int(ROOM * count))
        for field in fields(PointCloud):
            getattr(self._room, field.name)[self._count : count] = getattr(fresh, field.name)
        self._count = count


def _with_room(cloud: PointCloud, size: int) -> PointCloud:
    """The cloud in front of undefined points, ``size`` in all."""
    tensors = {field.name: getattr(cloud, field.name) for field in fields(PointCloud)}
    room = {name: tensor.new_empty(size, *tensor.shape[1:]) for name, tensor in tensors.items()}
    for name, tensor in tensors.items():
        room[name][: len(cloud)] = tensor
    return PointCloud(**room)
