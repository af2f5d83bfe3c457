"""The mini network: its signal, its preconditioning, and its files."""

import json
from dataclasses import fields, replace

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from voyager_lite.core.mini_file import load_mini, save_mini
from voyager_lite.core.mini_layers import Convolution, pulled_from_all_sides, rotary_angles, rotate
from voyager_lite.core.mini_network import MiniCondition, MiniConfig, MiniNetwork
from voyager_lite.core.mini_signal import decode_signal, encode_signal, near_depth
from voyager_lite.core.mini_text import MOST_BYTES, TextReader, prompt_bytes

SMALL = MiniConfig(fine=8, middle=16, width=48, heads=2, dual=1, single=1, blocks=1)


GENERATOR = replace(SMALL, clean=8)


def make_network(seed=0, *, config=GENERATOR):
    """A network whose every weight matters: those that start at zero are drawn too."""
    torch.manual_seed(seed)
    network = MiniNetwork(config)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    return network.eval().requires_grad_(False)


def make_condition(batch=1, frames=3, height=16, width=32, seed=1, prompt="a red room"):
    draw = torch.Generator().manual_seed(seed)
    known = torch.rand(batch, frames, height, width, generator=draw) < 0.7
    fill = torch.rand(batch, frames, 4, height, width, generator=draw) * 2 - 1
    return MiniCondition(
        guidance=fill * known[:, :, None],
        known=known,
        fill=fill,
        reference=fill[:, 0, :3].clone(),
        rays=torch.randn(batch, frames, 6, height, width, generator=draw),
        times=torch.arange(float(frames)).expand(batch, -1),
        text=prompt_bytes([prompt] * batch),
    )


def part(condition, index):
    return MiniCondition(**{f.name: getattr(condition, f.name)[index] for f in fields(MiniCondition)})


@settings(deadline=None)
@given(seed=st.integers(0, 1000), unit=st.floats(0.01, 100))
def test_decoding_inverts_encoding(seed, unit):
    draw = torch.Generator().manual_seed(seed)
    rgb = torch.rand(2, 3, 8, 8, generator=draw)
    depth = unit * (0.6 + 50 * torch.rand(2, 8, 8, generator=draw))
    near = torch.tensor([unit, 1.1 * unit])
    back_rgb, back_depth = decode_signal(encode_signal(rgb, depth, near=near), near=near)
    torch.testing.assert_close(back_rgb, rgb, atol=1e-6, rtol=0)
    torch.testing.assert_close(back_depth, depth, atol=0, rtol=1e-3)


@settings(deadline=None)
@given(seed=st.integers(0, 1000), unit=st.floats(0.01, 100))
def test_signal_does_not_depend_on_the_unit_of_length(seed, unit):
    draw = torch.Generator().manual_seed(seed)
    rgb = torch.rand(3, 3, 8, 8, generator=draw)
    depth = 1 + 5 * torch.rand(3, 8, 8, generator=draw)
    known = torch.rand(3, 8, 8, generator=draw) < 0.8
    plain = encode_signal(rgb, depth, near=near_depth(depth, known))
    scaled = encode_signal(rgb, unit * depth, near=near_depth(unit * depth, known))
    torch.testing.assert_close(plain, scaled, atol=1e-5, rtol=0)


def test_near_depth_is_the_fifth_percentile_of_what_is_known():
    depth = torch.arange(1.0, 202.0).reshape(1, 3, 67)
    known = torch.ones_like(depth, dtype=torch.bool)
    assert near_depth(depth, known) == 11
    assert near_depth(depth, known & (depth > 100)) == 106
    assert near_depth(depth, torch.zeros_like(known)) == 1


def test_unknown_depth_counts_as_infinitely_far():
    signal = encode_signal(torch.zeros(3, 1, 2), torch.tensor([[0.0, 4.0]]), near=torch.tensor(4.0))
    assert signal[3].tolist() == [[-1.0, 0.0]]


