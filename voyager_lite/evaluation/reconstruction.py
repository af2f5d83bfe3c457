"""How well fused points lie on surfaces that were measured, but not fused."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from geometry.cache import WorldCache
from geometry.camera import Camera
from geometry.lifting import lift
from geometry.projection import project, world_points
from geometry.rigid import transform_points
from voyager_lite.evaluation.bench import BenchRow
from voyager_lite.evaluation.scenes import RgbdFrame, RgbdScene, read_scene
from voyager_lite.reconstruct import reconstruct

SCENES = ("livingroom_icl_synthetic", "kitchen_kinect")

EVERY = 5
"""One frame in so many is left out, starting in the middle of the first so many."""

HIDDEN = 1.05
"""Depth over that of the surface seen, from which on a point is hidden, and nobody can say whether it is
right. A point anywhere before a surface is seen to be wrong, and counts."""

MOST_POINTS = 20_000
"""Points measured of each set, evenly spread over it; they are compared with all of the other set."""

PIXELS = "every measured pixel"
THINNED = "as many measured pixels"
UNAVERAGED = "the same without averaging"


@dataclass(frozen=True, kw_only=True)
class Chamfer:
    """Mean distances to the nearest point of the other set, in scene units.

    Attributes:
        accuracy: From fused points to the surfaces left out, where these can judge them.
        completeness: From those surfaces to the fused points, where some fused frame saw them.
    """

    accuracy: float
    completeness: float

    @property
    def distance(self) -> float:
        """The mean of both."""
        return (self.accuracy + self.completeness) / 2


def reconstruction_rows(folder: Path) -> list[BenchRow]:
    """Rows of ``scene_rows`` for the scenes ``SCENES`` in a folder of scenes."""
    return [row for name in SCENES for row in scene_rows(read_scene(folder / name))]


def scene_rows(scene: RgbdScene) -> list[BenchRow]:
    """Chamfer distance of the fused world to the frames left out.

    Against all measured pixels of the fused frames, neither filtered nor fused: the distance, its two
    halves, and the points each needs. Frames contradict each other by what their depths and cameras err,
    so that many copies of a surface lie closer to any one frame's than one copy can: there is a row
    against as many of those pixels as the world has points, too. The last rows are against fusing every
    depth map as it was measured.
    """
    frames = [frame for frame in scene.frames.values() if bool(frame.valid.any())]
    left_out = frames[EVERY // 2 :: EVERY]
    fused = [frame for frame in frames if all(frame is not other for other in left_out)]
    cloud = reconstruct(
        torch.stack([frame.image for frame in fused]),
        Camera.stack([frame.camera for frame in fused]),
        torch.stack([frame.depth for frame in fused]),
        valid=torch.stack([frame.valid for frame in fused]),
    )
    before = WorldCache()
    for frame in fused:
        before.add(lift(frame.image, frame.depth, frame.camera, valid=frame.valid), frame.camera)
    pixels = torch.cat([_surface(frame) for frame in fused])
    chosen = torch.randperm(len(pixels), generator=torch.Generator().manual_seed(0))[: len(cloud)]
    ours, plain, thinned, unaveraged = (
        chamfer(points, fused, left_out)
        for points in (cloud.positions.double(), pixels, pixels[chosen], before.cloud.positions.double())
    )
    figures = (
        ("chamfer distance", 1000 * ours.distance, 1000 * plain.distance, PIXELS, "mm"),
        ("accuracy", 1000 * ours.accuracy, 1000 * plain.accuracy, PIXELS, "mm"),
        ("completeness", 1000 * ours.completeness, 1000 * plain.completeness, PIXELS, "mm"),
        ("points kept", float(len(cloud)), float(len(pixels)), PIXELS, "points"),
        ("chamfer, as many points", 1000 * ours.distance, 1000 * thinned.distance, THINNED, "mm"),
        ("chamfer, averaged", 1000 * ours.distance, 1000 * unaveraged.distance, UNAVERAGED, "mm"),
        ("accuracy, averaged", 1000 * ours.accuracy, 1000 * unaveraged.accuracy, UNAVERAGED, "mm"),
    )
    case = f"{scene.name}, {len(fused)} frames fused, {len(left_out)} left out"
    return [
        BenchRow(
            name=name,
            ours=found,
            baseline=other,
            baseline_name=meaning,
            ratio=other / found if found else None,
            unit=unit,
            case=case,
        )
        for name, found, other, meaning, unit in figures
    ]


def chamfer(
    points: Float[Tensor, "point 3"], fused: Sequence[RgbdFrame], left_out: Sequence[RgbdFrame]
) -> Chamfer:
    """Distances between points and the surfaces of frames left out.

    Args:
        points: World frame, float64; made of ``fused``.
        fused: What these frames did not see, nobody asks of the points.
        left_out: What these frames cannot see, they cannot judge.

    Raises:
        ValueError: The two kinds of frames have nothing in common.
    """
    truth = torch.cat([_surface(frame) for frame in left_out])
    judged = points[_in_sight(points, left_out)]
    asked = truth[_in_sight(truth, fused)]
    if not len(judged) or not len(asked):
        raise ValueError("the frames left out see nothing of what the others saw; expected common ground")
    return Chamfer(accuracy=_mean_distance(judged, truth), completeness=_mean_distance(asked, points))


def _surface(frame: RgbdFrame) -> Float[Tensor, "point 3"]:
    """Every measured pixel in the world."""
    return world_points(frame.depth.double(), frame.camera)[frame.valid]


def _in_sight(points: Float[Tensor, "point 3"], frames: Sequence[RgbdFrame]) -> Bool[Tensor, " point"]:
    """Which points some frame would see, at or before the surface it measured."""
    seen = torch.zeros(len(points), dtype=torch.bool)
    for frame in frames:
        seen |= _before_surface(points, frame.depth, frame.valid, frame.camera)
    return seen


def _before_surface(points: Tensor, depth: Tensor, valid: Tensor, camera: Camera) -> Tensor:
    pixels, z = project(transform_points(camera.world_to_camera, points), camera.K)
    inside = (z > 0) & (pixels >= 0).all(-1)
    inside &= (pixels < torch.tensor([camera.width, camera.height])).all(-1)
    column, row = torch.where(inside[:, None], pixels, 0.0).long().unbind(-1)
    return inside & valid[row, column] & (z <= HIDDEN * depth[row, column])


def _mean_distance(points: Tensor, others: Tensor) -> float:
    # Imported where it is called: SciPy takes long to load.
    from scipy.spatial import cKDTree

    chosen = points[:: max(1, len(points) // MOST_POINTS)]
    distance, _ = cKDTree(others.numpy()).query(chosen.numpy())
    return float(np.mean(distance))
