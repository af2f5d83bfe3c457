"""Voyager's condition folder: the numbers its own tools would write, and back."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from geometry.camera import Camera
from geometry.projection import project
from voyager_lite.export.condition import (
    HEIGHT,
    WIDTH,
    ConditionFrame,
    decode_disparity,
    encode_disparity,
    read_condition,
    widescreen,
    write_condition,
)


def frames(count: int = 3) -> list[ConditionFrame]:
    y, x = torch.meshgrid(torch.linspace(0, 1, HEIGHT), torch.linspace(0, 1, WIDTH), indexing="ij")
    views = []
    for number in range(count):
        known = (x + 0.3 * number < 0.9) & ((x - 0.5) ** 2 + y**2 > 0.02)
        rgb = (torch.stack([x, y, 0.5 * x * y]) * 255).round() / 255
        depth = 1.5 + 3 * y + number + 20 * (x > 0.4)
        views.append(
            ConditionFrame(
                rgb=torch.where(known, rgb, 0.0), depth=torch.where(known, depth, 0.0), known=known
            )
        )
    return views


def cameras(count: int = 3) -> Camera:
    pose = torch.eye(4, dtype=torch.float64).repeat(count, 1, 1)
    pose[:, 2, 3] = torch.linspace(0, 1 / 3, count, dtype=torch.float64)
    return Camera.from_fov(57.3, height=HEIGHT, width=WIDTH, world_to_camera=pose)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A written folder; tests leave it as it is."""
    folder = tmp_path_factory.mktemp("condition")
    reference = torch.rand(3, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(0))
    assert write_condition(folder, frames(), cameras(), reference=reference, fps=24.0) == 3
    return folder


def test_the_folder_holds_the_files_voyager_reads(folder: Path) -> None:
    found = {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}
    inputs = {
        f"video_input/{name}"
        for k in range(3)
        for name in (f"render_{k:04d}.png", f"mask_{k:04d}.png", f"depth_{k:04d}.exr")
    }
    assert found == {"ref_image.png", "ref_depth.exr", "depth_range.json", "cameras.json"} | inputs
    assert (folder / "ref_depth.exr").read_bytes() == (folder / "video_input/depth_0000.exr").read_bytes()


def test_pictures_are_8_bit_and_masks_grey(folder: Path) -> None:
    for name, mode in (
        ("ref_image.png", "RGB"),
        ("video_input/render_0001.png", "RGB"),
        ("video_input/mask_0001.png", "L"),
    ):
        with Image.open(folder / name) as picture:
            assert (picture.size, picture.mode) == ((1280, 720), mode)
            pixels = np.asarray(picture)
    assert set(np.unique(pixels)) == {0, 255}
    assert np.array_equal(pixels > 0, frames()[1].known.numpy())


def test_depth_is_one_float_channel_called_z_in_piz(folder: Path) -> None:
    OpenEXR = pytest.importorskip("OpenEXR")
    with OpenEXR.File(str(folder / "video_input/depth_0002.exr")) as file:
        assert file.header()["compression"] == OpenEXR.PIZ_COMPRESSION
        assert list(file.channels()) == ["Z"]
        pixels = file.channels()["Z"].pixels
    assert (pixels.dtype, pixels.shape) == (np.float32, (720, 1280))


def test_depth_is_scaled_as_voyager_scales_it(folder: Path) -> None:
    """Written out again in plain NumPy, from the description of its code."""
    OpenEXR = pytest.importorskip("OpenEXR")
    ranges = json.loads((folder / "depth_range.json").read_text())
    assert len(ranges) == 3
    for k, frame in enumerate(frames()):
        z, hit = frame.depth.double().numpy(), frame.known.numpy()
        p = np.zeros_like(z)
        p[hit] = 1 / (z[hit] + 1e-6)
        lo, hi = np.percentile(p[hit], 2), np.percentile(p[hit], 98)
        d = (p - lo) / (hi - lo)
        d[~hit] = d[hit].min()
        assert ranges[k] == [lo, hi]
        with OpenEXR.File(str(folder / f"video_input/depth_{k:04d}.exr")) as file:
            assert np.allclose(file.channels()["Z"].pixels, d, atol=1e-6)
        assert d.min() < 0 < 1 < d.max()  # what lies beyond the percentiles is not cut


def test_what_is_written_is_read_again(folder: Path) -> None:
    read = read_condition(folder)
    assert len(read) == 3
    for ours, theirs in zip(frames(), (read[k] for k in range(3)), strict=True):
        assert torch.equal(ours.known, theirs.known)
        assert torch.allclose(ours.rgb, theirs.rgb, atol=1e-6)
        torch.testing.assert_close(ours.depth, theirs.depth, rtol=1e-5, atol=0)
    assert read.cameras is not None
    assert torch.equal(read.cameras.K, cameras().K)
    assert torch.equal(read.cameras.world_to_camera, cameras().world_to_camera)
    assert read.reference.shape == (3, 720, 1280)


