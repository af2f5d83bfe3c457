"""How near a completed clip comes to the truth, over the pixels that had to be invented."""

import itertools
import math
from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from scipy.ndimage import uniform_filter
from torch import Tensor

from geometry.camera import Camera
from geometry.projection import project, world_points
from geometry.rigid import transform_points

SSIM_WINDOW = 7
SAME_SURFACE = 0.03
"""Relative difference of depth up to which two frames see the same surface."""


def psnr(result: Float[Tensor, "*batch 3 h w"], truth: Float[Tensor, "*batch 3 h w"], where: Tensor) -> float:
    """Peak signal-to-noise ratio in dB over the chosen pixels of pictures in [0, 1]; equal ones give inf.

    Args:
        result: RGB.
        truth: RGB.
        where: (*batch, h, w) bool, the pixels that count.

    Raises:
        ValueError: No pixel is chosen.
    """
    error = _chosen(((result - truth) ** 2).mean(dim=-3), where)
    return -10 * math.log10(error) if error > 0 else math.inf


def ssim(result: Float[Tensor, "*batch 3 h w"], truth: Float[Tensor, "*batch 3 h w"], where: Tensor) -> float:
    """Structural similarity over the chosen pixels (Wang et al. 2004), 7x7 windows, the mean over RGB.

    The map is computed on whole pictures, so that a hole is judged together with its surroundings, and
    averaged over the chosen pixels. As scikit-image's: sample covariance, data range 1.

    Raises:
        ValueError: No pixel is chosen.
    """
    maps = ssim_map(result.double().numpy(), truth.double().numpy())
    return _chosen(torch.from_numpy(maps.mean(axis=-3)), where)


def ssim_map(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """SSIM of every pixel and channel of pictures (..., h, w) in [0, 1]."""

    def mean(values: np.ndarray) -> np.ndarray:
        return uniform_filter(values, size=(*([1] * (values.ndim - 2)), SSIM_WINDOW, SSIM_WINDOW))

    count = SSIM_WINDOW**2
    sample = count / (count - 1)
    mean_a, mean_b = mean(a), mean(b)
    variance_a = sample * (mean(a * a) - mean_a**2)
    variance_b = sample * (mean(b * b) - mean_b**2)
    covariance = sample * (mean(a * b) - mean_a * mean_b)
    c1, c2 = 0.01**2, 0.03**2
    light = (2 * mean_a * mean_b + c1) / (mean_a**2 + mean_b**2 + c1)
    return light * (2 * covariance + c2) / (variance_a + variance_b + c2)


def depth_abs_rel(depth: Float[Tensor, "*batch"], truth: Float[Tensor, "*batch"], where: Tensor) -> float:
    """Mean of |depth - truth| / truth over the chosen pixels, where the truth must be > 0.

    Raises:
        ValueError: No pixel is chosen.
    """
    return _chosen((depth - truth).abs() / torch.where(where, truth, torch.ones_like(truth)), where)


def flicker(
    rgb: Float[Tensor, "frame 3 h w"],
    truth_depth: Float[Tensor, "frame h w"],
    cameras: Camera,
    *,
    where: Bool[Tensor, "frame h w"],
) -> float:
    """Mean of ``surface_changes``, in units of RGB; nan where no chosen pixel is seen twice.

    Reading between pixels blurs, and cameras have grain, so even the truth has some: compare with that
    of the truth. Being smooth lowers it, too.
    """
    return float(surface_changes(rgb, truth_depth, cameras, where=where)[0].mean())


def surface_changes(
    rgb: Float[Tensor, "frame 3 h w"],
    truth_depth: Float[Tensor, "frame h w"],
    cameras: Camera,
    *,
    where: Bool[Tensor, "frame h w"],
) -> tuple[Float[Tensor, " pixel"], Bool[Tensor, " pixel"]]:
    """Mean absolute change of colour of surface points from one frame to the next.

    Each chosen pixel is carried into the frame before with the true depth and cameras, and compared with
    what stands there, where the true depth says that both frames see the same surface.

    Returns:
        The changes in units of RGB, and whether each fell on a chosen pixel in the frame before, too.
    """
    changes, before = [torch.zeros(0)], [torch.zeros(0, dtype=torch.bool)]
    for now in range(1, len(rgb)):
        points = world_points(truth_depth[now], cameras[now])
        last = cameras[now - 1]
        pixels, depth = project(transform_points(last.world_to_camera.to(points), points), last.K.to(points))
        grid = 2 * pixels / torch.tensor([last.width, last.height]) - 1
        maps = torch.cat([rgb[now - 1], truth_depth[now - 1][None]])[None]
        seen = F.grid_sample(maps, grid[None], align_corners=False)[0]
        same = (seen[3] - depth).abs() < SAME_SURFACE * depth
        counted = where[now] & (depth > 0) & (grid.abs() < 1).all(dim=-1) & same
        changes.append((seen[:3] - rgb[now]).abs().mean(dim=0)[counted])
        column, row = pixels[counted].long().unbind(dim=-1)
        before.append(where[now - 1][row, column])
    return torch.cat(changes), torch.cat(before)


def frame_changes(rgb: Float[Tensor, "frame 3 h w"]) -> Float[Tensor, " step"]:
    """Mean absolute difference of each frame to the one before."""
    return torch.stack([(b - a).abs().mean() for a, b in itertools.pairwise(rgb)])


def seam_ratio(rgb: Float[Tensor, "frame 3 h w"], seams: Sequence[int]) -> float:
    """Mean change between neighbouring frames across seams over that everywhere else.

    Args:
        rgb: A walk of several clips, along a path of constant speed.
        seams: The first frame of every clip but the first.

    Returns:
        1 where the seams cannot be told from the rest.

    Raises:
        ValueError: There is no seam, no step elsewhere, or a seam that is no frame after the first.
    """
    if not seams or not all(1 <= seam < len(rgb) for seam in seams) or len(set(seams)) >= len(rgb) - 1:
        raise ValueError(f"seams are {list(seams)} in {len(rgb)} frames; expected some of 1..{len(rgb) - 1}")
    changes = frame_changes(rgb)
    across = torch.zeros(len(changes), dtype=torch.bool)
    across[torch.tensor(seams) - 1] = True
    return float(changes[across].mean() / changes[~across].mean())


def _chosen(values: Tensor, where: Tensor) -> float:
    if not bool(where.any()):
        raise ValueError("no pixel is chosen; a mean over nothing has no value")
    return float(values[where].double().mean())
