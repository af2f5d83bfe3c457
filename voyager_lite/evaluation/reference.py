"""Public code of Voyager's network, checked out beside the project, to be held against ours.

VOYAGER_REFERENCE names a checkout of Tencent-Hunyuan/HunyuanVideo-I2V, the parent, whose modules are given
50 input channels, or of a HunyuanWorld-Voyager. Nothing of it is installed: only files with modules are
imported.
"""

import importlib
import os
import sys
import time
import types
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from voyager_lite.core.voyager.conditioning import CHANNELS, LATENT_CHANNELS

VARIABLE = "VOYAGER_REFERENCE"

SIZES: dict[str, Any] = {
    "hidden_size": 3072,
    "heads_num": 24,
    "mm_double_blocks_depth": 20,
    "mm_single_blocks_depth": 40,
    "rope_dim_list": [16, 56, 56],
}
"""The released network's, in the reference's words."""

TEXT, POOLED = 4096, 768

UNNEEDED = ("deepspeed", "torch.utils.tensorboard")
"""Imported by parts of the reference that are not called here."""


def reference_package() -> str:
    """The name of the reference's package, made importable.

    Raises:
        FileNotFoundError: No checkout is named, or it is none.
    """
    checkout = os.environ.get(VARIABLE)
    if not checkout:
        raise FileNotFoundError(f"{VARIABLE} names no checkout of HunyuanVideo-I2V or HunyuanWorld-Voyager")
    root = Path(checkout)
    names = [name for name in ("voyager", "hyvideo") if (root / name / "modules/models.py").is_file()]
    if not names:
        raise FileNotFoundError(f"{root} has no voyager/modules or hyvideo/modules")
    # Packages whose __init__ would import the whole program.
    for name in (names[0], f"{names[0]}.diffusion", f"{names[0]}.diffusion.schedulers"):
        parent = types.ModuleType(name)
        parent.__path__ = [str(root.joinpath(*name.split(".")))]
        sys.modules[name] = parent
    return names[0]


def import_reference(package: str, name: str) -> Any:
    """One of the reference's modules; what it imports and does not need here is empty meanwhile."""
    unneeded: dict[str, Any] = {name: types.ModuleType(name) for name in UNNEEDED if name not in sys.modules}
    for module in unneeded.values():
        module.SummaryWriter = None
    sys.modules.update(unneeded)
    try:
        with warnings.catch_warnings(action="ignore"):
            return importlib.import_module(f"{package}.{name}")
    finally:
        for module in unneeded:
            del sys.modules[module]


def reference_network(
    package: str, sizes: Mapping[str, Any] = SIZES, *, text: tuple[int, int], depth_blocks: bool = False
) -> Any:
    """The reference's transformer with 50 input channels, on the default device and in the default dtype.

    Args:
        package: See ``reference_package``.
        sizes: In the reference's words.
        text: Channels of a token, and of the pooled prompt.
        depth_blocks: With what it calls context blocks.
    """
    arguments = types.SimpleNamespace(
        i2v_condition_type="latent_concat",
        text_states_dim=text[0],
        text_states_dim_2=text[1],
        gradient_checkpoint=False,
        gradient_checkpoint_layers=-1,
        use_context_block=depth_blocks,
    )
    models = import_reference(package, "modules.models")
    network = models.HYVideoDiffusionTransformer(
        arguments, in_channels=CHANNELS, out_channels=LATENT_CHANNELS, **sizes
    )
    return network.eval().requires_grad_(False)


def reference_positions(package: str, grid: tuple[int, int, int], *, channels: list[int]) -> tuple[Any, Any]:
    """Cosines and sines of a grid of tokens."""
    posemb = import_reference(package, "modules.posemb_layers")
    cos, sin = posemb.get_nd_rotary_pos_embed(
        channels, list(grid), theta=256, use_real=True, theta_rescale_factor=1
    )
    return cos, sin


@torch.no_grad()
def reference_seconds(
    latents: tuple[int, ...],
    tokens: int,
    *,
    sizes: Mapping[str, Any] = SIZES,
    text: tuple[int, int] = (TEXT, POOLED),
    device: str = "cuda",
    measured: int = 10,
) -> float:
    """Seconds of the reference's pass over both prompts in one batch, as its guidance has it.

    Args:
        latents: (1, channels, frames, rows, columns).
        tokens: Of a prompt.
        sizes: Of the network.
        text: Channels of a token, and of the pooled prompt.
        device: Where it runs.
        measured: Passes, after three to warm up.

    Raises:
        FileNotFoundError: There is no checkout.
        ValueError: It lacks what it needs to run here.
    """
    package = reference_package()
    if device == "cuda" and import_reference(package, "modules.attenion").flash_attn is None:
        raise ValueError("the public code needs flash-attn, which is not installed here")
    usual = torch.get_default_dtype()
    torch.set_default_dtype(torch.bfloat16)
    try:
        with torch.device(device):
            network = reference_network(package, sizes, text=text)
    finally:
        torch.set_default_dtype(usual)
    for weight in network.parameters():
        weight.data = weight.data.to(torch.bfloat16).normal_(std=0.02)
    _, _, frames, rows, columns = latents
    cos, sin = reference_positions(
        package, (frames, rows // 2, columns // 2), channels=list(sizes["rope_dim_list"])
    )

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(2, *shape, device=device).to(torch.bfloat16)

    given = (normal(CHANNELS, frames, rows, columns), torch.full((2,), 500.0, device=device))
    prompt = normal(tokens, text[0]), torch.ones(2, tokens, dtype=torch.long, device=device), normal(text[1])
    turns = {"freqs_cos": cos.to(device), "freqs_sin": sin.to(device), "return_dict": False}
    begun = 0.0
    for number in range(3 + measured):
        if number == 3:
            _wait(device)
            begun = time.perf_counter()
        with torch.autocast(device, torch.bfloat16):  # as its own program runs it
            network(*given, *prompt, **turns)
    _wait(device)
    return (time.perf_counter() - begun) / measured


def _wait(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()
