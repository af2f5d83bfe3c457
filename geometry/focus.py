"""Where a view's scene is."""

import torch

from geometry.camera import Camera
from geometry.cloud import PointCloud
from geometry.rasterizer import render_points


def focus_distance(cloud: PointCloud, camera: Camera) -> float:
    """Distance along a camera's axis to the centre of the scene before it.

    The median depth of the matter in the middle of the view (half its width and height); of all of it
    if the middle shows none, and 1 if no matter is in view.
    """
    rendering = render_points(cloud.matter, camera)
    height, width = rendering.depth.shape
    rows = slice(height // 4, height - height // 4)
    columns = slice(width // 4, width - width // 4)
    for depth, known in (
        (rendering.depth[rows, columns], rendering.known[rows, columns]),
        (rendering.depth, rendering.known),
    ):
        if bool(known.any()):
            return float(torch.median(depth[known]))
    return 1.0
