"""The generators: what completes a guidance clip into an RGB-D video."""

import torch

from voyager_lite.core.generator import Generator

CORES = ("mini", "nano")


def load_core(name: str, *, device: str = "cpu") -> Generator:
    """The core that ``--core`` names, ready to generate.

    Raises:
        ValueError: No such core, or a device that this machine does not have.
    """
    if name not in CORES:
        raise ValueError(f"core {name!r} is not known; expected one of {', '.join(CORES)}")
    if device not in ("cpu", "cuda"):
        raise ValueError(f"device is {device!r}; expected cpu or cuda")
    if device == "cuda" and not torch.cuda.is_available():
        raise ValueError("device is cuda, but PyTorch finds no CUDA device here; expected cpu")
    from voyager_lite.core.mini import Mini

    return Mini.from_pretrained(name, device=device)
