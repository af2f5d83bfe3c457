"""The velocity network of the embedded cores: a small video transformer between convolutions.

A clip is a signal of four channels, RGB and inverse depth, both scaled to about [-1, 1]. The network
sees it noisy beside the guidance, the guidance's fill, the cameras' rays and a prompt, and predicts
what is still to be added to the fill.

Convolutions at a half and a quarter of the resolution look after what is near a hole; between them a
transformer looks at the whole clip. Its tokens are patches of RGB (8 x 8 pixels) and of inverse depth
(16 x 16 pixels) of every frame in one sequence, first beside the prompt in two streams, then with it in
one, as in HunyuanVideo (arXiv 2412.03603). Frames have noise levels of their own.
"""

from dataclasses import dataclass, fields

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Bool, Float, UInt8
from torch import Tensor, nn

from voyager_lite.core.mini_layers import (
    Block,
    Cleaner,
    Convolution,
    DualLayer,
    SingleLayer,
    level_features,
    pulled_from_all_sides,
    rotary_angles,
)
from voyager_lite.core.mini_signal import CHANNELS
from voyager_lite.core.mini_text import TextReader
from voyager_lite.core.rays import MIRRORED_RAY

PATCH = 16
"""Sides of a clip are multiples of this: of the patch of inverse depth, twice that of RGB."""

INPUTS = 5 * CHANNELS + 6
"""Channels read a pixel: guess, guidance, known, fill, pulled fill, photograph (3), rays (6)."""

KEPT = 10
"""Features a pixel has before the last convolution."""


@dataclass(frozen=True, kw_only=True)
class MiniConfig:
    """Sizes of the network.

    Attributes:
        fine: Features at half the resolution.
        middle: Features at a quarter of it.
        width: Features of a token.
        heads: Attention heads; ``width / heads`` is a multiple of 6 (three axes of rotary pairs).
        dual: Layers in which video and text have weights of their own.
        single: Layers after these, in which they share them.
        blocks: Blocks of two convolutions at a quarter of the resolution, on the way down and again on
            the way up; there is one of them at half the resolution.
        residual_std: Spread of truth minus fill over holes, in signal units: how much is left to say.
        clean: Features at full resolution that tell detail from noise, as several steps ask; 0 in a network
            that is to answer in one step, which sees no noise.
    """

    fine: int = 48
    middle: int = 96
    width: int = 192
    heads: int = 2
    dual: int = 2
    single: int = 3
    blocks: int = 2
    residual_std: float = 0.2
    clean: int = 0

    def __post_init__(self) -> None:
        if self.width % (6 * self.heads):
            raise ValueError(f"width is {self.width}; expected a multiple of 6 x {self.heads} heads")
        for name in ("fine", "middle"):
            if getattr(self, name) % 8:
                raise ValueError(f"{name} is {getattr(self, name)}; expected a multiple of 8")


MINI = MiniConfig()
NANO = MiniConfig(fine=24, middle=48, width=96, heads=1, dual=1, single=2, blocks=1)


@dataclass(frozen=True, kw_only=True, eq=False)
class MiniCondition:
    """What the network knows of a clip.

    Attributes:
        guidance: Signal (RGB and inverse depth) of the cache's rendering; 0 where not ``known``.
        known: True where the cache covers the pixel.
        fill: Signal of the guidance with its holes filled from the background.
        reference: RGB signal of the photograph, at the clip's size.
        rays: Pluecker coordinates of the pixels' rays (``plucker_rays``).
        times: When each frame is seen, in steps between key frames.
        text: Bytes of the prompt (``prompt_bytes``).
    """

    guidance: Float[Tensor, "batch frame 4 height width"]
    known: Bool[Tensor, "batch frame height width"]
    fill: Float[Tensor, "batch frame 4 height width"]
    reference: Float[Tensor, "batch 3 height width"]
    rays: Float[Tensor, "batch frame 6 height width"]
    times: Float[Tensor, "batch frame"]
    text: UInt8[Tensor, "batch 96"]

    def to(self, device: torch.device | str) -> "MiniCondition":
        """The same on another device, in float32."""
        parts = {f.name: getattr(self, f.name).to(device) for f in fields(self)}
        return MiniCondition(**{k: v.float() if v.is_floating_point() else v for k, v in parts.items()})

    def mirrored(self) -> "MiniCondition":
        """The same clip with left and right changed over."""
        maps = {name: getattr(self, name).flip(-1) for name in ("guidance", "known", "fill", "reference")}
        rays = self.rays.flip(-1) * MIRRORED_RAY.to(self.rays)
        return MiniCondition(**maps, rays=rays, times=self.times, text=self.text)


