"""The training loop: batches, loss, restart, and that it learns."""

import itertools
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from voyager_lite.cli import main
from voyager_lite.core.fill import background_fill
from voyager_lite.core.mini_file import load_mini, save_mini
from voyager_lite.core.mini_network import NANO, MiniCondition, MiniConfig, MiniNetwork
from voyager_lite.core.mini_signal import decode_signal
from voyager_lite.core.mini_text import prompt_bytes
from voyager_lite.core.rays import MIRRORED_RAY
from voyager_lite.training import loop
from voyager_lite.training.batches import (
    Batch,
    ClipStream,
    Pool,
    as_batch,
    augment,
    draw_frames,
    halved,
    join,
)
from voyager_lite.training.clips import HELD_OUT, make_clip
from voyager_lite.training.loop import (
    CLEAN,
    Training,
    TrainingConfig,
    as_generator,
    draw_times,
    first_network,
    flow_loss,
    is_inside,
    suggestion_loss,
    train,
)
from voyager_lite.training.measure import held_out_batches, hole_psnr, measure_baselines, measure_network
from voyager_lite.training.run import STRETCH, STRETCHES, first_scene, make_optimizers

SMALL = MiniConfig(fine=8, middle=16, width=48, heads=2, dual=1, single=1, blocks=1)


@pytest.fixture(scope="module")
def clips() -> list[Batch]:
    return [as_batch(make_clip(seed, frames=3, height=32, width=48)) for seed in (0, 1, 2)]


def run_at(folder: Path) -> Training:
    return Training(TrainingConfig(folder=folder, minutes=1.0, frames=3, fresh=3, workers=0, network=SMALL))


def test_noise_levels_are_mostly_one_and_never_zero():
    t = draw_times(2000, 9, one_step=0.85, shift=0.2, generator=torch.Generator().manual_seed(0))
    assert t.min() > 0 and t.max() == 1
    assert (t == 1).all(dim=1).float().mean() > 0.8
    overlap = (t[:, :5] < 1).all(dim=1) & (t[:, 5:] == 1).all(dim=1)
    assert overlap.float().mean() == pytest.approx(0.1, abs=0.03)


def test_noise_levels_of_a_generator_are_where_its_steps_are():
    draw = torch.Generator().manual_seed(0)
    t = draw_times(20_000, 9, one_step=0.0, shift=0.2, generator=draw)
    whole = t[(t == t[:, :1]).all(dim=1)][:, 0]
    assert len(whole) / len(t) == pytest.approx(1 / 3, abs=0.02)
    even = (whole / (whole + (1 - whole) * 0.2)).sort().values
    torch.testing.assert_close(even, torch.linspace(0, 1, len(even)), atol=0.1, rtol=0)
    seamed = t[(t != t[:, :1]).any(dim=1)]
    torch.testing.assert_close(seamed[:, 0], 0.7 * seamed[:, -1])


def test_a_generator_goes_on_from_weights_of_a_network_for_one_step(tmp_path):
    torch.manual_seed(0)
    save_mini(MiniNetwork(SMALL), tmp_path / "small.safetensors")
    config = TrainingConfig(folder=tmp_path, start=tmp_path / "small.safetensors")
    network, plain = first_network(as_generator(config)), first_network(config)
    assert network.config == replace(SMALL, clean=CLEAN) and plain.config == SMALL
    for name, value in plain.state_dict().items():
        assert torch.equal(network.state_dict()[name], value)
    assert all(parameter.requires_grad for parameter in network.parameters())
    with pytest.raises(ValueError, match="is a network of"):
        first_network(replace(config, network=replace(SMALL, fine=16)))


@pytest.mark.parametrize(("device", "most"), [("cpu", 24), ("cuda", 384)])
def test_a_gpu_gets_larger_steps(tmp_path, monkeypatch, device, most):
    asked = []
    monkeypatch.setattr(loop, "train", asked.append)
    assert main(["train", "nano", "--folder", str(tmp_path), "--device", device, "--minutes", "3"]) == 0
    (config,) = asked
    assert (config.model, config.device, config.frames, config.minutes) == ("nano", device, most, 3.0)
    assert config.one_step == (0.5 if device == "cuda" else 0.85)
    assert config.frames > config.fresh and config.pool >= config.frames and config.workers >= 1


