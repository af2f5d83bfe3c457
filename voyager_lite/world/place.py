"""Where a walk can begin."""

from dataclasses import dataclass

from geometry.camera import Camera
from geometry.cloud import PointCloud
from geometry.focus import focus_distance


@dataclass(frozen=True, kw_only=True, eq=False)
class Place:
    """A camera among points.

    Attributes:
        cameras: A batch of one: where the camera stands.
        cloud: What is known around it.
    """

    cameras: Camera
    cloud: PointCloud

    @property
    def focus_distance(self) -> float:
        """Distance to the centre of the scene before the camera, scene units."""
        return focus_distance(self.cloud, self.cameras[-1])
