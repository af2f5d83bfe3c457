"""Plain ways to fill holes, frame by frame, to measure against."""

from collections.abc import Callable

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from scipy.ndimage import distance_transform_edt
from torch import Tensor

from voyager_lite.core.fill import UNKNOWN_DEPTH, UNKNOWN_GREY

Fill = Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]
"""``fill(rgb (T, 3, H, W), depth (T, H, W), known (T, H, W))`` gives RGB and depth without holes. Depth is
filled as inverse depth; a frame of which nothing is known becomes mid grey at depth 1."""

INPAINT_RADIUS = 5
LEVELS = 65535.0
"""Range that inverse depth is stretched to: OpenCV's Telea adds a term of about one grey level to every
pixel, which is nothing among so many and would be everything in inverse depths around 1."""


def _by_frame(fill_frame: Callable[[Tensor, Tensor], Tensor]) -> Fill:
    """A fill from one that completes the four channels (RGB, inverse depth) of a single frame."""

    def fill(
        rgb: Float[Tensor, "frame 3 height width"],
        depth: Float[Tensor, "frame height width"],
        known: Bool[Tensor, "frame height width"],
    ) -> tuple[Tensor, Tensor]:
        inverse = 1 / torch.where(known, depth, torch.ones_like(depth))
        channels = torch.cat([rgb, inverse[:, None]], dim=1)
        empty = torch.tensor([UNKNOWN_GREY] * 3 + [1 / UNKNOWN_DEPTH])[:, None, None]
        filled = torch.stack(
            [
                fill_frame(frame, mask) if bool(mask.any()) else empty.expand_as(frame)
                for frame, mask in zip(channels, known, strict=True)
            ]
        )
        filled = torch.where(known[:, None], channels, filled)
        return filled[:, :3], torch.where(known, depth, 1 / filled[:, 3])

    return fill


def _nearest(channels: Float[Tensor, "4 h w"], known: Bool[Tensor, "h w"]) -> Tensor:
    y, x = distance_transform_edt(~known.numpy(), return_distances=False, return_indices=True)
    return channels[:, torch.from_numpy(y).long(), torch.from_numpy(x).long()]


def _inpaint(method: int) -> Callable[[Tensor, Tensor], Tensor]:
    def fill(channels: Float[Tensor, "4 h w"], known: Bool[Tensor, "h w"]) -> Tensor:
        holes = (~known).numpy().astype(np.uint8)
        bytes_ = (channels[:3].permute(1, 2, 0).numpy().clip(0, 1) * 255).round().astype(np.uint8)
        picture = torch.from_numpy(cv2.inpaint(bytes_, holes, INPAINT_RADIUS, method))
        low, high = channels[3][known].min(), channels[3][known].max()
        scale = LEVELS / (high - low).clamp(min=1e-12)
        levels = ((channels[3] - low) * scale).clamp(0, LEVELS).numpy()
        filled = cv2.inpaint(np.ascontiguousarray(levels), holes, INPAINT_RADIUS, method)
        bounded = (torch.from_numpy(filled) / scale + low).clamp(low, high)
        return torch.cat([picture.permute(2, 0, 1).float() / 255, bounded[None]])

    return fill


def _push_pull(channels: Float[Tensor, "4 h w"], known: Bool[Tensor, "h w"]) -> Tensor:
    """Halved until nothing is missing, then doubled again into the holes (Gortler et al. 1996)."""
    height, width = known.shape
    if bool(known.all()):
        return channels
    weight = known.to(channels)[None, None]
    size = (height + height % 2, width + width % 2)
    pad = (0, size[1] - width, 0, size[0] - height)
    summed = F.avg_pool2d(F.pad(channels[None] * weight, pad), 2)
    share = F.avg_pool2d(F.pad(weight, pad), 2)
    coarse = _push_pull((summed / share.clamp(min=1e-6))[0], share[0, 0] > 0)
    fine = F.interpolate(coarse[None], scale_factor=2, mode="bilinear", align_corners=False)[0]
    return torch.where(known, channels, fine[:, :height, :width])


telea = _by_frame(_inpaint(cv2.INPAINT_TELEA))
"""Fast marching (Telea 2004), OpenCV's."""

navier_stokes = _by_frame(_inpaint(cv2.INPAINT_NS))
"""Isophotes carried on by fluid dynamics (Bertalmio et al. 2001), OpenCV's."""

nearest = _by_frame(_nearest)
"""The nearest known pixel."""

push_pull = _by_frame(_push_pull)
"""Means over ever larger squares."""
