"""Every kind of picture file gets a decided answer."""

import io
import math
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.ExifTags import IFD, Base

from voyager_lite.photograph import DECODE_LIMIT, fit_size, read_photograph, resize_rgb

RAMP = (np.indices((48, 64)).sum(axis=0) * 2).astype(np.uint8)
COLORS = np.stack([RAMP, 255 - RAMP, np.full_like(RAMP, 40)], axis=-1)


def save(image: Image.Image, path: Path, **options: object) -> Path:
    image.save(path, **options)
    return path


def pixels(path: Path) -> np.ndarray:
    return read_photograph(path).rgb.permute(1, 2, 0).numpy()


@pytest.mark.parametrize("ending", ["png", "tiff", "bmp", "webp"])
def test_lossless_colors_arrive_unchanged(tmp_path: Path, ending: str) -> None:
    options = {"lossless": True} if ending == "webp" else {}
    path = save(Image.fromarray(COLORS), tmp_path / f"a.{ending}", **options)
    photograph = read_photograph(path)
    assert photograph.rgb.shape == (3, 48, 64)
    assert photograph.rgb.dtype == torch.float32
    np.testing.assert_allclose(pixels(path), COLORS / 255, atol=1e-6)
    assert photograph.fov_degrees is None
    assert photograph.path == path


def test_jpeg_arrives_nearly_unchanged(tmp_path: Path) -> None:
    path = save(Image.fromarray(COLORS), tmp_path / "a.jpg", quality=95)
    assert np.abs(pixels(path) - COLORS / 255).mean() < 0.01


def test_the_content_decides_not_the_name(tmp_path: Path) -> None:
    path = save(Image.fromarray(COLORS), tmp_path / "a.jpg", format="PNG")
    np.testing.assert_allclose(pixels(path), COLORS / 255, atol=1e-6)


def test_grey_becomes_three_equal_channels(tmp_path: Path) -> None:
    rgb = pixels(save(Image.fromarray(RAMP), tmp_path / "a.png"))
    np.testing.assert_allclose(rgb, np.repeat(RAMP[..., None] / 255, 3, axis=-1), atol=1e-6)


@pytest.mark.parametrize("ending", ["png", "tiff"])
def test_16_bit_grey_keeps_its_precision(tmp_path: Path, ending: str) -> None:
    fine = np.linspace(0, 65535, 48 * 64).reshape(48, 64).astype(np.uint16)
    rgb = pixels(save(Image.fromarray(fine), tmp_path / f"a.{ending}"))
    np.testing.assert_allclose(rgb[..., 1], fine / 65535, atol=1e-6)


def test_16_bit_color_png_has_the_right_brightness(tmp_path: Path) -> None:
    rows = b"".join(b"\0" + (COLORS[row].astype(">u2") * 257).tobytes() for row in range(48))
    path = tmp_path / "a.png"
    path.write_bytes(_png(64, 48, rows, bits=16, color_type=2))
    np.testing.assert_allclose(pixels(path), COLORS / 255, atol=1 / 255)


def test_transparent_parts_are_laid_on_white(tmp_path: Path) -> None:
    alpha = np.full((48, 64, 1), 255, np.uint8)
    alpha[:, :20], alpha[:, 20:40] = 0, 51
    rgb = pixels(save(Image.fromarray(np.concatenate([COLORS, alpha], axis=-1)), tmp_path / "a.png"))
    np.testing.assert_allclose(rgb[:, :20], 1.0, atol=1e-6)
    np.testing.assert_allclose(rgb[:, 20:40], COLORS[:, 20:40] / 255 * 0.2 + 0.8, atol=1e-5)
    np.testing.assert_allclose(rgb[:, 40:], COLORS[:, 40:] / 255, atol=1e-6)


def test_palette_and_its_transparent_entry(tmp_path: Path) -> None:
    palette = Image.fromarray(np.repeat([[0, 1]], 48, axis=0).repeat(32, axis=1).astype(np.uint8), mode="P")
    palette.putpalette([200, 10, 20, 1, 2, 3])
    rgb = pixels(save(palette, tmp_path / "a.png", transparency=1))
    np.testing.assert_allclose(rgb[0, 0], np.array([200, 10, 20]) / 255, atol=1e-6)
    np.testing.assert_allclose(rgb[0, -1], 1.0, atol=1e-6)


def test_cmyk_becomes_rgb(tmp_path: Path) -> None:
    red = Image.new("CMYK", (64, 48), (0, 255, 255, 0))
    rgb = pixels(save(red, tmp_path / "a.tiff"))
    np.testing.assert_allclose(rgb[5, 5], [1, 0, 0], atol=0.02)


