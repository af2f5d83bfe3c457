"""A smooth path through key frames: position, rotation and zoom, each continuous with its speed."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from geometry.camera import Camera
from geometry.curve import Curve, Poses, step_lengths
from geometry.presets import Amount, Focus, in_scene_units
from geometry.rigid import invert_rigid, rigid_from, rotation_from_vector, squared_up, vector_from_rotation

# Samples between two key frames for measuring the path, and at most in all.
SAMPLES_PER_STEP = 64
MOST_SAMPLES = 65_536


@dataclass(frozen=True, kw_only=True, eq=False)
class KeyframePath:
    """Key frames relative to the first, joined by a spline.

    Attributes:
        poses: The first is the identity with zoom 1.
        times: When each is reached, increasing from 0 to 1; None sets them by the way between them.
        length: The way from the first to the last, if the unit of the key frames is to be changed;
            None keeps it.
    """

    poses: Poses
    times: Float[Tensor, " key"] | None
    length: Amount | None = None

    @classmethod
    def through(
        cls,
        cameras: Camera,
        *,
        times: Float[Tensor, " key"] | Sequence[float] | None = None,
        length: Amount | None = None,
    ) -> "KeyframePath":
        """Take a batch of cameras as key frames.

        Raises:
            ValueError: Not a batch of at least 2, times that do not fit them or do not increase, or a
                length that is none.
        """
        if length is not None and (length.unit not in ("", "%") or length.value <= 0):
            raise ValueError(f"path length is {length}; expected scene units (1.5) or a share (50%), above 0")
        if len(cameras.batch_shape) != 1 or len(cameras) < 2:
            raise ValueError(f"key frames have batch shape {cameras.batch_shape}; expected at least (2,)")
        focal = (cameras.K[:, 0, 0] * cameras.K[:, 1, 1]).sqrt().cpu()
        camera_to_world = squared_up(cameras.camera_to_world.cpu())
        camera_to_start = invert_rigid(camera_to_world[:1]) @ camera_to_world
        return cls(
            poses=Poses(camera_to_start=camera_to_start, zoom=focal / focal[0]),
            times=None if times is None else unit_times(times, count=len(cameras)),
            length=length,
        )

    def curve(self, focus: Focus) -> Curve:
        """The path in a scene at the given distance, which weighs moves against turns."""
        poses, times = self.poses, self.times
        if self.length is not None:
            poses = scaled(poses, in_scene_units(self.length, focus))
        if times is None:
            poses, times = centripetal_times(poses, focus_distance=focus.distance)
        steps = len(times) - 1
        samples = 1 + steps * max(2, min(SAMPLES_PER_STEP, MOST_SAMPLES // steps))
        return Curve(at=PoseSpline.fit(poses, times).at, samples=samples)


def scaled(poses: Poses, length: float) -> Poses:
    """Poses whose way from the first to the last has the given length, in another unit.

    Raises:
        ValueError: They do not move.
    """
    walked = float(poses.camera_to_start[:, :3, 3].diff(dim=0).norm(dim=-1).sum())
    if walked < 1e-12:
        raise ValueError(f"path does not move; it cannot be given a length of {length:g}")
    camera_to_start = poses.camera_to_start.clone()
    camera_to_start[:, :3, 3] *= length / walked
    return Poses(camera_to_start=camera_to_start, zoom=poses.zoom)


def unit_times(times: Float[Tensor, " key"] | Sequence[float], *, count: int) -> Float[Tensor, " key"]:
    """Times laid onto 0 to 1.

    Raises:
        ValueError: Not ``count`` finite, increasing numbers.
    """
    values = torch.tensor([float(time) for time in times], dtype=torch.float64)
    if len(values) != count:
        raise ValueError(f"key frames have {len(values)} times; expected one for each of the {count}")
    for key, (before, after) in enumerate(itertools.pairwise(values.tolist()), start=1):
        if not -torch.inf < before < after < torch.inf:
            raise ValueError(
                f"key frame {key} is at time {after:g} after {before:g}; expected finite, increasing times"
            )
    return (values - values[0]) / (values[-1] - values[0])


def centripetal_times(poses: Poses, *, focus_distance: float) -> tuple[Poses, Float[Tensor, " key"]]:
    """Set times by the square root of the way between key frames, and drop those that stand still.

    With this exponent a Catmull-Rom spline has no cusps and no loops between its points (Yuksel,
    Schaefer and Keyser, "Parameterization and applications of Catmull-Rom curves", 2011). If no key
    frame differs from the first, the first and the last stay.
    """
    steps = step_lengths(poses, focus_distance=focus_distance)
    moving = steps > 1e-9 * steps.sum()
    if not bool(moving.any()):
        ends = torch.tensor([0, len(steps)])
        return _chosen(poses, ends), torch.tensor([0.0, 1.0], dtype=torch.float64)
    kept = torch.cat([torch.zeros(1, dtype=torch.int64), moving.nonzero()[:, 0] + 1])
    times = torch.cat([torch.zeros(1, dtype=torch.float64), steps[moving].sqrt().cumsum(0)])
    return _chosen(poses, kept), times / times[-1]


def _chosen(poses: Poses, keys: Tensor) -> Poses:
    """The poses of some key frames."""
    return Poses(camera_to_start=poses.camera_to_start[keys], zoom=poses.zoom[keys])


def tangents(steps: Float[Tensor, "step channel"], durations: Float[Tensor, " step"]) -> Tensor:
    """Velocity at every key from the steps between them, (step + 1, channel).

    Inside it is that of the parabola through three neighbours (non-uniform Catmull-Rom); at the ends
    the curve does not bend, nor start backwards. It is never more than three times the slower of the
    two speeds beside it, the bound of Fritsch and Carlson (1980): a curve that stands still between two
    equal keys does so without a swing, and steady progress never reverses.
    """
    speeds = steps / durations[:, None]
    if len(steps) == 1:
        return speeds.repeat(2, 1)
    before, after = durations[:-1, None], durations[1:, None]
    inner = (after * speeds[:-1] + before * speeds[1:]) / (before + after)
    outer = speeds[[0, -1]]
    ends = 1.5 * outer - 0.5 * inner[[0, -1]]
    back = (ends * outer).sum(dim=-1, keepdim=True).clamp_max(0)
    ends = ends - back / outer.square().sum(dim=-1, keepdim=True).clamp_min(1e-300) * outer
    velocity = torch.cat([ends[:1], inner, ends[1:]])
    fast = speeds.norm(dim=-1)
    bound = 3 * torch.minimum(torch.cat([fast[:1], fast]), torch.cat([fast, fast[-1:]]))
    length = velocity.norm(dim=-1)
    return velocity * (bound / length.clamp_min(1e-300)).clamp_max(1)[:, None]


@dataclass(frozen=True, kw_only=True, eq=False)
class PoseSpline:
    """Cubic pieces between key frames.

    Attributes:
        poses: Key frames; the spline goes through each.
        times: When.
        velocity: Of the camera's centre, and in the last column of the logarithm of the zoom.
        spin: Angular velocity in the camera's own frame, radians.
    """

    poses: Poses
    times: Float[Tensor, " key"]
    velocity: Float[Tensor, "key 4"]
    spin: Float[Tensor, "key 3"]

    @classmethod
    def fit(cls, poses: Poses, times: Float[Tensor, " key"]) -> "PoseSpline":
        """The spline through key frames at increasing times."""
        durations = times.diff()
        R = poses.camera_to_start[:, :3, :3]
        moved = tangents(poses.camera_to_start[:, :3, 3].diff(dim=0), durations)
        zoomed = tangents(poses.zoom.log().diff()[:, None], durations)
        spin = tangents(vector_from_rotation(R[:-1].mT @ R[1:]), durations)
        return cls(poses=poses, times=times, velocity=torch.cat([moved, zoomed], dim=-1), spin=spin)

    def at(self, time: Float[Tensor, " frame"]) -> Poses:
        """Poses between the first time and the last.

        Position and logarithm of the zoom are cubic Hermite pieces. Rotations are their counterpart on
        the group: a cumulative Bezier curve with the same end spins (Kim, Kim and Shin, "A general
        construction scheme for unit quaternion curves with simple high order derivatives", 1995).
        """
        piece = (torch.searchsorted(self.times, time, right=True) - 1).clamp(0, len(self.times) - 2)
        duration = (self.times[piece + 1] - self.times[piece])[:, None]
        x = (time - self.times[piece])[:, None] / duration

        values = torch.cat([self.poses.camera_to_start[:, :3, 3], self.poses.zoom.log()[:, None]], dim=-1)
        start, step = values[piece], values[piece + 1] - values[piece]
        leave, arrive = self.velocity[piece] * duration, self.velocity[piece + 1] * duration
        value = start + step * (3 * x**2 - 2 * x**3) + leave * (x - 2 * x**2 + x**3) + arrive * (x**3 - x**2)

        R, R_next = self.poses.camera_to_start[piece, :3, :3], self.poses.camera_to_start[piece + 1, :3, :3]
        leave, arrive = self.spin[piece] * duration / 3, self.spin[piece + 1] * duration / 3
        middle = vector_from_rotation(
            rotation_from_vector(-leave) @ R.mT @ R_next @ rotation_from_vector(-arrive)
        )
        rotation = (
            R
            @ rotation_from_vector(leave * (1 - (1 - x) ** 3))
            @ rotation_from_vector(middle * (3 * x**2 - 2 * x**3))
            @ rotation_from_vector(arrive * x**3)
        )
        return Poses(camera_to_start=rigid_from(rotation, value[:, :3]), zoom=value[:, 3].exp())
