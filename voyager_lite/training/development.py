"""From what light would show to what a camera gives: exposure, vignette, softness, grain, JPEG."""

import cv2
import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

LEAST_GRAIN = 0.002
"""Weaker grain drowns in eight bits."""


def develop(
    rng: np.random.Generator, rgb: Float[Tensor, "frame 3 height width"]
) -> Float[Tensor, "frame 3 height width"]:
    """The clip as one camera might give it: exposure, white balance, vignette, softness, grain, JPEG."""
    gain = (np.exp(rng.normal(0, 0.15)) * np.exp(rng.normal(0, 0.06, 3))).astype(np.float32)
    gamma = np.float32(np.exp(rng.normal(0, 0.15)))
    picture = np.minimum(rgb.permute(0, 2, 3, 1).numpy() ** gamma * gain, 1)
    if rng.random() < 0.3:
        picture *= _vignette(*picture.shape[1:3], strength=rng.uniform(0.1, 0.45))
    softness, grain = rng.uniform(0.35, 0.8) if rng.random() < 0.35 else 0.0, 0.03 * rng.random() ** 3
    quality = int(rng.integers(40, 96)) if rng.random() < 0.2 else 100
    for frame in picture:
        if softness:
            frame[:] = cv2.GaussianBlur(frame, (5, 5), softness)
        if grain > LEAST_GRAIN:
            frame += np.float32(grain) * rng.standard_normal(frame.shape, dtype=np.float32)
        if quality < 100:
            eight_bit = (frame.clip(0, 1) * 255).astype(np.uint8)
            packed = cv2.imencode(".jpg", eight_bit, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
            frame[:] = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR)) / np.float32(255)
    return torch.from_numpy(picture.clip(0, 1)).permute(0, 3, 1, 2).contiguous()


def _vignette(height: int, width: int, *, strength: float) -> Float[np.ndarray, "height width 1"]:
    """How much light falls off towards the corners: by ``strength`` there, with the radius squared."""
    y, x = np.linspace(-1, 1, height, dtype=np.float32), np.linspace(-1, 1, width, dtype=np.float32)
    return 1 - np.float32(strength / 2) * (y[:, None, None] ** 2 + x[None, :, None] ** 2)
