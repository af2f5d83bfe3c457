"""Prompts as bytes: no vocabulary, no tokenizer, every language (ByT5, Xue et al. 2021, arXiv 2105.13626)."""

import torch
import torch.nn.functional as F
from jaxtyping import Float, UInt8
from torch import Tensor, nn

MOST_BYTES = 96
"""Longer prompts are cut, at the end of a character."""

BYTES_PER_TOKEN = 4


def prompt_bytes(prompts: list[str]) -> UInt8[Tensor, "prompt 96"]:
    """UTF-8 bytes of each prompt, 0 after its end; an empty prompt is all 0."""
    rows = torch.zeros(len(prompts), MOST_BYTES, dtype=torch.uint8)
    for row, prompt in zip(rows, prompts, strict=True):
        whole = prompt.encode()[:MOST_BYTES].decode(errors="ignore").encode()
        row[: len(whole)] = torch.tensor(list(whole), dtype=torch.uint8)
    return rows


class TextReader(nn.Module):
    """Tokens and one summary vector of a prompt."""

    def __init__(self, width: int, *, features: int = 64) -> None:
        super().__init__()
        self.letters = nn.Embedding(256, features)
        self.words = nn.Conv1d(features, width, 7, padding=3)
        self.gather = nn.Conv1d(width, width, BYTES_PER_TOKEN + 4, stride=BYTES_PER_TOKEN, padding=2)
        self.place = nn.Parameter(0.02 * torch.randn(MOST_BYTES // BYTES_PER_TOKEN, width))
        self.summary = nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width))

    def forward(
        self, text: UInt8[Tensor, "batch 96"]
    ) -> tuple[Float[Tensor, "batch token width"], Float[Tensor, "batch width"]]:
        """Tokens of four bytes each, and their mean where something is written (0 where nothing is)."""
        written = (text > 0).float()[:, None]  # (B, 1, bytes)
        letters = self.letters(text.long()).mT * written
        tokens = self.gather(F.gelu(self.words(letters)) * written).mT
        share = F.avg_pool1d(written, BYTES_PER_TOKEN).mT  # (B, tokens, 1)
        mean = (tokens * share).sum(dim=1) / share.sum(dim=1).clamp(min=1e-3)
        return tokens + self.place, self.summary(mean) * (share.sum(dim=1) > 0)
