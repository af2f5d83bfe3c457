"""From pixels to points: place, colour and disc of each, row after row without gaps."""

import math
import typing
from typing import Any

import numba

compiled = numba.njit(cache=True, nogil=True, error_model="numpy")


@compiled
@typing.no_type_check
def place(maps, links, view, spreads, rows, out) -> Any:
    """Write the points of some rows.

    Args:
        maps: image (3, height, width), depth and valid (height, width), normals (height, width, 3).
        links: To the right and below, (height, width) bool.
        view: K (3, 3) and camera to world (4, 4), float64.
        spreads: Radius at depth 1 of the disc for a pixel's cell, seen from the front; its largest
            stretch by slant; its overlap; and the largest overlap where the surface ends.
        rows: First row, and the one after the last.
        out: Index of each row's first point; then positions, colors and normals (N, 3), radii (N,).
    """
    image, depth, valid, normals = maps
    right, below = links
    K, pose = view
    cell, most, overlap, rim = spreads
    starts, positions, colors, facings, radii = out
    for y in range(rows[0], rows[1]):
        n = starts[y]
        ray_y = (y + 0.5 - K[1, 2]) / K[1, 1]
        for x in range(depth.shape[1]):
            if not valid[y, x]:
                continue
            ray_x = (x + 0.5 - K[0, 2]) / K[0, 0]
            z = float(depth[y, x])
            toward = 0.0
            for i in range(3):
                gaze = pose[i, 0] * ray_x + pose[i, 1] * ray_y + pose[i, 2]
                positions[n, i] = gaze * z + pose[i, 3]
                colors[n, i] = image[i, y, x]
                facings[n, i] = normals[y, x, i]
                toward -= normals[y, x, i] * gaze
            facing = toward / math.sqrt(ray_x * ray_x + ray_y * ray_y + 1.0)
            slant = 1.0 / max(facing, 1.0 / most)
            spread = overlap * math.sqrt((1.0 + slant * slant) / 2.0)
            inside = x > 0 and y > 0 and right[y, x - 1] and below[y - 1, x]
            if not (inside and right[y, x] and below[y, x]):
                spread = min(spread, rim)
            radii[n] = cell * z * spread
            n += 1
