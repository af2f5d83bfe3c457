"""What one pass of a network costs, told on meta tensors: nothing is loaded and nothing computed."""

import weakref
from collections.abc import Callable, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

Pass = Callable[[], object]
"""One pass on meta tensors."""


def on_meta(make: Callable[[], nn.Module], *, dtype: torch.dtype) -> Any:
    """A network without weights."""
    usual = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with torch.device("meta"):
            return make().eval().requires_grad_(False)
    finally:
        torch.set_default_dtype(usual)


def parameters(network: nn.Module) -> int:
    """How many numbers it has."""
    return sum(parameter.numel() for parameter in network.parameters())


def flops(run: Pass) -> int:
    """Multiplications and additions of a pass: of convolutions, linear layers and attention."""
    counter = FlopCounterMode(display=False)
    with torch.no_grad(), counter:
        run()
    return int(counter.get_total_flops())


def peak_bytes(run: Pass) -> int:
    """Most bytes of intermediate results alive at one time, with attention that keeps no scores."""
    tracker = _Tracker()
    with torch.no_grad(), _Fused(), tracker:
        result = run()
    del result
    return tracker.peak


class _Fused(TorchFunctionMode):
    """Attention as a fused kernel does it: its scores are never there as a whole."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        given = dict(kwargs or {})
        if func is F.scaled_dot_product_attention:
            query = args[0] if args else given["query"]
            value = args[2] if len(args) > 2 else given["value"]
            return query.new_empty(*query.shape[:-1], value.shape[-1])
        return func(*args, **given)


class _Tracker(TorchDispatchMode):
    """Counts the storages that operations make, until they are let go."""

    def __init__(self) -> None:
        super().__init__()
        self.alive: dict[int, int] = {}
        self.peak = 0
        self._count = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        given = {id(tensor.untyped_storage()) for tensor in _tensors((args, kwargs))}
        result = func(*args, **(kwargs or {}))
        for tensor in _tensors(result):
            storage = tensor.untyped_storage()
            if id(storage) not in given and id(storage) not in self.alive:
                self.alive[id(storage)] = storage.nbytes()
                weakref.finalize(storage, self.alive.pop, id(storage), None)
        self.peak = max(self.peak, sum(self.alive.values()))
        return result


def _tensors(values: Any) -> list[Tensor]:
    if isinstance(values, Tensor):
        return [values]
    if isinstance(values, Mapping):
        values = values.values()
    elif not isinstance(values, list | tuple):
        return []
    return [tensor for value in values for tensor in _tensors(value)]
