"""The training loop: batches, loss, restart, and that it learns."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from voyager_lite.core.fill import background_fill
from voyager_lite.core.mini_file import load_mini, save_mini
from voyager_lite.core.mini_network import MiniConfig, MiniNetwork
from voyager_lite.core.mini_signal import decode_signal
from voyager_lite.core.mini_text import prompt_bytes
from voyager_lite.training.batches import (
    MIRRORED_RAY,
    Batch,
    ClipStream,
    Pool,
    as_batch,
    augment,
    draw_frames,
    halved,
    join,
)
from voyager_lite.training.clips import make_clip
from voyager_lite.training.loop import (
    Training,
    TrainingConfig,
    draw_times,
    flow_loss,
    is_inside,
    suggestion_loss,
    train,
)
from voyager_lite.training.measure import held_out_batches, hole_psnr, measure_baselines, measure_network
from voyager_lite.training.run import make_optimizers

SMALL = MiniConfig(fine=8, middle=16, width=48, heads=2, dual=1, single=1, blocks=1)


@pytest.fixture(scope="module")
def clips() -> list[Batch]:
    return [as_batch(make_clip(seed, frames=3, height=32, width=48)) for seed in (0, 1, 2)]


def run_at(folder: Path) -> Training:
    return Training(TrainingConfig(folder=folder, minutes=1.0, frames=3, fresh=3, workers=0, network=SMALL))


def test_noise_levels_are_mostly_one_and_never_zero():
    t = draw_times(2000, 9, generator=torch.Generator().manual_seed(0))
    assert t.min() > 0 and t.max() == 1
    assert (t == 1).all(dim=1).float().mean() > 0.8
    overlap = (t[:, :5] < 1).all(dim=1) & (t[:, 5:] == 1).all(dim=1)
    assert overlap.float().mean() == pytest.approx(0.1, abs=0.03)


def test_loss_of_adding_nothing_is_zero(clips):
    torch.manual_seed(0)
    network, batch = MiniNetwork(SMALL), join(clips)
    for level in (1.0, 0.3):
        loss = flow_loss(network, batch, torch.full((3, 3), level), torch.randn(batch.truth.shape))
        assert loss.item() == pytest.approx(0, abs=1e-4)


def test_halving_changes_a_clip_by_no_more_than_half_precision(clips):
    torch.testing.assert_close(halved(clips[0]).to("cpu").truth, clips[0].truth, atol=1e-3, rtol=0)


def test_changed_colors_of_the_fill_are_the_fill_of_the_changed_colors(clips):
    batch, near = clips[0], torch.ones(())
    for seed in range(6):
        changed = augment(batch, generator=torch.Generator().manual_seed(seed))
        known = changed.condition.known[0]
        if not torch.equal(known, batch.condition.known[0]):
            continue  # mirrored: ties between equally near borders fall the other way
        rgb, depth = decode_signal(changed.condition.guidance[0], near=near, far=1e6)
        fill_rgb, _ = background_fill(rgb * known[:, None], depth, known)
        expected = decode_signal(changed.condition.fill[0], near=near)[0]
        assert (fill_rgb - expected).abs().mean() < 2e-3


def test_augmentation_keeps_signals_in_range_and_depth_as_it_is(clips):
    batch = join(clips)
    for seed in range(5):
        changed = augment(batch, generator=torch.Generator().manual_seed(seed))
        assert changed.truth.abs().max() <= 1
        for before, after in zip(batch.truth[:, :, 3], changed.truth[:, :, 3], strict=True):
            assert torch.equal(after, before) or torch.equal(after, before.flip(-1))


def test_workers_make_disjoint_clips_in_order():
    stream = ClipStream(group=1, frames=3, first_group=5)
    first = next(iter(stream))
    expected = halved(as_batch(make_clip(5, frames=3, height=64, width=96)))
    assert torch.equal(first.truth, expected.truth)


def test_pool_fills_a_batch_with_older_clips_of_the_same_size(clips):
    pool, generator = Pool(capacity=2), torch.Generator().manual_seed(0)
    assert len(pool.draw(clips[0], size=4, generator=generator)) == 1
    other = as_batch(make_clip(3, frames=3, height=48, width=32))
    pool.add(clips[1])
    pool.add(other)
    drawn = pool.draw(clips[0], size=4, generator=generator)
    assert len(drawn) == 4 and torch.equal(drawn.truth[:1], clips[0].truth)
    assert all(torch.equal(truth, clips[1].truth[0]) for truth in drawn.truth[1:])


def test_hole_psnr_reads_holes_only():
    truth = torch.zeros(1, 3, 2, 2)
    known = torch.tensor([[[True, False], [True, False]]])
    wrong = torch.where(known[:, None], 1.0, 0.1).expand_as(truth)
    assert hole_psnr(wrong, truth, known) == pytest.approx(20, abs=1e-4)


def test_untrained_network_measures_as_the_fill(clips):
    torch.manual_seed(0)
    measured = measure_network(MiniNetwork(SMALL), clips) | measure_baselines(clips)
    assert measured["network"] == pytest.approx(measured["fill"], abs=1e-2)
    assert measured["network_inverse_depth"] == pytest.approx(measured["fill_inverse_depth"], abs=1e-3)


def test_restarted_run_continues_as_if_never_stopped(tmp_path, clips):
    groups = [join(clips), join(clips[::-1]), join(clips)]
    straight = run_at(tmp_path / "straight")
    for group in groups:
        straight.step(group)
    stopped = run_at(tmp_path / "stopped")
    for group in groups[:2]:
        stopped.step(group)
    stopped.save(1.0)
    resumed = run_at(tmp_path / "stopped")
    assert resumed.state == stopped.state
    resumed.step(groups[2])
    for name in ("network", "average"):
        for a, b in zip(
            getattr(straight, name).parameters(), getattr(resumed, name).parameters(), strict=True
        ):
            torch.testing.assert_close(a, b, atol=1e-6, rtol=1e-5)


def test_training_overfits_one_clip(tmp_path, clips):
    run, batch = run_at(tmp_path), clips[0]
    t, noise = torch.ones(1, 3), torch.zeros(batch.truth.shape)
    losses = []
    for _ in range(80):
        loss = flow_loss(run.network, batch, t, noise)
        loss.backward()
        run.update()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.5 * losses[0]
    before = measure_baselines([batch])["fill"]
    assert measure_network(run.network, [batch])["network"] > before + 1


def test_suggested_colors_are_judged_where_there_is_a_prompt(clips):
    batch, network = join(clips[:2]), MiniNetwork(SMALL)
    assert (batch.condition.text > 0).any(dim=1).all()
    gray = torch.full_like(batch.truth, 0.5)
    batch = replace(batch, truth=gray, condition=replace(batch.condition, text=prompt_bytes(["", "night"])))
    last = network.text.suggest[-1]
    torch.nn.init.zeros_(last.weight)
    torch.nn.init.constant_(last.bias, 0.2)
    assert float(suggestion_loss(network, batch).detach()) == pytest.approx(0.09)
    silent = replace(batch, condition=replace(batch.condition, text=prompt_bytes(["", ""])))
    assert float(suggestion_loss(network, silent).detach()) == 0


def test_training_from_weights_begins_with_them_and_sees_other_scenes(tmp_path):
    network = MiniNetwork(SMALL)
    save_mini(network, tmp_path / "weights.safetensors")
    saved = load_mini(tmp_path / "weights.safetensors").state_dict()
    config = TrainingConfig(folder=tmp_path, start=tmp_path / "weights.safetensors", fresh=1, workers=0)
    run = Training(config)
    for kept in (run.network, run.average):
        assert kept.config == SMALL
        torch.testing.assert_close(kept.state_dict(), saved, rtol=0, atol=0)
    assert all(parameter.requires_grad for parameter in run.network.parameters())
    first, anew = (next(Training(c).clips()) for c in (replace(config, start=None, network=SMALL), config))
    assert not torch.equal(first.truth, anew.truth)


@pytest.mark.slow
def test_training_runs_from_start_to_end(tmp_path):
    config = TrainingConfig(
        folder=tmp_path, minutes=0.02, frames=3, fresh=1, workers=1, validate_every=2, network=SMALL
    )
    train(config)
    assert (tmp_path / "log.jsonl").read_text().count("\n") >= 1
    assert load_mini(tmp_path / "best" / "mini.safetensors").config == SMALL


def test_shipped_weights_fill_holes_of_unseen_scenes_better_than_simple_means():
    shipped = load_mini(Path(__file__).resolve().parents[1] / "assets" / "mini.safetensors")
    batches = held_out_batches(12)
    measured = measure_baselines(batches) | measure_network(shipped, batches)
    simple = max(measured[name] for name in ("fill", "telea", "navier_stokes"))
    assert measured["network"] > simple
    assert measured["network_inverse_depth"] < measured["fill_inverse_depth"]


def test_muon_turns_only_matrices_inside_layers_and_blocks():
    network = MiniNetwork(SMALL)
    muon, _ = make_optimizers(network, inside=is_inside, learning_rate=1e-3)
    names = {id(parameter): name for name, parameter in network.named_parameters()}
    turned = {names[id(parameter)] for group in muon.param_groups for parameter in group["params"]}
    assert {"dual.0.video.qkv.weight", "single.0.stream.down.weight", "read_fine.first.weight"} <= turned
    assert not [name for name in turned if name.startswith(("embed", "spread", "join", "shrink", "grow"))]


def test_mirrored_clips_have_mirrored_rays_and_shuffled_colors_have_no_prompt(clips):
    batch = join(clips)
    for seed in range(8):
        changed = augment(batch, generator=torch.Generator().manual_seed(seed)).condition
        for clip in range(len(batch)):
            rays, before = changed.rays[clip], batch.condition.rays[clip]
            assert torch.equal(rays, before) or torch.equal(rays, before.flip(-1) * MIRRORED_RAY)
            text = changed.text[clip]
            assert bool((text == 0).all()) or torch.equal(text, batch.condition.text[clip])


def test_drawn_frames_keep_their_times_and_what_belongs_to_them(clips):
    batch = join(clips)
    few = draw_frames(batch, 2, generator=torch.Generator().manual_seed(0))
    assert few.truth.shape[1] == 2 and few.condition.reference.shape == batch.condition.reference.shape
    for clip in range(len(batch)):
        for place, time in enumerate(few.condition.times[clip].long().tolist()):
            assert torch.equal(few.truth[clip, place], batch.truth[clip, time])
            assert torch.equal(few.condition.rays[clip, place], batch.condition.rays[clip, time])
