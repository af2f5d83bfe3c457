"""Whether a walk remembers: out and back, against clips that know only the frame they start from."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor
from tqdm import tqdm

from geometry.trajectory import Trajectory
from voyager_lite.core.generator import Generator
from voyager_lite.evaluation.bench import BenchRow
from voyager_lite.evaluation.compare import judged
from voyager_lite.evaluation.metrics import psnr
from voyager_lite.evaluation.walks import frames_of, walk_with_cache, walk_without_cache
from voyager_lite.explorer import Explorer
from voyager_lite.opening import Opening, View
from voyager_lite.samples import read_sample

CLIPS = 4
GAIN = 8.0
"""dB that the returned view must be nearer to the first than without a cache."""

VIEW = View(height=256, width=384)

OUT_AND_BACK = (
    ("motorcycle", "turn_right:45deg,turn_left:45deg"),
    ("motorcycle", "right:20%,left:20%"),
    ("coffee", "turn_right:45deg,turn_left:45deg"),
)
"""Samples and paths. Turning, most of the picture is left behind; sideways most stays in view, so that
even who forgets can come near."""


def memory_rows(
    generator: Generator, walks: Sequence[tuple[str, str]] = OUT_AND_BACK, *, view: View = VIEW
) -> list[BenchRow]:
    """Out and back over four clips: PSNR of the returned view against the photograph.

    The baseline walks the same cameras in as many clips without a cache (``walk_without_cache``).

    Args:
        generator: What imagines the unseen.
        walks: Names of samples, and paths that end where they begin.
        view: Size of the frames.
    """
    rows = []
    explorer = Explorer(generator)
    for name, path in tqdm(walks, unit="walk", desc="out and back", leave=False, disable=None):
        opening = explorer.lift(read_sample(name), view=view)
        frames = frames_of(CLIPS, clip_frames=generator.clip_frames)
        case = f"{name} {opening.clip.rgb.shape[-1]}x{opening.clip.rgb.shape[-2]}, {path}, {frames} frames"
        rows.append(out_and_back_row(generator, opening, Trajectory.parse(path, frames=frames), case=case))
    return rows


def out_and_back_row(generator: Generator, opening: Opening, path: Trajectory, *, case: str) -> BenchRow:
    """One walk.

    Raises:
        ValueError: The path does not end where it begins.
    """
    cameras = Explorer(generator).plan(opening, path)
    if not torch.allclose(cameras[-1].world_to_camera, cameras[0].world_to_camera, atol=1e-6):
        raise ValueError(f"path of {case} does not end where it begins; there is no returned view to judge")
    photograph = opening.clip.rgb[0]
    ours = whole_psnr(walk_with_cache(generator, opening, path).last.rgb[-1], photograph)
    naive = whole_psnr(walk_without_cache(generator, opening, cameras, clips=CLIPS).last.rgb[-1], photograph)
    return BenchRow(
        name="out and back",
        ours=ours,
        baseline=naive,
        baseline_name="no cache: each clip from the last frame alone",
        ratio=None,
        unit="dB to the first view",
        case=f"{case}; {ours - naive:+.2f}; {judged(f'{GAIN:+g} dB or more', ours - naive >= GAIN)}",
    )


def whole_psnr(rgb: Float[Tensor, "3 h w"], truth: Float[Tensor, "3 h w"]) -> float:
    """Over all pixels; at most that of 8-bit rounding (58.9 dB), so that a perfect view has a figure."""
    return min(psnr(rgb, truth, torch.ones(rgb.shape[1:], dtype=torch.bool)), 58.9)
