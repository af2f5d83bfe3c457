"""How well points alone show another view: scenes with true depth, against a plain splat."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from geometry.cache import WorldCache
from geometry.camera import Camera
from geometry.cloud import PointCloud
from geometry.lifting import lift
from geometry.projection import project, world_points
from geometry.rasterizer import render_points
from geometry.rigid import transform_points
from voyager_lite.evaluation.bench import BenchRow
from voyager_lite.evaluation.metrics import psnr
from voyager_lite.evaluation.scenes import RgbdFrame, RgbdScene, read_scene, stereo_motorcycle

SEE_THROUGH = 1.05
"""A splatted pixel this many times deeper than the nearest in its 5x5 neighbourhood may be seen through a
gap in what lies before it, and does not count."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PlainSplat:
    """One pixel per point, the nearest point wins.

    Attributes:
        rgb: RGB in [0, 1]; 0 where not ``covered``.
        covered: True where a point falls.
        safe: True where it is also sure to be no point seen through a gap.
    """

    rgb: Float[Tensor, "3 height width"]
    covered: Bool[Tensor, "height width"]
    safe: Bool[Tensor, "height width"]


def plain_splat(frame: RgbdFrame, camera: Camera) -> PlainSplat:
    """Carry every measured pixel of a frame to the pixel of another camera that it falls on."""
    world = world_points(frame.depth.double(), frame.camera)[frame.valid]
    colors = frame.image.permute(1, 2, 0)[frame.valid]
    pixels, depth = project(transform_points(camera.world_to_camera, world), camera.K)
    inside = (
        (depth > 0) & (pixels >= 0).all(-1) & (pixels < torch.tensor([camera.width, camera.height])).all(-1)
    )
    column, row = pixels[inside].long().unbind(-1)
    cell, depth, colors = row * camera.width + column, depth[inside], colors[inside]

    nearest = torch.full((camera.height * camera.width,), torch.inf, dtype=torch.float64)
    nearest = nearest.scatter_reduce(0, cell, depth, "amin")
    wins = depth == nearest[cell]
    rgb = torch.zeros(camera.height * camera.width, 3)
    rgb[cell[wins]] = colors[wins]
    nearest = nearest.reshape(camera.height, camera.width)
    around = -F.max_pool2d(-nearest[None, None], 5, stride=1, padding=2)[0, 0]
    covered = torch.isfinite(nearest)
    return PlainSplat(
        rgb=rgb.T.reshape(3, camera.height, camera.width),
        covered=covered,
        safe=covered & (nearest <= SEE_THROUGH * around),
    )


def view_rows(scene: RgbdScene) -> list[BenchRow]:
    """Every pair of a scene: frame a lifted with its true depth, seen from b, compared with photograph b.

    Three rows a pair: PSNR of ours and of the plain splat over the same pixels, those that the plain
    splat covers safely and ours covers too; the share of the plain splat's safe pixels that ours
    covers; and how much of the whole picture either covers.
    """
    rows = []
    for a, b in scene.pairs:
        source, target = scene.frames[a], scene.frames[b]
        plain = plain_splat(source, target.camera)
        cloud = lift(source.image, source.depth, source.camera, valid=source.valid)
        ours = render_points(cloud, target.camera)
        inside = torch.zeros_like(plain.covered)
        rim = scene.border
        inside[rim : inside.shape[0] - rim, rim : inside.shape[1] - rim] = True
        safe, known, covered = plain.safe & inside, ours.known & inside, plain.covered & inside
        both = safe & known
        case = f"{scene.name} {a} -> {b}"
        quality = [psnr(picture, target.image, both) for picture in (ours.rgb, plain.rgb)]
        kept = 100 * int(both.sum()) / int(safe.sum())
        coverage = [100 * int(where.sum()) / int(inside.sum()) for where in (known, covered)]
        rows += [
            _row("novel view", quality, "dB", case, "plain splat"),
            _row("its pixels covered", (kept, 100.0), "%", case, "plain splat"),
            _row("picture covered", coverage, "%", case, "plain splat"),
        ]
    return rows


def all_view_rows(folder: Path) -> list[BenchRow]:
    """`view_rows` of scikit-image's stereo pair and of every scene in a folder of scenes.

    Raises:
        FileNotFoundError: There is no scene in the folder.
    """
    scenes = sorted(path.parent for path in folder.glob("*/scene.json"))
    if not scenes:
        raise FileNotFoundError(f"{folder} holds no folder with a scene.json")
    rows = view_rows(stereo_motorcycle())
    for scene in scenes:
        rows += view_rows(read_scene(scene))
    return rows


def cache_rows(scene: RgbdScene) -> list[BenchRow]:
    """What the cache's rule costs and saves on a scene, against keeping the points of all frames.

    The points kept; the mean PSNR of the views re-rendered at the frames' own cameras against the
    photographs, over the pixels that both cover; and the mean share of the pictures covered.
    """
    frames = [frame for frame in scene.frames.values() if bool(frame.valid.any())]
    cache = WorldCache()
    clouds = []
    for frame in frames:
        clouds.append(lift(frame.image, frame.depth, frame.camera, valid=frame.valid))
        cache.add(clouds[-1], frame.camera)
    everything = PointCloud.concatenate(clouds)
    quality, coverage = [], []
    for frame in frames:
        kept, full = cache.render(frame.camera), render_points(everything, frame.camera)
        both = kept.known & full.known
        quality.append([psnr(view.rgb, frame.image, both) for view in (kept, full)])
        coverage.append([100 * float(view.known.float().mean()) for view in (kept, full)])
    decibel, percent = (torch.tensor(values).mean(dim=0).tolist() for values in (quality, coverage))
    case = f"{scene.name}, {len(frames)} frames"
    return [
        BenchRow(
            name="points kept",
            ours=float(len(cache)),
            baseline=float(len(everything)),
            baseline_name="all points",
            ratio=len(everything) / len(cache),
            unit="points",
            case=case,
        ),
        _row("re-rendered views", decibel, "dB", case, "all points"),
        _row("picture covered", percent, "%", case, "all points"),
    ]


def _points_row(kept: int, everything: int, case: str, name: str) -> BenchRow:
    """Fewer is better, so the ratio is turned round."""
    return BenchRow(
        name="points kept",
        ours=float(kept),
        baseline=float(everything),
        baseline_name=name,
        ratio=everything / kept,
        unit="points",
        case=case,
    )


def _row(name: str, pair: Sequence[float], unit: str, case: str, baseline_name: str) -> BenchRow:
    """A row of figures of which more is better: ours, then the baseline's."""
    ours, baseline = pair
    return BenchRow(
        name=name,
        ours=ours,
        baseline=baseline,
        baseline_name=baseline_name,
        ratio=ours / baseline,
        unit=unit,
        case=case,
    )
