"""Depth files: what is written is read, what is broken is refused, and no depth is invented at edges."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import OpenEXR
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torch import Tensor

from voyager_lite.depth.file import DepthFile, resize_depth
from voyager_lite.export.depth_file import (
    read_depth_exr,
    read_depth_npy,
    read_depth_png16,
    write_depth_exr,
    write_depth_npy,
    write_depth_png16,
)

GREEN = torch.tensor([0.1, 0.5, 0.1])[:, None, None]
WRITERS = {".png": write_depth_png16, ".exr": write_depth_exr, ".npy": write_depth_npy}


@pytest.fixture
def depth() -> Tensor:
    return torch.rand(24, 36, generator=torch.Generator().manual_seed(1)) * 5 + 0.5


@pytest.fixture
def valid() -> Tensor:
    return torch.rand(24, 36, generator=torch.Generator().manual_seed(2)) > 0.3


def picture(height: int, width: int) -> Tensor:
    return GREEN.expand(3, height, width).contiguous()


@pytest.mark.parametrize(
    ("writer", "reader"), [(write_depth_exr, read_depth_exr), (write_depth_npy, read_depth_npy)]
)
def test_floats_come_back_exactly(
    tmp_path: Path, depth: Tensor, valid: Tensor, writer: Callable, reader: Callable
) -> None:
    path = tmp_path / "depth.any"
    writer(path, depth, valid=valid)
    back = reader(path)
    assert torch.equal(torch.isnan(back), ~valid)
    assert torch.equal(back[valid], depth[valid])
    writer(path, depth)
    assert torch.equal(reader(path), depth)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("scale", [0.001, 0.0002, 1 / 256])
def test_png_comes_back_to_half_a_count(tmp_path: Path, depth: Tensor, valid: Tensor, scale: float) -> None:
    write_depth_png16(tmp_path / "a.png", depth, valid=valid, scale=scale)
    back = read_depth_png16(tmp_path / "a.png", scale=scale)
    assert torch.equal(back > 0, valid)
    assert float((back - depth)[valid].abs().max()) <= scale * 0.501
    assert np.asarray(Image.open(tmp_path / "a.png")).dtype == np.uint16


def test_depth_too_large_for_16_bits_is_refused_and_nothing_written(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    with pytest.raises(ValueError, match=r"between 80 and 80 do not fit 16 bits.* 0\.001 to 65\.535"):
        write_depth_png16(path, torch.tensor([[80.0, 1.0]]), valid=torch.tensor([[True, True]]))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("ending", WRITERS)
def test_every_format_becomes_the_same_estimate(
    tmp_path: Path, depth: Tensor, valid: Tensor, ending: str
) -> None:
    path = tmp_path / f"depth{ending}"
    WRITERS[ending](path, depth, valid=valid)
    estimate = DepthFile(path=path).estimate(picture(24, 36), fov_degrees=50.0)
    assert torch.equal(estimate.valid, valid)
    torch.testing.assert_close(estimate.depth, torch.where(valid, depth, 0.0), atol=6e-4, rtol=0)
    assert estimate.metric and estimate.fov_degrees == 50.0
    assert not estimate.sky.any()
    assert f"depth{ending} (36x24" in estimate.source


def test_disparity_becomes_depth_by_focal_times_baseline(tmp_path: Path, depth: Tensor) -> None:
    write_depth_npy(tmp_path / "a.npy", 160.0 / depth)
    file = DepthFile(path=tmp_path / "a.npy", quantity="inverse", scale=160.0)
    estimate = file.estimate(picture(24, 36))
    torch.testing.assert_close(estimate.depth, depth)
    assert estimate.metric
    assert not DepthFile(path=tmp_path / "a.npy", quantity="inverse").estimate(picture(24, 36)).metric


def test_impossible_values_are_invalid_and_counted(tmp_path: Path) -> None:
    values = np.full((24, 36), 2.0, np.float32)
    values[0, :3], values[1, :2], values[2, 0], values[3, :4] = np.nan, np.inf, -1, 0
    np.save(tmp_path / "a.npy", values)
    estimate = DepthFile(path=tmp_path / "a.npy").estimate(picture(24, 36))
    assert int((~estimate.valid).sum()) == 10
    assert torch.isfinite(estimate.depth).all()
    assert "3 NaN, 2 infinite, 1 negative, 4 zero" in estimate.source


@pytest.mark.parametrize("fill", [np.nan, np.inf, -2.0, 0.0])
def test_no_valid_value_at_all_is_refused(tmp_path: Path, fill: float) -> None:
    np.save(tmp_path / "a.npy", np.full((24, 36), fill))
    with pytest.raises(ValueError, match=r"a\.npy has no valid depth \(864 "):
        DepthFile(path=tmp_path / "a.npy").estimate(picture(24, 36))


def test_unmeasured_sky_is_sky(tmp_path: Path) -> None:
    image = picture(48, 72)
    image[:, :24] = torch.tensor([0.45, 0.65, 0.95])[:, None, None]
    valid = torch.ones(48, 72, dtype=torch.bool)
    valid[:24] = False
    valid[40, :10] = False
    write_depth_npy(tmp_path / "a.npy", torch.ones(48, 72), valid=valid)
    estimate = DepthFile(path=tmp_path / "a.npy").estimate(image)
    assert estimate.sky[:22].all()
    assert not estimate.sky[26:].any()
    assert not (estimate.sky & estimate.valid).any()


def test_another_shape_is_refused_with_both_sizes(tmp_path: Path) -> None:
    write_depth_npy(tmp_path / "a.npy", torch.ones(24, 36))
    with pytest.raises(ValueError, match="is 36x24, the picture 36x36; expected the same shape"):
        DepthFile(path=tmp_path / "a.npy").estimate(picture(36, 36))


def test_another_size_of_the_same_shape_is_fitted(tmp_path: Path) -> None:
    write_depth_npy(tmp_path / "a.npy", torch.full((24, 36), 3.0))
    estimate = DepthFile(path=tmp_path / "a.npy").estimate(picture(499, 750))
    assert estimate.depth.shape == (499, 750)
    torch.testing.assert_close(estimate.depth, torch.full((499, 750), 3.0))


@given(
    size=st.tuples(st.integers(2, 40), st.integers(2, 40)),
    target=st.tuples(st.integers(2, 60), st.integers(2, 60)),
    seed=st.integers(0, 2**31),
)
def test_resizing_invents_no_depth_between_two_surfaces(
    size: tuple[int, int], target: tuple[int, int], seed: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    depth = torch.where(torch.rand(size, generator=generator) > 0.5, 1.0, 5.0)
    valid = torch.rand(size, generator=generator) > 0.2
    resized, seen = resize_depth(depth, valid, height=target[0], width=target[1])
    off = torch.minimum((resized - 1).abs(), (resized - 5).abs())
    assert (off[seen] < 1e-5).all()


def test_resizing_keeps_a_plane_plane() -> None:
    """Inverse depth of a plane is affine in the pixel; stairs would be off by half a cell's slope."""

    def plane(height: int, width: int) -> Tensor:
        y = (torch.arange(height)[:, None] + 0.5) / height
        x = (torch.arange(width) + 0.5) / width
        return 1 / (0.5 + 0.3 * y + 0.1 * x)

    small = plane(30, 40)
    resized, _ = resize_depth(small, torch.ones(30, 40, dtype=torch.bool), height=90, width=120)
    inside = (slice(3, -3), slice(3, -3))
    torch.testing.assert_close(resized[inside], plane(90, 120)[inside], rtol=1e-5, atol=0)


