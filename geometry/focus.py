"""Where a view's scene is."""

import torch

from geometry.camera import Camera
from geometry.cloud import PointCloud
from geometry.rasterizer import render_points


def focus_distance(cloud: PointCloud, camera: Camera) -> float:
    """Distance along a camera's axis to the centre of the scene before it, scene units.

    The median depth of the matter in the middle of the view (half its width and height), where a subject
    is, but no more than the harmonic mean of all depth in view; 1 if no matter is.

    A camera that steps aside by b and turns to keep in place what is d away displaces what is z away by
    f b (1/z - 1/d) in the picture (f: focal length), near its axis: by nothing on the mean if 1/d is the
    mean of 1/z. So an orbit goes around a person, but in a street not around its far end, which would lead
    it along the houses.
    """
    rendering = render_points(cloud.matter, camera)
    depth, known = rendering.depth, rendering.known
    if not bool(known.any()):
        return 1.0
    center = 1 / (1 / depth[known]).mean()
    height, width = depth.shape
    middle = (slice(height // 4, height - height // 4), slice(width // 4, width - width // 4))
    if bool(known[middle].any()):
        center = torch.minimum(center, depth[middle][known[middle]].median())
    return float(center)