def test_untrained_network_gives_the_fill_in_one_step_from_noise():
    torch.manual_seed(0)
    network, condition = MiniNetwork(SMALL), make_condition()
    x, t = torch.randn(1, 3, 4, 16, 32), torch.ones(1, 3)
    torch.testing.assert_close(x - network(x, t, condition), condition.fill, atol=1e-5, rtol=0)


def test_one_step_from_noise_does_not_see_the_noise():
    network, condition, t = make_network(), make_condition(), torch.ones(1, 3)
    a, b = torch.randn(1, 3, 4, 16, 32), torch.randn(1, 3, 4, 16, 32)
    torch.testing.assert_close(network.denoised(a, t, condition), network.denoised(b, t, condition))


def test_what_rids_a_guess_of_noise_adds_nothing_to_one_step_from_noise():
    generator, condition = make_network(), make_condition()
    plain = MiniNetwork(SMALL).eval()
    plain.load_state_dict({k: v for k, v in generator.state_dict().items() if not k.startswith("clean.")})
    x = torch.randn(1, 3, 4, 16, 32)
    for level, same in ((1.0, True), (0.3, False)):
        t = torch.full((1, 3), level)
        answers = generator.denoised(x, t, condition), plain.denoised(x, t, condition)
        assert torch.allclose(*answers, atol=1e-6) == same


def test_times_may_lie_on_the_processor_wherever_the_network_is():
    """As the sampler gives them; the meta device stands for a GPU: it refuses what lies elsewhere, too."""
    network, condition = make_network().to("meta"), make_condition().to("meta")
    x = torch.randn(1, 3, 4, 16, 32, device="meta")
    assert network(x, torch.ones(1, 3), condition).device.type == "meta"


@settings(deadline=None)
@given(level=st.floats(0.02, 1))
def test_velocity_points_from_the_denoised_signal_to_the_state(level):
    network, condition = make_network(), make_condition()
    x, t = torch.randn(1, 3, 4, 16, 32), torch.full((1, 3), level)
    v = network(x, t, condition)
    torch.testing.assert_close(x - level * v, network.denoised(x, t, condition), atol=1e-4, rtol=1e-4)


def test_frames_without_noise_stay_as_they_are():
    network, condition = make_network(), make_condition()
    x, t = torch.randn(1, 3, 4, 16, 32), torch.tensor([[0.0, 0.5, 1.0]])
    assert (network(x, t, condition)[:, 0] == 0).all()
    torch.testing.assert_close(network.denoised(x, t, condition)[:, 0], x[:, 0])


@pytest.mark.parametrize("level", [0.1, 0.5, 0.9])
def test_linear_guess_is_the_best_one_and_knows_its_error(level):
    """Against a least-squares fit of x0 - fill on x_t - (1 - t) fill over many draws."""
    draw = torch.Generator().manual_seed(0)
    network, shape = make_network(), (1, 3, 4, 200, 200)
    fill = torch.randn(shape, generator=draw)
    residual = SMALL.residual_std * torch.randn(shape, generator=draw)
    noise = torch.randn(shape, generator=draw)
    x = (1 - level) * (fill + residual) + level * noise
    guess, spread = network.linear_guess(x, torch.full((1, 3), level), fill)
    seen = (x - (1 - level) * fill).flatten().double()
    slope = (seen @ residual.flatten().double()) / (seen @ seen)
    torch.testing.assert_close(guess - fill, slope.float() * seen.float().view(shape), atol=0.02, rtol=0)
    assert spread[0, 0].item() == pytest.approx((fill + residual - guess).std().item(), rel=0.02)


def test_clips_of_a_batch_do_not_see_each_other():
    network, condition = make_network(), make_condition(batch=2)
    x, t = torch.randn(2, 3, 4, 16, 32), torch.tensor([[0.3, 0.6, 1.0], [1.0, 1.0, 1.0]])
    together = network(x, t, condition)
    for i in range(2):
        alone = network(x[i : i + 1], t[i : i + 1], part(condition, slice(i, i + 1)))
        torch.testing.assert_close(together[i : i + 1], alone, atol=1e-4, rtol=1e-4)


