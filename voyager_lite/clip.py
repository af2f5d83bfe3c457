"""RGB-D video: what goes into a generator and what comes out."""

import math
from dataclasses import dataclass

from jaxtyping import Bool, Float
from torch import Tensor

from geometry.camera import Camera


@dataclass(frozen=True, kw_only=True, eq=False)
class Guidance:
    """The world cache rendered along a stretch of path: what a generator must keep and complete.

    Attributes:
        rgb: RGB in [0, 1]; 0 where not ``known``.
        depth: Depth along the axis in scene units; 0 where not ``known``.
        known: True where the cache covers the pixel; the rest is to be generated.
        cameras: One camera a frame.
        sky_from: Depth from which on a pixel shows sky; infinite in worlds without one.
    """

    rgb: Float[Tensor, "frame 3 height width"]
    depth: Float[Tensor, "frame height width"]
    known: Bool[Tensor, "frame height width"]
    cameras: Camera
    sky_from: float = math.inf

    def __len__(self) -> int:
        return self.rgb.shape[0]

    def __getitem__(self, frames: slice | Tensor) -> "Guidance":
        return Guidance(
            rgb=self.rgb[frames],
            depth=self.depth[frames],
            known=self.known[frames],
            cameras=self.cameras[frames],
            sky_from=self.sky_from,
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Clip:
    """A complete RGB-D video with its cameras.

    Attributes:
        rgb: RGB in [0, 1].
        depth: Depth along the axis in scene units, > 0 at every pixel.
        cameras: One camera a frame.
    """

    rgb: Float[Tensor, "frame 3 height width"]
    depth: Float[Tensor, "frame height width"]
    cameras: Camera

    def __len__(self) -> int:
        return self.rgb.shape[0]

    def __getitem__(self, frames: slice | Tensor) -> "Clip":
        return Clip(rgb=self.rgb[frames], depth=self.depth[frames], cameras=self.cameras[frames])
