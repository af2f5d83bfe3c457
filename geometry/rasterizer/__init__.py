"""Points to pictures: the rasteriser.

The rule, the same in every backend:

1. A point is drawn when its depth z (along the optical axis) is more than ``NEAR``. Its centre falls
   on the pixel position (u, v) by the pinhole projection.
2. It covers the pixel that contains (u, v), and every pixel whose centre lies within its radius: with
   ``d = z * hypot((x - u) / fx, (y - v) / fy)``, the sideways distance at depth z between the centre
   of the pixel (x, y) and the point, the pixel is covered where ``d <= radius``. The radius is cut
   where it would exceed ``MAX_FOOTPRINT_PX`` pixels.
3. Of the points that cover a pixel the one with the smallest ``z + CONE_SLOPE * d`` is seen, and gives
   the colour, its own depth z and the index alike; equals go to the lowest index.

So a point is a small cone with its apex towards the camera (Hoff et al. 1999, "Fast computation of
generalized Voronoi diagrams using graphics hardware"): on one surface every pixel takes the point
whose centre is nearest to it, and what lies behind a surface by more than a radius never shows
through it. All arithmetic is float32 in a fixed order, hence equal on all backends.
"""

from typing import Literal

import torch

from geometry.camera import Camera
from geometry.checks import require_finite
from geometry.cloud import PointCloud
from geometry.rendering import Rendering

__all__ = ["render_points"]

Backend = Literal["auto", "cpu", "torch", "pytorch3d"]


def render_points(cloud: PointCloud, camera: Camera, *, backend: Backend = "auto") -> Rendering:
    """Render points with footprints; the nearest gives colour, depth and index together.

    Args:
        cloud: Points in the world frame. An empty cloud gives an empty picture.
        camera: One camera, or a batch of them; moved to the cloud's device.
        backend: ``cpu`` is compiled for the processor, ``torch`` runs on any device, ``pytorch3d``
            needs that package. ``auto`` takes ``cpu`` for points on the processor, else ``torch``.

    Returns:
        Maps with the camera's batch dimensions in front, on the cloud's device; ``index`` is int64.

    Raises:
        ValueError: A position or radius is NaN or infinite, or a radius is negative.
        ModuleNotFoundError: ``pytorch3d`` is asked for and not installed.
    """
    _require_drawable(cloud)
    if backend == "auto":
        backend = "cpu" if cloud.positions.device.type == "cpu" else "torch"
    flat = Camera(
        K=camera.K.reshape(-1, 3, 3),
        world_to_camera=camera.world_to_camera.reshape(-1, 4, 4),
        height=camera.height,
        width=camera.width,
    )
    from geometry.rasterizer import cpu

    rendering = cpu.render(cloud, flat)
    batch = camera.batch_shape
    return Rendering(
        rgb=rendering.rgb.reshape(*batch, 3, camera.height, camera.width),
        depth=rendering.depth.reshape(*batch, camera.height, camera.width),
        known=rendering.known.reshape(*batch, camera.height, camera.width),
        index=rendering.index.reshape(*batch, camera.height, camera.width),
    )


def _require_drawable(cloud: PointCloud) -> None:
    # A sum is finite only if all terms are, and much cheaper than looking at each; the exact look
    # follows only where it is not.
    for name in ("positions", "radii"):
        value = getattr(cloud, name)
        if not bool(torch.isfinite(value.sum())):
            require_finite(f"cloud.{name}", value)
    if len(cloud) and float(cloud.radii.amin()) < 0:
        raise ValueError(f"cloud.radii has a radius of {float(cloud.radii.amin()):g}; expected >= 0")
