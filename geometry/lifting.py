"""From a picture and its depth to points."""

import math
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from geometry.camera import Camera
from geometry.checks import require_finite, require_shape
from geometry.cloud import PointCloud
from geometry.edges import bridge_gaps, depth_edges, frames, inverse_depth, surface_links
from geometry.kernels.strips import in_strips
from geometry.normals import normals_from_depth

OVERLAP = 1.2
"""Radius of a disc over half the diagonal of the cell that its pixel cuts out of the surface: enough for
discs to close although the points of a noisy depth map do not lie evenly."""

MAX_SLANT = 1.3
"""Largest stretch of that cell by slant (1 / cos of the angle). Discs are drawn as circles, so one as long
as the cell of a grazing surface would be too wide by as much. With these two numbers no disc reaches the
centre of a neighbour in its own picture, which therefore comes back as it was."""

RIM = 0.7
"""Largest radius, over half the same diagonal, where the surface ends: a disc inscribed in the pixel."""

SKY_DISTANCE = 10.0
"""Radius of the sky's shell over the largest depth of matter."""

SKY_BAND = 2
"""Width in pixels of the band on either side of a silhouette against the sky whose pixels show both."""

CLEAR_DIFFERENCE = 0.02
"""Squared distance of two colours from which on a mixture of them can be told apart."""


def lift(
    image: Float[Tensor, "3 height width"],
    depth: Float[Tensor, "height width"],
    camera: Camera,
    *,
    valid: Bool[Tensor, "height width"],
    sky: Bool[Tensor, "height width"] | None = None,
    sky_distance: float | None = None,
) -> PointCloud:
    """Lift one picture to points with normals and radii.

    Matter: one point a pixel; gaps one pixel wide within a surface are bridged, flying pixels dropped.
    Sky: one point a pixel, on a sphere around the camera. In the band on both sides of a silhouette a
    pixel shows both, and its colour decides, between that of the solid matter and that of the open sky
    nearby. A pixel that is mostly matter becomes a point of matter, and behind it one of clean sky; one
    that is mostly sky becomes clean sky alone. So from elsewhere no colour of an object stands in the
    sky, and no rim of sky sticks to an object; and masks that are off by a pixel or two do no harm.

    Args:
        image: RGB in [0, 1].
        depth: Along the axis in scene units, > 0 where ``valid``; not read elsewhere.
        camera: A single camera, of the picture's size.
        valid: True where there is matter at a known depth.
        sky: True where there is sky; not together with ``valid``. None: no sky.
        sky_distance: Radius of the shell, so that many frames may share one; None takes ``SKY_DISTANCE``
            times the largest depth of matter (or of 1 unit where there is no matter).

    Returns:
        World-frame points: matter row by row, then the band, then sky.

    Raises:
        ValueError: Sizes differ, a picture value is not finite, a valid depth is not a finite number > 0,
            or a pixel is both matter and sky.
    """
    sky = torch.zeros_like(valid) if sky is None else sky
    _require_frame(image, depth, camera, valid, sky)
    flying = depth_edges(depth, valid, sky=sky)
    depth, valid = bridge_gaps(depth, valid & ~flying)
    valid = valid & ~(sky | flying)
    if not bool(sky.any()):
        return _surface(image, depth, camera, valid)
    if sky_distance is None:
        sky_distance = SKY_DISTANCE * (float(depth[valid].amax()) if bool(valid.any()) else 1.0)
    open_sky, solid = sky & ~_widened(~sky, SKY_BAND), valid & ~_widened(sky, SKY_BAND)
    clean = _spread(image, open_sky) if bool(open_sky.any()) else image
    share = _share_of_matter(image, clean, _spread(image, solid) if bool(solid.any()) else image, valid)
    valid = valid & (solid | (share > 0.5))
    rim_depth, rim = _rim(depth, valid, sky & (share > 0.5))
    cleared = _widened(sky, SKY_BAND) & ~valid
    return PointCloud.concatenate(
        [
            _surface(image, depth, camera, valid),
            _surface(image, rim_depth, camera, rim),
            lift_sky(torch.where(open_sky, image, clean), camera, sky=sky | cleared, distance=sky_distance),
        ]
    )


def _share_of_matter(image: Tensor, sky: Tensor, matter: Tensor, valid: Tensor) -> Tensor:
    """How much of a pixel's colour is matter's, 0 to 1 (least squares on the line between the two
    colours); where these hardly differ the mask is believed."""
    line = matter - sky
    length = line.square().sum(0)
    share = ((image - sky) * line).sum(0) / length.clamp(min=CLEAR_DIFFERENCE)
    return torch.where(length < CLEAR_DIFFERENCE, valid.to(image), share.clamp(0, 1))


