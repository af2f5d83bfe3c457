"""Surfaces put behind the space that another camera has looked through."""

import typing
from typing import Any

import numba

compiled = numba.njit(cache=True, nogil=True, error_model="numpy")


@compiled
@typing.no_type_check
def put_back(maps, view, seen, limits, rows, out) -> Any:
    """Depth of some rows' pixels, farther where they would hide what is seen; see
    `geometry.free_space.out_of_free_space`.

    Args:
        maps: depth along the axis, > 0, and whether a pixel may be moved, (height, width).
        view: K (3, 3) of this camera; from its frame to that of the other (4, 4); K of the other. float64.
        seen: (rows, columns) depth seen by the other; 0 where it saw nothing.
        limits: Share of the depth seen from which on a place is not before it; step, > 1; farthest depth.
        rows: First row, and the one after the last.
        out: (height, width), written at these rows.
    """
    depth, moved = maps
    K, pose, other = view
    share, step, farthest = limits
    height, width = seen.shape
    for y in range(rows[0], rows[1]):
        ray_y = (y + 0.5 - K[1, 2]) / K[1, 1]
        for x in range(depth.shape[1]):
            out[y, x] = depth[y, x]
            if not moved[y, x]:
                continue
            ray_x = (x + 0.5 - K[0, 2]) / K[0, 0]
            way_x = pose[0, 0] * ray_x + pose[0, 1] * ray_y + pose[0, 2]
            way_y = pose[1, 0] * ray_x + pose[1, 1] * ray_y + pose[1, 2]
            way_z = pose[2, 0] * ray_x + pose[2, 1] * ray_y + pose[2, 2]
            z = float(depth[y, x])
            while z < farthest:
                ahead = way_z * z + pose[2, 3]
                u = (way_x * z + pose[0, 3]) / ahead * other[0, 0] + other[0, 2]
                v = (way_y * z + pose[1, 3]) / ahead * other[1, 1] + other[1, 2]
                inside = ahead > 0 and 0 <= u < width and 0 <= v < height
                if not inside or ahead >= share * seen[int(v), int(u)]:
                    out[y, x] = z
                    break
                z *= step
