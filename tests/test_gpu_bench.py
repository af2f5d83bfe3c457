"""The GPU benchmark's loop, on a small architecture on the processor; and what it says without a GPU."""

from dataclasses import replace

import pytest
import torch
from tiny_wan import write_tiny_wan

from voyager_lite.cli import main
from voyager_lite.core.blueprints import blueprint_of
from voyager_lite.core.wan_vace.blueprint import blueprint
from voyager_lite.evaluation.gpu_bench import gpu_rows, random_network, reference_rows, time_steps

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


@pytest.fixture
def small(tmp_path):
    """The blueprint of a tiny core, with a clip as tiny."""
    tiny = blueprint("tiny", write_tiny_wan(tmp_path))

    def inputs(batch):
        large = tiny.inputs(batch)
        return {
            "hidden_states": large["hidden_states"][:, :, :2, :4, :6],
            "control_hidden_states": large["control_hidden_states"][:, :, :2, :4, :6],
            "encoder_hidden_states": large["encoder_hidden_states"][:, :5],
            "timestep": large["timestep"],
        }

    return replace(tiny, inputs=inputs)


@pytest.mark.parametrize("together", [1, 2])
def test_steps_of_a_random_network_are_timed(small, together):
    network = random_network(small, device="cpu")
    assert network.patch_embedding.weight.dtype == torch.bfloat16
    plan = replace(small, together=together)
    timing = time_steps(network, plan, compiled=False, device="cpu", measured=2)
    assert timing.seconds > 0 and not timing.compiled


def test_all_rows_are_there_and_what_is_missing_says_why(small, monkeypatch, caplog):
    """The whole benchmark, tiny and on the processor; public code is not here."""
    monkeypatch.delenv("VOYAGER_REFERENCE", raising=False)
    rows = gpu_rows("voyager:tiny", small, device="cpu", compiled=(False,))
    assert [row.name for row in rows] == ["gpu_step", "gpu_share_of_matrix_rate"]
    assert all(row.ours > 0 and row.ratio > 0 for row in rows)
    assert "VOYAGER_REFERENCE names no checkout" in caplog.text
    monkeypatch.setenv("VOYAGER_REFERENCE", "/nowhere")
    assert reference_rows(small, ours=1.0) == []
    assert "/nowhere has no voyager/modules" in caplog.text


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