def test_of_an_animation_the_first_frame_is_taken(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (64, 48), color) for color in ("red", "blue")]
    path = save(frames[0], tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    np.testing.assert_allclose(pixels(path)[3, 3], [1, 0, 0], atol=1e-6)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_rotated_pictures_are_turned_upright_with_their_fov(tmp_path: Path, orientation: int) -> None:
    undo = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.swapaxes(0, 1),
        6: lambda a: np.rot90(a, 1),
        7: lambda a: np.rot90(a, 2).swapaxes(0, 1),
        8: lambda a: np.rot90(a, -1),
    }[orientation]
    exif = _exif(focal35=36)
    exif[Base.Orientation] = orientation
    path = save(Image.fromarray(np.ascontiguousarray(undo(COLORS))), tmp_path / "a.png", exif=exif)
    photograph = read_photograph(path)
    np.testing.assert_allclose(photograph.rgb.permute(1, 2, 0).numpy(), COLORS / 255, atol=1e-6)
    assert photograph.fov_degrees == pytest.approx(_fov(64, 36 * 80 / math.hypot(36, 24)))


def test_a_36_millimeter_lens_sees_a_full_frame_under_53_degrees(tmp_path: Path) -> None:
    path = save(Image.new("RGB", (360, 240)), tmp_path / "a.jpg", exif=_exif(focal35=36))
    assert read_photograph(path).fov_degrees == pytest.approx(math.degrees(2 * math.atan(0.5)))


@pytest.mark.parametrize(("unit", "millimeters"), [(2, 25.4), (3, 10.0), (4, 1.0)])
def test_focal_plane_density_gives_the_fov_of_a_reduced_picture(
    tmp_path: Path, unit: int, millimeters: float
) -> None:
    # A sensor 20 mm wide, taken with 4000 pixels, stored with 400; a 10 mm lens sees 90 degrees.
    exif = Image.Exif()
    exif.get_ifd(IFD.Exif).update(
        {
            Base.FocalLength: 10.0,
            Base.FocalPlaneXResolution: 4000 / 20 * millimeters,
            Base.FocalPlaneResolutionUnit: unit,
            Base.ExifImageWidth: 4000,
            Base.ExifImageHeight: 3000,
        }
    )
    path = save(Image.new("RGB", (400, 300)), tmp_path / "a.jpg", exif=exif)
    assert read_photograph(path).fov_degrees == pytest.approx(90, rel=1e-3)


def test_unknown_or_absurd_focal_lengths_are_not_used(tmp_path: Path) -> None:
    unknown = save(Image.new("RGB", (64, 48)), tmp_path / "a.jpg", exif=_exif(focal35=0))
    absurd = save(Image.new("RGB", (64, 48)), tmp_path / "b.jpg", exif=_exif(focal35=60000))
    assert read_photograph(unknown).fov_degrees is None
    assert read_photograph(absurd).fov_degrees is None


