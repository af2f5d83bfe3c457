"""How alike the small patches of two sets of pictures are, without asking that pictures agree one by one."""

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

SIDE = 7
LEVELS = 3
"""Sides of patches in pixels, and levels of the Laplacian pyramid they are cut from."""

PER_LEVEL = 64
"""Patches of each level of each picture."""

DIRECTIONS = 256
"""Random directions along which patches are compared."""


def hole_patches(
    rgb: Float[Tensor, "picture 3 height width"],
    holes: Bool[Tensor, "picture height width"],
    *,
    generator: torch.Generator,
) -> list[Float[Tensor, "_ 3 side side"]]:
    """Patches around random hole pixels of the levels of Laplacian pyramids, finest first.

    At most ``PER_LEVEL`` of a level of a picture; the same generator draws the same places. A level's
    pixel is a hole where at least half of it is.

    Args:
        rgb: In any range; height and width multiples of 4.
        holes: True where patches are wanted.
        generator: Source of chance.
    """
    drawn, share = [], holes[:, None].to(rgb)
    for level in laplacian_levels(rgb):
        near = SIDE // 2
        inside = F.pad(torch.ones_like(share[..., 2 * near :, 2 * near :]), (near,) * 4)
        wanted = (share * inside)[:, 0] >= 0.5
        chosen = []
        for picture, mask in zip(level, wanted.flatten(1), strict=True):
            places = mask.nonzero()[:, 0]
            order = torch.randperm(len(places), generator=generator)[:PER_LEVEL]
            cut = F.unfold(picture[None], SIDE, padding=near)[0, :, places[order]]
            chosen.append(cut.T.unflatten(1, (3, SIDE, SIDE)))
        drawn.append(torch.cat(chosen))
        share = F.avg_pool2d(share, 2)
    return drawn


def laplacian_levels(
    rgb: Float[Tensor, "picture 3 height width"],
) -> list[Float[Tensor, "picture 3 level_height level_width"]]:
    """What each halving of pictures loses, finest first, then what is left; they add up to the pictures."""
    levels = []
    for _ in range(LEVELS - 1):
        half = F.avg_pool2d(rgb, 2)
        levels.append(rgb - F.interpolate(half, scale_factor=2, mode="bilinear", align_corners=False))
        rgb = half
    return [*levels, rgb]


def sliced_wasserstein(
    a: Float[Tensor, "sample feature"], b: Float[Tensor, "sample feature"], *, generator: torch.Generator
) -> float:
    """Wasserstein-1 distance of two sets of as many samples, along random directions, on average.

    (Rabin et al. 2011.) Along a direction the samples are sorted and paired in their order.
    """
    directions = torch.randn(a.shape[1], DIRECTIONS, generator=generator)
    directions = directions / directions.norm(dim=0)
    apart = (a @ directions).sort(dim=0).values - (b @ directions).sort(dim=0).values
    return float(apart.abs().mean())


def patch_distance(
    results: list[Float[Tensor, "_ 3 side side"]], truth: list[Float[Tensor, "_ 3 side side"]]
) -> float:
    """Mean over the levels of the sliced Wasserstein distance of patches, in units of the truth's spread.

    As in Karras et al. 2018 (arXiv 1710.10196, section 5): patches are first divided by the truth's standard
    deviation in each channel. 0 where the sets are the same; too smooth, too rough and of another kind
    (noise for edges) all count. It needs no trained network. Levels with fewer than two patches are left out.

    Raises:
        ValueError: That leaves none.
    """
    levels = [pair for pair in zip(results, truth, strict=True) if len(pair[1]) > 1]
    if not levels:
        raise ValueError("there are no patches to compare; holes are too small")
    total = 0.0
    for ours, theirs in levels:
        mean, spread = theirs.mean(dim=(0, 2, 3)), theirs.std(dim=(0, 2, 3)).clamp(min=1e-6)
        sets = [((part - mean[:, None, None]) / spread[:, None, None]).flatten(1) for part in (ours, theirs)]
        total += sliced_wasserstein(*sets, generator=torch.Generator().manual_seed(0))
    return total / len(levels)
