"""Points to pictures: the rasteriser.

The rule, the same in every backend:

1. A point is drawn if its depth z along the optical axis is more than ``NEAR``. The pinhole
   projection puts its centre at (u, v).
2. Let ``d = z * hypot((x - u) / fx, (y - v) / fy)``: how far the centre (x, y) of a pixel is to the
   side of the point, in scene units. The point covers the pixels with ``d <= radius``, and always the
   pixel that holds (u, v). A radius of more than ``MAX_FOOTPRINT_PX`` pixels is cut to that.
3. Of the points that cover a pixel the one with the least ``z + d`` is seen, where z counts
   ``SETBACK`` times in all pixels but the one that holds (u, v). It gives the colour, its own depth z
   and its index alike. Equals go to the lowest index.

``z + d`` makes a point a cone with its apex towards the camera (Hoff et al. 1999, "Fast computation of
generalized Voronoi diagrams using graphics hardware"), so that a pixel takes the nearest centre of a
surface, not the one that is nearer by a hair. The setback lets a footprint close gaps without hiding
a neighbour's own pixel on the steps of a noisy depth map. What lies behind a surface by more than one
per cent of its depth and one radius never shows through it.

All arithmetic is float32 in one order, so that the backends agree to the bit.
"""

import importlib
from typing import Literal

import torch

from geometry.camera import Camera
from geometry.cloud import PointCloud
from geometry.rasterizer.rule import require_drawable
from geometry.rendering import Rendering

__all__ = ["render_points"]

MODULES = {"cpu": "cpu", "torch": "scatter", "pytorch3d": "fragments"}


def render_points(
    cloud: PointCloud, camera: Camera, *, backend: Literal["auto", "cpu", "torch", "pytorch3d"] = "auto"
) -> Rendering:
    """Render points with footprints; the nearest gives colour, depth and index together.

    Args:
        cloud: Points in the world frame. No points give an empty picture.
        camera: One camera or a batch; a batch is quicker than its cameras one by one.
        backend: ``cpu`` is compiled for the processor, ``torch`` runs on any device, ``pytorch3d``
            needs that package. ``auto`` takes ``cpu`` for points on the processor, else ``torch``.

    Returns:
        Maps with the camera's batch dimensions in front, on the cloud's device; ``index`` is int32.

    Raises:
        ValueError: A position or radius is NaN or infinite, a radius is negative, or ``cpu`` is asked
            for and the points are elsewhere.
        ModuleNotFoundError: ``pytorch3d`` is asked for and not installed.
    """
    device = cloud.positions.device
    if backend == "auto":
        backend = "cpu" if device.type == "cpu" else "torch"
    if backend == "cpu" and device.type != "cpu":
        raise ValueError(f"cloud is on {device}; the cpu backend expects cpu")
    height, width = camera.height, camera.width
    flat = Camera(
        K=camera.K.reshape(-1, 3, 3).to(device),
        world_to_camera=camera.world_to_camera.reshape(-1, 4, 4).to(device),
        height=height,
        width=width,
    )
    if not len(cloud) or not len(flat):
        require_drawable(cloud)
        drawn = _blank(len(flat), height, width, device)
    else:
        # Imported when needed: one compiles, one needs a package that few have.
        drawn = importlib.import_module(f"geometry.rasterizer.{MODULES[backend]}").render(cloud, flat)
    batch = camera.batch_shape
    return Rendering(
        rgb=drawn.rgb.reshape(*batch, 3, height, width),
        depth=drawn.depth.reshape(*batch, height, width),
        known=drawn.known.reshape(*batch, height, width),
        index=drawn.index.reshape(*batch, height, width),
    )


def _blank(count: int, height: int, width: int, device: torch.device) -> Rendering:
    depth = torch.zeros(count, height, width, device=device)
    return Rendering(
        rgb=torch.zeros(count, 3, height, width, device=device),
        depth=depth,
        known=torch.zeros_like(depth, dtype=torch.bool),
        index=torch.full_like(depth, -1, dtype=torch.int32),
    )
