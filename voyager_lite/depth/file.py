"""Depth that somebody already has, in a file."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from voyager_lite.depth.estimate import DepthEstimate
from voyager_lite.depth.sky import sky_of
from voyager_lite.export.depth_file import (
    DEFAULT_PNG_SCALE,
    read_depth_exr,
    read_depth_npy,
    read_depth_png16,
)

logger = logging.getLogger(__name__)

SUFFIXES: Final = (".png", ".exr", ".npy")

_ASPECT_TOLERANCE: Final = 0.02
_SAME_SURFACE: Final = 1.05
"""Ratio of neighbouring depths up to which they may be blended when a map is enlarged."""


@dataclass(frozen=True, kw_only=True)
class DepthFile:
    """A depth map in a 16-bit PNG, an OpenEXR or a NumPy file, for one picture.

    Attributes:
        path: The file; its ending decides how it is read.
        quantity: What it holds: depth along the axis, or its inverse (disparity is one).
        scale: For depth: scene units (taken as metres) for 1; default 0.001 for PNG, else 1. For inverse
            depth: depth is ``scale`` / value; for a disparity in pixels that is focal length times
            baseline. Default 1, and then the unit is made up.
    """

    path: Path
    quantity: Literal["depth", "inverse"] = "depth"
    scale: float | None = None

    def __post_init__(self) -> None:
        if self.path.suffix.lower() not in SUFFIXES:
            raise ValueError(f"{self.path} is no depth file; expected an ending of {', '.join(SUFFIXES)}")
        if self.scale is not None and not 0 < self.scale < float("inf"):
            raise ValueError(f"scale of {self.path} is {self.scale:g}; expected a finite number > 0")

    def estimate(
        self, image: Float[Tensor, "3 height width"], *, fov_degrees: float | None = None
    ) -> DepthEstimate:
        """The file's depth at the picture's size.

        NaN, infinity, zero and negative values are counted, reported, and left invalid; where
        the picture there shows sky, they are sky. A map of another size is brought to the picture's
        size without blending across depth edges.

        Raises:
            FileNotFoundError: There is no such file.
            ValueError: The file cannot be read, has no valid value, or another aspect ratio.
        """
        values = self._read()
        depth, valid, report = self._depth(values)
        height, width = image.shape[1:]
        self._require_same_shape(values, height=height, width=width)
        depth, valid = resize_depth(depth, valid, height=height, width=width)
        sky = ~valid & sky_of(image) if not bool(valid.all()) else torch.zeros_like(valid)
        scaled = self.quantity == "depth" or self.scale is not None
        return DepthEstimate(
            depth=depth,
            valid=valid,
            sky=sky,
            fov_degrees=fov_degrees,
            metric=scaled,
            source=f"depth file {self.path.name} ({values.shape[1]}x{values.shape[0]}, {report})",
        )

    def _read(self) -> Float[Tensor, "file_height file_width"]:
        """Values in the file's own unit: counts of a PNG stay counts."""
        suffix = self.path.suffix.lower()
        if suffix == ".png":
            return read_depth_png16(self.path, scale=1.0)
        return read_depth_exr(self.path) if suffix == ".exr" else read_depth_npy(self.path)

    def _require_same_shape(self, values: Tensor, *, height: int, width: int) -> None:
        file_height, file_width = values.shape
        apart = abs(file_width * height / (file_height * width) - 1)
        if apart > _ASPECT_TOLERANCE:
            raise ValueError(
                f"{self.path} is {file_width}x{file_height}, the picture {width}x{height}; expected the same "
                f"shape (aspect ratios within {_ASPECT_TOLERANCE:.0%}, found {apart:.0%} apart)"
            )

    def _depth(
        self, values: Float[Tensor, "file_height file_width"]
    ) -> tuple[Tensor, Bool[Tensor, "file_height file_width"], str]:
        counts = {
            "NaN": int(torch.isnan(values).sum()),
            "infinite": int(torch.isinf(values).sum()),
            "negative": int((torch.isfinite(values) & (values < 0)).sum()),
            "zero": int((values == 0).sum()),
        }
        found = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
        valid = torch.isfinite(values) & (values > 0)
        counted = self.path.suffix.lower() == ".png" and self.quantity == "depth"
        scale = self.scale or (DEFAULT_PNG_SCALE if counted else 1.0)
        safe = torch.where(valid, values, 1.0).double()
        depth = (safe * scale if self.quantity == "depth" else scale / safe).float()
        valid &= torch.isfinite(depth) & (depth > 0)
        if not bool(valid.any()):
            raise ValueError(f"{self.path} has no valid depth ({found}); expected some finite numbers > 0")
        report = f"{100 * float(valid.float().mean()):.1f} % valid" + (f"; {found}" if found else "")
        if found:
            logger.info("%s: %s", self.path, report)
        return torch.where(valid, depth, 0.0), valid, report


def resize_depth(
    depth: Float[Tensor, "file_height file_width"],
    valid: Bool[Tensor, "file_height file_width"],
    *,
    height: int,
    width: int,
) -> tuple[Float[Tensor, "{height} {width}"], Bool[Tensor, "{height} {width}"]]:
    """Bring a depth map to a picture's size without inventing depths between two surfaces.

    Every pixel takes the nearest value. Where the four values around it are valid and of one surface
    (within 5 %), inverse depth is interpolated instead, which keeps planes plane and free of stairs.
    """
    file_height, file_width = depth.shape
    if (file_height, file_width) == (height, width):
        return depth, valid
    y, x = (
        (torch.arange(height) + 0.5) * file_height / height,
        (torch.arange(width) + 0.5) * file_width / width,
    )
    row, column = y.long().clamp(max=file_height - 1)[:, None], x.long().clamp(max=file_width - 1)
    nearest, seen = depth[row, column], valid[row, column]

    # The four centres around a pixel; at the rim the last one counts twice.
    top, left = (y - 0.5).clamp(0, file_height - 1), (x - 0.5).clamp(0, file_width - 1)
    r0, c0 = top.floor().long(), left.floor().long()
    r1, c1 = (r0 + 1).clamp(max=file_height - 1), (c0 + 1).clamp(max=file_width - 1)
    corners = [(r[:, None], c) for r in (r0, r1) for c in (c0, c1)]
    around = torch.stack([depth[corner] for corner in corners])
    whole = torch.stack([valid[corner] for corner in corners]).all(dim=0)
    one_surface = whole & (around.amax(dim=0) <= _SAME_SURFACE * around.amin(dim=0))
    down, right = (top - r0)[:, None], left - c0
    weights = torch.stack([(1 - down) * (1 - right), (1 - down) * right, down * (1 - right), down * right])
    inverse = (weights / torch.where(whole, around, 1.0)).sum(dim=0)
    return torch.where(one_surface, 1 / inverse, nearest), seen
