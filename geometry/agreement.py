"""One surface, measured by many frames: what they agree on."""

from functools import partial

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from geometry.camera import Camera
from geometry.checks import require_shape
from geometry.edges import JUMP
from geometry.kernels.strips import in_strips


def agreed_depth(
    depth: Float[Tensor, "height width"],
    camera: Camera,
    *,
    others: Float[Tensor, "frame height width"],
    cameras: Camera,
) -> Float[Tensor, "height width"]:
    """A measured depth map, averaged with what other frames measured of the same surfaces.

    Every pixel's point is looked up in the other frames, between four of their pixels, in inverse depth:
    exact on planes, whatever their slant. Where the depth found differs by no more than ``JUMP`` it is
    the same surface, measured once more. The difference is taken over to the pixel's own ray as far as it
    lies along it, which is exact for a surface that faces the pixel and too little, never too much, for
    others. Measurements count by 1 / depth^4: the error of stereo and of structured light grows with the
    square of the depth (Khoshelham and Elberink, "Accuracy and resolution of Kinect depth data", 2012).

    Args:
        depth: Along the axis; 0 where nothing was measured, and there it stays 0.
        camera: A single camera, of the map's size.
        others: Maps of the same size; none leave everything as it is.
        cameras: One for each of them.

    Raises:
        ValueError: Sizes or numbers differ.
    """
    require_shape("depth", depth, (camera.height, camera.width))
    require_shape("others", others, (*cameras.batch_shape, camera.height, camera.width))
    # Imported where it is called: numba takes long to load.
    from geometry.kernels.agreement import agree

    view = camera.K.numpy(), camera.camera_to_world.numpy(), camera.center.numpy()
    theirs = cameras.K.numpy(), cameras.world_to_camera.numpy(), cameras.center.numpy()
    found = np.empty(depth.shape, np.float32)
    maps = others.contiguous().numpy(), *theirs
    in_strips(camera.height, partial(agree, depth.contiguous().numpy(), view, maps, JUMP), found)
    return torch.from_numpy(found)
