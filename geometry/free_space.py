"""Space that was looked through is empty: nothing new may stand in it."""

from functools import partial

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from geometry.cache import NEARER
from geometry.camera import Camera
from geometry.checks import require_shape
from geometry.kernels.strips import in_strips

STEP = 1.03
"""Depths that are tried, each over the one before: less than what ``NEARER`` lets stand before a surface, so
that no surface is stepped over."""


def out_of_free_space(
    depth: Float[Tensor, "height width"],
    camera: Camera,
    *,
    moved: Bool[Tensor, "height width"],
    seen: Float[Tensor, "rows columns"],
    seen_from: Camera,
    farthest: float,
) -> Float[Tensor, "height width"]:
    """Put pixels farther along their rays until they hide nothing that another camera has seen.

    A place that the other camera saw something behind was empty (space carving, Kutulakos and Seitz 2000).
    What is imagined there is wrong, at least in depth: it would stand before what is known as soon as one
    goes back. Most such pixels were imagined in gaps beside silhouettes, at a depth between two surfaces,
    and end on the farther one.

    Args:
        depth: Depth along the axis, > 0.
        camera: Its camera, a single one.
        moved: True at pixels that may be moved.
        seen: Depth that the other camera saw; 0 where it saw nothing.
        seen_from: The other camera, a single one.
        farthest: Depth, along the axis of ``camera``, that nothing is put beyond.

    Returns:
        Depth, at ``moved`` pixels as it was or greater. A pixel that is in empty space at all depths up
        to ``farthest`` stays where it is.

    Raises:
        ValueError: Shapes differ from the cameras' or from each other.
    """
    require_shape("depth", depth, (camera.height, camera.width))
    require_shape("moved", moved, (camera.height, camera.width))
    require_shape("seen", seen, (seen_from.height, seen_from.width))
    if not bool(moved.any()):
        return depth
    # Imported where it is called: numba takes long to load.
    from geometry.kernels.free_space import put_back

    across = (seen_from.world_to_camera.double() @ camera.camera_to_world.double()).cpu().numpy()
    view = camera.K.double().cpu().numpy(), across, seen_from.K.double().cpu().numpy()
    maps = depth.contiguous().cpu().numpy(), moved.cpu().numpy()
    limits = 1 - NEARER, STEP, float(farthest)
    work = partial(put_back, maps, view, seen.contiguous().cpu().numpy(), limits)
    found = np.empty_like(maps[0])
    in_strips(camera.height, work, found)
    return torch.from_numpy(found).to(depth)
