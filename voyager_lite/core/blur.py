"""Gaussian means over part of a picture."""

import cv2
import numpy as np
from jaxtyping import Float32

ENOUGH = 4.0
"""Standard deviation, in pixels, from which on a Gaussian is drawn well."""


def blurred_within(
    values: Float32[np.ndarray, "h w *c"], inside: Float32[np.ndarray, "h w"], sigma: float
) -> Float32[np.ndarray, "h w *c"]:
    """The Gaussian mean around every pixel over what is ``inside`` (0 to 1) alone; ``sigma`` in pixels.

    Wide means are taken of a reduced picture, as a wide Gaussian can hardly tell. Far from all that is
    inside, the mean falls to 0.
    """
    height, width = inside.shape
    step = max(1, int(sigma / ENOUGH))
    size = max(1, width // step), max(1, height // step)

    def mean(part: np.ndarray) -> np.ndarray:
        if step > 1:
            part = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
        blurred: np.ndarray = cv2.GaussianBlur(part, (0, 0), sigma * size[0] / width)
        return cv2.resize(blurred, (width, height), interpolation=cv2.INTER_LINEAR) if step > 1 else blurred

    weight = inside[..., None] if values.ndim == 3 else inside
    share = np.maximum(mean(inside), np.float32(1e-3))
    return mean(values * weight) / (share[..., None] if values.ndim == 3 else share)
