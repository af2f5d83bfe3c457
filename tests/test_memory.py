"""Weights on demand compute what whole ones do; costs are told on shapes alone; low memory takes less."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from diffusers import HunyuanVideoTransformer3DModel, WanVACETransformer3DModel
from tiny_wan import write_tiny_wan
from torch import nn

from voyager_lite.core.checkpoint import read_part
from voyager_lite.core.cost import flops, on_meta, parameters, peak_bytes
from voyager_lite.core.expect import advice, expect, require_memory
from voyager_lite.core.memory import MEMORIES, load_transformer
from voyager_lite.core.wan_vace.blueprint import KNOWN, blueprint
from voyager_lite.core.weights_on_demand import STORED, load_stored

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return write_tiny_wan(tmp_path_factory.mktemp("tiny_wan"))


@pytest.fixture(scope="module")
def part(checkpoint):
    return read_part(checkpoint, "transformer", class_name="WanVACETransformer3DModel")


@torch.no_grad()
def output_of(transformer):
    draw = torch.Generator().manual_seed(0)

    def noise(*shape):
        return torch.randn(*shape, generator=draw).to(torch.bfloat16)

    return transformer(
        hidden_states=noise(1, 16, 3, 4, 6),
        timestep=torch.full((1,), 500.0),
        encoder_hidden_states=noise(1, 7, 16),
        control_hidden_states=noise(1, 96, 3, 4, 6),
    ).sample


@pytest.fixture(scope="module")
def whole(part):
    """The official loader's output in bfloat16."""
    return output_of(
        WanVACETransformer3DModel.from_pretrained(part.folder, torch_dtype=torch.bfloat16).eval()
    )


def test_blocks_read_on_demand_compute_the_same(part, whole):
    transformer = load_transformer(WanVACETransformer3DModel, part, device="cpu", memory="low")
    assert torch.equal(output_of(transformer), whole)
    assert torch.equal(output_of(transformer), whole)  # and once more


def test_between_passes_no_block_is_in_memory(part):
    transformer = load_transformer(WanVACETransformer3DModel, part, device="cpu", memory="low")
    for _ in range(2):
        assert all(value.is_meta for block in transformer.blocks for value in block.parameters())
        output_of(transformer)


def test_weights_stored_in_eight_bits_compute_nearly_the_same(part, whole):
    transformer = load_stored(WanVACETransformer3DModel, part)
    assert transformer.blocks[0].ffn.net[2].weight.dtype == STORED
    difference = (output_of(transformer) - whole).float()
    assert 0 < float(difference.norm() / whole.float().norm()) < 0.1


def test_weights_of_another_network_are_refused(part, tmp_path):
    other = write_tiny_wan(tmp_path / "other", layers=3)
    (part.folder / "config.json").read_text()
    settings = json.loads((other / "transformer" / "config.json").read_text())
    (other / "transformer" / "config.json").write_text(json.dumps(settings | {"num_layers": 2}))
    spoilt = read_part(other, "transformer", class_name="WanVACETransformer3DModel")
    with pytest.raises(ValueError, match=r"does not fit WanVACE.*unexpected keys, the first blocks.2"):
        load_stored(WanVACETransformer3DModel, spoilt)


def test_flops_and_parameters_of_a_linear_layer():
    layer = on_meta(lambda: nn.Linear(30, 50), dtype=torch.bfloat16)
    x = torch.empty(7, 30, device="meta", dtype=torch.bfloat16)
    assert parameters(layer) == 30 * 50 + 50
    assert flops(lambda: layer(x)) == 2 * 7 * 30 * 50


def test_peak_is_of_what_lives_at_one_time():
    x = torch.empty(1000, device="meta")

    def chain():
        y = x + 1  # 4000 bytes
        z = y.view(10, 100) * 2  # a view is no memory of its own; 4000 more
        del y
        return z[:1] + 1  # 400 more, y is gone

    assert peak_bytes(chain) == 8000


def test_attention_keeps_no_scores():
    q = torch.empty(1, 2, 4096, 8, device="meta")
    assert peak_bytes(lambda: nn.functional.scaled_dot_product_attention(q, q, q)) == 4 * q.numel()


def test_voyagers_forward_pass_is_the_known_arithmetic():
    """50 channels, 13 latent frames of 130 x 96 cells, 540 text tokens: 1.80 PFLOP, and all the weights."""
    network = on_meta(
        lambda: HunyuanVideoTransformer3DModel(
            in_channels=50, out_channels=16, guidance_embeds=False, image_condition_type="latent_concat"
        ),
        dtype=torch.bfloat16,
    )
    with torch.device("meta"):
        given = {
            "hidden_states": torch.empty(1, 50, 13, 130, 96, dtype=torch.bfloat16),
            "timestep": torch.empty(1),
            "encoder_hidden_states": torch.empty(1, 540, 4096, dtype=torch.bfloat16),
            "encoder_attention_mask": torch.empty(1, 540, dtype=torch.bool),
            "pooled_projections": torch.empty(1, 768, dtype=torch.bfloat16),
        }
    assert parameters(network) == 12_811_200_576
    assert flops(lambda: network(**given)) == pytest.approx(1.80e15, rel=0.01)


@pytest.fixture(scope="module")
def expectation(tmp_path_factory):
    return expect(blueprint("tiny", write_tiny_wan(tmp_path_factory.mktemp("longer_wan"), layers=12)))


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_less_is_expected_of_low_memory(expectation, device):
    needs = [expectation.bound(device, memory) for memory in MEMORIES]
    assert 0 < needs[0] < needs[1] < needs[2]
    assert advice(expectation, device=device, free=needs[2]) == "--memory high"
    assert advice(expectation, device=device, free=needs[2] - 1) == "--memory balanced"
    assert advice(expectation, device=device, free=needs[0] - 1).startswith("too large for this")
    with pytest.raises(ValueError, match=r"needs about .* GiB for 81 frames of 832x480.*take --memory low"):
        require_memory(expectation, device=device, memory="high", free=needs[0])


def test_time_is_the_arithmetic_over_the_rate(expectation):
    assert expectation.seconds_a_step(1e12) == pytest.approx(2 * expectation.flops / 1e12)


def test_checkpoints_that_are_neither_here_nor_known_are_refused():
    with pytest.raises(ValueError, match=r"somebody/something is not on this machine.*hf download"):
        blueprint("somebody/something", None)
    assert blueprint(next(iter(KNOWN)), None).steps > 0


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_peaks_fall_with_memory(tmp_path):
    """A transformer of 120 million and a text encoder of 34 million numbers, on the processor."""
    checkpoint = write_tiny_wan(tmp_path / "wan", heads=64, layers=16, text_width=768, text_layers=6)
    weights = sum(file.stat().st_size for file in (checkpoint / "transformer").glob("*.safetensors"))
    encoder = sum(file.stat().st_size for file in (checkpoint / "text_encoder").glob("*.safetensors"))
    script = Path(__file__).with_name("measured_peak.py")
    peak = {}
    for memory in ("low", "balanced", "high"):
        done = subprocess.run(
            [sys.executable, str(script), str(checkpoint), memory],
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            check=True,
            timeout=800,
        )
        peak[memory] = int(done.stdout)
    assert peak["low"] < peak["balanced"] - 0.4 * weights
    assert peak["balanced"] < peak["high"] - 0.5 * encoder
