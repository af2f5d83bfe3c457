"""What a person has drawn so far, and how it is shown."""

import base64
import io
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from geometry.camera import Camera
from geometry.cloud import PointCloud
from geometry.draft import PathDraft, Vector
from geometry.draft_gaze import key_rotations, yaw_and_pitch
from geometry.draft_path import draft_at, draft_cameras
from geometry.draft_timing import onto
from geometry.history import History
from geometry.plan_view import PlanView, view_from_above, view_from_side
from voyager_lite.draft_json import draft_to_record
from voyager_lite.preview import PathProbe, Preview, Surroundings, preview_path, probe_path
from voyager_lite.world.marks import clip_marks
from voyager_lite.world.world import World


@dataclass(frozen=True, kw_only=True, eq=False)
class DrawnPath:
    """A path being drawn in a world. Plain memory: it holds no open file and may be used by any thread.

    Attributes:
        start: Where the walk stands, a single camera.
        around: What is known there.
        focus_distance: To the scene's centre, scene units.
        walked: Camera centres of the way so far.
        plan: The world from above.
        side: The world from the side.
        history: What is drawn, and what was before.
        mark: Of the world as it is there; see ``voyager_lite.world.marks``.
        selected: The key frame that is being edited; None is none.
        message: Why the last gesture was refused; empty if it was not.
        serial: Grows with every answer to the browser.
    """

    start: Camera
    around: Surroundings
    focus_distance: float
    walked: tuple[Vector, ...]
    plan: dict[str, Any]
    side: dict[str, Any]
    history: History[PathDraft]
    mark: str = ""
    selected: int | None = None
    message: str = ""
    serial: int = 0

    @classmethod
    def of(cls, world: World) -> "DrawnPath":
        """Nothing drawn yet where a world's walk stands."""
        cameras = world.cameras
        around = world.cache.around(cameras[-1:])
        drawing = cls.standing(cameras, around, focus_distance=world.focus_distance, fps=world.fps)
        return replace(drawing, mark=clip_marks(world)[-1])

    @classmethod
    def standing(
        cls, cameras: Camera, cloud: PointCloud, *, focus_distance: float, fps: float
    ) -> "DrawnPath":
        """Nothing drawn yet at the end of a way.

        Args:
            cameras: The way so far, a batch; a path begins at its last.
            cloud: What is known there.
            focus_distance: To the scene's centre, scene units.
            fps: Frames a second.
        """
        start = cameras[-1]
        return cls(
            start=start,
            around=Surroundings.of(cloud, start),
            focus_distance=focus_distance,
            walked=tuple((x, y, z) for x, y, z in cameras.center.tolist()),
            plan=_picture(view_from_above(cloud, start, focus_distance=focus_distance)),
            side=_picture(view_from_side(cloud, start, focus_distance=focus_distance)),
            history=History(present=draft_at(start, fps=fps)),
        )

    def left_of(self, before: "DrawnPath") -> "DrawnPath":
        """What is left of an earlier path of this world, now that some of it has been walked.

        Nothing is, if the walk does not stand on it: after an undo, say, or in another world.
        """
        cameras, walked = before.cameras(), len(self.walked) - len(before.walked)
        if (
            cameras is None
            or not 0 < walked < len(cameras)
            or self.walked[: len(before.walked)] != before.walked
        ):
            return self
        apart = (cameras.world_to_camera[walked] - self.start.world_to_camera).abs().max()
        if float(apart) > 1e-9 * max(1.0, self.focus_distance):
            return self
        rest = onto(before.draft, self.start, after=walked / before.draft.fps)
        return replace(self, history=History(present=rest), serial=before.serial + 1)

    @property
    def draft(self) -> PathDraft:
        """What is drawn."""
        return self.history.present

    def cameras(self) -> Camera | None:
        """One camera a frame of the path; None as long as there is no path."""
        return draft_cameras(self.draft, self.start) if len(self.draft.keyframes) > 1 else None

    def did(self, draft: PathDraft, *, selected: int | None = None) -> "DrawnPath":
        """Go on to another draft, which must be one that can be walked.

        Raises:
            ValueError: It cannot.
        """
        if len(draft.keyframes) > 1:
            draft_cameras(draft, self.start)
        return replace(
            self,
            history=self.history.did(draft),
            selected=selected,
            message="",
            serial=self.serial + 1,
        )

    def refused(self, why: str) -> "DrawnPath":
        """The same drawing, with a message for the person."""
        return replace(self, message=why, serial=self.serial + 1)


def draft_value(drawing: DrawnPath | None) -> dict[str, Any] | None:
    """What the path editor shows of a drawing; see ``PathEditor``."""
    if drawing is None:
        return None
    draft, cameras = drawing.draft, drawing.cameras()
    rotations = key_rotations(draft)
    turns = zip(rotations[:, :, 2], yaw_and_pitch(rotations).tolist(), strict=True)
    keys = [
        {"forward": _rounded(forward), "yaw": round(yaw, 2), "pitch": round(pitch, 2)}
        for forward, (yaw, pitch) in turns
    ]
    probe = preview = None
    if cameras is not None:
        probe = probe_path(drawing.around, cameras, fps=draft.fps)
        preview = preview_path(drawing.around, cameras)
    return {
        "draft": draft_to_record(draft),
        "keys": keys,
        "sampled": None if probe is None else sampled(probe),
        "preview": None if preview is None else film(preview),
        "walked": [list(center) for center in drawing.walked],
        "plan": drawing.plan,
        "side": drawing.side,
        "selected": drawing.selected,
        "seconds": draft.seconds,
        "frames": draft.frames,
        "focus": drawing.focus_distance,
        "undo": bool(drawing.history.past),
        "redo": bool(drawing.history.future),
        "message": drawing.message,
        "serial": drawing.serial,
    }


def sampled(probe: PathProbe) -> dict[str, Any]:
    """A path as the browser draws it: places evenly spread over its frames."""
    report = probe.report
    return {
        "frames": probe.numbers.tolist(),
        "centers": _rounded(probe.cameras.center),
        "forward": _rounded(probe.cameras.camera_to_world[:, :3, 2]),
        "clearance": [None if torch.isinf(value) else round(float(value), 5) for value in report.clearance],
        "margin": report.margin,
        "trouble": probe.trouble,
        "kind": report.kind,
        "speed": _rounded(probe.speed),
    }


def film(preview: Preview) -> dict[str, Any]:
    """A preview as one tall picture: a strip of frames, the unseen striped."""
    frames = preview.shown().permute(0, 2, 3, 1).flatten(0, 1)
    height, width = preview.known.shape[1:]
    return {
        "src": _data_url(frames, "JPEG", quality=80),
        "width": width,
        "height": height,
        "frames": preview.numbers.tolist(),
        "unseen": _rounded(preview.unseen),
    }


def _rounded(values: Float[Tensor, "*batch"]) -> Any:
    """Nested lists of numbers with as many digits as a screen can show."""
    return np.round(values.double().numpy(), 5).tolist()


def _picture(view: PlanView) -> dict[str, Any]:
    """A plan or side view as the browser loads it."""
    source = _data_url(view.rgba.permute(1, 2, 0), "PNG", compress_level=3)
    return {"src": source, "extent": list(view.extent)}


def _data_url(pixels: Float[Tensor, "height width channel"], kind: str, **how: Any) -> str:
    """A picture in its own address."""
    file = io.BytesIO()
    Image.fromarray((pixels * 255).round().byte().numpy()).save(file, kind, **how)
    return f"data:image/{kind.lower()};base64," + base64.b64encode(file.getvalue()).decode()
