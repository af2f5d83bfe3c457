"""Filling holes from the background: its colours smoothly, its depth along the planes it lies on."""

import math

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32
from torch import Tensor

from geometry.checks import require_shape
from voyager_lite.core.canvas import beyond_rim
from voyager_lite.core.membrane import BLOCKED, HOLE, SOURCE, Material, fill_membrane
from voyager_lite.core.planes import enclosing_planes, envelope
from voyager_lite.core.sources import source_state

SKY_SHARE, SKY_SHARE_AT_RIM = 0.5, 0.5
"""Share of sky in what a hole pixel's border says, from which on it is sky: between two things, and
beyond the picture's rim."""

SKYLINE = Material(down=0.1)
"""Beyond the picture's rim, where sky ends goes on level rather than up or down."""

COLOR = Material(down=0.5, across=0.1)
"""Colours go on along rows rather than along columns, and rather on one plane than from one to another."""

LEVEL = 0.3
"""How strongly depth holds from row to row beyond the picture's rim, beside 1 along a row: the ground goes on
as ground, rather than rising like a wall."""

THINGS_REACH = 0.5
"""Distance, in widths, over which depth falls back from things to the planes behind them."""

FARTHER, NEARER = 0.5, 1.5
"""Inverse depth in holes over the least and the greatest known one is at least and at most this."""

UNKNOWN_GREY = 0.5
UNKNOWN_DEPTH = 1.0
"""The answer for a clip of which nothing at all is known."""


def background_fill(
    rgb: Float[Tensor, "frame 3 height width"],
    depth: Float[Tensor, "frame height width"],
    known: Bool[Tensor, "frame height width"],
    *,
    sky_from: float = math.inf,
) -> tuple[Float[Tensor, "frame 3 height width"], Float[Tensor, "frame height width"]]:
    """Fill the unknown pixels of every frame from the background around them.

    A narrow hole between a near and a far border is a disocclusion: the near border (within a small
    distance) is left out, and a membrane is drawn over the hole from what remains. Holes that reach
    the picture's rim continue outwards, levelling off. Depth is filled as inverse depth in the same
    way, beyond the rim rather along rows, counted from the large planes that enclose what is seen: floor,
    walls and ceiling go on into the hole, meet where they meet, and colours keep to them. Sky and matter
    never mix: hole pixels whose border is sky in good part become sky, from sky alone, and the others are
    filled from matter alone. A frame of which nothing is known takes the mean of the nearest frame that
    knows something; if none does, mid grey at depth 1.

    Args:
        rgb: RGB in [0, 1]; only known pixels are read.
        depth: Depth along the axis; only known pixels are read, where it must be > 0.
        known: True where a pixel is given.
        sky_from: Depth from which on a known pixel shows sky.

    Returns:
        RGB and depth without holes; known pixels are unchanged. The same input gives the same bytes.

    Raises:
        ValueError: The shapes differ, or a known depth is not a finite number > 0.
    """
    frames, height, width = known.shape
    require_shape("rgb", rgb, (frames, 3, height, width))
    require_shape("depth", depth, (frames, height, width))
    bad = known & ~(torch.isfinite(depth) & (depth > 0))
    if bool(bad.any()):
        raise ValueError(f"depth has {int(bad.sum())} known pixels that are not finite and > 0")
    filled = torch.cat([rgb, 1 / torch.where(known, depth, torch.ones_like(depth))[:, None]], dim=1)
    values = filled.permute(0, 2, 3, 1).contiguous().cpu().numpy()
    mask = known.cpu().numpy()
    answered = [bool(mask[frame].any()) for frame in range(frames)]
    for frame in range(frames):
        if answered[frame] and not mask[frame].all():
            _fill_frame(values[frame], mask[frame], 1 / sky_from)
    _answer_empty(values, answered)
    result = torch.from_numpy(values).to(rgb.device).permute(0, 3, 1, 2)
    complete = torch.where(known[:, None], rgb, result[:, :3])
    return complete, torch.where(known, depth, 1 / result[:, 3])


