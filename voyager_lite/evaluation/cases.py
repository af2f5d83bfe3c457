"""Clips with holes and the truth about them: procedural ones of unseen seeds, and pairs of real frames."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from geometry.camera import Camera
from geometry.lifting import lift
from geometry.rasterizer import render_points
from voyager_lite.clip import Guidance
from voyager_lite.core.fill import background_fill
from voyager_lite.evaluation.scenes import RgbdScene, read_scene
from voyager_lite.training.clips import HELD_OUT, make_clip

LEAST_HOLE = 0.005
"""A clip with less than this share of holes says nothing and is left out."""

FIRST_SEED = HELD_OUT + 10_000_000
"""Seeds from here on are looked at by no other measurement, so nothing was ever chosen by them."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FillCase:
    """A guidance clip with the truth about its holes.

    Attributes:
        guidance: What is known.
        reference: The first picture.
        rgb: The truth.
        depth: The truth; 0 where it was not measured. Sky lies on a shell far behind all matter.
        judged: True at the pixels that count.
        moving: True if neighbouring frames are near enough to tell flicker.
    """

    guidance: Guidance
    reference: Float[Tensor, "3 height width"]
    rgb: Float[Tensor, "frame 3 height width"]
    depth: Float[Tensor, "frame height width"]
    judged: Bool[Tensor, "frame height width"]
    moving: bool

    @property
    def worth_judging(self) -> bool:
        """False if hardly anything is missing."""
        return float(self.judged.float().mean()) >= LEAST_HOLE


def procedural_case(seed: int, *, frames: int) -> FillCase:
    """The procedural clip of a seed, 96x64, guided by what a cache would know of it.

    Raises:
        ValueError: The seed gives no clip, or one that training may draw.
    """
    if seed < HELD_OUT:
        raise ValueError(f"seed is {seed}; expected {HELD_OUT} or more, as training draws those below")
    clip = make_clip(seed, frames=frames, exact=True)
    guidance = Guidance(
        rgb=clip.guidance_rgb,
        depth=clip.guidance_depth,
        known=clip.known,
        cameras=clip.cameras,
        sky_from=clip.sky_from,
    )
    return FillCase(
        guidance=guidance,
        reference=clip.rgb[0],
        rgb=clip.rgb,
        depth=clip.depth,
        judged=~clip.known,
        moving=True,
    )


def real_cases(scene: RgbdScene) -> Iterator[FillCase]:
    """Every pair of a scene: frame a lifted with its true depth, frame b judged where a could not see.

    Where a's depth was not measured it is completed, as when a photograph is opened: its colour there was
    seen. The clip is the two frames, so what is between them is not asked for.
    """
    for a, b in scene.pairs:
        source, target = scene.frames[a], scene.frames[b]
        cameras = Camera.stack([source.camera, target.camera])
        known = source.valid[None]
        depth = background_fill(source.image[None], source.depth[None], known)[1][0]
        everywhere = torch.ones_like(source.valid)
        seen = render_points(lift(source.image, depth, source.camera, valid=everywhere), cameras)
        guidance = Guidance(rgb=seen.rgb, depth=seen.depth, known=seen.known, cameras=cameras)
        judged = ~seen.known
        judged[0] = False
        rim = scene.border
        if rim:
            judged[:, :rim] = judged[:, -rim:] = judged[:, :, :rim] = judged[:, :, -rim:] = False
        yield FillCase(
            guidance=guidance,
            reference=source.image,
            rgb=torch.stack([source.image, target.image]),
            depth=torch.stack([source.depth, target.depth]),
            judged=judged,
            moving=False,
        )


def read_scenes(folder: Path) -> list[RgbdScene]:
    """All scenes of format rgbd-scene-v1 in a folder, by name.

    Raises:
        FileNotFoundError: There is none.
    """
    scenes = [read_scene(path.parent) for path in sorted(folder.glob("*/scene.json"))]
    if not scenes:
        raise FileNotFoundError(f"{folder} holds no folder with a scene.json")
    return scenes
