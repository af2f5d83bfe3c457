"""From a folder of Voyager's conditions to a world: its picture, and what its frames know further on."""

from dataclasses import replace
from pathlib import Path

from jaxtyping import Bool, Float
from torch import Tensor

from geometry.cache import WorldCache
from geometry.camera import Camera
from geometry.cloud import PointCloud
from geometry.lifting import lift, lift_sky
from voyager_lite.depth.estimate import DepthEstimate
from voyager_lite.export.condition import Condition, ConditionFrame, read_condition
from voyager_lite.opening import Opening, View, open_photograph, storable
from voyager_lite.photograph import Photograph, fit_size

SKY_GAP = 2.5
"""Ratio of neighbouring depths from which on what lies behind is sky: nothing stands between a scene and
the shell, or the 10,000 units, on which a sky is put."""

WORTH_LIFTING = 0.0005
"""Share of a frame that must be new for the frame to be lifted."""


def open_condition(folder: Path, *, view: View) -> tuple[Opening, Camera]:
    """A world of all that a folder's frames show, and the cameras they were seen from.

    The first frame's depth is the photograph's. What later frames know beyond it enters the cloud.

    Args:
        folder: Written by `voyager-lite export`, or by Voyager's tools and given a cameras.json.
        view: Size and frame rate; the shape is 16 by 9.

    Returns:
        The opening, and one camera a frame at its size.

    Raises:
        FileNotFoundError: The folder lacks a frame, or the ranges of depth.
        ValueError: It has no cameras, or fewer than two frames; the size has another shape.
    """
    condition = read_condition(folder)
    if condition.cameras is None:
        raise ValueError(
            f"{folder} has no cameras.json; where its frames were seen from cannot be told from them"
        )
    if len(condition) < 2 or len(condition.cameras) != len(condition):
        raise ValueError(
            f"{folder} has {len(condition)} frames and {len(condition.cameras)} cameras; expected as many, "
            "at least 2"
        )
    first = condition[0]
    height, width = first.known.shape
    rows, columns = (view.height, view.width) if view.height and view.width else fit_size(height, width)
    if abs(columns * height - rows * width) > height + width:
        raise ValueError(f"size is {columns}x{rows}; {folder} has the shape {width}x{height}")
    sky = first.known & (first.depth >= sky_begins(first.depth, first.known))
    estimate = DepthEstimate(
        depth=first.depth,
        valid=first.known & ~sky,
        sky=sky,
        fov_degrees=None,
        metric=False,
        source=f"the conditions in {folder.name}",
    )
    photograph = Photograph(rgb=condition.reference, fov_degrees=None, path=folder / "ref_image.png")
    view = replace(view, height=rows, width=columns)
    opening = open_photograph(photograph, estimate, view=view, camera=condition.cameras[0])
    cameras = condition.cameras.resized(height=rows, width=columns)
    cloud = _with_later_frames(opening, condition, condition.cameras)
    return replace(opening, cloud=cloud), cameras


def sky_begins(depth: Float[Tensor, "height width"], known: Bool[Tensor, "height width"]) -> float:
    """Depth from which on a frame shows sky: behind its widest gap in depth, if that is wide enough.

    Infinite where there is no such gap in the farther half of what is known.
    """
    ordered = depth[known].sort().values
    far = ordered[len(ordered) // 2 :]
    if len(far) < 2:
        return float("inf")
    ratios = far[1:] / far[:-1]
    widest = int(ratios.argmax())
    return float(far[widest + 1]) if float(ratios[widest]) >= SKY_GAP else float("inf")


def _with_later_frames(opening: Opening, condition: Condition, cameras: Camera) -> PointCloud:
    distance = float(opening.origin["sky_distance"])  # type: ignore[arg-type]
    cache = WorldCache(opening.cloud)
    added = [opening.cloud]
    for number in range(1, len(condition)):
        frame, camera = condition[number], cameras[number]
        new = frame.known & ~cache.render(camera).known
        if float(new.float().mean()) >= WORTH_LIFTING:
            added.append(cache.add(storable(_lifted(frame, camera, sky_distance=distance)), camera))
    return PointCloud.concatenate(added)


def _lifted(frame: ConditionFrame, camera: Camera, *, sky_distance: float) -> PointCloud:
    sky = frame.known & (frame.depth >= min(sky_begins(frame.depth, frame.known), sky_distance / 2))
    matter = lift(frame.rgb, frame.depth, camera, valid=frame.known & ~sky)
    return PointCloud.concatenate([matter, lift_sky(frame.rgb, camera, sky=sky, distance=sky_distance)])
