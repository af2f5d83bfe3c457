"""The embedded depth network: its law, its weights, its edges, and what it makes of pictures."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from torch import Tensor

from voyager_lite.depth.estimate import DepthSource
from voyager_lite.depth.mini import DepthMini, join_skies, read_size
from voyager_lite.depth.mini_network import (
    MULTIPLE,
    DepthMiniConfig,
    DepthMiniNetwork,
    load_depth_mini,
    save_depth_mini,
    standardized,
)
from voyager_lite.depth.steps import sharpen_steps
from voyager_lite.samples import read_sample
from voyager_lite.training.affine import fit_scale_and_shift
from voyager_lite.training.depth_loop import held_out_batch, measure, measure_simple

SMALL = DepthMiniConfig(widths=(16, 16, 32, 32), layers=1, heads=2)


@pytest.fixture(scope="module")
def untrained() -> DepthMini:
    torch.manual_seed(0)
    network = DepthMiniNetwork(SMALL)
    torch.nn.init.normal_(network.planes.weight, std=0.5)
    return DepthMini(network)


def random_maps(seed: int, *, count: int = 1) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(count, 1, 5, 6, generator=generator) + 0.2
    return torch.nn.functional.interpolate(coarse, (30, 40), mode="bilinear")[:, 0]


@given(scale=st.floats(0.05, 20), shift=st.floats(-3, 3), seed=st.integers(0, 500))
def test_fit_recovers_scale_and_shift(scale: float, shift: float, seed: int) -> None:
    truth = random_maps(seed)
    slope, offset = fit_scale_and_shift(truth * scale + shift, truth, torch.ones_like(truth))
    torch.testing.assert_close(
        slope * (truth * scale + shift) + offset, truth, atol=2e-3 * (1 + abs(shift) / scale), rtol=0
    )


def test_fit_is_not_pulled_by_a_tenth_of_nonsense() -> None:
    truth = random_maps(0)
    wrong = truth.clone()
    wrong[:, ::10] = 5.0
    slope, offset = fit_scale_and_shift(2 * truth + 1, wrong, torch.ones_like(truth))
    torch.testing.assert_close(slope * (2 * truth + 1) + offset, truth, atol=0.05, rtol=0)


def test_fit_never_turns_near_into_far() -> None:
    truth = random_maps(1)
    slope, _ = fit_scale_and_shift(-truth, truth, torch.ones_like(truth))
    assert float(slope) > 0


@pytest.mark.parametrize("size", [(32, 32), (48, 96), (96, 48)])
def test_prediction_has_half_the_size_and_is_positive(size: tuple[int, int]) -> None:
    torch.manual_seed(0)
    seen = DepthMiniNetwork(SMALL)(torch.rand(2, 3, *size))
    assert seen.inverse.shape == seen.sky.shape == (2, size[0] // 2, size[1] // 2)
    assert (seen.inverse > 0).all() and seen.focal.shape == (2,)


def test_sides_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="pictures are 40x32; expected multiples of 16"):
        DepthMiniNetwork(SMALL)(torch.rand(1, 3, 32, 40))


@given(gain=st.floats(0.3, 1), offset=st.floats(0, 0.2))
def test_exposure_tells_the_network_nothing(gain: float, offset: float) -> None:
    picture = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    same = standardized(picture), standardized(gain * picture + offset)
    torch.testing.assert_close(*same, atol=0.25, rtol=0)


@given(height=st.integers(32, 4000), width=st.integers(32, 4000))
def test_read_size_keeps_shape_and_area(height: int, width: int) -> None:
    h, w = read_size(height, width, area=12_288)
    assert h % MULTIPLE == 0 and w % MULTIPLE == 0 and min(h, w) >= 2 * MULTIPLE
    if 0.4 < height / width < 2.5:
        assert 0.75 < h * w / 12_288 < 1.3
        assert abs(np.log(h / w * width / height)) < 0.35


@pytest.mark.parametrize("size", [(32, 32), (33, 47), (40, 160), (300, 500)])
def test_any_picture_gets_finite_depth_or_sky(untrained: DepthMini, size: tuple[int, int]) -> None:
    image = torch.rand(3, *size, generator=torch.Generator().manual_seed(0))
    found = untrained.estimate(image)
    assert found.depth.shape == found.valid.shape == found.sky.shape == size
    assert torch.equal(found.valid, ~found.sky)
    assert torch.isfinite(found.depth).all() and (found.depth[found.valid] > 0).all()
    assert (found.depth[found.sky] == 0).all() and not found.metric
    assert found.fov_degrees is None


@pytest.mark.parametrize("value", [0.0, 1.0, 0.5])
def test_an_empty_picture_gets_finite_depth(untrained: DepthMini, value: float) -> None:
    assert torch.isfinite(untrained.estimate(torch.full((3, 64, 80), value)).depth).all()


def test_it_is_a_depth_source_and_keeps_a_known_field_of_view(untrained: DepthMini) -> None:
    assert isinstance(untrained, DepthSource)
    assert untrained.estimate(torch.rand(3, 48, 64), fov_degrees=50.0).fov_degrees == 50.0


def test_the_same_picture_gives_the_same_depth(untrained: DepthMini) -> None:
    image = torch.rand(3, 90, 120, generator=torch.Generator().manual_seed(1))
    assert torch.equal(untrained.estimate(image).depth, untrained.estimate(image).depth)


def test_a_mirrored_picture_looks_mirrored(untrained: DepthMini) -> None:
    image = torch.rand(3, 96, 128, generator=torch.Generator().manual_seed(2))
    one, other = (untrained.look(picture, height=96, width=128) for picture in (image, image.flip(-1)))
    torch.testing.assert_close(other.inverse.flip(-1), one.inverse, atol=1e-4, rtol=1e-3)
    torch.testing.assert_close(other.sky.flip(-1), one.sky, atol=1e-4, rtol=1e-3)
    assert other.focal == pytest.approx(one.focal, rel=1e-4)


def test_sky_is_the_layouts_and_what_the_network_is_sure_of_at_the_upper_edge() -> None:
    network, layout = np.full((9, 6), 0.5), np.zeros((9, 6), bool)
    network[3:5] = 0.99
    assert not join_skies(network, layout).any()
    network[:5, 3] = 0.99
    assert join_skies(network, layout)[3:5].all() and not join_skies(network, layout)[5].any()
    network[5:8, 3] = 0.6
    assert join_skies(network, layout)[:8, 3].all() and not join_skies(network, layout)[8].any()
    layout[:2, :2] = True
    assert (join_skies(np.full((9, 6), 0.5), layout) == layout).all()
    assert (join_skies(np.full((9, 6), 0.6), layout) == layout).all()


def test_sky_behind_branches_counts_in_a_picture_with_sky_and_walls_do_not() -> None:
    network, layout = np.full((9, 9), 0.01), np.zeros((9, 9), bool)
    network[2:7, 6:] = 0.8
    assert not join_skies(network, layout).any()
    network[:, :3], layout[:, :3] = 0.3, True
    assert (join_skies(network, layout) == layout | (network == 0.8)).all()
    network[:, :3] = 0.02
    assert not join_skies(network, layout).any()


def test_a_blurred_step_becomes_a_step_where_it_was() -> None:
    row = np.concatenate([np.full(20, 0.2), np.linspace(0.2, 1, 6)[1:-1], np.full(20, 1.0)])
    sharp = sharpen_steps(np.repeat(row[None], 9, axis=0), reach=3)[4]
    assert np.isin(sharp, (0.2, 1.0)).all()
    assert np.flatnonzero(np.diff(sharp)).tolist() == [21]


def test_a_slope_stays_as_it_is() -> None:
    slope = np.repeat(np.linspace(0.0, 1.0, 60)[:, None], 20, axis=1)
    sharp = sharpen_steps(slope, reach=3)
    np.testing.assert_array_equal(sharp[8:-8], slope[8:-8])


def test_saved_weights_come_back(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = DepthMiniNetwork(SMALL)
    save_depth_mini(network, tmp_path / "d.safetensors")
    again = load_depth_mini(tmp_path / "d.safetensors")
    assert again.config == SMALL
    for a, b in zip(network.parameters(), again.parameters(), strict=True):
        torch.testing.assert_close(a.detach(), b, atol=1e-3, rtol=1e-3)


def test_unfit_weights_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "d.safetensors"
    with pytest.raises(FileNotFoundError, match=r"d\.safetensors is missing"):
        load_depth_mini(path)
    save_depth_mini(DepthMiniNetwork(SMALL), path)
    whole = load_file(path)
    save_file({key: value for key, value in whole.items() if key != "focal.bias"}, path)
    with pytest.raises(ValueError, match=r"lacks 1 tensors, the first focal\.bias"):
        load_depth_mini(path)
    save_file(whole | {"extra": torch.zeros(1)}, path)
    with pytest.raises(ValueError, match="has 1 unknown tensors, the first extra"):
        load_depth_mini(path)
    save_file(whole | {"focal.bias": torch.zeros(2)}, path)
    with pytest.raises(ValueError, match=r"focal\.bias has shape \(2,\); expected \(1,\)"):
        load_depth_mini(path)
    path.write_bytes(b"nothing")
    with pytest.raises(ValueError, match="is no safetensors file"):
        load_depth_mini(path)
    path.with_suffix(".json").write_text('{"widths": [16, 16, 32, 32], "depth": 3}')
    with pytest.raises(ValueError, match="is no configuration of a depth network"):
        load_depth_mini(path)


@pytest.mark.parametrize(("field", "value"), [("widths", (16, 20, 32, 32)), ("heads", 3)])
def test_unfit_sizes_are_refused(field: str, value: object) -> None:
    sizes = {"widths": (16, 16, 32, 32), "heads": 2}
    with pytest.raises(ValueError, match=r"multiples of 16|do not divide"):
        DepthMiniConfig(**(sizes | {field: value}))


@pytest.fixture(scope="module")
def shipped() -> DepthMini:
    return DepthMini.from_pretrained()


def test_shipped_weights_are_small(shipped: DepthMini) -> None:
    path = Path(__file__).resolve().parents[1] / "assets" / "depth-mini.safetensors"
    assert path.stat().st_size <= 16_000_000
    assert all(value.dtype == torch.float16 for value in load_file(path).values())
    assert shipped.network.config == DepthMiniConfig()


def test_shipped_weights_are_better_than_plane_and_slope_on_unseen_scenes(shipped: DepthMini) -> None:
    batch = held_out_batch(24)
    measured, simple = measure(shipped.network, batch), measure_simple(batch)
    assert measured["abs_rel"] < min(simple.values())
    assert measured["sky"] > 0.9


def test_shipped_weights_see_bushes_before_an_upright_temple_before_the_sky(shipped: DepthMini) -> None:
    """A picture that comes with scikit-learn; the temple's storeys are about as far as one another."""
    found = shipped.estimate(read_sample("china").photograph.rgb)
    height, width = found.depth.shape
    third = height // 3
    assert found.sky[:third].float().mean() > 0.5 > 0.1 > found.sky[-third:].float().mean()

    def depth_of(top: float, bottom: float) -> float:
        part = slice(int(top * height), int(bottom * height)), slice(int(0.28 * width), int(0.4 * width))
        return float(found.depth[part][found.valid[part]].median())

    storeys = [depth_of(0.2, 0.3), depth_of(0.4, 0.5), depth_of(0.55, 0.65)]
    assert max(storeys) < 1.3 * min(storeys)
    assert min(storeys) > 1.3 * depth_of(0.9, 1.0)
