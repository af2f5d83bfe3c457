"""`voyager-lite evaluate rims`: whether a picture goes on beyond its rim without fog and without a step.

A side of a photograph is hidden and made again. What is made cannot be what was there; but it can be as
rich in light and shade, and as quiet at the border, as what was. A mean of all that might be there is
nearest to the truth, and is fog.
"""

import math
from pathlib import Path
from statistics import fmean

import cv2
import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from tqdm import tqdm

from voyager_lite.clip import Guidance
from voyager_lite.core.fill import background_fill
from voyager_lite.core.generator import Generator, Request
from voyager_lite.depth.mini import DepthMini
from voyager_lite.evaluation import baselines
from voyager_lite.evaluation.bench import BenchRow
from voyager_lite.evaluation.fills import OWN_FILL
from voyager_lite.evaluation.metrics import psnr
from voyager_lite.opening import Opening, View, open_photograph
from voyager_lite.photograph import fit_size, read_photograph
from voyager_lite.samples import SAMPLES, read_sample

HIDDEN = 0.22
"""Share of the width that is hidden, on the left and on the right in turn."""

LONG_SIDE = 480
"""Of the pictures, in pixels."""

COARSE = 0.01
"""Standard deviation, in widths, of the blur that leaves light and shade."""

LEAST = 1e-4
"""Added to what is divided by: pictures may be black."""

BESIDE, ALONG = 4, 5
"""Pixels on either side of the border whose means are compared, and along it."""

FIGURES = {"light": "light and shade", "detail": "detail", "step": "step at the border"}
"""Those that are measured against the photograph's own."""


def rims_rows(core: Generator, *, folder: Path | None = None) -> list[BenchRow]:
    """Light and shade, steps at the border, and PSNR where sides of photographs were hidden.

    Each beside our smooth fill, Navier-Stokes inpainting, or the photograph's own.

    Args:
        core: What is judged.
        folder: Photographs; without it those that come inside packages.
    """
    if folder is None:
        photographs = [read_sample(name).photograph for name in SAMPLES]
    else:
        files = [file for file in sorted(folder.iterdir()) if file.suffix in (".jpg", ".png")]
        photographs = [read_photograph(file) for file in files]
    found: dict[str, list[dict[str, float]]] = {core.name: [], OWN_FILL: [], "Navier-Stokes": []}
    depth = DepthMini.from_pretrained()
    for photograph in tqdm(photographs, unit="picture", desc="rims", leave=False, disable=None):
        height, width = fit_size(*photograph.rgb.shape[-2:], long_side=LONG_SIDE)
        view = View(height=height, width=width)
        opening = open_photograph(photograph, depth.estimate(photograph.rgb), view=view)
        truth = opening.clip.rgb[0]
        for side in ("left", "right"):
            guidance = hidden(opening, side)
            given = guidance.rgb, guidance.depth, guidance.known
            made = core.generate(guidance, reference=guidance.rgb[0], request=Request(seed=0))
            fill, _ = background_fill(*given, sky_from=guidance.sky_from)
            inpainted, _ = baselines.navier_stokes(*given)
            for name, rgb in ((core.name, made.rgb), (OWN_FILL, fill), ("Navier-Stokes", inpainted)):
                found[name].append(figures(rgb[0], truth, guidance.known[0]))
    case = f"{HIDDEN:.0%} of one side hidden, {len(photographs)} photographs"
    return _rows(found, ours=core.name, case=case)


def hidden(opening: Opening, side: str) -> Guidance:
    """A photograph and its depth without one side."""
    clip = opening.clip
    width = clip.rgb.shape[3]
    columns = torch.arange(width) if side == "left" else torch.arange(width).flip(0)
    known = (columns >= round(HIDDEN * width)).expand_as(clip.depth)
    sky_distance = opening.origin["sky_distance"]
    assert isinstance(sky_distance, float)
    return Guidance(
        rgb=clip.rgb * known[:, None],
        depth=clip.depth * known,
        known=known.clone(),
        cameras=clip.cameras,
        sky_from=sky_distance / 2,
    )


def figures(
    rgb: Float[Tensor, "3 height width"], truth: Float[Tensor, "3 height width"], known: Tensor
) -> dict[str, float]:
    """Contrasts and the step at the border as logarithms of ratios to the truth's, and PSNR."""
    light, detail = np.log(contrasts(rgb, known)) - np.log(contrasts(truth, known))
    return {
        "light": float(light),
        "detail": float(detail),
        "step": math.log(step_at_border(rgb, known) / step_at_border(truth, known)),
        "PSNR": psnr(rgb[None], truth[None], ~known[None]),
    }


def contrasts(rgb: Float[Tensor, "3 height width"], known: Tensor) -> tuple[float, float]:
    """Standard deviations of the colours of a hidden side, in RGB: of what a blur leaves, and takes away."""
    side = np.ascontiguousarray(rgb[:, :, ~known[0]].permute(1, 2, 0).numpy())
    blurred = cv2.GaussianBlur(side, (0, 0), COARSE * rgb.shape[2])
    light = np.sqrt(np.square(blurred - blurred.mean(axis=(0, 1))).mean())
    return float(light) + LEAST, float(np.sqrt(np.square(side - blurred).mean())) + LEAST


def step_at_border(rgb: Float[Tensor, "3 height width"], known: Tensor) -> float:
    """Mean difference between the colours on both sides of an upright border, in RGB."""
    border = int(known[0].int().diff().abs().argmax()) + 1
    left, right = rgb[:, :, border - BESIDE : border], rgb[:, :, border : border + BESIDE]
    step = (left.mean(dim=2) - right.mean(dim=2)).T.contiguous().numpy()
    return float(np.abs(cv2.blur(step, (1, ALONG))).mean()) + LEAST


def _rows(found: dict[str, list[dict[str, float]]], *, ours: str, case: str) -> list[BenchRow]:
    def ratio(name: str, figure: str) -> float:
        """The geometric mean over all cases."""
        return math.exp(fmean(one[figure] for one in found[name]))

    rows = []
    for other in (OWN_FILL, "Navier-Stokes"):
        for figure, name in FIGURES.items():
            mine, its = ratio(ours, figure), ratio(other, figure)
            row = BenchRow(
                name=f"rims: {name}",
                ours=mine,
                baseline=its,
                baseline_name=other,
                ratio=mine / its,
                unit="of the photograph's",
                case=f"{case}; 1 would be right",
            )
            rows.append(row)
        mine, its = (fmean(one["PSNR"] for one in found[name]) for name in (ours, other))
        rows.append(
            BenchRow(
                name="rims: PSNR",
                ours=mine,
                baseline=its,
                baseline_name=other,
                ratio=None,
                unit="dB",
                case=f"{case}; {mine - its:+.2f}",
            )
        )
    return rows
