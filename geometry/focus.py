"""Where a view's scene is."""

from geometry.camera import Camera
from geometry.cloud import PointCloud
from geometry.rasterizer import render_points


def focus_distance(cloud: PointCloud, camera: Camera) -> float:
    """Distance along a camera's axis to the centre of the scene before it, scene units.

    The harmonic mean of the depth of all matter in view; 1 if there is none. A camera that steps aside by b
    and turns to keep in place what is d away displaces what is z away by f b (1/z - 1/d) in the picture
    (f: focal length), near its axis. That is nothing on the mean if 1/d is the mean of 1/z. So orbits go
    around a person, and in a street stay away from its walls.
    """
    rendering = render_points(cloud.matter, camera)
    depth = rendering.depth[rendering.known]
    return float(1 / (1 / depth).mean()) if len(depth) else 1.0
