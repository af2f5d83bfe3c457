"""What a full-size core will need on this machine, told from its configuration before anything is loaded."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from voyager_lite.core.cost import flops, on_meta, parameters, peak_bytes
from voyager_lite.core.memory import MEMORIES, TILE, Memory

GIB = 2**30

CELL = 8
"""Pixels of a side of a latent cell, in every autoencoder used here."""


@dataclass(frozen=True, kw_only=True)
class Blueprint:
    """A core's architecture without its weights.

    Attributes:
        case: The clip that is reckoned with, for people.
        network: Makes the transformer.
        inputs: Of one pass, for a batch of so many.
        together: Prompts in a pass: 2, or 1 where each has its own.
        tile_latents: Latent frames that a tile is decoded from at once: where memory is low, and otherwise.
        whole_frames: Whether frames are decoded whole where memory is high; else in tiles there, too.
        autoencoder: Makes the autoencoder.
        latents: Shape of what the autoencoder decodes: (1, channels, frames, rows, columns).
        encoders: Make the text encoders.
        steps: Of one clip, by default.
    """

    case: str
    network: Callable[[], nn.Module]
    inputs: Callable[[int], dict[str, Tensor]]
    autoencoder: Callable[[], Any]
    latents: tuple[int, int, int, int, int]
    encoders: tuple[Callable[[], nn.Module], ...]
    steps: int
    together: int = 2
    tile_latents: tuple[int, int] = (3, 3)
    whole_frames: bool = True


@dataclass(frozen=True, kw_only=True)
class Need:
    """Memory at its peak, bytes.

    Attributes:
        device: Of the GPU; 0 where the processor computes.
        host: Of the machine.
    """

    device: int
    host: int


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """What a core needs.

    Attributes:
        case: The clip that is reckoned with.
        parameters: Of the transformer, the autoencoder and the text encoders.
        flops: Of one pass of one clip; guidance takes two a step.
        steps: Of one clip.
        sizes: What its memory is made of.
    """

    case: str
    parameters: tuple[int, int, int]
    flops: int
    steps: int
    sizes: "Sizes"

    def seconds_a_step(self, rate: float) -> float:
        """At least, with guidance, on a device that multiplies matrices at ``rate`` operations a second."""
        return 2 * self.flops / rate

    def bound(self, device: str, memory: Memory) -> int:
        """Bytes that must be free for it: on the GPU, or where the processor computes, of the machine."""
        need = self.sizes.need(device, memory)
        return need.device if device == "cuda" else need.host


def expect(blueprint: Blueprint) -> Expectation:
    """Reckon with a blueprint; takes some seconds of arithmetic on shapes and no memory to speak of."""
    network = on_meta(blueprint.network, dtype=torch.bfloat16)
    autoencoder = on_meta(blueprint.autoencoder, dtype=torch.float32)
    encoders = [on_meta(make, dtype=torch.bfloat16) for make in blueprint.encoders]
    counts = parameters(network), parameters(autoencoder), sum(map(parameters, encoders))
    blocks = [parameters(block) for block in _blocks(network)]
    single, together = (blueprint.inputs(batch) for batch in (1, blueprint.together))
    small_tiles, tiles = (
        _decoding_in_tiles(autoencoder, blueprint.latents, together=count) for count in blueprint.tile_latents
    )
    whole = _decoding(autoencoder, blueprint.latents) if blueprint.whole_frames else tiles
    sizes = Sizes(
        transformer=counts[0],
        block=max(blocks, default=0),
        rest=counts[0] - sum(blocks),
        autoencoder=4 * counts[1],
        encoders=counts[2],
        largest_encoder=max(map(parameters, encoders), default=0),
        activations=peak_bytes(lambda: network(**together)),
        whole=whole,
        small_tiles=min(whole, small_tiles),
        tiles=min(whole, tiles),
    )
    return Expectation(
        case=blueprint.case,
        parameters=counts,
        flops=flops(lambda: network(**single)),
        steps=blueprint.steps,
        sizes=sizes,
    )


def matrix_rate(device: str, *, seconds: float = 0.5) -> float:
    """Operations a second of square matrix products: bfloat16 on a GPU, float32 on a processor; the best."""
    size, dtype = (8192, torch.bfloat16) if device == "cuda" else (1024, torch.float32)
    a = torch.randn(size, size, device=device).to(dtype)
    best, until = 0.0, time.perf_counter() + seconds
    while time.perf_counter() < until or best == 0:
        begun = time.perf_counter()
        a @ a
        if device == "cuda":
            torch.cuda.synchronize()
        best = max(best, 2 * size**3 / (time.perf_counter() - begun))
    return best


def advice(expectation: Expectation, *, device: str, free: int) -> str:
    """The roomiest ``--memory`` that fits into ``free`` bytes, or what to do where none does."""
    for memory in reversed(MEMORIES):
        if expectation.bound(device, memory) <= free:
            return f"--memory {memory}"
    least = min(expectation.bound(device, memory) for memory in MEMORIES) / GIB
    place = "GPU" if device == "cuda" else "machine"
    return (
        f"too large for this {place}: at least {least:.1f} GiB are needed, {free / GIB:.1f} are free; "
        "--core mini needs none of this"
    )


def require_memory(expectation: Expectation, *, device: str, memory: Memory, free: int) -> None:
    """Refuse before loading what cannot fit.

    Raises:
        ValueError: The need is above ``free`` bytes.
    """
    need = expectation.bound(device, memory)
    if need > free:
        raise ValueError(
            f"--memory {memory} needs about {need / GIB:.1f} GiB for {expectation.case}, "
            f"{free / GIB:.1f} are free; take {advice(expectation, device=device, free=free)}"
        )


def free_bytes(device: str) -> int:
    """Memory that is free for a core: the GPU's, or the machine's."""
    if device == "cuda":
        return int(torch.cuda.mem_get_info()[0])
    with open("/proc/meminfo", encoding="ascii") as lines:
        rows = dict(line.split(":") for line in lines)
    return int(rows["MemAvailable"].split()[0]) * 1024


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """What memory is made of.

    Attributes:
        transformer: Parameters of the transformer.
        block: Of its largest block.
        rest: Of what is in no block.
        autoencoder: Bytes of the autoencoder.
        encoders: Parameters of the text encoders.
        largest_encoder: Of the largest of them.
        activations: Bytes of one guided pass, in 16 bits.
        whole: Bytes of decoding whole frames.
        small_tiles: Bytes of decoding tiles where memory is low.
        tiles: Bytes of decoding tiles otherwise.
    """

    transformer: int
    block: int
    rest: int
    autoencoder: int
    encoders: int
    largest_encoder: int
    activations: int
    whole: int
    small_tiles: int
    tiles: int

    def need(self, device: str, memory: Memory) -> Need:
        """As ``voyager_lite.core.memory`` lays the models out."""
        wide = 2 if device == "cpu" and memory != "low" else 1  # float32 instead of 16 bits
        weights, working = 2 * wide * self.transformer, wide * self.activations
        reading = 2 * wide * self.largest_encoder
        if memory == "low":
            at_work = 2 * (1 + 2) * self.block if device == "cuda" else 2 * self.block
            passing = at_work + 2 * self.rest + self.autoencoder + max(working, self.small_tiles)
            if device == "cuda":
                return Need(device=passing, host=self.transformer + reading)
            return Need(device=0, host=max(passing, 2 * self.rest + self.autoencoder + reading))
        if memory == "balanced":
            peak = weights + self.autoencoder + max(working, self.tiles, reading)
        else:
            kept = 2 * wide * self.encoders
            peak = weights + self.autoencoder + kept + max(working, self.whole)
        return Need(device=peak, host=weights) if device == "cuda" else Need(device=0, host=peak)


def _blocks(network: nn.Module) -> list[nn.Module]:
    lists = [child for child in network.children() if isinstance(child, nn.ModuleList)]
    return [block for blocks in lists for block in blocks]


def _decoding(autoencoder: Any, latents: tuple[int, ...]) -> int:
    autoencoder.use_framewise_decoding = False  # where there is such a thing, whole is whole in time, too
    given = torch.empty(latents, device="meta")
    return peak_bytes(lambda: autoencoder.decode(given))


def _decoding_in_tiles(autoencoder: Any, latents: tuple[int, int, int, int, int], *, together: int) -> int:
    """One tile's work, and the video three times: the tiles that overlap, the rows, the whole."""
    batch, channels, frames, rows, columns = latents
    side = TILE // CELL
    work = _decoding(
        autoencoder, (batch, channels, min(frames, together), min(rows, side), min(columns, side))
    )
    video = 4 * 3 * (1 + 4 * (frames - 1)) * CELL * rows * CELL * columns
    return work + 3 * video