def test_what_is_under_unknown_pixels_of_the_guidance_is_not_seen():
    network, condition = make_network(), make_condition()
    spoiled = replace(condition, guidance=torch.where(condition.known[:, :, None], condition.guidance, 7.0))
    x, t = torch.randn(1, 3, 4, 16, 32), torch.ones(1, 3)
    assert torch.equal(network(x, t, condition), network(x, t, spoiled))


@given(seed=st.integers(0, 1000), step=st.tuples(*[st.floats(-20, 20)] * 3))
def test_rotary_products_depend_on_displacement_alone(seed, step):
    draw = torch.Generator().manual_seed(seed)
    places = torch.randn(2, 3, generator=draw) * 5
    moved = places + torch.tensor(step)
    q, k = torch.randn(24, generator=draw), torch.randn(24, generator=draw)
    products = []
    for a, b in (places, moved):
        turned = rotate(
            torch.stack([q, k])[None, None], rotary_angles(torch.stack([a, b])[None], per_head=24)
        )
        products.append(turned[0, 0, 0] @ turned[0, 0, 1])
    torch.testing.assert_close(products[0], products[1], atol=1e-3, rtol=1e-3)


def test_rotary_positions_turn_nothing_at_the_origin_and_keep_lengths():
    x = torch.randn(1, 2, 3, 24)
    places = torch.tensor([[[0.0, 0, 0], [1, 2, 3], [-4, 0, 9]]])
    turned = rotate(x, rotary_angles(places, per_head=24))
    torch.testing.assert_close(turned[:, :, 0], x[:, :, 0])
    torch.testing.assert_close(turned.norm(dim=-1), x.norm(dim=-1))


def test_frames_know_when_they_are_seen():
    network, condition = make_network(), make_condition()
    x, t = torch.randn(1, 3, 4, 16, 32), torch.ones(1, 3)
    stretched = replace(condition, times=condition.times * 3)
    assert not torch.allclose(network(x, t, condition), network(x, t, stretched), rtol=0, atol=1e-6)


def test_a_prompt_and_the_rays_make_a_difference():
    network, condition = make_network(), make_condition()
    x, t = torch.randn(1, 3, 4, 16, 32), torch.ones(1, 3)
    plain = network(x, t, condition)
    for other in (
        replace(condition, text=prompt_bytes(["a blue room"])),
        replace(condition, rays=condition.rays.flip(-1)),
    ):
        assert not torch.allclose(network(x, t, other), plain, rtol=0, atol=1e-6)


def test_convolution_is_pytorchs():
    torch.manual_seed(0)
    ours, theirs = Convolution(5, 7), torch.nn.Conv2d(5, 7, 3, padding=1)
    with torch.no_grad():
        theirs.weight.copy_(ours.weight.view(7, 5, 3, 3))
        theirs.bias.copy_(ours.bias)
    x = torch.randn(2, 5, 6, 9)
    torch.testing.assert_close(ours(x), theirs(x))


def test_prompts_are_their_bytes_cut_between_characters():
    rows = prompt_bytes(["", "red", "x" * 95 + "\u00e9"])
    assert (rows[0] == 0).all()
    assert rows[1, :4].tolist() == [114, 101, 100, 0]
    assert rows.shape == (3, MOST_BYTES) and rows[2, 94] == ord("x") and rows[2, 95] == 0


