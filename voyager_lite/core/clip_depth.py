"""Depth of a generated clip from a depth estimator, frame by frame, aligned to what the world knows."""

import math

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from geometry.alignment import align_depth
from geometry.camera import Camera
from geometry.cloud import PointCloud
from geometry.rasterizer import render_points
from voyager_lite.clip import Guidance
from voyager_lite.core.completion import lift_new
from voyager_lite.core.fill import background_fill
from voyager_lite.core.patch_completion import NEARER_THAN_SKY
from voyager_lite.depth.estimate import DepthEstimate, DepthSource


def estimate_clip_depth(
    rgb: Float[Tensor, "frame 3 height width"], guidance: Guidance, *, source: DepthSource
) -> Float[Tensor, "frame height width"]:
    """Depth of every frame, > 0; known pixels keep the guidance's.

    An estimate of a single picture has a scale of its own. Each frame's is aligned to what is known there
    and to what earlier frames of the clip have newly shown, lifted and seen from this camera, so that one
    thing has one place throughout the clip.

    Args:
        rgb: The finished frames.
        guidance: What the world knows of them.
        source: Where depth comes from.
    """
    made = PointCloud.empty()
    frames = []
    for frame, picture in enumerate(rgb):
        camera, known = guidance.cameras[frame], guidance.known[frame]
        reference = guidance.depth[frame]
        if bool(known.all()):
            frames.append(reference)
            continue
        covered = known
        if len(made):
            seen = render_points(made, camera)
            reference = torch.where(known, reference, seen.depth)
            covered = known | seen.known
        estimate = source.estimate(picture, fov_degrees=float(camera.fov_degrees))
        depth = _placed(picture, estimate, reference, covered, sky_from=guidance.sky_from)
        depth = torch.where(known, guidance.depth[frame], depth)
        made = _grown(made, picture, depth, camera, new=~covered, sky_from=guidance.sky_from)
        frames.append(depth)
    return torch.stack(frames)


def _placed(
    picture: Float[Tensor, "3 height width"],
    estimate: DepthEstimate,
    reference: Float[Tensor, "height width"],
    covered: Bool[Tensor, "height width"],
    *,
    sky_from: float,
) -> Float[Tensor, "height width"]:
    """An estimate in the world's scale; sky on its shell, or as the farthest matter where there is none."""
    matter = covered & (reference < sky_from)
    sky = covered & ~matter
    if math.isfinite(sky_from):
        sky |= estimate.sky & ~covered
    if not bool(estimate.valid.any()):
        return background_fill(picture[None], reference[None], covered[None], sky_from=sky_from)[1][0]
    filled = background_fill(picture[None], estimate.depth[None], estimate.valid[None])[1][0]
    aligned = align_depth(filled, reference, matter).clamp(max=NEARER_THAN_SKY * sky_from)
    return torch.where(sky, 2 * sky_from, aligned) if bool(sky.any()) else aligned


def _grown(
    made: PointCloud,
    picture: Float[Tensor, "3 height width"],
    depth: Float[Tensor, "height width"],
    camera: Camera,
    *,
    new: Bool[Tensor, "height width"],
    sky_from: float,
) -> PointCloud:
    if not bool(new.any()):
        return made
    return PointCloud.concatenate([made, lift_new(picture, depth, camera, new=new, sky_from=sky_from)])
