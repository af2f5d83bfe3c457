"""Points as 3D Gaussians, in the PLY layout of Kerbl et al., "3D Gaussian Splatting" (2023).

A start for training, and what splat viewers open. Per Gaussian: x y z, normal, colour as the constant
spherical harmonic (f_dc), opacity before the sigmoid, the logarithms of three standard deviations, and a
rotation as a quaternion w x y z. No higher harmonics (f_rest): points look the same from everywhere.
The world frame is ours, y down, as viewers expect of models that come from COLMAP.
"""

import math
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from geometry.cloud import PointCloud
from voyager_lite.export.ply import write_vertices

GAUSSIAN = np.dtype(
    [(axis, "<f4") for axis in "xyz"]
    + [(f"n{axis}", "<f4") for axis in "xyz"]
    + [(f"f_dc_{k}", "<f4") for k in range(3)]
    + [("opacity", "<f4")]
    + [(f"scale_{k}", "<f4") for k in range(3)]
    + [(f"rot_{k}", "<f4") for k in range(4)]
)

HARMONIC = 0.5 / math.sqrt(math.pi)
"""The constant spherical harmonic Y00: colour = 0.5 + Y00 * f_dc."""

OPACITY = 0.99
"""Of a Gaussian's centre: the most that the usual renderers allow."""

SPREAD = 0.65
"""Standard deviation over a point's radius. Four neighbours on a grid of pixels then hide 91 % of what lies
behind the middle between them, and a picture blurs by about half a pixel."""

FLATNESS = 0.05
"""Thickness of a disc over its width: thin, yet not so thin that 32-bit covariances degenerate."""


def write_gaussian_ply(path: Path, cloud: PointCloud, *, with_sky: bool = False) -> int:
    """Write a flat Gaussian along every point's surface; returns their number.

    Args:
        path: A .ply file.
        cloud: Its matter is written, or all of it.
        with_sky: Write the sky's shell, too.
    """
    chosen = cloud if with_sky else cloud.matter
    write_vertices(path, [_gaussians(chosen)], layout=GAUSSIAN, count=len(chosen))
    return len(chosen)


def write_gaussian_ply_parts(path: Path, clouds: Iterable[PointCloud], *, count: int) -> None:
    """The same for the matter of clouds that are in memory one after the other.

    Args:
        path: A .ply file.
        clouds: One after the other.
        count: Points of matter in all of them.

    Raises:
        ValueError: There were more or fewer points.
    """
    write_vertices(path, (_gaussians(cloud.matter) for cloud in clouds), layout=GAUSSIAN, count=count)


def _gaussians(cloud: PointCloud) -> Shaped[np.ndarray, " gaussian"]:
    log_width = (SPREAD * cloud.radii).log()
    opacity = torch.full((len(cloud),), math.log(OPACITY / (1 - OPACITY)))
    columns = torch.cat(
        [
            cloud.positions,
            cloud.normals,
            (cloud.colors - 0.5) / HARMONIC,
            torch.stack([opacity, log_width, log_width, log_width + math.log(FLATNESS)], dim=-1),
            turn_to(cloud.normals),
        ],
        dim=-1,
    )
    return columns.numpy().astype("<f4").reshape(-1).view(GAUSSIAN)


def turn_to(normals: Float[Tensor, "point 3"]) -> Float[Tensor, "point 4"]:
    """Quaternions (w, x, y, z), w >= 0, of the shortest turn that takes the z axis to each unit normal.

    The axis lies across both. For -z itself, across which anything lies, it is x.
    """
    x, y, z = normals.unbind(-1)
    sine = torch.hypot(x, y)
    across = torch.where(
        sine[:, None] > 0, torch.stack([-y, x], dim=-1) / sine[:, None], x.new_tensor([1, 0])
    )
    half = torch.atan2(sine, z)[:, None] / 2
    return torch.cat([half.cos(), half.sin() * across, torch.zeros_like(half)], dim=-1)
