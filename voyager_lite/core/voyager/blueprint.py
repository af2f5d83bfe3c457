"""Voyager without its weights: what ``doctor`` reckons with."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from voyager_lite.core.checkpoint import read_json
from voyager_lite.core.expect import Blueprint
from voyager_lite.core.voyager.conditioning import CELL, CHANNELS, LATENT_CHANNELS, SEPARATOR, STRIDE
from voyager_lite.core.voyager.recipe import Recipe, read_recipe

TOKENS = 540
"""Of the text at most: 288 of the picture, 252 of the prompt."""

LOW_TILE = 5
"""Latent frames of a tile where memory is low: 17 frames."""

LLAMA: dict[str, Any] = {
    "vocab_size": 128320,
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
}

CLIP: dict[str, Any] = {
    "hidden_size": 768,
    "intermediate_size": 3072,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
}


def blueprint(name: str, folder: Path | None) -> Blueprint:
    """Of a converted checkpoint; where it is not on this machine, of the released sizes.

    Raises:
        FileNotFoundError: The folder is not a converted checkpoint.
        ValueError: Its configuration is damaged.
    """
    recipe = Recipe() if folder is None else read_recipe(folder)
    released = {"depth_blocks": True}
    network = released if folder is None else _config(folder, "transformer")
    latents = 1 + (recipe.frames - 1) // STRIDE
    rows, columns = (2 * recipe.height + SEPARATOR) // CELL, recipe.width // CELL

    def inputs(batch: int) -> dict[str, Any]:
        shapes = {
            "hidden_states": (batch, CHANNELS, latents, rows, columns),
            "encoder_hidden_states": (batch, TOKENS, network.get("text_embed_dim", 4096)),
            "pooled_projections": (batch, network.get("pooled_projection_dim", 768)),
        }
        tensors: dict[str, Tensor | None] = {
            key: torch.empty(shape, dtype=torch.bfloat16, device="meta") for key, shape in shapes.items()
        }
        return tensors | {"timestep": torch.empty(batch, device="meta"), "encoder_attention_mask": None}

    def make_network() -> Any:
        from voyager_lite.core.voyager.transformer import VoyagerTransformer

        return VoyagerTransformer(**network)

    def make_autoencoder() -> Any:
        from diffusers.models.autoencoders.autoencoder_kl_hunyuan_video import AutoencoderKLHunyuanVideo

        return AutoencoderKLHunyuanVideo(**({} if folder is None else _config(folder, "vae")))

    def make_llava() -> Any:
        from transformers import LlamaConfig, LlavaConfig, LlavaForConditionalGeneration

        if folder is None:
            return LlavaForConditionalGeneration(LlavaConfig(text_config=LlamaConfig(**LLAMA)))
        return LlavaForConditionalGeneration(LlavaConfig.from_pretrained(folder / "text_encoder"))

    def make_clip() -> Any:
        from transformers import CLIPTextConfig, CLIPTextModel

        if folder is None:
            return CLIPTextModel(CLIPTextConfig(**CLIP))
        return CLIPTextModel(CLIPTextConfig.from_pretrained(folder / "text_encoder_2"))

    return Blueprint(
        case=f"{recipe.frames} frames of {recipe.width}x{recipe.height} with depth ({name})",
        network=make_network,
        inputs=inputs,
        together=1,
        tile_latents=(min(latents, LOW_TILE), latents),
        whole_frames=False,
        autoencoder=make_autoencoder,
        latents=(1, LATENT_CHANNELS, latents, rows, columns),
        encoders=(make_llava, make_clip),
        steps=recipe.steps,
    )


def _config(folder: Path, part: str) -> dict[str, Any]:
    config = read_json(folder / part / "config.json")
    return {key: value for key, value in config.items() if not key.startswith("_")}
