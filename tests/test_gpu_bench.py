"""The GPU benchmark's loop, on a small architecture on the processor; and what it says without a GPU."""

from dataclasses import replace

import pytest
import torch
from tiny_wan import write_tiny_wan

from voyager_lite.cli import main
from voyager_lite.core.blueprints import blueprint_of
from voyager_lite.core.wan_vace.blueprint import blueprint
from voyager_lite.evaluation.gpu_bench import random_network, time_steps

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


def test_steps_of_a_random_network_are_timed(tmp_path):
    tiny = blueprint("tiny", write_tiny_wan(tmp_path))

    def inputs(batch):
        large = tiny.inputs(batch)
        return {
            "hidden_states": large["hidden_states"][:, :, :2, :4, :6],
            "control_hidden_states": large["control_hidden_states"][:, :, :2, :4, :6],
            "encoder_hidden_states": large["encoder_hidden_states"][:, :5],
            "timestep": large["timestep"],
        }

    small = replace(tiny, inputs=inputs)
    network = random_network(small, device="cpu")
    assert network.patch_embedding.weight.dtype == torch.bfloat16
    timing = time_steps(network, small, compiled=False, device="cpu", measured=2)
    assert timing.seconds > 0 and not timing.compiled


@pytest.mark.skipif(torch.cuda.is_available(), reason="a CUDA device is here")
def test_without_a_gpu_one_line_says_so(capsys):
    assert main(["bench", "gpu", "--core", "wan-vace:Wan-AI/Wan2.1-VACE-1.3B-diffusers"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("core", ["mini", "wan-vace", "nothing:x"])
def test_only_full_size_cores_have_a_reckoning(core):
    with pytest.raises(ValueError, match="has no reckoning; expected wan-vace:"):
        blueprint_of(core)


def test_doctor_tells_what_a_core_needs(tmp_path, capsys):
    checkpoint = write_tiny_wan(tmp_path / "wan")
    assert main(["doctor", "--core", f"wan-vace:{checkpoint}"]) == 0
    told = capsys.readouterr().out
    assert "81 frames of 832x480" in told and "--memory low" in told and "take" in told
    assert main(["doctor", "--core", "wan-vace:somebody/something"]) == 2
    assert "hf download somebody/something" in capsys.readouterr().err
