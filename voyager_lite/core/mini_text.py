"""Prompts as bytes: no vocabulary, no tokenizer, every language (ByT5, Xue et al. 2021, arXiv 2105.13626)."""

import torch
import torch.nn.functional as F
from jaxtyping import Float, UInt8
from torch import Tensor, nn

MOST_BYTES = 96
"""Longer prompts are cut, at the end of a character."""

BYTES_PER_TOKEN = 4

SUGGESTED = (6, 9)
"""Rows and columns of the picture that a prompt suggests on its own."""


def prompt_bytes(prompts: list[str]) -> UInt8[Tensor, "prompt 96"]:
    """UTF-8 bytes of each prompt, 0 after its end; an empty prompt is all 0."""
    rows = torch.zeros(len(prompts), MOST_BYTES, dtype=torch.uint8)
    for row, prompt in zip(rows, prompts, strict=True):
        whole = prompt.encode()[:MOST_BYTES].decode(errors="ignore").encode()
        row[: len(whole)] = torch.tensor(list(whole), dtype=torch.uint8)
    return rows


class TextReader(nn.Module):
    """Tokens of a prompt, one summary vector, and the coarse colours that its words alone suggest."""

    def __init__(self, width: int, *, features: int = 64) -> None:
        super().__init__()
        self.letters = nn.Embedding(256, features)
        self.words = nn.Conv1d(features, width, 7, padding=3)
        self.gather = nn.Conv1d(width, width, BYTES_PER_TOKEN + 4, stride=BYTES_PER_TOKEN, padding=2)
        self.place = nn.Parameter(0.02 * torch.randn(MOST_BYTES // BYTES_PER_TOKEN, width))
        self.summary = nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width))
        self.suggest = nn.Sequential(
            nn.Linear(width, width), nn.SiLU(), nn.Linear(width, 3 * SUGGESTED[0] * SUGGESTED[1])
        )

    def forward(
        self, text: UInt8[Tensor, "batch 96"]
    ) -> tuple[
        Float[Tensor, "batch token width"], Float[Tensor, "batch width"], Float[Tensor, "batch 3 6 9"]
    ]:
        """Tokens of four bytes each; of their mean a summary and an RGB signal, 0 where nothing is said."""
        written = (text > 0).float()[:, None]  # (B, 1, bytes)
        letters = self.letters(text.long()).mT * written
        tokens = self.gather(F.gelu(self.words(letters)) * written).mT
        share = F.avg_pool1d(written, BYTES_PER_TOKEN).mT  # (B, tokens, 1)
        mean = (tokens * share).sum(dim=1) / share.sum(dim=1).clamp(min=1e-3)
        spoken = share.sum(dim=1) > 0
        suggested = (self.suggest(mean) * spoken).unflatten(1, (3, *SUGGESTED))
        return tokens + self.place, self.summary(mean) * spoken, suggested
