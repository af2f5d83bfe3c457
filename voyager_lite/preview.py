"""Look before you pay: what a walk would start from along a path, at reduced size, at once."""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from geometry.camera import Camera
from geometry.clearance import MARGIN, PathReport, check_path, median_distance
from geometry.cloud import PointCloud
from geometry.rasterizer import render_points

SHOWN = 24
"""Frames of a preview at most."""
PROBED = 97
"""Places of a path at most at which the distance to matter is told."""
LONG_SIDE = 240
"""Pixels along the longer side of a preview."""
REACH = 0.25
"""Matter concerns a path up to this share of the median distance from its start."""
STRIPE, LIGHT_STRIPE, DARK_STRIPE = 6, 0.62, 0.55
"""Width in pixels and greys of the stripes that stand for what nobody has seen."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Surroundings:
    """What is known around a place, made ready to be asked again and again.

    Attributes:
        cloud: All points.
        matter: Those that are not sky.
        margin: What a path is to keep from matter, scene units, as ``check_path`` has it.
        reach: Beyond this distance from a path matter does not concern it, scene units.
    """

    cloud: PointCloud
    matter: PointCloud
    margin: float
    reach: float

    @classmethod
    def of(cls, cloud: PointCloud, start: Camera) -> "Surroundings":
        """Of a single camera among points."""
        matter = cloud.matter
        distance = median_distance(matter, start.center)
        return cls(cloud=cloud, matter=matter, margin=MARGIN * distance, reach=REACH * distance)


@dataclass(frozen=True, kw_only=True, eq=False)
class PathProbe:
    """What a path meets, at places evenly spread over it.

    Attributes:
        cameras: Of these places.
        numbers: Their frames of the path.
        report: Clearance at each (infinite where it is farther than the surroundings' reach) and the
            first trouble; its frames count these places.
        speed: Scene units a second by which each is reached; the first has that of the second.
    """

    cameras: Camera
    numbers: Int[Tensor, " place"]
    report: PathReport
    speed: Float[Tensor, " place"]

    @property
    def trouble(self) -> int | None:
        """First frame of the path, as far as it was probed, that is too near to matter or behind it."""
        return None if self.report.frame is None else int(self.numbers[self.report.frame])


@dataclass(frozen=True, kw_only=True, eq=False)
class Preview:
    """The world rendered along a path.

    Attributes:
        rgb: RGB in [0, 1]; 0 where not ``known``.
        known: True where the world covers the pixel; the rest a walk would have to imagine.
        numbers: The frames of the path that these are.
    """

    rgb: Float[Tensor, "frame 3 height width"]
    known: Bool[Tensor, "frame height width"]
    numbers: Int[Tensor, " frame"]

    @property
    def unseen(self) -> Float[Tensor, " frame"]:
        """Share of each picture that nobody has seen yet, 0 to 1."""
        return (~self.known).float().mean(dim=(-2, -1))

    def shown(self) -> Float[Tensor, "frame 3 height width"]:
        """The pictures, with stripes where a walk would have to imagine."""
        height, width = self.known.shape[-2:]
        diagonal = torch.arange(height)[:, None] + torch.arange(width)
        stripe = (diagonal // STRIPE % 2 == 0)[None].expand(3, -1, -1)
        return torch.where(self.known[:, None], self.rgb, torch.where(stripe, LIGHT_STRIPE, DARK_STRIPE))


def probe_path(around: Surroundings, cameras: Camera, *, fps: float) -> PathProbe:
    """Distance to matter and speed along a path, which counts as straight between the places probed.

    Args:
        around: What is known around the path.
        cameras: The path, a batch of at least 2.
        fps: Frames a second.
    """
    numbers = spread(len(cameras), most=PROBED)
    probed = cameras[numbers]
    center = probed.center.float()
    low, high = center.amin(dim=0) - around.reach, center.amax(dim=0) + around.reach
    place = around.matter.positions
    near = around.matter[((place >= low) & (place <= high)).all(dim=-1).nonzero()[:, 0]]
    report = check_path(near, probed, margin=around.margin)
    speed = probed.center.diff(dim=0).norm(dim=-1) / numbers.diff() * fps
    return PathProbe(
        cameras=probed,
        numbers=numbers,
        report=replace(report, clearance=report.clearance.where(report.clearance < around.reach, torch.inf)),
        speed=torch.cat([speed[:1], speed]),
    )


def preview_path(
    around: Surroundings, cameras: Camera, *, long_side: int = LONG_SIDE, frames: int = SHOWN
) -> Preview:
    """Render the world along a path, at reduced size.

    Args:
        around: What is known around the path.
        cameras: The path, a batch of at least 2.
        long_side: Pixels along the longer side, at most that of the cameras.
        frames: How many to render at most, the first and the last among them.
    """
    numbers = spread(len(cameras), most=frames)
    scale = min(1.0, long_side / max(cameras.width, cameras.height))
    small = cameras[numbers].resized(
        height=max(1, round(cameras.height * scale)), width=max(1, round(cameras.width * scale))
    )
    rendering = render_points(around.cloud, small)
    return Preview(rgb=rendering.rgb, known=rendering.known, numbers=numbers)


def spread(count: int, *, most: int) -> Int[Tensor, " chosen"]:
    """Numbers from 0 to ``count - 1``, both among them, evenly spread; all of them if they are few enough."""
    return torch.linspace(0, count - 1, min(count, max(2, most)), dtype=torch.float64).round().long()
