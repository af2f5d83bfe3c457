"""Where a picture shows sky, told from colour, texture and place."""

import cv2
import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from voyager_lite.depth.sketch import Mask, Plane, Rgb, guided_upsample, shrink

_BINS = (12, 14, 14)
"""Of lightness and the two colour axes of CIE Lab."""


def find_sky(sketch: Rgb) -> Mask:
    """Sky: bright, smooth, not warmer than grey, and grown from the picture's upper edge.

    Sure sky is found first; then its colours, against those of the picture below, decide what joins it
    (clouds, haze). A white wall looks like an overcast sky, and a wall in the sky is worse than a sky on a
    wall, so little or colourless sky is not believed. A grey photograph therefore has sky only if it is
    large and bright.

    Args:
        sketch: RGB in [0, 1], about 256 pixels long.

    Returns:
        True where there is sky; all False if the picture shows none.
    """
    height, width = sketch.shape[:2]
    seeds = _joined_to_top(_likeness(sketch) > 0.3)
    if not _believable(sketch, seeds):
        return np.zeros((height, width), bool)
    ends = _lowest_rows(seeds)
    rows = np.arange(height)[:, None]
    evidence = _color_evidence(sketch, seeds, ~seeds & (rows > np.quantile(ends, 0.5)))
    lowest = int(np.quantile(ends, 0.98))
    sky = _joined_to_top(seeds | ((evidence > 0.5) & (rows <= lowest + 2)))
    return _without_specks(sky, lowest)


def sky_of(image: Float[Tensor, "3 height width"]) -> Bool[Tensor, "height width"]:
    """Sky of a picture (RGB in [0, 1]) at its own size, its rim on the picture's edges."""
    rgb = np.ascontiguousarray(image.permute(1, 2, 0).cpu().numpy(), dtype=np.float32)
    return torch.from_numpy(full_size(find_sky(shrink(rgb)), rgb))


def full_size(sky: Mask, rgb: Float[np.ndarray, "full_height full_width 3"]) -> Bool[np.ndarray, "..."]:
    """A sketch's sky at the size of ``rgb``."""
    share = guided_upsample(sky.astype(np.float64), np.ones(sky.shape), rgb, radius=4, epsilon=1e-3)
    return share > 0.5


def sky_line(sky: Mask) -> float | None:
    """How far down the sky reaches, as a fraction of the height; None without sky."""
    if not sky.any():
        return None
    return float(np.quantile(_lowest_rows(sky), 0.95)) / sky.shape[0]


def _likeness(sketch: Rgb) -> Plane:
    red, blue = sketch[..., 0], sketch[..., 2]
    grey = cv2.GaussianBlur(sketch.mean(axis=2), (0, 0), 1.0)
    steps = np.hypot(cv2.Sobel(grey, -1, 1, 0, scale=1 / 8), cv2.Sobel(grey, -1, 0, 1, scale=1 / 8))
    texture = cv2.boxFilter(steps, -1, (5, 5))
    bright = np.clip((sketch.max(axis=2) - 0.45) / 0.3, 0, 1)
    cool = np.clip((blue - red + 0.06) / 0.1, 0, 1)
    smooth = np.clip((0.06 - texture) / 0.03, 0, 1)
    return bright * cool * smooth


def _believable(sketch: Rgb, seeds: Mask) -> bool:
    """Thresholds set on 16 pictures with and 25 frames without sky, with a margin to both."""
    area, width = float(seeds.mean()), float(seeds[:3].any(axis=0).mean())
    if area < 0.04 or width < 0.2:
        return False
    blueness = float((sketch[..., 2] - sketch[..., 0])[seeds].mean())
    brightness = float(sketch.max(axis=2)[seeds].mean())
    return area * blueness > 0.011 or (area > 0.25 and width > 0.6 and brightness > 0.85)


def _color_evidence(sketch: Rgb, sky: Mask, other: Mask) -> Plane:
    """Log ratio of how often a colour occurs in the two regions, averaged over 5x5 pixels."""
    from scipy.ndimage import gaussian_filter

    lab = cv2.cvtColor(cv2.GaussianBlur(sketch, (0, 0), 0.7), cv2.COLOR_RGB2LAB)
    unit = (lab - (0.0, -60.0, -60.0)) / (100.0, 120.0, 120.0)
    cell = np.clip(unit * (np.array(_BINS) - 1), 0, np.array(_BINS) - 1).astype(np.int64)
    index = np.ravel_multi_index(tuple(np.moveaxis(cell, -1, 0)), _BINS)

    def frequency(region: Mask) -> np.ndarray:
        count = np.bincount(index[region], minlength=int(np.prod(_BINS))).astype(np.float64)
        return gaussian_filter(count.reshape(_BINS), 0.8) / max(1.0, count.sum())

    ratio = np.log((frequency(sky) + 1e-5) / (frequency(other) + 1e-5)).ravel()[index]
    return cv2.boxFilter(ratio, -1, (5, 5))


def _joined_to_top(mask: Mask) -> Mask:
    _, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)
    return mask & np.isin(labels, np.unique(labels[:2][mask[:2]]))


def _lowest_rows(sky: Mask) -> np.ndarray:
    """The lowest sky row of every column that has sky."""
    last = sky.shape[0] - 1 - np.argmax(sky[::-1], axis=0)
    return last[sky.any(axis=0)]


def _without_specks(sky: Mask, lowest: int) -> Mask:
    """Birds, wires and dark cloud inside the sky become sky."""
    height, width = sky.shape
    count, labels, boxes, _ = cv2.connectedComponentsWithStats((~sky).astype(np.uint8), connectivity=4)
    ends = boxes[:, cv2.CC_STAT_TOP] + boxes[:, cv2.CC_STAT_HEIGHT]
    small = (boxes[:, cv2.CC_STAT_AREA] < 0.01 * height * width) & (ends < min(lowest, height))
    small[0] = False
    return sky | np.isin(labels, np.arange(count)[small])
