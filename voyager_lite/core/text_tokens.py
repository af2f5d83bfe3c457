"""Several text encoders joined into one sequence that a network attends to."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn


@dataclass(frozen=True, kw_only=True, eq=False)
class TextTokens:
    """What one encoder makes of a batch of prompts.

    Attributes:
        tokens: The encoder's states.
        valid: True for tokens of the prompt, False for padding.
    """

    tokens: Float[Tensor, "batch token channel"]
    valid: Bool[Tensor, "batch token"]


def join(parts: Sequence[TextTokens]) -> TextTokens:
    """One sequence of all parts' tokens: valid ones first, in order, then the padding, which is zero.

    Networks that are told only how many tokens are valid (HunyuanVideo) need them in front.

    Raises:
        ValueError: No parts, or parts of different batches or widths.
    """
    if not parts:
        raise ValueError("no text is given; expected the tokens of at least one encoder")
    shapes = {(part.tokens.shape[0], part.tokens.shape[2]) for part in parts}
    if len(shapes) > 1:
        raise ValueError(f"text tokens have (batch, channel) {sorted(shapes)}; expected the same of all")
    tokens = torch.cat([part.tokens for part in parts], dim=1)
    valid = torch.cat([part.valid for part in parts], dim=1)
    order = (~valid).int().argsort(dim=1, stable=True)
    valid = valid.gather(1, order)
    tokens = tokens.gather(1, order[..., None].expand_as(tokens))
    return TextTokens(tokens=torch.where(valid[..., None], tokens, 0.0), valid=valid)


class JoinedText(nn.Module):
    """Encoders of different widths, each projected and normalised, then joined (Movie Gen, section 3.1.4).

    Args:
        widths: Channels of each encoder, in the order in which their tokens are joined.
        channels: Of the result.
    """

    def __init__(self, widths: Sequence[int], *, channels: int) -> None:
        super().__init__()
        self.projections = nn.ModuleList(
            nn.Sequential(nn.Linear(width, channels), nn.LayerNorm(channels)) for width in widths
        )

    def forward(self, parts: Sequence[TextTokens]) -> TextTokens:
        """Join one encoding a projection.

        Raises:
            ValueError: Another number of parts than there are projections.
        """
        if len(parts) != len(self.projections):
            raise ValueError(f"text of {len(parts)} encoders is given; expected {len(self.projections)}")
        return join(
            [
                TextTokens(tokens=project(part.tokens), valid=part.valid)
                for project, part in zip(self.projections, parts, strict=True)
            ]
        )
