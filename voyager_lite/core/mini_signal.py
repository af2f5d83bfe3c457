"""Between RGB-D clips and the signal the mini network works on: four channels, each in about [-1, 1].

Depth enters as inverse depth q = near / depth, where near is the depth of the clip's nearest things, so
that the network never sees scene units; q is 1 there, at most 2, and 0 on the sky.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

CHANNELS = 4

FULL_INVERSE_DEPTH = 2.0
"""Inverse depths in units of 1 / near are cut at this."""

NEAR_QUANTILE = 0.05


def near_depth(
    depth: Float[Tensor, "*batch frame height width"], known: Bool[Tensor, "*batch frame height width"]
) -> Float[Tensor, "*batch"]:
    """z_near of each clip: the 5th percentile of its known depth; 1 where nothing is known.

    The unit in which a clip's inverse depth is measured, so that the network never sees scene units.
    """
    flat, mask = depth.flatten(-3), known.flatten(-3)
    filled = torch.where(mask, flat, torch.full_like(flat, torch.inf))
    count = mask.sum(dim=-1, keepdim=True)
    rank = (NEAR_QUANTILE * (count - 1).clamp(min=0)).round().long()
    chosen = filled.sort(dim=-1).values.gather(-1, rank)
    return torch.where(count > 0, chosen, torch.ones_like(chosen))[..., 0]


def encode_signal(
    rgb: Float[Tensor, "*batch 3 height width"],
    depth: Float[Tensor, "*batch height width"],
    *,
    near: Float[Tensor, "*#batch"],
) -> Float[Tensor, "*batch 4 height width"]:
    """RGB in [0, 1] and depth > 0 to the network's signal: 2 rgb - 1, and near / depth - 1 cut to [-1, 1].

    Depth 0 (nothing known) counts as infinitely far.
    """
    q = torch.where(depth > 0, near[..., None, None] / depth.clamp(min=1e-12), torch.zeros_like(depth))
    return torch.cat([2 * rgb - 1, q.clamp(max=FULL_INVERSE_DEPTH)[..., None, :, :] - 1], dim=-3)


def decode_signal(
    signal: Float[Tensor, "*batch 4 height width"], *, near: Float[Tensor, "*#batch"], far: float = 1000.0
) -> tuple[Float[Tensor, "*batch 3 height width"], Float[Tensor, "*batch height width"]]:
    """RGB cut to [0, 1] and depth, at most ``far`` times near; the inverse of ``encode_signal``."""
    q = (signal[..., 3, :, :] + 1).clamp(1 / far, FULL_INVERSE_DEPTH)
    return ((signal[..., :3, :, :] + 1) / 2).clamp(0, 1), near[..., None, None] / q
