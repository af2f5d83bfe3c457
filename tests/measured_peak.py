"""What each process of the memory test runs: one clip of a Wan checkpoint; says what it took.

Arguments: the checkpoint, the answer to --memory. Prints bytes at the peak above what the imports take.
"""

import json
import sys
import threading
import time
from pathlib import Path

import torch

from geometry.camera import Camera
from voyager_lite.clip import Guidance
from voyager_lite.core.generator import Request
from voyager_lite.core.wan_vace.generator import WanVace, read_parts
from voyager_lite.depth.layout import LayoutDepth


def resident() -> int:
    """Bytes of this process that are in memory."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS"))


def make_clip(checkpoint: Path, memory: str) -> None:
    """One small clip."""
    known = torch.ones(5, 32, 48, dtype=torch.bool)
    known[1:, :, 30:] = False
    cameras = Camera.stack([Camera.from_fov(60.0, height=32, width=48)] * 5)
    rgb = torch.full((5, 3, 32, 48), 0.5) * known[:, None]
    guidance = Guidance(rgb=rgb, depth=2.0 * known, known=known, cameras=cameras)
    parts = read_parts(checkpoint, device="cpu", memory=memory)
    core = WanVace(parts, name="tiny", depth=LayoutDepth(), clip_frames=5)
    core.generate(guidance, reference=rgb[0], request=Request(seed=1, steps=1))


if __name__ == "__main__":
    import diffusers.models.transformers.transformer_wan_vace  # noqa: F401
    import transformers.models.umt5.modeling_umt5  # noqa: F401

    before, peak, done = resident(), 0, threading.Event()

    def watch() -> None:
        """Look every few milliseconds."""
        global peak
        while not done.is_set():
            peak = max(peak, resident())
            time.sleep(0.005)

    watcher = threading.Thread(target=watch)
    watcher.start()
    make_clip(Path(sys.argv[1]), sys.argv[2])
    done.set()
    watcher.join()
    sys.stdout.write(json.dumps(peak - before))
