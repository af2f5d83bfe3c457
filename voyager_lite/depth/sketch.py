"""The small copy of a picture that the layout is drawn on, and the way back to full size."""

import cv2
import numpy as np
from jaxtyping import Bool, Float

SKETCH_SIDE = 256
"""Long side of the sketch: depth is guessed in strokes, not in pixels."""

Rgb = Float[np.ndarray, "height width 3"]
Plane = Float[np.ndarray, "height width"]
Mask = Bool[np.ndarray, "height width"]


def shrink(rgb: Float[np.ndarray, "full_height full_width 3"], *, long_side: int = SKETCH_SIDE) -> Rgb:
    """Area average to the given long side; smaller pictures stay as they are."""
    height, width = rgb.shape[:2]
    scale = min(1.0, long_side / max(height, width))
    size = (max(8, round(width * scale)), max(8, round(height * scale)))
    return cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)


def guided_upsample(
    values: Plane,
    weight: Plane,
    rgb: Float[np.ndarray, "full_height full_width 3"],
    *,
    radius: int,
    epsilon: float,
) -> Float[np.ndarray, "full_height full_width"]:
    """Bring a small map to the picture's size so that its steps fall on the picture's edges.

    The guided filter with a colour guide (He, Sun and Tang, "Guided image filtering", PAMI 2013; at two
    sizes as in "Fast guided filter", 2015): in every window the values are explained as a . colour + b.
    Windows are weighted, so that what has no weight bleeds nowhere. The result stays between the smallest
    and the largest value nearby, so an unusual colour cannot throw a spike.

    Args:
        values: The map, at the sketch's size.
        weight: How much each value counts, >= 0.
        rgb: The picture at full size, in [0, 1].
        radius: Half the window's side, in pixels of the sketch.
        epsilon: Contrast (variance of a channel) below which the picture is taken as flat.
    """
    height, width = values.shape
    guide = cv2.resize(rgb, (width, height), interpolation=cv2.INTER_AREA).astype(np.float64)
    window = (2 * radius + 1, 2 * radius + 1)

    def mean(planes: np.ndarray) -> np.ndarray:
        return cv2.boxFilter(planes, -1, window, borderType=cv2.BORDER_REFLECT)

    total = mean(weight.astype(np.float64)) + 1e-9
    share = weight[..., None]
    guide_mean = mean(share * guide) / total[..., None]
    value_mean = mean(weight * values) / total
    covariance = (
        mean(share * guide * values[..., None]) / total[..., None] - guide_mean * value_mean[..., None]
    )
    products = (guide[..., :, None] * guide[..., None, :]).reshape(height, width, 9)
    spread = (mean(share * products) / total[..., None]).reshape(height, width, 3, 3)
    spread = spread - guide_mean[..., :, None] * guide_mean[..., None, :] + epsilon * np.eye(3)
    slope = np.linalg.solve(spread, covariance[..., None])[..., 0]
    offset = value_mean - (slope * guide_mean).sum(axis=-1)
    # A window's answer counts as much as it holds weight.
    slope = mean(slope * total[..., None]) / mean(total)[..., None]
    offset = mean(offset * total) / mean(total)

    full = (rgb.shape[1], rgb.shape[0])
    drawn = (_enlarge(slope, full) * rgb).sum(axis=-1) + _enlarge(offset, full)
    near = np.ones(window, np.uint8)
    counted = weight > 0
    low = cv2.erode(np.where(counted, values, np.inf), near)
    high = cv2.dilate(np.where(counted, values, -np.inf), near)
    low, high = np.where(low > high, values, low), np.where(low > high, values, high)
    return np.clip(drawn, _enlarge(low, full), _enlarge(high, full))


def _enlarge(planes: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return cv2.resize(planes.astype(np.float32), size, interpolation=cv2.INTER_LINEAR)
