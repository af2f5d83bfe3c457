"""Training clips: a procedural scene seen along a path, and what a world cache would know of it."""

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from geometry.camera import Camera
from geometry.cloud import PointCloud
from geometry.edges import surface_links
from geometry.projection import project, world_points
from geometry.rasterizer import render_points
from geometry.rigid import transform_points
from voyager_lite.core.fill import background_fill
from voyager_lite.training.paths import draw_path, draw_shot
from voyager_lite.training.scene import View, render_scene

HELD_OUT = 10**9
"""Seeds from here on are for evaluation only; training never draws them."""

RADIUS_PX = 0.75
"""Footprint of a lifted pixel, in pixels of the view it comes from."""


PLAIN_STD = 0.03
"""A first frame with less contrast than this teaches nothing; another path is drawn."""

HOLE_SHARE = (0.01, 0.6)
"""Least and greatest share of unknown pixels in a clip; outside, another path is drawn."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TrainingClip:
    """A complete clip and its partial guidance, as a generator would get it.

    Attributes:
        rgb: The truth, RGB in [0, 1].
        depth: The truth, along the axis, > 0.
        normal: The truth, unit vectors in the world frame; 0 on the sky.
        guidance_rgb: What the cache shows; 0 where not ``known``.
        guidance_depth: Depth of what the cache shows; 0 where not ``known``.
        known: True where the cache covers the pixel.
        fill_rgb: Guidance with its holes filled from the background.
        fill_depth: The same for depth.
        inside: True at holes that lie within the first view: what things in front had hidden.
        cameras: One a frame.
    """

    rgb: Float[Tensor, "frame 3 height width"]
    depth: Float[Tensor, "frame height width"]
    normal: Float[Tensor, "frame 3 height width"]
    guidance_rgb: Float[Tensor, "frame 3 height width"]
    guidance_depth: Float[Tensor, "frame height width"]
    known: Bool[Tensor, "frame height width"]
    fill_rgb: Float[Tensor, "frame 3 height width"]
    fill_depth: Float[Tensor, "frame height width"]
    inside: Bool[Tensor, "frame height width"]
    cameras: Camera


def lift_views(
    view: View, cameras: Camera, *, frames: list[int], dropped: Bool[Tensor, "frame height width"]
) -> PointCloud:
    """The chosen frames' pixels as points in the world; pixels marked ``dropped`` are left out."""
    clouds = []
    for frame in frames:
        camera = cameras[frame]
        kept = ~dropped[frame]
        depth = view.depth[frame]
        clouds.append(
            PointCloud(
                positions=world_points(depth, camera)[kept],
                colors=view.rgb[frame].permute(1, 2, 0)[kept],
                normals=view.normal[frame].permute(1, 2, 0)[kept],
                radii=(RADIUS_PX * depth / float(camera.K[0, 0]))[kept],
                sky=view.sky[frame][kept],
            )
        )
    return PointCloud.concatenate(clouds)


def silhouettes(view: View) -> Bool[Tensor, "frame height width"]:
    """True at both pixels of every break between two surfaces, where real depth maps have flying pixels."""
    inverse = torch.where(view.sky, torch.zeros_like(view.depth), 1 / view.depth)
    beside = torch.zeros_like(view.sky)
    for dim in (1, 2):
        size = inverse.shape[dim] - 1
        links = surface_links(inverse, ~view.sky, dim=dim - 3).narrow(dim, 0, size)
        both_sky = view.sky.narrow(dim, 0, size) & view.sky.narrow(dim, 1, size)
        broken = ~links & ~both_sky
        beside.narrow(dim, 0, size).logical_or_(broken)
        beside.narrow(dim, 1, size).logical_or_(broken)
    return beside


