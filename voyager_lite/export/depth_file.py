"""Depth maps as files: 16-bit PNG, OpenEXR and NumPy."""

from pathlib import Path
from typing import Literal

import numpy as np
import torch
from jaxtyping import Bool, Float
from PIL import Image
from torch import Tensor

from voyager_lite.export.atomic import replacing
from voyager_lite.photograph import damaged, load, open_picture

DEFAULT_PNG_SCALE = 0.001
"""Scene units a count: millimetres, as Kinect, RealSense and ScanNet write."""

EXR_CHANNELS = ("Z", "Y")
"""Channel names taken as depth, in this order; a file with a single channel may call it anything."""


def write_depth_png16(
    path: Path,
    depth: Float[Tensor, "height width"],
    *,
    valid: Bool[Tensor, "height width"],
    scale: float = DEFAULT_PNG_SCALE,
) -> None:
    """Write counts of ``scale`` scene units, rounded, with 0 where not ``valid``.

    Raises:
        ValueError: A valid depth does not fit 1..65535 counts.
    """
    counts = (depth.double() / scale).round()
    outside = valid & ~((counts >= 1) & (counts <= 65535))
    if bool(outside.any()):
        found = depth[outside]
        raise ValueError(
            f"{path}: {int(outside.sum())} depths between {float(found.min()):g} and {float(found.max()):g} "
            f"do not fit 16 bits; at scale {scale:g} allowed are {scale:g} to {65535 * scale:g}"
        )
    picture = torch.where(valid, counts, 0.0).numpy().astype(np.uint16)
    with replacing(path) as partial:
        Image.fromarray(picture).save(partial, format="PNG")


def read_depth_png16(path: Path, *, scale: float = DEFAULT_PNG_SCALE) -> Float[Tensor, "height width"]:
    """Read counts times ``scale``; 0 stays 0 (no measurement).

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: No picture, damaged, or not 16-bit grey.
    """
    with open_picture(path) as image:
        if not image.mode.startswith("I;16"):
            raise ValueError(f"{path} has pixels of mode {image.mode}; expected a depth map in 16-bit grey")
        load(path, image)
        return torch.from_numpy(np.asarray(image).astype(np.float64) * scale).float()


def write_depth_exr(
    path: Path,
    depth: Float[Tensor, "height width"],
    *,
    valid: Bool[Tensor, "height width"] | None = None,
    compression: Literal["zip", "piz"] = "zip",
) -> None:
    """Write 32-bit floats in the channel Z, with NaN where not ``valid`` (None: valid everywhere)."""
    import OpenEXR

    kind = {"zip": OpenEXR.ZIP_COMPRESSION, "piz": OpenEXR.PIZ_COMPRESSION}[compression]
    header = {"compression": kind, "type": OpenEXR.scanlineimage}
    with replacing(path) as partial:
        OpenEXR.File(header, {"Z": _with_nan(depth, valid)}).write(str(partial))


def read_depth_exr(path: Path) -> Float[Tensor, "height width"]:
    """Read the channel Z, Y, or the only one, as it stands.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: Damaged, or several channels of other names.
    """
    import OpenEXR

    _require_file(path)
    try:
        with OpenEXR.File(str(path), separate_channels=True) as file:
            channels = {name: np.array(channel.pixels) for name, channel in file.channels().items()}
    except (RuntimeError, ValueError, OSError) as error:
        raise damaged(path, error) from error
    name = next((name for name in EXR_CHANNELS if name in channels), None)
    if name is None and len(channels) == 1:
        name = next(iter(channels))
    if name is None:
        raise ValueError(
            f"{path} has the channels {', '.join(sorted(channels))}; expected depth in Z or Y, or one channel"
        )
    return torch.from_numpy(channels[name].astype(np.float32))


def write_depth_npy(
    path: Path, depth: Float[Tensor, "height width"], *, valid: Bool[Tensor, "height width"] | None = None
) -> None:
    """Write a float32 array (height, width), with NaN where not ``valid`` (None: valid everywhere)."""
    with replacing(path) as partial, partial.open("wb") as file:
        np.save(file, _with_nan(depth, valid), allow_pickle=False)


def read_depth_npy(path: Path) -> Float[Tensor, "height width"]:
    """Read an array of numbers (height, width), possibly with a further dimension of 1, as it stands.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: Damaged, pickled objects, or another shape.
    """
    _require_file(path)
    try:
        # Mapped first: a header that promises more than the file holds is refused without filling the memory.
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError, EOFError, SyntaxError) as error:
        raise damaged(path, error) from error
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "fiu":
        raise ValueError(f"{path} holds no array of numbers; expected depth of shape (height, width)")
    shape = tuple(side for side in array.shape if side != 1) if array.ndim == 3 else array.shape
    if len(shape) != 2:
        raise ValueError(f"{path} has shape {array.shape}; expected depth of shape (height, width)")
    return torch.from_numpy(np.array(array, dtype=np.float32).reshape(shape))


def _with_nan(depth: Tensor, valid: Tensor | None) -> Float[np.ndarray, "height width"]:
    known = depth.float() if valid is None else torch.where(valid, depth.float(), torch.nan)
    return known.cpu().numpy()


def _require_file(path: Path) -> None:
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist; expected a depth file")
    if not path.is_file() or path.stat().st_size == 0:
        raise ValueError(f"{path} is a folder or empty; expected a depth file")
