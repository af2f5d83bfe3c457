"""The coarse clip: a few key frames at the size the velocity network works at."""

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from geometry.camera import Camera
from voyager_lite.core.fill import background_fill
from voyager_lite.core.generator import Progress, Request
from voyager_lite.core.mini_network import PATCH, MiniCondition, MiniNetwork
from voyager_lite.core.mini_signal import decode_signal, encode_signal, near_depth
from voyager_lite.core.mini_text import prompt_bytes
from voyager_lite.core.rays import plucker_rays
from voyager_lite.sampling.flow import frame_times, noise_like, schedule
from voyager_lite.sampling.loop import Seam, sample_clip

PIXELS = 64 * 96
"""Pixels of a frame as the network was trained."""

KEY_FRAMES = 9

PROMPT_GUIDANCE = 1.6
"""How far what a prompt changes is carried on (classifier-free guidance, Ho and Salimans 2022): the network
answers with the mean of what might be, which shows hardly anything as clearly as a picture does."""


@dataclass(frozen=True, kw_only=True, eq=False)
class CoarseFrames:
    """Frames at the network's size.

    Attributes:
        rgb: RGB in [0, 1].
        depth: Along the axis.
        known: True where at least half of the cell is known.
    """

    rgb: Float[Tensor, "frame 3 height width"]
    depth: Float[Tensor, "frame height width"]
    known: Bool[Tensor, "frame height width"]


def key_frames(frames: int) -> list[int]:
    """At most nine frames, evenly spread, the first and the last among them."""
    count = min(frames, KEY_FRAMES)
    return [round(step * (frames - 1) / max(count - 1, 1)) for step in range(count)]


def network_size(height: int, width: int) -> tuple[int, int]:
    """Height and width in multiples of the patch, near the picture's shape and ``PIXELS`` in all."""
    ideal = (PIXELS * height / width) ** 0.5, (PIXELS * width / height) ** 0.5
    rows, columns = (max(1, round(side / PATCH)) for side in ideal)
    return rows * PATCH, columns * PATCH


def reduce_frames(
    rgb: Float[Tensor, "frame 3 h w"],
    depth: Float[Tensor, "frame h w"],
    known: Bool[Tensor, "frame h w"],
    *,
    size: tuple[int, int],
) -> CoarseFrames:
    """The mean over each cell's known pixels; depth as inverse depth. 0 where a cell is not known."""
    weight = known[:, None].to(rgb)
    inverse = torch.where(known, 1 / torch.where(known, depth, torch.ones_like(depth)), torch.zeros(()))
    share = F.interpolate(weight, size=size, mode="area")
    means = F.interpolate(torch.cat([rgb * weight, inverse[:, None]], dim=1), size=size, mode="area")
    covered = share >= 0.5
    means = torch.where(covered, means / share.clamp(min=0.5), torch.zeros_like(means))
    mask = covered[:, 0]
    depth = torch.where(mask, 1 / torch.where(mask, means[:, 3], torch.ones_like(means[:, 3])), 0.0)
    return CoarseFrames(rgb=means[:, :3], depth=depth, known=mask)


def condition_on(
    guidance: CoarseFrames,
    *,
    cameras: Camera,
    times: Float[Tensor, " frame"],
    reference: Float[Tensor, "3 height width"],
    prompt: str,
) -> tuple[MiniCondition, Float[Tensor, ""]]:
    """What the network is told of one clip (a batch of one), and the unit of its inverse depth.

    Args:
        guidance: The key frames.
        cameras: One a key frame.
        times: When each key frame is seen, in steps between key frames.
        reference: The photograph, at the network's size.
        prompt: What the user would like to see; may be empty.
    """
    near = near_depth(guidance.depth, guidance.known)
    filled = background_fill(guidance.rgb, guidance.depth, guidance.known)
    given = encode_signal(guidance.rgb, guidance.depth, near=near) * guidance.known[:, None]
    height, width = guidance.known.shape[1:]
    condition = MiniCondition(
        guidance=given[None],
        known=guidance.known[None],
        fill=encode_signal(*filled, near=near)[None],
        reference=2 * reference[None] - 1,
        rays=plucker_rays(cameras, height=height, width=width, near=float(near))[None],
        times=times[None],
        text=prompt_bytes([prompt]),
    )
    return condition, near


def sample(
    network: MiniNetwork,
    condition: MiniCondition,
    *,
    near: Float[Tensor, ""],
    previous: CoarseFrames | None,
    request: Request,
    progress: Progress,
) -> CoarseFrames:
    """Complete the coarse frames with the velocity network.

    A clip is as likely as its mirror image, so the best answer knows no left from right. A trained network
    comes near that; the mean of its answer and that to the mirrored clip is there, and nearer the truth.
    Each step takes two passes, or four where there is a prompt. Several steps are spread for a signal of the
    spread that truth has about the fill (``shifted``), as noise levels are in training.

    Args:
        network: The velocity; it runs where its weights are, all else where the condition is.
        condition: What it is told of the clip (a batch of one).
        near: The unit of its inverse depth.
        previous: What the previous clip has for the first frames.
        request: Seed and steps; one step by default.
        progress: Told of every step.

    Returns:
        Complete frames; known ones come back as they are.
    """
    fill, given, known = condition.fill[0], condition.guidance[0], condition.known[0]
    prompted = bool(condition.text.any())
    device = next(network.parameters()).device
    spoken = condition.to(device)
    silent = replace(spoken, text=torch.zeros_like(spoken.text))

    def answer(x: Tensor, t: Tensor, condition: MiniCondition) -> Tensor:
        x, t = x.to(device), t.to(device, torch.float32)
        return (network(x, t, condition) + network(x.flip(-1), t, condition.mirrored()).flip(-1)) / 2

    def velocity(x: Tensor, t: Tensor) -> Tensor:
        asked = answer(x, t, spoken)
        if prompted:
            asked = torch.lerp(answer(x, t, silent), asked, PROMPT_GUIDANCE)
        # Training never showed the network anything but the truth, with noise, where pixels are known.
        straight = (x - given) / frame_times(t, x).clamp(min=1e-6)
        return torch.where(known[:, None], straight, asked.to(x.device))

    def complete(x: Tensor) -> Tensor:
        return torch.where(known[:, None], given, x)

    seam = None
    if previous is not None:
        before = encode_signal(previous.rgb, previous.depth, near=near)
        seam = Seam(previous=before, seed=request.seed + 1, time_per_frame=True)
    x = sample_clip(
        velocity,
        noise_like(fill, seed=request.seed),
        times=schedule(request.steps or 1, shift=network.config.residual_std),
        seam=seam,
        complete=complete,
        progress=progress,
    )
    rgb, depth = decode_signal(x, near=near)
    return CoarseFrames(rgb=rgb, depth=depth, known=torch.ones_like(depth, dtype=torch.bool))
