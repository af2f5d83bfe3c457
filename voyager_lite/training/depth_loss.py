"""What the depth network is asked for: shape up to scale and shift, edges, ratios, sky and lens."""

import torch
import torch.nn.functional as F
from jaxtyping import Bool
from torch import Tensor

from voyager_lite.depth.mini_network import DepthPrediction
from voyager_lite.training.affine import Maps, fit_scale_and_shift
from voyager_lite.training.photographic import PictureBatch

SOFT = 0.15
"""Inverse depth over its mean, added where errors are made relative: beyond it distances count less."""

GRADIENT, RATIO, SKY, FOCAL = 0.7, 0.3, 0.3, 0.1
"""Weights of the terms beside that of the aligned error, 1."""

Masks = Bool[Tensor, "batch height width"]


def shape_error(inverse: Maps, truth: Maps, sky: Masks) -> tuple[Tensor, Tensor]:
    """Error after alignment, and error of its steps between neighbours.

    Both are relative to the true inverse depth (made 1 on the mean); sky is 0, and to be beyond is right.
    Blind to scale and shift of ``inverse`` (Ranftl et al., "MiDaS", PAMI 2022, with gradients at 4 scales).
    """
    matter = (~sky).to(truth)
    share = matter.sum(dim=(1, 2), keepdim=True).clamp(min=1)
    truth = truth / ((truth * matter).sum(dim=(1, 2), keepdim=True) / share).clamp(min=1e-6)
    weight = matter / (truth + SOFT)
    slope, offset = fit_scale_and_shift(inverse, truth, weight)
    error = (slope * inverse + offset - truth) / (truth + SOFT)
    error = torch.where(sky, F.relu(slope * inverse + offset), error)
    steps = error.new_zeros(())
    for scale in (1, 2, 4, 8):
        coarse = error[:, ::scale, ::scale]
        steps = steps + (coarse.diff(dim=1).abs().mean() + coarse.diff(dim=2).abs().mean()) / 4
    return error.abs().mean(), steps


def ratio_error(inverse: Maps, truth: Maps, sky: Masks) -> Tensor:
    """Mean error of log depth after the best common factor: the network is to know the shift as well."""
    matter = ~sky
    logs = inverse.log() - truth.clamp(min=0.02).log()
    factor = torch.where(matter, logs.detach(), torch.nan).flatten(1).nanmedian(dim=1).values
    error = (logs - factor.nan_to_num()[:, None, None]).abs()
    return (error * matter).sum() / matter.sum().clamp(min=1)


def depth_loss(prediction: DepthPrediction, batch: PictureBatch) -> Tensor:
    """The sum of all terms."""
    shape, steps = shape_error(prediction.inverse, batch.inverse, batch.sky)
    ratio = ratio_error(prediction.inverse, batch.inverse, batch.sky)
    sky = F.binary_cross_entropy_with_logits(prediction.sky, batch.sky.to(prediction.sky))
    focal = (prediction.focal - batch.focal).abs().mean()
    return shape + GRADIENT * steps + RATIO * ratio + SKY * sky + FOCAL * focal
