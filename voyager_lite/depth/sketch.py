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

    The guided filter (He, Sun and Tang, "Guided image filtering", PAMI 2013; at two sizes as in "Fast
    guided filter", 2015): in every window the values are explained as a * grey + b. Windows are weighted,
    so that what has no weight bleeds nowhere. The result stays between the smallest and the largest
    value nearby, so an unusual grey cannot throw a spike.

    Args:
        values: The map, at the sketch's size.
        weight: How much each value counts, >= 0.
        rgb: The picture at full size, in [0, 1].
        radius: Half the window's side, in pixels of the sketch.
        epsilon: Contrast (variance of grey) below which the picture is taken as flat.
    """
    height, width = values.shape
    grey = cv2.cvtColor(np.ascontiguousarray(rgb, dtype=np.float32), cv2.COLOR_RGB2GRAY)
    guide = cv2.resize(grey, (width, height), interpolation=cv2.INTER_AREA).astype(np.float64)
    window = (2 * radius + 1, 2 * radius + 1)

    def mean(plane: Plane) -> Plane:
        return cv2.boxFilter(plane, -1, window, borderType=cv2.BORDER_REFLECT)

    total = mean(weight.astype(np.float64)) + 1e-9
    guide_mean = mean(weight * guide) / total
    value_mean = mean(weight * values) / total
    covariance = mean(weight * guide * values) / total - guide_mean * value_mean
    variance = mean(weight * guide * guide) / total - guide_mean**2
    slope = covariance / (np.maximum(variance, 0) + epsilon)
    offset = value_mean - slope * guide_mean
    # A window's answer counts as much as it holds weight.
    slope, offset = mean(slope * total) / mean(total), mean(offset * total) / mean(total)

    full = (grey.shape[1], grey.shape[0])
    drawn = _enlarge(slope, full) * grey + _enlarge(offset, full)
    near = np.ones(window, np.uint8)
    counted = weight > 0
    low = cv2.erode(np.where(counted, values, np.inf), near)
    high = cv2.dilate(np.where(counted, values, -np.inf), near)
    low, high = np.where(low > high, values, low), np.where(low > high, values, high)
    return np.clip(drawn, _enlarge(low, full), _enlarge(high, full))


def _enlarge(plane: Plane, size: tuple[int, int]) -> Float[np.ndarray, "full_height full_width"]:
    return cv2.resize(plane.astype(np.float32), size, interpolation=cv2.INTER_LINEAR)
