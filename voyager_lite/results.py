"""The plain files a world folder offers; all can be made anew from the store."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor
from tqdm import tqdm

from geometry.camera import Camera
from voyager_lite.export.cameras_json import write_cameras_json
from voyager_lite.export.contact_sheet import depth_picture, depth_range, write_contact_sheet
from voyager_lite.export.ply import write_ply_parts
from voyager_lite.export.video import write_depth_video, write_mp4
from voyager_lite.world.frames import encode_depth
from voyager_lite.world.world import World

SHEET_COLUMNS = 5
RENDER_BATCH = 8


def write_results(world: World) -> list[Path]:
    """Write video, guidance, depth, points, cameras and the contact sheet; returns the files."""
    folder = world.folder
    frames = range(len(world))
    files = [
        folder / name
        for name in (
            "video.mp4",
            "guidance.mp4",
            "depth.mkv",
            "points.ply",
            "cameras.json",
            "contact_sheet.png",
        )
    ]
    video, guidance, depth, points, cameras, sheet = files
    write_mp4(video, (world.rgb(i) for i in _bar(frames, "video")), fps=world.fps)
    write_mp4(guidance, (world.guidance(i) for i in _bar(frames, "guidance")), fps=world.fps)
    codes = (encode_depth(world.depth(i)) for i in _bar(frames, "depth"))
    write_depth_video(depth, codes, fps=world.fps)
    write_ply_parts(points, world.points(), count=world.point_count)
    write_cameras_json(cameras, world.cameras, fps=world.fps)
    write_sheet(sheet, world)
    return files


def write_sheet(path: Path, world: World) -> None:
    """Guidance, result and depth at a few frames spread evenly along the walk."""
    count = min(SHEET_COLUMNS, len(world))
    chosen = torch.linspace(0, len(world) - 1, count).round().int().tolist()
    depths = [world.depth(i) for i in chosen]
    near, far = depth_range(depths)
    rows = {
        "guidance: what the world knew before": [world.guidance(i) for i in chosen],
        "result": [world.rgb(i) for i in chosen],
        "depth": [depth_picture(depth, near=near, far=far) for depth in depths],
    }
    write_contact_sheet(path, rows, columns=[f"frame {i}" for i in chosen])


def write_guidance(world: World, cameras: Camera) -> Path:
    """Render what the world knows along cameras to ``guidance.mp4``; returns the file."""
    file = world.folder / "guidance.mp4"
    write_mp4(file, rendered_frames(world, cameras), fps=world.fps)
    return file


def rendered_frames(world: World, cameras: Camera) -> Iterator[Float[Tensor, "3 height width"]]:
    """The cache as the cameras see it, black where it knows nothing, a few frames at a time."""
    for start in range(0, len(cameras), RENDER_BATCH):
        yield from world.cache.render(cameras[start : start + RENDER_BATCH]).rgb


def _bar(frames: range, name: str) -> Iterable[int]:
    return tqdm(frames, name, leave=False, disable=None)
