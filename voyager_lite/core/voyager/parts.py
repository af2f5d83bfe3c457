"""The models of a converted checkpoint, checked before any of them is loaded."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from voyager_lite.core.blueprints import require_room
from voyager_lite.core.checkpoint import read_part
from voyager_lite.core.memory import Memory, compute_dtype, load_transformer, load_vae
from voyager_lite.core.parallel import processes, share
from voyager_lite.core.voyager.recipe import Recipe, read_recipe
from voyager_lite.core.voyager.text import PromptReader, require_encoders

LARGEST_ON_CPU = 4e9
"""Bytes of weights from which on a processor would take days for a clip."""

FRAMES_AT_ONCE = 64
"""Frames that the autoencoder was run on without cutting them in time, as in the release; 48 further on
the next tile would begin."""


@dataclass(frozen=True, kw_only=True)
class VoyagerParts:
    """The models of one checkpoint.

    Attributes:
        transformer: A ``VoyagerTransformer``.
        vae: diffusers' AutoencoderKLHunyuanVideo.
        prompts: Reads prompts.
        recipe: How they are sampled.
        dtype: What the transformer computes in.
    """

    transformer: Any
    vae: Any
    prompts: PromptReader
    recipe: Recipe
    dtype: torch.dtype


def read_parts(folder: Path, *, device: str, memory: Memory) -> VoyagerParts:
    """The models of a checkpoint's folder, checked before any is loaded.

    Raises:
        FileNotFoundError: Not a converted checkpoint, or parts or shards are missing.
        ValueError: Another architecture, damaged files, or full-size weights and no GPU.
    """
    from diffusers.models.autoencoders.autoencoder_kl_hunyuan_video import AutoencoderKLHunyuanVideo

    from voyager_lite.core.voyager.transformer import VoyagerTransformer, split_plan

    recipe = read_recipe(folder)
    transformer = read_part(folder, "transformer", class_name="VoyagerTransformer")
    autoencoder = read_part(folder, "vae", class_name="AutoencoderKLHunyuanVideo")
    autoencoder.weight_files()
    require_encoders(folder)
    size = sum(file.stat().st_size for file in transformer.weight_files())
    if device == "cpu" and size > LARGEST_ON_CPU:
        raise ValueError(
            f"{folder} has {size / 1e9:.0f} GB of weights, with which a processor takes days for a clip; "
            "use --device cuda on a machine with a GPU, or --core mini here"
        )
    require_room(f"voyager:{folder}", transformer, device=device, memory=memory)
    network = load_transformer(VoyagerTransformer, transformer, device=device, memory=memory)
    if processes() > 1:
        network = share(network, split_plan(depth_blocks=network.config["depth_blocks"]), device=device)
    # Tiles even where memory is high, as in the release: attention over whole frames would want 100 GB.
    tiled: Memory = "low" if memory == "low" else "balanced"
    vae = load_vae(AutoencoderKLHunyuanVideo, autoencoder, device=device, memory=tiled)
    if memory != "low":
        vae.tile_sample_min_num_frames, vae.tile_sample_stride_num_frames = FRAMES_AT_ONCE, 48
    return VoyagerParts(
        transformer=network,
        vae=vae,
        prompts=PromptReader(
            folder,
            device=device if memory != "low" else "cpu",
            dtype=torch.float16 if device == "cuda" and memory != "low" else torch.float32,
            keep=memory == "high",
        ),
        recipe=recipe,
        dtype=compute_dtype(device, memory),
    )
