"""Layers of the mini network: convolutions, transformer layers, rotary positions."""

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

Rotation = tuple[Tensor, Tensor]
"""Cosines and sines (B, 1, N, D / 2) for the pairs of N tokens, in all heads alike."""


class Convolution(nn.Module):
    """A convolution whose kernel is kept as the matrix (out, in * size * size), as Muon takes it."""

    def __init__(self, inputs: int, outputs: int, *, size: int = 3) -> None:
        super().__init__()
        start = nn.Conv2d(inputs, outputs, size)
        assert start.bias is not None
        self.shape = tuple(start.weight.shape)
        self.weight = nn.Parameter(start.weight.detach().flatten(1).clone())
        self.bias = nn.Parameter(start.bias.detach().clone())

    def forward(self, x: Tensor) -> Tensor:
        """x (B, in, H, W) to (B, out, H, W)."""
        return F.conv2d(x, self.weight.view(self.shape), self.bias, padding=self.shape[-1] // 2)


class Block(nn.Module):
    """Two convolutions beside a skip; the noise level and the text scale and shift what they read."""

    def __init__(self, channels: int, *, level: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(8, channels)
        self.modulate = nn.Linear(level, 2 * channels)
        self.first = Convolution(channels, channels)
        self.second = Convolution(channels, channels)
        for start_at_zero in (*self.modulate.parameters(), self.second.weight, self.second.bias):
            nn.init.zeros_(start_at_zero)

    def forward(self, x: Tensor, level: Tensor) -> Tensor:
        """x (N, C, H, W) with a level vector (N, L) for each picture."""
        scale, shift = self.modulate(F.silu(level))[..., None, None].chunk(2, dim=1)
        h = F.gelu(self.norm(x) * (1 + scale) + shift)
        return x + self.second(F.gelu(self.first(h)))


class Cleaner(nn.Module):
    """Three convolutions at full resolution; what they give begins as 0."""

    def __init__(self, inputs: int, width: int, outputs: int) -> None:
        super().__init__()
        self.first = Convolution(inputs, width)
        self.second = Convolution(width, width)
        self.last = Convolution(width, outputs)
        for start_at_zero in self.last.parameters():
            nn.init.zeros_(start_at_zero)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, in, H, W) to (N, out, H, W)."""
        return self.last(F.gelu(self.second(F.gelu(self.first(x)))))


class Stream(nn.Module):
    """One stream's own weights of a transformer layer: adaptive norms, projections and MLP.

    Adaptive layer norm with gates (Peebles and Xie 2023, arXiv 2212.09748), queries and keys normed.
    """

    def __init__(self, width: int, *, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.modulate = nn.Linear(width, 6 * width)
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.project = nn.Linear(width, width, bias=False)
        self.up = nn.Linear(width, 4 * width, bias=False)
        self.down = nn.Linear(4 * width, width, bias=False)
        nn.init.zeros_(self.modulate.weight)
        nn.init.zeros_(self.modulate.bias)

    def scales(self, level: Tensor, counts: Tensor, *, tokens: int) -> tuple[Tensor, ...]:
        """Scale, shift and gate of attention and of the MLP, six times (B, N, C).

        Args:
            level: A vector for every group of tokens (B, G, C): a frame, or the text.
            counts: Tokens of each group (G,).
            tokens: Their sum N, which a GPU would have to be waited for.
        """
        each = self.modulate(F.silu(level)).repeat_interleave(counts, dim=1, output_size=tokens)
        return each.chunk(6, dim=-1)

    def read(self, x: Tensor, scales: tuple[Tensor, ...]) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values (B, heads, N, D) of tokens (B, N, C)."""
        h = F.layer_norm(x, x.shape[-1:]) * (1 + scales[0]) + scales[1]
        q, k, v = rearrange(self.qkv(h), "b n (s h d) -> s b h n d", s=3, h=self.heads)
        return F.rms_norm(q, q.shape[-1:]), F.rms_norm(k, k.shape[-1:]), v

    def write(self, x: Tensor, attended: Tensor, scales: tuple[Tensor, ...]) -> Tensor:
        """The tokens after what was attended to (B, heads, N, D) and the MLP."""
        _, _, gate, scale, shift, gate_mlp = scales
        x = x + (1 + gate) * self.project(rearrange(attended, "b h n d -> b n (h d)"))
        h = F.layer_norm(x, x.shape[-1:]) * (1 + scale) + shift
        return x + (1 + gate_mlp) * self.down(F.gelu(self.up(h)))


class DualLayer(nn.Module):
    """Video and text with weights of their own, attending to each other (HunyuanVideo, arXiv 2412.03603)."""

    def __init__(self, width: int, *, heads: int) -> None:
        super().__init__()
        self.video = Stream(width, heads=heads)
        self.text = Stream(width, heads=heads)

    def forward(
        self, video: Tensor, text: Tensor, *, level: Tensor, counts: Tensor, rotation: Rotation
    ) -> tuple[Tensor, Tensor]:
        """video (B, N, C) and text (B, M, C).

        ``level`` (B, T + 1, C) and ``counts`` (T + 1,) are of the frames and, last, the text; the
        rotation is of all N + M tokens.
        """
        seen = self.video.scales(level[:, :-1], counts[:-1], tokens=video.shape[1])
        said = self.text.scales(level[:, -1:], counts[-1:], tokens=text.shape[1])
        parts = zip(self.video.read(video, seen), self.text.read(text, said), strict=True)
        q, k, v = (torch.cat(pair, dim=2) for pair in parts)
        attended = attend(rotate(q, rotation), rotate(k, rotation), v)
        for_video, for_text = attended.split([video.shape[1], text.shape[1]], dim=2)
        return self.video.write(video, for_video, seen), self.text.write(text, for_text, said)


class SingleLayer(nn.Module):
    """Video and text as one sequence with one set of weights."""

    def __init__(self, width: int, *, heads: int) -> None:
        super().__init__()
        self.stream = Stream(width, heads=heads)

    def forward(self, x: Tensor, *, level: Tensor, counts: Tensor, rotation: Rotation) -> Tensor:
        """x (B, N, C); level, counts and rotation as in ``DualLayer``."""
        scales = self.stream.scales(level, counts, tokens=x.shape[1])
        q, k, v = self.stream.read(x, scales)
        attended = attend(rotate(q, rotation), rotate(k, rotation), v)
        return self.stream.write(x, attended, scales)


def attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """softmax(q k^T / sqrt(D)) v over (B, heads, N, D).

    On a processor, sequences as short as ours go through two plain products in half the time of the
    fused kernel (384 tokens, D = 96, forward and back: 16 against 31 ms for 8 clips).
    """
    if q.is_cuda:
        return F.scaled_dot_product_attention(q, k, v)
    return (q @ k.mT * q.shape[-1] ** -0.5).softmax(dim=-1) @ v


def level_features(t: Float[Tensor, "batch frame"]) -> Float[Tensor, "batch frame 64"]:
    """Cosines and sines of a noise level t at 32 frequencies from 1/2 to about 50 turns."""
    frequencies = torch.pi * 10 ** torch.linspace(0, 2, 32, device=t.device)
    angles = t[..., None].float() * frequencies
    return torch.cat([angles.cos(), angles.sin()], dim=-1)


def rotary_angles(
    places: Float[Tensor, "batch token 3"], *, per_head: int
) -> tuple[Float[Tensor, "batch 1 token half"], Float[Tensor, "batch 1 token half"]]:
    """Cosines and sines (B, 1, N, per_head / 2) that turn a third of a head's pairs along each axis.

    Su et al. 2021 (arXiv 2104.09864), along time, row and column; a token at the origin is not turned.
    """
    frequencies = 10 ** torch.linspace(0, -1.5, per_head // 6, device=places.device)
    angles = (places[..., None] * frequencies).flatten(2)[:, None]
    return angles.cos(), angles.sin()


def rotate(x: Tensor, rotation: Rotation) -> Tensor:
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
