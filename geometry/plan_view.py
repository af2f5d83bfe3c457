"""A cloud as a faint picture from above and from the side, in which paths are drawn."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from geometry.camera import Camera
from geometry.cloud import PointCloud

ACROSS = 320
"""Pixels along the longer side of a picture."""
FARTHEST = 3.0
"""Distances to the scene's centre that a picture shows at most around the camera."""
MOST = 0.98
"""Share of the matter near the camera that a picture shows along each axis; the rest is stray points."""
ROOM = 0.08
"""Of a picture's extent, added on all sides."""
AT_HEIGHT = 0.1
"""Distances to the scene's centre above and below the camera: matter there stands in its way."""
MOST_POINTS = 250_000
"""Of a larger cloud every second, third and so on is drawn."""
RAYS = 1024
"""Directions in which free space is looked for."""
FAINT, SOLID = 0.45, 0.95
"""Opacity of matter that is over or under the camera's way, and of matter in it."""
FREE = 0.22
"""Opacity of free space."""
FREE_COLOR = (0.35, 0.65, 0.45)


@dataclass(frozen=True, kw_only=True, eq=False)
class PlanView:
    """A picture of a cloud along one axis of the world.

    Attributes:
        rgba: Colours and opacity in [0, 1]; transparent where nothing is known.
        solid: True where matter stands at the camera's height.
        free: True where the camera sees past everything at its height; nowhere in a side view.
        extent: World coordinates of the left, upper, right and lower edge. From above: x, z, with far
            things (large z) at the top; from the side: z, y, with the near on the left.
    """

    rgba: Float[Tensor, "4 height width"]
    solid: Bool[Tensor, "height width"]
    free: Bool[Tensor, "height width"]
    extent: tuple[float, float, float, float]


def view_from_above(cloud: PointCloud, camera: Camera, *, focus_distance: float) -> PlanView:
    """The plan: x to the right, far things at the top.

    Args:
        cloud: The world.
        camera: A single camera: where the path begins. Matter at its height is solid, and free space is
            what lies between it and the nearest solid matter in the directions where it sees anything.
        focus_distance: To the scene's centre, scene units; decides how much is shown.
    """
    center = camera.center.float()
    near = _near(cloud, center, within=FARTHEST * focus_distance)
    left, right = _range(near.positions[:, 0], float(center[0]), focus_distance)
    bottom, top = _range(near.positions[:, 2], float(center[2]), focus_distance)
    extent = (left, top, right, bottom)
    height, width = _size(right - left, top - bottom)
    in_way = (near.positions[:, 1] - center[1]).abs() <= AT_HEIGHT * focus_distance
    column = (near.positions[:, 0] - left) / (right - left) * width
    row = (top - near.positions[:, 2]) / (top - bottom) * height
    rgba, solid = _splat(near.colors, in_way, row=row, column=column, size=(height, width))
    free = _free_space(near.positions[in_way], camera, extent=extent, size=(height, width)) & ~solid
    return PlanView(rgba=_tinted(rgba, free), solid=solid, free=free, extent=extent)


def view_from_side(cloud: PointCloud, camera: Camera, *, focus_distance: float) -> PlanView:
    """The side: near to far from left to right, up is up. Matter beside the camera's way is faint.

    Args:
        cloud: The world.
        camera: A single camera: where the path begins.
        focus_distance: To the scene's centre, scene units; decides how much is shown.
    """
    center = camera.center.float()
    near = _near(cloud, center, within=FARTHEST * focus_distance)
    left, right = _range(near.positions[:, 2], float(center[2]), focus_distance)
    top, bottom = _range(near.positions[:, 1], float(center[1]), focus_distance)
    height, width = _size(right - left, bottom - top)
    in_way = (near.positions[:, 0] - center[0]).abs() <= AT_HEIGHT * focus_distance
    column = (near.positions[:, 2] - left) / (right - left) * width
    row = (near.positions[:, 1] - top) / (bottom - top) * height
    rgba, solid = _splat(near.colors, in_way, row=row, column=column, size=(height, width))
    free = torch.zeros_like(solid)
    return PlanView(rgba=rgba, solid=solid, free=free, extent=(left, top, right, bottom))


