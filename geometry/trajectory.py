"""Camera paths: a symbolic path becomes cameras, at constant speed and with eased ends."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from geometry.camera import Camera
from geometry.curve import MeasuredCurve, Poses
from geometry.keyframes import KeyframePath
from geometry.presets import NEAREST_CENTER, Amount, Focus, Move
from geometry.rigid import invert_rigid

# Share of the time in which a path gathers speed, and again in which it comes to rest.
EASE = 0.15
# Where two parts meet, the first hands over to the second over this share of the shorter one, on both sides.
HAND_OVER = 0.1
MOST_FRAMES = 100_000


Part = Move | KeyframePath


@dataclass(frozen=True, kw_only=True)
class Trajectory:
    """A path without a place: ``cameras`` puts it before a start camera.

    Parts share the frames in proportion to their length and run at one speed, with eased ends over the
    whole; each begins where and as the one before has ended, "right" being the right of the camera by
    then. "%" stays a share of the distance from the path's first camera to the scene's centre, so that
    ``forward:50%,backward:50%`` comes home.

    Example:
        >>> path = Trajectory.parse("forward:1.5,orbit:30deg", frames=49)
        >>> cameras = path.cameras(Camera.from_fov(60.0, height=90, width=160), focus_distance=4.0)
        >>> len(cameras)
        49

    Attributes:
        parts: Walked in order.
        frames: How many cameras it becomes, the start included.
        timed: True if the path keeps its own timing instead of constant speed and eased ends.

    Raises:
        ValueError: No parts, fewer than 2 frames or more than 100 000.
    """

    parts: tuple[Part, ...]
    frames: int
    timed: bool = False

    def __post_init__(self) -> None:
        if not 2 <= self.frames <= MOST_FRAMES:
            raise ValueError(
                f"path has {self.frames} frames; expected 2 (the start and one more) to {MOST_FRAMES}"
            )
        if not self.parts:
            raise ValueError("path has no parts; expected at least one")

    @classmethod
    def parse(cls, text: str, *, frames: int) -> "Trajectory":
        """Read words joined by commas, each with an optional amount: ``forward:1.5,orbit:30deg``.

        Raises:
            ValueError: An unknown word (names it and what is allowed, closest first), an amount that is
                no number or has a unit the word does not take, or a number of frames out of range.
        """
        return cls(parts=tuple(Move.parse(part) for part in text.split(",")), frames=frames)

    @classmethod
    def from_keyframes(
        cls, cameras: Camera, *, frames: int, times: Float[Tensor, " key"] | Sequence[float] | None = None
    ) -> "Trajectory":
        """A smooth path through every key frame.

        The first key frame is laid onto the start camera, and the others keep their place and zoom
        relative to it.

        Args:
            cameras: The key frames, a batch of at least 2.
            frames: How many cameras the path becomes.
            times: When each key frame is reached, increasing, in any unit; without them the path runs
                at constant speed with eased ends.

        Raises:
            ValueError: Fewer than 2 key frames, or times that do not fit them or do not increase.
        """
        return cls(
            parts=(KeyframePath.through(cameras, times=times),), frames=frames, timed=times is not None
        )

    @classmethod
    def from_cameras(
        cls, cameras: Camera, *, frames: int | None = None, length: Amount | None = None
    ) -> "Trajectory":
        """A recorded path with its own timing: these cameras, or ``frames`` evenly spread over them.

        As with key frames, the first is laid onto the start camera.

        Args:
            cameras: The recording, a batch of at least 2.
            frames: How many cameras the path becomes; as many as there are by default.
            length: How long the way is to be from the first to the last, for recordings whose unit means
                nothing here; by default their unit is the scene's.

        Raises:
            ValueError: Fewer than 2 cameras, a number of frames out of range, or a length that is none.
        """
        count = cameras.batch_shape[0] if cameras.batch_shape else 0
        path = KeyframePath.through(cameras, times=[float(k) for k in range(count)], length=length)
        return cls(parts=(path,), frames=len(cameras) if frames is None else frames, timed=True)

    def cameras(self, start: Camera, *, focus_distance: float) -> Camera:
        """Put the path before a camera.

        Args:
            start: A single camera: the first of the path, to the last bit.
            focus_distance: From ``start`` to the scene's centre, scene units.

        Returns:
            A batch of ``frames`` cameras with the picture size of ``start``.

        Raises:
            ValueError: ``start`` is a batch, or the distance is not a positive number.
        """
        if start.batch_shape:
            raise ValueError(
                f"path starts at cameras of batch shape {start.batch_shape}; expected a single camera"
            )
        if not (math.isfinite(focus_distance) and focus_distance > 0):
            raise ValueError(f"focus distance is {focus_distance:g}; expected more than 0")
        poses = self._poses(focus_distance)
        K = start.K.repeat(self.frames, 1, 1)
        K[:, :2, :2] *= poses.zoom[:, None, None].to(K)
        world_to_camera = invert_rigid(poses.camera_to_start).to(K) @ start.world_to_camera
        K[0], world_to_camera[0] = start.K, start.world_to_camera
        return Camera(K=K, world_to_camera=world_to_camera, height=start.height, width=start.width)

    def _poses(self, focus_distance: float) -> Poses:
        """One pose a frame, relative to the start."""
        time = torch.linspace(0, 1, self.frames, dtype=torch.float64)
        if self.timed and len(self.parts) == 1:
            return self.parts[0].curve(Focus(distance=focus_distance, remaining=focus_distance)).at(time)
        curves = measure_parts(self.parts, focus_distance=focus_distance)
        camera_to_start = torch.eye(4, dtype=torch.float64)
        zoom = torch.ones((), dtype=torch.float64)
        for curve, walked in zip(curves, share_frames(time, [curve.length for curve in curves]), strict=True):
            poses = curve.at(walked)
            camera_to_start = camera_to_start @ poses.camera_to_start
            zoom = zoom * poses.zoom
        return Poses(camera_to_start=camera_to_start, zoom=zoom)


def measure_parts(parts: Sequence[Part], *, focus_distance: float) -> list[MeasuredCurve]:
    """Every part as a measured curve; each is told how far the scene's centre is where it begins."""
    center = torch.tensor([0.0, 0.0, focus_distance], dtype=torch.float64)
    pose = torch.eye(4, dtype=torch.float64)
    curves = []
    for part in parts:
        remaining = max(float((center - pose[:3, 3]).norm()), NEAREST_CENTER * focus_distance)
        curve = part.curve(Focus(distance=focus_distance, remaining=remaining))
        curves.append(MeasuredCurve.measure(curve, focus_distance=focus_distance))
        pose = pose @ curve.at(torch.ones(1, dtype=torch.float64)).camera_to_start[0]
    return curves


