"""The torch backend, for any device: one integer minimum, scattered, over all pixels of all footprints."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from jaxtyping import Float, Int
from torch import Tensor

from geometry.camera import Camera
from geometry.cloud import PointCloud
from geometry.rasterizer.rule import MAX_FOOTPRINT_PX, NEAR, SETBACK, view_numbers
from geometry.rendering import Rendering

EMPTY = 0x7F800000 << 32
PAIRS_AT_ONCE = 2**22


@dataclass(frozen=True, kw_only=True, eq=False)
class Footprints:
    """The points as one camera sees them.

    Attributes:
        u, v: Projected centre in pixels.
        z: Depth.
        radius: In scene units, cut at ``MAX_FOOTPRINT_PX``.
        pixel_width, pixel_height: Size of a pixel at that depth, in scene units.
        window: The n x n pixels nearest to the centre hold the whole footprint; 0 if not drawn.
    """

    u: Float[Tensor, " point"]
    v: Float[Tensor, " point"]
    z: Float[Tensor, " point"]
    radius: Float[Tensor, " point"]
    pixel_width: Float[Tensor, " point"]
    pixel_height: Float[Tensor, " point"]
    window: Int[Tensor, " point"]


def render(cloud: PointCloud, cameras: Camera) -> Rendering:
    """Render one flat batch of cameras; see `geometry.rasterizer` for the rule."""
    height, width = cameras.height, cameras.width
    frames = []
    for view in view_numbers(cameras):
        footprints = project_footprints(cloud, view, height=height, width=width)
        keys = torch.full((height * width + 1,), EMPTY, dtype=torch.int64, device=view.device)
        for point, x, y in covering_pairs(footprints.window, footprints.u, footprints.v):
            inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
            # What lies beside the picture goes to one pixel past its end.
            pixel = torch.where(inside, y.long() * width + x.long(), height * width)
            keys.scatter_reduce_(0, pixel, compared_keys(footprints, point, x, y), "amin")
        frames.append(picture(cloud, footprints, keys[:-1].reshape(height, width)))
    return stack(frames)


def stack(frames: Sequence[Rendering]) -> Rendering:
    """Join single frames to a batch."""
    return Rendering(
        rgb=torch.stack([frame.rgb for frame in frames]),
        depth=torch.stack([frame.depth for frame in frames]),
        known=torch.stack([frame.known for frame in frames]),
        index=torch.stack([frame.index for frame in frames]),
    )


def project_footprints(
    cloud: PointCloud, view: Float[Tensor, "18"], *, height: int, width: int
) -> Footprints:
    """Project all points with the numbers of one camera, in the kernels' order of operations."""
    X, Y, Z = cloud.positions.float().unbind(-1)
    x, y, z = (
        view[4 * row] * X + view[4 * row + 1] * Y + view[4 * row + 2] * Z + view[4 * row + 3]
        for row in range(3)
    )
    fx, fy, cx, cy, per_fx, per_fy = view[12:]
    per_z = 1 / z
    u, v = x * per_z * fx + cx, y * per_z * fy + cy
    pixel = z * torch.minimum(per_fx, per_fy)
    radius = torch.minimum(cloud.radii.float(), MAX_FOOTPRINT_PX * pixel)
    reach = radius / pixel
    drawn = (z > NEAR) & (u + reach >= -1) & (u - reach <= width + 1)
    drawn = drawn & (v + reach >= -1) & (v - reach <= height + 1)
    # The n pixel centres nearest to u in one direction hold all that are nearer to it than n / 2.
    window = torch.where(drawn, 2 * reach + 1.001, 0.0).int()
    return Footprints(
        u=u, v=v, z=z, radius=radius, pixel_width=z * per_fx, pixel_height=z * per_fy, window=window
    )


def covering_pairs(
    window: Int[Tensor, " point"], u: Float[Tensor, " point"], v: Float[Tensor, " point"]
) -> Iterator[tuple[Int[Tensor, " pair"], Float[Tensor, " pair"], Float[Tensor, " pair"]]]:
    """All pairs of a point and a pixel of its window, as (point, column, row), some millions at a time.

    The number of pairs has to be known here, so a device waits once for each camera.
    """
    drawn = window.nonzero()[:, 0]
    n = window[drawn].long()
    ends = (n * n).cumsum(0)
    total = int(ends[-1]) if len(ends) else 0
    marks = torch.arange(0, total + PAIRS_AT_ONCE, PAIRS_AT_ONCE, device=window.device)
    cuts = torch.searchsorted(ends, marks, right=True).tolist()
    for start, stop in pairwise(cuts):
        part = n[start:stop]
        row = torch.repeat_interleave(torch.arange(len(part), device=window.device), part * part)
        first = (part * part).cumsum(0) - part * part
        rank = torch.arange(len(row), device=window.device) - first[row]
        point, size = drawn[start:stop][row], part[row]
        left = torch.floor(u[point] - (size - 1) * 0.5)
        top = torch.floor(v[point] - (size - 1) * 0.5)
        yield point, left + rank % size, top + rank // size


def compared_keys(
    footprints: Footprints,
    point: Int[Tensor, "*pair"],
    x: Float[Tensor, "*#pair"],
    y: Float[Tensor, "*#pair"],
) -> Int[Tensor, "*pair"]:
    """What decides who is seen at pixel (column x, row y): the compared depth above the index.

    The bits of floats >= 0 sort as the floats do, so one integer minimum finds the nearest point and
    settles ties. ``EMPTY`` or more where the point does not cover the pixel.
    """
    u, v, z = footprints.u[point], footprints.v[point], footprints.z[point]
    dx = (x + 0.5 - u) * footprints.pixel_width[point]
    dy = (y + 0.5 - v) * footprints.pixel_height[point]
    d = torch.sqrt(dx * dx + dy * dy)
    own = (x == torch.floor(u)) & (y == torch.floor(v))
    depth = torch.where(own, z, z * SETBACK) + d
    depth = torch.where(own | (d <= footprints.radius[point]), depth, torch.inf)
    return (depth.view(torch.int32).long() << 32) | point


def picture(
    cloud: PointCloud,
    footprints: Footprints,
    keys: Int[Tensor, "height width"],
) -> Rendering:
    """The maps of one frame from the least key of every pixel."""
    known = keys < EMPTY
    index = torch.where(known, keys & 0xFFFFFFFF, -1)
    seen = index.clamp(min=0)
    return Rendering(
        rgb=torch.where(known, cloud.colors.float()[seen].movedim(-1, 0), 0.0),
        depth=torch.where(known, footprints.z[seen], 0.0),
        known=known,
        index=index.to(torch.int32),
    )
