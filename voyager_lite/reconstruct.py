"""From posed RGB-D frames to one point cloud."""

import sys

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from tqdm import tqdm

from geometry.cache import WorldCache
from geometry.camera import Camera
from geometry.checks import require_finite
from geometry.cloud import PointCloud
from geometry.lifting import lift


def reconstruct(
    images: Float[Tensor, "..."],
    cameras: Camera,
    depths: Float[Tensor, "..."],
    *,
    valid: Bool[Tensor, "..."] | None = None,
    progress: bool = False,
) -> PointCloud:
    """Fuse posed RGB-D frames: each is lifted, and what it adds enters the world cache.

    Flying pixels are dropped, and a surface seen many times is kept once (`geometry.cache`).

    Args:
        images: (frame, 3, height, width), RGB in [0, 1].
        cameras: One camera a frame, of the pictures' size.
        depths: (frame, height, width), along the axis, > 0 where ``valid``.
        valid: (frame, height, width), True where depth was measured; None: everywhere. For a sensor
            that writes 0 where it saw nothing, pass ``depths > 0``.
        progress: Show a progress bar on stderr.

    Returns:
        Points in the world frame, in the order in which the frames brought them.

    Raises:
        ValueError: Sizes or numbers of frames differ, a picture has NaN, or a valid depth is NaN,
            infinite or <= 0.

    Example:
        >>> camera = Camera.stack([Camera.from_fov(60.0, height=4, width=4)] * 2)
        >>> len(reconstruct(torch.zeros(2, 3, 4, 4), camera, torch.ones(2, 4, 4)))
        16
    """
    if valid is None:
        valid = torch.ones(depths.shape, dtype=torch.bool)
    _require_frames(images, cameras, depths, valid)
    cache = WorldCache()
    frames = tqdm(
        range(len(images)), desc="Fusing frames", unit="frame", file=sys.stderr, disable=not progress
    )
    for i in frames:
        cache.add(lift(images[i], depths[i], cameras[i], valid=valid[i]), cameras[i])
    return cache.cloud


def _require_frames(images: Tensor, cameras: Camera, depths: Tensor, valid: Tensor) -> None:
    if len(cameras.batch_shape) != 1:
        raise ValueError(f"cameras have batch shape {cameras.batch_shape}; expected one dimension of frames")
    frames, height, width = len(cameras), cameras.height, cameras.width
    for name, values, expected in (
        ("images", images, (frames, 3, height, width)),
        ("depths", depths, (frames, height, width)),
        ("valid", valid, (frames, height, width)),
    ):
        if tuple(values.shape) != expected:
            raise ValueError(f"{name} have shape {tuple(values.shape)}; the cameras expect {expected}")
    require_finite("images", images)
    bad = valid & ~(torch.isfinite(depths) & (depths > 0))
    if bool(bad.any()):
        first = int(bad.flatten(1).any(dim=1).nonzero()[0])
        raise ValueError(
            f"depths have {int(bad.sum())} values that are NaN, infinite or <= 0, first in frame {first}; "
            "expected > 0 wherever valid"
        )
