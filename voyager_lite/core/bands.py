"""A picture's texture in bands of size, and where it looks alike all over."""

import itertools
from collections.abc import Sequence

import cv2
import numpy as np
from jaxtyping import Float32

FINEST, FINE, COARSE = 0.004, 0.017, 0.05
"""Standard deviations, in widths, of the blurs between bands: what is finer than the first, than the
second, than the third. Of most pictures the first two bands are texture; what is coarser shows things."""

ALIKE_WITHIN = 0.15
"""Standard deviation, in widths, of the surroundings that look alike or do not."""

LEAST_DRIFT, MOST_DRIFT = 0.06, 0.12
"""Share of what varies within these surroundings that is coarser than ``COARSE``, up to which they look
alike all over, and from which on they do not. Gravel has 0.02, photographs of things half and more."""

ENOUGH = 4.0
"""Standard deviation, in pixels, from which on a Gaussian is drawn well."""


def blurred_within(
    values: Float32[np.ndarray, "h w *c"], inside: Float32[np.ndarray, "h w"], sigma: float
) -> Float32[np.ndarray, "h w *c"]:
    """The Gaussian mean around every pixel over what is ``inside`` (0 to 1) alone; ``sigma`` in pixels.

    Wide means are taken of a reduced picture, as a wide Gaussian can hardly tell.
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


def split(
    values: Float32[np.ndarray, "h w *c"], inside: Float32[np.ndarray, "h w"]
) -> list[Float32[np.ndarray, "h w *c"]]:
    """Three bands, the finest first; what is coarser than the last is left out."""
    width = inside.shape[1]
    levels = [values, *(blurred_within(values, inside, sigma * width) for sigma in (FINEST, FINE, COARSE))]
    return [finer - coarser for finer, coarser in itertools.pairwise(levels)]


def strengths(
    bands: Sequence[Float32[np.ndarray, "h w 3"]], share: Float32[np.ndarray, "h w"]
) -> list[float]:
    """The root mean square of each band's grey over pixels of this share; 0 where there are none."""
    total = max(float(share.sum()), 1.0)
    return [float(np.sqrt((share * band.mean(axis=2) ** 2).sum() / total)) for band in bands]


def looks_alike(
    rgb: Float32[np.ndarray, "h w 3"], inside: Float32[np.ndarray, "h w"]
) -> Float32[np.ndarray, "h w"]:
    """How much the surroundings of each pixel look alike all over, 0 to 1.

    They do if what varies in them is fine: on a wall of gravel any piece shows stones, and as many.
    """
    width = inside.shape[1]
    grey = rgb.mean(axis=2)
    wide, coarse = (blurred_within(grey, inside, sigma * width) for sigma in (ALIKE_WITHIN, COARSE))
    varies, drifts = (
        blurred_within((part - wide) ** 2, inside, ALIKE_WITHIN * width) for part in (grey, coarse)
    )
    share = drifts / np.maximum(varies, np.float32(1e-5))
    return np.clip((MOST_DRIFT - share) / (MOST_DRIFT - LEAST_DRIFT), 0, 1)
