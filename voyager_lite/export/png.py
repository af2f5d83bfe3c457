"""Pictures as PNG."""

from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool, Float
from PIL import Image
from torch import Tensor

from voyager_lite.export.atomic import replacing
from voyager_lite.photograph import load, open_picture


def write_png(path: Path, rgb: Float[Tensor, "3 height width"]) -> None:
    """Write RGB in [0, 1] as 8-bit PNG."""
    pixels = (rgb * 255).round().clamp(0, 255).to(torch.uint8).permute(1, 2, 0)
    with replacing(path) as partial:
        Image.fromarray(np.ascontiguousarray(pixels.numpy())).save(partial)


def write_mask_png(path: Path, mask: Bool[Tensor, "height width"]) -> None:
    """Write 255 where True, 0 elsewhere, as 8-bit grey PNG."""
    with replacing(path) as partial:
        Image.fromarray(mask.numpy().astype(np.uint8) * 255).save(partial)


def read_picture(path: Path) -> Float[Tensor, "3 height width"]:
    """Read a picture of any format as it stands, without turning it; RGB in [0, 1].

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: No picture, or damaged.
    """
    with open_picture(path) as image:
        load(path, image)
        return torch.from_numpy(np.asarray(image.convert("RGB")).copy()).permute(2, 0, 1).float() / 255