def share_frames(time: Float[Tensor, " frame"], lengths: Sequence[float]) -> list[Float[Tensor, " frame"]]:
    """How far each part has been walked at each frame.

    Together the parts advance at one constant speed but for the eased ends. Around a joint one part
    slows down as the next one sets off, which rounds the corner and still walks both to their full
    length: the end of the path is where it would be with sharp corners.

    Args:
        time: From 0 to 1.
        lengths: Length of each part.
    """
    total = sum(lengths)
    half = EASE / 2
    gathered = soft_ramp(time, at=half, half_width=half) - soft_ramp(time, at=1 - half, half_width=half)
    walked = gathered * (total / (1 - EASE))
    joints = [HAND_OVER * min(pair) for pair in itertools.pairwise(lengths)]
    begun = [walked]
    place = 0.0
    for length, half_width in zip(lengths[:-1], joints, strict=True):
        place += length
        begun.append(soft_ramp(walked, at=place, half_width=half_width))
    return [mine - after for mine, after in zip(begun, [*begun[1:], torch.zeros_like(walked)], strict=True)]


def soft_ramp(x: Float[Tensor, " frame"], *, at: float, half_width: float) -> Float[Tensor, " frame"]:
    """max(x - at, 0) with its corner rounded over ``at`` +- ``half_width``; its slope is a smoothstep."""
    if half_width == 0:
        return (x - at).clamp_min(0)
    step = ((x - at) / (2 * half_width) + 0.5).clamp(0, 1)
    return 2 * half_width * (step**3 - step**4 / 2) + (x - at - half_width).clamp_min(0)
