"""From posed RGB-D frames to one point cloud, or to a world that can be walked on."""

import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from tqdm import tqdm

from geometry.agreement import agreed_depth
from geometry.cache import WorldCache
from geometry.camera import Camera
from geometry.checks import require_finite
from geometry.cloud import PointCloud
from geometry.lifting import SKY_DISTANCE, lift
from voyager_lite.clip import Clip
from voyager_lite.opening import Opening, storable
from voyager_lite.posed_frames import PosedFrame, PosedFrames
from voyager_lite.world.creation import require_free
from voyager_lite.world.frames import quantized
from voyager_lite.world.world import World

FRAMES_A_CLIP = 8
"""Frames committed together: held in memory, besides the points and 2 ``BESIDE`` + 1 depth maps."""

BESIDE = 8
"""Frames before each, and as many after it, whose depth is averaged with its own."""

DEFAULT_FPS = 24.0


def reconstruct(
    images: Float[Tensor, "..."],
    cameras: Camera,
    depths: Float[Tensor, "..."],
    *,
    valid: Bool[Tensor, "..."] | None = None,
    progress: bool = False,
) -> PointCloud:
    """Fuse posed RGB-D frames: each is lifted, and what it adds enters the world cache.

    A frame's depth is first averaged with that of the frames around it where they saw the same surface
    (`geometry.agreement`). Flying pixels are dropped, and a surface seen many times is kept once
    (`geometry.cache`).

    Args:
        images: (frame, 3, height, width), RGB in [0, 1].
        cameras: One camera a frame, of the pictures' size.
        depths: (frame, height, width), along the axis, > 0 where ``valid``.
        valid: (frame, height, width), True where depth was measured; None: everywhere. For a sensor
            that writes 0 where it saw nothing, pass ``depths > 0``.
        progress: Show a progress bar on stderr.

    Returns:
        Points in the world frame, in the order in which the frames brought them.

    Raises:
        ValueError: Sizes or numbers of frames differ, a picture has NaN, or a valid depth is NaN,
            infinite or <= 0.

    Example:
        >>> camera = Camera.stack([Camera.from_fov(60.0, height=4, width=4)] * 2)
        >>> len(reconstruct(torch.zeros(2, 3, 4, 4), camera, torch.ones(2, 4, 4)))
        16
    """
    if valid is None:
        valid = torch.ones(depths.shape, dtype=torch.bool)
    _require_frames(images, cameras, depths, valid)
    cache, measured = WorldCache(), torch.where(valid, depths, 0.0)
    for i in _bar(range(len(images)), "fusing frames", progress):
        depth = _agreed(i, {k: measured[k] for k in _around(i, len(images))}, cameras)
        cache.add(lift(images[i], depth, cameras[i], valid=valid[i]), cameras[i])
    return cache.cloud


