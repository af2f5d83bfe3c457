"""The nearest surface of a picture while it is drawn from front to back: what nothing is seen behind."""

import numpy as np
from jaxtyping import Bool, Float, Float32, Int

from geometry.camera import Camera
from geometry.cloud import PointCloud
from geometry.rasterizer.hiding import TILE, farthest, find_behind
from geometry.rasterizer.kernels import EMPTY, PAD, scatter
from geometry.rasterizer.rule import MAX_FOOTPRINT_PX, NEAR, SETBACK, view_numbers


class Front:
    """Draws points for one camera, and tells what further points would change nothing.

    It holds what the rule of `geometry.rasterizer` compares, so that its answers are exact.
    """

    def __init__(self, camera: Camera) -> None:
        flat = Camera(
            K=camera.K[None],
            world_to_camera=camera.world_to_camera[None],
            height=camera.height,
            width=camera.width,
        )
        rule = np.array([NEAR, MAX_FOOTPRINT_PX, SETBACK], np.float32)
        self._view = (*view_numbers(flat).numpy()[0], *rule)
        self._keys = np.full((camera.height + 2 * PAD, camera.width + 2 * PAD), EMPTY)

    def draw(self, cloud: PointCloud) -> None:
        """Draw points in main memory, all of them matter."""
        positions = cloud.positions.float().reshape(-1).contiguous().numpy()
        radii = cloud.radii.float().contiguous().numpy()
        scatter(positions, radii, 0, self._view, self._keys, np.empty(len(radii), np.float32))

    def farthest(self) -> Float32[np.ndarray, "tile_row tile_column"]:
        """The largest of the depths compared in each square of ``TILE`` pixels; infinite if one is bare."""
        height, width = (size - 2 * PAD for size in self._keys.shape)
        tiles = np.empty((-(-height // TILE), -(-width // TILE)), np.float32)
        farthest(self._keys, tiles)
        return tiles


def all_behind(
    depth: Float[np.ndarray, " box"],
    windows: Int[np.ndarray, "box 4"],
    tiles: Float32[np.ndarray, "tile_row tile_column"],
) -> Bool[np.ndarray, " box"]:
    """Whether boxes lie behind what has been drawn wherever they can be seen.

    Args:
        depth: Of the nearest of their points, or less.
        windows: First column and row, last column and row of the pixels they can touch, in the picture or
            beside it.
        tiles: From ``Front.farthest``.
    """
    found = np.empty(len(depth), np.bool_)
    find_behind(depth, windows, tiles, found)
    return found
