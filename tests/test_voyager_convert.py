"""The released layout becomes safetensors, whole and bounded in memory, or is refused in one line."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from diffusers import AutoencoderKLHunyuanVideo
from safetensors import safe_open
from voyager_release import (
    NETWORK,
    RECIPE,
    VAE,
    network_state,
    random_state,
    vae_state,
    write_release,
)

from voyager_lite.cli import main
from voyager_lite.core.voyager.convert import _mapped, convert_release
from voyager_lite.core.voyager.recipe import read_recipe
from voyager_lite.core.voyager.released import released_shapes
from voyager_lite.core.voyager.transformer import VoyagerTransformer


def convert(source, target, **options):
    convert_release(source, target, network=NETWORK, vae=VAE, recipe=RECIPE, **options)


@pytest.mark.parametrize(("depth_blocks", "tensors"), [(False, 852), (True, 890)])
def test_the_release_has_so_many_tensors_and_all_parameters(depth_blocks, tensors):
    with torch.device("meta"):
        network = VoyagerTransformer(depth_blocks=depth_blocks)
    shapes = released_shapes(network)
    assert len(shapes) == tensors
    assert sum(torch.Size(shape).numel() for shape in shapes.values()) == sum(
        tensor.numel() for tensor in network.parameters()
    )
    assert shapes["img_in.proj.weight"] == (3072, 50, 1, 2, 2)
    assert shapes["double_blocks.19.img_attn_qkv.bias"] == (9216,)
    assert shapes["double_blocks.0.txt_mod.linear.weight"] == (18432, 3072)
    assert shapes["single_blocks.39.linear1.weight"] == (21504, 3072)
    assert shapes["single_blocks.0.linear2.weight"] == (3072, 15360)
    assert shapes["final_layer.adaLN_modulation.1.weight"] == (6144, 3072)
    assert shapes["txt_in.individual_token_refiner.blocks.1.mlp.fc1.weight"] == (12288, 3072)


@pytest.mark.parametrize("shard_bytes", [10**9, 60_000])
def test_every_tensor_arrives_where_it_belongs(tmp_path, shard_bytes):
    released = network_state()
    write_release(tmp_path / "ckpts", network=released)
    convert(tmp_path / "ckpts", tmp_path / "out", shard_bytes=shard_bytes)
    shards = list((tmp_path / "out/transformer").glob("*.safetensors"))
    assert (len(shards) > 3) == (shard_bytes < 10**9)
    state = VoyagerTransformer.from_pretrained(tmp_path / "out/transformer").state_dict()
    for name in ("attn.to_q", "attn.to_k", "attn.to_v"):  # the q, k, v rows of one matrix
        index = ("attn.to_q", "attn.to_k", "attn.to_v").index(name)
        whole = released["double_blocks.0.img_attn_qkv.weight"]
        assert torch.equal(state[f"transformer_blocks.0.{name}.weight"], whole[64 * index : 64 * (index + 1)])
    mlp = released["single_blocks.1.linear1.weight"][3 * 64 :]
    assert torch.equal(state["single_transformer_blocks.1.proj_mlp.weight"], mlp)
    last = released["final_layer.adaLN_modulation.1.bias"]
    assert torch.equal(state["norm_out.linear.bias"], torch.cat([last[64:], last[:64]]))  # scale, shift
    assert torch.equal(
        state["depth_block.attn.add_k_proj.bias"], released["context_block1.txt_attn_qkv.bias"][64:128]
    )
    assert torch.equal(state["depth_single_proj.weight"], released["zero_linear2.weight"])
    total = sum(tensor.numel() for tensor in released.values())
    assert sum(tensor.numel() for tensor in state.values()) == total


def test_the_vae_and_the_recipe_come_along_and_pickles_do_not(tmp_path):
    write_release(tmp_path / "ckpts")
    convert(tmp_path / "ckpts", tmp_path / "out")
    vae = AutoencoderKLHunyuanVideo.from_pretrained(tmp_path / "out/vae")
    assert all(torch.equal(vae.state_dict()[key], value) for key, value in vae_state().items())
    assert read_recipe(tmp_path / "out") == RECIPE
    taken = {file.name for file in (tmp_path / "out/text_encoder").iterdir()}
    assert {"config.json", "model.safetensors", "tokenizer.json", "preprocessor_config.json"} <= taken
    assert (tmp_path / "ckpts/text_encoder_2/pytorch_model.bin").exists()
    assert not list((tmp_path / "out").rglob("*.bin"))
    assert not (tmp_path / "out.partial").exists()


def test_bfloat16_stays_bfloat16(tmp_path):
    released = {key: value.bfloat16() for key, value in network_state().items()}
    write_release(tmp_path / "ckpts", network=released)
    convert(tmp_path / "ckpts", tmp_path / "out")
    file = tmp_path / "out/transformer/diffusion_pytorch_model.safetensors"
    with safe_open(file, framework="pt") as shard:
        assert shard.get_tensor("x_embedder.proj.weight").dtype == torch.bfloat16


def test_without_the_context_file_the_base_network_is_converted(tmp_path):
    plain = network_state(depth_blocks=False)
    write_release(tmp_path / "ckpts", network=plain, name="mp_rank_00_model_states.pt")
    convert(tmp_path / "ckpts", tmp_path / "out")
    assert json.loads((tmp_path / "out/transformer/config.json").read_text())["depth_blocks"] is False


def broken(state, fault):
    key = "single_blocks.1.linear2.weight"
    if fault == "missing":
        del state[key]
    elif fault == "unknown":
        state["guidance_in.mlp.0.weight"] = torch.zeros(2, 2)
    else:
        state["img_in.proj.weight"] = torch.zeros(64, 33, 1, 2, 2)
    return state


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("missing", r"lacks 1: single_blocks\.1\.linear2\.weight"),
        ("unknown", r"has unknown 1: guidance_in\.mlp\.0\.weight"),
        (
            "misshapen",
            r"misshapen 1: img_in\.proj\.weight \(64, 33, 1, 2, 2\) \(expected \(64, 50, 1, 2, 2\)\)",
        ),
    ],
)
def test_tensors_that_do_not_fit_are_named_and_nothing_is_left(tmp_path, fault, message):
    write_release(tmp_path / "ckpts", network=broken(network_state(), fault))
    with pytest.raises(ValueError, match=message):
        convert(tmp_path / "ckpts", tmp_path / "out")
    assert [file.name for file in tmp_path.iterdir()] == ["ckpts"]


class Harmful:
    """A pickle of it makes a file where it is read without care."""

    def __init__(self, file):
        self.file = file

    def __reduce__(self):
        return os.mkdir, (str(self.file),)


def refusal(capsys, *command):
    capsys.readouterr()
    assert main([str(word) for word in command]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    return line


def test_a_pickle_with_code_in_it_is_refused_and_not_run(tmp_path, capsys):
    states = write_release(tmp_path / "ckpts")
    torch.save({"module": {"img_in.proj.weight": Harmful(tmp_path / "harm")}}, states)
    line = refusal(capsys, "convert", "voyager", tmp_path / "ckpts", tmp_path / "out")
    assert "more than tensors, which could run code" in line
    assert not (tmp_path / "harm").exists()


def test_a_half_downloaded_file_is_refused(tmp_path, capsys):
    states = write_release(tmp_path / "ckpts")
    states.write_bytes(states.read_bytes()[: states.stat().st_size // 2])
    line = refusal(capsys, "convert", "voyager", tmp_path / "ckpts", tmp_path / "out")
    assert "cut short" in line and "download it again" in line


def test_a_file_larger_than_memory_is_mapped_and_never_changed(tmp_path):
    """A checkpoint of holes: twice this machine's memory to look at, 8 KB on disk."""
    hole, file = tmp_path / "hole", tmp_path / "states.pt"
    with open(hole, "wb") as made:
        made.truncate(2 * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    large = torch.from_numpy(np.memmap(hole, dtype=np.uint8, mode="r+"))
    with torch.serialization.skip_data():
        torch.save({"module": {"large": large}}, file)
    before = file.stat()
    tensor = _mapped(file, wrapper="module")["large"]
    assert tensor.shape == large.shape and int(tensor[-1]) == 0
    assert file.stat().st_mtime_ns == before.st_mtime_ns


def test_a_file_that_may_only_be_read_is_read(tmp_path):
    states = write_release(tmp_path / "ckpts")
    states.chmod(0o400)
    convert(tmp_path / "ckpts", tmp_path / "out")
    assert (tmp_path / "out/transformer/config.json").is_file()


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ("Voyager/transformers/mp_rank_00_model_states_context.pt", "expected the released layout"),
        ("hunyuan-video-i2v-720p/vae/pytorch_model.pt", "download the rest"),
        ("text_encoder_2/config.json", "download the rest"),
    ],
)
def test_a_missing_part_is_named(tmp_path, capsys, part, message):
    write_release(tmp_path / "ckpts")
    (tmp_path / "ckpts" / part).unlink()
    assert message in refusal(capsys, "convert", "voyager", tmp_path / "ckpts", tmp_path / "out")


