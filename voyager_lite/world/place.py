"""Where a walk can begin."""

from dataclasses import dataclass

from geometry.cache import WorldCache
from geometry.camera import Camera
from geometry.focus import focus_distance


@dataclass(frozen=True, kw_only=True, eq=False)
class Place:
    """A camera among points.

    Attributes:
        cameras: A batch of one: where the camera stands.
        cache: What is known there.
    """

    cameras: Camera
    cache: WorldCache

    @property
    def focus_distance(self) -> float:
        """Distance to the centre of the scene before the camera, scene units."""
        return focus_distance(self.cache.view(self.cameras[-1]), self.cameras[-1])
