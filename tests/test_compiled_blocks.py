"""Compiled blocks compute what plain ones do, and are compiled where that pays."""

import pytest
import torch
from tiny_wan import write_tiny_wan
from voyager_release import NETWORK

from voyager_lite.core import memory
from voyager_lite.core.checkpoint import read_part
from voyager_lite.core.memory import compile_blocks, load_transformer
from voyager_lite.core.voyager.transformer import VoyagerTransformer

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


@torch.no_grad()
def answer_of(network):
    draw = torch.Generator().manual_seed(0)

    def noise(*shape):
        return torch.randn(*shape, generator=draw)

    return network(
        hidden_states=noise(2, network.config.in_channels, 3, 10, 6),
        timestep=torch.full((2,), 500.0),
        encoder_hidden_states=noise(2, 7, 32),
        encoder_attention_mask=torch.ones(2, 7, dtype=torch.bool),
        pooled_projections=noise(2, 24),
        return_dict=False,
    )[0]


def test_compiled_blocks_of_voyager_answer_as_plain_ones_do():
    """With the backend that needs no compiler: what is captured is the question, not how fast it runs."""
    torch.manual_seed(1)
    network = VoyagerTransformer(**NETWORK, depth_blocks=True).eval()
    plain = answer_of(network)
    compile_blocks(network, backend="aot_eager")
    captured = torch._dynamo.utils.counters["stats"]["unique_graphs"]
    compiled = answer_of(network)
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] > captured
    torch.testing.assert_close(compiled, plain, atol=1e-5, rtol=1e-5)


class Recorded:
    """Stands for a loaded transformer; notes what is done with it."""

    def __init__(self):
        self.done = []

    def to(self, device):
        self.done.append(device)
        return self

    def compile_repeated_blocks(self, **how):
        self.done.append(how["backend"])


@pytest.mark.parametrize(
    ("kind", "processes", "done"),
    [
        ("high", "1", ["cuda", "inductor"]),
        ("balanced", "1", ["cuda"]),
        ("high", "2", ["cuda"]),
    ],
)
def test_blocks_are_compiled_on_one_gpu_with_memory_to_spare(tmp_path, monkeypatch, kind, processes, done):
    part = read_part(write_tiny_wan(tmp_path), "transformer", class_name="WanVACETransformer3DModel")
    monkeypatch.setattr(memory, "_load", lambda *_, **__: Recorded())
    monkeypatch.setenv("WORLD_SIZE", processes)
    assert load_transformer(None, part, device="cuda", memory=kind).done == done
