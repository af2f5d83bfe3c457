"""How fast and how tight the rasteriser is, beside the usual way: sort the points, one pixel for each."""

import json
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from tqdm import tqdm

from geometry.camera import Camera
from geometry.cloud import PointCloud
from geometry.lifting import lift
from geometry.projection import pixel_centers, project, unproject
from geometry.rasterizer import render_points
from geometry.trajectory import Trajectory
from voyager_lite.evaluation.scenes import stereo_motorcycle
from voyager_lite.training.clips import HELD_OUT, make_clip
from voyager_lite.training.scene import can_cast_on_gpu

BASELINE = "argsort + unique, one pixel per point"
REPEATS = 5

WANTED_CLIPS = 10.0
"""Training clips a second and core that a training run is planned with."""


@dataclass(frozen=True, kw_only=True)
class BenchRow:
    """One measured figure beside a baseline's.

    Attributes:
        name: What is measured.
        ours: Our figure, in ``unit``.
        baseline: The baseline's figure, in ``unit``.
        baseline_name: What it is compared with.
        ratio: How many times better ours is: ``baseline / ours`` where less is better, else
            ``ours / baseline``; None where that divides by zero.
        unit: Unit of both figures.
        case: On what it was measured.
    """

    name: str
    ours: float
    baseline: float
    baseline_name: str
    ratio: float | None
    unit: str
    case: str


def run_bench() -> list[BenchRow]:
    """All rows of `voyager-lite bench`, in about a minute; progress goes to standard error."""
    # Imported when needed, after what it takes from here.
    from voyager_lite.evaluation.bench_points import cache_rows, open3d_crack_row, open3d_rows

    parts: list[tuple[str, Callable[[], BenchRow | list[BenchRow]]]] = [
        ("2 million points", million_points_row),
        ("the same from the cache", cache_rows),
        ("10 million points", open3d_rows),
        ("guidance frames", guidance_row),
        ("cracks, facing", lambda: crack_row(slant_degrees=0.0)),
        ("cracks, slanted", lambda: crack_row(slant_degrees=60.0)),
        ("cracks beside Open3D", open3d_crack_row),
        ("training clips", training_row),
    ]
    if can_cast_on_gpu():
        parts.append(("rays on the GPU", rays_row))
    rows: list[BenchRow] = []
    with tqdm(parts, unit="part", leave=False) as bar:
        for name, measure in bar:
            bar.set_description(name)
            found = measure()
            rows += found if isinstance(found, list) else [found]
    return rows


