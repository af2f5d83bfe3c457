"""What a walk will cost on this machine: measured on one clip, not guessed."""

import resource
import sys
import time
from dataclasses import dataclass

import torch

from geometry.camera import Camera
from voyager_lite.clip import Guidance
from voyager_lite.core.generator import Generator, Progress, Request
from voyager_lite.stretches import clip_starts


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How quickly a core made clips here.

    Attributes:
        core: Its name.
        height: Of the frames.
        width: Of the frames.
        clip_frames: Frames of a clip.
        clip_seconds: What one clip took.
        memory_mb: The most that the process took up to then, core and all.
        how: What was measured, for people.
    """

    core: str
    height: int
    width: int
    clip_frames: int
    clip_seconds: float
    memory_mb: float
    how: str

    def clips(self, frames: int) -> int:
        """How many clips a path of so many frames takes.

        Raises:
            ValueError: Fewer than 2 frames.
        """
        return len(clip_starts(frames, clip_frames=self.clip_frames))

    def seconds(self, frames: int) -> float:
        """How long a path of so many frames takes.

        Raises:
            ValueError: Fewer than 2 frames.
        """
        return self.clips(frames) * self.clip_seconds


def measure_pace(generator: Generator, *, height: int, width: int, progress: Progress | None = None) -> Pace:
    """Make one clip, of whose frames half is unseen, and look at the clock and at the memory taken.

    Args:
        generator: A core that is ready.
        height: Of the frames.
        width: Of the frames.
        progress: Told of every step of the clip; what it raises ends the measurement.
    """
    frames = generator.clip_frames
    known = torch.zeros(frames, height, width, dtype=torch.bool)
    known[..., : width // 2] = known[0] = True
    camera = Camera.from_fov(60.0, height=height, width=width)
    guidance = Guidance(
        rgb=0.5 * known[:, None].expand(-1, 3, -1, -1),
        depth=2.0 * known,
        known=known,
        cameras=Camera.stack([camera] * frames),
    )
    began = time.perf_counter()
    grey = torch.full((3, height, width), 0.5)
    generator.generate(guidance, reference=grey, request=Request(seed=0), progress=progress)
    return Pace(
        core=generator.name,
        height=height,
        width=width,
        clip_frames=frames,
        clip_seconds=time.perf_counter() - began,
        memory_mb=peak_memory_mb(),
        how="one clip, half of it unseen",
    )


def peak_memory_mb() -> float:
    """The most memory that this process has taken so far."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 2**20 if sys.platform == "darwin" else most / 2**10
