"""The generators: what completes a guidance clip into an RGB-D video."""

import torch

from voyager_lite.core.generator import Generator
from voyager_lite.core.memory import MEMORIES, Memory
from voyager_lite.core.parallel import join, processes

CORES = ("mini", "nano")
"""Embedded: their weights come with the package. ``mini:FILE`` has weights of one's own training."""

CHECKPOINT_CORES = ("voyager", "wan-vace")
"""Named with a folder or a hub name behind a colon: their weights are the user's own."""


def load_core(name: str, *, device: str = "cpu", memory: Memory = "balanced") -> Generator:
    """The core that ``--core`` names, ready to generate.

    Args:
        name: One of ``CORES``, "mini:FILE", or one of ``CHECKPOINT_CORES`` with its weights:
            "voyager:FOLDER".
        device: Where it runs: "cpu" or "cuda".
        memory: How much of it a full-size core may take; see ``voyager_lite.core.memory``.

    Raises:
        ValueError: No such core, a device that this machine does not have, or weights that do not fit.
        FileNotFoundError: The weights are not there.
    """
    family, _, source = name.partition(":")
    if name not in CORES and not (family in ("mini", *CHECKPOINT_CORES) and source):
        raise ValueError(
            f"core {name!r} is not known; expected one of {', '.join(CORES)}, mini:FILE, "
            f"or {' or '.join(f'{core}:FOLDER_OR_HUB_ID' for core in CHECKPOINT_CORES)}"
        )
    if device not in ("cpu", "cuda"):
        raise ValueError(f"device is {device!r}; expected cpu or cuda")
    if device == "cuda" and not torch.cuda.is_available():
        raise ValueError("device is cuda, but PyTorch finds no CUDA device here; expected cpu")
    if memory not in MEMORIES:
        raise ValueError(f"memory is {memory!r}; expected one of {', '.join(MEMORIES)}")
    if family in CHECKPOINT_CORES and processes() > 1:
        join(device=device)
    if family == "voyager":
        from voyager_lite.core.voyager.core import Voyager

        return Voyager.from_pretrained(source, device=device, memory=memory)
    if family == "wan-vace":
        from voyager_lite.core.wan_vace import load

        return load(source, device=device, memory=memory)
    from voyager_lite.core.mini import Mini

    return Mini.from_pretrained(source or name, device=device)