def test_a_generator_is_asked_for_by_name(tmp_path, monkeypatch, capsys):
    asked = []
    monkeypatch.setattr(loop, "train", asked.append)
    assert main(["train", "nano", "--folder", str(tmp_path), "--generator"]) == 0
    assert asked[0].network == replace(NANO, clean=CLEAN) and asked[0].device == "cpu"
    assert main(["train", "depth", "--folder", str(tmp_path), "--generator"]) == 2
    assert "--generator is for mini and nano" in capsys.readouterr().err


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


def test_the_weights_that_a_run_starts_with_tell_which_scenes_it_draws(tmp_path):
    assert first_scene(None) == 0
    starts = []
    for number in range(8):
        path = tmp_path / f"{number}.safetensors"
        path.write_bytes(bytes([number] * 100))
        starts.append(first_scene(path))
    assert len(set(starts)) >= 6 and min(starts) >= STRETCH
    assert all(start % STRETCH == 0 for start in starts)
    largest_group = 16
    assert (STRETCHES + 1) * STRETCH * largest_group <= HELD_OUT


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
    stopped.save()
    resumed = run_at(tmp_path / "stopped")
    assert resumed.state == stopped.state
    resumed.step(groups[2])
    for name in ("network", "average"):
        for a, b in zip(
            getattr(straight, name).parameters(), getattr(resumed, name).parameters(), strict=True
        ):
            torch.testing.assert_close(a, b, atol=1e-6, rtol=1e-5)


def test_a_checkpoint_of_other_optimizers_is_refused(tmp_path, clips):
    run = run_at(tmp_path)
    run.step(join(clips))
    run.optimizers = run.optimizers[:2]
    run.save()
    with pytest.raises(ValueError, match=r"holds 2 optimizers; expected 5"):
        run_at(tmp_path)


def test_training_overfits_one_clip(tmp_path, clips):
    run, batch = run_at(tmp_path), clips[0]
    t, noise = torch.ones(1, 3), torch.zeros(batch.truth.shape)
    losses = []
    for _ in range(80):
        losses.append(run.learn([lambda: flow_loss(run.network, batch, t, noise)]))
    assert losses[-1] < 0.5 * losses[0]
    before = measure_baselines([batch])["fill"]
    assert measure_network(run.network, [batch])["network"] > before + 1


def test_a_step_follows_the_sum_of_its_losses(tmp_path, monkeypatch):
    run = run_at(tmp_path)
    monkeypatch.setattr(run, "update", lambda: None)

    def pull(weight: float) -> torch.Tensor:
        first, *others = run.network.parameters()
        return weight * (first.square().sum() / 2 + sum(other.sum() for other in others[1:]))

    value = run.learn([partial(pull, weight) for weight in (1.0, 2.0, 4.0)])
    first, untouched, *others = run.network.parameters()
    assert value == pytest.approx(float(pull(7.0).detach()), rel=1e-4)
    torch.testing.assert_close(first.grad, 7 * first.detach())
    assert untouched.grad is not None and not untouched.grad.any()
    assert all(other.grad is not None and bool((other.grad == 7).all()) for other in others)


def test_a_failure_in_a_part_of_a_step_is_told(tmp_path):
    def fail() -> torch.Tensor:
        raise FloatingPointError("no loss")

    with pytest.raises(FloatingPointError, match="no loss"):
        run_at(tmp_path).learn([fail])


def test_a_step_in_parts_is_the_step_as_a_whole(tmp_path, clips, monkeypatch):
    losses, gradients = [], []
    for parts in (1, 2, 5):
        run = run_at(tmp_path / str(parts))
        run.parts = parts
        monkeypatch.setattr(run, "update", lambda: None)
        losses.append(run.step(join(clips)))
        gradients.append(torch.cat([p.grad.flatten() for p in run.network.parameters()]))
    assert losses[1:] == [pytest.approx(losses[0], rel=1e-4)] * 2
    for other in gradients[1:]:
        assert (other - gradients[0]).norm() < 0.01 * gradients[0].norm()


