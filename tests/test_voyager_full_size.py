"""The conversion at full size: needs 55 GB of disk and some minutes. VOYAGER_SCRATCH names the folder.

VOYAGER_SCRATCH=/big/disk pytest -s tests/test_voyager_full_size.py
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import AutoencoderKLHunyuanVideo
from safetensors import safe_open
from voyager_release import write_clip, write_llava

from voyager_lite.core.voyager.convert import SHARD_BYTES, TRANSFORMERS, VAE
from voyager_lite.core.voyager.released import released_rows, released_shapes, take
from voyager_lite.core.voyager.transformer import VoyagerTransformer

NEEDED = 58e9

MEASURED = """
import sys
from pathlib import Path
from voyager_lite.cli import main
code = main(["convert", "voyager", sys.argv[1], sys.argv[2]])
print(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
sys.exit(code)
"""


@pytest.fixture
def scratch():
    """A folder with room, removed afterwards whatever happens."""
    parent = os.environ.get("VOYAGER_SCRATCH")
    if not parent:
        pytest.skip("VOYAGER_SCRATCH names no folder; 55 GB are needed there for some minutes")
    free = shutil.disk_usage(parent).free
    if free < NEEDED:
        pytest.skip(f"{parent} has {free / 1e9:.0f} GB free; expected {NEEDED / 1e9:.0f}")
    with tempfile.TemporaryDirectory(dir=parent) as folder:
        yield Path(folder)


def random_views(shapes, file, *, dtype):
    """Tensors that begin at different places of one file of random bytes: no memory of their own.

    Each maps the file anew, so that a pickle holds each of them whole.
    """
    size = torch.empty((), dtype=dtype).element_size()
    views = {}
    for number, (key, shape) in enumerate(shapes.items()):
        mapped = np.memmap(file, dtype=np.uint8, mode="c", offset=number * 4096)
        count = size * int(np.prod(shape, dtype=np.int64))
        views[key] = torch.from_numpy(mapped[:count]).view(dtype).reshape(shape)
    return views


def write_random_bytes(file, *, size):
    draw = np.random.default_rng(0)
    with open(file, "wb") as out:
        for _ in range(-(-size // 2**24)):
            # Exponents of both halves stay small: no infinities, no NaN.
            out.write((draw.integers(0, 2**16, 2**23, dtype=np.uint16) & 0xBFFF).tobytes())


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_full_size_release_is_converted_in_the_memory_of_two_shards(scratch, capsys):
    """13.3 billion random weights; every byte of the network is compared afterwards."""
    with torch.device("meta"):
        network, vae = VoyagerTransformer(depth_blocks=True), AutoencoderKLHunyuanVideo()
    write_random_bytes(scratch / "random", size=2**28)
    released = random_views(released_shapes(network), scratch / "random", dtype=torch.bfloat16)
    states = scratch / "ckpts" / TRANSFORMERS / "mp_rank_00_model_states_context.pt"
    autoencoder = scratch / "ckpts" / VAE
    for file in (states, autoencoder):
        file.parent.mkdir(parents=True)
    torch.save({"module": released}, states)
    shapes = {key: tuple(tensor.shape) for key, tensor in vae.state_dict().items()}
    torch.save(random_views(shapes, scratch / "random", dtype=torch.float16), autoencoder)
    write_llava(scratch / "ckpts/text_encoder_i2v")
    write_clip(scratch / "ckpts/text_encoder_2")

    command = [sys.executable, "-c", MEASURED, scratch / "ckpts", scratch / "out"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    peak = 1024 * int(done.stdout.splitlines()[-1])
    shards = sorted((scratch / "out/transformer").glob("*.safetensors"))
    sizes = [file.stat().st_size for file in shards]
    with capsys.disabled():
        sys.stdout.write(
            f"\n{states.stat().st_size / 1e9:.1f} GB into {len(shards)} shards of at most "
            f"{max(sizes) / 1e9:.2f} GB: peak {peak / 1e9:.2f} GB, all libraries included\n"
        )
    assert max(sizes) < 1.01 * SHARD_BYTES
    assert peak < 2 * max(sizes) + 1e9

    rows, found = released_rows(network), {}
    for file in shards:
        with safe_open(file, framework="pt") as tensors:
            for key in tensors.keys():  # noqa: SIM118 - no mapping
                tensor = tensors.get_tensor(key)
                found[key] = torch.equal(tensor, take(released, rows[key], count=len(tensor)))
    assert found.keys() == rows.keys() and all(found.values())
