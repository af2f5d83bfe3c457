"""What every camera file holds, and the checks all of them go through."""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from geometry.camera import Camera
from geometry.checks import require_intrinsics, require_rigid
from geometry.rigid import invert_rigid, squared_up

MOST_CAMERAS = 100_000
MOST_BYTES = 128 * 2**20
KINDS = {dict: "an object", list: "a list", str: "a text", float: "a number"}


@dataclass(frozen=True, kw_only=True, eq=False)
class CameraFile:
    """Cameras read from a file, in order.

    Attributes:
        cameras: A batch, OpenCV axes, pixel centres at +0.5.
        fps: Frames a second, where the file says.
        names: Of the pictures the cameras belong to, where the file says; one a camera.
        keyframes: What the cameras were interpolated from, where the file says.
    """

    cameras: Camera
    fps: float | None = None
    names: tuple[str, ...] = ()
    keyframes: Camera | None = None


def read_text(file: Path) -> str:
    """The text of a file of at most ``MOST_BYTES``.

    Raises:
        FileNotFoundError: No such file.
        ValueError: A folder, too large, or not UTF-8.
    """
    size = require_file(file)
    if size > MOST_BYTES:
        raise ValueError(f"{file}: has {size / 2**20:.0f} MB; expected at most {MOST_BYTES / 2**20:.0f}")
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{file}: is not text (byte {error.start}); expected UTF-8") from None


def require_file(file: Path) -> int:
    """The size in bytes of a file that is there.

    Raises:
        FileNotFoundError: No such file.
        ValueError: A folder.
    """
    if not file.exists():
        raise FileNotFoundError(f"{file}: no such file")
    if file.is_dir():
        raise ValueError(f"{file}: is a folder; expected a file")
    return file.stat().st_size


def read_json(file: Path) -> dict[str, Any]:
    """The object a JSON file holds.

    Raises:
        FileNotFoundError: No such file.
        ValueError: Not JSON, cut off, holds NaN or infinity, or is no object.
    """

    def refuse(word: str) -> float:
        raise ValueError(f"holds {word}; expected finite numbers")

    text = read_text(file)
    try:
        record = json.loads(text, parse_constant=refuse)
    except json.JSONDecodeError as error:
        raise ValueError(
            f"{file}: is no whole JSON: {error.msg} at line {error.lineno} of {text.count(chr(10)) + 1}"
        ) from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{file}: {error}") from None
    if not isinstance(record, dict):
        raise ValueError(f"{file}: holds {type(record).__name__} at its top; expected an object with cameras")
    return record


def take(file: Path, record: Any, key: str, kind: type, *, where: str = "") -> Any:
    """``record[key]``, which must be of the given kind (one of ``KINDS``); a number comes back as float.

    Raises:
        ValueError: The record is no object, lacks the key, or holds another kind there.
    """
    name = f"{where}.{key}" if where else key
    if not isinstance(record, dict):
        raise ValueError(f"{file}: {where} is {type(record).__name__}; expected an object")
    if key not in record:
        raise ValueError(f"{file}: {name} is missing; found {', '.join(record) or 'nothing'}")
    value = record[key]
    if kind is float and isinstance(value, int | float) and not isinstance(value, bool):
        return require_number(file, value, name=name)
    if kind is float or not isinstance(value, kind):
        raise ValueError(f"{file}: {name} is {type(value).__name__}; expected {KINDS[kind]}")
    return value


def require_number(file: Path, value: int | float, *, name: str) -> float:
    """A finite float.

    Raises:
        ValueError: Infinite, or too large for a float.
    """
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ValueError(f"{file}: {name} is not finite; expected a finite number")
    return number


def take_size(file: Path, record: Any, key: str, *, where: str = "") -> int:
    """A picture's width or height in pixels.

    Raises:
        ValueError: Missing, or no whole number of at least 1.
    """
    value = take(file, record, key, float, where=where)
    if value != int(value) or value < 1:
        raise ValueError(f"{file}: {key} is {value:g}; expected a whole number of pixels, at least 1")
    return int(value)


def to_matrix(file: Path, value: Any, *, name: str, shapes: Sequence[tuple[int, ...]]) -> Tensor:
    """A float64 tensor from nested lists, of one of the given shapes.

    Raises:
        ValueError: Not numbers, or another shape; ``name`` says which.
    """
    try:
        array = np.asarray(value)
    except ValueError:
        array = np.asarray(None)
    numeric = array.dtype.kind in "fiu"
    if not numeric or array.shape not in shapes:
        allowed = " or ".join("x".join(map(str, shape)) for shape in shapes)
        found = "x".join(map(str, array.shape)) if numeric else "no matrix of numbers"
        raise ValueError(f"{file}: {name} is {found or 'a number'}; expected {allowed} numbers")
    return torch.from_numpy(array.astype(np.float64))


def require_count(file: Path, count: int, *, name: str) -> None:
    """Refuse no cameras, and more than ``MOST_CAMERAS``.

    Raises:
        ValueError: So.
    """
    if not 1 <= count <= MOST_CAMERAS:
        raise ValueError(f"{file}: {name} has {count} cameras; expected 1 to {MOST_CAMERAS}")


def to_pinhole(focal: Sequence[float], center: Sequence[float]) -> Float[Tensor, "3 3"]:
    """K from (fx, fy) and (cx, cy)."""
    (fx, fy), (cx, cy) = focal, center
    return torch.tensor([[fx, 0.0, cx], [0.0, fy, cy], [0.0, 0.0, 1.0]], dtype=torch.float64)


def to_camera(
    file: Path,
    K: Sequence[Float[Tensor, "3 3"]],
    pose: Sequence[Float[Tensor, "4 4"]],
    *,
    size: tuple[int, int],
    name: str,
    camera_to_world: bool = False,
) -> Camera:
    """One batch of cameras; an error names the file and the camera.

    Args:
        file: Named in errors.
        K: One a camera.
        pose: world_to_camera of each, or its inverse.
        size: (height, width) of all.
        name: What the list of cameras is called in the file.
        camera_to_world: True if the poses are inverses.

    Raises:
        ValueError: No cameras, too many, or one whose matrices are no pinhole and no rigid motion.
    """
    require_count(file, len(K), name=name)
    lenses, poses = torch.stack(list(K)), torch.stack(list(pose))
    _require_each(require_intrinsics, lenses, name=f"{file}: {name}")
    _require_each(require_rigid, poses, name=f"{file}: {name}")
    height, width = size
    return Camera(
        K=lenses,
        world_to_camera=invert_rigid(squared_up(poses)) if camera_to_world else poses,
        height=height,
        width=width,
    )


def _require_each(check: Callable[[str, Tensor], None], values: Tensor, *, name: str) -> None:
    """Run a check on the whole batch, and if it fails say for which of them."""
    try:
        check(name, values)
    except ValueError:
        for index, value in enumerate(values):
            check(f"{name}[{index}]", value)
        raise
