"""``mini`` and ``nano``, the embedded generators: coarse frames from a network, then detail."""

from pathlib import Path

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from voyager_lite.clip import Clip, Guidance
from voyager_lite.core.canvas import Exemplar
from voyager_lite.core.coarse import KEY_FRAMES, condition_on, key_frames, network_size, reduce_frames, sample
from voyager_lite.core.completion import complete_clip
from voyager_lite.core.generator import Progress, Request
from voyager_lite.core.mini_network import MiniNetwork

NAMES = ("mini", "nano")
"""Two sizes over the same signal, with the same schedule; nano takes about a fifth of the work."""


class Mini:
    """Completes clips of 25 frames on a processor.

    Nine key frames are completed by the network at a coarse size and brought up to full size. What is
    new in one of them is lifted to points and seen again in all other frames, so it stands still.

    Example:
        >>> mini = Mini.from_pretrained()  # doctest: +SKIP
        >>> clip = mini.generate(guidance, reference=image, request=Request(seed=0))  # doctest: +SKIP
    """

    clip_frames = 25
    reads_prompts = False

    def __init__(self, network: MiniNetwork, *, name: str = "mini") -> None:
        self.network, self.name = network.eval(), name

    @classmethod
    def from_pretrained(cls, name: str | Path = "mini", *, device: str = "cpu") -> "Mini":
        """One of the two sizes with trained weights.

        Args:
            name: "mini" or "nano" for the weights that come with the package, or a safetensors file.
            device: Where the network runs.

        Raises:
            FileNotFoundError: No such file.
            ValueError: The file holds something else.
        """
        from importlib.resources import as_file, files

        from voyager_lite.core.mini_file import load_mini

        if name not in NAMES:
            return cls(load_mini(Path(name)).to(device), name=f"mini:{name}")
        with as_file(files("assets") / f"{name}.safetensors") as shipped:
            return cls(load_mini(shipped).to(device), name=str(name))

    @torch.no_grad()
    def generate(
        self,
        guidance: Guidance,
        *,
        reference: Float[Tensor, "3 height width"],
        previous: Clip | None = None,
        request: Request,
        progress: Progress | None = None,
    ) -> Clip:
        """Complete one clip; see ``Generator.generate``.

        Raises:
            ValueError: No frames, more than ``clip_frames``, or more previous frames than frames.
        """
        frames = len(guidance)
        shared = 0 if previous is None else len(previous)
        if not 1 <= frames <= self.clip_frames:
            raise ValueError(f"guidance has {frames} frames; expected 1 to {self.clip_frames}")
        if shared > frames:
            raise ValueError(f"the previous clip shares {shared} frames; the guidance has {frames}")
        size = network_size(*guidance.known.shape[1:])
        keys = key_frames(frames)
        before = None
        if previous is not None:
            old = [key for key in keys if key < shared]
            before = reduce_frames(previous.rgb[old], previous.depth[old], previous.depth[old] > 0, size=size)
        condition, near = condition_on(
            reduce_frames(guidance.rgb[keys], guidance.depth[keys], guidance.known[keys], size=size),
            cameras=guidance.cameras[torch.tensor(keys)],
            times=torch.tensor(keys) * ((KEY_FRAMES - 1) / (self.clip_frames - 1)),
            reference=F.interpolate(reference[None], size=size, mode="area")[0],
            prompt=request.prompt or "",
        )
        sampled = (request.steps or 1) + (shared > 0)

        def tell(done: int, _: int) -> None:
            if progress is not None:
                progress(done, sampled + frames)

        coarse = sample(
            self.network,
            condition,
            near=near,
            previous=before,
            request=request,
            progress=tell,
        )
        return complete_clip(
            guidance,
            coarse,
            keys=keys,
            photograph=None
            if request.reference_depth is None
            else Exemplar(reference, request.reference_depth),
            previous=previous,
            progress=lambda done: tell(sampled + done, 0),
        )
