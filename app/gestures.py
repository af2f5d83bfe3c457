"""What a person did in the path editor, as the browser tells it, and what becomes of the drawing.

A gesture is a JSON object with ``do`` and what that needs. Nothing in it is believed: numbers are checked
here, paths by ``geometry.draft``.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from app.drawing import Drawing
from geometry.draft import Gaze, Keyframe, PathDraft
from geometry.draft_gaze import regazed, toward, turned
from geometry.draft_json import take_number, take_numbers, take_text
from geometry.draft_path import key_spline
from geometry.draft_timing import at_even_speed
from geometry.stroke import with_stroke

MOST_GESTURES = 200
MOST_POINTS = 20_000
PEN = 0.01
"""How far a path may leave a stroke, as a share of the distance to the scene's centre."""
PACE = 0.2
"""Of that distance a new path walks a second."""
APART = 1.0
"""Seconds between the last key frame and one that is added after it."""

Gesture = dict[str, Any]


def after_gestures(drawing: Drawing, gestures: Any) -> Drawing:
    """The drawing after all gestures, in order; the first that is refused ends them with a message."""
    if not isinstance(gestures, list) or len(gestures) > MOST_GESTURES:
        return drawing.refused("the browser sent something that is no list of gestures; reload the page")
    for gesture in gestures:
        try:
            drawing = after_gesture(drawing, gesture)
        except ValueError as error:
            return drawing.refused(" ".join(str(error).split()))
    return drawing


def after_gesture(drawing: Drawing, gesture: Any) -> Drawing:
    """The drawing after one gesture.

    Raises:
        ValueError: No such gesture, or the path cannot be edited so.
    """
    name = gesture.get("do") if isinstance(gesture, dict) else None
    if not isinstance(name, str) or name not in GESTURES:
        raise ValueError(f"gesture is {str(name)[:40]!r}; allowed: {', '.join(GESTURES)}")
    return GESTURES[name](drawing, gesture)


def _key(gesture: Gesture, name: str = "k") -> int:
    number = take_number(gesture.get(name), name=name)
    if number != int(number) or number < 0:
        raise ValueError(f"{name} is {number:g}; expected the number of a key frame")
    return int(number)


def _stroke(drawing: Drawing, gesture: Gesture) -> Drawing:
    points, after = gesture.get("points"), _key(gesture, "after")
    if not isinstance(points, list) or len(points) > MOST_POINTS:
        raise ValueError(f"stroke is no list of at most {MOST_POINTS} places")
    if after >= len(drawing.draft.keyframes):
        raise ValueError(f"path has no key frame {after}")
    height = drawing.draft.keyframes[after].position[1]
    flat = [take_numbers(point, 2, name="place of the stroke") for point in points]
    draft = with_stroke(
        drawing.draft,
        [(x, height, z) for x, z in flat],
        after=after,
        tolerance=PEN * drawing.focus_distance,
        speed=PACE * drawing.focus_distance,
        focus_distance=drawing.focus_distance,
    )
    return drawing.did(draft)


def _insert(drawing: Drawing, gesture: Gesture) -> Drawing:
    """A key frame between ``after`` and the next one, or at the end; at ``position`` if that is given."""
    keys, after = drawing.draft.keyframes, _key(gesture, "after")
    if after >= len(keys):
        raise ValueError(f"path has no key frame {after}")
    before = keys[after]
    if after + 1 < len(keys):
        seconds = (before.seconds + keys[after + 1].seconds) / 2
        pose = key_spline(drawing.draft).at(_share(seconds, drawing.draft))
        position = tuple(pose.camera_to_start[0, :3, 3].tolist())
    else:
        seconds = before.seconds + APART
        position = _ahead(drawing, after)
    if gesture.get("position") is not None:
        position = take_numbers(gesture["position"], 3, name="position")
    fresh = Keyframe(
        position=position, gaze=Gaze(kind="along"), fov_degrees=before.fov_degrees, seconds=seconds
    )
    return drawing.did(drawing.draft.inserted(fresh), selected=after + 1)
