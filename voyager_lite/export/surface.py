"""The surfaces that frames show, as triangles between neighbouring pixels, each surface once."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor

from geometry.cache import WorldCache
from geometry.camera import Camera
from geometry.edges import depth_edges, inverse_depth, surface_links
from geometry.lifting import lift
from geometry.projection import pixel_centers, world_points

WORTH_MESHING = 0.01
"""Share of a frame that no sheet shows yet, from which on the frame gets one. Frames that add less wait
until what they add has added up; what the last frame adds is taken in any case."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Sheet:
    """The surface one frame shows, cut open wherever its depth breaks.

    Attributes:
        positions: World frame.
        pixels: (x, y) of every vertex in ``image``; the centre of the top-left pixel is (0.5, 0.5).
        triangles: Vertices, counter-clockwise as seen from the camera.
        image: The texture, RGB in [0, 1].
    """

    positions: Float[Tensor, "vertex 3"]
    pixels: Float[Tensor, "vertex 2"]
    triangles: Int[Tensor, "triangle 3"]
    image: Float[Tensor, "3 height width"]


def sheet(
    image: Float[Tensor, "3 height width"],
    depth: Float[Tensor, "height width"],
    camera: Camera,
    *,
    valid: Bool[Tensor, "height width"],
    wanted: Bool[Tensor, "height width"],
) -> Sheet:
    """Two triangles for every four pixels; each where its pixels are neighbours on one surface.

    Args:
        image: RGB in [0, 1].
        depth: Along the axis, > 0 where ``valid``.
        camera: A single camera.
        valid: True where there is matter. Flying pixels are left out.
        wanted: Triangles that touch none of these pixels are left out.
    """
    valid = valid & ~depth_edges(depth, valid)
    inverse = inverse_depth(depth, valid)
    right, below = (surface_links(inverse, valid, dim=dim) for dim in (-1, -2))
    height, width = depth.shape
    number = torch.arange(height * width).reshape(height, width)
    upper, lower = slice(None, -1), slice(1, None)
    corners = torch.stack(
        [number[upper, upper], number[lower, upper], number[upper, lower], number[lower, lower]], dim=-1
    )
    first = corners[right[upper, upper] & below[upper, upper]][:, [0, 1, 2]]
    second = corners[right[lower, upper] & below[upper, lower]][:, [2, 1, 3]]
    triangles = torch.cat([first, second])
    triangles = triangles[wanted.flatten()[triangles].any(dim=-1)]
    used, places = triangles.unique(return_inverse=True)
    points = world_points(torch.where(valid, depth, 1.0).double(), camera).reshape(-1, 3)
    pixels = pixel_centers(height=height, width=width).reshape(-1, 2)
    return Sheet(positions=points[used].float(), pixels=pixels[used], triangles=places, image=image)


def sheets(
    frames: Iterable[tuple[Float[Tensor, "3 height width"], Float[Tensor, "height width"]]],
    cameras: Camera,
    *,
    sky_from: float,
) -> Iterator[Sheet]:
    """The surfaces of a walk's frames, of each frame what those before it do not show.

    Args:
        frames: RGB, and depth along the axis, 0 where there is none.
        cameras: One a frame.
        sky_from: Depth from which on a pixel shows sky, which gets no sheet.
    """
    seen = WorldCache()
    for number, (image, depth) in enumerate(frames):
        camera = cameras[number]
        valid = (depth > 0) & (depth < sky_from)
        new = _without_specks(valid & ~seen.render(camera).known) if len(seen) else valid
        share = float(new.float().mean())
        if share >= WORTH_MESHING or (share > 0 and number == len(cameras) - 1):
            seen.add(lift(image, depth, camera, valid=valid), camera)
            piece = sheet(image, depth, camera, valid=valid, wanted=_widened(new))
            if len(piece.triangles):
                yield piece


def _without_specks(mask: Bool[Tensor, "height width"]) -> Bool[Tensor, "height width"]:
    """What holds three by three pixels: noisy depth leaves thinner gaps, which are no new surface."""
    return _widened(~_widened(~mask))


def _widened(mask: Bool[Tensor, "height width"]) -> Bool[Tensor, "height width"]:
    """By a pixel, so that a sheet overlaps those it continues."""
    return F.max_pool2d(mask.float()[None, None], 3, stride=1, padding=1)[0, 0] > 0
