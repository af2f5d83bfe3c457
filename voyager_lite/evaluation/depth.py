"""How well depth is guessed from one picture: against measured depth, beside three simple guesses."""

import json
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from geometry.camera import Camera
from geometry.lifting import lift
from geometry.rasterizer import render_points
from voyager_lite.depth.estimate import DepthSource
from voyager_lite.depth.layout import LayoutDepth
from voyager_lite.depth.mini import DepthMini
from voyager_lite.evaluation.bench import BenchRow
from voyager_lite.evaluation.scenes import RgbdFrame, read_scene
from voyager_lite.opening import DEFAULT_FOV_DEGREES

FRAMES_PER_SCENE: Final = 4
"""Spread over the scene; neighbouring frames of a video say the same thing twice."""

BASELINES: Final = ("constant plane", "linear down the picture", "classical layout")

MEGAPIXEL: Final = (864, 1152)

_LARGEST_SAMPLE: Final = 60_000


@dataclass(frozen=True, kw_only=True, eq=False)
class MeasuredPicture:
    """A picture whose depth somebody measured.

    Attributes:
        scene: Pictures of one scene are averaged before scenes are.
        image: RGB in [0, 1].
        depth: Along the axis in metres; 0 where nothing was measured.
        fov_degrees: Horizontal.
    """

    scene: str
    image: Float[Tensor, "3 height width"]
    depth: Float[Tensor, "height width"]
    fov_degrees: float


def depth_rows(data: Path, *, source: DepthSource | None = None) -> list[BenchRow]:
    """AbsRel (mean of |z - z_true| / z_true) and delta-1 (share of pixels within a factor of 1.25).

    Every prediction is first aligned by scale and shift in inverse depth (``aligned_depth``); baselines
    are a constant plane, inverse depth that grows linearly down the picture, and the classical layout,
    aligned alike. Means over scenes, then one row for each scene; for the embedded network also the time
    that a megapixel takes.

    Args:
        data: The folder that holds ``B_single`` or ``B_rgbd`` or both.
        source: What to measure; None takes the embedded network.

    Raises:
        FileNotFoundError: Neither folder is there.
    """
    timed, source = source is None, source or DepthMini.from_pretrained()
    scores: dict[str, list[Float[np.ndarray, "4 2"]]] = {}
    for picture in measured_pictures(data):
        scores.setdefault(picture.scene, []).append(score_picture(picture, source))
    scenes = {name: np.mean(values, axis=0) for name, values in scores.items()}
    pictures = sum(len(values) for values in scores.values())
    means = np.mean(list(scenes.values()), axis=0)
    case = f"{pictures} pictures of {len(scenes)} scenes"
    rows = [
        row
        for name, baseline in zip(BASELINES, means[1:], strict=True)
        for row in (_abs_rel(means[0], baseline, name, case), _delta(means[0], baseline, name, case))
    ]
    for name, score in scenes.items():
        against_layout = score[0], score[3], BASELINES[2], name
        rows += [_abs_rel(*against_layout), _delta(*against_layout)]
    return [*rows, time_row(source)] if timed else rows


def score_picture(picture: MeasuredPicture, source: DepthSource) -> Float[np.ndarray, "4 2"]:
    """AbsRel and delta-1 of a source, then of the three baselines."""
    height, width = picture.depth.shape
    inverses = []
    for one in (source, LayoutDepth()):
        estimate = one.estimate(picture.image, fov_degrees=picture.fov_degrees)
        inverses.append(
            torch.where(estimate.valid, 1 / torch.where(estimate.valid, estimate.depth, 1.0), 0.0)
        )
    rows = ((torch.arange(height) + 0.5) / height)[:, None].expand(height, width)
    guesses = (inverses[0], torch.ones(height, width), rows, inverses[1])
    return np.array([depth_errors(guess, picture.depth) for guess in guesses])


