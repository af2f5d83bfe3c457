"""Casts a few scenes in numba's simulator of a GPU and on the processor; run as a program of its own.

The simulator runs every thread of every kernel as Python, and must be chosen before numba is loaded.
"""

import os
import sys

os.environ["NUMBA_ENABLE_CUDASIM"] = "1"

import numpy as np
import torch
from pytest import MonkeyPatch

from voyager_lite.training import raycast_cuda
from voyager_lite.training.paths import draw_path, draw_shot_of
from voyager_lite.training.raycast import cast_frames
from voyager_lite.training.scene import world_of

SIZE = {"height": 18, "width": 25}
"""No multiple of a block's threads."""


def main() -> None:
    """Print one line a scene: its kind, pixels of matter, uneven ones, and which maps are the same."""
    with MonkeyPatch.context() as patch:
        # Within tuples the simulator's threads see arrays as they are.
        patch.setattr(raycast_cuda, "as_kernels_see", torch.Tensor.numpy)
        for kind in ("room", "country"):
            rng = np.random.default_rng(5)
            cameras = None
            while cameras is None:
                shot = draw_shot_of(rng, kind)
                cameras = draw_path(rng, shot, frames=2, height=72, width=100)
            cameras = cameras.resized(**SIZE)
            given = world_of(shot.scene), cameras.K.numpy(), cameras.camera_to_world.numpy()
            expected = cast_frames(*given, **SIZE)
            maps = raycast_cuda.cast_frames(*given, **SIZE, device=torch.device("cpu"))
            same = [np.array_equal(*pair) for pair in zip(maps, expected, strict=True)]
            line = kind, int((maps.shape >= 0).sum()), len(np.unique(maps.shape)), *same
            sys.stdout.write(" ".join(map(str, line)) + "\n")


if __name__ == "__main__":
    main()
