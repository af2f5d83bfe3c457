"""Voyager's network: its size, its work, and what its depth blocks reach."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from voyager_lite.core.voyager.transformer import VoyagerTransformer

TINY = {
    "num_attention_heads": 2,
    "attention_head_dim": 16,
    "num_layers": 2,
    "num_single_layers": 2,
    "num_refiner_layers": 1,
    "text_embed_dim": 24,
    "pooled_projection_dim": 12,
    "rope_axes_dim": [4, 6, 6],
}


def tiny(**changes):
    torch.manual_seed(0)
    network = VoyagerTransformer(**{**TINY, **changes}).eval().requires_grad_(False)
    for tensor in network.parameters():
        tensor.copy_(torch.randn(tensor.shape) * 0.15)
    return network


def inputs(frames=3, rows=10, columns=6, tokens=7, batch=1):
    draw = torch.Generator().manual_seed(1)

    def normal(*shape):
        return torch.randn(shape, generator=draw)

    return {
        "hidden_states": normal(batch, 50, frames, rows, columns),
        "timestep": torch.full((batch,), 700.0),
        "encoder_hidden_states": normal(batch, tokens, 24),
        "encoder_attention_mask": None,
        "pooled_projections": normal(batch, 12),
        "return_dict": False,
    }


@pytest.mark.parametrize(("depth_blocks", "parameters"), [(False, 12_811_200_576), (True, 13_312_121_664)])
def test_the_released_network_has_so_many_parameters(depth_blocks, parameters):
    with torch.device("meta"):
        network = VoyagerTransformer(depth_blocks=depth_blocks)
    assert sum(tensor.numel() for tensor in network.parameters()) == parameters


def test_one_forward_of_49_frames_at_512x768_is_1_80_petaflop():
    with torch.device("meta"):
        network = VoyagerTransformer()
        given = {
            "hidden_states": torch.empty(1, 50, 13, 130, 96),
            "timestep": torch.empty(1),
            "encoder_hidden_states": torch.empty(1, 540, 4096),
            "encoder_attention_mask": None,
            "pooled_projections": torch.empty(1, 768),
            "return_dict": False,
        }
    counter = FlopCounterMode(display=False)
    with counter, torch.no_grad():
        (velocity,) = network(**given)
    assert velocity.shape == (1, 16, 13, 130, 96)
    # By hand: 60 blocks of attention over 40,560 tokens of the picture and 540 of the text; what has a
    # matrix does two operations a weight and token.
    tokens, text, width, mlp = 40_560, 540, 3072, 12_288
    attention = 60 * 4 * (tokens + text) ** 2 * width
    two_streams = 20 * 2 * (tokens + text) * (4 * width**2 + 2 * width * mlp)
    one_stream = 40 * 2 * (tokens + text) * (4 * width**2 + 2 * width * mlp)
    by_hand = attention + two_streams + one_stream
    assert counter.get_total_flops() == pytest.approx(by_hand, rel=0.01)
    assert by_hand == pytest.approx(1.80e15, rel=0.01)


def test_padding_changes_nothing():
    network, given = tiny(depth_blocks=True), inputs()
    (plain,) = network(**given)
    padded = torch.cat([given["encoder_hidden_states"], torch.full((1, 3, 24), 9.0)], dim=1)
    valid = torch.tensor([[True] * 7 + [False] * 3])
    (masked,) = network(**{**given, "encoder_hidden_states": padded, "encoder_attention_mask": valid})
    assert torch.allclose(masked, plain, atol=1e-5)


def test_two_clips_at_once_are_as_one_after_the_other():
    network, given = tiny(depth_blocks=True), inputs(batch=2)
    (both,) = network(**given)
    for index in range(2):
        one = {
            key: value[index : index + 1] if isinstance(value, torch.Tensor) else value
            for key, value in given.items()
        }
        assert torch.allclose(network(**one)[0], both[index : index + 1], atol=1e-5)


def test_depth_blocks_see_the_rows_of_depth_alone():
    """With the main embedding of the picture silenced, only rows below the separator can matter."""
    network = tiny(depth_blocks=True)
    network.x_embedder.proj.weight.zero_()
    given = inputs(rows=10)  # 4 of picture, 2 of separator, 4 of depth
    (before,) = network(**given)
    changed = given["hidden_states"].clone()
    changed[..., :6, :] += 1
    assert torch.equal(network(**{**given, "hidden_states": changed})[0], before)
    changed[..., 6:, :] += 1
    assert not torch.allclose(network(**{**given, "hidden_states": changed})[0], before, atol=1e-3)


def test_depth_residuals_reach_the_last_tokens_of_the_sequence_first():
    """3 frames of 5x3 tokens are 45; depth has 3 of 2x3, that is 18: the last 18, from row 4 of frame 1 on.

    With all blocks of the main path silenced, nothing carries the residuals elsewhere.
    """
    network = tiny(depth_blocks=True, num_layers=1, num_single_layers=1)
    for block in (*network.transformer_blocks, *network.single_transformer_blocks):
        for tensor in block.parameters():
            tensor.zero_()
    given = inputs()
    (plain,) = network(**given)
    network.depth_proj.weight.zero_()
    network.depth_proj.bias.zero_()
    network.depth_single_proj.weight.zero_()
    network.depth_single_proj.bias.zero_()
    (silent,) = network(**given)
    changed = (plain - silent).abs().amax(dim=(0, 1)) > 1e-6
    tokens = changed.unflatten(1, (5, 2)).unflatten(3, (3, 2)).any(4).any(2).flatten()
    assert tokens.tolist() == [False] * 27 + [True] * 18


@torch.no_grad()
def test_saved_and_loaded_it_is_the_same(tmp_path):
    network = tiny(depth_blocks=True)
    network.save_pretrained(tmp_path, max_shard_size="100KB")
    assert len(list(tmp_path.glob("*.safetensors"))) > 1
    again = VoyagerTransformer.from_pretrained(tmp_path)
    assert again.config.depth_blocks
    assert all(torch.equal(again.state_dict()[key], value) for key, value in network.state_dict().items())
    assert torch.allclose(again(**inputs())[0], network(**inputs())[0], atol=1e-5)
