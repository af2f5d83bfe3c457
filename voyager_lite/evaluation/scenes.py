"""Posed RGB-D scenes with true depth, to measure against."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from geometry.camera import Camera

FORMAT = "rgbd-scene-v1"


@dataclass(frozen=True, kw_only=True, eq=False)
class RgbdFrame:
    """One photograph with its camera and, where it was measured, its depth.

    Attributes:
        name: The frame's name within its scene.
        image: RGB in [0, 1].
        depth: Along the axis in metres; 0 where not ``valid``.
        valid: True where depth was measured; nowhere if the frame has none.
        camera: A single camera.
    """

    name: str
    image: Float[Tensor, "3 height width"]
    depth: Float[Tensor, "height width"]
    valid: Bool[Tensor, "height width"]
    camera: Camera


@dataclass(frozen=True, kw_only=True)
class RgbdScene:
    """A scene, its frames, and the views to predict one from the other.

    Attributes:
        name: The scene's name.
        frames: By name, in the order they were taken.
        pairs: (a, b): depth in a, a photograph to compare with in b.
        border: Rim in pixels that comparisons leave out.
    """

    name: str
    frames: dict[str, RgbdFrame]
    pairs: tuple[tuple[str, str], ...]
    border: int


def read_scene(folder: Path) -> RgbdScene:
    """Read a folder with a scene.json of the format rgbd-scene-v1.

    Its intrinsics take a pixel's centre as an integer; half a pixel is added to cx and cy here. Poses
    are written with few digits; their rotations are replaced by the nearest exact ones.

    Raises:
        FileNotFoundError: The scene.json or a file it names is not there.
        ValueError: Another format, or a picture that does not fit its intrinsics.
    """
    path = folder / "scene.json"
    if not path.is_file():
        raise FileNotFoundError(f"{path} is not there; expected a scene of format {FORMAT}")
    scene = json.loads(path.read_text())
    if scene.get("format") != FORMAT:
        raise ValueError(f"{path} has format {scene.get('format')!r}; expected {FORMAT!r}")
    frames = [_read_frame(folder, scene, entry) for entry in scene["frames"]]
    return RgbdScene(
        name=scene["name"],
        frames={frame.name: frame for frame in frames},
        pairs=tuple((pair["a"], pair["b"]) for pair in scene["eval_pairs"]),
        border=int(scene.get("validation_border_px", 0)),
    )


def stereo_motorcycle() -> RgbdScene:
    """scikit-image's stereo pair with true disparity (Middlebury 2014, Scharstein et al., GCPR 2014).

    The calibration is the one printed in the documentation of ``skimage.data.stereo_motorcycle``:
    z = baseline * focal / (disparity + doffs), and the right camera's cx lies doffs further right.
    """
    from skimage.data import stereo_motorcycle as load

    left, right, disparity = load()
    focal, cx, cy, doffs, baseline = 994.978, 311.193, 254.877, 31.086, 0.193001
    valid = np.isfinite(disparity)
    depth = np.where(valid, baseline * focal / (np.where(valid, disparity, 0) + doffs), 0)
    height, width = valid.shape

    def frame(name: str, image: Any, depth: Any, x: float, cx: float) -> RgbdFrame:
        pose = torch.eye(4, dtype=torch.float64)
        pose[0, 3] = -x
        return RgbdFrame(
            name=name,
            image=_image(image),
            depth=torch.from_numpy(depth.astype(np.float32)),
            valid=torch.from_numpy(depth > 0),
            camera=Camera(
                K=_intrinsics(focal, focal, cx, cy), world_to_camera=pose, height=height, width=width
            ),
        )

    frames = {
        "left": frame("left", left, depth, 0.0, cx),
        "right": frame("right", right, np.zeros_like(depth), baseline, cx + doffs),
    }
    return RgbdScene(name="stereo_motorcycle", frames=frames, pairs=(("left", "right"),), border=0)


def _read_frame(folder: Path, scene: dict[str, Any], entry: dict[str, Any]) -> RgbdFrame:
    numbers = {**scene["intrinsics"], **entry.get("intrinsics", {})}
    height, width = int(numbers["height"]), int(numbers["width"])
    image = _read(folder / entry["rgb"], (height, width), cv2.IMREAD_COLOR)[..., ::-1]
    if entry.get("depth"):
        counts = _read(folder / entry["depth"], (height, width), cv2.IMREAD_UNCHANGED)
    else:
        counts = np.zeros((height, width), np.uint16)
    pose = torch.tensor(entry["world_to_camera"], dtype=torch.float64).reshape(4, 4)
    left, _, right = torch.linalg.svd(pose[:3, :3])
    pose[:3, :3] = left @ right
    depth = counts.astype(np.float32) * np.float32(scene["depth_unit_m"])
    K = _intrinsics(*(float(numbers[key]) for key in ("fx", "fy", "cx", "cy")))
    return RgbdFrame(
        name=entry["id"],
        image=_image(image),
        depth=torch.from_numpy(depth),
        valid=torch.from_numpy(counts > 0),
        camera=Camera(K=K, world_to_camera=pose, height=height, width=width),
    )


def _read(path: Path, size: tuple[int, int], flag: int) -> Any:
    values = cv2.imread(str(path), flag)
    if values is None:
        raise FileNotFoundError(f"{path} is not there or is no picture; scene.json names it")
    height, width = values.shape[:2]
    if (height, width) != size:
        raise ValueError(f"{path} is {width}x{height}; scene.json says {size[1]}x{size[0]}")
    return values


def _image(values: Any) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values)).permute(2, 0, 1).float() / 255


def _intrinsics(fx: float, fy: float, cx: float, cy: float) -> Tensor:
    """From integer pixel centres to centres at one half."""
    return torch.tensor([[fx, 0, cx + 0.5], [0, fy, cy + 0.5], [0, 0, 1]], dtype=torch.float64)
