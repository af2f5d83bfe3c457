"""The network of ``DepthMini``: a picture in; inverse depth, sky and field of view out."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from voyager_lite.weights import load_weights, save_weights

MULTIPLE = 16
"""Sides of the pictures that the network reads are multiples of this many pixels."""

LARGEST_LOG = 6.0
"""Bound of the logarithm of inverse depth before its mean is taken off."""


@dataclass(frozen=True, kw_only=True)
class DepthMiniConfig:
    """Sizes of the network.

    Attributes:
        widths: Channels at a half, a quarter, an eighth and a sixteenth of the picture's size.
        blocks: Convolutional blocks at a quarter and at an eighth, on the way down and on the way up.
        layers: Transformer layers at a sixteenth.
        heads: Of every attention.
    """

    widths: tuple[int, int, int, int] = (32, 64, 128, 256)
    blocks: int = 1
    layers: int = 5
    heads: int = 8

    def __post_init__(self) -> None:
        if len(self.widths) != 4 or any(width % 16 for width in self.widths):
            raise ValueError(f"widths are {tuple(self.widths)}; expected four multiples of 16")
        if self.widths[-1] % self.heads:
            raise ValueError(f"{self.heads} heads do not divide the width {self.widths[-1]}")


@dataclass(frozen=True, kw_only=True, eq=False)
class DepthPrediction:
    """What the network sees in pictures.

    Attributes:
        inverse: Inverse depth > 0, meaningful up to scale and shift, at half the pictures' size. Its
            geometric mean is 1: losses blind to scale would let a free one drift to where nothing is learned.
        sky: Logit of a pixel being sky, at the same size.
        focal: Logarithm of the focal length in shares of the width.
    """

    inverse: Float[Tensor, "batch half_height half_width"]
    sky: Float[Tensor, "batch half_height half_width"]
    focal: Float[Tensor, " batch"]


class DepthMiniNetwork(nn.Module):
    """A U-shaped network with a transformer at its narrowest place.

    Two planes with the row and the column of every pixel come in beside the colours, so that the network
    knows up from down; colours are brought to mean 0 and deviation 1 picture by picture.
    """

    def __init__(self, config: DepthMiniConfig) -> None:
        super().__init__()
        self.config = config
        half, quarter, eighth, low = config.widths
        self.stem = nn.Conv2d(5, half, 5, stride=2, padding=2)
        self.detail = _Block(half)
        self.down = nn.ModuleList(
            nn.Conv2d(a, b, 2, stride=2) for a, b in ((half, quarter), (quarter, eighth), (eighth, low))
        )
        self.falling = nn.ModuleList(
            nn.Sequential(*[_Block(width) for _ in range(config.blocks)]) for width in (quarter, eighth, low)
        )
        self.place = nn.Linear(2, low)
        self.layers = nn.ModuleList(_Layer(low, config.heads) for _ in range(config.layers))
        self.up = nn.ModuleList(
            nn.Conv2d(a, b, 1) for a, b in ((low, eighth), (eighth, quarter), (quarter, half))
        )
        self.rising = nn.ModuleList(
            nn.Sequential(*[_Block(width) for _ in range(config.blocks)]) for width in (eighth, quarter)
        )
        self.finish = _Block(half)
        self.planes = nn.Conv2d(half, 2, 3, padding=1)
        self.focal = nn.Linear(low, 1)
        nn.init.zeros_(self.focal.weight)
        nn.init.zeros_(self.focal.bias)

    def forward(self, pictures: Float[Tensor, "batch 3 height width"]) -> DepthPrediction:
        """Predict for RGB in [0, 1].

        Raises:
            ValueError: A side is no multiple of ``MULTIPLE``.
        """
        height, width = pictures.shape[-2:]
        if height % MULTIPLE or width % MULTIPLE:
            raise ValueError(f"pictures are {width}x{height}; expected multiples of {MULTIPLE}")
        x = torch.cat([standardized(pictures), _places(pictures)], dim=1)
        x = self.detail(self.stem(x.contiguous(memory_format=torch.channels_last)))
        steps = [x]
        for down, blocks in zip(self.down, self.falling, strict=True):
            x = blocks(down(x))
            steps.append(x)
        x = steps.pop()
        tokens = rearrange(x, "b c h w -> b (h w) c")
        tokens = tokens + self.place(rearrange(_places(x), "b c h w -> b (h w) c"))
        for layer in self.layers:
            tokens = layer(tokens)
        focal = self.focal(tokens.mean(dim=1))[:, 0]
        x = rearrange(tokens, "b (h w) c -> b c h w", h=x.shape[2])
        for up, blocks in zip(self.up, (*self.rising, self.finish), strict=True):
            enlarged = F.interpolate(up(x), scale_factor=2, mode="bilinear", align_corners=False)
            x = blocks(steps.pop() + enlarged)
        nearness, sky = self.planes(x).float().unbind(dim=1)
        logs = LARGEST_LOG * torch.tanh(nearness / LARGEST_LOG)
        inverse = (logs - logs.mean(dim=(1, 2), keepdim=True)).exp()
        return DepthPrediction(inverse=inverse, sky=sky, focal=focal.float())


class _Block(nn.Module):
    """Two 3x3 convolutions beside the identity, normalised over groups of channels."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(width // 16, width)
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        nn.init.normal_(self.second.weight, std=1e-3)

    def forward(self, x: Tensor) -> Tensor:
        """x (B, C, H, W)."""
        return x + self.second(F.gelu(self.first(self.norm(x))))


