"""Where every tensor of the network stands in the release.

The release keeps queries, keys, values, and in blocks of one stream the first layer of the MLP too, as rows
of one matrix, and has shift before scale in the last norm, where diffusers has scale before shift.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from voyager_lite.core.voyager.transformer import VoyagerTransformer


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Where a tensor comes from.

    Attributes:
        key: Of the released tensor.
        start: First of its rows.
        swapped: Its two halves change places.
    """

    key: str
    start: int = 0
    swapped: bool = False


TOP = {
    "x_embedder.proj": "img_in.proj",
    "time_text_embed.timestep_embedder.linear_1": "time_in.mlp.0",
    "time_text_embed.timestep_embedder.linear_2": "time_in.mlp.2",
    "time_text_embed.text_embedder.linear_1": "vector_in.in_layer",
    "time_text_embed.text_embedder.linear_2": "vector_in.out_layer",
    "context_embedder.proj_in": "txt_in.input_embedder",
    "context_embedder.time_text_embed.timestep_embedder.linear_1": "txt_in.t_embedder.mlp.0",
    "context_embedder.time_text_embed.timestep_embedder.linear_2": "txt_in.t_embedder.mlp.2",
    "context_embedder.time_text_embed.text_embedder.linear_1": "txt_in.c_embedder.linear_1",
    "context_embedder.time_text_embed.text_embedder.linear_2": "txt_in.c_embedder.linear_2",
    "proj_out": "final_layer.linear",
    "depth_embedder.proj": "condition_in.proj",
    "depth_proj": "zero_linear1",
    "depth_single_proj": "zero_linear2",
}

REFINER = {
    "norm1": "norm1",
    "norm2": "norm2",
    "attn.to_out.0": "self_attn_proj",
    "ff.net.0.proj": "mlp.fc1",
    "ff.net.2": "mlp.fc2",
    "norm_out.linear": "adaLN_modulation.1",
}

TWO_STREAMS = {
    "norm1.linear": "img_mod.linear",
    "norm1_context.linear": "txt_mod.linear",
    "attn.norm_q": "img_attn_q_norm",
    "attn.norm_k": "img_attn_k_norm",
    "attn.norm_added_q": "txt_attn_q_norm",
    "attn.norm_added_k": "txt_attn_k_norm",
    "attn.to_out.0": "img_attn_proj",
    "attn.to_add_out": "txt_attn_proj",
    "ff.net.0.proj": "img_mlp.fc1",
    "ff.net.2": "img_mlp.fc2",
    "ff_context.net.0.proj": "txt_mlp.fc1",
    "ff_context.net.2": "txt_mlp.fc2",
}

ONE_STREAM = {
    "attn.norm_q": "q_norm",
    "attn.norm_k": "k_norm",
    "norm.linear": "modulation.linear",
    "proj_out": "linear2",
}


def released_rows(network: VoyagerTransformer) -> dict[str, Rows]:
    """Where each of the network's tensors comes from, by its key; in the network's order."""
    layers = dict(_layers(network))
    rows = {}
    for key in network.state_dict():
        layer, _, kind = key.rpartition(".")
        released = layers[layer]
        rows[key] = Rows(key=f"{released.key}.{kind}", start=released.start, swapped=released.swapped)
    return rows


def released_shapes(network: VoyagerTransformer) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the release's tensors."""
    shapes: dict[str, tuple[int, ...]] = {}
    state = network.state_dict()
    for key, rows in released_rows(network).items():
        count, *rest = state[key].shape
        before = shapes.get(rows.key, (0,))[0]
        shapes[rows.key] = (before + count, *rest)
    return shapes


def take(released: Mapping[str, Tensor], rows: Rows, *, count: int) -> Tensor:
    """A tensor of ``count`` rows out of the release's, a view where that can be."""
    source = released[rows.key][rows.start : rows.start + count]
    return source.roll(count // 2, dims=0) if rows.swapped else source


def _layers(network: VoyagerTransformer) -> Iterator[tuple[str, Rows]]:
    for layer, released in TOP.items():
        yield layer, Rows(key=released)
    yield "norm_out.linear", Rows(key="final_layer.adaLN_modulation.1", swapped=True)
    for number in range(len(network.context_embedder.token_refiner.refiner_blocks)):
        yield from _block(
            f"context_embedder.token_refiner.refiner_blocks.{number}",
            f"txt_in.individual_token_refiner.blocks.{number}",
            names=REFINER,
            stacked={"self_attn_qkv": ("attn.to_q", "attn.to_k", "attn.to_v")},
            network=network,
        )
    two = {f"transformer_blocks.{n}": f"double_blocks.{n}" for n in range(len(network.transformer_blocks))}
    one = {
        f"single_transformer_blocks.{n}": f"single_blocks.{n}"
        for n in range(len(network.single_transformer_blocks))
    }
    if network.config["depth_blocks"]:
        two["depth_block"], one["depth_single_block"] = "context_block1", "context_block2"
    for block, released in two.items():
        stacked = {
            "img_attn_qkv": ("attn.to_q", "attn.to_k", "attn.to_v"),
            "txt_attn_qkv": ("attn.add_q_proj", "attn.add_k_proj", "attn.add_v_proj"),
        }
        yield from _block(block, released, names=TWO_STREAMS, stacked=stacked, network=network)
    for block, released in one.items():
        joined = {"linear1": ("attn.to_q", "attn.to_k", "attn.to_v", "proj_mlp")}
        yield from _block(block, released, names=ONE_STREAM, stacked=joined, network=network)


def _block(
    block: str,
    released: str,
    *,
    names: Mapping[str, str],
    stacked: Mapping[str, tuple[str, ...]],
    network: nn.Module,
) -> Iterator[tuple[str, Rows]]:
    """One block's layers: those with a counterpart, and those stacked in one matrix, one below the other."""
    for layer, counterpart in names.items():
        yield f"{block}.{layer}", Rows(key=f"{released}.{counterpart}")
    for matrix, layers in stacked.items():
        start = 0
        for layer in layers:
            yield f"{block}.{layer}", Rows(key=f"{released}.{matrix}", start=start)
            start += network.get_parameter(f"{block}.{layer}.weight").shape[0]
