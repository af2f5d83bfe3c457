"""One picture that shows a walk: guidance, result and depth along the path."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from jaxtyping import Float, UInt8
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from voyager_lite.export.atomic import replacing

MARGIN = 8
LABEL_HEIGHT = 22


def depth_picture(depth: Float[Tensor, "height width"], *, near: float, far: float) -> Float[Tensor, "3 h w"]:
    """Depth for people: near is bright and warm, far dark; the scale is in inverse depth.

    Args:
        depth: Along the axis; 0 (none) is drawn black.
        near: Depth drawn brightest.
        far: Depth drawn darkest.
    """
    inverse = 1 / depth.clamp_min(1e-9)
    share = ((inverse - 1 / far) / (1 / near - 1 / far)).clamp(0, 1)
    level = (share * 255).round().to(torch.uint8).numpy()
    colors = cv2.applyColorMap(level, cv2.COLORMAP_INFERNO)[..., ::-1]
    picture = torch.from_numpy(np.ascontiguousarray(colors)).permute(2, 0, 1).float() / 255
    return torch.where(depth[None] > 0, picture, 0.0)


def depth_range(depths: Sequence[Float[Tensor, "height width"]]) -> tuple[float, float]:
    """(near, far) for ``depth_picture``: the 1st and 99th percentile of what is there."""
    values = torch.cat([depth[::4, ::4][depth[::4, ::4] > 0] for depth in depths])
    if not len(values):
        return 1.0, 2.0
    near, far = torch.quantile(1 / values, torch.tensor([0.99, 0.01])).reciprocal().tolist()
    return near, max(far, near * 1.01)


def write_contact_sheet(
    path: Path,
    rows: Mapping[str, Sequence[Float[Tensor, "3 height width"]]],
    *,
    columns: Sequence[str],
    cell_width: int = 320,
) -> None:
    """Write labelled rows of pictures, one column for each frame shown, as PNG."""
    first = next(iter(rows.values()))[0]
    cell_height = round(cell_width * first.shape[-1 - 1] / first.shape[-1])
    count = len(columns)
    width = MARGIN + count * (cell_width + MARGIN)
    height = MARGIN + LABEL_HEIGHT + len(rows) * (LABEL_HEIGHT + cell_height + MARGIN)
    sheet = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(size=14)
    for column, title in enumerate(columns):
        draw.text((MARGIN + column * (cell_width + MARGIN), MARGIN), title, fill="black", font=font)
    for row, (name, pictures) in enumerate(rows.items()):
        top = MARGIN + LABEL_HEIGHT + row * (LABEL_HEIGHT + cell_height + MARGIN)
        draw.text((MARGIN, top), name, fill="black", font=font)
        for column, picture in enumerate(pictures):
            cell = cv2.resize(_pixels(picture), (cell_width, cell_height), interpolation=cv2.INTER_AREA)
            sheet.paste(Image.fromarray(cell), (MARGIN + column * (cell_width + MARGIN), top + LABEL_HEIGHT))
    with replacing(path) as partial:
        sheet.save(partial)


def _pixels(picture: Float[Tensor, "3 height width"]) -> UInt8[np.ndarray, "height width 3"]:
    pixels = (picture * 255).round().clamp(0, 255).to(torch.uint8).permute(1, 2, 0)
    return np.ascontiguousarray(pixels.numpy())