def test_batches_are_split_clip_by_clip(clips):
    batch = join(clips)
    for parts, counts in ((1, [3]), (2, [2, 1]), (5, [1, 1, 1])):
        split = batch.split(parts)
        assert [len(part) for part in split] == counts
        again = join(split)
        assert torch.equal(again.truth, batch.truth)
        assert torch.equal(again.condition.text, batch.condition.text)


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


def test_the_last_weights_are_written_however_the_few_held_out_clips_came_out(tmp_path, monkeypatch, clips):
    scores, clock = iter(range(1000, 0, -1)), itertools.count()
    monkeypatch.setattr(loop, "time", SimpleNamespace(monotonic=lambda: float(next(clock))))
    monkeypatch.setattr(loop, "held_out_batches", lambda count: clips)
    monkeypatch.setattr(loop, "measure_network", lambda *_: dict.fromkeys(("network",), float(next(scores))))
    config = replace(run_at(tmp_path).config, minutes=0.05, learning_rate=0.05, validate_every=1)
    trained = train(config)
    assert (tmp_path / "log.jsonl").read_text().count("\n") == 3
    written = load_mini(tmp_path / "weights" / "mini.safetensors").state_dict()
    torch.testing.assert_close(written, trained.state_dict(), atol=1e-3, rtol=1e-3)


@pytest.mark.slow
def test_training_runs_from_start_to_end(tmp_path):
    config = TrainingConfig(
        folder=tmp_path, minutes=0.02, frames=3, fresh=1, workers=1, validate_every=2, network=SMALL
    )
    train(config)
    assert (tmp_path / "log.jsonl").read_text().count("\n") >= 1
    assert load_mini(tmp_path / "weights" / "mini.safetensors").config == SMALL


def test_shipped_weights_fill_holes_of_unseen_scenes_better_than_simple_means():
    shipped = load_mini(Path(__file__).resolve().parents[1] / "assets" / "mini.safetensors")
    batches = held_out_batches(12)
    measured = measure_baselines(batches) | measure_network(shipped, batches)
    simple = max(measured[name] for name in ("fill", "telea", "navier_stokes"))
    assert measured["network"] > simple
    assert measured["network_inverse_depth"] < measured["fill_inverse_depth"]


def test_muon_turns_only_matrices_inside_layers_and_blocks():
    network = MiniNetwork(SMALL)
    *muons, adam = make_optimizers(network, inside=is_inside, learning_rate=1e-3)
    names = {id(parameter): name for name, parameter in network.named_parameters()}
    given = [[names[id(p)] for group in one.param_groups for p in group["params"]] for one in (*muons, adam)]
    assert sorted(name for part in given for name in part) == sorted(names.values())
    turned = set(names.values()) - set(given[-1])
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


def test_frames_are_drawn_as_often_as_their_holes_are_large():
    count, holes = 4000, (0.0, 0.5, 0.25)
    known = torch.stack([torch.arange(16).expand(16, 16) >= 16 * share for share in holes])
    signal = torch.zeros(count, 3, 4, 16, 16)
    signal[:, :, 0] = torch.arange(3.0)[:, None, None]
    condition = MiniCondition(
        guidance=signal,
        known=known.expand(count, -1, -1, -1),
        fill=signal,
        reference=signal[:, 0, :3],
        rays=signal.new_zeros(count, 3, 6, 16, 16),
        times=torch.arange(3.0).expand(count, -1),
        text=torch.zeros(count, 96, dtype=torch.uint8),
    )
    batch = Batch(truth=signal, condition=condition)
    few = draw_frames(batch, 1, generator=torch.Generator().manual_seed(0))
    drawn = few.condition.times[:, 0].long().bincount(minlength=3) / count
    expected = torch.tensor([0.01, 0.51, 0.26]) / 0.78
    torch.testing.assert_close(drawn, expected, atol=0.03, rtol=0)
    assert drawn[0] > 0


@pytest.mark.gpu
def test_a_gpu_learns_from_clips_it_keeps(tmp_path, clips):
    run = Training(replace(run_at(tmp_path).config, device="cuda"))
    assert all(np.isfinite(run.step(join(clips))) for _ in range(3))
    assert run.pool.draw(clips[0], size=2, generator=torch.Generator("cuda")).truth.is_cuda
