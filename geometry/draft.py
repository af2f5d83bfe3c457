"""A path that is still being drawn: key frames a person can take hold of."""

import itertools
import math
from dataclasses import dataclass, replace
from typing import Literal

from geometry.trajectory import MOST_FRAMES

Vector = tuple[float, float, float]
Quaternion = tuple[float, float, float, float]

MOST_KEYFRAMES = 1000
FARTHEST = 1e6
"""Scene units from the world's origin, along each axis."""
FOV_DEGREES = (1.0, 170.0)
FPS = (1.0, 240.0)
LONGEST_TEXT = 2000
UNIT_TOLERANCE = 1e-3


@dataclass(frozen=True, kw_only=True)
class Gaze:
    """Where a key frame looks.

    Attributes:
        kind: "along" the path, "at" a point, or "free".
        target: The point, world frame; of "at" only.
        rotation: Camera to world as a unit quaternion (w, x, y, z); of "free" only.

    Raises:
        ValueError: Another kind, or not just what its kind needs.
    """

    kind: Literal["along", "at", "free"]
    target: Vector | None = None
    rotation: Quaternion | None = None

    def __post_init__(self) -> None:
        if self.kind not in ("along", "at", "free"):
            raise ValueError(f'gaze is "{self.kind}"; allowed: along, at, free')
        if (self.target is not None) != (self.kind == "at"):
            raise ValueError(f'gaze "{self.kind}" has target {self.target}; expected one for "at" only')
        if (self.rotation is not None) != (self.kind == "free"):
            raise ValueError(f'gaze "{self.kind}" has rotation {self.rotation}; expected one for "free" only')
        if self.target is not None:
            _require_place("gaze target", self.target)
        if self.rotation is not None:
            length = math.hypot(*self.rotation)
            if not abs(length - 1) <= UNIT_TOLERANCE:
                raise ValueError(f"gaze rotation is a quaternion of length {length:g}; expected 1")


@dataclass(frozen=True, kw_only=True)
class Keyframe:
    """A place that the path passes at a given time.

    Attributes:
        position: Camera centre, world frame.
        gaze: Where it looks.
        fov_degrees: Horizontal field of view of a centred lens.
        seconds: When, from the path's start.
        prompt: What is to be seen from here on; None goes on with the one before.

    Raises:
        ValueError: A number out of range, or a prompt that is too long.
    """

    position: Vector
    gaze: Gaze
    fov_degrees: float
    seconds: float
    prompt: str | None = None

    def __post_init__(self) -> None:
        _require_place("position", self.position)
        if not FOV_DEGREES[0] <= self.fov_degrees <= FOV_DEGREES[1]:
            low, high = FOV_DEGREES
            raise ValueError(f"field of view is {self.fov_degrees:g} degrees; expected {low:g} to {high:g}")
        if not 0 <= self.seconds < math.inf:
            raise ValueError(f"time is {self.seconds:g} seconds; expected a number of at least 0")
        if self.prompt is not None and len(self.prompt) > LONGEST_TEXT:
            raise ValueError(f"prompt has {len(self.prompt)} characters; expected at most {LONGEST_TEXT}")


