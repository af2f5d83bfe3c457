"""Depth guessed from the layout of a picture: sky, ground, and things that stand on it."""

import math
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from voyager_lite.depth.estimate import DepthEstimate
from voyager_lite.depth.horizon import vanishing_point
from voyager_lite.depth.sketch import Mask, Plane, Rgb, guided_upsample, shrink
from voyager_lite.depth.sky import find_sky, full_size, sky_line
from voyager_lite.depth.standing import ground_likeness, stand_on_ground

TYPICAL_FOV_DEGREES: Final = 60.0
"""Horizontal, used for the scale only, where nobody knows better."""

EYE_HEIGHT: Final = 1.6
"""Of the camera above the ground: what makes the unit about a metre."""

ASSUMED_HORIZON: Final = 0.2
"""Row in shares of the height: pictures without sky or lines into depth mostly look down at something."""

FAR_INSIDE: Final = 10.0
FAR_OUTSIDE: Final = 40.0
LEAST_RATIO: Final = 3.0
"""Distances, in metres if the camera is at eye height, beyond which nothing is told apart."""

_SOURCE: Final = (
    "guessed from the picture's layout (sky, ground, upright things), not measured and not learned; "
    "for better depth pass --depth FILE or a depth model from the Hugging Face hub"
)


@dataclass(frozen=True, kw_only=True)
class Stage:
    """What the whole picture says about the scene.

    Attributes:
        horizon: Row where the ground would end, as a fraction of the height.
        above: How inverse depth goes on above the horizon, in shares of its growth below: 0 for upright
            things behind a horizon that was found, a little where it is only assumed.
        facade: How much of an upright thing holds together across edges (see ``stand_on_ground``).
        nearest: Depth of the ground at the lower edge.
        farthest: Depth at the horizon.
    """

    horizon: float
    above: float
    facade: float
    nearest: float
    farthest: float


class LayoutDepth:
    """The estimator that needs no download: a plain classical layout, deterministic, below a second.

    The ground is a plane from the lower edge to the horizon; what is not ground stands on it and takes the
    depth of its foot; where the picture tells nothing, inverse depth grows down the picture. The field of
    view scales the result and is handed back as given.
    """

    def estimate(
        self, image: Float[Tensor, "3 height width"], *, fov_degrees: float | None = None
    ) -> DepthEstimate:
        """Depth of ``image`` (RGB in [0, 1]); every pixel is either valid or sky."""
        rgb = np.ascontiguousarray(image.permute(1, 2, 0).cpu().numpy(), dtype=np.float32)
        sketch = shrink(rgb)
        sky = find_sky(sketch)
        stage = read_stage(rgb, sky, fov_degrees=fov_degrees or TYPICAL_FOV_DEGREES)
        nearness = draw_nearness(sketch, sky, stage)
        full_sky = full_size(sky, rgb)
        full = guided_upsample(nearness, np.where(sky, 1e-6, 1.0), rgb, radius=4, epsilon=4e-3)
        inverse = 1 / stage.farthest + np.clip(full, 0, 1.5) * (1 / stage.nearest - 1 / stage.farthest)
        valid = torch.from_numpy(~full_sky)
        return DepthEstimate(
            depth=torch.where(valid, torch.from_numpy((1 / inverse).astype(np.float32)), 0.0),
            valid=valid,
            sky=~valid,
            fov_degrees=fov_degrees,
            metric=False,
            source=_SOURCE,
        )


def read_stage(rgb: Float[np.ndarray, "full_height full_width 3"], sky: Mask, *, fov_degrees: float) -> Stage:
    """Horizon from the vanishing point, else from where the sky ends, else assumed near the top.

    A level camera at eye height sees the ground at the lower edge at focal * eye / rows below the horizon.
    """
    found, line = vanishing_point(rgb), sky_line(sky)
    if found is not None:
        horizon = float(np.clip(found[1], 0.15, 0.85))
    elif line is not None:
        horizon = float(np.clip(line + 0.06, 0.35, 0.9))
    else:
        horizon = ASSUMED_HORIZON
    height, width = rgb.shape[:2]
    focal = width / 2 / math.tan(math.radians(fov_degrees) / 2)
    nearest = EYE_HEIGHT * focal / ((1 - horizon) * height)
    unknown = found is None and line is None
    return Stage(
        horizon=horizon,
        above=0.35 if unknown else 0.0,
        facade=0.01 if unknown else 0.1,
        nearest=nearest,
        farthest=max(nearest * LEAST_RATIO, FAR_OUTSIDE if line is not None else FAR_INSIDE),
    )


def draw_nearness(sketch: Rgb, sky: Mask, stage: Stage) -> Plane:
    """Inverse depth in shares: 0 at the horizon, 1 at the lower edge; below 0 in the sky."""
    height, width = sky.shape
    rows = (np.arange(height)[:, None] + 0.5) / height
    share = (rows - stage.horizon) / (1 - stage.horizon)
    plain = np.broadcast_to(np.where(share > 0, share, stage.above * share), (height, width))
    soft = _without_texture(sketch)
    ground = ground_likeness(soft, sky) * np.clip((rows - stage.horizon) / 0.06, 0, 1)
    return stand_on_ground(soft, plain, ground=ground, sky=sky, facade=stage.facade)


def _without_texture(sketch: Rgb) -> Rgb:
    """CIE Lab colours, flattened by mean shift (Comaniciu and Meer, 2002) so that edges are of things."""
    flat = cv2.pyrMeanShiftFiltering((sketch * 255).astype(np.uint8), 4, 12, maxLevel=1)
    return cv2.cvtColor(flat.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