def test_a_wrong_folder_and_a_full_target_are_refused(tmp_path, capsys):
    assert "no folder" in refusal(capsys, "convert", "voyager", tmp_path / "nowhere", tmp_path / "out")
    write_release(tmp_path / "ckpts")
    (tmp_path / "out").mkdir()
    (tmp_path / "out/mine").touch()
    assert "not empty" in refusal(capsys, "convert", "voyager", tmp_path / "ckpts", tmp_path / "out")
    assert (tmp_path / "out/mine").exists()


def test_weights_of_another_size_are_refused_by_the_command(tmp_path, capsys):
    write_release(tmp_path / "ckpts")
    line = refusal(capsys, "convert", "voyager", tmp_path / "ckpts", tmp_path / "out")
    assert "another architecture" in line and "lacks" in line and " more" in line


MEASURED = """
import json, resource, sys
from pathlib import Path
import diffusers.models.autoencoders.autoencoder_kl_hunyuan_video
import voyager_lite.core.voyager.transformer
from voyager_lite.core.voyager.convert import convert_release
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
before = peak()
source, target, options = Path(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3])
convert_release(source, target, **options)
print(before, peak())
"""

LARGER = {**NETWORK, "num_attention_heads": 16, "num_layers": 6, "num_single_layers": 8}


@pytest.mark.slow
def test_conversion_holds_less_than_two_shards(tmp_path):
    """240 MB of weights in shards of 20 MB, measured from outside."""
    with torch.device("meta"):
        network = VoyagerTransformer(**LARGER, depth_blocks=False)
    state = random_state(released_shapes(network), dtype=torch.bfloat16)
    size = sum(tensor.numel() * 2 for tensor in state.values())
    write_release(tmp_path / "ckpts", network=state)
    del state
    shard = 20_000_000
    options = json.dumps({"network": LARGER, "vae": VAE, "shard_bytes": shard})
    command = [sys.executable, "-c", MEASURED, tmp_path / "ckpts", tmp_path / "out", options]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=200)
    assert done.returncode == 0, done.stderr[-2000:]
    before, after = map(int, done.stdout.split())
    largest = max(file.stat().st_size for file in (tmp_path / "out/transformer").glob("*.safetensors"))
    assert size > 8 * largest
    assert after - before < 2 * largest
