"""What a renderer returns."""

from dataclasses import dataclass

from jaxtyping import Bool, Float, Int
from torch import Tensor


@dataclass(frozen=True, kw_only=True, eq=False)
class Rendering:
    """The world as cameras see it. All four maps agree: one point per pixel gives them all.

    Attributes:
        rgb: RGB in [0, 1]; 0 where not ``known``.
        depth: Distance along the axis of the point seen; 0 where not ``known``.
        known: True where a point covers the pixel.
        index: Row of the point seen in the cloud; -1 where not ``known``.
    """

    rgb: Float[Tensor, "*batch 3 height width"]
    depth: Float[Tensor, "*batch height width"]
    known: Bool[Tensor, "*batch height width"]
    index: Int[Tensor, "*batch height width"]
