"""The ray caster on a GPU shows what that on the processor shows."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from voyager_lite.training.clips import make_clip
from voyager_lite.training.paths import draw_path, draw_shot_of
from voyager_lite.training.scene import can_cast_on_gpu, render_scene


def test_every_thread_of_a_simulated_gpu_fills_in_what_the_processor_does() -> None:
    """To the bit, for sizes that are no multiple of a block, and on scenes with many shapes."""
    program = Path(__file__).parent / "simulated_gpu.py"
    done = subprocess.run(
        [sys.executable, str(program)], capture_output=True, text=True, check=False, timeout=280
    )
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    assert [line[0] for line in lines] == ["room", "country"]
    for _, matter, shapes, *same in lines:
        assert int(matter) > 300
        assert int(shapes) > 5
        assert same == ["True"] * 4


@pytest.mark.gpu
@pytest.mark.skipif(not can_cast_on_gpu(), reason="numba-cuda or a GPU is not here")
def test_a_gpu_and_a_processor_see_the_same() -> None:
    """But for rays that graze an edge, which rounding may send to either side."""
    rng = np.random.default_rng(5)
    cameras = None
    while cameras is None:
        shot = draw_shot_of(rng, "street")
        cameras = draw_path(rng, shot, frames=3, height=64, width=96)
    ours, expected = render_scene(shot.scene, cameras, device="cuda"), render_scene(shot.scene, cameras)
    same = ours.shape == expected.shape
    assert same.float().mean() > 0.999
    torch.testing.assert_close(ours.depth[same], expected.depth[same], rtol=1e-4, atol=1e-4)
    assert ((ours.rgb - expected.rgb).abs() > 0.01).float().mean() < 0.005


@pytest.mark.gpu
@pytest.mark.skipif(not can_cast_on_gpu(), reason="numba-cuda or a GPU is not here")
def test_clips_are_made_on_a_gpu() -> None:
    """A clip's holes are where they are on the processor."""
    ours, expected = make_clip(3, frames=3, device="cuda"), make_clip(3, frames=3)
    assert (ours.known == expected.known).float().mean() > 0.99
