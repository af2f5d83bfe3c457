"""The folder of conditions that HunyuanWorld-Voyager's generator reads (arXiv 2506.04225).

    ref_image.png, ref_depth.exr    the picture that is walked into
    depth_range.json                [lo, hi] for each frame, in inverse scene units
    video_input/render_0000.png     what is known of each frame, black elsewhere
    video_input/mask_0000.png       255 where it is known
    video_input/depth_0000.exr      its inverse depth, scaled: lo becomes 0, hi becomes 1
    cameras.json                    ours, which the generator does not read

All pictures are 1280x720. lo and hi are the 2nd and 98th percentile of the frame's own known inverse depth;
what lies beyond is not cut, and where nothing is known stands the smallest value of the frame.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from geometry.camera import Camera
from geometry.checks import require_shape
from voyager_lite.export.atomic import replacing
from voyager_lite.export.camera_file import read_text
from voyager_lite.export.cameras_json import read_cameras_json, write_cameras_json
from voyager_lite.export.depth_file import read_depth_exr, write_depth_exr
from voyager_lite.export.png import read_picture, write_mask_png, write_png
from voyager_lite.photograph import resize_rgb

HEIGHT, WIDTH = 720, 1280

PERCENTILES = (2.0, 98.0)

TINY = 1e-6
"""Added to depth before it is inverted, as the generator's own code does."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ConditionFrame:
    """What is known of one frame.

    Attributes:
        rgb: RGB in [0, 1]; 0 where not ``known``.
        depth: Along the axis in scene units; 0 where not ``known``.
        known: True where the world covers the pixel.
    """

    rgb: Float[Tensor, "3 height width"]
    depth: Float[Tensor, "height width"]
    known: Bool[Tensor, "height width"]


def write_condition(
    folder: Path,
    frames: Iterable[ConditionFrame],
    cameras: Camera,
    *,
    reference: Float[Tensor, "3 720 1280"],
    fps: float,
) -> int:
    """Write a folder, which is made if it is missing; returns the number of frames.

    The generator was trained on 49 frames and takes no other number without being told.

    Args:
        folder: A new or empty folder.
        frames: Of 1280x720 pixels, one a camera; ``widescreen`` makes such cameras.
        cameras: Of the same size.
        reference: The picture that is walked into.
        fps: Frames a second, for cameras.json.

    Raises:
        ValueError: A frame has another size, or shows nothing: its depth then has no range.
    """
    (folder / "video_input").mkdir(parents=True, exist_ok=True)
    write_png(folder / "ref_image.png", reference)
    ranges = []
    for number, frame in enumerate(frames):
        require_shape(f"rgb of frame {number}", frame.rgb, (3, HEIGHT, WIDTH))
        if not bool(frame.known.any()):
            raise ValueError(f"{folder}: nothing is known of frame {number}; its depth has no range")
        values, span = encode_disparity(frame.depth, frame.known)
        ranges.append(span)
        render, mask, depth = _files(folder, number)
        write_png(render, torch.where(frame.known, frame.rgb, 0.0))
        write_mask_png(mask, frame.known)
        for file in (depth, folder / "ref_depth.exr") if number == 0 else (depth,):
            write_depth_exr(file, values, compression="piz")
    write_cameras_json(folder / "cameras.json", cameras, fps=fps)
    with replacing(folder / "depth_range.json") as partial:
        partial.write_text(json.dumps(ranges), encoding="utf-8")
    return len(ranges)


