"""What Wan VACE is told of a clip: control video, mask and reference picture, as latents.

The layout is that of VACE (Jiang et al. 2025, arXiv 2503.07598) as diffusers' pipeline has it: what is to
be kept and what is to be changed are encoded apart, 32 channels; the mask's 8 x 8 pixels of a latent cell
follow as 64 channels; the reference picture goes before the first frame.
"""

from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

PIXELS = 480 * 832
"""Pixels of a frame as the 480p models were trained."""

CELL = 16
"""Sides are multiples of this: 8 pixels a latent cell, 2 cells a patch."""

FRAMES_PER_LATENT = 4


def work_size(height: int, width: int) -> tuple[int, int]:
    """Height and width in whole patches, of the picture's shape and at most about ``PIXELS`` in all."""
    scale = min(1.0, (PIXELS / (height * width)) ** 0.5)
    rows, columns = (max(1, round(side * scale / CELL)) for side in (height, width))
    return rows * CELL, columns * CELL


def latent_frames(frames: int) -> int:
    """Latent frames that cover so many frames: the first covers one, each other one four."""
    return 1 + -(-(frames - 1) // FRAMES_PER_LATENT)


def lengthened(frames: Float[Tensor, "frame *rest"] | Bool[Tensor, "frame *rest"]) -> Tensor:
    """Frames with the last one repeated until there are 1 + 4 n."""
    missing = 1 + FRAMES_PER_LATENT * (latent_frames(len(frames)) - 1) - len(frames)
    return torch.cat([frames, frames[-1:].expand(missing, *frames.shape[1:])])


def control_latents(
    vae: Any,
    *,
    rgb: Float[Tensor, "frame 3 height width"],
    known: Bool[Tensor, "frame height width"],
    reference: Float[Tensor, "3 height width"],
) -> Float[Tensor, "latent 96 rows columns"]:
    """The control branch's input: one latent frame for the reference, then the clip's.

    Args:
        vae: diffusers' AutoencoderKLWan.
        rgb: RGB in [0, 1] at ``work_size``, 1 + 4 n frames; read only where ``known``.
        known: What is to be kept.
        reference: The picture the world began with.
    """
    kept = torch.where(known[:, None], 2 * rgb - 1, torch.zeros(()))
    inactive, reactive = encode(vae, kept), encode(vae, torch.zeros_like(kept))
    clip = torch.cat([inactive, reactive, mask_cells(known).to(inactive)], dim=1)
    picture = encode(vae, 2 * reference[None] - 1)
    rest = clip.new_zeros(1, clip.shape[1] - picture.shape[1], *clip.shape[2:])
    return torch.cat([torch.cat([picture, rest], dim=1), clip])


def mask_cells(known: Bool[Tensor, "frame height width"]) -> Float[Tensor, "latent 64 rows columns"]:
    """1 where a pixel is to be generated: each latent cell's 8 x 8 pixels as channels, row after row.

    A latent frame takes the frame of the clip that nearest-neighbour resizing in time gives it.
    """
    rows, columns = known.shape[1] // 8, known.shape[2] // 8
    unknown = (~known).float().reshape(len(known), rows, 8, columns, 8)
    cells = unknown.permute(2, 4, 0, 1, 3).flatten(0, 1)[None]
    size = (latent_frames(len(known)), rows, columns)
    return F.interpolate(cells, size=size, mode="nearest-exact")[0].transpose(0, 1)


def encode(vae: Any, video: Float[Tensor, "frame 3 height width"]) -> Float[Tensor, "latent *cell"]:
    """Latents of a video in [-1, 1], normalised to unit variance; the most likely ones, not drawn."""
    weight = next(vae.parameters())
    batch = video.transpose(0, 1)[None].to(weight)
    latents = vae.encode(batch).latent_dist.mode()[0].transpose(0, 1).float()
    mean, deviation = _moments(vae, latents)
    return (latents - mean) / deviation


def decode(vae: Any, latents: Float[Tensor, "latent *cell"]) -> Float[Tensor, "frame 3 height width"]:
    """RGB in [0, 1] of normalised latents."""
    mean, deviation = _moments(vae, latents)
    batch = (latents * deviation + mean).transpose(0, 1)[None].to(next(vae.parameters()))
    video = vae.decode(batch).sample[0].transpose(0, 1).float()
    return (video / 2 + 0.5).clamp(0, 1)


def _moments(vae: Any, latents: Tensor) -> tuple[Tensor, Tensor]:
    mean, deviation = vae.config.latents_mean, vae.config.latents_std
    return latents.new_tensor(mean)[:, None, None], latents.new_tensor(deviation)[:, None, None]