def test_a_table_of_disparities() -> None:
    """101 depths whose inverse runs from 1 to 2: the percentiles are 1.02 and 1.98."""
    disparity = torch.linspace(1, 2, 101, dtype=torch.float64)
    depth = (1 / disparity - 1e-6).reshape(1, -1)
    values, (low, high) = encode_disparity(depth.float(), torch.ones(1, 101, dtype=torch.bool))
    assert (low, high) == pytest.approx((1.02, 1.98), abs=1e-6)
    assert values[0, [0, 2, 50, 98, 100]].tolist() == pytest.approx(
        [-0.02 / 0.96, 0, 0.5, 1, 1 + 0.02 / 0.96], abs=1e-5
    )
    torch.testing.assert_close(decode_disparity(values, (low, high)), depth.float(), rtol=1e-5, atol=0)


def test_a_wall_has_a_range_without_width() -> None:
    values, (low, high) = encode_disparity(torch.full((2, 3), 4.0), torch.ones(2, 3, dtype=torch.bool))
    assert low == high == pytest.approx(0.25, rel=1e-5)
    assert torch.equal(values, torch.zeros(2, 3))
    torch.testing.assert_close(decode_disparity(values, (low, high)), torch.full((2, 3), 4.0))


@pytest.mark.parametrize(("height", "width"), [(96, 128), (540, 960), (360, 900), (720, 1280)])
def test_widescreen_cameras_see_the_middle_of_the_picture(height: int, width: int) -> None:
    camera = Camera.from_fov(60.0, height=height, width=width)
    y, x = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
    image = torch.stack([x / width, y / height, torch.zeros_like(x)])
    cut, wide = widescreen(image, camera)
    assert (wide.height, wide.width) == (720, 1280)
    assert tuple(cut.shape) == (3, 720, 1280)
    # The colour of a pixel says where it was; a point seen there before is seen here now.
    row, column = 200, 900
    before = cut[:2, row, column].double() * torch.tensor([width, height]).double()
    ray = torch.cat([(before - camera.K[:2, 2]) / camera.K.diagonal()[:2], torch.ones(1).double()])
    pixel, _ = project(ray, wide.K)
    error = (pixel - torch.tensor([column + 0.5, row + 0.5]).double()).abs().max()
    assert float(error) < 0.15  # OpenCV's cubic is no exact line
    ratio = float(wide.K[0, 0] / wide.K[1, 1])
    assert abs(ratio - 1) < 1 / min(height, width)


def test_frames_of_another_size_or_with_nothing_known_are_refused(tmp_path: Path) -> None:
    small = torch.zeros(3, 8, 8), torch.ones(8, 8), torch.ones(8, 8, dtype=torch.bool)
    frame = ConditionFrame(rgb=small[0], depth=small[1], known=small[2])
    reference = torch.zeros(3, HEIGHT, WIDTH)
    with pytest.raises(
        ValueError, match=r"rgb of frame 0 has shape \(3, 8, 8\); expected \(\.\.\., 3, 720, 1280\)"
    ):
        write_condition(tmp_path, [frame], cameras(1), reference=reference, fps=24.0)
    unknown = torch.zeros(HEIGHT, WIDTH, dtype=torch.bool)
    frame = ConditionFrame(rgb=reference, depth=unknown.float(), known=unknown)
    with pytest.raises(ValueError, match="nothing is known of frame 0"):
        write_condition(tmp_path, [frame], cameras(1), reference=reference, fps=24.0)


BAD_RANGES = {
    "cut off": ("[[0.1, 1.0], [0.1", "is no list of pairs of numbers"),
    "no pairs": ("[0.1, 1.0]", r"numbers of shape \(2,\); expected finite pairs"),
    "NaN": ("[[NaN, 1.0]]", "expected finite pairs"),
    "words": ('[["a", "b"]]', "is no list of pairs of numbers"),
    "ragged": ("[[0.1, 1.0], [0.1]]", "is no list of pairs of numbers"),
}


@pytest.mark.parametrize(("text", "message"), BAD_RANGES.values(), ids=BAD_RANGES.keys())
def test_a_broken_range_is_refused_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "depth_range.json").write_text(text)
    with pytest.raises(ValueError, match=message) as caught:
        read_condition(tmp_path)
    assert str(caught.value).startswith(str(tmp_path / "depth_range.json"))


def test_a_missing_frame_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"depth_range\.json: no such file"):
        read_condition(tmp_path)
    (tmp_path / "depth_range.json").write_text("[[0.1, 1.0], [0.1, 1.0]]")
    with pytest.raises(FileNotFoundError, match=r"render_0000\.png: no such file; .* counts 2 frames"):
        read_condition(tmp_path)
