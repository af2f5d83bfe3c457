"""Drafts of paths as JSON.

    {"version": 1, "fps": 24.0, "text": null,
     "keyframes": [{"position": [x, y, z], "gaze": {"kind": "at", "target": [x, y, z]},
                    "fov_degrees": 60.0, "seconds": 0.0, "prompt": null}, ...]}

World frame. A gaze is {"kind": "along"}, {"kind": "at", "target": [x, y, z]} or {"kind": "free",
"rotation": [w, x, y, z]}, camera to world. Numbers are written so that reading gives the same bits.
"""

import json
import math
from typing import Any

from geometry.draft import MOST_KEYFRAMES, Gaze, Keyframe, PathDraft

VERSION = 1
MOST_CHARACTERS = 4 * 2**20
KINDS: dict[type, str] = {dict: "an object", list: "a list", str: "a text"}


def draft_to_json(draft: PathDraft) -> str:
    """The draft as a line of JSON."""
    return json.dumps(draft_to_record(draft))


def draft_from_json(text: str) -> PathDraft:
    """The draft that ``draft_to_json`` has written.

    Raises:
        ValueError: Not such JSON, or no draft; one line says where.
    """
    if len(text) > MOST_CHARACTERS:
        raise ValueError(f"path has {len(text)} characters; expected at most {MOST_CHARACTERS}")
    try:
        record = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"path is no whole JSON: {error.msg} at line {error.lineno}") from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"path is no JSON to read: {error}") from None
    return draft_from_record(record)


def draft_to_record(draft: PathDraft) -> dict[str, Any]:
    """The draft as JSON values."""
    return {
        "version": VERSION,
        "fps": draft.fps,
        "text": draft.text,
        "keyframes": [
            {
                "position": list(key.position),
                "gaze": gaze_to_record(key.gaze),
                "fov_degrees": key.fov_degrees,
                "seconds": key.seconds,
                "prompt": key.prompt,
            }
            for key in draft.keyframes
        ],
    }


def draft_from_record(record: Any) -> PathDraft:
    """The draft of JSON values; no key too few or too many.

    Raises:
        ValueError: No draft; one line says where.
    """
    record = take_object(record, ("version", "fps", "text", "keyframes"), name="path")
    version = take_number(record["version"], name="path.version")
    if version != VERSION:
        raise ValueError(f"path.version is {version:g}; expected {VERSION}")
    keyframes = record["keyframes"]
    if not isinstance(keyframes, list):
        raise ValueError(f"path.keyframes is {_kind(keyframes)}; expected a list")
    if len(keyframes) > MOST_KEYFRAMES:
        raise ValueError(f"path has {len(keyframes)} key frames; expected 1 to {MOST_KEYFRAMES}")
    return PathDraft(
        keyframes=tuple(_keyframe(value, name=f"keyframes[{k}]") for k, value in enumerate(keyframes)),
        fps=take_number(record["fps"], name="path.fps"),
        text=take_text(record["text"], name="path.text"),
    )


def _keyframe(value: Any, *, name: str) -> Keyframe:
    record = take_object(value, ("position", "gaze", "fov_degrees", "seconds", "prompt"), name=name)
    try:
        return Keyframe(
            position=take_numbers(record["position"], 3, name="position"),
            gaze=gaze_from_record(record["gaze"]),
            fov_degrees=take_number(record["fov_degrees"], name="fov_degrees"),
            seconds=take_number(record["seconds"], name="seconds"),
            prompt=take_text(record["prompt"], name="prompt"),
        )
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def gaze_to_record(gaze: Gaze) -> dict[str, Any]:
    """A gaze as JSON values."""
    if gaze.target is not None:
        return {"kind": gaze.kind, "target": list(gaze.target)}
    return (
        {"kind": gaze.kind} if gaze.rotation is None else {"kind": gaze.kind, "rotation": list(gaze.rotation)}
    )


def gaze_from_record(value: Any) -> Gaze:
    """The gaze of JSON values.

    Raises:
        ValueError: None.
    """
    kind = value.get("kind") if isinstance(value, dict) else None
    if kind == "along":
        take_object(value, ("kind",), name="gaze")
        return Gaze(kind="along")
    if kind == "at":
        record = take_object(value, ("kind", "target"), name="gaze")
        return Gaze(kind="at", target=take_numbers(record["target"], 3, name="gaze.target"))
    if kind == "free":
        record = take_object(value, ("kind", "rotation"), name="gaze")
        return Gaze(kind="free", rotation=take_numbers(record["rotation"], 4, name="gaze.rotation"))
    raise ValueError(
        'gaze has no known kind; expected {"kind": "along"}, "at" with a target or "free" with a rotation'
    )


def take_object(value: Any, keys: tuple[str, ...], *, name: str) -> dict[str, Any]:
    """An object with exactly these keys.

    Raises:
        ValueError: Something else.
    """
    if not isinstance(value, dict):
        raise ValueError(f"{name} is {_kind(value)}; expected an object with {', '.join(keys)}")
    if set(value) != set(keys):
        found = ", ".join(sorted(str(key) for key in value)[:12])[:200] or "nothing"
        raise ValueError(f"{name} has {found}; expected {', '.join(keys)}")
    return value


def take_number(value: Any, *, name: str) -> float:
    """A finite number.

    Raises:
        ValueError: Something else.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{name} is {_kind(value)}; expected a number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ValueError(f"{name} is not finite; expected a finite number")
    return number


def take_numbers(value: Any, count: int, *, name: str) -> Any:
    """A tuple of ``count`` finite numbers.

    Raises:
        ValueError: Something else.
    """
    if not isinstance(value, list | tuple) or len(value) != count:
        raise ValueError(f"{name} is {_kind(value)}; expected a list of {count} numbers")
    return tuple(take_number(entry, name=name) for entry in value)


def take_text(value: Any, *, name: str) -> str | None:
    """A text, or none.

    Raises:
        ValueError: Something else.
    """
    if value is not None and not isinstance(value, str):
        raise ValueError(f"{name} is {_kind(value)}; expected a text or null")
    return value


def _kind(value: Any) -> str:
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    return KINDS.get(type(value), f"{type(value).__name__}")
