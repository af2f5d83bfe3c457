"""One depth map beside others of the same surfaces."""

import typing
from typing import Any

import numba

compiled = numba.njit(cache=True, nogil=True, error_model="numpy")


@compiled
@typing.no_type_check
def agree(depth, view, others, tolerance, rows, out) -> Any:
    """Weighted mean depth of some rows; see `geometry.agreement.agreed_depth`.

    Args:
        depth: (height, width), 0 where there is none.
        view: K (3, 3), camera to world (4, 4) and centre (3,) of its camera, float64.
        others: depths (frame, height, width), K (frame, 3, 3), world to camera (frame, 4, 4), centres
            (frame, 3).
        tolerance: Largest relative difference that is noise.
        rows: First row, and the one after the last.
        out: (height, width), written at these rows.
    """
    K, pose, center = view
    depths, lenses, poses, centers = others
    for y in range(rows[0], rows[1]):
        ray_y = (y + 0.5 - K[1, 2]) / K[1, 1]
        for x in range(depth.shape[1]):
            z = float(depth[y, x])
            out[y, x] = z
            if z <= 0:
                continue
            ray_x = (x + 0.5 - K[0, 2]) / K[0, 0]
            a = (pose[0, 0] * ray_x + pose[0, 1] * ray_y + pose[0, 2]) * z + pose[0, 3]
            b = (pose[1, 0] * ray_x + pose[1, 1] * ray_y + pose[1, 2]) * z + pose[1, 3]
            c = (pose[2, 0] * ray_x + pose[2, 1] * ray_y + pose[2, 2]) * z + pose[2, 3]
            from_a, from_b, from_c = a - center[0], b - center[1], c - center[2]
            squared = from_a * from_a + from_b * from_b + from_c * from_c
            total = 1.0 / z**4
            shift = 0.0
            for k in range(len(depths)):
                P = poses[k]
                there = P[2, 0] * a + P[2, 1] * b + P[2, 2] * c + P[2, 3]
                if there <= 0:
                    continue
                u = (P[0, 0] * a + P[0, 1] * b + P[0, 2] * c + P[0, 3]) / there
                v = (P[1, 0] * a + P[1, 1] * b + P[1, 2] * c + P[1, 3]) / there
                u, v = u * lenses[k, 0, 0] + lenses[k, 0, 2], v * lenses[k, 1, 1] + lenses[k, 1, 2]
                measured = _between(depths[k], u - 0.5, v - 0.5, tolerance)
                along = from_a * (a - centers[k, 0]) + from_b * (b - centers[k, 1])
                along = (along + from_c * (c - centers[k, 2])) / squared
                change = (measured / there - 1.0) * along
                if measured > 0 and abs(measured / there - 1.0) <= tolerance and abs(change) <= tolerance:
                    weight = 1.0 / measured**4
                    total += weight
                    shift += weight * change
            out[y, x] = z * (1.0 + shift / total)


@compiled
@typing.no_type_check
def _between(depth, x, y, tolerance) -> Any:
    """Depth between four pixels of one surface, exact on planes; 0 where there are not four."""
    if not (0 <= x < depth.shape[1] - 1 and 0 <= y < depth.shape[0] - 1):
        return 0.0
    column, row = int(x), int(y)
    a, b = float(depth[row, column]), float(depth[row, column + 1])
    c, d = float(depth[row + 1, column]), float(depth[row + 1, column + 1])
    least = min(min(a, b), min(c, d))
    if least <= 0 or max(max(a, b), max(c, d)) > least * (1 + tolerance):
        return 0.0
    x, y = x - column, y - row
    return 1.0 / ((1 - y) * ((1 - x) / a + x / b) + y * ((1 - x) / c + x / d))
