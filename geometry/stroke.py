"""A stroke of pen, finger or mouse becomes key frames."""

import itertools
from collections.abc import Sequence
from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor

from geometry.draft import Gaze, Keyframe, PathDraft, Vector
from geometry.draft_timing import stretch_lengths


def simplified(points: Float[Tensor, "point 3"], *, tolerance: float) -> Float[Tensor, "kept 3"]:
    """The few points of a polyline from which no other is farther than ``tolerance``, its ends among them.

    Ramer (1972) and Douglas and Peucker (1973): the farthest point of a stretch splits it in two.
    """
    kept = {0, len(points) - 1}
    stretches = [(0, len(points) - 1)]
    while stretches:
        first, last = stretches.pop()
        if last - first < 2:
            continue
        a, b = points[first], points[last]
        inner = points[first + 1 : last] - a
        whole = (b - a).square().sum().clamp_min(1e-300)
        share = ((inner * (b - a)).sum(-1) / whole).clamp(0, 1)
        away = (inner - share[:, None] * (b - a)).norm(dim=-1)
        if float(away.max()) > tolerance:
            middle = first + 1 + int(away.argmax())
            kept.add(middle)
            stretches += [(first, middle), (middle, last)]
    return points[sorted(kept)]


def with_stroke(
    draft: PathDraft,
    stroke: Sequence[Vector],
    *,
    after: int,
    tolerance: float,
    speed: float,
    focus_distance: float,
) -> PathDraft:
    """The path up to a key frame, and from there along a freehand stroke, looking along at even speed.

    Args:
        draft: What is drawn on.
        stroke: Places passed, world frame; the key frame's own comes before them.
        after: The key frame from which the stroke goes on; later ones are dropped.
        tolerance: How far the path may leave the stroke, scene units, > 0.
        speed: Scene units a second, > 0; turning counts as in ``stretch_lengths``.
        focus_distance: To the scene's centre, scene units; weighs turning against moving.

    Raises:
        ValueError: No such key frame, a stroke that does not leave it, or one with too many bends.
    """
    last = draft.key(after)
    kept = draft.keyframes[: after + 1]
    points = simplified(torch.tensor([last.position, *stroke], dtype=torch.float64), tolerance=tolerance)
    steps = points.diff(dim=0).norm(dim=-1)
    places = points[1:][steps > tolerance].tolist()
    if not places:
        raise ValueError("stroke is a mere dot; draw a longer one")
    drawn = tuple(
        Keyframe(
            position=(x, y, z),
            gaze=Gaze(kind="along"),
            fov_degrees=last.fov_degrees,
            seconds=last.seconds + k / draft.fps,
        )
        for k, (x, y, z) in enumerate(places, start=1)
    )
    path = replace(draft, keyframes=(*kept, *drawn), text=None)
    lengths = stretch_lengths(path, focus_distance=focus_distance)[after:]
    ways = list(itertools.accumulate(lengths))
    timed = (replace(key, seconds=last.seconds + way / speed) for key, way in zip(drawn, ways, strict=True))
    return replace(path, keyframes=(*kept, *timed))
