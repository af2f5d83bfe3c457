"""From the coarse clip to full size: the network's colours and depths, and detail from the picture."""

import math

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from voyager_lite.core.canvas import Exemplar
from voyager_lite.core.coarse import CoarseFrames, reduce_frames
from voyager_lite.core.fill import background_fill
from voyager_lite.core.patch_completion import NEARER_THAN_SKY, complete_by_patches

MOST_FADE = 6.0
"""Largest distance from known pixels, in the network's cells, at which its correction counts in full."""

TEXTURE_CELLS = 2
"""Pixels to a cell from which on patches are copied: below, the network has said all there is to say."""

TRUSTED = 0.5
"""Share of the network's correction that textured pictures take: it has seen procedural scenes alone, and on
photographs half of it is nearest to the truth."""

AT_BORDERS = 0.5
"""Share of what is known beside them in the hole pixels at the border of known ones."""

LEAST_SHARE = 0.2
"""A correction leaves at least this share of the inverse depth, so that depth stays finite."""

PLANE = 0.15
"""Share of the inverse depth by which it must be corrected for anything to be done, and less is done by as
much: the fill continues planes exactly, and the network's small errors would buckle them."""

SURE_OF_SKY = 0.1
"""Share of the depth at which sky begins that the network must say at least where there is to be sky."""


def complete_frame(
    rgb: Float[Tensor, "3 height width"],
    depth: Float[Tensor, "height width"],
    known: Bool[Tensor, "height width"],
    *,
    coarse: CoarseFrames,
    sky_from: float = math.inf,
    exemplar: Exemplar | None = None,
) -> tuple[Float[Tensor, "3 height width"], Float[Tensor, "height width"]]:
    """Complete one full-size frame.

    The holes are filled from the background, which joins the known pixels without a step, and corrected
    to what the network says. Last, where the picture is clearly finer than the network's, patches of the
    picture show what goes on there, beside what is known and behind things in the light of that result.

    Args:
        rgb: RGB in [0, 1]; only known pixels are read.
        depth: Along the axis; only known pixels are read.
        known: True where a pixel is given.
        coarse: The network's frame (one frame).
        sky_from: Depth from which on a pixel shows sky. Where fill and network agree on it the fill says
            what it looks like, and what the network adds would stain it. Patches decide anew.
        exemplar: What patches are taken from, if it is not the known pixels.

    Returns:
        RGB in [0, 1] and depth > 0; known pixels are unchanged.
    """
    base_rgb, base_depth = _filled(rgb, depth, known, coarse=coarse, sky_from=sky_from)
    settled = known | (base_depth >= sky_from)
    difference = coarse_difference(base_rgb, base_depth, ~settled, coarse=coarse)
    textured = is_textured(known.shape[1], coarse)
    difference = TRUSTED * difference if textured else difference
    rgb, depth = corrected(base_rgb, base_depth, settled, difference=difference, sky_from=sky_from)
    if textured:
        return complete_by_patches(rgb, depth, known=known, sky_from=sky_from, exemplar=exemplar)
    return rgb, depth


def _filled(
    rgb: Tensor, depth: Tensor, known: Tensor, *, coarse: CoarseFrames, sky_from: float
) -> tuple[Tensor, Tensor]:
    """The frame filled from its background, with sky only where the network sees it too."""
    filled = background_fill(rgb[None], depth[None], known[None], sky_from=sky_from)
    inverse = F.interpolate(1 / coarse.depth[None], size=known.shape, mode="bilinear", align_corners=False)
    doubtful = ~known & (filled[1][0] >= sky_from) & (inverse[0, 0] * SURE_OF_SKY * sky_from > 1)
    if not bool(doubtful.any()):
        return filled[0][0], filled[1][0]
    mixed = background_fill(rgb[None], depth[None], known[None])
    nearer = mixed[1][0].clamp(max=NEARER_THAN_SKY * sky_from)
    return torch.where(doubtful, mixed[0][0], filled[0][0]), torch.where(doubtful, nearer, filled[1][0])