def reconstruct_world(frames: PosedFrames, folder: str | Path, *, progress: bool = False) -> World:
    """Fuse posed RGB-D frames into a world on disk, reading one after the other.

    Every frame is kept as it was measured, with its camera to the bit, and what it adds enters the
    world's points, as in ``reconstruct``. Only the last frame's depth is completed from the background
    around its gaps, as a photograph's is, so that a walk can go on from there; no point comes of it.

    Args:
        frames: As ``find_posed_frames`` gives them. All depth maps are looked at before anything is
            written: for damage, and for how far away the sky has to lie.
        folder: A new or empty folder; on failure it is left as it was.
        progress: Show progress bars on stderr.

    Raises:
        FileExistsError: The folder holds something.
        ValueError: A file is damaged or of another size, or no frame has any depth.
    """
    folder = Path(folder)
    require_free(folder)
    with _bar(range(len(frames)), "checking depth", progress) as numbers:
        deepest = max(float(frames.depth(i).max()) for i in numbers)
    if deepest == 0:
        raise ValueError(f"{frames.depths[0].parent}: no depth map has a finite number > 0")
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = folder.absolute().with_name(f".{folder.absolute().name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        _fuse_to(partial, frames, sky_distance=SKY_DISTANCE * deepest, progress=progress)
        if folder.is_dir():
            shutil.rmtree(folder)
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return World.open(folder)


def _fuse_to(folder: Path, frames: PosedFrames, *, sky_distance: float, progress: bool) -> None:
    """Write the world of all frames."""
    count, first = len(frames), frames[0]
    maps: dict[int, Tensor] = {}

    def points(number: int, frame: PosedFrame) -> PointCloud:
        near = _around(number, count)
        for gone in maps.keys() - near:
            del maps[gone]
        for new in near - maps.keys():
            maps[new] = frames.depth(new)
        depth = _agreed(number, maps, frames.cameras)
        return storable(lift(frame.image, depth, frame.camera, valid=frame.valid))

    origin: dict[str, object] = {
        "image": frames.name,
        "depth": f"measured, {count} frames",
        "metric": True,
        "sky_distance": sky_distance,
    }
    opening = Opening(
        clip=_clip([first], frames.cameras[:1]),
        cloud=points(0, first),
        fps=frames.fps or DEFAULT_FPS,
        origin=origin,
    )
    with World.create(folder, opening) as world, world.writing():
        stretch: list[PosedFrame] = []
        known, entered = [], []
        for number in _bar(range(1, count), "fusing frames", progress):
            frame = frames[number]
            stretch.append(frame)
            known.append(world.cache.render(frame.camera).known)
            entered.append(world.cache.add(points(number, frame), frame.camera))
            if len(stretch) < FRAMES_A_CLIP and number < count - 1:
                continue
            start = number + 1 - len(stretch)
            world.commit(
                _clip(stretch, frames.cameras[start : number + 1]),
                known=torch.stack(known),
                points=PointCloud.concatenate(entered),
                first_frame=start,
                making={"core": "measured"},
            )
            stretch, known, entered = [], [], []


def _around(number: int, count: int) -> set[int]:
    """A frame, and those whose depth is averaged with its own."""
    return set(range(max(0, number - BESIDE), min(count, number + BESIDE + 1)))


def _agreed(number: int, maps: Mapping[int, Tensor], cameras: Camera) -> Float[Tensor, "height width"]:
    """Depth of a frame, averaged with that of the others in ``maps``; 0 where it has none."""
    others = [maps[k] for k in sorted(maps) if k != number]
    if not others:
        return maps[number]
    chosen = torch.tensor([k for k in sorted(maps) if k != number])
    return agreed_depth(maps[number], cameras[number], others=torch.stack(others), cameras=cameras[chosen])


def _clip(frames: Sequence[PosedFrame], cameras: Camera) -> Clip:
    """What is stored of frames, gaps in their depth as they are."""
    depth = torch.stack([frame.depth for frame in frames])
    rgb = torch.stack([frame.image for frame in frames])
    return quantized(Clip(rgb=rgb, depth=depth, cameras=cameras))


def _bar(numbers: range, name: str, progress: bool) -> "tqdm[int]":
    return tqdm(numbers, desc=name, unit="frame", file=sys.stderr, disable=not progress)


def _require_frames(images: Tensor, cameras: Camera, depths: Tensor, valid: Tensor) -> None:
    if len(cameras.batch_shape) != 1:
        raise ValueError(f"cameras have batch shape {cameras.batch_shape}; expected one dimension of frames")
    frames, height, width = len(cameras), cameras.height, cameras.width
    for name, values, expected in (
        ("images", images, (frames, 3, height, width)),
        ("depths", depths, (frames, height, width)),
        ("valid", valid, (frames, height, width)),
    ):
        if tuple(values.shape) != expected:
            raise ValueError(f"{name} have shape {tuple(values.shape)}; the cameras expect {expected}")
    require_finite("images", images)
    bad = valid & ~(torch.isfinite(depths) & (depths > 0))
    if bool(bad.any()):
        first = int(bad.flatten(1).any(dim=1).nonzero()[0])
        raise ValueError(
            f"depths have {int(bad.sum())} values that are NaN, infinite or <= 0, first in frame {first}; "
            "expected > 0 wherever valid"
        )
