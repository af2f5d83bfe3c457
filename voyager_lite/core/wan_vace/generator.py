"""Wan 2.1 VACE as a core: RGB from the video model, depth from an estimator, one loop with all others."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from voyager_lite.clip import Clip, Guidance
from voyager_lite.core.blueprints import require_room
from voyager_lite.core.checkpoint import find_checkpoint, read_part
from voyager_lite.core.clip_depth import estimate_clip_depth
from voyager_lite.core.coarse import reduce_frames
from voyager_lite.core.fade import faded
from voyager_lite.core.generator import Progress, Request
from voyager_lite.core.memory import Memory, compute_dtype, load_transformer, load_vae
from voyager_lite.core.parallel import processes, share
from voyager_lite.core.wan_vace.condition import control_latents, decode, encode, lengthened, work_size
from voyager_lite.core.wan_vace.text import DEFAULT_PROMPT, NEGATIVE_PROMPT, PromptReader
from voyager_lite.depth import DepthSource, choose_depth
from voyager_lite.photograph import resize_rgb
from voyager_lite.sampling.flow import noise_like, schedule
from voyager_lite.sampling.guidance import ClassifierFree, Conditions, guided
from voyager_lite.sampling.loop import Seam, sample_clip

STEPS = 30
SHIFT = 3.0
"""Of the schedule, as Wan's authors advise at 480p."""

GUIDANCE = ClassifierFree(scale=5.0)


@dataclass(frozen=True, kw_only=True)
class WanParts:
    """The models of one checkpoint.

    Attributes:
        transformer: diffusers' WanVACETransformer3DModel.
        vae: diffusers' AutoencoderKLWan.
        prompts: Reads prompts.
        dtype: What the transformer computes in.
    """

    transformer: nn.Module
    vae: nn.Module
    prompts: PromptReader
    dtype: torch.dtype


class WanVace:
    """Completes clips of up to 81 frames.

    Example:
        >>> core = WanVace.from_pretrained("Wan-AI/Wan2.1-VACE-1.3B-diffusers")  # doctest: +SKIP
        >>> clip = core.generate(guidance, reference=image, request=Request(seed=0))  # doctest: +SKIP
    """

    reads_prompts = True

    def __init__(
        self, parts: WanParts, *, name: str, depth: DepthSource, device: str = "cpu", clip_frames: int = 81
    ) -> None:
        self.parts, self.name, self.depth = parts, name, depth
        self.device, self.clip_frames = device, clip_frames

    @classmethod
    def from_pretrained(cls, name: str, *, device: str = "cpu", memory: Memory = "balanced") -> "WanVace":
        """See ``voyager_lite.core.wan_vace.load``."""
        folder = find_checkpoint(name)
        transformer = read_part(folder, "transformer", class_name="WanVACETransformer3DModel")
        require_room(f"wan-vace:{folder}", transformer, device=device, memory=memory)
        parts = read_parts(folder, device=device, memory=memory)
        return cls(parts, name=f"wan-vace:{name}", depth=choose_depth(device=device), device=device)

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
        if not 1 <= frames <= self.clip_frames:
            raise ValueError(f"guidance has {frames} frames; expected 1 to {self.clip_frames}")
        if previous is not None and len(previous) > frames:
            raise ValueError(f"the previous clip shares {len(previous)} frames; the guidance has {frames}")
        size = work_size(*guidance.known.shape[1:])
        small = reduce_frames(guidance.rgb, guidance.depth, guidance.known, size=size)
        control = control_latents(
            self.parts.vae,
            rgb=lengthened(small.rgb),
            known=lengthened(small.known),
            reference=resize_rgb(reference, height=size[0], width=size[1]),
        )
        latents = self._sample(control, previous=previous, size=size, request=request, progress=progress)
        made = decode(self.parts.vae, latents)[:frames].cpu()
        full = F.interpolate(made, guidance.known.shape[1:], mode="bicubic", antialias=True).clamp(0, 1)
        rgb = torch.where(guidance.known[:, None], guidance.rgb, full)
        depth = estimate_clip_depth(rgb, guidance, source=self.depth)
        return faded(Clip(rgb=rgb, depth=depth, cameras=guidance.cameras), guidance, previous=previous)

    def _sample(
        self,
        control: Float[Tensor, "latent channel rows columns"],
        *,
        previous: Clip | None,
        size: tuple[int, int],
        request: Request,
        progress: Progress | None,
    ) -> Float[Tensor, "frame 16 rows columns"]:
        """The clip's latents. The reference's latent frame is the state's last, and the network's first."""
        prompts = self.parts.prompts
        texts = [prompts(text) for text in (request.prompt or DEFAULT_PROMPT, NEGATIVE_PROMPT)]
        prompts.release()
        dtype = self.parts.dtype
        shown = control.transpose(0, 1)[None].to(self.device, dtype)
        positive, negative = ({"text": text.to(self.device, dtype), "control": shown} for text in texts)

        def velocity(x: Tensor, t: Tensor, conditions: Conditions) -> Tensor:
            given = x.roll(1, dims=1).transpose(1, 2).to(dtype)
            level = torch.full((len(x),), 1000 * float(t[0, 0]), device=x.device)
            out = self.parts.transformer(
                hidden_states=given,
                timestep=level,
                encoder_hidden_states=conditions["text"],
                control_hidden_states=conditions["control"],
                return_dict=False,
            )[0]
            return out.transpose(1, 2).float().roll(-1, dims=1)

        template = torch.empty(len(control), 16, *control.shape[2:], device=self.device)
        seam = None
        if previous is not None:
            whole = previous[: len(previous) - (len(previous) - 1) % 4]
            small = F.interpolate(whole.rgb, size, mode="area")
            seam = Seam(previous=encode(self.parts.vae, 2 * small - 1), seed=request.seed + 1)
        state = sample_clip(
            guided(velocity, positive, negative, guidance=GUIDANCE),
            noise_like(template, seed=request.seed),
            times=schedule(request.steps or STEPS, shift=SHIFT),
            seam=seam,
            progress=progress,
        )
        return state[:-1]


