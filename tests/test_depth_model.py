"""Depth models: the real loading code, on tiny checkpoints built on the spot, and what --depth means."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor
from transformers import (
    BeitConfig,
    DepthAnythingConfig,
    DepthAnythingForDepthEstimation,
    DepthProConfig,
    DepthProForDepthEstimation,
    Dinov2Config,
    DPTConfig,
    DPTForDepthEstimation,
    DPTImageProcessorPil,
    GLPNConfig,
    GLPNForDepthEstimation,
    ViTConfig,
    ViTForImageClassification,
    ZoeDepthConfig,
    ZoeDepthForDepthEstimation,
    ZoeDepthImageProcessorPil,
)

from voyager_lite.depth import choose_depth
from voyager_lite.depth.choose import find_cached_model
from voyager_lite.depth.file import DepthFile
from voyager_lite.depth.layout import LayoutDepth
from voyager_lite.depth.mini import DepthMini
from voyager_lite.depth.model import DepthModel, is_metric, relative_to_depth

IMAGE = torch.rand(3, 60, 90, generator=torch.Generator().manual_seed(0)) * 0.5


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    import socket

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a depth model asked the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    yield


def depth_anything(folder: Path, *, kind: str = "relative", max_depth: int = 1) -> Path:
    torch.manual_seed(0)
    backbone = Dinov2Config(
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        image_size=28,
        patch_size=14,
        out_indices=[1, 2],
        reshape_hidden_states=False,
    )
    config = DepthAnythingConfig(
        backbone_config=backbone,
        patch_size=14,
        reassemble_hidden_size=16,
        reassemble_factors=[2, 1],
        neck_hidden_sizes=[8, 8],
        fusion_hidden_size=8,
        head_in_index=-1,
        head_hidden_size=8,
        depth_estimation_type=kind,
        max_depth=max_depth,
    )
    DepthAnythingForDepthEstimation(config).save_pretrained(folder)
    DPTImageProcessorPil(
        size={"height": 42, "width": 70}, keep_aspect_ratio=True, ensure_multiple_of=14
    ).save_pretrained(folder)
    return folder


def dpt(folder: Path) -> Path:
    torch.manual_seed(0)
    config = DPTConfig(
        hidden_size=16,
        num_hidden_layers=4,
        num_attention_heads=2,
        intermediate_size=16,
        image_size=32,
        patch_size=16,
        backbone_out_indices=[0, 1, 2, 3],
        neck_hidden_sizes=[4, 4, 8, 8],
        fusion_hidden_size=8,
        is_hybrid=False,
    )
    DPTForDepthEstimation(config).save_pretrained(folder)
    DPTImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(folder)
    return folder


def zoedepth(folder: Path) -> Path:
    torch.manual_seed(0)
    backbone = BeitConfig(
        image_size=32,
        patch_size=16,
        hidden_size=16,
        num_hidden_layers=4,
        num_attention_heads=2,
        intermediate_size=16,
        out_features=["stage1", "stage2", "stage3", "stage4"],
        reshape_hidden_states=False,
    )
    config = ZoeDepthConfig(
        backbone_config=backbone,
        neck_hidden_sizes=[8, 8, 8, 8],
        fusion_hidden_size=8,
        bottleneck_features=8,
        num_relative_features=8,
        bin_embedding_dim=8,
        bin_configurations=[{"n_bins": 4, "min_depth": 0.001, "max_depth": 10.0, "name": "nyu"}],
        num_patch_transformer_layers=1,
        patch_transformer_hidden_size=8,
        patch_transformer_intermediate_size=16,
        patch_transformer_num_attention_heads=2,
    )
    ZoeDepthForDepthEstimation(config).save_pretrained(folder)
    ZoeDepthImageProcessorPil(size={"height": 32, "width": 32}, ensure_multiple_of=16).save_pretrained(folder)
    return folder


def depth_pro(folder: Path) -> Path:
    torch.manual_seed(0)
    vit = {
        "model_type": "dinov2",
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "hidden_size": 8,
        "patch_size": 8,
        "image_size": 16,
        "use_swiglu_ffn": False,
    }
    config = DepthProConfig(
        fusion_hidden_size=8,
        patch_size=16,
        intermediate_hook_ids=[1, 0],
        intermediate_feature_dims=[8, 8],
        scaled_images_ratios=[0.5, 1.0],
        scaled_images_overlap_ratios=[0.0, 0.2],
        scaled_images_feature_dims=[8, 8],
        num_fov_head_layers=0,
        use_fov_model=True,
        image_model_config=vit,
        patch_model_config=vit,
        fov_model_config=vit,
    )
    DepthProForDepthEstimation(config).save_pretrained(folder)
    settings = {
        "image_processor_type": "DepthProImageProcessor",
        "image_mean": [0.5, 0.5, 0.5],
        "image_std": [0.5, 0.5, 0.5],
        "size": {"height": 32, "width": 32},
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(settings))
    return folder


@pytest.mark.parametrize("build", [depth_anything, dpt, zoedepth, depth_pro])
def test_a_checkpoint_in_a_folder_is_loaded_and_run(tmp_path: Path, build: object) -> None:
    folder = build(tmp_path / "model")  # type: ignore[operator]
    estimate = DepthModel(name=str(folder)).estimate(IMAGE)
    assert estimate.depth.shape == (60, 90)
    assert (estimate.depth[estimate.valid] > 0).all() and torch.isfinite(estimate.depth).all()
    assert estimate.valid.all()
    assert estimate.metric == (build in (zoedepth, depth_pro))
    assert str(folder) in estimate.source


def test_metric_depth_anything_gives_the_model_s_own_numbers(tmp_path: Path) -> None:
    folder = depth_anything(tmp_path / "model", kind="metric", max_depth=20)
    image = torch.full((3, 42, 70), 0.3)
    estimate = DepthModel(name=str(folder)).estimate(image)
    model = DepthAnythingForDepthEstimation.from_pretrained(folder).eval()
    processor = DPTImageProcessorPil.from_pretrained(folder)
    pixels = processor(images=(image * 255).round().byte().numpy(), return_tensors="pt")["pixel_values"]
    with torch.inference_mode():
        expected = model(pixels).predicted_depth[0]
    assert estimate.metric
    assert expected.shape == (42, 70)
    torch.testing.assert_close(estimate.depth, expected, rtol=1e-5, atol=1e-5)


def test_depth_pro_scales_by_the_known_field_of_view_and_otherwise_predicts_it(tmp_path: Path) -> None:
    """Inverse depth is the canonical one times width / focal = 2 tan(fov / 2)."""
    model = DepthModel(name=str(depth_pro(tmp_path / "model")))
    at_90, at_53 = (model.estimate(IMAGE, fov_degrees=fov) for fov in (90.0, 53.13010))
    bounded = (at_53.depth < 9000) & (at_90.depth < 9000)
    assert bounded.any()
    torch.testing.assert_close(at_53.depth[bounded], 2 * at_90.depth[bounded], rtol=1e-4, atol=0)
    assert at_90.fov_degrees == 90.0
    predicted = model.estimate(IMAGE).fov_degrees
    assert predicted is not None


def test_relative_prediction_is_affine_in_inverse_depth() -> None:
    prediction = torch.linspace(3, 9, 10_000).reshape(100, 100)
    depth = relative_to_depth(prediction, with_sky=False)
    low, high = prediction.quantile(0.02), prediction.quantile(0.98)
    slope = (1 / depth).flatten().diff()[500:-500]
    torch.testing.assert_close(slope, slope.median().expand_as(slope), rtol=0.05, atol=0)
    at = {
        name: float(depth.flatten()[(prediction.flatten() - value).abs().argmin()])
        for name, value in (("near", high), ("far", low))
    }
    assert at["near"] == pytest.approx(2.0, rel=0.01)
    assert at["far"] == pytest.approx(12.0, rel=0.01)
    shifted = relative_to_depth(prediction * 7 + 3, with_sky=False)
    torch.testing.assert_close(shifted, depth, rtol=1e-3, atol=0)


def test_with_sky_nothing_is_shifted() -> None:
    prediction = torch.linspace(0, 1, 10_000).reshape(100, 100)
    depth = relative_to_depth(prediction, with_sky=True)
    assert float(depth.max()) == pytest.approx(24.0)
    assert (depth.flatten().diff() <= 0).all()


def test_constant_prediction_is_a_plane() -> None:
    depth = relative_to_depth(torch.full((10, 10), 4.0), with_sky=False)
    assert torch.equal(depth, depth[0, 0].expand(10, 10))


@pytest.mark.parametrize(
    ("config", "metric"),
    [
        (DepthAnythingConfig(), False),
        (DepthAnythingConfig(depth_estimation_type="metric", max_depth=20), True),
        (ZoeDepthConfig(), True),
        (GLPNConfig(), True),
        (DPTConfig(), False),
        (DPTConfig(backbone_config=Dinov2Config(), is_hybrid=False), True),
    ],
)
def test_metric_or_relative_is_told_from_the_configuration(config: object, metric: bool) -> None:
    assert is_metric(config) == metric


def test_glpn_is_supported(tmp_path: Path) -> None:
    from transformers import GLPNImageProcessorPil

    torch.manual_seed(0)
    config = GLPNConfig(
        depths=[1, 1, 1, 1],
        hidden_sizes=[8, 8, 8, 8],
        decoder_hidden_size=8,
        num_attention_heads=[1, 1, 1, 1],
    )
    GLPNForDepthEstimation(config).save_pretrained(tmp_path)
    GLPNImageProcessorPil(size_divisor=32).save_pretrained(tmp_path)
    estimate = DepthModel(name=str(tmp_path)).estimate(torch.full((3, 64, 96), 0.2))
    assert estimate.metric and float(estimate.depth.max()) <= config.max_depth


def test_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="does not exist; expected a folder with a depth model"):
        DepthModel(name=str(tmp_path / "nowhere")).estimate(IMAGE)


def test_folder_without_a_model(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="holds no model that can be read"):
        DepthModel(name=str(tmp_path)).estimate(IMAGE)


def test_hub_name_that_is_not_on_this_machine_says_how_to_get_it() -> None:
    with pytest.raises(
        FileNotFoundError, match="nothing is downloaded unasked; fetch it once with: hf download a/b"
    ):
        DepthModel(name="a/b").estimate(IMAGE)


def test_other_architectures_are_refused(tmp_path: Path) -> None:
    config = ViTConfig(hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8)
    ViTForImageClassification(config).save_pretrained(tmp_path)
    with pytest.raises(ValueError, match="is of type vit; expected a depth model of type depth_anything"):
        DepthModel(name=str(tmp_path)).estimate(IMAGE)


def test_pickled_weights_are_never_loaded(tmp_path: Path) -> None:
    folder = depth_anything(tmp_path / "model")
    model = DepthAnythingForDepthEstimation.from_pretrained(folder)
    torch.save(model.state_dict(), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    with pytest.raises(ValueError, match=r"pickled weights are never loaded") as error:
        DepthModel(name=str(folder)).estimate(IMAGE)
    assert "\n" not in str(error.value)


def test_truncated_and_incomplete_weights_are_refused(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = depth_anything(tmp_path / "model")
    weights = folder / "model.safetensors"
    tensors: dict[str, Tensor] = load_file(weights)
    save_file(
        {name: value for name, value in tensors.items() if "head" not in name}, weights, {"format": "pt"}
    )
    with pytest.raises(ValueError, match=r"lacks \d+ of the weights"):
        DepthModel(name=str(folder)).estimate(IMAGE)
    weights.write_bytes(weights.read_bytes()[:500])
    with pytest.raises(ValueError, match="cannot be loaded"):
        DepthModel(name=str(folder)).estimate(IMAGE)


def put_in_cache(cache: Path, name: str, folder: Path) -> Path:
    target = cache / f"models--{name.replace('/', '--')}" / "snapshots" / "0123"
    shutil.copytree(folder, target)
    return target


def test_a_cached_model_is_found_metric_ones_first(tmp_path: Path) -> None:
    cache = tmp_path / "hub"
    assert find_cached_model(cache) is None
    relative = put_in_cache(cache, "a/relative", depth_anything(tmp_path / "1"))
    assert find_cached_model(cache) == relative
    metric = put_in_cache(cache, "z/metric", depth_anything(tmp_path / "2", kind="metric"))
    assert find_cached_model(cache) == metric


@pytest.mark.parametrize("lacking", ["model.safetensors", "preprocessor_config.json", "config.json"])
def test_incomplete_or_other_models_in_the_cache_are_passed_over(tmp_path: Path, lacking: str) -> None:
    cached = put_in_cache(tmp_path / "hub", "a/b", depth_anything(tmp_path / "1"))
    (cached / lacking).unlink()
    assert find_cached_model(tmp_path / "hub") is None
    (cached / "config.json").write_text("not json")
    assert find_cached_model(tmp_path / "hub") is None
    (cached / "config.json").write_text(json.dumps({"model_type": "bert", "architectures": ["BertModel"]}))
    assert find_cached_model(tmp_path / "hub") is None


def test_auto_takes_a_cached_model_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    source = choose_depth("auto")
    assert isinstance(source, DepthMini)
    assert "for better depth" in source.estimate(IMAGE).source
    cached = put_in_cache(tmp_path / "hub", "a/b", depth_anything(tmp_path / "1"))
    assert choose_depth() == DepthModel(name=str(cached))
    assert isinstance(choose_depth("mini"), DepthMini)
    assert isinstance(choose_depth("layout"), LayoutDepth)
    with pytest.raises(FileNotFoundError, match=r"mine\.safetensors"):
        choose_depth("mini:mine.safetensors")


def test_a_choice_is_a_file_a_folder_or_a_hub_name(tmp_path: Path) -> None:
    path = tmp_path / "depth.png"
    path.touch()
    assert choose_depth(str(path), scale=0.01) == DepthFile(path=path, scale=0.01)
    assert choose_depth(str(tmp_path)) == DepthModel(name=str(tmp_path))
    assert choose_depth("someone/depth-model") == DepthModel(name="someone/depth-model")
    with pytest.raises(FileNotFoundError, match=r"nowhere\.exr does not exist; expected a depth file"):
        choose_depth(str(tmp_path / "nowhere.exr"))
    (tmp_path / "a.jpg").touch()
    with pytest.raises(ValueError, match="no depth file"):
        choose_depth(str(tmp_path / "a.jpg"))
    with pytest.raises(ValueError, match="depth is empty; expected auto, mini, layout"):
        choose_depth(" ")