@dataclass(frozen=True, kw_only=True, eq=False)
class Condition:
    """A folder of conditions, whose frames are read when they are asked for.

    Attributes:
        folder: Where it is.
        ranges: (lo, hi) of every frame.
        cameras: One a frame, where the folder has a cameras.json.
    """

    folder: Path
    ranges: tuple[tuple[float, float], ...]
    cameras: Camera | None

    def __len__(self) -> int:
        return len(self.ranges)

    def __getitem__(self, number: int) -> ConditionFrame:
        render, mask, depth = _files(self.folder, range(len(self))[number])
        known = read_picture(mask)[0] > 0.5
        values = decode_disparity(read_depth_exr(depth), self.ranges[number])
        return ConditionFrame(rgb=read_picture(render), depth=torch.where(known, values, 0.0), known=known)

    @property
    def reference(self) -> Float[Tensor, "3 height width"]:
        """The picture that is walked into."""
        return read_picture(self.folder / "ref_image.png")


def read_condition(folder: Path) -> Condition:
    """Open a folder written by ``write_condition`` or by Voyager's own tools.

    Raises:
        FileNotFoundError: The folder lacks depth_range.json, or a frame that it counts.
        ValueError: depth_range.json is no list of pairs.
    """
    file = folder / "depth_range.json"
    try:
        pairs = np.asarray(json.loads(read_text(file)), dtype=np.float64)
    except (ValueError, TypeError, RecursionError) as error:
        raise ValueError(f"{file}: is no list of pairs of numbers ({error})") from None
    if pairs.ndim != 2 or pairs.shape[1] != 2 or not np.isfinite(pairs).all():
        raise ValueError(f"{file}: holds numbers of shape {pairs.shape}; expected finite pairs, one a frame")
    for path in (path for number in range(len(pairs)) for path in _files(folder, number)):
        if not path.is_file():
            raise FileNotFoundError(f"{path}: no such file; {file.name} counts {len(pairs)} frames")
    cameras = folder / "cameras.json"
    return Condition(
        folder=folder,
        ranges=tuple((low, high) for low, high in pairs.tolist()),
        cameras=read_cameras_json(cameras).cameras if cameras.is_file() else None,
    )


def encode_disparity(
    depth: Float[Tensor, "height width"], known: Bool[Tensor, "height width"]
) -> tuple[Float[Tensor, "height width"], tuple[float, float]]:
    """Scaled inverse depth, and the values (lo, hi) that became 0 and 1.

    Where all known depths are alike, and hi is lo, they become 0.
    """
    disparity = 1 / (depth.double() + TINY)
    low, high = np.percentile(disparity[known].numpy(), PERCENTILES).tolist()
    scaled = (disparity - low) / (high - low) if high > low else torch.zeros_like(disparity)
    return torch.where(known, scaled, scaled[known].min()).float(), (low, high)


def decode_disparity(
    values: Float[Tensor, "height width"], span: tuple[float, float]
) -> Float[Tensor, "height width"]:
    """Depth in scene units: the inverse of ``encode_disparity``."""
    low, high = span
    return (1 / (values.double() * (high - low) + low) - TINY).float()


def widescreen(
    image: Float[Tensor, "3 height width"], cameras: Camera
) -> tuple[Float[Tensor, "3 720 1280"], Camera]:
    """The middle of a picture, 16 by 9, at 1280x720, and the cameras that see just that."""
    height, width = image.shape[-2:]
    rows, columns = min(height, round(width * HEIGHT / WIDTH)), min(width, round(height * WIDTH / HEIGHT))
    top, left = (height - rows) // 2, (width - columns) // 2
    K = cameras.K.clone()
    K[..., 0, 2] -= left
    K[..., 1, 2] -= top
    cut = Camera(K=K, world_to_camera=cameras.world_to_camera, height=rows, width=columns)
    middle = image[:, top : top + rows, left : left + columns].contiguous()
    return resize_rgb(middle, height=HEIGHT, width=WIDTH), cut.resized(height=HEIGHT, width=WIDTH)


def _files(folder: Path, number: int) -> tuple[Path, Path, Path]:
    """Picture, mask and depth of a frame."""
    inputs = folder / "video_input"
    return (
        inputs / f"render_{number:04d}.png",
        inputs / f"mask_{number:04d}.png",
        inputs / f"depth_{number:04d}.exr",
    )
