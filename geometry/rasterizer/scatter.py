"""The torch backend, for any device: one integer minimum, scattered, over all pixels of all footprints.

It is written for devices that work through a queue of large steps: several frames go through each step
together, nothing is picked out by a mask, whose size the device would have to report first, and only
once for each group of frames does it have to answer: how many pixels the footprints take beyond their own.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from geometry.camera import Camera
from geometry.cloud import PointCloud
from geometry.rasterizer.rule import MAX_FOOTPRINT_PX, NEAR, SETBACK, require_drawable, view_numbers
from geometry.rendering import Rendering

EMPTY = 0x7F800000 << 32
AT_ONCE = 2**22
"""Points, summed over the frames of a group, and pixels of footprints that go through one step."""

SLACK = 1e-3
"""Pixels: far more than what rounding does to the reach of a footprint."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Footprints:
    """The points as some cameras see them, camera by camera.

    Attributes:
        u, v: Projected centre in pixels.
        z: Depth.
        radius: In scene units, cut at ``MAX_FOOTPRINT_PX``.
        pixel_width, pixel_height: Size of a pixel at that depth, in scene units.
        window: The n x n pixels nearest to the centre hold the whole footprint; 1 where that is the
            pixel that holds the centre, 0 if not drawn.
    """

    u: Float[Tensor, "camera point"]
    v: Float[Tensor, "camera point"]
    z: Float[Tensor, "camera point"]
    radius: Float[Tensor, "camera point"]
    pixel_width: Float[Tensor, "camera point"]
    pixel_height: Float[Tensor, "camera point"]
    window: Int[Tensor, "camera point"]