def test_same_size_is_untouched(depth: Tensor, valid: Tensor) -> None:
    resized, seen = resize_depth(depth, valid, height=24, width=36)
    assert resized is depth and seen is valid


@pytest.mark.parametrize("reader", [read_depth_png16, read_depth_exr, read_depth_npy])
def test_broken_files_are_refused_in_one_line(tmp_path: Path, reader: Callable) -> None:
    path = tmp_path / "a.file"
    with pytest.raises(FileNotFoundError, match="does not exist"):
        reader(path)
    path.touch()
    with pytest.raises(ValueError, match="empty"):
        reader(path)
    path.write_bytes(b"neither this nor that" * 20)
    with pytest.raises(ValueError, match=r"a\.file") as error:
        reader(path)
    assert "\n" not in str(error.value)
    with pytest.raises(ValueError, match=r"folder|not a file"):
        reader(tmp_path)


@pytest.mark.parametrize("ending", WRITERS)
def test_truncated_files_are_refused(tmp_path: Path, depth: Tensor, ending: str) -> None:
    path = tmp_path / f"a{ending}"
    WRITERS[ending](path, depth, valid=depth > 0)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(ValueError, match="cut short or damaged"):
        DepthFile(path=path).estimate(picture(24, 36))


def test_pickled_objects_are_never_loaded(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match=r"a\.npy is cut short or damaged: .*Python objects"):
        read_depth_npy(tmp_path / "a.npy")


@pytest.mark.parametrize("shape", [(24,), (2, 24, 36), (0,)])
def test_arrays_of_other_shapes_are_refused(tmp_path: Path, shape: tuple[int, ...]) -> None:
    np.save(tmp_path / "a.npy", np.ones(shape))
    with pytest.raises(ValueError, match=r"a\.npy"):
        read_depth_npy(tmp_path / "a.npy")


def test_a_further_dimension_of_one_is_dropped(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.ones((1, 24, 36), np.float64))
    assert read_depth_npy(tmp_path / "a.npy").shape == (24, 36)


def test_8_bit_pictures_are_no_depth(tmp_path: Path) -> None:
    Image.new("L", (36, 24), 9).save(tmp_path / "a.png")
    with pytest.raises(ValueError, match="mode L; expected a depth map in 16-bit grey"):
        read_depth_png16(tmp_path / "a.png")


def test_exr_takes_z_before_y_and_a_single_channel_of_any_name(tmp_path: Path) -> None:
    def write(**channels: float) -> Path:
        header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
        planes = {name: np.full((4, 5), value, np.float32) for name, value in channels.items()}
        OpenEXR.File(header, planes).write(str(tmp_path / "a.exr"))
        return tmp_path / "a.exr"

    assert float(read_depth_exr(write(Y=2.0, Z=3.0))[0, 0]) == 3
    assert float(read_depth_exr(write(A=1.0, Y=2.0))[0, 0]) == 2
    assert float(read_depth_exr(write(depth=4.0))[0, 0]) == 4
    with pytest.raises(ValueError, match=r"has the channels B, G, R; expected depth in Z or Y"):
        read_depth_exr(write(R=1.0, G=1.0, B=1.0))


def test_wrong_declarations_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"a\.jpg is no depth file; expected an ending of \.png"):
        DepthFile(path=tmp_path / "a.jpg")
    with pytest.raises(ValueError, match="expected a finite number > 0"):
        DepthFile(path=tmp_path / "a.png", scale=0.0)
