"""The velocity network of the embedded core: a small transformer over patches of RGB and inverse depth.

A clip is a signal of four channels, RGB and inverse depth, both scaled to about [-1, 1]. The network
sees it noisy beside the guidance and the guidance's fill, and predicts what is still to be added to the
fill. Tokens are patches of 3 frames by 8 x 8 pixels; skip connections and convolutions at a quarter of
the resolution and at full resolution keep the patches' borders from showing. Beside what is to be added
it says how much of a plainer fill, drawn from all sides of a hole, to take instead.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Bool, Float
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from voyager_lite.core.mini_layers import Layer, pulled_from_all_sides, rotary_angles, time_features
from voyager_lite.core.mini_signal import CHANNELS

FRAMES_PER_PATCH = 3
PATCH = 8
CELL = 4
"""Pixels along a side of a cell, the unit of the quarter-resolution features."""


@dataclass(frozen=True, kw_only=True)
class MiniConfig:
    """Sizes of the network.

    Attributes:
        width: Features of a token.
        layers: Transformer layers.
        heads: Attention heads; ``width / heads`` is a multiple of 6 (three axes of rotary pairs).
        cell_width: Features of a quarter-resolution cell.
        cell_layers: Convolutions over cells after the transformer.
        residual_std: Spread of truth minus fill over holes, in signal units: how much is left to say.
    """

    width: int = 192
    layers: int = 6
    heads: int = 4
    cell_width: int = 96
    cell_layers: int = 3
    residual_std: float = 0.2

    def __post_init__(self) -> None:
        if self.width % (6 * self.heads):
            raise ValueError(f"width is {self.width}; expected a multiple of 6 x {self.heads} heads")


@dataclass(frozen=True, kw_only=True, eq=False)
class MiniCondition:
    """What the network knows of a clip.

    Attributes:
        guidance: Signal (RGB and inverse depth) of the cache's rendering; 0 where not ``known``.
        known: True where the cache covers the pixel.
        fill: Signal of the guidance with its holes filled from the background.
        reference: RGB signal of the photograph, at the clip's size.
    """

    guidance: Float[Tensor, "batch frame 4 height width"]
    known: Bool[Tensor, "batch frame height width"]
    fill: Float[Tensor, "batch frame 4 height width"]
    reference: Float[Tensor, "batch 3 height width"]


class MiniNetwork(nn.Module):
    """Velocity of the rectified flow over RGB and inverse depth; x_t = (1 - t) x0 + t noise.

    The network speaks in units of what is unknown. With r = x0 - fill of spread s, the best linear
    guess of r from x_t is ``w (x_t - (1 - t) fill)`` with w = (1 - t) s^2 / ((1 - t)^2 s^2 + t^2), and
    its error has the spread c = s t / sqrt((1 - t)^2 s^2 + t^2). The network sees that guess and adds
    c times its own output (Karras et al. 2022, arXiv 2206.00364, section 5, for a straight path). At
    t = 1 the guess is 0: the noise is not seen, and one step from noise gives the conditional mean.

    Raises:
        ValueError: A clip's frames are no multiple of 3 or its sides no multiples of 8.
    """

    def __init__(self, config: MiniConfig) -> None:
        super().__init__()
        self.config = config
        inputs = 5 * CHANNELS
        width, cell = config.width, config.cell_width
        self.read = nn.Linear(inputs * CELL * CELL, cell)
        self.gather = nn.Conv2d(cell, cell, 3, padding=1)
        self.embed = nn.Linear(cell * FRAMES_PER_PATCH * (PATCH // CELL) ** 2, width)
        self.time = nn.Sequential(nn.Linear(64 * FRAMES_PER_PATCH, width), nn.SiLU(), nn.Linear(width, width))
        self.layers = nn.ModuleList(Layer(width, config.heads) for _ in range(config.layers))
        self.spread = nn.Linear(width, cell * FRAMES_PER_PATCH * (PATCH // CELL) ** 2)
        self.join = nn.Conv2d(2 * cell, cell, 3, padding=1)
        self.refine = nn.ModuleList(nn.Conv2d(cell, cell, 3, padding=1) for _ in range(config.cell_layers))
        self.write = nn.Linear(cell, 2 * CHANNELS * CELL * CELL)
        self.smooth = nn.Conv2d(2 * CHANNELS, CHANNELS + 2, 3, padding=1)
        for start_at_zero in self.smooth.parameters():
            nn.init.zeros_(start_at_zero)

    def forward(
        self,
        x: Float[Tensor, "batch frame 4 height width"],
        t: Float[Tensor, "batch frame"],
        condition: MiniCondition,
    ) -> Float[Tensor, "batch frame 4 height width"]:
        """The velocity noise - x0 expected at ``x``, one noise level a frame; at t = 0 it is 0."""
        level = t[..., None, None, None]
        return torch.where(level > 0, (x - self.denoised(x, t, condition)) / level.clamp(min=1e-6), 0.0)

    def denoised(
        self,
        x: Float[Tensor, "batch frame 4 height width"],
        t: Float[Tensor, "batch frame"],
        condition: MiniCondition,
    ) -> Float[Tensor, "batch frame 4 height width"]:
        """The clean signal x0 expected at ``x``."""
        guess, spread = self.linear_guess(x, t, condition.fill)
        return guess + spread * self.correction(guess, t, condition)

    def linear_guess(self, x: Tensor, t: Tensor, fill: Tensor) -> tuple[Tensor, Tensor]:
        """The best linear guess of x0 from ``x`` and the fill, and its error's spread (B, T, 1, 1, 1)."""
        level, s = t[..., None, None, None].to(x), self.config.residual_std
        variance = (1 - level) ** 2 * s**2 + level**2
        weight = (1 - level) * s**2 / variance
        return fill + weight * (x - (1 - level) * fill), s * level / variance.sqrt()

    def correction(
        self,
        guess: Float[Tensor, "batch frame 4 height width"],
        t: Float[Tensor, "batch frame"],
        condition: MiniCondition,
    ) -> Float[Tensor, "batch frame 4 height width"]:
        """What is to be added to the linear guess, in units of its spread."""
        batch, frames, _, height, width = guess.shape
        if frames % FRAMES_PER_PATCH or height % PATCH or width % PATCH:
            raise ValueError(
                f"clip has {frames} frames of {width}x{height}; expected a multiple of {FRAMES_PER_PATCH} "
                f"frames and sides in multiples of {PATCH}"
            )
        pulled = pulled_from_all_sides(
            condition.guidance.flatten(0, 1), condition.known.flatten(0, 1)[:, None].to(guess)
        ).view_as(guess)
        cells = self._read_cells(guess, condition, pulled)  # (BT, C, H/4, W/4)
        tokens = self._think(cells, t, size=(height, width))
        skip = torch.cat([cells, tokens], dim=1)
        cells = self.join(skip)
        for refine in self.refine:
            cells = cells + refine(F.gelu(cells))
        pixels = self.write(F.gelu(cells).permute(0, 2, 3, 1))
        pixels = rearrange(pixels, "n h w (c p q) -> n c (h p) (w q)", p=CELL, q=CELL)
        out = self.smooth(F.gelu(pixels))
        out = rearrange(out, "(b t) c h w -> b t c h w", b=batch).to(guess.dtype)
        added, share_rgb, share_depth = out.split([CHANNELS, 1, 1], dim=2)
        share = torch.cat([share_rgb.expand(-1, -1, 3, -1, -1), share_depth], dim=2)
        return added + share * (pulled - condition.fill) / self.config.residual_std

    def _read_cells(self, guess: Tensor, condition: MiniCondition, pulled: Tensor) -> Tensor:
        known = condition.known[:, :, None].to(guess)
        reference = condition.reference[:, None].expand(-1, guess.shape[1], -1, -1, -1)
        inputs = torch.cat(
            [guess, condition.guidance * known, known, condition.fill, reference, pulled], dim=2
        )  # (B, T, 20, H, W)
        inputs = rearrange(inputs, "b t c (h p) (w q) -> (b t) h w (c p q)", p=CELL, q=CELL)
        cells = self.read(inputs).permute(0, 3, 1, 2)
        return cells + F.gelu(self.gather(F.gelu(cells)))

    def _think(self, cells: Tensor, t: Tensor, *, size: tuple[int, int]) -> Tensor:
        grid = t.shape[1] // FRAMES_PER_PATCH, size[0] // PATCH, size[1] // PATCH
        shape = {"k": FRAMES_PER_PATCH, "p": PATCH // CELL, "q": PATCH // CELL}
        tokens = rearrange(
            cells, "(b t k) c (h p) (w q) -> b (t h w) (k p q c)", b=t.shape[0], t=grid[0], **shape
        )
        tokens = self.embed(tokens)
        level = rearrange(time_features(t), "b (t k) c -> b t (k c)", k=FRAMES_PER_PATCH).to(tokens)
        level = self.time(level).repeat_interleave(grid[1] * grid[2], dim=1)
        rotation = rotary_angles(grid, per_head=self.config.width // self.config.heads, device=cells.device)
        for layer in self.layers:
            tokens = layer(tokens, level, rotation)
        return rearrange(
            self.spread(tokens), "b (t h w) (k p q c) -> (b t k) c (h p) (w q)",
            t=grid[0], h=grid[1], w=grid[2], **shape,
        )  # fmt: skip


def save_mini(network: MiniNetwork, path: Path) -> None:
    """Write weights (float16) to ``path`` and the configuration to the .json file beside it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    tensors = {key: value.detach().half().cpu().contiguous() for key, value in network.state_dict().items()}
    partial = path.with_suffix(".partial")
    save_file(tensors, partial)
    path.with_suffix(".json").write_text(json.dumps(asdict(network.config), indent=2) + "\n")
    partial.replace(path)


def load_mini(path: Path) -> MiniNetwork:
    """Read a network in float32, ready for inference.

    Args:
        path: The .safetensors file; its configuration is the .json file of the same name.

    Raises:
        FileNotFoundError: One of the two files is missing.
        ValueError: The file is no safetensors file, the configuration has unknown or unfit entries, or
            tensors are missing, unknown or of another shape.
    """
    settings = path.with_suffix(".json")
    for file in (path, settings):
        if not file.is_file():
            raise FileNotFoundError(f"{file} is missing; a mini network is a .safetensors and a .json file")
    try:
        config = MiniConfig(**json.loads(settings.read_text()))
    except (TypeError, json.JSONDecodeError) as error:
        raise ValueError(f"{settings} is no configuration of a mini network: {error}") from error
    try:
        tensors = load_file(path)
    except SafetensorError as error:
        raise ValueError(f"{path} is no safetensors file: {error}") from error
    network = MiniNetwork(config)
    expected = {key: tuple(value.shape) for key, value in network.state_dict().items()}
    found = {key: tuple(value.shape) for key, value in tensors.items()}
    if missing := sorted(expected.keys() - found.keys()):
        raise ValueError(f"{path} lacks {len(missing)} tensors, the first {missing[0]}")
    if unknown := sorted(found.keys() - expected.keys()):
        raise ValueError(f"{path} has {len(unknown)} unknown tensors, the first {unknown[0]}")
    for key, shape in expected.items():
        if found[key] != shape:
            raise ValueError(f"{path}: {key} has shape {found[key]}; expected {shape}")
    network.load_state_dict({key: value.to(torch.float32) for key, value in tensors.items()})
    return network.eval().requires_grad_(False)
