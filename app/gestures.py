"""What a person did in the path editor, as the browser tells it, and what becomes of the drawing.

A gesture is a JSON object with ``do`` and what that needs. Nothing in it is believed: numbers are checked
here, paths by ``geometry.draft``.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from app.drawn_path import DrawnPath
from geometry.draft import PathDraft
from geometry.draft_fit import draft_of_text
from geometry.draft_gaze import regazed, toward, turned
from geometry.draft_insert import inserted_after, looked_from
from geometry.draft_move import joined
from geometry.draft_path import draft_at, draft_cameras
from geometry.draft_timing import at_even_speed
from geometry.stroke import with_stroke
from voyager_lite.draft_json import take_number, take_numbers, take_text

MOST_GESTURES = 200
MOST_POINTS = 20_000
PEN = 0.01
"""How far a path may leave a stroke, as a share of the distance to the scene's centre."""
PACE = 0.2
"""Of that distance a new path walks a second."""

Gesture = dict[str, Any]
Answer = Callable[[DrawnPath, Gesture], DrawnPath]


def after_gestures(drawing: DrawnPath, gestures: Any) -> DrawnPath:
    """The drawing after all gestures, in order; the first that is refused ends them with a message."""
    if not isinstance(gestures, list) or len(gestures) > MOST_GESTURES:
        return drawing.refused("the browser sent something that is no list of gestures; reload the page")
    for gesture in gestures:
        try:
            drawing = after_gesture(drawing, gesture)
        except ValueError as error:
            return drawing.refused(" ".join(str(error).split()))
    return drawing


def after_gesture(drawing: DrawnPath, gesture: Any) -> DrawnPath:
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


def _stroke(drawing: DrawnPath, gesture: Gesture) -> DrawnPath:
    points, after = gesture.get("points"), _key(gesture, "after")
    if not isinstance(points, list) or len(points) > MOST_POINTS:
        raise ValueError(f"stroke is no list of at most {MOST_POINTS} places")
    height = drawing.draft.key(after).position[1]
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


def _insert(drawing: DrawnPath, gesture: Gesture) -> DrawnPath:
    after = _key(gesture, "after")
    step = PACE * drawing.focus_distance
    draft = inserted_after(drawing.draft, after, step=step, speed=step)
    return drawing.did(draft, selected=after + 1)


def _view(drawing: DrawnPath, gesture: Gesture) -> DrawnPath:
    draft = looked_from(
        drawing.draft,
        take_numbers(gesture.get("position"), 3, name="position"),
        take_numbers(gesture.get("rotation"), 4, name="rotation"),
        fov_degrees=take_number(gesture.get("fov_degrees"), name="fov_degrees"),
        speed=PACE * drawing.focus_distance,
        focus_distance=drawing.focus_distance,
    )
    return drawing.did(draft, selected=len(draft.keyframes) - 1)


def _text(drawing: DrawnPath, gesture: Gesture) -> DrawnPath:
    """The path that words say; with ``on``, behind what is drawn."""
    text = take_text(gesture.get("text"), name="text") or ""
    draft, more = drawing.draft, {"focus_distance": drawing.focus_distance, "fps": drawing.draft.fps}
    speed = PACE * drawing.focus_distance
    alone = len(draft.keyframes) == 1 or not gesture.get("on")
    if alone or draft.text is not None:
        whole = text if alone else f"{draft.text},{text}"
        return drawing.did(draft_of_text(whole, start=drawing.start, speed=speed, **more))
    cameras = draft_cameras(draft, drawing.start)
    return drawing.did(joined(draft, draft_of_text(text, start=cameras[-1], speed=speed, **more)))


def _select(drawing: DrawnPath, gesture: Gesture) -> DrawnPath:
    chosen = None if gesture.get("k") is None else _key(gesture)
    if chosen is not None:
        drawing.draft.key(chosen)
    return replace(drawing, selected=chosen, message="", serial=drawing.serial + 1)


def _timed(drawing: DrawnPath, gesture: Gesture) -> DrawnPath:
    seconds = take_number(gesture.get("seconds"), name="seconds")
    draft = drawing.draft.timed(_key(gesture), seconds)
    return drawing.did(draft, selected=[key.seconds for key in draft.keyframes].index(seconds))