def test_nothing_written_has_no_summary_and_what_follows_the_end_does_not_matter():
    torch.manual_seed(0)
    reader = TextReader(24)
    tokens, summary, suggested = reader(prompt_bytes(["", "night"]))
    for part in (summary, suggested):
        assert (part[0] == 0).all() and (part[1] != 0).any()
    torch.testing.assert_close(reader(prompt_bytes(["night"]))[1][0], summary[1])
    assert tokens.shape == (2, MOST_BYTES // 4, 24)


def test_where_the_network_trusts_the_prompt_wholly_its_colors_are_taken_and_depth_stays():
    torch.manual_seed(0)
    network, condition, level = MiniNetwork(SMALL), make_condition(), torch.ones(1, 3)
    network.smooth.bias.data[6] = 1.0  # an untrained network says nothing else
    x = torch.zeros(1, 3, 4, 16, 32)
    suggested = network.text(condition.text)[2]
    colors = F.interpolate(suggested, size=(16, 32), mode="bilinear", align_corners=False)
    made = network.denoised(x, level, condition)
    torch.testing.assert_close(made[:, :, :3], colors[:, None].expand(-1, 3, -1, -1, -1), atol=1e-5, rtol=0)
    torch.testing.assert_close(made[:, :, 3], condition.fill[:, :, 3], atol=1e-5, rtol=0)
    silent = network.denoised(x, level, make_condition(prompt=""))
    torch.testing.assert_close(silent, condition.fill, atol=1e-5, rtol=0)


def test_heads_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="width is 100"):
        MiniConfig(width=100, heads=4)


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "mini.safetensors"
    save_mini(make_network(), path)
    return path


def test_saved_network_comes_back_within_half_precision(saved):
    loaded, original, condition = load_mini(saved), make_network(), make_condition()
    x, t = torch.randn(1, 3, 4, 16, 32), torch.ones(1, 3)
    assert loaded.config == GENERATOR and not loaded.training
    torch.testing.assert_close(loaded(x, t, condition), original(x, t, condition), atol=0.05, rtol=0.01)


def spoil_missing(tensors):
    del tensors["embed_rgb.bias"]


def spoil_unknown(tensors):
    tensors["extra"] = torch.zeros(1)


def spoil_shape(tensors):
    tensors["embed_rgb.bias"] = torch.zeros(5)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (spoil_missing, "lacks 1 tensors, the first embed_rgb.bias"),
        (spoil_unknown, "1 unknown tensors, the first extra"),
        (spoil_shape, r"embed_rgb.bias has shape \(5,\); expected \(48,\)"),
    ],
)
def test_weights_that_do_not_fit_are_refused(saved, spoil, message):
    tensors = load_file(saved)
    spoil(tensors)
    save_file(tensors, saved)
    with pytest.raises(ValueError, match=message):
        load_mini(saved)


@pytest.mark.parametrize("text", ['{"depth": 3}', '{"width": 100}', "{", "[1]"])
def test_configuration_that_does_not_fit_is_refused(saved, text):
    saved.with_suffix(".json").write_text(text)
    with pytest.raises(ValueError):
        load_mini(saved)


def test_file_that_is_no_safetensors_is_refused(saved):
    saved.write_bytes(b"not a tensor in sight")
    with pytest.raises(ValueError, match="no safetensors file"):
        load_mini(saved)


@pytest.mark.parametrize("suffix", [".safetensors", ".json"])
def test_missing_file_is_named(saved, suffix):
    saved.with_suffix(suffix).unlink()
    with pytest.raises(FileNotFoundError, match=rf"mini\{suffix} is missing"):
        load_mini(saved)


def test_configuration_is_readable(saved):
    assert json.loads(saved.with_suffix(".json").read_text())["width"] == 48


def test_pulled_fill_keeps_what_is_known_and_stays_within_it():
    draw = torch.Generator().manual_seed(0)
    values = torch.rand(2, 3, 13, 22, generator=draw)
    known = (torch.rand(2, 1, 13, 22, generator=draw) < 0.2).float()
    filled = pulled_from_all_sides(values, known)
    assert torch.equal(filled[known.expand_as(values) > 0], values[known.expand_as(values) > 0])
    assert filled.min() >= values.min() and filled.max() <= values.max()


def test_pulled_fill_of_one_known_pixel_is_its_value_everywhere():
    known = torch.zeros(1, 1, 9, 14)
    known[0, 0, 3, 4] = 1
    torch.testing.assert_close(
        pulled_from_all_sides(torch.full((1, 1, 9, 14), 0.7), known), torch.full((1, 1, 9, 14), 0.7)
    )


def test_pulled_fill_of_nothing_is_zero():
    assert (pulled_from_all_sides(torch.ones(1, 2, 8, 8), torch.zeros(1, 1, 8, 8)) == 0).all()
