"""From the released checkpoint to safetensors in diffusers' form.

    Voyager/transformers/mp_rank_00_model_states_context.pt   -> transformer/  (or without _context)
    hunyuan-video-i2v-720p/vae/pytorch_model.pt               -> vae/
    text_encoder_i2v/, text_encoder_2/                        -> text_encoder/, text_encoder_2/

The .pt files are pickles. They are read here and nowhere else, and only as torch reads them with
``weights_only``: tensors and plain containers, no code. Files are mapped, not loaded, and let go of after
every shard, so that no more than about a shard is in memory at any time.
"""

import mmap
import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.serialization import set_default_mmap_options

from voyager_lite.core.voyager.recipe import Recipe, write_recipe
from voyager_lite.core.voyager.released import released_rows, released_shapes, take
from voyager_lite.core.voyager.shapes import require_shapes
from voyager_lite.core.voyager.shards import in_shards, write_shards

TRANSFORMERS = Path("Voyager/transformers")
STATES = ("mp_rank_00_model_states_context.pt", "mp_rank_00_model_states.pt")
"""With and without the context blocks; the first that is there is converted."""

VAE = Path("hunyuan-video-i2v-720p/vae/pytorch_model.pt")

TEXT_ENCODERS = {"text_encoder_i2v": "text_encoder", "text_encoder_2": "text_encoder_2"}

COPIED = (".json", ".safetensors", ".txt", ".model", ".jinja")
"""Endings of a text encoder's files that are taken along; never pickles."""

SHARD_BYTES = 2_000_000_000


