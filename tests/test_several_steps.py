"""What `evaluate steps` says of samplers whose answer is known."""

import pytest
import torch

from voyager_lite.cli import main
from voyager_lite.core.mini import Mini
from voyager_lite.core.mini_network import MiniConfig, MiniNetwork
from voyager_lite.evaluation import several_steps
from voyager_lite.evaluation.several_steps import apart_row, contrast, patch_rows, roughened, samples
from voyager_lite.training.batches import as_batch
from voyager_lite.training.clips import make_clip

SMALL = MiniConfig(fine=8, middle=16, width=48, heads=2, dual=1, single=1, blocks=1)


def drawn(seed, *, clips=16, smooth=0.0):
    """Noise of spread 0.1 about mid grey: what might be there, where all that is known is its spread."""
    noise = torch.randn(clips, 3, 3, 32, 48, generator=torch.Generator().manual_seed(seed))
    return 0.5 + 0.1 * (1 - smooth) * noise


@pytest.fixture(scope="module")
def holes():
    return torch.rand(16, 3, 32, 48, generator=torch.Generator().manual_seed(9)) < 0.7


def test_truth_is_as_far_from_a_sample_as_another_sample_is(holes):
    row = apart_row(drawn(0), drawn(1), drawn(2), holes)
    assert row.ratio == pytest.approx(1, abs=0.02)
    assert row.ours == pytest.approx(0.1 * 2**0.5, rel=0.02)


def test_a_sampler_of_the_mean_has_no_spread(holes):
    mean = torch.full((16, 3, 3, 32, 48), 0.5)
    assert apart_row(mean, mean, drawn(2), holes).ratio == 0


def test_roughened_has_the_contrast_of_the_truth_and_known_pixels_as_they_were(holes):
    truth, flat = drawn(0), torch.full((16, 3, 3, 32, 48), 0.5)
    rough = roughened(flat, truth, holes)
    assert contrast(rough, holes) == pytest.approx(contrast(truth, holes), rel=0.02)
    known = ~holes[:, :, None].expand_as(flat)
    assert torch.equal(rough[known], flat[known])


def test_a_sampler_of_the_truths_kind_is_nearer_than_the_mean(holes):
    named = {
        "one step": torch.full((16, 3, 3, 32, 48), 0.5),
        "4 steps": drawn(1),
        "half": drawn(1, smooth=0.5),
    }
    steps, half = patch_rows(named, drawn(0), holes)
    assert steps.case.startswith("4 steps") and half.case.startswith("half")
    assert steps.ours < half.ours < half.baseline == steps.baseline
    assert steps.ratio > 3


def test_samples_keep_what_is_known_and_differ_by_seed():
    torch.manual_seed(0)
    network = MiniNetwork(SMALL).eval()
    batch = as_batch(make_clip(3, frames=3, height=32, width=48))
    one, other = (samples(network, [batch], steps=2, seed=seed)[0] for seed in (0, 1))
    known = batch.condition.known[0][:, None].expand_as(one)
    given = (batch.condition.guidance[0, :, :3] / 2 + 0.5).clamp(0, 1)
    torch.testing.assert_close(one[known], given[known])
    assert not torch.equal(one[~known], other[~known])


def test_the_command_prints_every_row(monkeypatch, capsys):
    torch.manual_seed(0)
    small = Mini(MiniNetwork(SMALL))
    monkeypatch.setattr(several_steps, "load_core", lambda core: small)
    monkeypatch.setattr(several_steps, "STEPS", (2,))
    assert main(["evaluate", "steps", "--clips", "8"]) == 0
    printed = capsys.readouterr().out
    for text in (
        "patches from the truth's",
        "finest contrast",
        "hole PSNR",
        "two samples apart",
        "white noise",
    ):
        assert text in printed


@pytest.mark.parametrize(
    ("clips", "core", "message"), [(7, "mini", "clips is 7"), (8, "mini:none", "missing")]
)
def test_it_refuses(clips, core, message, capsys):
    assert main(["evaluate", "steps", "--clips", str(clips), "--core", core]) == 2
    assert message in capsys.readouterr().err
