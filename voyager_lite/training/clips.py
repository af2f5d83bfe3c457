"""Training clips: a procedural scene seen along a path, and what a world cache would know of it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float
from torch import Tensor

from geometry.camera import Camera
from voyager_lite.core.fill import background_fill
from voyager_lite.training.captions import Labels, label, write_caption
from voyager_lite.training.development import develop
from voyager_lite.training.dress import Dress, draw_dress, dress_scene, is_indoors
from voyager_lite.training.framing import Shot
from voyager_lite.training.guidance import draw_guidance, sky_distance, sky_on_shell
from voyager_lite.training.paths import draw_path, draw_shot
from voyager_lite.training.scene import render_scene

HELD_OUT = 10**9
"""Seeds from here on are for evaluation only; training never draws them."""

PLAIN_STD = 0.03
"""A first frame with less contrast than this teaches nothing; another path is drawn."""

HOLE_SHARE = (0.01, 0.6)
"""Least and greatest share of unknown pixels in a clip; outside, another path is drawn."""

TRIES = 20
"""Shots that are drawn for one seed before it is given up."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TrainingClip:
    """A complete clip and its partial guidance, as a generator would get it.

    Attributes:
        rgb: The truth, RGB in [0, 1].
        depth: The truth, along the axis, > 0; sky lies on the shell on which the cache keeps it.
        normal: The truth, unit vectors in the world frame; 0 on the sky.
        guidance_rgb: What the cache shows; 0 where not ``known``.
        guidance_depth: Depth of what the cache shows; 0 where not ``known``.
        known: True where the cache covers the pixel.
        sky_from: Depth from which on a pixel shows sky.
        fill_rgb: Guidance with its holes filled from the background.
        fill_depth: The same for depth.
        cameras: One a frame.
        labels: What is seen, for a probe.
        caption: The same in words, at most 96 bytes of lower-case ASCII.
    """

    rgb: Float[Tensor, "frame 3 height width"]
    depth: Float[Tensor, "frame height width"]
    normal: Float[Tensor, "frame 3 height width"]
    guidance_rgb: Float[Tensor, "frame 3 height width"]
    guidance_depth: Float[Tensor, "frame height width"]
    known: Bool[Tensor, "frame height width"]
    sky_from: float
    fill_rgb: Float[Tensor, "frame 3 height width"]
    fill_depth: Float[Tensor, "frame height width"]
    cameras: Camera
    labels: Labels
    caption: str


def make_clip(  # noqa: PLR0913 - all of one clip, by name
    seed: int,
    *,
    frames: int = 9,
    height: int = 64,
    width: int = 96,
    dress: Dress | None = None,
    exact: bool = False,
    device: str = "cpu",
) -> TrainingClip:
    """The clip of a seed; always the same on one machine.

    Args:
        seed: From HELD_OUT on for evaluation, below for training.
        frames: Key frames.
        height: In pixels, a multiple of 8.
        width: In pixels, a multiple of 8.
        dress: Light, weather and so on; None draws one.
        exact: True if the cache's depth is the truth; else it is an estimator's in some of the clips.
        device: Where rays are cast (``render_scene``).

    Raises:
        ValueError: No try gives a usable clip.
    """
    for shot, cameras, streams in _shots(seed, frames=frames, height=height, width=width):
        clip = _dressed_clip(shot, cameras, streams, dress=dress, exact=exact, device=device)
        if clip is not None:
            return clip
    raise ValueError(f"seed {seed} gives no usable clip in {TRIES} tries; take another")


def make_pair(
    seed: int, *, frames: int = 9, height: int = 64, width: int = 96
) -> tuple[TrainingClip, TrainingClip]:
    """One scene along one path under two dresses, seen and known alike.

    Arguments and errors as in ``make_clip``.
    """
    for shot, cameras, streams in _shots(seed, frames=frames, height=height, width=width):
        first = _dressed_clip(shot, cameras, streams, dress=None, exact=False)
        other = _dressed_clip(shot, cameras, replace(streams, dress=[seed, 7]), dress=None, exact=False)
        if first is not None and other is not None and first.labels != other.labels:
            return first, other
    raise ValueError(f"seed {seed} gives no usable pair in {TRIES} tries; take another")


@dataclass(frozen=True, kw_only=True)
class _Streams:
    """Seeds of what is drawn for a clip beside its scene and path, apart so that pairs can share some."""

    dress: list[int]
    camera: list[int]
    guidance: list[int]


def _shots(seed: int, *, frames: int, height: int, width: int) -> Iterator[tuple[Shot, Camera, _Streams]]:
    for attempt in range(TRIES):
        rng = np.random.default_rng([seed, attempt])
        shot = draw_shot(rng)
        cameras = draw_path(rng, shot, frames=frames, height=height, width=width)
        if cameras is not None:
            streams = _Streams(
                dress=[seed, attempt, 1], camera=[seed, attempt, 2], guidance=[seed, attempt, 3]
            )
            yield shot, cameras, streams


def _dressed_clip(
    shot: Shot,
    cameras: Camera,
    streams: _Streams,
    *,
    dress: Dress | None,
    exact: bool,
    device: str = "cpu",
) -> TrainingClip | None:
    """The clip of a shot, or None where it shows or asks for too little or too much."""
    rng = np.random.default_rng(streams.dress)
    dress = dress or draw_dress(rng, shot.scene)
    scene = dress_scene(rng, shot.scene, dress)
    view = render_scene(scene, cameras, device=device)
    if float(view.rgb[0].std()) < PLAIN_STD:
        return None
    view = sky_on_shell(view, cameras, distance=sky_distance(view))
    view = replace(view, rgb=develop(np.random.default_rng(streams.camera), view.rgb))
    guidance = draw_guidance(np.random.default_rng(streams.guidance), view, cameras, exact=exact)
    if not HOLE_SHARE[0] <= float((~guidance.known).float().mean()) <= HOLE_SHARE[1]:
        return None
    fill_rgb, fill_depth = background_fill(guidance.rgb, guidance.depth, guidance.known)
    labels = label(scene, view, dress)
    return TrainingClip(
        rgb=view.rgb,
        depth=view.depth,
        normal=view.normal,
        guidance_rgb=guidance.rgb,
        guidance_depth=guidance.depth,
        known=guidance.known,
        sky_from=guidance.sky_from,
        fill_rgb=fill_rgb,
        fill_depth=fill_depth,
        cameras=cameras,
        labels=labels,
        caption=write_caption(rng, labels, indoors=is_indoors(scene)),
    )
