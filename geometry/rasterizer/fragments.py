"""The PyTorch3D backend: its rasteriser finds the points near each pixel, our rule picks among them.

PyTorch3D keeps the ``FRAGMENTS`` points of least depth at a pixel. Where more footprints than that lie
over one another the point that the rule would pick may not be among them; otherwise the result is that
of the other backends.
"""

import torch

from geometry.camera import Camera
from geometry.cloud import PointCloud
from geometry.rasterizer.rule import view_numbers
from geometry.rasterizer.scatter import compared_keys, joined, picture, project_footprints, require_clean
from geometry.rendering import Rendering

FRAGMENTS = 16


def render(cloud: PointCloud, cameras: Camera) -> Rendering:
    """Render one flat batch of cameras; see `geometry.rasterizer` for the rule.

    Raises:
        ModuleNotFoundError: PyTorch3D is not installed.
        ValueError: A position or radius is NaN or infinite, or a radius is negative.
    """
    from pytorch3d.renderer.points.rasterize_points import rasterize_points
    from pytorch3d.structures import Pointclouds

    require_clean(cloud)
    height, width = cameras.height, cameras.width
    y, x = torch.meshgrid(
        torch.arange(height, dtype=torch.float32, device=cloud.positions.device),
        torch.arange(width, dtype=torch.float32, device=cloud.positions.device),
        indexing="ij",
    )
    frames = []
    for view in view_numbers(cameras).split(1):
        points = project_footprints(cloud, view, height=height, width=width)
        # PyTorch3D's x points left and y up, and the shorter side of the picture spans -1 to 1.
        scale = 2 / min(height, width)
        ndc = torch.stack([(width / 2 - points.u) * scale, (height / 2 - points.v) * scale, points.z], -1)[0]
        # It leaves out what has a negative depth.
        ndc = torch.where((points.window[0] > 0)[:, None], ndc, -1.0)
        # Wide enough for the corners of the pixel that holds the centre, and for either axis.
        reach = (points.radius / torch.minimum(points.pixel_width, points.pixel_height))[0]
        radius = reach.clamp(min=0.7072) * (1.001 * scale)
        found, _, _ = rasterize_points(
            Pointclouds(points=[ndc]),
            image_size=(height, width),
            radius=radius[None],
            points_per_pixel=FRAGMENTS,
        )
        nearest = found[0].long()
        keys = compared_keys(points, nearest.clamp(min=0), x[..., None], y[..., None])
        keys = torch.where(nearest >= 0, keys, torch.iinfo(torch.int64).max)
        frames.append(picture(cloud, points, keys.amin(dim=-1)[None]))
    return joined(frames)
