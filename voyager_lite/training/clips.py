"""Training clips: a procedural scene seen along a path, and what a world cache would know of it."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float
from torch import Tensor

from geometry.camera import Camera
from voyager_lite.core.fill import background_fill
from voyager_lite.training.development import develop
from voyager_lite.training.guidance import draw_guidance, sky_distance, sky_on_shell
from voyager_lite.training.paths import draw_path, draw_shot
from voyager_lite.training.scene import View, render_scene

HELD_OUT = 10**9
"""Seeds from here on are for evaluation only; training never draws them."""

PLAIN_STD = 0.03
"""A first frame with less contrast than this teaches nothing; another path is drawn."""

HOLE_SHARE = (0.01, 0.6)
"""Least and greatest share of unknown pixels in a clip; outside, another path is drawn."""


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


def make_clip(
    seed: int, *, frames: int = 9, height: int = 64, width: int = 96, exact: bool = False
) -> TrainingClip:
    """The clip of a seed; always the same on one machine.

    Args:
        seed: From HELD_OUT on for evaluation, below for training.
        frames: Key frames.
        height: In pixels, a multiple of 8.
        width: In pixels, a multiple of 8.
        exact: True if the cache's depth is the truth; else it is an estimator's in some of the clips.
    """
    rng = np.random.default_rng(seed)
    for _ in range(20):
        shot = draw_shot(rng)
        cameras = draw_path(rng, shot, frames=frames, height=height, width=width)
        if cameras is None:
            continue
        view = render_scene(shot.scene, cameras)
        if float(view.rgb[0].std()) < PLAIN_STD:
            continue
        clip = _with_guidance(rng, view, cameras, exact=exact)
        if HOLE_SHARE[0] <= float((~clip.known).float().mean()) <= HOLE_SHARE[1]:
            return clip
    raise ValueError(f"seed {seed} gives no usable clip in 20 tries; take another")


def _with_guidance(rng: np.random.Generator, view: View, cameras: Camera, *, exact: bool) -> TrainingClip:
    view = sky_on_shell(view, cameras, distance=sky_distance(view))
    view = replace(view, rgb=develop(rng, view.rgb))
    guidance = draw_guidance(rng, view, cameras, exact=exact)
    fill_rgb, fill_depth = background_fill(
        guidance.rgb, guidance.depth, guidance.known
    )
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
    )
