"""Everything a training needs to go on, in one safetensors file."""

import json
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn


def write_checkpoint(
    path: Path,
    *,
    network: nn.Module,
    average: nn.Module,
    optimizers: list[torch.optim.Optimizer],
    state: dict[str, float | int],
) -> None:
    """Replace the file at ``path`` in one move; a killed process leaves the old one whole."""
    tensors: dict[str, Tensor] = {}
    for name, module in (("network", network), ("average", average)):
        tensors |= {f"{name}.{key}": value for key, value in module.state_dict().items()}
    for number, optimizer in enumerate(optimizers):
        for slot, values in optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer{number}.{slot}.{key}": torch.as_tensor(v) for key, v in values.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    copies = {key: value.detach().cpu().clone().contiguous() for key, value in tensors.items()}
    save_file(copies, partial, metadata={"state": json.dumps(state)})
    partial.replace(path)


def read_checkpoint(
    path: Path, *, network: nn.Module, average: nn.Module, optimizers: list[torch.optim.Optimizer]
) -> dict[str, float | int]:
    """Load what ``write_checkpoint`` wrote into modules and optimizers of the same make; return the state.

    Raises:
        RuntimeError: The modules' tensors differ from those in the file.
        ValueError: The file was written by other optimizers.
    """
    with safe_open(path, framework="pt") as file:
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - safe_open is no mapping
        state: dict[str, float | int] = json.loads(file.metadata()["state"])
    held = {
        int(key.partition(".")[0].removeprefix("optimizer")) for key in tensors if key.startswith("optimizer")
    }
    if held and held != set(range(len(optimizers))):
        raise ValueError(
            f"{path} holds {len(held)} optimizers; expected {len(optimizers)}: an earlier version wrote it, "
            "begin in another folder (--start goes on from weights)"
        )
    for name, module in (("network", network), ("average", average)):
        module.load_state_dict(_below(tensors, f"{name}."))
    for number, optimizer in enumerate(optimizers):
        slots: dict[int, dict[str, Tensor]] = {}
        for key, value in _below(tensors, f"optimizer{number}.").items():
            slot, _, field = key.partition(".")
            slots.setdefault(int(slot), {})[field] = value
        groups = optimizer.state_dict()["param_groups"]
        optimizer.load_state_dict({"state": slots, "param_groups": groups})
    return state


def _below(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