class _Layer(nn.Module):
    """A transformer layer over all places of the picture."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2))
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.project = nn.Linear(width, width, bias=False)
        self.up = nn.Linear(width, 4 * width, bias=False)
        self.down = nn.Linear(4 * width, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """x (B, N, C)."""
        q, k, v = rearrange(self.qkv(self.norms[0](x)), "b n (s h d) -> s b h n d", s=3, h=self.heads)
        q, k = F.rms_norm(q, q.shape[-1:]), F.rms_norm(k, k.shape[-1:])
        h = F.scaled_dot_product_attention(q, k, v)
        x = x + self.project(rearrange(h, "b h n d -> b n (h d)"))
        return x + self.down(F.gelu(self.up(self.norms[1](x))))


def standardized(pictures: Float[Tensor, "batch 3 height width"]) -> Float[Tensor, "batch 3 height width"]:
    """Colours with mean 0 and deviation 1 over each picture, so that exposure and contrast tell nothing."""
    mean = pictures.mean(dim=(1, 2, 3), keepdim=True)
    return (pictures - mean) / (pictures.std(dim=(1, 2, 3), keepdim=True) + 0.02)


def _places(x: Float[Tensor, "batch channel height width"]) -> Float[Tensor, "batch 2 height width"]:
    """Row and column of every pixel, -1 to 1 from rim to rim."""
    batch, _, height, width = x.shape
    rows = (2 * torch.arange(height, device=x.device) + 1) / height - 1
    columns = (2 * torch.arange(width, device=x.device) + 1) / width - 1
    grid = torch.stack(torch.meshgrid(rows, columns, indexing="ij"))
    return grid.to(x.dtype).expand(batch, -1, -1, -1)


def save_depth_mini(network: DepthMiniNetwork, path: Path) -> None:
    """Write weights and configuration; see ``save_weights``."""
    save_weights(network, path, config=asdict(network.config))


def load_depth_mini(path: Path) -> DepthMiniNetwork:
    """Read a network, ready for inference; errors as in ``load_weights``."""
    return load_weights(path, kind="depth network", make=_of_sizes)


def _of_sizes(sizes: dict[str, Any]) -> DepthMiniNetwork:
    return DepthMiniNetwork(DepthMiniConfig(**{**sizes, "widths": tuple(sizes["widths"])}))
