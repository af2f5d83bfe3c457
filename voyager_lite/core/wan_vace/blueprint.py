"""Wan VACE without its weights: what ``doctor`` reckons with."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from voyager_lite.core.checkpoint import read_json
from voyager_lite.core.expect import Blueprint
from voyager_lite.core.wan_vace.condition import latent_frames
from voyager_lite.core.wan_vace.generator import STEPS
from voyager_lite.core.wan_vace.text import TOKENS

FRAMES, HEIGHT, WIDTH = 81, 480, 832

KNOWN: dict[str, dict[str, Any]] = {
    "Wan-AI/Wan2.1-VACE-1.3B-diffusers": {
        "num_attention_heads": 12,
        "num_layers": 30,
        "ffn_dim": 8960,
        "vace_layers": list(range(0, 30, 2)),
    },
    "Wan-AI/Wan2.1-VACE-14B-diffusers": {
        "num_attention_heads": 40,
        "num_layers": 40,
        "ffn_dim": 13824,
        "vace_layers": list(range(0, 40, 5)),
    },
}
"""What is not as diffusers' class has it by default, for checkpoints that are not on this machine."""

ENCODER = {
    "vocab_size": 256384,
    "d_model": 4096,
    "d_ff": 10240,
    "d_kv": 64,
    "num_layers": 24,
    "num_heads": 64,
}


def blueprint(name: str, folder: Path | None) -> Blueprint:
    """Of a checkpoint's folder, or of a known hub id that is not here.

    Raises:
        ValueError: Neither here nor known.
    """
    if folder is None and name not in KNOWN:
        raise ValueError(
            f"{name} is not on this machine, and of others only {' and '.join(KNOWN)} are known; "
            f"fetch it first: hf download {name}"
        )
    network = _config(folder, "transformer", KNOWN.get(name, {}))
    latents = latent_frames(FRAMES)
    shape = (network.get("in_channels", 16), latents, HEIGHT // 8, WIDTH // 8)

    def inputs(batch: int) -> dict[str, Tensor]:
        frames = (batch, shape[0], latents + 1, *shape[2:])  # the reference picture is one more
        control = (batch, network.get("vace_in_channels", 96), *frames[2:])
        text = (batch, TOKENS, network.get("text_dim", 4096))
        shapes = {"hidden_states": frames, "control_hidden_states": control, "encoder_hidden_states": text}
        tensors = {
            key: torch.empty(size, dtype=torch.bfloat16, device="meta") for key, size in shapes.items()
        }
        return tensors | {"timestep": torch.empty(batch, device="meta")}

    def make_network() -> Any:
        from diffusers import WanVACETransformer3DModel

        return WanVACETransformer3DModel.from_config(network)

    def make_autoencoder() -> Any:
        from diffusers import AutoencoderKLWan

        return AutoencoderKLWan.from_config(_config(folder, "vae", {}))

    def make_encoder() -> Any:
        from transformers import UMT5Config, UMT5EncoderModel

        return UMT5EncoderModel(UMT5Config(**_config(folder, "text_encoder", ENCODER)))

    return Blueprint(
        case=f"{FRAMES} frames of {WIDTH}x{HEIGHT}",
        network=make_network,
        inputs=inputs,
        autoencoder=make_autoencoder,
        latents=(1, *shape),
        encoders=(make_encoder,),
        steps=STEPS,
    )


def _config(folder: Path | None, part: str, otherwise: dict[str, Any]) -> dict[str, Any]:
    if folder is None:
        return otherwise
    config = read_json(folder / part / "config.json")
    return {key: value for key, value in config.items() if not key.startswith("_")}