def format_table(rows: Sequence[BenchRow]) -> str:
    """Rows as aligned text under a heading, one line each."""
    lines = [("what", "ours", "baseline", "unit", "ratio", "case", "baseline is")]
    for row in rows:
        ratio = "-" if row.ratio is None else f"{row.ratio:.4g}"
        figures = (f"{row.ours:.4g}", f"{row.baseline:.4g}", row.unit, ratio)
        lines.append((row.name, *figures, row.case, row.baseline_name))
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def write_rows(rows: Sequence[BenchRow], path: Path) -> None:
    """Write rows as a JSON list of objects with the fields of `BenchRow`.

    Raises:
        FileNotFoundError: The file's folder is not there.
    """
    if not path.resolve().parent.is_dir():
        raise FileNotFoundError(
            f"{path.resolve().parent} is not there; expected a folder to write {path.name} to"
        )
    text = json.dumps([asdict(row) for row in rows], indent=1, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def million_points_row(*, height: int = 540, width: int = 960, repeats: int = REPEATS) -> BenchRow:
    """One frame of a relief lifted at twice the picture's size, its points in random order."""
    camera = Camera.from_fov(60.0, height=height, width=width)
    cloud, _ = relief(camera, points=4 * height * width)
    cloud = cloud[torch.randperm(len(cloud), generator=torch.Generator().manual_seed(0))]
    ours, baseline = _seconds(cloud, Camera.stack([camera]), repeats=repeats)
    case = f"{len(cloud)} points in random order to {width}x{height}, one frame"
    return ratio_row("rasteriser", 1000 * ours, 1000 * baseline, "ms", case)


def relief(camera: Camera, *, points: int) -> tuple[PointCloud, Camera]:
    """A wavy wall that fills a camera's picture, in random colours.

    Args:
        camera: A single camera in the origin.
        points: How many, about.

    Returns:
        The points row by row, and the camera whose every pixel gave one.
    """
    across = (points * camera.width / camera.height) ** 0.5
    fine = camera.resized(height=round(points / across), width=round(across))
    x, y = pixel_centers(height=fine.height, width=fine.width).unbind(-1)
    depth = 3 + 0.5 * torch.sin(14 * x / fine.width) * torch.sin(9 * y / fine.height)
    image = torch.rand(3, fine.height, fine.width, generator=torch.Generator().manual_seed(0))
    return lift(image, depth, fine, valid=torch.ones_like(depth, dtype=torch.bool)), fine


def guidance_row(
    *, height: int = 540, width: int = 960, frames: int = 49, repeats: int = REPEATS
) -> BenchRow:
    """The guidance of a photograph with true depth, walked into and around."""
    photograph = stereo_motorcycle().frames["left"]
    # The middle of the photograph in the shape of the picture.
    rows = round(photograph.camera.width * height / width)
    top = (photograph.camera.height - rows) // 2
    image = F.interpolate(
        photograph.image[None, :, top : top + rows], (height, width), mode="bilinear", antialias=True
    )[0].clamp(0, 1)
    maps = torch.stack([photograph.depth, photograph.valid.float()])[None, :, top : top + rows]
    depth, valid = F.interpolate(maps, (height, width), mode="nearest-exact")[0]
    camera = Camera.from_fov(float(photograph.camera.fov_degrees), height=height, width=width)
    cloud = lift(image, depth, camera, valid=valid > 0)
    path = Trajectory.parse("forward:25%,orbit:20deg", frames=frames)
    cameras = path.cameras(camera, focus_distance=float(depth[valid > 0].median()))
    ours, baseline = _seconds(cloud, cameras, repeats=repeats)
    case = f"{frames} frames of stereo_motorcycle at {width}x{height}, {len(cloud)} points"
    return ratio_row("guidance frames", ours, baseline, "s", case)


def crack_row(*, slant_degrees: float, height: int = 540, width: int = 960) -> BenchRow:
    """The share of a plane that shows gaps after going a third of the way towards it.

    Args:
        slant_degrees: Between the plane's normal and the gaze; the plane is turned about an oblique axis.
        height: Of the picture.
        width: Of the picture.
    """
    camera = Camera.from_fov(60.0, height=height, width=width)
    pixels = pixel_centers(height=height, width=width, dtype=torch.float64)
    rays = unproject(pixels, torch.ones(height, width, dtype=torch.float64), camera.K)
    slope = np.tan(np.radians(slant_degrees)) * torch.tensor([0.8, 0.6], dtype=torch.float64)
    # The plane z = 3 + slope . (x, y), where the gaze meets it at depth 3.
    steep = 1 - rays[..., :2] @ slope
    valid = steep > 0.2
    depth = torch.where(valid, 3 / steep, 0.0)
    image = torch.rand(3, height, width, generator=torch.Generator().manual_seed(0))
    cloud = lift(image, depth.float(), camera, valid=valid)
    pose = torch.eye(4, dtype=torch.float64)
    pose[2, 3] = -1.0
    nearer = Camera(K=camera.K, world_to_camera=pose, height=height, width=width)
    # Seen from there the plane lies two units ahead; its place decides whether the first picture had it.
    points = rays * (2 / steep)[..., None] + torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64)
    first, _ = project(points, camera.K)
    column, row = first.floor().long().unbind(-1)
    inside = valid & (row >= 2) & (row < height - 2) & (column >= 2) & (column < width - 2)
    inside &= valid[row.clamp(0, height - 1), column.clamp(0, width - 1)]
    ours = render_points(cloud, nearer).known
    _, _, baseline = sort_and_draw(*as_doubles(cloud), nearer)
    shares = [100 * float((~known)[inside].float().mean()) for known in (ours, torch.from_numpy(baseline))]
    case = f"a third of the way to a plane slanted by {slant_degrees:g} degrees, {width}x{height}"
    return ratio_row("cracks", shares[0], shares[1], "% of its pixels", case)


