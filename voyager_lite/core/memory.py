"""Large models within little memory: ``--memory low``, ``balanced`` or ``high``, for every full-size core.

- high: the transformer stays on the device (on a GPU its blocks are compiled, a minute or two once a
  process), the autoencoder sees whole frames, text encoders are kept.
- balanced: the autoencoder works in tiles; a text encoder is given up once a prompt is read.
- low: as well, only the transformer's block at work is on the device. The others wait in main memory as
  8-bit floats or, where the device is the processor, on disk as they are. Text encoders run on the
  processor.
"""

import logging
from pathlib import Path
from typing import Any, Literal, get_args

import torch

from voyager_lite.core.checkpoint import Part
from voyager_lite.core.parallel import processes

logger = logging.getLogger(__name__)

Memory = Literal["low", "balanced", "high"]
MEMORIES: tuple[Memory, ...] = get_args(Memory)

TILE, STRIDE = 256, 192
"""Pixels of a side of the autoencoder's tiles, and from one to the next."""


def compute_dtype(device: str, memory: Memory) -> torch.dtype:
    """What a transformer computes in: bfloat16, but float32 on a processor with memory to spare."""
    return torch.float32 if device == "cpu" and memory != "low" else torch.bfloat16


def load_transformer(model: Any, part: Part, *, device: str, memory: Memory) -> Any:
    """A transformer with its weights where ``memory`` puts them, ready for inference.

    Args:
        model: diffusers' class.
        part: Where its weights are; checked before they are read.
        device: Where it computes.
        memory: See above.

    Raises:
        FileNotFoundError: Shards are missing.
        ValueError: Shards are damaged, or tensors are missing or of another shape.
    """
    if memory != "low":
        transformer = _load(model, part, dtype=compute_dtype(device, memory)).to(device)
        if memory == "high" and device == "cuda" and processes() == 1:
            compile_blocks(transformer)
        return transformer
    from voyager_lite.core.weights_on_demand import load_on_demand, load_stored

    if device == "cpu":
        return load_on_demand(model, part, device=device)
    transformer = load_stored(model, part)
    transformer.enable_group_offload(
        onload_device=torch.device(device),
        offload_type="block_level",
        num_blocks_per_group=1,
        use_stream=True,
        low_cpu_mem_usage=True,
    )
    return transformer


def compile_blocks(transformer: Any, *, backend: str = "inductor") -> None:
    """Have PyTorch compile a transformer's repeated blocks at their first pass, each kind once.

    Not where passes are shared among devices: diffusers' hooks exchange tokens within the blocks.
    """
    transformer.compile_repeated_blocks(fullgraph=False, backend=backend)


def load_vae(model: Any, part: Part, *, device: str, memory: Memory) -> Any:
    """An autoencoder in float32, in tiles unless memory is high.

    Raises:
        FileNotFoundError: Its weights are missing.
        ValueError: They are damaged, or tensors are missing or of another shape.
    """
    vae = _load(model, part, dtype=torch.float32).to(device)
    if memory != "high":
        vae.enable_tiling(TILE, TILE, tile_sample_stride_height=STRIDE, tile_sample_stride_width=STRIDE)
    return vae


def _load(model: Any, part: Part, *, dtype: torch.dtype) -> Any:
    from voyager_lite.core.weights_on_demand import misfit

    part.weight_files()
    try:
        loaded, report = model.from_pretrained(
            Path(part.folder),
            torch_dtype=dtype,
            use_safetensors=True,
            local_files_only=True,
            output_loading_info=True,
        )
    except (OSError, ValueError, RuntimeError, TypeError) as error:
        first = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise ValueError(f"{part.folder} cannot be loaded as {part.class_name}: {first}") from error
    for kind in ("missing_keys", "mismatched_keys", "unexpected_keys"):
        if report[kind]:
            raise misfit(part, kind.replace("_", " "), [str(key) for key in report[kind]])
    return loaded.eval().requires_grad_(False)
