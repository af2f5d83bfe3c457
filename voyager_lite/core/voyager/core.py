"""Voyager as a core: its network, its autoencoder and its prompts behind the one interface."""

import torch
import torch.nn.functional as F
from jaxtyping import Float, UInt8
from torch import Tensor

from voyager_lite.clip import Clip, Guidance
from voyager_lite.core.checkpoint import find_checkpoint
from voyager_lite.core.fade import faded
from voyager_lite.core.generator import Progress, Request
from voyager_lite.core.memory import Memory
from voyager_lite.core.voyager.conditioning import (
    LEAD_IN,
    STRIDE,
    Composites,
    clip_frames,
    composites,
    composites_of,
    condition_channels,
    decoded,
    lead_in,
    model_frames,
    model_size,
    pooled_mask,
    shown_picture,
)
from voyager_lite.core.voyager.parts import VoyagerParts, read_parts
from voyager_lite.core.voyager.placing import placed_depth
from voyager_lite.core.voyager.text import NEGATIVE_PROMPT, PromptStates, padded
from voyager_lite.sampling.flow import noise_like, schedule
from voyager_lite.sampling.guidance import ClassifierFree, Conditions, guided
from voyager_lite.sampling.loop import Seam, sample_clip


class Voyager:
    """Completes clips of 45 frames with HunyuanWorld-Voyager's weights, which are the user's own.

    Example:
        >>> core = Voyager.from_pretrained("voyager_weights", device="cuda")  # doctest: +SKIP
        >>> clip = core.generate(guidance, reference=image, request=Request(seed=0))  # doctest: +SKIP
    """

    reads_prompts = True

    def __init__(self, parts: VoyagerParts, *, name: str, device: str = "cpu") -> None:
        self.parts, self.name, self.device = parts, name, device
        self.clip_frames = clip_frames(parts.recipe.frames)

    @classmethod
    def from_pretrained(cls, name: str, *, device: str = "cpu", memory: Memory = "balanced") -> "Voyager":
        """From what ``voyager-lite convert voyager`` wrote: a folder, or a hub id; see ``load_core``.

        Raises:
            FileNotFoundError: No such folder, not a converted one, or parts or shards are missing.
            ValueError: Another architecture, damaged files, or full-size weights and no GPU.
        """
        parts = read_parts(find_checkpoint(name), device=device, memory=memory)
        return cls(parts, name=f"voyager:{name}", device=device)

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
        recipe = self.parts.recipe
        size = model_size(*guidance.known.shape[1:], pixels=recipe.height * recipe.width)
        shown = composites(
            guidance[lead_in(frames, total=model_frames(frames))], size=size, previous=previous
        )
        first = shown.frames[0] if previous is None else composites_of(previous[:1], size=size).frames[0]
        picture = self._picture(reference, request, guidance=guidance, size=size, otherwise=first)
        latents = self._sample(
            shown,
            first=first,
            texts=self._read(request, picture),
            seam=self._seam(previous, size=size, seed=request.seed + 1),
            request=request,
            progress=progress,
        )
        own = slice(LEAD_IN, LEAD_IN + frames)
        rgb, depth = decoded(self._decode(latents)[own], shown.spans[own])
        full = guidance.known.shape[1:]
        made = Clip(
            rgb=F.interpolate(rgb, full, mode="bicubic", antialias=True).clamp(0, 1),
            depth=placed_depth(depth, guidance, spans=shown.spans[own]),
            cameras=guidance.cameras,
        )
        return faded(made, guidance, previous=previous)

    def _picture(
        self,
        reference: Float[Tensor, "3 height width"],
        request: Request,
        *,
        guidance: Guidance,
        size: tuple[int, int],
        otherwise: Float[Tensor, "3 rows columns"],
    ) -> UInt8[Tensor, "rows columns 3"]:
        """What the language model is shown: the world's photograph with its depth, in every clip the same."""
        depth = request.reference_depth
        if depth is None:
            return shown_picture(otherwise)
        photograph = Clip(rgb=reference[None], depth=depth[None], cameras=guidance.cameras[:1])
        return shown_picture(composites_of(photograph, size=size).frames[0])

    def _read(
        self, request: Request, picture: UInt8[Tensor, "rows columns 3"]
    ) -> tuple[PromptStates, PromptStates]:
        """The prompt beside the picture, and what is to be avoided beside a black one."""
        prompts = self.parts.prompts
        texts = (
            prompts(request.prompt or "", picture, kept=request.kept),
            prompts(NEGATIVE_PROMPT, torch.zeros_like(picture), kept=request.kept),
        )
        prompts.release()
        return texts

    def _seam(self, previous: Clip | None, *, size: tuple[int, int], seed: int) -> Seam | None:
        """The latents of as many shared frames as fill latent frames, with the lead-in before them."""
        if previous is None:
            return None
        whole = model_frames(len(previous))
        if whole > LEAD_IN + len(previous):
            whole -= STRIDE
        shared = composites_of(previous[lead_in(len(previous), total=whole)], size=size)
        return Seam(previous=self._encode(shared.frames), seed=seed)

    def _sample(
        self,
        shown: Composites,
        *,
        first: Float[Tensor, "3 rows columns"],
        texts: tuple[PromptStates, PromptStates],
        seam: Seam | None,
        request: Request,
        progress: Progress | None,
    ) -> Float[Tensor, "latent 16 row column"]:
        recipe = self.parts.recipe
        start = self._encode(first[None])
        known = self._encode(shown.frames)
        channels = condition_channels(
            start.transpose(0, 1), known.transpose(0, 1), pooled_mask(shown.known).to(known)
        )
        positive, negative = (
            {**words, "channels": channels[None]} for words in padded(texts, device=self.device)
        )
        noise = torch.lerp(noise_like(known, seed=request.seed), start, recipe.steadiness)
        return sample_clip(
            guided(self._velocity, positive, negative, guidance=ClassifierFree(scale=recipe.guidance_scale)),
            noise,
            times=schedule(request.steps or recipe.steps, shift=recipe.shift),
            seam=seam,
            progress=progress,
        )

    def _velocity(
        self, x: Float[Tensor, "batch latent 16 row column"], t: Tensor, conditions: Conditions
    ) -> Float[Tensor, "batch latent 16 row column"]:
        """One batched pass, or one for each prompt where they are not equally long.

        A mask over padding would take attention's fastest kernels away, which is most of a pass, and cannot
        be split among processes; 40,000 tokens fill a GPU without a second clip beside them.
        """
        lengths = conditions["length"].tolist()
        if len(set(lengths)) == 1:
            return self._pass(x, t, conditions, text=lengths[0])
        passes = []
        for number, length in enumerate(lengths):
            one = slice(number, number + 1)
            part = {name: value[one] for name, value in conditions.items()}
            passes.append(self._pass(x[one], t[one], part, text=length))
        return torch.cat(passes)

    def _pass(
        self, x: Float[Tensor, "batch latent 16 row column"], t: Tensor, conditions: Conditions, *, text: int
    ) -> Float[Tensor, "batch latent 16 row column"]:
        dtype = self.parts.dtype
        given = torch.cat([x.transpose(1, 2), conditions["channels"]], dim=1)
        (velocity,) = self.parts.transformer(
            hidden_states=given.to(dtype),
            timestep=torch.full((len(x),), 1000 * float(t[0, 0]), device=x.device),
            encoder_hidden_states=conditions["tokens"][:, :text].to(dtype),
            encoder_attention_mask=None,
            pooled_projections=conditions["pooled"].to(dtype),
            return_dict=False,
        )
        return velocity.float().transpose(1, 2)

    def _encode(self, frames: Float[Tensor, "frame 3 rows columns"]) -> Float[Tensor, "latent 16 row column"]:
        """The most likely latents, not drawn: the same for every seed."""
        vae = self.parts.vae
        batch = frames.transpose(0, 1)[None].to(self.device, vae.dtype)
        return (vae.encode(batch).latent_dist.mode()[0].float() * vae.config.scaling_factor).transpose(0, 1)

    def _decode(
        self, latents: Float[Tensor, "latent 16 row column"]
    ) -> Float[Tensor, "frame 3 rows columns"]:
        vae = self.parts.vae
        batch = (latents / vae.config.scaling_factor).transpose(0, 1)[None].to(vae.dtype)
        return vae.decode(batch).sample[0].float().cpu().transpose(0, 1)
