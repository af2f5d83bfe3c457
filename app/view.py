"""What the 3D view is given."""

from typing import Any

import torch

from app.drawn_path import DrawnPath, sampled
from app.studio import Place
from app.viewer import camera_marks
from voyager_lite.preview import probe_path


def view_value(place: Place, now: DrawnPath | None) -> dict[str, Any]:
    """The world, and the key frames of the path that is drawn; without one, where the camera stands."""
    with place.open() as world:
        stands = world.cameras[-1:]
    points = place.address("points", version=place.version())
    cameras = None if now is None else now.cameras()
    if now is None or cameras is None:
        return {"points": points, "cameras": camera_marks(stands), "path": None, "selected": None}
    frames = [min(round(key.seconds * now.draft.fps), len(cameras) - 1) for key in now.draft.keyframes]
    return {
        "points": points,
        "cameras": camera_marks(cameras[torch.tensor(frames)]),
        "path": sampled(probe_path(now.around, cameras, fps=now.draft.fps)),
        "selected": now.selected,
    }
