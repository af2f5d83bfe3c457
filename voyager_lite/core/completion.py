"""A whole clip from its key frames: new content is made once, lifted to points and seen again."""

import math
from bisect import bisect_left
from collections.abc import Callable

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from geometry.camera import Camera
from geometry.cloud import PointCloud
from geometry.edges import beside_nearer
from geometry.lifting import lift, lift_sky
from geometry.rasterizer import render_points
from voyager_lite.clip import Clip, Guidance
from voyager_lite.core.canvas import Exemplar
from voyager_lite.core.coarse import CoarseFrames
from voyager_lite.core.detail import (
    coarse_difference,
    complete_frame,
    corrected,
    is_textured,
    with_soft_borders,
)
from voyager_lite.core.fade import faded
from voyager_lite.core.fill import background_fill
from voyager_lite.core.steady import steadied

WORTH_MAKING = 0.002
"""Share of a key frame that must be missing for something new to be made there: less is filled from its
surroundings, as in other frames."""

MOST = 0.75
"""Share of a key frame that may be missing for it to be made before those that show more."""


def complete_clip(
    guidance: Guidance,
    coarse: CoarseFrames,
    *,
    keys: list[int],
    photograph: Exemplar | None = None,
    previous: Clip | None = None,
    progress: Callable[[int], None] | None = None,
) -> Clip:
    """Complete all frames at full size.

    Key frames are taken in ``order_of_keys``. Each first sees what the ones before it made, beneath its
    known pixels; only what is then still missing is new, and becomes points. The other frames see those
    points; the few pixels left between them are filled from their surroundings. So new content stands
    still. In pictures without texture, what it looks like is then drawn to what the network says of each
    key frame, and between key frames to what lies between: there is no detail that could swim. What the
    frames then say of the same places is averaged. In textured ones, made pixels that touch known ones show
    both.

    Args:
        guidance: The clip to complete.
        coarse: The network's frames, one for each key frame.
        keys: The key frames, rising.
        photograph: Where the walk began. The first clip shows it, and takes its patches from what it
            shows; later ones, which show what was made as well, take theirs from the photograph itself.
            Without it all take them from what they show.
        previous: What the clip before has for the first frames; their new content comes from it.
        progress: Told how many frames are complete, after each; what it raises ends the work.

    Returns:
        The clip; every known pixel as it is in the guidance.
    """
    shared = 0 if previous is None else len(previous)
    draft = _Draft(guidance)
    complete = 0

    def tell() -> None:
        nonlocal complete
        complete += 1
        if progress is not None:
            progress(complete)

    left = set(range(len(guidance))) - set(keys)
    for frame in order_of_keys(guidance.known, keys, shared=shared):
        draft.see_again(frame)
        if draft.missing(frame) < WORTH_MAKING:
            left.add(frame)
            continue
        lasting = ~guidance.known[frame]
        if frame < shared and previous is not None:
            made = previous.rgb[frame], previous.depth[frame]
            # Its soft borders show some of what is before them.
            lasting &= ~beside_nearer(previous.depth[frame])
        else:
            made = complete_frame(
                *draft.frame(frame),
                coarse=_one(coarse, keys.index(frame)),
                sky_from=guidance.sky_from,
                exemplar=None if previous is None else photograph,
            )
        draft.complete(frame, *made, lasting=lasting)
        tell()
    for frame in sorted(left):
        draft.see_again(frame)
        rgb, depth = background_fill(*(part[None] for part in draft.frame(frame)), sky_from=guidance.sky_from)
        draft.complete(frame, rgb[0], depth[0])
        tell()
    if is_textured(guidance.known.shape[2], coarse):
        draft.soften(guidance.known)
    else:
        draft.settle(guidance, coarse, keys)
    return draft.blended(guidance, previous)


def order_of_keys(known: Bool[Tensor, "frame height width"], keys: list[int], *, shared: int) -> list[int]:
    """The order in which key frames are made.

    First those shared with the previous clip, latest first, so that what it made is kept. Then by the
    number of unknown pixels, most first: one large piece is made in one go, and seen from its best side. But
    a frame of which most is unknown has little to go on with: those come last, least first, when they
    see what the others made.
    """
    missing = (~known).float().mean(dim=(1, 2)).tolist()
    old = sorted((key for key in keys if key < shared), reverse=True)
    new = sorted((key for key in keys if key >= shared), key=lambda key: (missing[key], key))
    most = [key for key in new if missing[key] > MOST]
    return old + [key for key in reversed(new) if missing[key] <= MOST] + most


