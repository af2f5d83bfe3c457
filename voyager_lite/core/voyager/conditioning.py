"""What Voyager's network sees: the one home of its layout.

A frame is a composite, 2 H + 16 rows tall: the picture, 16 white rows, and its depth three times over, all
in [-1, 1]. Depth is inverse depth scaled frame by frame (see ``export.condition``). The VAE turns
1 + 4 n composites into 1 + n latent frames, 8 times smaller either way. The network's 50 channels are

    0-15   the noisy latent
    16-31  the latent of the first composite, in latent frame 0; zeros after it
    32     1 in latent frame 0; 0 after it
    33-48  the latent of what is known, black elsewhere
    49     +1 where all of the 4x8x8 pixels below are known, -1 where one is not

A clip begins with four frames in which the camera stands still: the first latent frames come out badly, and
the release drops as many.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int, UInt8
from torch import Tensor

from voyager_lite.clip import Clip, Guidance
from voyager_lite.export.condition import decode_disparity, encode_disparity

LATENT_CHANNELS = 16
CHANNELS = 3 * LATENT_CHANNELS + 2

SEPARATOR = 16
"""White rows between picture and depth."""

CELL = 8
"""Pixels of a latent pixel, either way."""

STRIDE = 4
"""Frames of a latent frame, but for the first, which has one."""

LEAD_IN = 4
"""Frames before the clip's own, all like its first."""

GRAIN = 16
"""Heights and widths are multiples of this: a token's pixels, of picture and depth each."""

LUMA = (0.299, 0.587, 0.114)

FLOOR = 0.1
"""Least inverse depth that is read back, over the lower end of the frame's range."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Composites:
    """A clip as the network sees it, before the VAE.

    Attributes:
        frames: In [-1, 1], but for depth beyond its range.
        known: +1 known, -1 not, grey on resized borders.
        spans: Inverse depth that became 0 and 1, one pair a frame.
    """

    frames: Float[Tensor, "frame 3 rows width"]
    known: Float[Tensor, "frame rows width"]
    spans: list[tuple[float, float]]


def model_size(height: int, width: int, *, pixels: int) -> tuple[int, int]:
    """Height and width in multiples of 16, near the picture's shape and ``pixels`` in all."""
    ideal = (pixels * height / width) ** 0.5, (pixels * width / height) ** 0.5
    rows, columns = (max(1, round(side / GRAIN)) * GRAIN for side in ideal)
    return rows, columns


