"""Weights of a checkpoint read tensor by tensor: stored small, or only while their block is at work."""

from pathlib import Path
from typing import Any

import torch
from diffusers.hooks import HookRegistry, ModelHook
from safetensors import safe_open
from torch import Tensor, nn

from voyager_lite.core.checkpoint import Part

STORED = torch.float8_e4m3fn
"""Weights that wait: 4 bits of exponent, 3 of mantissa; norms and embeddings keep their precision."""

COMPUTED = torch.bfloat16


class Weights:
    """The tensors of a part, each read when it is asked for; no more of its file is mapped."""

    def __init__(self, part: Part) -> None:
        self.part = part
        self.files: dict[str, Path] = {}
        self.shapes: dict[str, tuple[int, ...]] = {}
        for file in part.weight_files():
            with safe_open(file, framework="pt") as tensors:
                for name in tensors.keys():  # noqa: SIM118 - no mapping
                    self.files[name], self.shapes[name] = file, tuple(tensors.get_slice(name).get_shape())

    def require(self, network: nn.Module) -> None:
        """Refuse weights that are not the network's.

        Raises:
            ValueError: Tensors are missing, unknown or of another shape.
        """
        expected = {name: tuple(value.shape) for name, value in network.state_dict().items()}
        faults = {
            "missing keys": expected.keys() - self.shapes.keys(),
            "unexpected keys": self.shapes.keys() - expected.keys(),
            "mismatched keys": {
                key for key in expected if expected[key] != self.shapes.get(key, expected[key])
            },
        }
        for kind, names in faults.items():
            if names:
                raise misfit(self.part, kind, list(names))

    def place(self, network: nn.Module, *, prefix: str, device: str) -> None:
        """Give a network's empty parameters their values, each in the dtype it was made with."""
        for name, empty in list(network.named_parameters()):
            if empty.is_meta:
                file = self.files[prefix + name]
                with safe_open(file, framework="pt") as tensors:
                    value = tensors.get_tensor(prefix + name).to(device, empty.dtype, copy=True)
                _set(network, name, value)


class FromDisk(ModelHook):
    """A block whose weights are read before each of its passes, and given up after it."""

    _is_stateful = False

    def __init__(self, weights: Weights, *, prefix: str, device: str) -> None:
        self.weights, self.prefix, self.device = weights, prefix, device

    def pre_forward(self, module: nn.Module, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
        """Read."""
        self.weights.place(module, prefix=self.prefix, device=self.device)
        return args, kwargs

    def post_forward(self, module: nn.Module, output: Any) -> Any:
        """Give up."""
        for name, value in list(module.named_parameters()):
            _set(module, name, torch.empty_like(value, device="meta"))
        return output


def load_stored(model: Any, part: Part, *, device: str = "cpu") -> Any:
    """A transformer with its weights as ``STORED``; layers compute in bfloat16.

    Raises:
        FileNotFoundError: Shards are missing.
        ValueError: Shards are damaged or do not fit.
    """
    transformer, weights = _empty(model, part)
    transformer.enable_layerwise_casting(storage_dtype=STORED, compute_dtype=COMPUTED)
    weights.place(transformer, prefix="", device=device)
    return transformer


def load_on_demand(model: Any, part: Part, *, device: str) -> Any:
    """A transformer in bfloat16 of which only the block at work is in memory.

    Raises:
        FileNotFoundError: Shards are missing.
        ValueError: Shards are damaged or do not fit.
    """
    transformer, weights = _empty(model, part)
    for name, blocks in transformer.named_children():
        if isinstance(blocks, nn.ModuleList):
            for number, block in enumerate(blocks):
                hook = FromDisk(weights, prefix=f"{name}.{number}.", device=device)
                HookRegistry.check_if_exists_or_initialize(block).register_hook(hook, "from_disk")
        else:
            weights.place(blocks, prefix=f"{name}.", device=device)
            blocks.to(device)
    for name, value in list(transformer.named_parameters(recurse=False)):
        whole = nn.Module()
        whole.register_parameter(name, value)
        weights.place(whole, prefix="", device=device)
        setattr(transformer, name, whole.get_parameter(name))
    return transformer


def misfit(part: Part, kind: str, names: list[str]) -> ValueError:
    """Weights that are another network's."""
    return ValueError(
        f"{part.folder} does not fit {part.class_name}: {len(names)} {kind}, the first {min(names)}; "
        "download it again"
    )


def _empty(model: Any, part: Part) -> tuple[Any, Weights]:
    from accelerate import init_empty_weights

    weights = Weights(part)
    try:
        with init_empty_weights(include_buffers=False):
            transformer = model.from_config(part.config).requires_grad_(False).eval()
    except (ValueError, TypeError, RuntimeError) as error:
        raise ValueError(f"{part.folder / 'config.json'} cannot be {part.class_name}'s: {error}") from error
    weights.require(transformer)
    precise = set(model._keep_in_fp32_modules or ())
    for name, empty in list(transformer.named_parameters()):
        if not precise & set(name.split(".")):
            _set(transformer, name, empty.to(COMPUTED))
    return transformer, weights


def _set(network: nn.Module, name: str, value: Tensor) -> None:
    *path, last = name.split(".")
    setattr(network.get_submodule(".".join(path)), last, nn.Parameter(value, requires_grad=False))