def _near(cloud: PointCloud, center: Float[Tensor, "3"], *, within: float) -> PointCloud:
    """Matter around a place, at most about ``MOST_POINTS``."""
    matter = cloud[:: 1 + len(cloud) // MOST_POINTS].matter
    return matter[(matter.positions - center).norm(dim=-1) <= within]


def _range(values: Float[Tensor, " point"], own: float, focus_distance: float) -> tuple[float, float]:
    """What a picture shows of an axis: most of the matter and the camera, with room around."""
    low = high = own
    if len(values):
        ordered = values.sort().values
        cut = int((1 - MOST) / 2 * len(ordered))
        low, high = min(own, float(ordered[cut])), max(own, float(ordered[len(ordered) - 1 - cut]))
    low, high = min(low, own - 0.25 * focus_distance), max(high, own + 0.25 * focus_distance)
    room = ROOM * (high - low)
    return low - room, high + room


def _size(wide: float, high: float) -> tuple[int, int]:
    """(height, width) in pixels for an extent, the longer one ``ACROSS``."""
    pixel = max(wide, high) / ACROSS
    return max(1, math.ceil(high / pixel)), max(1, math.ceil(wide / pixel))


def _splat(
    colors: Float[Tensor, "point 3"],
    in_way: Bool[Tensor, " point"],
    *,
    row: Float[Tensor, " point"],
    column: Float[Tensor, " point"],
    size: tuple[int, int],
) -> tuple[Float[Tensor, "4 height width"], Bool[Tensor, "height width"]]:
    """Mean colours of the points in every pixel; where any is in the way, of those alone."""
    height, width = size
    inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
    cell = (row[inside].long() * width + column[inside].long()).clamp(0, height * width - 1)
    colors, in_way = colors[inside], in_way[inside]
    solid = torch.zeros(height * width, dtype=torch.bool)
    solid[cell[in_way]] = True
    shown = in_way | ~solid[cell]
    count = torch.zeros(height * width).index_add_(0, cell[shown], torch.ones(int(shown.sum())))
    total = torch.zeros(height * width, 3).index_add_(0, cell[shown], colors[shown])
    opacity = torch.where(solid, SOLID, FAINT) * (count > 0)
    rgba = torch.cat([total / count.clamp_min(1)[:, None], opacity[:, None]], dim=-1)
    return rgba.T.reshape(4, height, width), solid.reshape(height, width)


def _free_space(
    obstacles: Float[Tensor, "point 3"],
    camera: Camera,
    *,
    extent: tuple[float, float, float, float],
    size: tuple[int, int],
) -> Bool[Tensor, "height width"]:
    """Which pixels of the plan lie before the nearest obstacle in their direction, as the camera sees it."""
    left, top, right, bottom = extent
    height, width = size
    x0, _, z0 = camera.center.tolist()
    reach = torch.full((RAYS,), 0.0)
    if len(obstacles):
        away = obstacles[:, [0, 2]] - torch.tensor([x0, z0], dtype=torch.float32)
        reach = torch.full((RAYS,), torch.inf).scatter_reduce(
            0, _direction(away), away.norm(dim=-1), reduce="amin"
        )
        reach = torch.where(reach.isinf(), 0.0, reach)
    x = left + (torch.arange(width) + 0.5) / width * (right - left) - x0
    z = top + (torch.arange(height) + 0.5) / height * (bottom - top) - z0
    place = torch.stack(torch.meshgrid(x, z, indexing="xy"), dim=-1).float()
    return place.norm(dim=-1) < reach[_direction(place)]


def _direction(away: Float[Tensor, "*batch 2"]) -> Int[Tensor, "*batch"]:
    """Number of the ray, of ``RAYS``, that goes that way."""
    turn = torch.atan2(away[..., 0], away[..., 1]) / math.tau
    return (turn * RAYS).floor().long() % RAYS


def _tinted(
    rgba: Float[Tensor, "4 height width"], free: Bool[Tensor, "height width"]
) -> Float[Tensor, "4 height width"]:
    """The picture with free space in its colour where nothing else is."""
    color = torch.tensor([*FREE_COLOR, FREE])[:, None, None]
    return torch.where(free & (rgba[3] == 0), color, rgba)
