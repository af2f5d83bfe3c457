"""Photographs: from a picture file to upright RGB, with the field of view the camera wrote into it."""

import logging
import re
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import torch
from jaxtyping import Float
from PIL import Image
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile
from torch import Tensor

from voyager_lite.exif import horizontal_fov_degrees, turn_upright

logger = logging.getLogger(__name__)

MAX_PIXELS: Final = 8_000_000
"""Largest photograph handed on; larger ones are reduced while they are read."""

DECODE_LIMIT: Final = 80_000_000
"""Most pixels that are ever decoded at once (about 240 MB); refused above, before decoding."""

MIN_SIDE: Final = 32
MAX_ASPECT: Final = 8.0

# Every format with its first bytes: an explicit list, so that no rarely tested decoder meets a stranger's
# file. Opening the class itself leaves the size limit to this module, which knows that JPEG can reduce.
_FORMATS: Final[tuple[tuple[bytes, type[ImageFile]], ...]] = (
    (rb"\xff\xd8\xff", JpegImageFile),
    (rb"\x89PNG\r\n\x1a\n", PngImageFile),
    (rb"II\*\x00", TiffImageFile),
    (rb"MM\x00\*", TiffImageFile),
    (rb"RIFF....WEBP", WebPImageFile),
    (rb"BM", BmpImageFile),
    (rb"GIF8", GifImageFile),
)
_ALLOWED: Final = "JPEG, PNG, TIFF, WebP, BMP or GIF"

# What Pillow's decoders raise on damaged files.
_DAMAGE: Final = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    struct.error,
    zlib.error,
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Photograph:
    """A picture as people see it: upright, opaque, RGB.

    Attributes:
        rgb: RGB in [0, 1].
        fov_degrees: Horizontal field of view of the upright picture; None where the file does not tell.
        path: The file it came from.
    """

    rgb: Float[Tensor, "3 height width"]
    fov_degrees: float | None
    path: Path


def read_photograph(path: Path | str, *, max_pixels: int = MAX_PIXELS) -> Photograph:
    """Read a picture file, whatever its colour mode, upright and not larger than ``max_pixels``.

    Grey becomes RGB, 16 bits are kept where the decoder gives them (grey), palette and CMYK are
    converted, transparent parts are laid on white, EXIF rotation is applied, and of an animation the
    first frame is taken. A JPEG above ``max_pixels`` is decoded at 1/2, 1/4 or 1/8 of its size, so its
    full size is never in memory; other formats are decoded up to 80 megapixels and then reduced.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: Not a picture in an allowed format, damaged or cut short, shorter than 32 pixels on
            a side, more than 8 times longer than wide, 32 bits a channel, or too large to decode.
    """
    path = Path(path)
    # Pillow warns about odd metadata; what matters here is decided below and stated as an error.
    with warnings.catch_warnings(action="ignore"), open_picture(path) as image:
        _require_photograph_size(path, image)
        fov = horizontal_fov_degrees(image)
        _draft(path, image, max_pixels)
        load(path, image)
        rgb = _to_rgb(path, turn_upright(image))
    height, width = rgb.shape[:2]
    if height * width > max_pixels:
        shrink = (max_pixels / (height * width)) ** 0.5
        height, width = int(height * shrink), int(width * shrink)
    picture = torch.from_numpy(np.ascontiguousarray(rgb.transpose(2, 0, 1)))
    return Photograph(rgb=resize_rgb(picture, height=height, width=width), fov_degrees=fov, path=path)


def fit_size(height: int, width: int, *, long_side: int = 960) -> tuple[int, int]:
    """Working size (height, width): the same aspect ratio, even (for video), at most ``long_side``.

    Pictures are never enlarged; each side is rounded to the nearest even number, at least 2.

    Raises:
        ValueError: A side is shorter than 1, or ``long_side`` is shorter than 2.
    """
    if height < 1 or width < 1 or long_side < 2:
        raise ValueError(f"cannot fit {width}x{height} into {long_side}; expected sizes >= 1, limit >= 2")
    scale = min(1.0, long_side / max(height, width))
    limit = long_side - long_side % 2
    return tuple(min(limit, max(2, 2 * round(side * scale / 2))) for side in (height, width))  # type: ignore[return-value]