def is_textured(width: int, coarse: CoarseFrames) -> bool:
    """True if a picture is so much finer than the network's that patches of it are copied."""
    return width >= TEXTURE_CELLS * coarse.depth.shape[2]


def with_soft_borders(
    rgb: Float[Tensor, "3 height width"], known: Bool[Tensor, "height width"]
) -> Float[Tensor, "3 height width"]:
    """Mix what is known into the hole pixels that touch it.

    Pixels of photographs show both sides of an edge, and silhouettes lie a pixel off where depth was measured
    beside the colours, or guessed.

    Args:
        rgb: RGB in [0, 1], complete.
        known: True where pixels are given; they come back unchanged.
    """
    given = known.numpy().astype(np.float32)

    def around(values: np.ndarray) -> np.ndarray:
        return np.asarray(cv2.blur(values, (3, 3), borderType=cv2.BORDER_CONSTANT))

    share = around(given)
    beside = (given == 0) & (share > 0.1)  # one of nine, at least
    soft = rgb.clone()
    for channel in soft.numpy():
        mean = around(channel * given)[beside] / share[beside]
        channel[beside] += AT_BORDERS * (mean - channel[beside])
    return soft


def coarse_difference(
    rgb: Float[Tensor, "3 height width"],
    depth: Float[Tensor, "height width"],
    holes: Bool[Tensor, "height width"],
    *,
    coarse: CoarseFrames,
) -> Float[Tensor, "4 rows columns"]:
    """What the network's frame has more, in RGB and inverse depth, than a frame's holes have now.

    Returns:
        At the network's size; 0 at cells of which less than half is hole.
    """
    size = coarse.depth.shape[1], coarse.depth.shape[2]
    low = reduce_frames(rgb[None], depth[None], holes[None], size=size)
    inverse = 1 / coarse.depth - 1 / torch.where(low.known, low.depth, torch.ones_like(low.depth))
    difference = torch.cat([coarse.rgb - low.rgb, inverse[:, None]], dim=1)
    return torch.where(low.known[:, None], difference, torch.zeros_like(difference))[0]


def corrected(
    rgb: Float[Tensor, "3 height width"],
    depth: Float[Tensor, "height width"],
    known: Bool[Tensor, "height width"],
    *,
    difference: Float[Tensor, "4 rows columns"],
    sky_from: float = math.inf,
) -> tuple[Float[Tensor, "3 height width"], Float[Tensor, "height width"]]:
    """Add a coarse difference to a frame's unknown pixels.

    It fades to nothing at known pixels, so no step, no halo and no grid of patches shows. Sky stays
    as it is, and matter stays nearer than sky.

    Returns:
        RGB in [0, 1] and depth > 0.
    """
    height, width = known.shape
    added = F.interpolate(difference[None], size=(height, width), mode="bilinear", align_corners=False)[0]
    added = added * fade(known, cell=width / difference.shape[2])
    inverse = 1 / depth
    slight = PLANE * inverse
    beyond = added[3] - torch.maximum(torch.minimum(added[3], slight), -slight)
    moved = 1 / torch.maximum(inverse + beyond, LEAST_SHARE * inverse)
    moved = moved.clamp(max=NEARER_THAN_SKY * sky_from)
    kept = known | (depth >= sky_from)
    return torch.where(kept, rgb, (rgb + added[:3]).clamp(0, 1)), torch.where(kept, depth, moved)


def fade(known: Bool[Tensor, "height width"], *, cell: float) -> Float[Tensor, "height width"]:
    """0 at known pixels, rising smoothly to 1 at some distance.

    As many cells as a cell has pixels, one to ``MOST_FADE``: the finer the picture, the more its known
    pixels tell about their surroundings that the network has not seen.
    """
    if not bool(known.any()):
        return torch.ones(known.shape)
    holes = np.ascontiguousarray((~known).numpy().astype(np.uint8))
    distance = torch.from_numpy(cv2.distanceTransform(holes, cv2.DIST_L2, cv2.DIST_MASK_5))
    x = (distance / (cell * min(max(cell, 1.0), MOST_FADE))).clamp(0, 1)
    return x * x * (3 - 2 * x)
