"""What every depth source gives."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from jaxtyping import Bool, Float
from torch import Tensor


@dataclass(frozen=True, kw_only=True, eq=False)
class DepthEstimate:
    """Depth of one picture.

    Attributes:
        depth: Along the optical axis, > 0 in scene units where ``valid``; 0 elsewhere.
        valid: True where there is matter at a known depth.
        sky: True where the picture shows sky; never together with ``valid``.
        fov_degrees: Horizontal field of view, where the source knows it.
        metric: True if the unit is the metre; otherwise the scale is made up.
        source: One line for people: what this depth is and where it came from.
    """

    depth: Float[Tensor, "height width"]
    valid: Bool[Tensor, "height width"]
    sky: Bool[Tensor, "height width"]
    fov_degrees: float | None
    metric: bool
    source: str


@runtime_checkable
class DepthSource(Protocol):
    """Anything that can tell how far the parts of a picture are."""

    def estimate(
        self, image: Float[Tensor, "3 height width"], *, fov_degrees: float | None = None
    ) -> DepthEstimate:
        """Depth of ``image`` (RGB in [0, 1]), at its own size; the field of view helps where known."""
        ...