def time_row(source: DepthSource, *, rounds: int = 5) -> BenchRow:
    """Time for a megapixel beside that of one frame of our rasteriser, which draws as many points.

    Both are measured in turn, and the least time of each counts.
    """
    height, width = MEGAPIXEL
    image = torch.rand(3, height // 40, width // 40, generator=torch.Generator().manual_seed(0))
    image = F.interpolate(image[None], MEGAPIXEL, mode="bilinear")[0]
    camera = Camera.from_fov(DEFAULT_FOV_DEGREES, height=height, width=width)
    flat = torch.full(MEGAPIXEL, 3.0)
    cloud = lift(image, flat, camera, valid=flat > 0)
    seconds = []
    for _ in range(rounds + 1):
        start = time.perf_counter()
        source.estimate(image)
        middle = time.perf_counter()
        render_points(cloud, camera)
        seconds.append((middle - start, time.perf_counter() - middle))
    ours, frame = np.min(seconds[1:], axis=0)
    return BenchRow(
        name="depth, time",
        ours=float(1000 * ours),
        baseline=float(1000 * frame),
        baseline_name="one frame of the rasteriser",
        ratio=float(frame / ours),
        unit="ms",
        case=f"a picture of {width}x{height}",
    )


def measured_pictures(data: Path) -> Iterator[MeasuredPicture]:
    """Single pictures of ``B_single``, then up to four frames of every scene of ``B_rgbd``.

    Raises:
        FileNotFoundError: Neither folder is there.
    """
    index, scenes = data / "B_single" / "index.json", sorted(data.glob("B_rgbd/*/scene.json"))
    if not index.is_file() and not scenes:
        raise FileNotFoundError(f"{data} holds neither B_single/index.json nor B_rgbd/*/scene.json")
    for entry in json.loads(index.read_text()) if index.is_file() else ():
        yield _single(index.parent, entry)
    for path in scenes:
        scene = read_scene(path.parent)
        frames = [frame for frame in scene.frames.values() if bool(frame.valid.any())]
        chosen = np.unique(np.linspace(0, len(frames) - 1, FRAMES_PER_SCENE).round().astype(int))
        for number in chosen:
            yield _of_scene(scene.name, frames[number])


def depth_errors(
    inverse: Float[Tensor, "height width"], depth: Float[Tensor, "height width"]
) -> tuple[float, float]:
    """(AbsRel, delta-1) of predicted inverse depth after alignment, where ``depth`` > 0."""
    measured = depth > 0
    step = max(1, int(measured.sum()) // _LARGEST_SAMPLE)
    true = depth[measured][::step].double()
    found = aligned_depth(inverse[measured][::step].double(), true)
    ratio = torch.maximum(found / true, true / found)
    return float(((found - true).abs() / true).mean()), float((ratio < 1.25).double().mean())


def aligned_depth(
    inverse: Float[Tensor, " pixel"], depth: Float[Tensor, " pixel"]
) -> Float[Tensor, " pixel"]:
    """The depth 1 / (a * inverse + b), a >= 0, that fits best.

    Least absolute relative residual of inverse depth, |(a x + b) z - 1|, by 15 rounds of reweighted least
    squares, so pixels measured far too near do not pull the rest. The result is kept within the
    range of the true depths, as an unbounded inverse of something near 0 would say nothing.
    """
    weight = torch.ones_like(depth)
    spread = float(inverse.std(correction=0))
    share = (inverse - inverse.mean()) / spread if spread > 1e-9 else torch.zeros_like(inverse)
    a, b = torch.zeros((), dtype=depth.dtype), torch.zeros((), dtype=depth.dtype)
    for _ in range(15):
        # Weighted means of x z x z, x z z, z z, x z and z: the normal equations of (a x + b) z = 1.
        z, xz = weight * depth, weight * share * depth
        aa, ab, bb = (xz * share * depth).sum(), (xz * depth).sum(), (z * depth).sum()
        determinant = aa * bb - ab * ab
        a = (xz.sum() * bb - z.sum() * ab) / determinant if determinant > 1e-9 * aa * bb else a * 0
        a = a.clamp(min=0)
        b = (z.sum() - a * ab) / bb
        weight = 1 / ((a * share + b) * depth - 1).abs().clamp(min=0.02)
    return 1 / (a * share + b).clamp(1 / depth.max(), 1 / depth.min())


def _single(folder: Path, entry: dict[str, object]) -> MeasuredPicture:
    rgb = cv2.imread(str(folder / str(entry["rgb"])), cv2.IMREAD_COLOR)
    counts = cv2.imread(str(folder / str(entry["depth"])), cv2.IMREAD_UNCHANGED)
    if rgb is None or counts is None:
        raise FileNotFoundError(f"{folder}: the pictures of {entry['id']} in index.json are not there")
    depth = counts.astype(np.float32) * float(str(entry["depth_unit_m"]))
    return MeasuredPicture(
        scene=str(entry["id"]),
        image=torch.from_numpy(np.ascontiguousarray(rgb[..., ::-1])).permute(2, 0, 1).float() / 255,
        depth=torch.from_numpy(depth),
        fov_degrees=2 * math.degrees(math.atan(counts.shape[1] / 2 / float(str(entry["fx"])))),
    )


def _of_scene(name: str, frame: RgbdFrame) -> MeasuredPicture:
    return MeasuredPicture(
        scene=name, image=frame.image, depth=frame.depth, fov_degrees=float(frame.camera.fov_degrees)
    )


def _abs_rel(ours: np.ndarray, baseline: np.ndarray, name: str, case: str) -> BenchRow:
    return BenchRow(
        name="depth AbsRel, less is better",
        ours=float(ours[0]),
        baseline=float(baseline[0]),
        baseline_name=name,
        ratio=float(baseline[0] / ours[0]) if ours[0] > 0 else None,
        unit="",
        case=case,
    )


def _delta(ours: np.ndarray, baseline: np.ndarray, name: str, case: str) -> BenchRow:
    return BenchRow(
        name="depth delta-1",
        ours=float(ours[1]),
        baseline=float(baseline[1]),
        baseline_name=name,
        ratio=float(ours[1] / baseline[1]) if baseline[1] > 0 else None,
        unit="",
        case=case,
    )