def _fill_frame(
    values: Float32[np.ndarray, "height width 4"], known: Bool[np.ndarray, "height width"], horizon: float
) -> None:
    """Fill one frame's holes in place; an inverse depth of at most ``horizon`` is sky."""
    sky = known & (values[..., 3] <= horizon)
    state = source_state(values[..., 3], known)
    from_sky, from_matter = (state == SOURCE) & sky, (state == SOURCE) & ~sky
    if not from_sky.any():
        _fill_matter(values, state, known=known)
    elif not from_matter.any():
        fill_membrane(values, state)
    else:
        is_sky = _sky_in_holes(state, from_sky) & _above_horizon(sky)
        above = values.copy()
        fill_membrane(above, np.where(from_matter, np.uint8(BLOCKED), state))
        _fill_matter(values, np.where(from_sky, np.uint8(BLOCKED), state), known=known, sky=sky)
        values[is_sky] = above[is_sky]


def _fill_matter(
    values: Float32[np.ndarray, "height width 4"],
    state: np.ndarray,
    *,
    known: Bool[np.ndarray, "height width"],
    sky: Bool[np.ndarray, "height width"] | None = None,
) -> None:
    """Fill the holes in place with matter: colours from plane to plane, depth counted from the planes."""
    height, width = known.shape
    inverse = values[..., 3] if sky is None else np.where(sky, np.float32(0), values[..., 3])
    planes = enclosing_planes(inverse, known)
    nearest, plane = envelope(planes, height, width)
    before = np.ascontiguousarray((inverse - nearest)[..., None])
    beyond, level = beyond_rim(known), before.copy()
    reach = THINGS_REACH * width if len(planes) else math.inf
    fill_membrane(before, state, material=Material(reach=reach))
    if beyond.any():
        fill_membrane(level, state, material=Material(reach=reach, down=LEVEL))
        before[beyond] = level[beyond]
    color = np.ascontiguousarray(values[..., :3])
    fill_membrane(color, state, region=plane, material=COLOR)
    matter = inverse[known & (inverse > 0)]
    filled = np.clip(nearest + before[..., 0], FARTHER * matter.min(), NEARER * matter.max())
    holes = ~known
    values[holes, :3], values[holes, 3] = color[holes], filled[holes]


def _sky_in_holes(state: np.ndarray, from_sky: Bool[np.ndarray, "height width"]) -> np.ndarray:
    """True at hole pixels that are sky: those of whose border enough is."""
    share = np.where(from_sky, np.float32(1), np.float32(0))[..., None]
    level = share.copy()
    fill_membrane(share, state)
    fill_membrane(level, state, material=SKYLINE)
    known = state != HOLE
    much = np.where(beyond_rim(known), level[..., 0] > SKY_SHARE_AT_RIM, share[..., 0] > SKY_SHARE)
    return ~known & much


def _above_horizon(sky: Bool[np.ndarray, "height width"]) -> Bool[np.ndarray, "height 1"]:
    """True in rows in which, or below which, some sky is known: behind a thing lower down there is ground."""
    rows = np.arange(len(sky))[:, None]
    return rows <= np.nonzero(sky.any(axis=1))[0].max()


def _answer_empty(values: Float[np.ndarray, "frame height width 4"], answered: list[bool]) -> None:
    """Give frames of which nothing is known one decided colour and depth, in place."""
    given = [frame for frame, known in enumerate(answered) if known]
    for frame, known in enumerate(answered):
        if known:
            continue
        if given:
            nearest = min(given, key=lambda other: abs(other - frame))
            values[frame] = values[nearest].mean(axis=(0, 1))
        else:
            values[frame] = (UNKNOWN_GREY, UNKNOWN_GREY, UNKNOWN_GREY, 1 / UNKNOWN_DEPTH)