def _surface(image: Tensor, depth: Tensor, camera: Camera, valid: Tensor) -> PointCloud:
    # Imported where it is called: numba takes long to load.
    from geometry.kernels.points import place

    normals = normals_from_depth(depth, camera, valid=valid)
    inverse = inverse_depth(depth, valid)
    links = [frames(surface_links(inverse, valid, dim=dim))[0] for dim in (-1, -2)]
    known = frames(valid)[0]
    counts = known.sum(axis=1)
    total = int(counts.sum())
    positions, colors, facing = (np.empty((total, 3), np.float32) for _ in range(3))
    radii = np.empty(total, np.float32)
    maps = frames(image), frames(depth)[0], known, normals.cpu().numpy()
    view = camera.K.cpu().numpy(), camera.camera_to_world.cpu().numpy()
    spreads = _cell(camera), MAX_SLANT, OVERLAP, RIM
    out = counts.cumsum() - counts, positions, colors, facing, radii
    in_strips(camera.height, partial(place, maps, tuple(links), view, spreads), out)
    return PointCloud(
        positions=torch.from_numpy(positions),
        colors=torch.from_numpy(colors),
        normals=torch.from_numpy(facing),
        radii=torch.from_numpy(radii),
        sky=torch.zeros(total, dtype=torch.bool),
    ).to(depth.device)


def lift_sky(
    image: Float[Tensor, "3 height width"],
    camera: Camera,
    *,
    sky: Bool[Tensor, "height width"],
    distance: float,
) -> PointCloud:
    """Sky alone: one point for each pixel of ``sky``, on a sphere of radius ``distance`` around the camera.

    For rendered frames, whose pixels show either matter or sky: there ``lift`` would take the band beside
    a silhouette for mixed, and the silhouette would grow by that width with every frame that is fused.
    """
    row, column = torch.nonzero(sky, as_tuple=True)
    K, pose = camera.K.to(image), camera.camera_to_world.to(image)
    x, y = (column + 0.5 - K[0, 2]) / K[0, 0], (row + 0.5 - K[1, 2]) / K[1, 1]
    rays = torch.stack([x, y, torch.ones_like(x)], dim=-1)
    lengths = rays.norm(dim=-1, keepdim=True)
    gaze = (rays @ pose[:3, :3].mT) / lengths
    return PointCloud(
        positions=pose[:3, 3] + gaze * distance,
        colors=image[:, row, column].mT,
        normals=-gaze,
        radii=OVERLAP * _cell(camera) * distance / lengths[:, 0],
        sky=torch.ones(len(rays), dtype=torch.bool, device=image.device),
    )


def _cell(camera: Camera) -> float:
    """Radius, at depth 1, of the disc for the cell of one pixel on a surface that faces the camera."""
    return math.hypot(1 / float(camera.K[0, 0]), 1 / float(camera.K[1, 1])) / 2


def _rim(depth: Tensor, valid: Tensor, sky: Tensor) -> tuple[Tensor, Tensor]:
    """The sky pixels of the band, at the depth of the nearest matter within its width."""
    size = 2 * SKY_BAND + 1
    near = F.max_pool2d(inverse_depth(depth, valid)[None, None], size, stride=1, padding=SKY_BAND)[0, 0]
    rim = sky & (near > 0)
    return torch.where(rim, 1 / torch.where(rim, near, torch.ones_like(near)), torch.ones_like(near)), rim


def _widened(mask: Tensor, pixels: int) -> Tensor:
    return F.max_pool2d(mask.float()[None, None], 2 * pixels + 1, stride=1, padding=pixels)[0, 0] > 0


def _spread(image: Tensor, source: Tensor) -> Tensor:
    """Colours of the source pixels carried to all others: the mean over the smallest block of a pyramid
    that holds any, blended between blocks."""
    weight = source.to(image)[None, None]
    if bool(source.all()):
        return image
    mean = image[None] * weight
    height, width = source.shape
    half_weight = F.avg_pool2d(weight, 2, ceil_mode=True)
    half = F.avg_pool2d(mean, 2, ceil_mode=True) / half_weight.clamp(min=1e-6)
    coarse = _spread(half[0], half_weight[0, 0] > 0)
    guess = F.interpolate(coarse[None], (height, width), mode="bilinear", align_corners=False)[0]
    return torch.where(source, image, guess)


def _require_frame(image: Tensor, depth: Tensor, camera: Camera, valid: Tensor, sky: Tensor) -> None:
    size = (camera.height, camera.width)
    if camera.batch_shape:
        raise ValueError(f"lift: camera is a batch of {camera.batch_shape}; expected a single one")
    require_shape("image", image, (3, *size))
    require_shape("depth", depth, size)
    require_shape("valid", valid, size)
    require_shape("sky", sky, size)
    # A sum is finite only if all terms are, and far cheaper than a look at each.
    if not math.isfinite(float(image.sum())):
        require_finite("image", image)
    bad = int((valid & ~(torch.isfinite(depth) & (depth > 0))).sum())
    if bad:
        raise ValueError(f"depth has {bad} valid pixels that are not finite and > 0; expected none")
    if bool((valid & sky).any()):
        raise ValueError(f"{int((valid & sky).sum())} pixels are both matter and sky; expected none")
