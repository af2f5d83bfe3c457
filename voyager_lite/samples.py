"""Pictures that come inside installed packages, so that a first walk needs no download."""

import importlib.util
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from jaxtyping import Float

from geometry.camera import Camera
from voyager_lite.depth.estimate import DepthEstimate
from voyager_lite.photograph import Photograph, read_photograph

SAMPLES: Final[dict[str, tuple[str, str]]] = {
    "motorcycle": ("skimage", "data/motorcycle_left.png"),
    "coffee": ("skimage", "data/coffee.png"),
    "astronaut": ("skimage", "data/astronaut.png"),
    "china": ("sklearn", "datasets/images/china.jpg"),
}
"""Name to (package, file inside it)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Sample:
    """A picture to start with.

    Attributes:
        photograph: The picture.
        depth: Measured depth of every pixel, where somebody measured it.
        camera: The calibrated camera, where there is one; its lens need not be centred.
    """

    photograph: Photograph
    depth: DepthEstimate | None
    camera: Camera | None


def read_sample(name: str) -> Sample:
    """One of the pictures named in ``SAMPLES``.

    Raises:
        ValueError: No sample of that name.
        FileNotFoundError: The package that holds it is not installed, or came without its pictures.
    """
    if name not in SAMPLES:
        raise ValueError(f"there is no sample {name!r}; expected one of {', '.join(SAMPLES)}")
    package, file = SAMPLES[name]
    photograph = read_photograph(_package_file(package, file))
    if name != "motorcycle":
        return Sample(photograph=photograph, depth=None, camera=None)
    return _read_motorcycle(photograph)


def _read_motorcycle(photograph: Photograph) -> Sample:
    """The left picture of Middlebury 2014 "Motorcycle" at a quarter of its size, with true depth.

    Calibration from the documentation of ``skimage.data.stereo_motorcycle``; its principal point counts
    from the centre of the first pixel. Scharstein et al., "High-resolution stereo datasets with
    subpixel-accurate ground truth", GCPR 2014: z = focal * baseline / (disparity + offset).
    """
    focal, center_x, center_y, offset, baseline = 994.978, 311.193, 254.877, 31.086, 0.193001
    disparity = _read_disparity(_package_file("skimage", "data/motorcycle_disp.npz"))
    valid = np.isfinite(disparity)
    depth = np.where(valid, focal * baseline / (np.where(valid, disparity, 0) + offset), 0)
    height, width = disparity.shape
    fov = math.degrees(2 * math.atan(width / 2 / focal))
    K = torch.tensor([[focal, 0, center_x + 0.5], [0, focal, center_y + 0.5], [0, 0, 1]], dtype=torch.float64)
    return Sample(
        photograph=Photograph(rgb=photograph.rgb, fov_degrees=fov, path=photograph.path),
        depth=DepthEstimate(
            depth=torch.from_numpy(depth.astype(np.float32)),
            valid=torch.from_numpy(valid),
            sky=torch.zeros(height, width, dtype=torch.bool),
            fov_degrees=fov,
            metric=True,
            source="measured depth of the sample (Middlebury 2014, structured light)",
        ),
        camera=Camera(K=K, world_to_camera=torch.eye(4, dtype=torch.float64), height=height, width=width),
    )


def _read_disparity(path: Path) -> Float[np.ndarray, "height width"]:
    with np.load(path, allow_pickle=False) as arrays:
        return np.asarray(arrays["arr_0"], dtype=np.float64)


def _package_file(package: str, file: str) -> Path:
    """A file of an installed package, found without importing the package."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise FileNotFoundError(f"the package {package}, which holds this sample, is not installed")
    path = Path(spec.origin).parent / file
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing from the installed package {package}")
    return path