@dataclass(frozen=True, kw_only=True)
class PathDraft:
    """Key frames in the order of their times; the first is where the walk stands, and cannot be changed.

    Every edit gives a new draft. What is edited by hand is no longer what ``text`` says, so that edits
    drop the text.

    Example:
        >>> start = Keyframe(
        ...     position=(0.0, 0.0, 0.0),
        ...     gaze=Gaze(kind="free", rotation=(1.0, 0.0, 0.0, 0.0)),
        ...     fov_degrees=60.0,
        ...     seconds=0.0,
        ... )
        >>> there = replace(start, position=(0.0, 0.0, 2.0), gaze=Gaze(kind="along"), seconds=2.0)
        >>> draft = PathDraft(keyframes=(start,), fps=24.0).inserted(there)
        >>> draft.moved(1, (0.0, -1.0, 2.0)).deleted(1).keyframes == (start,)
        True

    Attributes:
        keyframes: 1 to 1000; one alone is no path yet. The first has a free gaze and time 0.
        fps: Frames a second.
        text: The words of the path language that made it, as long as it is what they say.

    Raises:
        ValueError: No key frames or too many, times that do not increase, more frames than a path may
            have, or a first key frame that is none.
    """

    keyframes: tuple[Keyframe, ...]
    fps: float
    text: str | None = None

    def __post_init__(self) -> None:
        if not 1 <= len(self.keyframes) <= MOST_KEYFRAMES:
            raise ValueError(f"path has {len(self.keyframes)} key frames; expected 1 to {MOST_KEYFRAMES}")
        if not FPS[0] <= self.fps <= FPS[1]:
            raise ValueError(f"path has {self.fps:g} frames a second; expected {FPS[0]:g} to {FPS[1]:g}")
        if self.text is not None and len(self.text) > LONGEST_TEXT:
            raise ValueError(f"path text has {len(self.text)} characters; expected at most {LONGEST_TEXT}")
        first = self.keyframes[0]
        if first.seconds != 0 or first.gaze.kind != "free":
            raise ValueError(
                f'key frame 0 is at {first.seconds:g} seconds with gaze "{first.gaze.kind}"; the first is '
                "where the walk stands: expected time 0 and a free gaze"
            )
        for index, (before, after) in enumerate(itertools.pairwise(self.keyframes), start=1):
            if not before.seconds < after.seconds:
                raise ValueError(
                    f"key frame {index} is at {after.seconds:g} seconds after {before.seconds:g}; expected "
                    "increasing times"
                )
        if self.seconds * self.fps > MOST_FRAMES - 1:
            raise ValueError(
                f"path lasts {self.seconds:g} seconds, {self.seconds * self.fps:.0f} frames; expected at "
                f"most {MOST_FRAMES - 1}"
            )

    @property
    def seconds(self) -> float:
        """How long the path takes; 0 while the start is all there is."""
        return self.keyframes[-1].seconds

    @property
    def frames(self) -> int:
        """How many cameras the path becomes, the start included; 1 while the start is all there is."""
        return 1 if len(self.keyframes) == 1 else max(2, round(self.seconds * self.fps) + 1)

    def inserted(self, keyframe: Keyframe) -> "PathDraft":
        """With one more key frame, in its place by time."""
        return self._with((*self.keyframes, keyframe))

    def deleted(self, index: int) -> "PathDraft":
        """Without a key frame; the others keep their times."""
        self._require_free(index)
        return self._with(self.keyframes[:index] + self.keyframes[index + 1 :])

    def duplicated(self, index: int, *, seconds: float = 1.0) -> "PathDraft":
        """The same key frame once more, so that the path rests there; all that follows is later."""
        key = self.key(index)
        twin = replace(key, seconds=key.seconds + seconds, prompt=None)
        later = tuple(replace(k, seconds=k.seconds + seconds) for k in self.keyframes[index + 1 :])
        return self._with((*self.keyframes[: index + 1], twin, *later))

    def reordered(self, index: int, to: int) -> "PathDraft":
        """A key frame takes another place in the order; the times stay where they are."""
        self._require_free(index)
        self._require_free(to)
        order = [key for k, key in enumerate(self.keyframes) if k != index]
        order.insert(to, self.keyframes[index])
        times = [key.seconds for key in self.keyframes]
        return self._with(tuple(replace(key, seconds=t) for key, t in zip(order, times, strict=True)))

    def moved(self, index: int, position: Vector) -> "PathDraft":
        """With a key frame somewhere else."""
        return self._changed(index, position=position)

    def with_gaze(self, index: int, gaze: Gaze) -> "PathDraft":
        """With a key frame that looks elsewhere."""
        return self._changed(index, gaze=gaze)

    def with_fov(self, index: int, fov_degrees: float) -> "PathDraft":
        """With another field of view at a key frame."""
        return self._changed(index, fov_degrees=fov_degrees)

    def with_prompt(self, index: int, prompt: str | None) -> "PathDraft":
        """With another prompt from a key frame on; the start takes one too, and the text stays."""
        keys = list(self.keyframes)
        keys[index] = replace(self.key(index), prompt=prompt or None)
        return replace(self, keyframes=tuple(keys))

    def timed(self, index: int, seconds: float) -> "PathDraft":
        """With a key frame at another time; the order follows the times."""
        return self._changed(index, seconds=seconds)

    def lasting(self, seconds: float) -> "PathDraft":
        """With the whole path quicker or slower, so that it takes ``seconds``; the text stays true."""
        if not 0 < seconds < math.inf:
            raise ValueError(f"path lasts {seconds:g} seconds; expected more than 0")
        if len(self.keyframes) == 1:
            raise ValueError("path has only its start; draw a path before giving it a duration")
        scale = seconds / self.seconds
        keys = [replace(key, seconds=key.seconds * scale) for key in self.keyframes[:-1]]
        keys.append(replace(self.keyframes[-1], seconds=seconds))
        return replace(self, keyframes=tuple(keys))

    def _changed(self, index: int, **what: object) -> "PathDraft":
        self._require_free(index)
        keys = list(self.keyframes)
        keys[index] = replace(keys[index], **what)  # type: ignore[arg-type]
        return self._with(tuple(keys))

    def _with(self, keyframes: tuple[Keyframe, ...]) -> "PathDraft":
        """Another path, which no text says."""
        first, *others = keyframes
        ordered = (first, *sorted(others, key=lambda key: key.seconds))
        return replace(self, keyframes=ordered, text=None)

    def key(self, index: int) -> Keyframe:
        """A key frame by its number.

        Raises:
            ValueError: There is no such key frame.
        """
        if not 0 <= index < len(self.keyframes):
            raise ValueError(f"path has no key frame {index}; it has 0 to {len(self.keyframes) - 1}")
        return self.keyframes[index]

    def _require_free(self, index: int) -> None:
        self.key(index)
        if index == 0:
            raise ValueError("key frame 0 is where the walk stands; it cannot be changed")


def _require_place(name: str, place: Vector) -> None:
    for value in place:
        if not -FARTHEST <= value <= FARTHEST:
            raise ValueError(f"{name} has the coordinate {value:g}; expected -{FARTHEST:g} to {FARTHEST:g}")