def develop(rng: np.random.Generator, rgb: Float[Tensor, "frame 3 height width"]) -> Tensor:
    """The clip as some camera might give it: exposure, white balance, contrast, softness, grain, JPEG."""
    gain = np.exp(rng.normal(0, 0.15)) * np.exp(rng.normal(0, 0.06, 3))
    gamma = float(np.exp(rng.normal(0, 0.15)))
    picture = (rgb.permute(0, 2, 3, 1).numpy() ** gamma * gain).clip(0, 1).astype(np.float32)
    soft, grain = rng.random() < 0.3, 0.03 * rng.random() ** 3
    jpeg = rng.random() < 0.2
    quality = int(rng.integers(40, 96)) if jpeg else 100
    for frame in picture:
        if soft:
            frame[:] = cv2.GaussianBlur(frame, (3, 3), 0.6)
        frame += rng.normal(0, grain, frame.shape).astype(np.float32)
        if jpeg:
            eight_bit = (frame.clip(0, 1) * 255).astype(np.uint8)
            packed = cv2.imencode(".jpg", eight_bit, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
            frame[:] = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR)) / np.float32(255)
    return torch.from_numpy(picture.clip(0, 1)).permute(0, 3, 1, 2).contiguous()


def _blobs(rng: np.random.Generator, *, frames: int, height: int, width: int) -> Tensor:
    """Random smooth holes (frames, height, width), True inside, as a coarse or thinned cache would show."""
    coarse = torch.from_numpy(rng.random((1, 1, 4, height // 12, width // 12)).astype(np.float32))
    field = torch.nn.functional.interpolate(coarse, size=(frames, height, width), mode="trilinear")
    return field[0, 0] > rng.uniform(0.72, 0.9)


def make_clip(seed: int, *, frames: int = 9, height: int = 64, width: int = 96) -> TrainingClip:
    """The clip of a seed; always the same on one machine.

    Args:
        seed: From HELD_OUT on for evaluation, below for training.
        frames: Key frames.
        height: In pixels, a multiple of 8.
        width: In pixels, a multiple of 8.
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
        clip = _with_guidance(rng, view, cameras)
        if HOLE_SHARE[0] <= float((~clip.known).float().mean()) <= HOLE_SHARE[1]:
            return clip
    raise ValueError(f"seed {seed} gives no usable clip in 20 tries; take another")


def _with_guidance(rng: np.random.Generator, view: View, cameras: Camera) -> TrainingClip:
    frames, _, height, width = view.rgb.shape
    view = View(rgb=develop(rng, view.rgb), depth=view.depth, normal=view.normal, sky=view.sky)
    seen = [0]
    if rng.random() < 0.25:
        seen.append(int(rng.integers(frames // 2, frames)))
    dropped = silhouettes(view) & (rng.random() < 0.5)
    cloud = lift_views(view, cameras, frames=seen, dropped=dropped)
    rendering = render_points(cloud, cameras, backend="cpu")
    known = rendering.known
    if rng.random() < 0.15:
        known = known & ~_blobs(rng, frames=frames, height=height, width=width)
    known = known & ~(rendering.depth <= 0)
    rgb = rendering.rgb * known[:, None]
    depth = rendering.depth * known
    fill_rgb, fill_depth = background_fill(rgb, depth, known)
    return TrainingClip(
        rgb=view.rgb,
        depth=view.depth,
        normal=view.normal,
        guidance_rgb=rgb,
        guidance_depth=depth,
        known=known,
        fill_rgb=fill_rgb,
        fill_depth=fill_depth,
        inside=~known & _within_first_view(view.depth, cameras),
        cameras=cameras,
    )


def _within_first_view(depth: Float[Tensor, "frame height width"], cameras: Camera) -> Tensor:
    """True where the surface at a pixel falls inside the first camera's picture."""
    points = transform_points(cameras[0].world_to_camera.to(depth), world_points(depth, cameras))
    pixels, ahead = project(points, cameras[0].K.to(depth))
    size = torch.tensor([cameras.width, cameras.height])
    return (ahead > 0) & ((pixels >= 0) & (pixels < size)).all(dim=-1)