class MiniNetwork(nn.Module):
    """Velocity of the rectified flow over RGB and inverse depth; x_t = (1 - t) x0 + t noise.

    The network speaks in units of what is unknown. With r = x0 - fill of spread s, the best linear
    guess of r from x_t is ``w (x_t - (1 - t) fill)`` with w = (1 - t) s^2 / ((1 - t)^2 s^2 + t^2), and
    its error has the spread c = s t / sqrt((1 - t)^2 s^2 + t^2). The network sees that guess and adds
    c times its own output (Karras et al. 2022, arXiv 2206.00364, section 5, for a straight path). At
    t = 1 the guess is 0: the noise is not seen, and one step from noise gives the conditional mean.

    Raises:
        ValueError: A clip's sides are no multiples of 16.
    """

    def __init__(self, config: MiniConfig) -> None:
        super().__init__()
        self.config = config
        fine, middle, width = config.fine, config.middle, config.width
        self.text = TextReader(width)
        self.level = nn.Sequential(nn.Linear(64, width), nn.SiLU(), nn.Linear(width, width))
        self.read = Convolution(4 * INPUTS, fine)
        self.read_fine = Block(fine, level=width)
        self.shrink = Convolution(4 * fine, middle, size=1)
        self.read_middle = nn.ModuleList(Block(middle, level=width) for _ in range(config.blocks))
        self.embed_rgb = nn.Linear(4 * middle, width)
        self.embed_depth = nn.Linear(16 * middle, width)
        self.dual = nn.ModuleList(DualLayer(width, heads=config.heads) for _ in range(config.dual))
        self.single = nn.ModuleList(SingleLayer(width, heads=config.heads) for _ in range(config.single))
        self.spread_rgb = nn.Linear(width, 4 * middle)
        self.spread_depth = nn.Linear(width, 16 * middle)
        self.join_middle = Convolution(2 * middle, middle, size=1)
        self.write_middle = nn.ModuleList(Block(middle, level=width) for _ in range(config.blocks))
        self.grow = Convolution(middle, 4 * fine, size=1)
        self.join_fine = Convolution(2 * fine, fine, size=1)
        self.write_fine = Block(fine, level=width)
        self.settle = nn.GroupNorm(8, fine)
        self.write = Convolution(fine, 4 * KEPT)
        self.smooth = Convolution(KEPT, CHANNELS + 3)
        for start_at_zero in self.smooth.parameters():
            nn.init.zeros_(start_at_zero)
        self.clean = Cleaner(2 * CHANNELS + KEPT, config.clean, CHANNELS) if config.clean else None

    def forward(
        self,
        x: Float[Tensor, "batch frame 4 height width"],
        t: Float[Tensor, "batch frame"],
        condition: MiniCondition,
    ) -> Float[Tensor, "batch frame 4 height width"]:
        """The velocity noise - x0 expected at ``x``, one noise level a frame; at t = 0 it is 0."""
        level = t[..., None, None, None].to(x)
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
        variance = self._variance(level)
        weight = (1 - level) * s**2 / variance
        return fill + weight * (x - (1 - level) * fill), s * level / variance.sqrt()

    def _variance(self, level: Tensor) -> Tensor:
        """Of x_t about (1 - t) fill, at levels t."""
        return (1 - level) ** 2 * self.config.residual_std**2 + level**2

    def correction(
        self,
        guess: Float[Tensor, "batch frame 4 height width"],
        t: Float[Tensor, "batch frame"],
        condition: MiniCondition,
    ) -> Float[Tensor, "batch frame 4 height width"]:
        """What is to be added to the linear guess, in units of its spread.

        Beside an addition of its own the network says, pixel by pixel, how much to take, instead of the
        background's fill, of a plainer one, drawn from all sides of a hole, and of the colours that the
        prompt suggests.
        """
        batch, _, _, height, width = guess.shape
        if height % PATCH or width % PATCH:
            raise ValueError(f"clip is {width}x{height}; expected sides in multiples of {PATCH}")
        known = condition.known.flatten(0, 1)[:, None].to(guess)
        pulled = pulled_from_all_sides(condition.guidance.flatten(0, 1), known)
        words, summary, suggested = self.text(condition.text)
        level = self.level(level_features(t).to(guess)) + summary[:, None]  # (B, T, width)
        each = level.flatten(0, 1)
        fine = self.read_fine(self.read(self._inputs(guess, condition, pulled, known)), each)
        middle = self.shrink(F.pixel_unshuffle(fine, 2))
        for block in self.read_middle:
            middle = block(middle, each)
        back = self._think(middle, words, level=level, summary=summary, times=condition.times)
        middle = self.join_middle(torch.cat([middle, back], dim=1))
        for block in self.write_middle:
            middle = block(middle, each)
        fine = self.join_fine(torch.cat([fine, F.pixel_shuffle(self.grow(middle), 2)], dim=1))
        out = self.write(F.gelu(self.settle(self.write_fine(fine, each))))
        kept = F.gelu(F.pixel_shuffle(out, 2))
        out = self.smooth(kept).to(guess.dtype)
        added, share_rgb, share_depth, share_words = out.split([CHANNELS, 1, 1, 1], dim=1)
        share = torch.cat([share_rgb.expand(-1, 3, -1, -1), share_depth], dim=1)
        fill = condition.fill.flatten(0, 1)
        said = self._said(suggested, fill, frames=guess.shape[1])
        mixed = share * (pulled - fill) + share_words * said
        added = added + mixed / self.config.residual_std
        if self.clean is not None:
            added = added + self._cleaned(guess.flatten(0, 1) - fill, t.flatten(), kept)
        return added.unflatten(0, (batch, -1))

    def _cleaned(self, detail: Tensor, t: Tensor, kept: Tensor) -> Tensor:
        """What is to be added to the guess's detail beyond the fill (B T, 4, H, W), to rid it of noise.

        The way through half the resolution keeps too little of single pixels to say what noise each has.
        The less of the detail is signal, the less is added: at t = 1, where it shows none, nothing.
        """
        level, s = t[:, None, None, None].to(detail), self.config.residual_std
        deviation = self._variance(level).sqrt()
        spread = (s * level / deviation).clamp(min=0.01)
        rough = detail - F.avg_pool2d(detail, 3, stride=1, padding=1, count_include_pad=False)
        assert self.clean is not None
        cleaned = self.clean(torch.cat([detail / s, rough / spread, kept.to(detail)], dim=1))
        return (1 - level) * s / deviation * cleaned.to(detail)

    def _said(self, suggested: Tensor, fill: Tensor, *, frames: int) -> Tensor:
        """What the prompt's colours would change of the fill's, (B T, 4, H, W); not the inverse depth."""
        whole = F.interpolate(suggested, size=fill.shape[2:], mode="bilinear", align_corners=False)
        spoken = (suggested != 0).flatten(1).any(dim=1)[:, None, None, None]
        whole, spoken = (part.repeat_interleave(frames, dim=0).to(fill) for part in (whole, spoken))
        return F.pad(spoken * (whole - fill[:, :3]), (0, 0, 0, 0, 0, 1))

    def _inputs(self, guess: Tensor, condition: MiniCondition, pulled: Tensor, known: Tensor) -> Tensor:
        """(B T, 4 INPUTS, H / 2, W / 2), channels last."""
        photograph = condition.reference[:, None].expand(-1, guess.shape[1], -1, -1, -1)
        parts = (guess, condition.guidance, condition.fill, photograph, condition.rays)
        flat = [part.flatten(0, 1) for part in parts]
        inputs = torch.cat([flat[0], flat[1] * known, known, flat[2], pulled, flat[3], flat[4]], dim=1)
        return F.pixel_unshuffle(inputs, 2).contiguous(memory_format=torch.channels_last)

    def _think(
        self, middle: Tensor, words: Tensor, *, level: Tensor, summary: Tensor, times: Tensor
    ) -> Tensor:
        """Attention over the clip's patches and the prompt; (B T, middle, H / 4, W / 4) in and out."""
        batch, frames = level.shape[:2]
        sizes = [(side, middle.shape[2] // side, middle.shape[3] // side) for side in (2, 4)]
        patches = [_patches(middle, side) for side, _, _ in sizes]
        tokens = [embed(p) for embed, p in zip((self.embed_rgb, self.embed_depth), patches, strict=True)]
        counts = [part.shape[1] for part in tokens]
        places = torch.cat([_places(times, (h, w), side=side / 2) for side, h, w in sizes], dim=2)
        places = torch.cat([places.flatten(1, 2), places.new_zeros(batch, words.shape[1], 3)], dim=1)
        rotation = rotary_angles(places, per_head=self.config.width // self.config.heads)
        video = torch.cat(tokens, dim=1).unflatten(0, (batch, frames)).flatten(1, 2)
        groups = torch.tensor([sum(counts)] * frames + [words.shape[1]], device=video.device)
        levels = torch.cat([level, summary[:, None]], dim=1)
        for layer in self.dual:
            video, words = layer(video, words, level=levels, counts=groups, rotation=rotation)
        sequence = torch.cat([video, words], dim=1)
        for layer in self.single:
            sequence = layer(sequence, level=levels, counts=groups, rotation=rotation)
        video = sequence[:, : video.shape[1]].unflatten(1, (frames, -1)).flatten(0, 1)
        rgb, depth = video.split(counts, dim=1)
        rgb, depth = (F.layer_norm(part, part.shape[-1:]) for part in (rgb, depth))
        spread = self.spread_rgb(rgb), self.spread_depth(depth)
        rgb, depth = (_unpatched(part, size) for part, size in zip(spread, sizes, strict=True))
        return rgb + depth


def _patches(cells: Tensor, side: int) -> Tensor:
    """Squares of side x side cells of (N, C, H, W) as tokens (N, H W / side^2, side^2 C)."""
    return rearrange(cells, "n c (h p) (w q) -> n (h w) (p q c)", p=side, q=side)


def _unpatched(tokens: Tensor, size: tuple[int, int, int]) -> Tensor:
    """The inverse of ``_patches``; ``size`` is side, rows and columns of squares."""
    side, rows, columns = size
    return rearrange(
        tokens, "n (h w) (p q c) -> n c (h p) (w q)", h=rows, w=columns, p=side, q=side
    ).contiguous(memory_format=torch.channels_last)


def _places(times: Tensor, grid: tuple[int, int], *, side: float) -> Tensor:
    """Time, row and column (B, T, N, 3) of squares, in patches of RGB from the picture's centre."""
    rows, columns = (side * (torch.arange(n, device=times.device) - (n - 1) / 2) for n in grid)
    place = torch.stack(torch.meshgrid(rows, columns, indexing="ij"), dim=-1).reshape(1, 1, -1, 2)
    place = place.expand(*times.shape, -1, -1)
    return torch.cat([times[..., None, None].expand(-1, -1, place.shape[2], 1), place], dim=-1)
