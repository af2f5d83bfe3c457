"""Which architecture ``--core`` names, and whether there is room for it, before anything is loaded."""

from voyager_lite.core.checkpoint import Part, cached_checkpoint
from voyager_lite.core.expect import (
    Blueprint,
    advice,
    expect,
    free_bytes,
    matrix_rate,
    require_memory,
)
from voyager_lite.core.memory import MEMORIES, Memory

GIB = 2**30

WORTH_RECKONING = GIB
"""Bytes of weights from which on it is worth some seconds to find out whether there is room."""


def blueprint_of(core: str) -> Blueprint:
    """The architecture of a full-size core; nothing is fetched.

    Raises:
        FileNotFoundError: A folder that is not there or lacks configurations.
        ValueError: No full-size core, or one that is neither here nor known.
    """
    family, _, source = core.partition(":")
    if family not in ("wan-vace", "voyager") or not source:
        raise ValueError(
            f"core {core!r} has no reckoning; expected wan-vace:FOLDER_OR_HUB_ID or voyager:FOLDER_OR_HUB_ID "
            "(mini and nano run anywhere)"
        )
    folder = cached_checkpoint(source)
    if family == "wan-vace":
        from voyager_lite.core.wan_vace import blueprint as wan_vace

        return wan_vace.blueprint(source, folder)
    from voyager_lite.core.voyager import blueprint as voyager

    return voyager.blueprint(source, folder)


def core_facts(core: str, *, device: str) -> dict[str, object]:
    """What ``doctor --core`` says: size, work, time and memory on this machine, and what to switch on."""
    expectation = expect(blueprint_of(core))
    transformer, autoencoder, encoders = expectation.parameters
    seconds = expectation.seconds_a_step(matrix_rate(device))
    free = free_bytes(device)
    facts: dict[str, object] = {
        "core": core,
        "clip": expectation.case,
        "billion parameters": f"{transformer / 1e9:.2f}",
        "of the autoencoder": f"{autoencoder / 1e9:.2f}",
        "of the text encoders": f"{encoders / 1e9:.2f}",
        "PFLOP a pass": round(expectation.flops / 1e15, 3),
        "seconds a step, at least": round(seconds, 1),
        f"minutes a clip of {expectation.steps} steps, at least": round(seconds * expectation.steps / 60, 1),
    }
    place = "GPU" if device == "cuda" else "machine"
    for memory in MEMORIES:
        facts[f"{place} GiB with --memory {memory}"] = round(expectation.bound(device, memory) / GIB, 1)
    facts[f"{place} GiB free"] = round(free / GIB, 1)
    return facts | {"take": advice(expectation, device=device, free=free)}


def require_room(core: str, part: Part, *, device: str, memory: Memory) -> None:
    """Refuse a large checkpoint for which there is no room, before it is loaded.

    Raises:
        ValueError: It needs more memory than is free.
    """
    size = sum(file.stat().st_size for file in part.weight_files())
    if size < WORTH_RECKONING:
        return
    require_memory(expect(blueprint_of(core)), device=device, memory=memory, free=free_bytes(device))
