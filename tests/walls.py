"""Small worlds and a quick core for the tests of the app."""

from pathlib import Path

import torch

from voyager_lite.clip import Clip
from voyager_lite.core.generator import Generator
from voyager_lite.depth.estimate import DepthEstimate
from voyager_lite.evaluation.kills import TinyCore
from voyager_lite.opening import View, open_photograph
from voyager_lite.photograph import Photograph
from voyager_lite.world.world import World

HEIGHT, WIDTH = 32, 48


def wall(folder: Path, *, distance: float = 2.0) -> World:
    """A grey wall that fills the picture."""
    depth = torch.full((HEIGHT, WIDTH), distance)
    estimate = DepthEstimate(
        depth=depth, valid=depth > 0, sky=depth < 0, fov_degrees=60.0, metric=True, source="a wall"
    )
    photograph = Photograph(rgb=torch.full((3, HEIGHT, WIDTH), 0.5), fov_degrees=None, path=Path(__file__))
    return World.create(folder, open_photograph(photograph, estimate, view=View(fps=8.0)))


STEPS = 2


class SteppingCore(TinyCore):
    """The tiny core, which says how far it is."""

    def generate(self, guidance, *, reference, previous=None, request, progress=None) -> Clip:
        for step in range(STEPS):
            progress(step + 1, STEPS)
        return super().generate(guidance, reference=reference, previous=previous, request=request)


def load_tiny(name: str) -> Generator:
    """The same core, whatever is asked for; a working process finds it by this name."""
    return SteppingCore()
