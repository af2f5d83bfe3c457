"""From what light would show to what a camera gives: exposure, softness, grain, JPEG."""

import cv2
import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor


def develop(
    rng: np.random.Generator, rgb: Float[Tensor, "frame 3 height width"]
) -> Float[Tensor, "frame 3 height width"]:
    """The clip as some camera might give it: exposure, white balance, contrast, softness, grain, JPEG."""
    gain = np.exp(rng.normal(0, 0.15)) * np.exp(rng.normal(0, 0.06, 3))
    gamma = float(np.exp(rng.normal(0, 0.15)))
    picture = (rgb.permute(0, 2, 3, 1).numpy() ** gamma * gain).clip(0, 1).astype(np.float32)
    soft, grain = rng.random() < 0.3, 0.03 * rng.random() ** 3
    jpeg = rng.random() < 0.2
    quality = int(rng.integers(40, 96)) if jpeg else 100
    for frame in picture:
        if soft:
            frame[:] = cv2.GaussianBlur(frame, (3, 3), 0.6)
        frame += rng.normal(0, grain, frame.shape).astype(np.float32)
        if jpeg:
            eight_bit = (frame.clip(0, 1) * 255).astype(np.uint8)
            packed = cv2.imencode(".jpg", eight_bit, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
            frame[:] = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR)) / np.float32(255)
    return torch.from_numpy(picture.clip(0, 1)).permute(0, 3, 1, 2).contiguous()
