"""Prompts as Wan reads them: states of UMT5, loaded for as long as it takes to read."""

import logging
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

logger = logging.getLogger(__name__)

TOKENS = 512

DEFAULT_PROMPT = "A still scene, filmed by a slowly moving camera. Nothing moves. Sharp, even, natural light."
NEGATIVE_PROMPT = (
    "moving people, moving things, flicker, blur, overexposed, subtitles, text, watermark, grey, "
    "low quality, compression artefacts, distorted, picture frame, split screen"
)


class PromptReader:
    """Reads prompts with the checkpoint's own encoder and remembers what it read.

    The encoder is several times as large as the small transformer, and needed once a prompt: it is
    loaded when a new prompt comes and given up right after, unless it is to be kept.
    """

    def __init__(self, folder: Path, *, device: str, dtype: torch.dtype, keep: bool = False) -> None:
        self.folder, self.device, self.dtype, self.keep = folder, device, dtype, keep
        self._read: dict[str, Float[Tensor, "1 token channel"]] = {}
        self._encoder: Any = None

    def __call__(self, prompt: str) -> Float[Tensor, "1 token channel"]:
        """States of one prompt; zero after its end, as Wan was trained."""
        prompt = " ".join(prompt.split())
        if prompt not in self._read:
            self._read[prompt] = self._encode(prompt)
        return self._read[prompt]

    def release(self) -> None:
        """Give the encoder's memory back, unless it is to be kept."""
        if not self.keep:
            self._encoder = None

    def _encode(self, prompt: str) -> Float[Tensor, "1 token channel"]:
        from transformers import AutoTokenizer, UMT5EncoderModel

        here: dict[str, Any] = {"local_files_only": True}
        try:
            tokenizer = AutoTokenizer.from_pretrained(self.folder / "tokenizer", **here)
            if self._encoder is None:
                logger.info("loading the text encoder of %s", self.folder)
                loaded: Any = UMT5EncoderModel.from_pretrained(
                    self.folder / "text_encoder", dtype=self.dtype, use_safetensors=True, **here
                )
                self._encoder = loaded.to(self.device)
        except (OSError, ValueError, RuntimeError, KeyError) as error:
            reason = " ".join(str(error).split())[:200] or type(error).__name__
            raise ValueError(f"{self.folder}: the text encoder cannot be loaded: {reason}") from error
        encoder = self._encoder.eval()
        read = tokenizer(
            [prompt],
            padding="max_length",
            max_length=TOKENS,
            truncation=True,
            return_attention_mask=True,
            return_tensors="pt",
        )
        ids, mask = read.input_ids.to(self.device), read.attention_mask.to(self.device)
        states = encoder(ids, mask).last_hidden_state
        return torch.where(
            mask[..., None] > 0, states, torch.zeros((), dtype=states.dtype, device=ids.device)
        )
