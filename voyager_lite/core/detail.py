"""From the coarse clip to full size: what the network says is added to a fill of the full picture."""

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from voyager_lite.core.coarse import CoarseFrames, reduce_frames
from voyager_lite.core.fill import background_fill
from voyager_lite.core.texture import add_texture

FADE_CELLS = 1.5
"""Distance from known pixels, in the network's cells, at which its correction counts in full."""

LEAST_SHARE = 0.2
"""A correction leaves at least this share of the fill's inverse depth, so that depth stays finite."""


def complete_frame(
    rgb: Float[Tensor, "3 height width"],
    depth: Float[Tensor, "height width"],
    known: Bool[Tensor, "height width"],
    *,
    coarse: CoarseFrames,
) -> tuple[Float[Tensor, "3 height width"], Float[Tensor, "height width"]]:
    """Complete one full-size frame.

    The holes are filled from the background, which joins the known pixels without a step; then the
    difference between the network's frame and that fill, both at the network's size, is brought up and
    added. It fades to nothing at known pixels, so no step, no halo and no grid of patches shows. Last,
    the smooth result gets the texture of the picture's own background.

    Args:
        rgb: RGB in [0, 1]; only known pixels are read.
        depth: Along the axis; only known pixels are read.
        known: True where a pixel is given.
        coarse: The network's frame (one frame).

    Returns:
        RGB in [0, 1] and depth > 0; known pixels are unchanged.
    """
    base_rgb, base_depth = background_fill(rgb[None], depth[None], known[None])
    if bool(known.all()):
        return base_rgb[0], base_depth[0]
    height, width = known.shape
    size = coarse.depth.shape[-2:]
    low = reduce_frames(base_rgb, base_depth, ~known[None], size=(size[0], size[1]))
    difference = torch.cat(
        [coarse.rgb - low.rgb, (1 / coarse.depth - 1 / torch.where(low.known, low.depth, 1.0))[:, None]],
        dim=1,
    )
    difference = torch.where(low.known[:, None], difference, 0.0)
    full = F.interpolate(difference, size=(height, width), mode="bilinear", align_corners=False)[0]
    full = full * fade(known, cell=width / size[1])
    inverse = 1 / base_depth[0]
    inverse = torch.maximum(inverse + full[3], LEAST_SHARE * inverse)
    completed = torch.where(known, rgb, (base_rgb[0] + full[:3]).clamp(0, 1))
    completed_depth = torch.where(known, depth, 1 / inverse)
    return add_texture(completed, completed_depth, known=known), completed_depth


def fade(known: Bool[Tensor, "height width"], *, cell: float) -> Float[Tensor, "height width"]:
    """0 at known pixels, rising smoothly to 1 within ``FADE_CELLS`` cells of ``cell`` pixels."""
    if not bool(known.any()):
        return torch.ones(known.shape)
    holes = np.ascontiguousarray((~known).numpy().astype(np.uint8))
    distance = torch.from_numpy(cv2.distanceTransform(holes, cv2.DIST_L2, cv2.DIST_MASK_5))
    x = (distance / (FADE_CELLS * cell)).clamp(0, 1)
    return x * x * (3 - 2 * x)
