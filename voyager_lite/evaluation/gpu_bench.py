"""How fast a full-size core is on this GPU: real architecture, random weights, the card's own rate."""

import logging
import time
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch

from voyager_lite.core.blueprints import blueprint_of
from voyager_lite.core.cost import flops, on_meta
from voyager_lite.core.expect import GIB, Blueprint, matrix_rate
from voyager_lite.core.memory import compile_blocks
from voyager_lite.evaluation.bench import BenchRow
from voyager_lite.evaluation.reference import reference_seconds
from voyager_lite.sampling.flow import schedule

logger = logging.getLogger(__name__)

RELEASE_SHARE = 0.63
"""Of the matrix rate, which the released program's own published time on an H20 comes to."""

WARM_UP, MEASURED = 3, 10


@dataclass(frozen=True, kw_only=True)
class Timing:
    """One guided step at a time.

    Attributes:
        seconds: Of a step: both prompts, and Euler's update.
        peak: Bytes of GPU memory at most.
        compiled: Whether torch.compile was used.
    """

    seconds: float
    peak: int
    compiled: bool


def run_gpu_bench(core: str) -> list[BenchRow]:
    """Rows for a core on this machine's GPU.

    Raises:
        ValueError: No CUDA device is here, or the core has no full-size architecture.
    """
    blueprint = blueprint_of(core)
    if not torch.cuda.is_available():
        raise ValueError("bench gpu needs a CUDA device, and PyTorch finds none here; nothing was measured")
    return gpu_rows(core, blueprint)


def gpu_rows(
    core: str, blueprint: Blueprint, *, device: str = "cuda", compiled: tuple[bool, ...] = (False, True)
) -> list[BenchRow]:
    """A guided step, plainly and with ``torch.compile``, beside the arithmetic and public code."""
    meta = on_meta(blueprint.network, dtype=torch.bfloat16)
    work = flops(lambda: meta(**blueprint.inputs(2)))
    rate = matrix_rate(device, seconds=5.0 if device == "cuda" else 0.1)
    rows, steps = [], []
    for is_compiled in compiled:
        network = random_network(blueprint, device=device)
        timing = time_steps(network, blueprint, compiled=is_compiled, device=device)
        steps.append(timing.seconds)
        share = work / timing.seconds / rate
        how = "torch.compile" if is_compiled else "eager"
        case = f"{core}, {blueprint.case}, {how}, {timing.peak / GIB:.1f} GiB at the peak"
        floor = work / rate
        rows += [
            BenchRow(
                name="gpu_step",
                ours=timing.seconds,
                baseline=floor,
                baseline_name="arithmetic at the rate",
                ratio=floor / timing.seconds,
                unit="s",
                case=case,
            ),
            BenchRow(
                name="gpu_share_of_matrix_rate",
                ours=share,
                baseline=RELEASE_SHARE,
                baseline_name="the release on an H20",
                ratio=share / RELEASE_SHARE,
                unit="share",
                case=case,
            ),
        ]
        del network
        torch.cuda.empty_cache()
    if core.startswith("voyager:"):
        rows += reference_rows(blueprint, ours=min(steps), device=device)
    return rows


def reference_rows(blueprint: Blueprint, *, ours: float, **options: Any) -> list[BenchRow]:
    """A step beside public code's on the same card; none, and a line that says why, where that cannot run.

    Args:
        blueprint: Of the clip.
        ours: Seconds of our step.
        options: Of ``reference_seconds``.
    """
    try:
        tokens = blueprint.inputs(1)["encoder_hidden_states"].shape[1]
        theirs = reference_seconds(blueprint.latents, tokens, **options)
    except (OSError, ValueError) as reason:
        logger.warning("no row against public code: %s", reason)
        return []
    return [
        BenchRow(
            name="gpu_step_public_code",
            ours=ours,
            baseline=theirs,
            baseline_name="HunyuanVideo's public code, 50 channels",
            ratio=theirs / ours,
            unit="s",
            case=blueprint.case,
        )
    ]


def random_network(blueprint: Blueprint, *, device: str = "cuda") -> Any:
    """The architecture with small random weights in bfloat16, made where it computes."""
    usual = torch.get_default_dtype()
    torch.set_default_dtype(torch.bfloat16)
    try:
        with torch.device(device):
            network = blueprint.network().eval().requires_grad_(False)
    finally:
        torch.set_default_dtype(usual)
    for weight in network.parameters():
        weight.normal_(std=0.02)
    return network


@torch.no_grad()
def time_steps(
    network: Any, blueprint: Blueprint, *, compiled: bool, device: str = "cuda", measured: int = MEASURED
) -> Timing:
    """Seconds of a guided Euler step, over several with no word to the processor in between.

    Attention is PyTorch's choice among its fused kernels; ``compiled`` compiles repeated blocks once.
    """
    if compiled:
        compile_blocks(network)
    batch = blueprint.together
    passes = [
        {name: _random_like(value, device) for name, value in blueprint.inputs(batch).items()}
        for _ in range(2 // batch)
    ]
    x = passes[0]["hidden_states"][:1, :16].float()
    times = schedule(WARM_UP + measured).tolist()
    begun = time.perf_counter()
    for number, (now, then) in enumerate(pairwise(times)):
        if number == WARM_UP:
            _wait(device)
            begun = time.perf_counter()
        for given in passes:
            given["timestep"] = torch.full((batch,), 1000 * now, device=device)
            given["hidden_states"][:, :16] = x.to(torch.bfloat16)
        answers = [network(**given, return_dict=False)[0].float() for given in passes]
        without, along = torch.cat(answers).chunk(2)
        x = x + (then - now) * (without + 5 * (along - without))
    _wait(device)
    peak = torch.cuda.max_memory_allocated() if device == "cuda" else 0
    return Timing(seconds=(time.perf_counter() - begun) / measured, peak=peak, compiled=compiled)


def _random_like(value: Any, device: str) -> Any:
    if value is None:
        return None
    if value.dtype == torch.bool:
        return torch.ones(value.shape, dtype=torch.bool, device=device)
    return torch.randn(value.shape, device=device).to(value.dtype)


def _wait(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()
