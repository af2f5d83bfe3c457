"""Frames as bytes: RGB in 8 bits, depth in 16, and what is lost between them and floats: once, here.

Depth is coded by its logarithm, z = 2 ** ((code - 32768) / 2048) scene units, so the relative step is
0.034 % everywhere from 1.5e-5 to 65000 units, and one rule holds for every frame of every world.
Code 0 means no depth.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor

from geometry.camera import Camera
from voyager_lite.clip import Clip

CODES_PER_OCTAVE = 2048
CODE_OF_ONE = 32768


def encode_depth(depth: Float[Tensor, "*batch"]) -> Int[Tensor, "*batch"]:
    """Log-coded depth, 1 to 65535; 0 where ``depth`` is not positive. Depth is in scene units."""
    code = torch.round(torch.log2(depth.clamp_min(1e-30).double()) * CODES_PER_OCTAVE) + CODE_OF_ONE
    return torch.where(depth > 0, code.clamp(1, 65535), 0).to(torch.int32)


def decode_depth(code: Int[Tensor, "*batch"]) -> Float[Tensor, "*batch"]:
    """Depth in scene units; 0 where the code is 0."""
    depth = torch.exp2((code.double() - CODE_OF_ONE) / CODES_PER_OCTAVE).float()
    return torch.where(code > 0, depth, 0.0)


def encode_rgb(rgb: Float[Tensor, "*batch 3 height width"]) -> UInt8[Tensor, "*batch 3 height width"]:
    """8-bit RGB, rounded; values outside [0, 1] are cut."""
    return (rgb * 255).round().clamp(0, 255).to(torch.uint8)


def quantized(clip: Clip) -> Clip:
    """The clip as a world will give it back: going on from it or from the store is then the same."""
    return Clip(
        rgb=encode_rgb(clip.rgb).float() / 255,
        depth=decode_depth(encode_depth(clip.depth)),
        cameras=clip.cameras,
    )


@dataclass(frozen=True, kw_only=True)
class FrameBytes:
    """One stored frame: three PNG files."""

    rgb: bytes
    depth: bytes
    known: bytes


def pack_frame(
    rgb: Float[Tensor, "3 height width"],
    depth: Float[Tensor, "height width"],
    known: Tensor,
) -> FrameBytes:
    """Compress one frame without further loss."""
    pixels = encode_rgb(rgb).permute(1, 2, 0).numpy()[..., ::-1]
    codes = encode_depth(depth).numpy().astype(np.uint16)
    return FrameBytes(
        rgb=_png(np.ascontiguousarray(pixels)),
        depth=_png(codes),
        known=_png(known.numpy().astype(np.uint8) * 255),
    )


def unpack_rgb(data: bytes) -> Float[Tensor, "3 height width"]:
    """RGB in [0, 1]."""
    pixels = _pixels(data, cv2.IMREAD_COLOR)
    return torch.from_numpy(np.ascontiguousarray(pixels[..., ::-1])).permute(2, 0, 1).float() / 255


def unpack_depth(data: bytes) -> Float[Tensor, "height width"]:
    """Depth in scene units."""
    return decode_depth(torch.from_numpy(_pixels(data, cv2.IMREAD_UNCHANGED).astype(np.int32)))


def unpack_known(data: bytes) -> Tensor:
    """Boolean mask."""
    return torch.from_numpy(_pixels(data, cv2.IMREAD_UNCHANGED) > 0)


def pack_cameras(cameras: Camera) -> tuple[bytes, bytes]:
    """``K`` and ``world_to_camera`` as raw little-endian float64."""
    return cameras.K.numpy().astype("<f8").tobytes(), cameras.world_to_camera.numpy().astype("<f8").tobytes()


def unpack_cameras(K: bytes, world_to_camera: bytes, *, height: int, width: int) -> Camera:
    """Inverse of ``pack_cameras``."""
    return Camera(
        K=torch.from_numpy(np.frombuffer(K, "<f8").reshape(-1, 3, 3).copy()),
        world_to_camera=torch.from_numpy(np.frombuffer(world_to_camera, "<f8").reshape(-1, 4, 4).copy()),
        height=height,
        width=width,
    )


def _png(pixels: np.ndarray) -> bytes:
    done, data = cv2.imencode(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    if not done:
        raise OSError(f"PNG encoder refused a picture of shape {pixels.shape}")
    return data.tobytes()


def _pixels(data: bytes, flags: int) -> np.ndarray:
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    if pixels is None:
        raise ValueError("a stored frame is damaged: it is no longer a readable PNG")
    return np.asarray(pixels)
