"""How much the going over from clip to clip shows, beside plain ways to join clips."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from voyager_lite.evaluation.bench import BenchRow
from voyager_lite.evaluation.metrics import seam_ratio
from voyager_lite.sampling.seam import crossfade


@dataclass(frozen=True, kw_only=True, eq=False)
class Joined:
    """Clips as one video.

    Attributes:
        rgb: The video.
        seams: The frames at which a clip begins or ends to have a share.
    """

    rgb: Float[Tensor, "frame 3 height width"]
    seams: list[int]


Clips = Sequence[Tensor]
"""RGB of each clip, (T, 3, H, W); clip n's first frame is frame ``starts[n]`` of the walk."""


def concatenate(clips: Clips, starts: Sequence[int]) -> Joined:
    """Each clip to its end, then the next one from there."""
    video, seams = clips[0], []
    for clip, start in zip(clips[1:], starts[1:], strict=True):
        seams.append(len(video))
        video = torch.cat([video, clip[len(video) - start :]])
    return Joined(rgb=video, seams=seams)


def cross_fade(clips: Clips, starts: Sequence[int]) -> Joined:
    """Shared frames faded over linearly, as pictures."""
    video, seams = clips[0], set()
    for clip, start in zip(clips[1:], starts[1:], strict=True):
        seams |= {start, len(video)}
        video = torch.cat([video[:start], crossfade(video[start:], clip)])
    return Joined(rgb=video, seams=sorted(seams))


def take_over(clips: Clips, starts: Sequence[int]) -> Joined:
    """Each clip from its first frame on: for clips whose shared frames already lead over."""
    video, seams = clips[0], set()
    for clip, start in zip(clips[1:], starts[1:], strict=True):
        seams |= {start, len(video)}
        video = torch.cat([video[:start], clip])
    return Joined(rgb=video, seams=sorted(seams))


def seam_rows(smooth: Clips, apart: Clips, *, starts: Sequence[int], case: str) -> list[BenchRow]:
    """The change across seams over that everywhere else; 1 cannot be told from no seam.

    Args:
        smooth: Clips generated each with the one before as its ``previous``.
        apart: The same clips, each generated without.
        starts: First frame of each clip in the walk.
        case: What was walked through.

    Raises:
        ValueError: Fewer than two clips.
    """
    if len(smooth) < 2 or len(smooth) != len(apart):
        raise ValueError(f"{len(smooth)} smooth and {len(apart)} other clips; expected two or more of each")
    ours = take_over(smooth, starts)
    rows = []
    for name, join in (("plain concatenation", concatenate), ("plain cross-fade", cross_fade)):
        other = join(apart, starts)
        mine, theirs = seam_ratio(ours.rgb, ours.seams), seam_ratio(other.rgb, other.seams)
        rows.append(
            BenchRow(
                name="seam",
                ours=mine,
                baseline=theirs,
                baseline_name=name,
                ratio=theirs / mine if mine else None,
                unit="change across seams / elsewhere",
                case=case,
            )
        )
    return rows