def _reorder(drawing: DrawnPath, gesture: Gesture) -> DrawnPath:
    to = _key(gesture, "to")
    return drawing.did(drawing.draft.reordered(_key(gesture), to), selected=to)


def _duplicate(drawing: DrawnPath, gesture: Gesture) -> DrawnPath:
    return drawing.did(drawing.draft.duplicated(_key(gesture)), selected=_key(gesture) + 1)


def _delete(drawing: DrawnPath, gesture: Gesture) -> DrawnPath:
    draft = drawing.draft.deleted(_key(gesture))
    before = _key(gesture) - 1
    return drawing.did(draft, selected=before if before else None)


def _all_gazes(drawing: DrawnPath, gesture: Gesture) -> DrawnPath:
    draft = drawing.draft
    for index in range(1, len(draft.keyframes)):
        draft = regazed(draft, index, _kind(gesture), focus_distance=drawing.focus_distance)
    return drawing.did(draft, selected=drawing.selected)


def _kind(gesture: Gesture) -> str:
    return take_text(gesture.get("kind"), name="kind") or ""


def _edit(
    change: Callable[[DrawnPath, Gesture, int], PathDraft],
) -> Callable[[DrawnPath, Gesture], DrawnPath]:
    """A gesture that changes one key frame, which then is the selected one."""

    def gesture_of(drawing: DrawnPath, gesture: Gesture) -> DrawnPath:
        index = _key(gesture)
        return drawing.did(change(drawing, gesture, index), selected=index)

    return gesture_of


def _whole(change: Callable[[DrawnPath, Gesture], PathDraft]) -> Answer:
    """A gesture that changes the whole path; the selected key frame stays selected."""

    def gesture_of(drawing: DrawnPath, gesture: Gesture) -> DrawnPath:
        draft = change(drawing, gesture)
        kept = drawing.selected if (drawing.selected or 0) < len(draft.keyframes) else None
        return drawing.did(draft, selected=kept)

    return gesture_of


def _step_in_time(step: str) -> Answer:
    """Undo or redo."""

    def gesture_of(drawing: DrawnPath, _: Gesture) -> DrawnPath:
        history = drawing.history.undone() if step == "undo" else drawing.history.redone()
        kept = drawing.selected if (drawing.selected or 0) < len(history.present.keyframes) else None
        return replace(drawing, history=history, selected=kept, message="", serial=drawing.serial + 1)

    return gesture_of


GESTURES: dict[str, Answer] = {
    "stroke": _stroke,
    "insert": _insert,
    "view": _view,
    "text": _text,
    "select": _select,
    "time": _timed,
    "reorder": _reorder,
    "duplicate": _duplicate,
    "delete": _delete,
    "all_gazes": _all_gazes,
    "undo": _step_in_time("undo"),
    "redo": _step_in_time("redo"),
    "move": _edit(lambda d, g, k: d.draft.moved(k, take_numbers(g.get("position"), 3, name="position"))),
    "gaze": _edit(lambda d, g, k: regazed(d.draft, k, _kind(g), focus_distance=d.focus_distance)),
    "toward": _edit(lambda d, g, k: toward(d.draft, k, take_numbers(g.get("place"), 3, name="place"))),
    "turn": _edit(
        lambda d, g, k: turned(
            d.draft,
            k,
            yaw_degrees=take_number(g.get("yaw"), name="yaw"),
            pitch_degrees=take_number(g.get("pitch"), name="pitch"),
        )
    ),
    "fov": _edit(lambda d, g, k: d.draft.with_fov(k, take_number(g.get("fov_degrees"), name="fov_degrees"))),
    "prompt": _edit(lambda d, g, k: d.draft.with_prompt(k, take_text(g.get("prompt"), name="prompt"))),
    "clear": _whole(lambda d, _: draft_at(d.start, fps=d.draft.fps)),
    "duration": _whole(lambda d, g: d.draft.lasting(take_number(g.get("seconds"), name="seconds"))),
    "even": _whole(lambda d, _: at_even_speed(d.draft, focus_distance=d.focus_distance)),
}
