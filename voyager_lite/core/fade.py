"""A finished clip faded over from the one before, at full size, in every core."""

import torch

from voyager_lite.clip import Clip, Guidance
from voyager_lite.sampling.seam import crossfade


def faded(clip: Clip, guidance: Guidance, *, previous: Clip | None) -> Clip:
    """The clip with its shared frames blended from the previous clip's, and known pixels as they were.

    Colours are averaged, depth is averaged as inverse depth. The first shared frame is the previous
    clip's, the last one is the new clip's, so nothing jumps where one clip goes over into the next.

    Raises:
        ValueError: More previous frames than frames.
    """
    rgb, depth = clip.rgb, clip.depth
    if previous is not None:
        shared = len(previous)
        rgb = crossfade(previous.rgb, rgb)
        inverse = crossfade(1 / previous.depth, 1 / depth[:shared])
        depth = torch.cat([1 / inverse, depth[shared:]])
    return Clip(
        rgb=torch.where(guidance.known[:, None], guidance.rgb, rgb),
        depth=torch.where(guidance.known, guidance.depth, depth),
        cameras=clip.cameras,
    )