def read_parts(folder: Path, *, device: str, memory: Memory) -> WanParts:
    """The models of a checkpoint's folder, checked before any is loaded.

    Raises:
        FileNotFoundError: Parts or shards are missing.
        ValueError: Another architecture, damaged files or pickles.
    """
    from diffusers import AutoencoderKLWan, WanVACETransformer3DModel

    transformer = read_part(folder, "transformer", class_name="WanVACETransformer3DModel")
    vae = read_part(folder, "vae", class_name="AutoencoderKLWan")
    encoder = read_part(folder, "text_encoder", class_name="UMT5EncoderModel")
    encoder.weight_files()
    if not (folder / "tokenizer").is_dir():
        raise FileNotFoundError(f"{folder / 'tokenizer'} is missing; download the checkpoint again")
    network = load_transformer(WanVACETransformer3DModel, transformer, device=device, memory=memory)
    if processes() > 1:
        network = share(network, split_plan(), device=device)
    return WanParts(
        dtype=compute_dtype(device, memory),
        transformer=network,
        vae=load_vae(AutoencoderKLWan, vae, device=device, memory=memory),
        prompts=PromptReader(
            folder,
            device=device if memory != "low" else "cpu",
            dtype=compute_dtype(device, memory),
            keep=memory == "high",
        ),
    )


def split_plan() -> dict[str, Any]:
    """Where the tokens of a pass are split among processes, and where they are put together again."""
    from diffusers.models._modeling_parallel import ContextParallelInput, ContextParallelOutput

    tokens = ContextParallelInput(split_dim=1, expected_dims=3)
    angles = ContextParallelInput(split_dim=1, expected_dims=4, split_output=True)
    return {
        "rope": {0: angles, 1: angles},
        "vace_blocks.0": {"hidden_states": tokens, "control_hidden_states": tokens},
        "blocks.0": {"hidden_states": tokens},
        "proj_out": ContextParallelOutput(gather_dim=1, expected_dims=3),
    }
