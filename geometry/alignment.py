"""Bringing a new depth map into the scale of what is already there."""

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from geometry.checks import require_shape

FEWEST = 64
"""Known pixels below which no shift is fitted, only a scale; and nothing is faded in."""

SAMPLES = 65536
"""Known pixels, evenly spread in reading order, that the fit is made to: with noise of one per cent they
leave an error of a few hundredths of one, which the membrane takes up."""

PAIRS = 512
JUDGES = 1024
"""Lines tried, and samples among which each has its median error."""

ROUNDS = 20
OUTLIER = 4.0
"""Residual, in robust standard deviations, from which on a pixel has no say (Tukey's biweight)."""

LEAST_TOLD = 0.2
"""Share of the reference's spread that a line has to explain. Below it is mostly noise that is fitted, and
noise in what a line starts from flattens it (errors in variables)."""

FLOOR = 0.1
"""Least inverse depth of the result, over the least of the known reference."""

FADE = 0.25
"""Distance over which a residual fades to 1 / e, over the larger side of the picture."""

SWEEPS = 12


def align_depth(
    new_depth: Float[Tensor, "height width"],
    reference_depth: Float[Tensor, "height width"],
    known: Bool[Tensor, "height width"],
) -> Float[Tensor, "height width"]:
    """Scale and shift a depth map in inverse depth so that it continues a reference.

    1 / new is mapped to a / new + b, the freedom a relative depth estimate leaves (Ranftl et al. 2020,
    "Towards robust monocular depth estimation"), fitted to 1 / reference over up to
    ``SAMPLES`` known pixels: the best of ``PAIRS`` lines through two of them (least median of squares,
    Rousseeuw 1984), refined with Tukey's biweight, so that up to nearly half of
    the known pixels may be wrong. What is left over at the known pixels is then spread over the others
    by a membrane that fades to zero with distance, so that no step shows at the border and far regions
    keep the fit. Everything is deterministic.

    Args:
        new_depth: Depth to align, > 0 everywhere.
        reference_depth: Depth to align to, > 0 where ``known``; not read elsewhere.
        known: True where the reference covers the pixel. Leave out sky.

    Returns:
        Depth > 0 everywhere: the reference at known pixels, except at outliers. Inverse depth is kept
        above ``FLOOR`` times the least of the known reference. With no known pixel: ``new_depth`` as it
        is. With fewer than ``FEWEST``: scaled by the median ratio only. Where a line cannot be told
        (either depth is constant, or hardly more than noise) or would turn near into far (a <= 0): the
        median ratio, and the membrane.

    Raises:
        ValueError: The maps differ in shape, or a depth that is read is not a finite number > 0.
    """
    require_shape("reference_depth", reference_depth, new_depth.shape)
    require_shape("known", known, new_depth.shape)
    for name, values in (("new_depth", new_depth), ("known reference_depth", reference_depth[known])):
        if not bool((torch.isfinite(values) & (values > 0)).all()):
            raise ValueError(f"{name} has values that are not finite and > 0; expected none")
    if not bool(known.any()):
        return new_depth
    x, y = 1 / new_depth.double(), 1 / reference_depth.double()
    x_known, y_known = x[known], y[known]
    floor = FLOOR * y_known.amin()
    if len(y_known) < FEWEST:
        return (1 / (x * (y_known / x_known).median()).clamp(min=floor)).to(new_depth)
    scale, shift = _robust_line(x_known, y_known)
    fitted = scale * x + shift
    residual = torch.where(known, y - fitted, 0.0)
    trusted = known & (residual.abs() < OUTLIER * _deviation(y_known - (scale * x_known + shift)))
    inverse = fitted + _faded(residual.float(), trusted)
    return (1 / inverse.clamp(min=floor)).to(new_depth)


def _robust_line(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """a, b of y = a x + b; (median ratio, 0) where no rising line can be told."""
    only_scale = (y / x).median(), torch.zeros_like(x[0])
    generator = torch.Generator().manual_seed(0)
    x, y = _thinned(x, SAMPLES), _thinned(y, SAMPLES)
    u, v = _thinned(x, JUDGES), _thinned(y, JUDGES)
    first, second = torch.randint(len(u), (2, PAIRS), generator=generator)
    run = u[second] - u[first]
    level = 1e-4 * u.abs().amax()
    slopes = (v[second] - v[first]) / torch.where(run.abs() > level, run, torch.ones_like(run))
    usable = (run.abs() > level) & (slopes > 0)
    if not bool(usable.any()):
        return only_scale
    slopes, first = slopes[usable], first[usable]
    shifts = v[first] - slopes * u[first]
    errors = (v - slopes[:, None] * u - shifts[:, None]).abs().median(dim=1).values
    scale, shift = slopes[errors.argmin()], shifts[errors.argmin()]
    for _ in range(ROUNDS):
        weight = _weights(y - scale * x - shift)
        total = weight.sum()
        mean_x, mean_y = (weight * x).sum() / total, (weight * y).sum() / total
        variance = (weight * (x - mean_x) ** 2).sum() / total
        if float(variance.sqrt()) <= float(level):
            return only_scale
        scale = (weight * (x - mean_x) * (y - mean_y)).sum() / total / variance
        shift = mean_y - scale * mean_x
    spread = (weight * (y - mean_y) ** 2).sum() / total
    told = bool(scale > 0) and bool(scale**2 * variance >= LEAST_TOLD * spread)
    return (scale, shift) if told else only_scale


def _thinned(values: Tensor, count: int) -> Tensor:
    return values[torch.linspace(0, len(values) - 1, min(count, len(values)), dtype=torch.float64).long()]


def _weights(residual: Tensor) -> Tensor:
    """Tukey's biweight."""
    return (1 - (residual / (OUTLIER * _deviation(residual))) ** 2).clamp(min=0) ** 2


def _deviation(residual: Tensor) -> Tensor:
    """The median absolute residual, as if of a normal law."""
    size = residual.abs()
    return 1.4826 * size.median() + 1e-9 * (1 + size.amax())


def _faded(values: Tensor, source: Tensor) -> Tensor:
    """Source values carried to all other pixels, fading with distance: r'' = r / length^2.

    Solved on a pyramid from coarse to fine, relaxing on every level.
    """
    length = FADE * max(values.shape)
    levels = [(values, source)]
    while min(levels[-1][0].shape) > 2 and not bool(levels[-1][1].all()):
        levels.append(_halved(*levels[-1]))
    result = torch.zeros_like(levels[-1][0])
    for level in range(len(levels) - 1, -1, -1):
        fine, fixed = levels[level]
        guess = F.interpolate(result[None, None], fine.shape, mode="bilinear", align_corners=False)[0, 0]
        result = torch.where(fixed, fine, guess)
        damping = (2**level / length) ** 2
        for _ in range(SWEEPS):
            rim = F.pad(result[None, None], (1, 1, 1, 1), mode="replicate")[0, 0]
            around = rim[:-2, 1:-1] + rim[2:, 1:-1] + rim[1:-1, :-2] + rim[1:-1, 2:]
            result = torch.where(fixed, fine, around / (4 + damping))
    return result


def _halved(values: Tensor, source: Tensor) -> tuple[Tensor, Tensor]:
    """Half size: the mean of the sources among four pixels."""
    weight = F.avg_pool2d(source.to(values)[None, None], 2, ceil_mode=True)[0, 0]
    total = F.avg_pool2d((values * source)[None, None], 2, ceil_mode=True)[0, 0]
    return total / weight.clamp(min=1e-6), weight > 0
