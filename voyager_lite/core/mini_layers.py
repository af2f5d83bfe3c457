"""Layers of the mini network: transformer layer, rotary positions and noise-level features."""

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn


class Layer(nn.Module):
    """A transformer layer; noise levels scale and shift what attention and the MLP read."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.modulate = nn.Linear(width, 4 * width)
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.project = nn.Linear(width, width, bias=False)
        self.up = nn.Linear(width, 4 * width, bias=False)
        self.down = nn.Linear(4 * width, width, bias=False)
        nn.init.zeros_(self.modulate.weight)
        nn.init.zeros_(self.modulate.bias)

    def forward(self, x: Tensor, level: Tensor, rotation: tuple[Tensor, Tensor]) -> Tensor:
        """x (B, N, C) with noise levels (B, N, C) and rotary cosines and sines (N, D)."""
        scale, shift, scale_mlp, shift_mlp = self.modulate(F.silu(level)).chunk(4, dim=-1)
        h = F.layer_norm(x, x.shape[-1:]) * (1 + scale) + shift
        q, k, v = rearrange(self.qkv(h), "b n (s h d) -> s b h n d", s=3, h=self.heads)
        q, k = F.rms_norm(q, q.shape[-1:]), F.rms_norm(k, k.shape[-1:])
        h = F.scaled_dot_product_attention(rotate(q, rotation), rotate(k, rotation), v)
        x = x + self.project(rearrange(h, "b h n d -> b n (h d)"))
        h = F.layer_norm(x, x.shape[-1:]) * (1 + scale_mlp) + shift_mlp
        return x + self.down(F.gelu(self.up(h)))


def time_features(t: Float[Tensor, "batch frame"]) -> Float[Tensor, "batch frame 64"]:
    """Cosines and sines of t at 32 frequencies from 1/2 to about 50 turns."""
    frequencies = torch.pi * 10 ** torch.linspace(0, 2, 32, device=t.device)
    angles = t[..., None].float() * frequencies
    return torch.cat([angles.cos(), angles.sin()], dim=-1)


def rotary_angles(
    grid: tuple[int, int, int], *, per_head: int, device: torch.device
) -> tuple[Tensor, Tensor]:
    """Cosines and sines (N, per_head / 2) that turn a third of a head's pairs by each of time, row, column.

    Su et al. 2021 (arXiv 2104.09864), along three axes, with positions counted from the picture's centre.
    """
    pairs = per_head // 6
    frequencies = 10 ** torch.linspace(0, -1.5, pairs, device=device)
    axes = [torch.arange(n, device=device) - (n - 1) / 2 for n in grid]
    place = torch.stack(torch.meshgrid(*axes, indexing="ij"), dim=-1).reshape(-1, 3, 1)
    angles = (place * frequencies).flatten(1)
    return angles.cos(), angles.sin()


def rotate(x: Tensor, rotation: tuple[Tensor, Tensor]) -> Tensor:
    """Turn the pairs (i, i + D / 2) of x (B, heads, N, D)."""
    cosine, sine = (part.to(x) for part in rotation)
    a, b = x.chunk(2, dim=-1)
    return torch.cat([a * cosine - b * sine, b * cosine + a * sine], dim=-1)


def pulled_from_all_sides(
    values: Float[Tensor, "frame channel height width"], known: Float[Tensor, "frame 1 height width"]
) -> Float[Tensor, "frame channel height width"]:
    """Holes filled by means over ever larger squares, with no thought of what is in front.

    Halved until nothing is missing, then doubled again into the holes (Gortler et al. 1996, "The
    Lumigraph", push-pull). A frame of which nothing is known becomes 0.
    """
    height, width = values.shape[-2:]
    if height == 1 and width == 1:
        return values * known
    pad = (0, width % 2, 0, height % 2)
    share = F.avg_pool2d(F.pad(known, pad), 2)
    means = F.avg_pool2d(F.pad(values * known, pad), 2) / share.clamp(min=1e-6)
    coarse = pulled_from_all_sides(means, (share > 0).to(values))
    fine = F.interpolate(coarse, scale_factor=2, mode="bilinear", align_corners=False)
    return torch.where(known > 0, values, fine[..., :height, :width])
