"""What each process of the parallel tests runs: one clip of a tiny core; the driving one writes it.

Arguments: the checkpoint, the file to write, "ulysses" or "ring".
"""

import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

from geometry.camera import Camera
from voyager_lite.clip import Guidance
from voyager_lite.core import parallel
from voyager_lite.core.generator import Generator, Request
from voyager_lite.core.voyager.core import Voyager
from voyager_lite.core.wan_vace.generator import WanVace, read_parts
from voyager_lite.depth.layout import LayoutDepth


def make_clip(checkpoint: Path) -> torch.Tensor:
    """RGB of one small clip."""
    draw = torch.Generator().manual_seed(0)
    # 24 tokens of Wan and 60 of Voyager: gloo gathers equal parts only, unlike NCCL.
    rgb = torch.rand(5, 3, 32, 72, generator=draw)
    known = torch.ones(5, 32, 72, dtype=torch.bool)
    known[1:, :, 45:] = False
    cameras = Camera.stack([Camera.from_fov(60.0, height=32, width=72)] * 5)
    guidance = Guidance(rgb=rgb * known[:, None], depth=2.0 * known, known=known, cameras=cameras)
    core: Generator
    if (checkpoint / "voyager.json").is_file():
        core = Voyager.from_pretrained(str(checkpoint), memory="high")
    else:
        parts = read_parts(checkpoint, device="cpu", memory="high")
        core = WanVace(parts, name="tiny", depth=LayoutDepth(), clip_frames=5)
    request = Request(seed=1, steps=2, prompt="a bright room")
    return core.generate(guidance, reference=rgb[0], request=request).rgb


def with_ring_on_the_processor() -> None:
    """A ring needs attention's normaliser; diffusers' for the processor gives none, this one does."""
    from diffusers.models import attention_dispatch

    def attend(ctx, query, key, value, *rest, **named):
        q, k, v = (x.permute(0, 2, 1, 3) for x in (query, key, value))
        scores = q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5
        out = (scores.softmax(-1) @ v).permute(0, 2, 1, 3)
        return out, scores.logsumexp(-1).permute(0, 2, 1)

    attention_dispatch._native_attention_forward_op = attend
    parallel.RING_ATTENTION["cpu"] = "native"


if __name__ == "__main__":
    folder, file, kind = sys.argv[1:]
    if kind == "ring":
        with_ring_on_the_processor()
    save_file({"rgb": make_clip(Path(folder))}, file)