class _Draft:
    """The clip while it is being completed, and the points of what was made so far."""

    def __init__(self, guidance: Guidance) -> None:
        self.rgb, self.depth = guidance.rgb.clone(), guidance.depth.clone()
        self.known, self.cameras = guidance.known.clone(), guidance.cameras
        self.made, self.sky_from = PointCloud.empty(), guidance.sky_from

    def frame(self, frame: int) -> tuple[Tensor, Tensor, Tensor]:
        return self.rgb[frame], self.depth[frame], self.known[frame]

    def missing(self, frame: int) -> float:
        """The share of a frame that is still to be completed."""
        return float((~self.known[frame]).float().mean())

    def see_again(self, frame: int) -> None:
        """Draw what was made so far into a frame's unknown pixels."""
        if not len(self.made) or bool(self.known[frame].all()):
            return
        seen = render_points(self.made, self.cameras[frame])
        shown = seen.known & ~self.known[frame]
        self._set(frame, shown, seen.rgb, seen.depth)

    def complete(self, frame: int, rgb: Tensor, depth: Tensor, *, lasting: Tensor | None = None) -> None:
        """Set a frame's unknown pixels; those that are ``lasting`` are lifted for other frames to see."""
        new = ~self.known[frame]
        if lasting is not None and bool((new & lasting).any()):
            points = lift_new(rgb, depth, self.cameras[frame], new=new & lasting, sky_from=self.sky_from)
            self.made = PointCloud.concatenate([self.made, points])
        self._set(frame, new, rgb, depth)

    def settle(self, guidance: Guidance, coarse: CoarseFrames, keys: list[int]) -> None:
        """Draw the unknown pixels of all frames to the network's frames, then to each other."""
        differences = [
            coarse_difference(self.rgb[key], self.depth[key], ~guidance.known[key], coarse=_one(coarse, row))
            for row, key in enumerate(keys)
        ]
        for frame in range(len(guidance)):
            difference = between(differences, keys, frame)
            self.rgb[frame], self.depth[frame] = corrected(
                self.rgb[frame],
                self.depth[frame],
                guidance.known[frame],
                difference=difference,
                sky_from=guidance.sky_from,
            )
        self.rgb = steadied(self.rgb, self.depth, ~guidance.known, self.cameras, sources=keys)

    def soften(self, known: Bool[Tensor, "frame height width"]) -> None:
        """Let no hard edge stand between what is known and what is not."""
        for frame in range(len(known)):
            self.rgb[frame] = with_soft_borders(self.rgb[frame], known[frame])

    def blended(self, guidance: Guidance, previous: Clip | None) -> Clip:
        """The finished clip, its shared frames faded over from the previous clip's."""
        clip = Clip(rgb=self.rgb, depth=self.depth, cameras=self.cameras)
        return faded(clip, guidance, previous=previous)

    def _set(self, frame: int, where: Tensor, rgb: Tensor, depth: Tensor) -> None:
        self.rgb[frame] = torch.where(where, rgb, self.rgb[frame])
        self.depth[frame] = torch.where(where, depth, self.depth[frame])
        self.known[frame] |= where


def between(differences: list[Tensor], keys: list[int], frame: int) -> Tensor:
    """The difference at a frame, linear in time between its two key frames."""
    after = bisect_left(keys, frame)
    if keys[after] == frame:
        return differences[after]
    share = (frame - keys[after - 1]) / (keys[after] - keys[after - 1])
    return torch.lerp(differences[after - 1], differences[after], share)


def lift_new(
    rgb: Float[Tensor, "3 height width"],
    depth: Float[Tensor, "height width"],
    camera: Camera,
    *,
    new: Bool[Tensor, "height width"],
    sky_from: float = math.inf,
) -> PointCloud:
    """The new pixels of a frame as points; sky goes to the shell of twice the depth it begins at."""
    sky = new & (depth >= sky_from)
    matter = lift(rgb, depth, camera, valid=new & ~sky)
    if not bool(sky.any()):
        return matter
    return PointCloud.concatenate([matter, lift_sky(rgb, camera, sky=sky, distance=2 * sky_from)])


def _one(frames: CoarseFrames, row: int) -> CoarseFrames:
    chosen = slice(row, row + 1)
    return CoarseFrames(rgb=frames.rgb[chosen], depth=frames.depth[chosen], known=frames.known[chosen])
