"""From pixels to points, and from points to the pixels they fall on."""

import math
import typing
from typing import Any

import numba

compiled = numba.njit(cache=True, nogil=True, error_model="numpy")


@compiled
@typing.no_type_check
def place(maps, links, view, spreads, rows, out) -> Any:
    """The points of some rows: place, colour and disc of each, without gaps.

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


@compiled
@typing.no_type_check
def find_new(positions, cache, seen, view, rows, out) -> Any:
    """Whether points say something new; see `geometry.cache.WorldCache.add`.

    Args:
        positions: (N, 3), world frame.
        cache: positions and normals (M, 3) of the cache.
        seen: index and depth (height, width) of the cache as the camera sees it; index -1 where it is not.
        view: K (3, 3), world to camera (4, 4) and centre (3,) of the camera, float64; then the share of
            the depth seen that is clearly nearer.
        rows: First point, and the one after the last.
        out: (N,) bool, written at these points.
    """
    places, normals = cache
    index, depth = seen
    K, pose, center, share = view
    height, width = depth.shape
    for n in range(rows[0], rows[1]):
        a, b, c = float(positions[n, 0]), float(positions[n, 1]), float(positions[n, 2])
        z = pose[2, 0] * a + pose[2, 1] * b + pose[2, 2] * c + pose[2, 3]
        x = (pose[0, 0] * a + pose[0, 1] * b + pose[0, 2] * c + pose[0, 3]) / z * K[0, 0] + K[0, 2]
        y = (pose[1, 0] * a + pose[1, 1] * b + pose[1, 2] * c + pose[1, 3]) / z * K[1, 1] + K[1, 2]
        out[n] = True
        if not (z > 0 and 0 <= x < width and 0 <= y < height):
            continue
        k = index[int(y), int(x)]
        if k < 0 or z < share * depth[int(y), int(x)]:
            continue
        away = 0.0
        for i in range(3):
            away += normals[k, i] * (places[k, i] - center[i])
        out[n] = away > 0
