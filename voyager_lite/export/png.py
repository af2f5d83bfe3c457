"""Pictures as PNG."""

from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from voyager_lite.export.atomic import replacing


def write_png(path: Path, rgb: Float[Tensor, "3 height width"]) -> None:
    """Write RGB in [0, 1] as 8-bit PNG."""
    pixels = (rgb * 255).round().clamp(0, 255).to(torch.uint8).permute(1, 2, 0)
    with replacing(path) as partial:
        Image.fromarray(np.ascontiguousarray(pixels.numpy())).save(partial)