def model_frames(frames: int) -> int:
    """Frames the network works on for a clip of ``frames``: with the lead-in, and of the form 1 + 4 n."""
    return 1 + STRIDE * -(-(LEAD_IN + frames - 1) // STRIDE)


def clip_frames(frames: int) -> int:
    """Frames of a clip, odd, out of ``frames`` of the network's: 49 give 45."""
    return frames - LEAD_IN


def lead_in(frames: int, *, total: int) -> Int[Tensor, "{total}"]:
    """Which of a clip's frames the network sees at each of ``total``: the first standing still before the
    clip, and the last repeated after it."""
    return (torch.arange(total) - LEAD_IN).clamp(0, frames - 1)


def composites(guidance: Guidance, *, size: tuple[int, int], previous: Clip | None = None) -> Composites:
    """What is known of a clip, as the network was shown it.

    Args:
        guidance: The clip, of any size.
        size: Height and width of picture and depth, in multiples of 16.
        previous: Lends the depth range where a clip begins with frames of which nothing is known.

    Raises:
        ValueError: Nothing is known of any frame, and there is no previous clip: depth has no range.
    """
    spans, disparity = _scaled_disparity(guidance, previous)
    rgb = resized(torch.where(guidance.known[:, None], guidance.rgb, 0.0), size)
    known = resized(guidance.known[:, None].to(rgb), size)[:, 0]
    depth = F.interpolate(disparity[:, None], size, mode="bilinear")[:, 0]
    return Composites(
        frames=compose(2 * rgb - 1, 2 * depth - 1), known=compose_mask(2 * known - 1), spans=spans
    )


def composites_of(clip: Clip, *, size: tuple[int, int]) -> Composites:
    """A complete clip: every pixel known."""
    whole = torch.ones(clip.depth.shape, dtype=torch.bool)
    return composites(Guidance(rgb=clip.rgb, depth=clip.depth, known=whole, cameras=clip.cameras), size=size)


def _scaled_disparity(
    guidance: Guidance, previous: Clip | None
) -> tuple[list[tuple[float, float]], Float[Tensor, "frame height width"]]:
    """Each frame's range and scaled inverse depth; frames of which nothing is known take a neighbour's
    range, and are far."""
    frames = zip(guidance.depth, guidance.known, strict=True)
    encoded = [encode_disparity(depth, known) if bool(known.any()) else None for depth, known in frames]
    last = next((frame[1] for frame in encoded if frame is not None), None)
    if encoded[0] is None and previous is not None:
        depth = previous.depth[0]
        last = encode_disparity(depth, torch.ones_like(depth, dtype=torch.bool))[1]
    if last is None:
        raise ValueError("nothing is known of any frame of the clip; its depth has no range")
    spans, values = [], []
    for frame in encoded:
        scaled, last = (torch.zeros_like(guidance.depth[0]), last) if frame is None else frame
        spans.append(last)
        values.append(scaled)
    return spans, torch.stack(values)


def resized(
    values: Float[Tensor, "frame channel height width"], size: tuple[int, int]
) -> Float[Tensor, "frame channel rows columns"]:
    """Pictures and masks in [0, 1] at another size, as Pillow's cubic filter makes them: in 8 bits, which
    cuts off what it overshoots between its two passes already."""
    if tuple(values.shape[-2:]) == size:
        return values
    pixels = (values * 255).round().byte()
    return F.interpolate(pixels, size, mode="bicubic", antialias=True).to(values) / 255


def compose(
    rgb: Float[Tensor, "frame 3 height width"], depth: Float[Tensor, "frame height width"]
) -> Float[Tensor, "frame 3 rows width"]:
    """Picture over 16 white rows over depth, all in [-1, 1]."""
    white = rgb.new_ones(len(rgb), 3, SEPARATOR, rgb.shape[-1])
    return torch.cat([rgb, white, depth[:, None].expand_as(rgb)], dim=-2)


def compose_mask(known: Float[Tensor, "frame height width"]) -> Float[Tensor, "frame rows width"]:
    """The mask of a composite, whose white rows are known."""
    white = known.new_ones(len(known), SEPARATOR, known.shape[-1])
    return torch.cat([known, white, known], dim=-2)


def decompose(
    frames: Float[Tensor, "frame 3 rows width"],
) -> tuple[Float[Tensor, "frame 3 height width"], Float[Tensor, "frame height width"]]:
    """Picture and depth of composites; the depth is the luma of what stands below."""
    height = (frames.shape[-2] - SEPARATOR) // 2
    weights = torch.tensor(LUMA).to(frames)
    depth = torch.einsum("fchw,c->fhw", frames[:, :, -height:], weights)
    return frames[:, :, :height], depth


def decoded(
    frames: Float[Tensor, "frame 3 rows width"], spans: list[tuple[float, float]]
) -> tuple[Float[Tensor, "frame 3 height width"], Float[Tensor, "frame height width"]]:
    """RGB in [0, 1] and depth in scene units, > 0, of what the VAE gave back.

    Args:
        frames: In [-1, 1]; beyond is cut off.
        spans: What was 0 and 1 of each frame's inverse depth.
    """
    rgb, scaled = decompose((frames / 2 + 0.5).clamp(0, 1))
    depth = [
        decode_disparity(values.clamp(min=(FLOOR - 1) * low / max(high - low, 1e-12)), (low, high))
        for values, (low, high) in zip(scaled, spans, strict=True)
    ]
    return rgb, torch.stack(depth)


def pooled_mask(known: Float[Tensor, "frame rows width"]) -> Float[Tensor, "latent row column"]:
    """The least of each cell of 4x8x8 pixels; the first frame makes a cell of its own.

    Args:
        known: Of 1 + 4 n frames; +1 known, -1 not.
    """
    padded = torch.cat([known[:1].expand(STRIDE - 1, -1, -1), known])
    return -F.max_pool3d(-padded[None], (STRIDE, CELL, CELL))[0]


def condition_channels(
    reference: Float[Tensor, "16 1 row column"],
    known_latent: Float[Tensor, "16 latent row column"],
    mask: Float[Tensor, "latent row column"],
) -> Float[Tensor, "34 latent row column"]:
    """All channels of the network's input but the noisy latent's, in order."""
    first = torch.zeros_like(mask)[None]
    first[:, 0] = 1
    later = torch.zeros_like(known_latent[:, 1:])
    return torch.cat([torch.cat([reference, later], dim=1), first, known_latent, mask[None]])


def depth_rows(
    latent: Float[Tensor, "batch channel latent rows column"],
) -> Float[Tensor, "batch channel latent row column"]:
    """The rows of depth in a latent: all below the two of the white rows."""
    height = (latent.shape[-2] - SEPARATOR // CELL) // 2
    return latent[..., -height:, :]


def shown_picture(composite: Float[Tensor, "3 rows width"]) -> UInt8[Tensor, "rows width 3"]:
    """A composite as the language model is shown it: 8 bits, rounded down."""
    return (((composite.clamp(-1, 1) + 1) * 0.5) * 255).permute(1, 2, 0).byte()
