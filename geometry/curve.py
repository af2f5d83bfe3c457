"""A stretch of camera path as a curve, and its length in a measure that moves and turns share."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from geometry.rigid import vector_from_rotation

# Turning by one radian takes as long as moving by this share of the distance to the scene's centre.
# One half lets every orbit down to half that radius run at walking speed.
TURN_WEIGHT = 0.5


@dataclass(frozen=True, kw_only=True, eq=False)
class Poses:
    """Camera poses relative to where a stretch of path begins.

    Attributes:
        camera_to_start: Each camera's pose in the frame of the first (OpenCV axes), float64.
        zoom: Focal length over that of the first camera.
    """

    camera_to_start: Float[Tensor, "frame 4 4"]
    zoom: Float[Tensor, " frame"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Curve:
    """A path without a clock.

    Attributes:
        at: Poses for parameters in [0, 1]; ``at(0)`` is the identity with zoom 1.
        samples: How many samples follow its bends closely enough to measure it.
    """

    at: Callable[[Float[Tensor, " frame"]], Poses]
    samples: int = 1025


def step_lengths(poses: Poses, *, focus_distance: float) -> Float[Tensor, " step"]:
    """How far each pose is from the one before, as a share of the distance to the scene's centre.

    A step is as long as its move, unless it turns or zooms so much that the picture changes faster than
    that: then it counts as ``TURN_WEIGHT`` times the angle, or the change of the zoom's logarithm. One
    measure lets moves and turns share the frames; at constant speed in it a camera walks at constant
    speed, and slows down only where it has much to turn.
    """
    center, R = poses.camera_to_start[:, :3, 3], poses.camera_to_start[:, :3, :3]
    moved = (center[1:] - center[:-1]).norm(dim=-1) / focus_distance
    turned = vector_from_rotation(R[:-1].mT @ R[1:]).norm(dim=-1)
    zoomed = (poses.zoom[1:].log() - poses.zoom[:-1].log()).abs()
    return torch.stack([moved, TURN_WEIGHT * turned, TURN_WEIGHT * zoomed]).amax(dim=0)


@dataclass(frozen=True, kw_only=True, eq=False)
class MeasuredCurve:
    """A curve walked by its length instead of its parameter.

    Attributes:
        curve: The path.
        parameters: Samples of its parameter, from 0 to 1.
        lengths: Length walked at each sample, from 0, as ``step_lengths`` measures it.
    """

    curve: Curve
    parameters: Float[Tensor, " sample"]
    lengths: Float[Tensor, " sample"]

    @classmethod
    def measure(cls, curve: Curve, *, focus_distance: float) -> "MeasuredCurve":
        """Sample the curve and add up its steps."""
        parameters = torch.linspace(0, 1, curve.samples, dtype=torch.float64)
        steps = step_lengths(curve.at(parameters), focus_distance=focus_distance)
        lengths = torch.cat([torch.zeros(1, dtype=torch.float64), steps.cumsum(0)])
        return cls(curve=curve, parameters=parameters, lengths=lengths)

    @property
    def length(self) -> float:
        """Length of the whole curve; 0 if it stands still."""
        return float(self.lengths[-1])

    def at(self, walked: Float[Tensor, " frame"]) -> Poses:
        """Poses after the given lengths; before the start and past the end the curve stands still."""
        if self.length == 0:
            return self.curve.at(torch.zeros_like(walked))
        return self.curve.at(
            torch.from_numpy(np.interp(walked.numpy(), self.lengths.numpy(), self.parameters.numpy()))
        )
