"""Video files through PyAV: H.264 for people, lossless 16-bit FFV1 for depth."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int, UInt8
from torch import Tensor

from voyager_lite.export.atomic import replacing

CONSTANT_QUALITY = 8
"""H.264's CRF: near lossless, for what limits the file is then its halved colour resolution."""

BT709 = 1
"""The colour matrix of HD video, which players assume; FFmpeg would tag nothing and use BT.601."""

REPEATABLE = "mbtree=0:weightp=0:bframes=0"
"""Without the analyses whose results differ from run to run in x264 for widths that are no multiple of 16."""

LIMITED_RANGE = 1
"""Luma from 16 to 235, as every player expects of yuv420p."""

BIT_EXACT = {"fflags": "+bitexact"}
"""No random identifiers, no dates: the same frames give the same file."""


def _address(path: Path) -> str:
    """From the root, as FFmpeg takes what stands before a colon for a protocol."""
    return str(path.absolute())


def write_mp4(path: Path, frames: Iterable[Float[Tensor, "3 height width"]], *, fps: float) -> int:
    """Write RGB frames in [0, 1] as H.264 in yuv420p, which every player opens; returns their number.

    The same frames give the same bytes, for which the encoder has to run on one thread. Odd sizes lose
    their last row or column, as the format asks.
    """
    count = 0
    with replacing(path) as partial, av.open(_address(partial), "w", options=BIT_EXACT) as container:
        stream = container.add_stream("libx264", rate=Fraction(fps).limit_denominator(1001))
        stream.pix_fmt = "yuv420p"
        codec = stream.codec_context
        codec.color_primaries = codec.color_trc = codec.colorspace = BT709
        codec.color_range = LIMITED_RANGE
        stream.options = {
            "crf": str(CONSTANT_QUALITY),
            "preset": "veryfast",
            "threads": "1",
            "x264-params": REPEATABLE,
        }
        for frame in frames:
            planes = to_yuv420(frame)
            if count == 0:
                stream.height, stream.width = planes.shape[0] * 2 // 3, planes.shape[1]
            container.mux(stream.encode(av.VideoFrame.from_ndarray(planes, format="yuv420p")))
            count += 1
        container.mux(stream.encode())
    return count


def to_yuv420(rgb: Float[Tensor, "3 height width"]) -> UInt8[np.ndarray, "rows even_width"]:
    """RGB in [0, 1] to 8-bit Y'CbCr (ITU-R BT.709, limited range), colour at half the resolution.

    Written out because FFmpeg's own conversion rounds differently with where a frame lies in memory.

    Returns:
        The planes as PyAV takes them: Y, then Cb and Cr of half the size, one below the other.
    """
    height, width = (side // 2 * 2 for side in rgb.shape[-2:])
    rgb = rgb[:, :height, :width].clamp(0, 1)
    red, green, blue = rgb
    luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    chroma = torch.stack([(blue - luma) / 1.8556, (red - luma) / 1.5748])
    chroma = F.avg_pool2d(chroma[None], 2)[0]
    planes = torch.cat([16 + 219 * luma.flatten(), 128 + 224 * chroma.flatten()])
    return planes.round().to(torch.uint8).reshape(height * 3 // 2, width).numpy()


def read_mp4(path: Path) -> Iterator[Float[Tensor, "3 height width"]]:
    """RGB frames in [0, 1]."""
    with av.open(_address(path)) as container:
        for frame in container.decode(video=0):
            yield torch.from_numpy(frame.to_ndarray(format="rgb24")).permute(2, 0, 1).float() / 255


def write_depth_video(path: Path, codes: Iterable[Int[Tensor, "height width"]], *, fps: float) -> int:
    """Write 16-bit depth codes without loss; returns the number of frames.

    Codes are those of ``voyager_lite.world.frames.encode_depth``; the rule stands in the file's title.
    """
    count = 0
    with replacing(path) as partial, av.open(_address(partial), "w", options=BIT_EXACT) as container:
        container.metadata["title"] = "depth along the axis = 2 ** ((value - 32768) / 2048); 0: none"
        stream = container.add_stream("ffv1", rate=Fraction(fps).limit_denominator(1001))
        stream.pix_fmt = "gray16le"
        stream.options = {"level": "3", "slices": "4", "slicecrc": "1"}
        for code in codes:
            pixels = code.numpy().astype(np.uint16)
            if count == 0:
                stream.height, stream.width = pixels.shape
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="gray16le")))
            count += 1
        container.mux(stream.encode())
    return count


def read_depth_video(path: Path) -> Iterator[Int[Tensor, "height width"]]:
    """16-bit depth codes."""
    with av.open(_address(path)) as container:
        for frame in container.decode(video=0):
            yield torch.from_numpy(frame.to_ndarray(format="gray16le").astype(np.int32))
