"""A Voyager release in miniature: random weights in the released layout, small enough for any test."""

import json
from pathlib import Path

import torch
from diffusers import AutoencoderKLHunyuanVideo

from voyager_lite.core.voyager.recipe import Recipe
from voyager_lite.core.voyager.released import released_shapes
from voyager_lite.core.voyager.transformer import VoyagerTransformer

NETWORK = {
    "num_attention_heads": 2,
    "attention_head_dim": 32,
    "num_layers": 1,
    "num_single_layers": 2,
    "num_refiner_layers": 1,
    "text_embed_dim": 32,
    "pooled_projection_dim": 24,
    "rope_axes_dim": [4, 14, 14],
}

VAE = {"block_out_channels": [8, 8, 8, 8], "layers_per_block": 1, "norm_num_groups": 4}

RECIPE = Recipe(height=32, width=48, frames=9, steps=2)


def random_state(shapes, *, seed=0, dtype=torch.float32):
    draw = torch.Generator().manual_seed(seed)
    return {key: (torch.randn(shape, generator=draw) * 0.05).to(dtype) for key, shape in shapes.items()}


def network_state(*, depth_blocks=True, **changes):
    """The network's tensors under their released names."""
    with torch.device("meta"):
        network = VoyagerTransformer(**{**NETWORK, **changes}, depth_blocks=depth_blocks)
    return random_state(released_shapes(network))


def vae_state():
    with torch.device("meta"):
        vae = AutoencoderKLHunyuanVideo(**VAE)
    return random_state({key: tuple(tensor.shape) for key, tensor in vae.state_dict().items()}, seed=1)


def write_release(folder: Path, *, network=None, vae=None, name="mp_rank_00_model_states_context.pt"):
    """All parts, the text encoders as empty as a converter lets them be."""
    states = folder / "Voyager/transformers" / name
    states.parent.mkdir(parents=True)
    torch.save({"module": network_state() if network is None else network}, states)
    file = folder / "hunyuan-video-i2v-720p/vae/pytorch_model.pt"
    file.parent.mkdir(parents=True)
    torch.save({"state_dict": {f"vae.{key}": value for key, value in (vae or vae_state()).items()}}, file)
    for part in ("text_encoder_i2v", "text_encoder_2"):
        (folder / part).mkdir()
        (folder / part / "config.json").write_text(json.dumps({"model_type": "llava"}))
        (folder / part / "pytorch_model.bin").write_text("a pickle, not to be taken along")
    return states
