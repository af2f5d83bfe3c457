"""Scale and shift between two maps of inverse depth, of which one or both are known up to these only."""

import torch
from jaxtyping import Float
from torch import Tensor

STEEPEST = 0.1
"""Least slope of the fit in shares of the ratio of the deviations, so that a wrong guess can still learn."""

Maps = Float[Tensor, "batch height width"]


@torch.no_grad()
def fit_scale_and_shift(
    inverse: Maps, truth: Maps, weight: Maps
) -> tuple[Float[Tensor, "batch 1 1"], Float[Tensor, "batch 1 1"]]:
    """Slope and offset with the least weighted absolute error of ``slope * inverse + offset``.

    Four rounds of reweighted least squares. No gradient flows through, as none is needed at the optimum.

    Args:
        inverse: Fitted.
        truth: Fitted to; near 1 on the mean.
        weight: How much each pixel counts, >= 0.
    """
    kept = weight
    for _ in range(4):
        share = kept / kept.sum(dim=(1, 2), keepdim=True).clamp(min=1e-6)
        x = (share * inverse).sum(dim=(1, 2), keepdim=True)
        y = (share * truth).sum(dim=(1, 2), keepdim=True)
        spread = (share * (inverse - x).square()).sum(dim=(1, 2), keepdim=True).clamp(min=1e-12)
        wanted = (share * (truth - y).square()).sum(dim=(1, 2), keepdim=True)
        slope = (share * (inverse - x) * (truth - y)).sum(dim=(1, 2), keepdim=True) / spread
        slope = torch.maximum(slope, STEEPEST * (wanted / spread).sqrt())
        offset = y - slope * x
        kept = weight / (slope * inverse + offset - truth).abs().clamp(min=0.03)
    return slope, offset
