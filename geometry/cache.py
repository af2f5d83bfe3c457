"""The world cache: all that has been seen, kept once."""

from dataclasses import fields
from functools import partial

import numpy as np
import torch
from jaxtyping import Bool
from torch import Tensor

from geometry.camera import Camera
from geometry.chunks import ChunkSource
from geometry.cloud import PointCloud
from geometry.kernels.strips import in_strips
from geometry.paging import PagedCloud, joined
from geometry.rasterizer import render_points
from geometry.rasterizer.scatter import stack
from geometry.rendering import Rendering

NEARER = 0.05
"""Share of the depth by which a new point must lie before the one seen to be another surface: several
times what a depth sensor errs, so that the same surface, seen again, is not stored again."""

ROOM = 1.5
"""Memory taken when it runs out, over what is needed then."""

BUDGET_MB = 1024.0
"""Memory for points, unless said otherwise."""


class WorldCache:
    """The points of all frames so far, without those that say nothing new.

    They are in memory, all of them, as long as they fit into the budget of a cache that has a source
    (see ``of``). Beyond it only those added since ``settle`` and the chunks that were seen last are, and
    far ones in coarser levels of detail. Which of the two holds depends on the source alone: a cache
    made anew goes on exactly as the old one would have.

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
        self._stored: PagedCloud | None = None
        self._paged: PagedCloud | None = None  # the same, once it no longer fits

    @classmethod
    def of(cls, source: ChunkSource, *, budget_mb: float = BUDGET_MB) -> "WorldCache":
        """A cache of what a source keeps, in bounded memory.

        Args:
            source: Where the chunks are; read as they are needed.
            budget_mb: For points in memory, > 0. A view's points take at most a quarter of it, in
                coarser levels if need be.

        Raises:
            ValueError: The budget is not above 0.
        """
        if not budget_mb > 0:
            raise ValueError(f"budget is {budget_mb:g} MB; expected more than 0")
        stored = PagedCloud(source, budget_mb=budget_mb)
        cache = cls(stored.cloud if stored.fits else None)
        cache._stored, cache._paged = stored, None if stored.fits else stored
        return cache

    @property
    def cloud(self) -> PointCloud:
        """All points as they were fused, in the order in which they entered; large if the world is."""
        if self._paged is None:
            return self._in_memory
        return PointCloud.concatenate([self._paged.cloud, self._in_memory])

    def __len__(self) -> int:
        return self._count + (0 if self._paged is None else len(self._paged))

    def settle(self) -> None:
        """Take notice that all points added so far are in the source now."""
        if self._stored is None:
            return
        self._stored.update()
        if not self._stored.fits:
            self._room, self._count, self._paged = PointCloud.empty(), 0, self._stored

    def view(self, camera: Camera) -> PointCloud:
        """The points that one camera is shown: all, or if they are not in memory those in its view."""
        if self._paged is None:
            return self._in_memory
        stored = self._paged.view(camera)
        return joined([stored, self._in_memory]) if self._count else stored

    def around(self, cameras: Camera) -> PointCloud:
        """The points on all sides of a path: all, or if they are not in memory the fewer the farther."""
        if self._paged is None:
            return self._in_memory
        return joined([self._paged.around(cameras), self._in_memory])

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
        """The cache as the cameras see it; ``index`` counts the points of each camera's ``view``."""
        if self._paged is None:
            return render_points(self._in_memory, cameras)
        if cameras.batch_shape:
            return stack([self.render(cameras[i]) for i in range(len(cameras))])
        return render_points(self.view(cameras), cameras)

    def _is_new(self, cloud: PointCloud, camera: Camera) -> Bool[Tensor, " point"]:
        known_points = self.view(camera)
        if not len(known_points):
            return torch.ones(len(cloud), dtype=torch.bool, device=cloud.positions.device)
        # Imported where it is called: numba takes long to load.
        from geometry.kernels.points import find_new

        drawn = render_points(known_points, camera)
        known = known_points.positions.cpu().numpy(), known_points.normals.cpu().numpy()
        seen = drawn.index.cpu().numpy(), drawn.depth.cpu().numpy()
        pose = camera.K.cpu().numpy(), camera.world_to_camera.cpu().numpy(), camera.center.cpu().numpy()
        found = np.empty(len(cloud), np.bool_)
        work = partial(find_new, cloud.positions.cpu().numpy(), known, seen, (*pose, 1 - NEARER))
        in_strips(len(cloud), work, found)
        return torch.from_numpy(found).to(cloud.positions.device)

    @property
    def _in_memory(self) -> PointCloud:
        return self._room[: self._count]

    def _append(self, fresh: PointCloud) -> None:
        count = self._count + len(fresh)
        if count > len(self._room):
            # More than needed now, so that not every frame moves all points. Clouds handed out before
            # stay as they are: they keep the old memory, or rows that are not written again.
            self._room = _with_room(self._in_memory, int(ROOM * count))
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