def resize_rgb(
    rgb: Float[Tensor, "3 old_height old_width"], *, height: int, width: int
) -> Float[Tensor, "3 height width"]:
    """Resize a picture: exact area averages when shrinking, clipped cubic when enlarging.

    Corners stay on corners (pixel centres at +0.5), so intrinsics scale with the size.
    """
    if rgb.shape[1:] == (height, width):
        return rgb
    shrinks = height <= rgb.shape[1] and width <= rgb.shape[2]
    resized = cv2.resize(
        np.ascontiguousarray(rgb.permute(1, 2, 0).cpu().numpy()),
        (width, height),
        interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC,
    )
    return torch.from_numpy(np.ascontiguousarray(resized.transpose(2, 0, 1))).clamp_(0, 1)


@contextmanager
def open_picture(path: Path) -> Iterator[ImageFile]:
    """Open a picture file by its content, without decoding it; the name's ending does not matter.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: A folder, an empty file, another format, or damaged anywhere that is looked at.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist; expected a picture file ({_ALLOWED})")
    if not path.is_file():
        raise ValueError(f"{path} is not a file; expected a picture file ({_ALLOWED})")
    with path.open("rb") as file:
        start = file.read(16)
        if not start:
            raise ValueError(f"{path} is empty (0 bytes); expected a picture file ({_ALLOWED})")
        decoder = next(
            (decoder for pattern, decoder in _FORMATS if re.match(pattern, start, re.DOTALL)), None
        )
        if decoder is None:
            raise ValueError(f"{path} is no picture this program reads; expected {_ALLOWED}")
        file.seek(0)
        try:
            image = decoder(file)
        except _DAMAGE as error:
            raise damaged(path, error) from error
        with image:
            yield image


def load(path: Path, image: ImageFile) -> None:
    """Decode an opened picture, if it fits into memory.

    Raises:
        ValueError: More than ``DECODE_LIMIT`` pixels, or damaged.
    """
    width, height = image.size
    if width * height > DECODE_LIMIT:
        raise ValueError(
            f"{path} has {width}x{height} = {width * height / 1e6:.0f} megapixels; allowed are "
            f"{DECODE_LIMIT // 10**6} (more only for baseline JPEG, which can be read reduced)"
        )
    try:
        image.load()
    except _DAMAGE as error:
        raise damaged(path, error) from error


def damaged(path: Path, error: BaseException) -> ValueError:
    """The one-line answer to whatever a decoder raises on a broken file."""
    reason = " ".join(str(error).split()) or type(error).__name__
    return ValueError(f"{path} is cut short or damaged: {reason}")


def _require_photograph_size(path: Path, image: ImageFile) -> None:
    width, height = image.size
    if min(width, height) < MIN_SIDE:
        raise ValueError(f"{path} is {width}x{height} pixels; expected at least {MIN_SIDE} on each side")
    if max(width, height) > MAX_ASPECT * min(width, height):
        raise ValueError(
            f"{path} is {width}x{height}, {max(width, height) / min(width, height):.1f} times longer than "
            f"wide; allowed is {MAX_ASPECT:g} times (no lens sees such a strip: crop it)"
        )


def _draft(path: Path, image: ImageFile, max_pixels: int) -> None:
    """Let a JPEG decoder reduce as far as needed while it reads."""
    width, height = image.size
    # A progressive JPEG keeps all its coefficients in memory whatever the size it is read at.
    if isinstance(image, JpegImageFile) and not (
        image.info.get("progressive") and width * height > DECODE_LIMIT
    ):
        for divisor in (1, 2, 4, 8):
            if width * height <= max_pixels * divisor**2:
                break
        if divisor > 1:
            image.draft(None, (-(-width // divisor), -(-height // divisor)))
            logger.info("%s has %dx%d pixels and is read at %dx%d", path, width, height, *image.size)


def _to_rgb(path: Path, image: Image.Image) -> Float[np.ndarray, "height width 3"]:
    """Decoded pixels as float32 RGB in [0, 1]; transparency on white."""
    if image.mode.startswith("I;16"):
        grey = np.asarray(image, dtype=np.float32) / 65535
        return np.repeat(grey[..., None], 3, axis=2)
    if image.mode in ("I", "F"):
        raise ValueError(f"{path} has 32 bits a pixel (mode {image.mode}); expected 8 or 16 bits a channel")
    if image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info:
        rgba = np.asarray(image.convert("RGBA"), dtype=np.float32) / 255
        alpha = rgba[..., 3:]
        return rgba[..., :3] * alpha + (1 - alpha)
    return np.asarray(image.convert("RGB"), dtype=np.float32) / 255
