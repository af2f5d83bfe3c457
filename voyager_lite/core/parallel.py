"""One clip over several devices: ``torchrun --nproc-per-node N -m voyager_lite ...`` starts N processes.

The first process drives: it alone reads the picture, runs the loop and writes the world. The others hold the
same transformer and follow: they take part in each of its passes and do nothing else. The tokens of a clip
are split among all; attention exchanges heads for tokens (Ulysses, Jacobs et al. 2023, arXiv 2309.14509) or
passes keys and values round (ring, Liu et al. 2023, arXiv 2310.01889), through diffusers' hooks.
"""

import atexit
import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import torch
from torch import Tensor, nn

RING_ATTENTION = {"cuda": "_native_cudnn"}
"""diffusers' attention that gives the normaliser a ring joins its parts by; the processor's does not."""


def processes() -> int:
    """How many processes torchrun started; 1 without it."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def follows() -> bool:
    """Whether this process only follows another."""
    return int(os.environ.get("RANK", "0")) > 0


def join(*, device: str) -> None:
    """Meet the other processes, before anything is loaded: with cuda each takes the GPU of its own number."""
    import torch.distributed as dist

    if dist.is_initialized():
        return
    if device == "cuda":
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    # The others wait for as long as the first one reads prompts, decodes and writes between two clips.
    dist.init_process_group("nccl" if device == "cuda" else "gloo", timeout=timedelta(days=1))
    atexit.register(dist.destroy_process_group)


def share(transformer: Any, plan: dict[str, Any], *, device: str) -> nn.Module:
    """Spread a transformer's passes over all processes; comes back in the driving process only.

    A following process stays in here until the driving one ends, and then ends as well.

    Args:
        transformer: diffusers' model, the same in every process.
        plan: Where its inputs are split and its output is put together; see diffusers' context parallelism.
        device: Where it computes; with cuda every process takes the device of its own number.

    Raises:
        ValueError: The heads cannot be spread so on this device.
    """
    join(device=device)
    split(transformer, plan, device=device)
    if not follows():
        return Driven(transformer)
    follow(transformer, device=device)
    raise SystemExit(0)


def split(transformer: Any, plan: dict[str, Any], *, device: str) -> None:
    """Set up context parallelism over all processes: Ulysses, or a ring where heads are not evenly dealt.

    What ``enable_parallelism`` does, which asks for an accelerator and so cannot run on a processor. Ulysses
    within a ring is not used: there diffusers wants tokens to be dealt out evenly, too.

    Raises:
        ValueError: A ring is needed, for which the processor has no attention.
    """
    import torch.distributed as dist
    from diffusers.hooks.context_parallel import apply_context_parallel
    from diffusers.models._modeling_parallel import ContextParallelConfig, ParallelConfig
    from torch.distributed.device_mesh import init_device_mesh

    size = dist.get_world_size()
    heads = transformer.config.num_attention_heads
    ring = heads % size != 0
    if ring and device not in RING_ATTENTION:
        raise ValueError(
            f"{size} processes cannot share {heads} heads on {device}, where there is no ring; "
            f"expected a number that divides {heads}"
        )
    if ring:
        transformer.set_attention_backend(RING_ATTENTION[device])
    context = ContextParallelConfig(
        ulysses_degree=1 if ring else size,
        ring_degree=size if ring else 1,
        ulysses_anything=not ring,
        ring_anything=ring,
    )
    config = ParallelConfig(context_parallel_config=context)
    mesh = init_device_mesh(device, context.mesh_shape, mesh_dim_names=context.mesh_dim_names)
    config.setup(dist.get_rank(), size, torch.device(device), mesh=mesh)
    for processor in transformer.attn_processors.values():
        processor._parallel_config = config
    apply_context_parallel(transformer, context, plan)


class Driven(nn.Module):
    """The driving process's transformer: every pass is announced to the followers first."""

    def __init__(self, transformer: nn.Module) -> None:
        super().__init__()
        self.transformer = transformer
        atexit.register(_announce, None)

    def forward(self, **given: Any) -> Any:
        """As the transformer's own; tensors travel to the followers.

        Raises:
            ValueError: Text is padded: attention sees the processes' parts in another order than the mask.
        """
        if given.get("encoder_attention_mask") is not None:
            raise ValueError("padded text cannot be split among processes; expected a pass for each prompt")
        _announce({name: _outline(value) for name, value in given.items()})
        for value in given.values():
            if isinstance(value, Tensor):
                _broadcast(value)
        return self.transformer(**given)


def follow(transformer: Callable[..., Any], *, device: str) -> None:
    """Take part in every pass that is announced, until the driver ends."""
    import torch.distributed as dist

    while True:
        announced: list[dict[str, Any] | None] = [None]
        dist.broadcast_object_list(announced, src=0)
        if announced[0] is None:
            return
        given = {}
        for name, outline in announced[0].items():
            given[name] = outline
            if isinstance(outline, tuple):
                shape, dtype = outline
                given[name] = torch.empty(shape, dtype=getattr(torch, dtype), device=device)
                _broadcast(given[name])
        with torch.no_grad():
            transformer(**given)


def _outline(value: Any) -> Any:
    if not isinstance(value, Tensor):
        return value
    return tuple(value.shape), str(value.dtype).removeprefix("torch.")


def _announce(outline: dict[str, Any] | None) -> None:
    import torch.distributed as dist

    if dist.is_initialized():
        dist.broadcast_object_list([outline], src=0)


def _broadcast(value: Tensor) -> None:
    import torch.distributed as dist

    dist.broadcast(value.contiguous(), src=0)
