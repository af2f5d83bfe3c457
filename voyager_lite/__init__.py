"""Walk into a picture: one image becomes a world, a camera path becomes an RGB-D video."""

from geometry.camera import Camera
from geometry.cloud import PointCloud
from geometry.trajectory import Trajectory
from voyager_lite.clip import Clip, Guidance
from voyager_lite.errors import PathBlockedError, VoyagerLiteError
from voyager_lite.explorer import Explorer, Step
from voyager_lite.opening import View
from voyager_lite.photograph import Photograph, read_photograph
from voyager_lite.reconstruct import reconstruct
from voyager_lite.samples import read_sample
from voyager_lite.world.world import World

__all__ = [
    "Camera",
    "Clip",
    "Explorer",
    "Guidance",
    "PathBlockedError",
    "Photograph",
    "PointCloud",
    "Step",
    "Trajectory",
    "View",
    "VoyagerLiteError",
    "World",
    "read_photograph",
    "read_sample",
    "reconstruct",
]
