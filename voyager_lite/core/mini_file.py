"""Weights of the embedded cores on disk."""

from dataclasses import asdict
from pathlib import Path

from voyager_lite.core.mini_network import MiniConfig, MiniNetwork
from voyager_lite.weights import load_weights, save_weights


def save_mini(network: MiniNetwork, path: Path) -> None:
    """Write weights and configuration; see ``save_weights``."""
    save_weights(network, path, config=asdict(network.config))


def load_mini(path: Path) -> MiniNetwork:
    """Read a network, ready for inference; errors as in ``load_weights``."""
    return load_weights(path, kind="mini network", make=lambda sizes: MiniNetwork(MiniConfig(**sizes)))