def test_damaged_exif_does_not_cost_the_picture(tmp_path: Path) -> None:
    path = save(Image.fromarray(COLORS), tmp_path / "a.jpg", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff\xff\xff")
    assert read_photograph(path).fov_degrees is None


def test_large_jpeg_is_decoded_reduced_and_keeps_its_fov(tmp_path: Path) -> None:
    big = np.kron(COLORS, np.ones((40, 40, 1), np.uint8))
    path = save(Image.fromarray(big), tmp_path / "a.jpg", quality=95, exif=_exif(focal35=36))
    photograph = read_photograph(path, max_pixels=480 * 640)
    assert photograph.rgb.shape == (3, 480, 640)
    assert photograph.fov_degrees == pytest.approx(_fov(64, 36 * 80 / math.hypot(36, 24)))
    small = photograph.rgb.unfold(1, 10, 10).unfold(2, 10, 10).mean(dim=(-1, -2)).permute(1, 2, 0).numpy()
    np.testing.assert_allclose(small, COLORS / 255, atol=0.02)


def test_huge_header_is_refused_before_decoding(tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(_png(20000, 10000, b"", bits=8, color_type=2))
    with pytest.raises(ValueError, match=r"bomb\.png has 20000x10000 = 200 megapixels; allowed are 80"):
        read_photograph(path)


def test_huge_progressive_jpeg_is_refused_before_decoding(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.fromarray(COLORS).save(buffer, "JPEG", progressive=True)
    data = bytearray(buffer.getvalue())
    at = data.index(b"\xff\xc2") + 5
    data[at : at + 4] = struct.pack(">HH", 10000, 20000)
    (tmp_path / "a.jpg").write_bytes(data)
    with pytest.raises(ValueError, match="200 megapixels"):
        read_photograph(tmp_path / "a.jpg")


@pytest.mark.slow
def test_200_megapixel_jpeg_is_read(tmp_path: Path) -> None:
    path = save(Image.new("RGB", (20000, 10000), (200, 100, 50)), tmp_path / "a.jpg")
    assert DECODE_LIMIT < 20000 * 10000
    photograph = read_photograph(path)
    assert photograph.rgb.shape == (3, 1250, 2500)
    torch.testing.assert_close(
        photograph.rgb.mean(dim=(1, 2)), torch.tensor([200, 100, 50]) / 255, atol=0.01, rtol=0
    )


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere\.jpg does not exist"):
        read_photograph(tmp_path / "nowhere.jpg")


def test_folder(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is not a file; expected a picture"):
        read_photograph(tmp_path)


def test_empty_file(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    with pytest.raises(ValueError, match="is empty"):
        read_photograph(tmp_path / "a.jpg")


@pytest.mark.parametrize("content", [b"PK\x03\x04" + bytes(200), b"hello", b"%PDF-1.7", b"\0" * 4096])
def test_other_content_under_a_picture_name(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.jpg").write_bytes(content)
    with pytest.raises(ValueError, match="expected JPEG, PNG, TIFF, WebP, BMP or GIF"):
        read_photograph(tmp_path / "a.jpg")


@pytest.mark.parametrize("ending", ["jpg", "png", "tiff", "bmp", "webp", "gif"])
@pytest.mark.parametrize("kept", [0.02, 0.3, 0.8])
def test_truncated_files(tmp_path: Path, ending: str, kept: float) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (96, 128, 3), dtype=np.uint8)
    path = save(Image.fromarray(noise), tmp_path / f"a.{ending}")
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * kept)])
    with pytest.raises(ValueError, match=r"cut short or damaged") as error:
        read_photograph(path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("size", [(1, 1), (31, 400), (2, 2)])
def test_tiny_pictures(tmp_path: Path, size: tuple[int, int]) -> None:
    path = save(Image.new("RGB", size), tmp_path / "a.png")
    with pytest.raises(ValueError, match=rf"{size[0]}x{size[1]} pixels; expected at least 32"):
        read_photograph(path)


def test_strips(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"12\.5 times longer than wide; allowed is 8"):
        read_photograph(save(Image.new("RGB", (500, 40)), tmp_path / "a.png"))
    assert read_photograph(save(Image.new("RGB", (320, 40)), tmp_path / "b.png")).rgb.shape == (3, 40, 320)


def test_32_bit_pixels(tmp_path: Path) -> None:
    path = save(Image.fromarray(np.ones((48, 64), np.float32)), tmp_path / "a.tiff")
    with pytest.raises(ValueError, match="32 bits a pixel"):
        read_photograph(path)


@given(height=st.integers(32, 9000), width=st.integers(32, 9000), long_side=st.integers(64, 2000))
def test_fit_size_is_even_bounded_and_keeps_the_aspect(height: int, width: int, long_side: int) -> None:
    fitted_height, fitted_width = fit_size(height, width, long_side=long_side)
    assert fitted_height % 2 == 0 and fitted_width % 2 == 0
    assert min(fitted_height, fitted_width) >= 2
    assert max(fitted_height, fitted_width) <= long_side
    scale = min(1.0, long_side / max(height, width))
    assert abs(fitted_height - height * scale) <= 2
    assert abs(fitted_width - width * scale) <= 2


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((1080, 1920), (540, 960)),
        ((500, 741), (500, 740)),
        ((400, 600), (400, 600)),
        ((4000, 3000), (960, 720)),
    ],
)
def test_fit_size_table(size: tuple[int, int], expected: tuple[int, int]) -> None:
    assert fit_size(*size) == expected


def test_fit_size_refuses_nothing_to_fit() -> None:
    with pytest.raises(ValueError, match="cannot fit 10x0"):
        fit_size(0, 10)


def test_shrinking_averages_and_enlarging_stays_in_range() -> None:
    rgb = torch.rand(3, 40, 60, generator=torch.Generator().manual_seed(0))
    small = resize_rgb(rgb, height=10, width=20)
    torch.testing.assert_close(small, rgb.unfold(1, 4, 4).unfold(2, 3, 3).mean(dim=(-1, -2)))
    large = resize_rgb((rgb > 0.5).float(), height=80, width=120)
    assert large.min() >= 0 and large.max() <= 1
    assert resize_rgb(rgb, height=40, width=60) is rgb


def _exif(*, focal35: int) -> Image.Exif:
    exif = Image.Exif()
    exif.get_ifd(IFD.Exif)[Base.FocalLengthIn35mmFilm] = focal35
    return exif


def _fov(width: float, focal: float) -> float:
    return math.degrees(2 * math.atan(width / 2 / focal))


def _png(width: int, height: int, rows: bytes, *, bits: int, color_type: int) -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, bits, color_type, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )
