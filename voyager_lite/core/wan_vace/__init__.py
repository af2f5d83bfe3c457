"""``--core wan-vace:FOLDER_OR_HUB_ID``: Wan 2.1 VACE completes the guidance, a depth estimator its depth."""

from typing import TYPE_CHECKING

from voyager_lite.core.memory import Memory

if TYPE_CHECKING:
    from voyager_lite.core.wan_vace.generator import WanVace

PREFIX = "wan-vace:"


def load(name: str, *, device: str = "cpu", memory: Memory = "balanced") -> "WanVace":
    """The core of a checkpoint in diffusers' layout, such as ``Wan-AI/Wan2.1-VACE-1.3B-diffusers``.

    Args:
        name: A folder, or a hub id; fetched if it is not on this machine yet.
        device: Where it runs.
        memory: How much of the device's memory it may take; see ``voyager_lite.core.memory``.

    Raises:
        FileNotFoundError: No such folder, or parts or shards of it are missing.
        ValueError: Another architecture, damaged files or pickles.
    """
    from voyager_lite.core.wan_vace.generator import WanVace

    return WanVace.from_pretrained(name, device=device, memory=memory)
