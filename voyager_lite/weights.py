"""Weights of the embedded networks on disk: .safetensors with the configuration, .json, beside it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

Network = TypeVar("Network", bound=nn.Module)


def save_weights(network: nn.Module, path: Path, *, config: dict[str, Any]) -> None:
    """Write weights (float16) to ``path`` in one move and the configuration to the .json file beside it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    tensors = {key: value.detach().half().cpu().contiguous() for key, value in network.state_dict().items()}
    partial = path.with_suffix(".partial")
    save_file(tensors, partial)
    path.with_suffix(".json").write_text(json.dumps(config, indent=2) + "\n")
    partial.replace(path)


def load_weights(path: Path, *, kind: str, make: Callable[[dict[str, Any]], Network]) -> Network:
    """Read a network in float32, ready for inference.

    Args:
        path: The .safetensors file; its configuration is the .json file of the same name.
        kind: What the file is said to be in errors: "mini network".
        make: The network of a configuration.

    Raises:
        FileNotFoundError: One of the two files is missing.
        ValueError: The file is no safetensors file, the configuration has unknown or unfit entries, or
            tensors are missing, unknown or of another shape.
    """
    settings = path.with_suffix(".json")
    for file in (path, settings):
        if not file.is_file():
            raise FileNotFoundError(f"{file} is missing; a {kind} is a .safetensors and a .json file")
    try:
        network = make(json.loads(settings.read_text()))
    except (TypeError, KeyError, ValueError) as error:
        raise ValueError(f"{settings} is no configuration of a {kind}: {error}") from error
    try:
        tensors = load_file(path)
    except SafetensorError as error:
        raise ValueError(f"{path} is no safetensors file: {error}") from error
    expected = {key: tuple(value.shape) for key, value in network.state_dict().items()}
    found = {key: tuple(value.shape) for key, value in tensors.items()}
    if missing := sorted(expected.keys() - found.keys()):
        raise ValueError(f"{path} lacks {len(missing)} tensors, the first {missing[0]}")
    if unknown := sorted(found.keys() - expected.keys()):
        raise ValueError(f"{path} has {len(unknown)} unknown tensors, the first {unknown[0]}")
    for key, shape in expected.items():
        if found[key] != shape:
            raise ValueError(f"{path}: {key} has shape {found[key]}; expected {shape}")
    network.load_state_dict({key: value.to(torch.float32) for key, value in tensors.items()})
    return network.eval().requires_grad_(False)
