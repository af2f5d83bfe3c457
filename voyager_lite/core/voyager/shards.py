"""A model in safetensors shards, as diffusers reads them, written without ever holding more than one."""

import json
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from safetensors.torch import save_file
from torch import Tensor, nn

logger = logging.getLogger(__name__)

WEIGHTS = "diffusion_pytorch_model"


def in_shards(sizes: Mapping[str, int], shard_bytes: int) -> Iterator[list[str]]:
    """Tensors in their order, parted where a shard is full."""
    shard: list[str] = []
    filled = 0
    for key, size in sizes.items():
        if shard and filled + size > shard_bytes:
            yield shard
            shard, filled = [], 0
        shard.append(key)
        filled += size
    yield shard


def write_shards(
    folder: Path,
    model: nn.Module,
    shards: Iterable[list[str]],
    read: Callable[[list[str]], dict[str, Tensor]],
) -> None:
    """A model's configuration and its tensors, shard by shard, with an index.

    Args:
        folder: Is made.
        model: Knows its configuration; its tensors have no values.
        shards: Keys of each.
        read: Gives a shard's tensors.
    """
    folder.mkdir(parents=True)
    model.save_config(folder)  # type: ignore[operator]
    shards = list(shards)
    weight_map = {}
    total = 0
    for number, keys in enumerate(shards, start=1):
        name = f"{WEIGHTS}-{number:05d}-of-{len(shards):05d}.safetensors"
        name = f"{WEIGHTS}.safetensors" if len(shards) == 1 else name
        tensors = read(keys)
        save_file(tensors, folder / name, metadata={"format": "pt"})
        total += sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())
        del tensors
        weight_map.update(dict.fromkeys(keys, name))
        logger.info("%s: %d of %d shards", folder.name, number, len(shards))
    if len(shards) > 1:
        index = {"metadata": {"total_size": total}, "weight_map": weight_map}
        file = folder / f"{WEIGHTS}.safetensors.index.json"
        file.write_text(json.dumps(index, indent=2) + "\n", encoding="utf-8")
