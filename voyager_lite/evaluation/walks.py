"""Walks to be judged: through a world with its cache, and clip after clip without one."""

import itertools
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from geometry.camera import Camera
from geometry.cloud import PointCloud
from geometry.lifting import lift, lift_sky
from geometry.rasterizer import render_points
from geometry.trajectory import Trajectory
from voyager_lite.clip import Clip, Guidance
from voyager_lite.core.generator import Generator, Request
from voyager_lite.explorer import Explorer
from voyager_lite.opening import Opening
from voyager_lite.world.world import World


@dataclass(frozen=True, kw_only=True, eq=False)
class Ends:
    """The first and the last clip of a walk.

    Attributes:
        first: It begins with the photograph.
        last: It ends where the walk ends.
    """

    first: Clip
    last: Clip


def frames_of(clips: int, *, clip_frames: int) -> int:
    """Frames of a walk that takes this many clips, overlapping by half, all of them of full length."""
    return (clip_frames - 1) // 2 * (clips + 1) + 1


def walk_with_cache(generator: Generator, opening: Opening, path: Trajectory) -> Ends:
    """The walk as users get it: overlapping clips, each fused into the world's cache.

    Raises:
        PathBlockedError: The path meets matter.
    """
    with tempfile.TemporaryDirectory() as folder:
        world = World.create(Path(folder) / "world", opening)
        clips = Explorer(generator).explore(world, path)
        ends = _ends(clips)
        world.close()
    return ends


def walk_without_cache(generator: Generator, opening: Opening, cameras: Camera, *, clips: int) -> Ends:
    """Naive concatenation: every clip starts from the last frame of the one before, lifted alone.

    The cameras are shared out evenly; neighbouring clips share one of them.

    Raises:
        ValueError: A clip would have fewer than 2 frames or more than the generator makes.
    """
    bounds = torch.linspace(0, len(cameras) - 1, clips + 1).round().long().tolist()
    lengths = [end - start + 1 for start, end in itertools.pairwise(bounds)]
    if not 2 <= min(lengths) <= max(lengths) <= generator.clip_frames:
        raise ValueError(
            f"{len(cameras)} cameras in {clips} clips give {min(lengths)} to {max(lengths)} frames a clip; "
            f"expected 2 to {generator.clip_frames}"
        )
    return _ends(_naive_clips(generator, opening, cameras, bounds))


def _naive_clips(
    generator: Generator, opening: Opening, cameras: Camera, bounds: Sequence[int]
) -> Iterator[Clip]:
    distance = float(str(opening.origin["sky_distance"]))
    sky_from, cloud, start_frame = distance / 2, opening.cloud, opening.clip[0:1]
    for number, (start, end) in enumerate(itertools.pairwise(bounds)):
        stretch = cameras[start : end + 1]
        seen = render_points(cloud, stretch)
        seen.rgb[0], seen.depth[0], seen.known[0] = start_frame.rgb[0], start_frame.depth[0], True
        guidance = Guidance(
            rgb=seen.rgb, depth=seen.depth, known=seen.known, cameras=stretch, sky_from=sky_from
        )
        clip = generator.generate(guidance, reference=opening.clip.rgb[0], request=Request(seed=number))
        yield clip
        start_frame = clip[len(clip) - 1 : len(clip)]
        cloud = _lifted(start_frame, sky_from=sky_from, distance=distance)


def _lifted(frame: Clip, *, sky_from: float, distance: float) -> PointCloud:
    sky = frame.depth[0] >= sky_from
    matter = lift(frame.rgb[0], frame.depth[0], frame.cameras[0], valid=~sky)
    return PointCloud.concatenate(
        [matter, lift_sky(frame.rgb[0], frame.cameras[0], sky=sky, distance=distance)]
    )


def _ends(clips: Iterator[Clip]) -> Ends:
    first = last = next(clips)
    for clip in clips:
        last = clip
    return Ends(first=first, last=last)
