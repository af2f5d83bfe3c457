"""Where a camera path meets matter, found before anything is generated."""

import math
import typing
from dataclasses import dataclass
from typing import Literal

import numba
import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from geometry.camera import Camera
from geometry.cloud import PointCloud
from geometry.trajectory import Trajectory

# Share of the distance to the scene that a path keeps from matter.
MARGIN = 0.02
# Steps of a path that share one search for the points near them.
BLOCK = 16


@dataclass(frozen=True, kw_only=True, eq=False)
class PathReport:
    """What a path meets.

    Attributes:
        frame: The first frame in trouble, counted from 0; None if the path is clear.
        kind: "near" if matter comes closer than the margin, "through" if the step to ``frame`` passes
            through a surface, so that the camera would stand behind it.
        clearance: Least distance to matter on the step that leads to each frame (for frame 0 where it
            stands), scene units; negative inside a point's radius, infinite without matter.
        margin: The distance that was asked to be kept, scene units: less than asked for if the path
            begins closer than that.
    """

    frame: int | None
    kind: Literal["near", "through"] | None
    clearance: Float[Tensor, " frame"]
    margin: float

    def describe(self) -> str:
        """One sentence for people, without a full stop."""
        frames = len(self.clearance)
        if self.frame is None:
            return f"the path is clear over all {frames} frames"
        if self.kind == "through":
            return f"the path passes through a surface at frame {self.frame} of {frames}"
        found = float(self.clearance[self.frame])
        return (
            f"the path meets matter at frame {self.frame} of {frames}: {found:.3g} scene units away; "
            f"expected at least {self.margin:.3g}"
        )


def check_path(cloud: PointCloud, cameras: Camera, *, margin: float | None = None) -> PathReport:
    """Walk a path through a cloud and find where it first comes too close to matter, or through it.

    Sky is not matter. Where the path begins nearer to matter than twice the margin, half its first
    clearance is the margin: the photographer stood there, and may stay that close.

    Args:
        cloud: The world; points are matter within their radius.
        cameras: The path, a batch.
        margin: Distance to keep from matter, scene units, >= 0; without it ``MARGIN`` of the median
            distance from the first camera to matter.

    Raises:
        ValueError: Not a batch of cameras, or a margin that is negative or no number.
    """
    if len(cameras.batch_shape) != 1 or not len(cameras):
        raise ValueError(f"path has cameras of batch shape {cameras.batch_shape}; expected (frames,)")
    if margin is not None and not 0 <= margin < torch.inf:
        raise ValueError(f"margin is {margin:g} scene units; expected a number of at least 0")
    matter, centers = cloud.to("cpu").matter, cameras.center.cpu()
    clearance, through = clearance_of_steps(matter, torch.cat([centers[:1], centers[:-1]]), centers)
    asked = MARGIN * median_distance(matter, centers[0]) if margin is None else margin
    margin = max(min(asked, float(clearance[0]) / 2), 0.0)
    trouble = ((clearance < margin) | through).nonzero()[:, 0]
    if not len(trouble):
        return PathReport(frame=None, kind=None, clearance=clearance, margin=margin)
    frame = int(trouble[0])
    kind: Literal["near", "through"] = "through" if bool(through[frame]) else "near"
    return PathReport(frame=frame, kind=kind, clearance=clearance, margin=margin)


def shorten_path(cloud: PointCloud, cameras: Camera, *, margin: float | None = None) -> Camera:
    """The same move, as many frames long, that comes to rest on the last frame before trouble.

    Takes what ``check_path`` takes; a path that is clear comes back as it is.

    Raises:
        ValueError: The trouble is at the first step, so that nothing is left to walk.
    """
    report = check_path(cloud, cameras, margin=margin)
    if report.frame is None:
        return cameras
    if report.frame < 2:
        raise ValueError(f"{report.describe()}; nothing is left to walk before that")
    safe = Trajectory.from_keyframes(cameras[: report.frame], frames=len(cameras))
    return safe.cameras(cameras[0], focus_distance=median_distance(cloud.matter, cameras.center[0]))


def median_distance(matter: PointCloud, center: Float[Tensor, "3"]) -> float:
    """Median distance from a place to points, scene units; infinite without points."""
    if not len(matter):
        return math.inf
    return float((matter.positions - center.to(matter.positions)).norm(dim=-1).median())


def clearance_of_steps(
    matter: PointCloud, starts: Float[Tensor, "step 3"], ends: Float[Tensor, "step 3"]
) -> tuple[Float[Tensor, " step"], Bool[Tensor, " step"]]:
    """Least distance of straight steps to points, and whether they pass through a surface.

    Exact, but not every point is tried with every step: with a ball of radius b around a block of
    steps and the nearest point at distance D from its centre, whatever is nearest to one of these
    steps lies within D + 2 b of the centre.

    Returns:
        Distances less the points' radii (infinite without points), and True where a step crosses a
        point's disc: its ends lie on either side of the plane across the normal, and it cuts that
        plane within the radius.
    """
    clearance = torch.full((len(starts),), torch.inf, dtype=torch.float64)
    through = torch.zeros(len(starts), dtype=torch.bool)
    if not len(matter):
        return clearance, through
    for first in range(0, len(starts), BLOCK):
        block = slice(first, first + BLOCK)
        corners = torch.cat([starts[block], ends[block]])
        middle = (corners.amin(dim=0) + corners.amax(dim=0)) / 2
        reach = float((corners - middle).norm(dim=-1).max())
        distance = (matter.positions - middle.float()).norm(dim=-1) - matter.radii
        within = max(float(distance.min()), 0.0) + 2 * reach + 1e-4 * float(distance.abs().min())
        near = matter[distance <= within]
        found, crossed = _walk(
            near.positions.numpy(),
            near.normals.numpy(),
            near.radii.numpy(),
            starts[block].numpy(),
            ends[block].numpy(),
        )
        clearance[block], through[block] = torch.from_numpy(found), torch.from_numpy(crossed)
    return clearance, through


@numba.njit(cache=True, nogil=True)
@typing.no_type_check
def _walk(positions, normals, radii, starts, ends):
    """Every step against every point: least distance less radius, and whether a disc is crossed."""
    clearance = np.full(len(starts), np.inf)
    through = np.zeros(len(starts), np.bool_)
    for step in range(len(starts)):
        ax, ay, az = starts[step]
        bx, by, bz = ends[step] - starts[step]
        squared = bx * bx + by * by + bz * bz
        best = np.inf
        for point in range(len(radii)):
            radius = np.float64(radii[point])
            x, y, z = positions[point, 0] - ax, positions[point, 1] - ay, positions[point, 2] - az
            along = x * bx + y * by + z * bz
            share = min(max(along / squared, 0.0), 1.0) if squared > 0 else 0.0
            dx, dy, dz = x - share * bx, y - share * by, z - share * bz
            apart = dx * dx + dy * dy + dz * dz
            if apart < (best + radius) ** 2 or apart < radius * radius:
                best = min(best, math.sqrt(apart) - radius)
                if apart < radius * radius:
                    nx, ny, nz = normals[point]
                    before = -(x * nx + y * ny + z * nz)
                    after = before + bx * nx + by * ny + bz * nz
                    if (before > 0) != (after > 0):
                        cut = before / (before - after)
                        gap = (x - cut * bx) ** 2 + (y - cut * by) ** 2 + (z - cut * bz) ** 2
                        through[step] |= gap <= radius * radius
        clearance[step] = best
    return clearance, through
