"""A clip's depth out of Voyager's frame-by-frame ranges into the world's, at the world's size."""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from geometry.alignment import align_depth
from voyager_lite.clip import Guidance

SKY_MARGIN = 0.02
"""Share of a frame's range of inverse depth within which what is as far as known sky is sky: five of 255
steps, which the autoencoder blurs."""


def placed_depth(
    depth: Float[Tensor, "frame rows columns"], guidance: Guidance, *, spans: list[tuple[float, float]]
) -> Float[Tensor, "frame height width"]:
    """Depth > 0 at the guidance's size, continuing what is known there; known pixels keep theirs.

    Each frame is aligned to the matter known in it. Sky is told before, in the frame's own range: what lies
    behind the sky's beginning, and, in clips that know some sky, what comes near to that.

    Args:
        depth: As decoded, in scene units.
        guidance: What the world knows.
        spans: Each frame's range of inverse depth.
    """
    inverse = F.interpolate(1 / depth[:, None], guidance.known.shape[1:], mode="bilinear")[:, 0]
    outside = math.isfinite(guidance.sky_from)
    sky_known = bool((guidance.known & (guidance.depth >= guidance.sky_from)).any()) if outside else False
    frames = []
    for number, new in enumerate(inverse):
        known, reference = guidance.known[number], guidance.depth[number]
        aligned = align_depth(1 / new, reference, known & (reference < guidance.sky_from))
        if outside:
            low, high = spans[number]
            beginning = 1 / guidance.sky_from + (SKY_MARGIN * (high - low) if sky_known else 0.0)
            aligned = torch.where(new < beginning, 2 * guidance.sky_from, aligned)
        frames.append(torch.where(known, reference, aligned))
    return torch.stack(frames)
