"""What the players are given: addresses of frames, or of films."""

from typing import Any, Final

from app.exporting import FILMS, exports_folder
from app.studio import Place
from voyager_lite.world.marks import clip_marks, frame_marks

MOST_PICTURES: Final = 150
"""Frames of a walk that are shown one by one; of a longer one, the last."""


def running_film(place: Place) -> dict[str, Any]:
    """The frames of a walk as single pictures, as they are while it goes on."""
    with place.open() as world:
        marks, fps = frame_marks(world), world.fps
    shown = range(max(0, len(marks) - MOST_PICTURES), len(marks))
    rgb, depth = (
        [place.address(f"{kind}/{number}", version=marks[number]) for number in shown]
        for kind in ("rgb", "depth")
    )
    pictures = {"rgb": rgb, "depth": depth, "side": None, "frames": len(shown), "fps": fps}
    return {**pictures, "key": place.name, "first": shown.start}


def whole_film(place: Place) -> dict[str, Any] | None:
    """The films of a walk as it is now; None as long as they are not made."""
    with place.open() as world:
        folder, count, fps = exports_folder(world), len(world), world.fps
        version = clip_marks(world)[-1]
    if not all((folder / name).is_file() for name in FILMS.values()):
        return None
    films = {kind: place.address(f"take/{name}", version=version) for kind, name in FILMS.items()}
    return {**films, "side": None, "frames": count, "fps": fps, "key": version}