def convert_release(
    source: Path,
    target: Path,
    *,
    network: Mapping[str, Any] | None = None,
    vae: Mapping[str, Any] | None = None,
    recipe: Recipe | None = None,
    shard_bytes: int = SHARD_BYTES,
) -> None:
    """Write a checkpoint that ``Voyager.from_pretrained`` reads.

    Args:
        source: The release's folder (its ``ckpts``).
        target: A new or empty folder. It is complete once it is there.
        network: Of a network of another size: what ``VoyagerTransformer`` takes. Which blocks there are
            is told from the file.
        vae: Likewise of ``AutoencoderKLHunyuanVideo``.
        recipe: How it is to be sampled, where not as the release is.
        shard_bytes: Most that a shard holds, unless a single tensor is larger.

    Raises:
        FileNotFoundError: A part of the release is missing.
        FileExistsError: The target holds something.
        ValueError: A file is cut short, holds more than tensors, or is of another architecture.
        OSError: There is not enough room.
    """
    states = _require_parts(source)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise FileExistsError(f"{target} is not empty; expected a new or empty folder")
    partial = target.with_name(target.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    _require_room(partial, [states, source / VAE, *_text_files(source)])
    try:
        _convert_network(states, partial / "transformer", config=network or {}, shard_bytes=shard_bytes)
        _convert_vae(source / VAE, partial / "vae", config=vae or {}, shard_bytes=shard_bytes)
        for file in _text_files(source):
            folder = partial / TEXT_ENCODERS[file.parent.name]
            folder.mkdir(exist_ok=True)
            shutil.copyfile(file, folder / file.name)
        write_recipe(partial, recipe or Recipe())
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    if target.exists():
        target.rmdir()
    partial.rename(target)


def _require_parts(source: Path) -> Path:
    """The file with the network's states, all other parts being there."""
    if not source.is_dir():
        raise FileNotFoundError(f"{source} is no folder; expected the release's, with Voyager/ in it")
    states = [source / TRANSFORMERS / name for name in STATES if (source / TRANSFORMERS / name).is_file()]
    if not states:
        raise FileNotFoundError(f"{source} has no {TRANSFORMERS / STATES[1]}; expected the released layout")
    for part in (VAE, *(Path(folder) / "config.json" for folder in TEXT_ENCODERS)):
        if not (source / part).is_file():
            raise FileNotFoundError(f"{source} has no {part}; download the rest of the release")
    return states[0]


def _text_files(source: Path) -> list[Path]:
    """The text encoders' files that are taken along."""
    return [
        file
        for folder in TEXT_ENCODERS
        for file in sorted((source / folder).iterdir())
        if file.suffix in COPIED and file.is_file()
    ]


def _require_room(folder: Path, files: Iterable[Path]) -> None:
    folder.mkdir(parents=True)
    needed = sum(file.stat().st_size for file in files)
    free = shutil.disk_usage(folder).free
    if free < needed:
        folder.rmdir()
        raise OSError(
            f"{folder.parent} has {free / 1e9:.1f} GB free; the checkpoint needs {needed / 1e9:.1f}"
        )


def _convert_network(states: Path, folder: Path, *, config: Mapping[str, Any], shard_bytes: int) -> None:
    from voyager_lite.core.voyager.transformer import VoyagerTransformer

    found = {key: tuple(tensor.shape) for key, tensor in _mapped(states, wrapper="module").items()}
    with torch.device("meta"):
        network = VoyagerTransformer(**config, depth_blocks="condition_in.proj.weight" in found)
    require_shapes(states, found, released_shapes(network))
    rows = released_rows(network)
    shapes = {key: tensor.shape for key, tensor in network.state_dict().items()}

    def read(keys: list[str]) -> dict[str, Tensor]:
        released = _mapped(states, wrapper="module")
        return {key: take(released, rows[key], count=shapes[key][0]) for key in keys}

    sizes = {key: tensor.numel() * tensor.element_size() for key, tensor in read(list(rows)).items()}
    write_shards(folder, network, in_shards(sizes, shard_bytes), read)


def _convert_vae(file: Path, folder: Path, *, config: Mapping[str, Any], shard_bytes: int) -> None:
    from diffusers.models.autoencoders.autoencoder_kl_hunyuan_video import AutoencoderKLHunyuanVideo

    with torch.device("meta"):
        vae = AutoencoderKLHunyuanVideo(**config)
    expected = {key: tuple(tensor.shape) for key, tensor in vae.state_dict().items()}

    def released() -> dict[str, Tensor]:
        return {key.removeprefix("vae."): tensor for key, tensor in _mapped(file, "state_dict").items()}

    found = released()
    require_shapes(file, {key: tuple(tensor.shape) for key, tensor in found.items()}, expected)
    sizes = {key: tensor.numel() * tensor.element_size() for key, tensor in found.items()}
    del found

    def read(keys: list[str]) -> dict[str, Tensor]:
        tensors = released()
        return {key: tensors[key] for key in keys}

    write_shards(folder, vae, in_shards(sizes, shard_bytes), read)


def _mapped(file: Path, wrapper: str) -> dict[str, Tensor]:
    """The tensors of a .pt file, their bytes left on disk until they are looked at.

    Args:
        file: The pickle.
        wrapper: The name they may stand under.
    """
    # A private mapping counts as memory that might be wanted: the system refuses one larger than it has.
    kind = mmap.MAP_SHARED if os.access(file, os.W_OK) else mmap.MAP_PRIVATE
    try:
        with set_default_mmap_options(kind):
            loaded = torch.load(file, map_location="cpu", mmap=True, weights_only=True)
    except Exception as error:  # whatever an unpickler makes of a stranger's file
        reason = " ".join(str(error).split())
        if "unable to mmap" in reason and "Cannot allocate" in reason:
            raise ValueError(
                f"{file} is larger than this machine's memory and cannot be written, so it cannot be mapped; "
                "give yourself leave to write it (chmod u+w), nothing in it is changed"
            ) from error
        if "weights_only" in reason or "Unsupported" in reason:
            raise ValueError(
                f"{file} holds more than tensors, which could run code; it is refused"
            ) from error
        raise ValueError(
            f"{file} is cut short or no PyTorch checkpoint ({reason[:120]}); download it again"
        ) from error
    loaded = loaded.get(wrapper, loaded) if isinstance(loaded, dict) else loaded
    if not isinstance(loaded, dict) or not all(isinstance(value, Tensor) for value in loaded.values()):
        raise ValueError(f"{file} holds no tensors by name, under {wrapper!r} or plainly")
    return loaded