def training_row(*, clips: int = 30, frames: int = 9) -> BenchRow:
    """Training clips made in a second of one core's time, guidance and fill included.

    Processor time, because training makes them in processes of their own.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        make_clip(HELD_OUT, frames=frames)
        start = time.process_time()
        for seed in range(HELD_OUT + 1, HELD_OUT + 1 + clips):
            make_clip(seed, frames=frames)
        rate = clips / (time.process_time() - start)
    finally:
        torch.set_num_threads(threads)
    return BenchRow(
        name="training clips",
        ours=rate,
        baseline=WANTED_CLIPS,
        baseline_name="what keeps a training run on two cores fed",
        ratio=rate / WANTED_CLIPS,
        unit="a second and core",
        case=f"{clips} clips of {frames} frames at 96x64",
    )


def rays_row(*, clips: int = 10, frames: int = 9, device: str = "cuda") -> BenchRow:
    """Training clips made in a second, their rays cast on a GPU, beside one core alone."""
    seeds = range(HELD_OUT, HELD_OUT + clips)

    def make_all(device: str) -> None:
        for seed in seeds:
            make_clip(seed, frames=frames, device=device)

    ours, alone = alternating([partial(make_all, device), partial(make_all, "cpu")], repeats=3)
    return BenchRow(
        name="rays on the GPU",
        ours=clips / ours,
        baseline=clips / alone,
        baseline_name="one core alone",
        ratio=alone / ours,
        unit="clips a second",
        case=f"{clips} clips of {frames} frames at 96x64",
    )


def sort_and_draw(
    points: np.ndarray, colors: np.ndarray, camera: Camera
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The baseline, as HunyuanWorld-Voyager prepares its guidance: one pixel per point, nearest first.

    All points through a 4x4 matrix in float64, those in the picture sorted by depth, and `np.unique` over
    their pixels keeps the first of each.

    Args:
        points: (N, 3) float64, world frame.
        colors: (N, 3) uint8.
        camera: A single camera.

    Returns:
        RGB (height, width, 3) uint8, depth (height, width), infinite where empty, and what is known.
    """
    homogeneous = np.concatenate([points, np.ones((len(points), 1))], axis=1)
    seen = homogeneous @ camera.world_to_camera.numpy().T
    projected = seen[:, :3] @ camera.K.numpy().T
    depth = seen[:, 2]
    with np.errstate(divide="ignore", invalid="ignore"):
        pixels = np.floor(projected[:, :2] / projected[:, 2:])
    inside = (depth > 0) & (pixels >= 0).all(axis=1) & (pixels < (camera.width, camera.height)).all(axis=1)
    pixels, depth, colors = pixels[inside].astype(np.int64), depth[inside], colors[inside]
    order = np.argsort(depth)
    flat = pixels[order, 1] * camera.width + pixels[order, 0]
    cells, first = np.unique(flat, return_index=True)
    winners = order[first]
    rgb = np.zeros((camera.height * camera.width, 3), np.uint8)
    z = np.full(camera.height * camera.width, np.inf)
    known = np.zeros(camera.height * camera.width, np.bool_)
    rgb[cells], z[cells], known[cells] = colors[winners], depth[winners], True
    size = (camera.height, camera.width)
    return rgb.reshape(*size, 3), z.reshape(size), known.reshape(size)


def alternating(runs: Sequence[Callable[[], object]], *, repeats: int) -> list[float]:
    """Median seconds of each, run in turns after one turn to warm up: what slows the machine slows all."""
    seconds: list[list[float]] = [[] for _ in runs]
    for _ in range(repeats + 1):
        for run, taken in zip(runs, seconds, strict=True):
            start = time.perf_counter()
            run()
            taken.append(time.perf_counter() - start)
    return [statistics.median(taken[1:]) for taken in seconds]


def as_doubles(cloud: PointCloud) -> tuple[Float[np.ndarray, "point 3"], np.ndarray]:
    """Positions and 8-bit colours, as the baseline takes them."""
    return cloud.positions.double().numpy(), (cloud.colors * 255).byte().numpy()


def ratio_row(
    name: str, ours: float, baseline: float, unit: str, case: str, *, against: str = BASELINE
) -> BenchRow:
    """A row in which less is better."""
    ratio = baseline / ours if ours > 0 else None
    return BenchRow(
        name=name, ours=ours, baseline=baseline, baseline_name=against, ratio=ratio, unit=unit, case=case
    )


def _seconds(cloud: PointCloud, cameras: Camera, *, repeats: int) -> tuple[float, float]:
    """Time of all cameras: ours, then the baseline's."""
    points, colors = as_doubles(cloud)

    def ours() -> None:
        render_points(cloud, cameras)

    def baseline() -> None:
        for i in range(len(cameras)):
            sort_and_draw(points, colors, cameras[i])

    first, second = alternating([ours, baseline], repeats=repeats)
    return first, second