def render(cloud: PointCloud, cameras: Camera) -> Rendering:
    """Render one flat batch of cameras; see `geometry.rasterizer` for the rule.

    Raises:
        ValueError: A position or radius is NaN or infinite, or a radius is negative.
    """
    require_clean(cloud)
    groups = view_numbers(cameras).split(max(1, AT_ONCE // len(cloud)))
    return joined([draw(cloud, views, height=cameras.height, width=cameras.width) for views in groups])


def require_clean(cloud: PointCloud) -> None:
    """``require_drawable`` with one answer from the device as long as nothing is wrong."""
    # A sum is finite only if all terms are; the exact look follows where it is not.
    total = cloud.positions.sum() + cloud.radii.sum()
    if not bool(torch.isfinite(total) & (cloud.radii.amin() >= 0)):
        require_drawable(cloud)


def draw(cloud: PointCloud, views: Float[Tensor, "camera 18"], *, height: int, width: int) -> Rendering:
    """Render a group of cameras together."""
    points = project_footprints(cloud, views, height=height, width=width)
    keys = torch.full((len(views) * height * width,), EMPTY, dtype=torch.int64, device=views.device)
    own = torch.arange(points.z.numel(), device=views.device)
    size = height, width
    _lower(keys, points, own, points.u.flatten().floor(), points.v.flatten().floor(), size)
    side = torch.where(points.window > 1, points.window, 0).flatten().long()
    ends = (side * side).cumsum(0)
    count = int(ends[-1])  # here the device has to answer
    for start in range(0, count, AT_ONCE):
        pair = torch.arange(start, min(start + AT_ONCE, count), device=views.device)
        _lower(keys, points, *_window_pixels(points, side, ends, pair), size)
    return picture(cloud, points, keys.reshape(-1, height, width))


def joined(groups: Sequence[Rendering]) -> Rendering:
    """One batch after the other."""
    return Rendering(
        rgb=torch.cat([group.rgb for group in groups]),
        depth=torch.cat([group.depth for group in groups]),
        known=torch.cat([group.known for group in groups]),
        index=torch.cat([group.index for group in groups]),
    )


def stack(frames: Sequence[Rendering]) -> Rendering:
    """Join single frames to a batch."""
    return Rendering(
        rgb=torch.stack([frame.rgb for frame in frames]),
        depth=torch.stack([frame.depth for frame in frames]),
        known=torch.stack([frame.known for frame in frames]),
        index=torch.stack([frame.index for frame in frames]),
    )


def project_footprints(
    cloud: PointCloud, views: Float[Tensor, "camera 18"], *, height: int, width: int
) -> Footprints:
    """Project all points with the numbers of some cameras, in the kernels' order of operations."""
    X, Y, Z = cloud.positions.float().unbind(-1)
    numbers = views[:, :, None].unbind(1)
    x, y, z = (
        numbers[4 * row] * X + numbers[4 * row + 1] * Y + numbers[4 * row + 2] * Z + numbers[4 * row + 3]
        for row in range(3)
    )
    fx, fy, cx, cy, per_fx, per_fy = numbers[12:]
    per_z = 1 / z
    u, v = x * per_z * fx + cx, y * per_z * fy + cy
    pixel = z * torch.minimum(per_fx, per_fy)
    radius = torch.minimum(cloud.radii.float(), MAX_FOOTPRINT_PX * pixel)
    reach = radius / pixel
    drawn = (z > NEAR) & (u + reach >= -1) & (u - reach <= width + 1)
    drawn = drawn & (v + reach >= -1) & (v - reach <= height + 1)
    # The nearest centre of another pixel lies one pixel on along the axis where this one is farther.
    du, dv = torch.floor(u) + 0.5 - u, torch.floor(v) + 0.5 - v
    next_one = du * du + dv * dv + 1 - 2 * torch.maximum(du.abs(), dv.abs())
    wide = reach * reach + SLACK >= next_one
    # The n pixel centres nearest to u in one direction hold all that are nearer to it than n / 2.
    window = torch.where(drawn, torch.where(wide, 2 * reach + (1 + SLACK), 1.0), 0.0).int()
    return Footprints(
        u=u, v=v, z=z, radius=radius, pixel_width=z * per_fx, pixel_height=z * per_fy, window=window
    )


def compared_keys(
    points: Footprints,
    slot: Int[Tensor, "*pair"],
    x: Float[Tensor, "*#pair"],
    y: Float[Tensor, "*#pair"],
) -> Int[Tensor, "*pair"]:
    """What decides who is seen at pixel (column x, row y): the compared depth above the index.

    The bits of floats >= 0 sort as the floats do, so one integer minimum finds the nearest point and
    settles ties. ``EMPTY`` or more where the point does not cover the pixel.

    Args:
        points: Of all cameras.
        slot: Which of them, counted through camera by camera.
        x: Column.
        y: Row.
    """
    u, v, z = points.u.flatten()[slot], points.v.flatten()[slot], points.z.flatten()[slot]
    dx = (x + 0.5 - u) * points.pixel_width.flatten()[slot]
    dy = (y + 0.5 - v) * points.pixel_height.flatten()[slot]
    d = torch.sqrt(dx * dx + dy * dy)
    own = (x == torch.floor(u)) & (y == torch.floor(v))
    depth = torch.where(own, z, z * SETBACK) + d
    covered = (points.window.flatten()[slot] > 0) & (own | (d <= points.radius.flatten()[slot]))
    depth = torch.where(covered, depth, torch.inf)
    return (depth.view(torch.int32).long() << 32) | (slot % points.z.shape[1])


def picture(cloud: PointCloud, points: Footprints, keys: Int[Tensor, "camera height width"]) -> Rendering:
    """The maps of some cameras from the least key of every pixel."""
    known = keys < EMPTY
    index = torch.where(known, keys & 0xFFFFFFFF, -1)
    seen = index.clamp(min=0)
    depth = points.z.gather(1, seen.flatten(1)).reshape(seen.shape)
    return Rendering(
        rgb=torch.where(known[:, None], cloud.colors.float()[seen].movedim(-1, 1), 0.0),
        depth=torch.where(known, depth, 0.0),
        known=known,
        index=index.to(torch.int32),
    )


def _window_pixels(
    points: Footprints, side: Int[Tensor, " slot"], ends: Int[Tensor, " slot"], pair: Int[Tensor, " pair"]
) -> tuple[Int[Tensor, " pair"], Float[Tensor, " pair"], Float[Tensor, " pair"]]:
    """Some of all pairs of a point and a pixel of its window, as (slot, column, row).

    Args:
        points: Of all cameras.
        side: Of each point's window, 0 where its own pixel is all.
        ends: How many pairs there are up to each point, its own included.
        pair: Which pairs, counted through.
    """
    slot = torch.searchsorted(ends, pair, right=True)
    n = side[slot]
    rank = pair - ends[slot] + n * n
    left = torch.floor(points.u.flatten()[slot] - (n - 1) * 0.5)
    top = torch.floor(points.v.flatten()[slot] - (n - 1) * 0.5)
    return slot, left + rank % n, top + rank // n


def _lower(
    keys: Int[Tensor, " pixel"],
    points: Footprints,
    slot: Int[Tensor, " pair"],
    x: Float[Tensor, " pair"],
    y: Float[Tensor, " pair"],
    size: tuple[int, int],
) -> None:
    """Lower the keys of pixels (column x, row y) to those of the points there."""
    height, width = size
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    pixel = (slot // points.z.shape[1] * height + y.long()) * width + x.long()
    # What lies beside the picture goes nowhere in particular, with a key that changes nothing: were it all
    # sent to one place, it would queue up there.
    pixel = torch.where(inside, pixel, slot % len(keys))
    key = torch.where(inside, compared_keys(points, slot, x, y), EMPTY)
    keys.scatter_reduce_(0, pixel, key, "amin")
