"""What a world cache knows of a clip of which one or two frames were seen, by the product's own lifting."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from geometry.cache import WorldCache
from geometry.camera import Camera
from geometry.cloud import PointCloud
from geometry.lifting import SKY_DISTANCE, lift, lift_sky
from geometry.projection import pixel_centers, unproject
from voyager_lite.clip import Guidance
from voyager_lite.training.scene import View

SECOND_SEEN, ANCHORED, ESTIMATED, THINNED = 0.25, 0.75, 0.15, 0.08
"""Shares of the clips in which a later frame was seen too, the first frame is known completely (a walk
starts there), depth is an estimator's, and the cache has random holes."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SeenDepth:
    """Depth of one frame as the lifting gets it; ``sky`` True where it is taken for sky."""

    depth: Float[Tensor, "height width"]
    sky: Bool[Tensor, "height width"]


def sky_distance(view: View) -> float:
    """Radius of the sky's shell around the first camera, as a photograph is opened: far behind matter."""
    matter = view.depth[~view.sky]
    return SKY_DISTANCE * (float(matter.amax()) if len(matter) else 1.0)


def sky_on_shell(view: View, cameras: Camera, *, distance: float) -> View:
    """The view with the sky at the depth of a sphere around the first camera.

    A ray from c along d, of unit length along the axis, meets it where |c + t d - c_0| = distance. The
    cameras stay inside: they move far less than ``distance``.
    """
    pixels = pixel_centers(height=cameras.height, width=cameras.width, dtype=cameras.K.dtype)
    ones = torch.ones(len(cameras), cameras.height, cameras.width, dtype=cameras.K.dtype)
    rays = unproject(pixels, ones, cameras.K[:, None, None])
    rays = torch.einsum("fij,fhwj->fhwi", cameras.camera_to_world[:, :3, :3], rays)
    start = (cameras.center - cameras.center[0])[:, None, None]
    a, b = rays.square().sum(-1), (rays * start).sum(-1)
    root = (b.square() - a * (start.square().sum(-1) - distance**2)).sqrt()
    return replace(view, depth=torch.where(view.sky, ((root - b) / a).to(view.depth), view.depth))


def estimated(rng: np.random.Generator, seen: SeenDepth) -> SeenDepth:
    """Depth as an estimator might have it: scale and offset drift smoothly, edges are off by a pixel."""
    height, width = seen.depth.shape
    inverse = torch.where(seen.sky, 0.0, 1 / seen.depth).numpy()

    def smooth(amount: float, *, cells: int) -> np.ndarray:
        coarse = rng.normal(0, amount, (max(2, height // cells), max(2, width // cells)))
        return cv2.resize(coarse.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)

    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    x, y = x + smooth(0.7, cells=20), y + smooth(0.7, cells=20)
    maps = inverse, (~seen.sky).float().numpy()
    moved, solid = (cv2.remap(part, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE) for part in maps)
    typical = float(np.median(inverse[inverse > 0])) if (inverse > 0).any() else 1.0
    wrong = moved * np.exp(smooth(0.03, cells=24)) + np.abs(smooth(0.004, cells=24)) * typical
    sky = torch.from_numpy((solid <= 0.5) | (moved <= 0))
    return SeenDepth(depth=torch.where(sky, seen.depth.amax(), 1 / torch.from_numpy(wrong)), sky=sky)


def _blobs(rng: np.random.Generator, *, frames: int, height: int, width: int) -> Tensor:
    """Random smooth holes (frames, height, width), True inside, as a coarse or thinned cache would show."""
    coarse = torch.from_numpy(rng.random((1, 1, 4, height // 12, width // 12)).astype(np.float32))
    field = torch.nn.functional.interpolate(coarse, size=(frames, height, width), mode="trilinear")
    return field[0, 0] > rng.uniform(0.72, 0.9)


def draw_guidance(rng: np.random.Generator, view: View, cameras: Camera, *, exact: bool) -> Guidance:
    """Lift one or two frames as a photograph and a clip are, and render them along all cameras.

    Args:
        rng: Source of chance.
        view: What cameras gave, the sky at its shell (``sky_on_shell``).
        cameras: One a frame.
        exact: True if depth is never an estimator's.
    """
    frames, _, height, width = view.rgb.shape
    distance = sky_distance(view)
    wrong = rng.random() < ESTIMATED and not exact

    def depth_of(frame: int) -> SeenDepth:
        truth = SeenDepth(depth=view.depth[frame], sky=view.sky[frame])
        return estimated(rng, truth) if wrong else truth

    first = depth_of(0)
    cache = WorldCache(
        lift(
            view.rgb[0], first.depth, cameras[0], valid=~first.sky, sky=first.sky, sky_distance=distance
        )
    )  # fmt: skip
    if rng.random() < SECOND_SEEN:
        frame = int(rng.integers(frames // 2, frames))
        later = depth_of(frame)
        matter = lift(view.rgb[frame], later.depth, cameras[frame], valid=~later.sky)
        far = lift_sky(view.rgb[frame], cameras[frame], sky=later.sky, distance=distance)
        cache.add(PointCloud.concatenate([matter, far]), cameras[frame])
    rendering = cache.render(cameras)
    rgb, depth, known = rendering.rgb, rendering.depth, rendering.known
    if rng.random() < THINNED:
        known = known & ~_blobs(rng, frames=frames, height=height, width=width)
    if rng.random() < ANCHORED:
        known[0] = True
        rgb[0], depth[0] = view.rgb[0], torch.where(first.sky, distance, first.depth)
    return Guidance(
        rgb=rgb * known[:, None], depth=depth * known, known=known, cameras=cameras, sky_from=distance / 2
    )
