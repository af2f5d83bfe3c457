"""Whether a long walk keeps its sharpness and colours: the last clip against the first."""

from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor
from tqdm import tqdm

from geometry.trajectory import Trajectory
from voyager_lite.core.generator import Generator
from voyager_lite.depth.estimate import DepthEstimate
from voyager_lite.evaluation.bench import BenchRow
from voyager_lite.evaluation.compare import judged
from voyager_lite.evaluation.walks import Ends, frames_of, walk_with_cache, walk_without_cache
from voyager_lite.explorer import Explorer
from voyager_lite.opening import Opening, View
from voyager_lite.photograph import Photograph
from voyager_lite.samples import read_sample

CLIPS = 10
TOLERANCE = 0.1
VIEW = View(height=256, width=384)

ALONG_THE_WALL = "right:150%"
"""Of the distance: by the last clip nothing of the photograph is left in view."""

THERE_AND_HOME = "turn_right:60deg,turn_left:60deg"

LUMA = (0.2126, 0.7152, 0.0722)
"""Rec. 709 weights."""


@dataclass(frozen=True, kw_only=True)
class Look:
    """What a clip looks like, whatever it shows.

    Attributes:
        sharpness: Root mean square of the luma's Laplacian.
        brightness: Mean of each channel.
        contrast: Standard deviation of each channel.
    """

    sharpness: float
    brightness: tuple[float, ...]
    contrast: tuple[float, ...]


def look(rgb: Float[Tensor, "frame 3 h w"]) -> Look:
    """The look of a clip, over all of its pixels.

    Raises:
        ValueError: Frames under 3 pixels wide or high.
    """
    if min(rgb.shape[-2:]) < 3:
        raise ValueError(f"frames are {rgb.shape[-1]}x{rgb.shape[-2]}; a Laplacian needs 3x3")
    luma = torch.einsum("fchw,c->fhw", rgb, torch.tensor(LUMA))[:, None]
    kernel = torch.tensor([[0.0, 1, 0], [1, -4, 1], [0, 1, 0]])[None, None]
    return Look(
        sharpness=float(F.conv2d(luma, kernel).square().mean().sqrt()),
        brightness=tuple(rgb.mean(dim=(0, 2, 3)).tolist()),
        contrast=tuple(rgb.std(dim=(0, 2, 3)).tolist()),
    )


def drift_rows(generator: Generator) -> list[BenchRow]:
    """Two walks of ten clips; sharpness, brightness and contrast of the last clip over the first's.

    Pictures of different things differ in sharpness and colour, drift or no drift. So one walk goes along
    a wall that looks alike everywhere (gravel, seen squarely): its last clip shows nothing but what was
    generated, and should look like the first. The other turns away from a photograph until little of it
    is left in view, and comes home: its last clip has the cameras of the first, the other way round.

    For colours the channel that changed most counts. The baseline walks without a cache.
    """
    explorer, rows = Explorer(generator), []
    frames = frames_of(CLIPS, clip_frames=generator.clip_frames)
    walks = (
        ("gravel wall, all generated", wall(explorer), ALONG_THE_WALL),
        ("motorcycle, there and home", explorer.lift(read_sample("motorcycle"), view=VIEW), THERE_AND_HOME),
    )
    for name, opening, path in tqdm(walks, unit="walk", desc="drift", leave=False, disable=None):
        trajectory = Trajectory.parse(path, frames=frames)
        ours = walk_with_cache(generator, opening, trajectory)
        cameras = explorer.plan(opening, trajectory)
        naive = walk_without_cache(generator, opening, cameras, clips=CLIPS)
        rows += change_rows(ours, naive, case=f"{name}: {path}, {frames} frames")
    return rows


def wall(explorer: Explorer) -> Opening:
    """Gravel of scikit-image at a constant depth, opened with a field of view of 60 degrees."""
    from skimage.data import gravel

    grey = torch.from_numpy(gravel()).float() / 255
    everywhere = torch.ones(grey.shape, dtype=torch.bool)
    flat = DepthEstimate(
        depth=torch.full(grey.shape, 2.0),
        valid=everywhere,
        sky=~everywhere,
        fov_degrees=60.0,
        metric=False,
        source="a wall",
    )
    rgb = grey.expand(3, -1, -1).contiguous()
    return explorer.lift(
        Photograph(rgb=rgb, fov_degrees=60.0, path=Path("gravel.png")), depth=flat, view=VIEW
    )


def change_rows(ours: Ends, naive: Ends, *, case: str) -> list[BenchRow]:
    """Rows of one walk: last over first, 1 where nothing has changed."""
    (mine, first), (theirs, other) = ((look(ends.last.rgb), look(ends.first.rgb)) for ends in (ours, naive))
    pairs = {
        "sharpness": (mine.sharpness / first.sharpness, theirs.sharpness / other.sharpness),
        "brightness": (_most(mine.brightness, first.brightness), _most(theirs.brightness, other.brightness)),
        "contrast": (_most(mine.contrast, first.contrast), _most(theirs.contrast, other.contrast)),
    }
    goal = f"within {100 * TOLERANCE:g} %"
    return [
        BenchRow(
            name=f"drift: {name}",
            ours=mine_,
            baseline=naive_,
            baseline_name="no cache: each clip from the last frame alone",
            ratio=None,
            unit="last clip / first",
            case=f"{case}; {judged(goal, abs(mine_ - 1) <= TOLERANCE)}",
        )
        for name, (mine_, naive_) in pairs.items()
    ]


def _most(last: tuple[float, ...], first: tuple[float, ...]) -> float:
    """The ratio, of all channels, that is farthest from 1."""
    return max((a / b for a, b in zip(last, first, strict=True)), key=lambda ratio: abs(ratio - 1))
