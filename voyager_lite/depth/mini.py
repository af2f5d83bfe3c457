"""``DepthMini``, the embedded depth network; the classical layout helps with the sky, and gives the scale."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from voyager_lite.depth.estimate import DepthEstimate
from voyager_lite.depth.layout import FAR_OUTSIDE, TYPICAL_FOV_DEGREES, read_stage
from voyager_lite.depth.mini_network import MULTIPLE, DepthMiniNetwork, load_depth_mini
from voyager_lite.depth.sketch import Mask, Plane, guided_upsample, shrink
from voyager_lite.depth.sky import find_sky, full_size
from voyager_lite.depth.steps import clean_rims, sharpen_steps

WEIGHTS: Final = "depth-mini.safetensors"

AREAS: Final = (12_288, 24_576)
"""Pixels of the copies that the network reads, each as it is and mirrored."""

CERTAIN, PROBABLE, LIKELY = 0.85, 0.7, 0.5
"""Probabilities of the network's sky: it is believed where it is certain, or only probable in a picture that
has sky, and from there as far as it is likely (hysteresis, as in Canny 1986)."""

UNLIKELY = 0.05
"""Mean probability below which a part of the layout's sky is a wall."""

RIM = 0.006
"""Width of the rim around things that may show their colour, in shares of the picture's longer side."""

_SOURCE: Final = (
    "guessed by the embedded network (trained on procedural scenes only), not measured; for better depth "
    "pass --depth FILE or a depth model from the Hugging Face hub"
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Look:
    """What the network sees, at one size.

    Attributes:
        inverse: Inverse depth > 0 up to scale (its mean is 1).
        sky: Probability of sky.
        focal: Focal length in shares of the width.
    """

    inverse: Float[Tensor, "height width"]
    sky: Float[Tensor, "height width"]
    focal: float


class DepthMini:
    """The estimator with a small network that comes with the package.

    Example:
        >>> source = DepthMini.from_pretrained()  # doctest: +SKIP
        >>> estimate = source.estimate(image)  # doctest: +SKIP
    """

    def __init__(self, network: DepthMiniNetwork) -> None:
        self.network = network.eval()

    @classmethod
    def from_pretrained(cls, path: Path | None = None, *, device: str = "cpu") -> "DepthMini":
        """Trained weights.

        Args:
            path: A safetensors file; None takes the one that comes with the package.
            device: Where the network runs.

        Raises:
            FileNotFoundError: No such file.
            ValueError: The file holds something else.
        """
        from importlib.resources import as_file, files

        if path is not None:
            return cls(load_depth_mini(path).to(device))
        with as_file(files("assets")) as folder:
            return cls(load_depth_mini(folder / WEIGHTS).to(device))

    def estimate(
        self, image: Float[Tensor, "3 height width"], *, fov_degrees: float | None = None
    ) -> DepthEstimate:
        """Depth of ``image`` (RGB in [0, 1]); every pixel is either valid or sky.

        The scale is made up: the lower edge lies where a camera at eye height would see the ground. The
        field of view scales the result and is handed back as given: the network's own guess of it
        (``Look.focal``) is worse on photographs than always taking the usual one.
        """
        rgb = np.ascontiguousarray(image.permute(1, 2, 0).cpu().numpy(), dtype=np.float32)
        sketch = shrink(rgb)
        height, width = sketch.shape[:2]
        look = self.look(image, height=height, width=width)
        sky = join_skies(look.sky.numpy(), find_sky(sketch))
        stage = read_stage(rgb, sky, fov_degrees=fov_degrees or TYPICAL_FOV_DEGREES)
        full = enlarge(look.inverse.numpy(), sky, rgb)
        full_sky = full_size(sky, rgb)
        full *= 1 / stage.nearest / float(np.median(full[-max(1, len(full) // 20) :]))
        full = full.clip(max(1 / max(FAR_OUTSIDE, 3 * stage.nearest), float(full.max()) / 60))
        full = clean_rims(np.where(full_sky, 0, full), rgb, reach=max(2, round(RIM * max(full.shape))))
        inverse = torch.from_numpy(full)
        valid = inverse > 0
        return DepthEstimate(
            depth=torch.where(valid, 1 / torch.where(valid, inverse, 1.0), 0.0),
            valid=valid,
            sky=~valid,
            fov_degrees=fov_degrees,
            metric=False,
            source=_SOURCE,
        )

    @torch.no_grad()
    def look(self, image: Float[Tensor, "3 full_height full_width"], *, height: int, width: int) -> Look:
        """The mean of what the network sees in copies of several sizes and their mirror images.

        Args:
            image: RGB in [0, 1].
            height: Of the maps returned.
            width: Of the maps returned.
        """
        device = next(self.network.parameters()).device
        inverses: list[Tensor] = []
        skies: list[Tensor] = []
        focals: list[Tensor] = []
        for area in AREAS:
            size = read_size(*image.shape[1:], area=area)
            small = F.interpolate(image[None].to(device), size, mode="area")
            seen = self.network(torch.cat([small, small.flip(-1)]))
            for index, mirrored in ((0, False), (1, True)):
                for maps, found in ((seen.inverse, inverses), (seen.sky.sigmoid(), skies)):
                    one = maps[index : index + 1].flip(-1) if mirrored else maps[index : index + 1]
                    scaled = F.interpolate(one[None], (height, width), mode="bilinear")[0, 0].cpu()
                    found.append(scaled / scaled.mean() if found is inverses else scaled)
            focals.append(seen.focal.mean().cpu())
        return Look(
            inverse=torch.stack(inverses).mean(dim=0),
            sky=torch.stack(skies).mean(dim=0),
            focal=float(torch.stack(focals).mean().exp()),
        )


def read_size(height: int, width: int, *, area: int) -> tuple[int, int]:
    """Height and width, multiples of ``MULTIPLE``, of about an area and the shape of a picture."""
    scale = (area / (height * width)) ** 0.5
    sides = (max(2, round(side * scale / MULTIPLE)) * MULTIPLE for side in (height, width))
    return next(sides), next(sides)


def join_skies(network: Plane, layout: Mask) -> Mask:
    """The layout's sky where the network does not object, and the network's.

    The network's sky is what reaches the upper edge and is certain somewhere; in a picture that has sky, also
    what is probable somewhere, as between branches.
    """
    count, parts = cv2.connectedComponents(layout.astype(np.uint8), connectivity=4)
    kept = [part for part in range(1, count) if network[parts == part].mean() > UNLIKELY]
    _, labels = cv2.connectedComponents((network > LIKELY).astype(np.uint8), connectivity=4)
    found = np.intersect1d(labels[:2], labels[network > CERTAIN])
    if kept or len(found):
        found = np.unique(labels[network > PROBABLE])
    return np.isin(parts, kept) | np.isin(labels, found)


def enlarge(inverse: Plane, sky: Mask, rgb: Float[np.ndarray, "full_height full_width 3"]) -> np.ndarray:
    """Inverse depth at the size of ``rgb``, its steps on the picture's edges and sharp."""
    drawn = guided_upsample(
        sharpen_steps(inverse, reach=2), np.where(sky, 1e-6, 1.0), rgb, radius=4, epsilon=4e-3
    )
    factor = max(1.0, max(rgb.shape[:2]) / max(inverse.shape))
    return sharpen_steps(drawn.astype(np.float32), reach=round(2.5 * factor))
