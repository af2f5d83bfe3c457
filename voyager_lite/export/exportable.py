"""What the writers of results need of a world."""

from collections.abc import Iterator
from typing import Protocol, runtime_checkable

from jaxtyping import Float
from torch import Tensor

from geometry.camera import Camera
from geometry.cloud import PointCloud
from voyager_lite.world.place import Place

Frame = tuple[Float[Tensor, "3 height width"], Float[Tensor, "height width"]]


@runtime_checkable
class Exportable(Protocol):
    """What the writers need of a world."""

    @property
    def fps(self) -> float:
        """Frames a second."""
        ...

    @property
    def cameras(self) -> Camera:
        """One a frame."""
        ...

    @property
    def point_count(self) -> int:
        """Points of matter."""
        ...

    def points(self) -> Iterator[PointCloud]:
        """All points in order, in portions."""
        ...

    @property
    def sky_from(self) -> float:
        """Depth from which on a pixel of a frame shows sky."""
        ...

    @property
    def focus_distance(self) -> float:
        """Distance to the centre of the scene before the last camera."""
        ...

    def frames(self) -> Iterator[Frame]:
        """RGB and depth in order; depth is 0 where there is none."""
        ...

    def rgb(self, number: int) -> Float[Tensor, "3 height width"]:
        """The picture of a frame."""
        ...

    def place(self, clip: int) -> Place:
        """What was known after a clip; clip 0 is the photograph."""
        ...
