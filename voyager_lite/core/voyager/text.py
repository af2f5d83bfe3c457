"""Prompts as Voyager reads them: LLaVA-Llama-3-8B with a picture, and CLIP-L, loaded for as long as it takes.

The template, the expansion of the picture's token, what is cut out of the template's states and which of
the picture's states are kept are HunyuanVideo's image-to-video pipeline's, in diffusers.
"""

import hashlib
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float, UInt8
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from voyager_lite.core.checkpoint import Part, read_json

logger = logging.getLogger(__name__)

NEGATIVE_PROMPT = "deformation, a poor composition and deformed video, bad teeth, bad eyes, bad limbs"
"""As the weights were published with; it is read with a black picture."""

ENCODERS = ("text_encoder", "text_encoder_2")


@dataclass(frozen=True, kw_only=True, eq=False)
class PromptStates:
    """What the network is told of a prompt.

    Attributes:
        tokens: LLaVA's states of every second cell of the picture and of the prompt, without padding.
        pooled: CLIP's of the prompt as a whole.
    """

    tokens: Float[Tensor, "token channel"]
    pooled: Float[Tensor, " pooled"]


class PromptReader:
    """Reads prompts with the checkpoint's own encoders and remembers what it read.

    The encoders are larger than the network and needed once a prompt: they are loaded when there is
    something new to read. ``release`` gives their memory back.

    Args:
        folder: Of the checkpoint.
        device: Where the encoders run.
        dtype: What they compute in.
        keep: ``release`` does nothing.
    """

    def __init__(self, folder: Path, *, device: str, dtype: torch.dtype, keep: bool = False) -> None:
        self.folder, self.device, self.dtype, self.keep = folder, device, dtype, keep
        self._encoders: Any = None
        self._identity = _identity(folder)
        self._read: dict[str, PromptStates] = {}

    def __call__(
        self, prompt: str, picture: UInt8[Tensor, "rows width 3"], *, kept: Path | None = None
    ) -> PromptStates:
        """What the encoders make of a prompt and a picture.

        Args:
            prompt: May be empty.
            picture: What the language model is shown.
            kept: A folder of earlier answers, read and added to; files that are no such answers are
                made anew.
        """
        prompt = " ".join(prompt.split())
        name = _name(prompt, picture, self._identity)
        if name not in self._read:
            file = None if kept is None else kept / f"{name}.safetensors"
            states = None if file is None else _load(file)
            if states is None:
                states = self._encode(prompt, picture)
                if file is not None:
                    _save(file, states, prompt=prompt)
            self._read[name] = states
        return self._read[name]

    def release(self) -> None:
        """Give the encoders' memory back, unless they are to be kept."""
        if self._encoders is None or self.keep:
            return
        self._encoders = None
        if self.device == "cuda":
            torch.cuda.empty_cache()

    @torch.no_grad()
    def _encode(self, prompt: str, picture: UInt8[Tensor, "rows width 3"]) -> PromptStates:
        if self._encoders is None:
            logger.info("loading the text encoders of %s", self.folder)
            self._encoders = _load_encoders(self.folder, device=self.device, dtype=self.dtype)
        tokens, pooled, valid = self._encoders.encode_prompt(
            picture.permute(2, 0, 1), prompt, device=torch.device(self.device), dtype=self.dtype
        )
        return PromptStates(tokens=tokens[0][valid[0].bool()].cpu(), pooled=pooled[0].cpu())


def _load_encoders(folder: Path, *, device: str, dtype: torch.dtype) -> Any:
    """diffusers' pipeline with nothing in it but what reads."""
    from diffusers.pipelines.hunyuan_video.pipeline_hunyuan_video_image2video import (
        HunyuanVideoImageToVideoPipeline,
    )
    from transformers import (
        AutoImageProcessor,
        AutoTokenizer,
        CLIPTextModel,
        LlavaForConditionalGeneration,
    )

    first, second = (folder / name for name in ENCODERS)
    here: dict[str, Any] = {"local_files_only": True}
    weights: dict[str, Any] = {**here, "use_safetensors": True, "dtype": dtype}
    llava: Any = LlavaForConditionalGeneration
    clip: Any = CLIPTextModel
    try:
        models: dict[str, Any] = {
            "text_encoder": llava.from_pretrained(first, **weights).to(device),
            "tokenizer": AutoTokenizer.from_pretrained(first, padding_side="right", **here),
            "image_processor": AutoImageProcessor.from_pretrained(first, backend="pil", **here),
            "text_encoder_2": clip.from_pretrained(second, **weights).to(device),
            "tokenizer_2": AutoTokenizer.from_pretrained(second, **here),
        }
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise ValueError(f"{folder}: the text encoders cannot be loaded: {reason}") from error
    without: dict[str, Any] = {"transformer": None, "vae": None, "scheduler": None}
    return HunyuanVideoImageToVideoPipeline(**models, **without)


def padded(texts: tuple[PromptStates, ...], *, device: str) -> list[dict[str, Tensor]]:
    """Prompts as conditions of one shape. "length" tells tokens from padding; it stays on the processor,
    where it can be looked at without waiting for a GPU."""
    longest = max(len(text.tokens) for text in texts)
    return [
        {
            "tokens": F.pad(text.tokens, (0, 0, 0, longest - len(text.tokens)))[None].to(device),
            "pooled": text.pooled[None].to(device),
            "length": torch.tensor([len(text.tokens)]),
        }
        for text in texts
    ]


def require_encoders(folder: Path) -> None:
    """See that both encoders are there, without loading them.

    Raises:
        FileNotFoundError: One is missing, or shards of it are.
        ValueError: One is of another kind, or damaged.
    """
    for name, kinds in zip(ENCODERS, (("llava",), ("clip", "clip_text_model")), strict=True):
        file = folder / name / "config.json"
        if not file.is_file():
            raise FileNotFoundError(f"{file} is missing; convert the release again")
        config = read_json(file)
        if config.get("model_type") not in kinds:
            raise ValueError(f"{file} describes {config.get('model_type')}; expected {kinds[0]}")
        Part(folder=file.parent, class_name=kinds[0], config=config).weight_files()


def _identity(folder: Path) -> str:
    """Tells one checkpoint's encoders from another's by their configurations and sizes."""
    files = [file for name in ENCODERS for file in sorted((folder / name).glob("*")) if file.is_file()]
    known = [(file.name, file.stat().st_size) for file in files]
    return repr(known) + "".join((folder / name / "config.json").read_text() for name in ENCODERS)


def _name(prompt: str, picture: Tensor, identity: str) -> str:
    hasher = hashlib.sha256(f"{identity}\n{prompt}\n{tuple(picture.shape)}\n".encode())
    hasher.update(picture.contiguous().numpy().tobytes())
    return hasher.hexdigest()[:32]


def _save(file: Path, states: PromptStates, *, prompt: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".partial")
    tensors = {"tokens": states.tokens.contiguous(), "pooled": states.pooled.contiguous()}
    save_file(tensors, partial, metadata={"prompt": prompt})
    partial.replace(file)


def _load(file: Path) -> PromptStates | None:
    if not file.is_file():
        return None
    try:
        tensors = load_file(file)
        return PromptStates(tokens=tensors["tokens"], pooled=tensors["pooled"])
    except (SafetensorError, KeyError):
        logger.warning("%s is damaged; the prompt is read again", file)
        return None
