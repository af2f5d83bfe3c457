"""A small ray caster: colour with sun, shadow, sky and fog, depth and normals of one view."""

import typing

import numba
import numpy as np

from voyager_lite.training.compiled import compiled
from voyager_lite.training.listing import FAR, TILE, list_tiles
from voyager_lite.training.shading import in_shadow, meet_shape, shade, sky_color
from voyager_lite.training.shapes import NEAR, facing, turned


class Maps(typing.NamedTuple):
    """What is filled in: ``rgb`` (H, W, 3), ``depth`` (H, W), ``normal`` (H, W, 3), ``shape`` (H, W).

    Before, ``shape`` is -1 and all else 0.
    """

    rgb: np.ndarray
    depth: np.ndarray
    normal: np.ndarray
    shape: np.ndarray


class Grid(typing.NamedTuple):
    """What rays through a grid of places meet: shape or -1, ray parameter, normal, share of sunlight."""

    which: np.ndarray
    hit: np.ndarray
    normal: np.ndarray
    lit: np.ndarray


@numba.njit(cache=True, nogil=True, fastmath=True)
@typing.no_type_check
def cast_frame(world, maps, K, camera_to_world):
    """Fill the maps of one view; depth stays 0 on the sky.

    Rays go through every pixel's centre and corners. Depth and normal are those of the centre. A pixel
    whose five rays meet one even surface is shaded once, in the light that they get on average; any
    other takes its colour from the centre (half of it) and the corners. Colour is linear, in [0, 1].
    """
    height, width = maps.depth.shape
    tiles = list_tiles(world.shapes, world.maps, K, camera_to_world, height, width)
    centers, corners = _grid(height, width), _grid(height + 1, width + 1)
    _trace(world, tiles, K, camera_to_world, centers, 0.5)
    _trace(world, tiles, K, camera_to_world, corners, 0.0)
    # Colours of corners, made when first asked for.
    colors = np.full((height + 1, width + 1, 3), np.float32(-1))
    _fill_maps(world, maps, K, camera_to_world, (centers, corners, colors))


@numba.njit(cache=True, nogil=True)
@typing.no_type_check
def _grid(rows, columns):
    empty = np.zeros((rows, columns))
    return Grid(np.full((rows, columns), -1), empty, np.zeros((rows, columns, 3)), np.zeros_like(empty))


@compiled()
@typing.no_type_check
def _fill_maps(world, maps, K, M, grids):
    centers = grids[0]
    for row in range(maps.depth.shape[0]):
        for column in range(maps.depth.shape[1]):
            if centers.which[row, column] >= 0:
                maps.depth[row, column] = centers.hit[row, column]
                maps.shape[row, column] = centers.which[row, column]
                for c in range(3):
                    maps.normal[row, column, c] = centers.normal[row, column, c]
            _color_pixel(world, maps.rgb, K, M, grids, (row, column))


@compiled()
@typing.no_type_check
def _direction(K, M, x, y):
    """World direction through a place in the picture, one unit long along the optical axis."""
    cx, cy = (x - K[0, 2]) / K[0, 0], (y - K[1, 2]) / K[1, 1]
    return (
        M[0, 0] * cx + M[0, 1] * cy + M[0, 2],
        M[1, 0] * cx + M[1, 1] * cy + M[1, 2],
        M[2, 0] * cx + M[2, 1] * cy + M[2, 2],
    )


@compiled()
@typing.no_type_check
def _trace(world, tiles, K, M, grid, offset):
    """Fill in what is met through all pixel centres (``offset`` 0.5) or corners (0) of a picture."""
    rows, columns = grid.which.shape
    extra = 0 if offset > 0 else 1
    down, across = (rows - extra + TILE - 1) // TILE, (columns - extra + TILE - 1) // TILE
    sun = (world.air[0], world.air[1], world.air[2])
    for row in range(rows):
        y = row + offset
        cy = (y - K[1, 2]) / K[1, 1]
        for column in range(columns):
            x = column + offset
            cx = (x - K[0, 2]) / K[0, 0]
            tile = min(row // TILE, down - 1) * across + min(column // TILE, across - 1)
            t, i = _first_hit(world, tiles, tile, (x, y), (cx, cy))
            grid.which[row, column], grid.hit[row, column] = i, t
            if i < 0:
                continue
            o, q = tiles.origins[i], turned(tiles.turns[i], cx, cy, 1.0)
            p = (o[0] + t * q[0], o[1] + t * q[1], o[2] + t * q[2])
            half = world.shapes[i, 12:15]
            n, _ = facing(world.kinds[i], half, p, q)
            a = world.maps[i]
            u = a[0] * n[0] + a[3] * n[1] + a[6] * n[2]
            v = a[1] * n[0] + a[4] * n[1] + a[7] * n[2]
            w = a[2] * n[0] + a[5] * n[1] + a[8] * n[2]
            length = 1.0 / np.sqrt(u * u + v * v + w * w + 1e-24)
            u, v, w = u * length, v * length, w * length
            normal = grid.normal[row, column]
            normal[0], normal[1], normal[2] = u, v, w
            if u * sun[0] + v * sun[1] + w * sun[2] > 0:
                d, e = _direction(K, M, x, y), 1e-3 * (1 + t)
                place = (
                    M[0, 3] + t * d[0] + e * u,
                    M[1, 3] + t * d[1] + e * v,
                    M[2, 3] + t * d[2] + e * w,
                )
                grid.lit[row, column] = 0.0 if in_shadow(world, place) else 1.0


@compiled()
@typing.no_type_check
def _first_hit(world, tiles, tile, place, ray):
    """First shape of a tile's list that a ray meets: ray parameter, row or -1."""
    best, index = FAR, -1
    x, y = place
    for k in range(tiles.first[tile], tiles.first[tile + 1]):
        i = tiles.items[k]
        if tiles.nearest[i] >= best:
            break
        rect = tiles.rects[i]
        if x < rect[0] or x > rect[1] or y < rect[2] or y > rect[3]:
            continue
        o, q = tiles.origins[i], turned(tiles.turns[i], ray[0], ray[1], 1.0)
        t = meet_shape(world, i, (o[0], o[1], o[2]), q)
        if NEAR < t < best:
            best, index = t, i
    return best, index


@compiled()
@typing.no_type_check
def _same_surface(a, b, pa, pb):
    """True where two rays meet one shape (or both the sky) facing nearly one way."""
    i = a.which[pa]
    if i != b.which[pb]:
        return False
    if i < 0:
        return True
    n, m = a.normal[pa], b.normal[pb]
    return n[0] * m[0] + n[1] * m[1] + n[2] * m[2] > 0.9


@compiled()
@typing.no_type_check
def _color_pixel(world, rgb, K, M, grids, place):
    centers, corners, colors = grids
    row, column = place
    even, lit = True, 0.5 * centers.lit[place]
    for k in range(4):
        corner = (row + (k >> 1), column + (k & 1))
        even = even and _same_surface(centers, corners, place, corner)
        lit += 0.125 * corners.lit[corner]
    if even:
        r, g, b = _color_at(world, K, M, centers, place, (0.5, lit))
    else:
        r, g, b = _color_at(world, K, M, centers, place, (0.5, centers.lit[place]))
        r, g, b = 0.5 * r, 0.5 * g, 0.5 * b
        for k in range(4):
            corner = (row + (k >> 1), column + (k & 1))
            if colors[corner][0] < 0:
                shown = _color_at(world, K, M, corners, corner, (0.0, corners.lit[corner]))
                for c in range(3):
                    colors[corner][c] = shown[c]
            r += 0.125 * colors[corner][0]
            g += 0.125 * colors[corner][1]
            b += 0.125 * colors[corner][2]
    scale = world.air[12]
    rgb[row, column, 0] = min(max(scale * r, 0.0), 1.0)
    rgb[row, column, 1] = min(max(scale * g, 0.0), 1.0)
    rgb[row, column, 2] = min(max(scale * b, 0.0), 1.0)


@compiled()
@typing.no_type_check
def _color_at(world, K, M, grid, place, light):
    """Linear RGB of one ray, cut to what the picture can show, so that a lamp does not eat its rim.

    ``light`` is where in the pixel the ray goes through, and the share of sunlight at its end.
    """
    (row, column), (offset, lit) = place, light
    d = _direction(K, M, column + offset, row + offset)
    i = grid.which[place]
    if i < 0:
        length = 1.0 / np.sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2])
        r, g, b = sky_color(world.volume, world.air, d[0] * length, d[1] * length, d[2] * length)
    else:
        n = grid.normal[place]
        t, o = grid.hit[place], (M[0, 3], M[1, 3], M[2, 3])
        r, g, b = shade(world, (o, d), (t, i), (n[0], n[1], n[2]), (lit, 1.0 / K[0, 0]))
    most = 1.0 / world.air[12]
    return min(max(r, 0.0), most), min(max(g, 0.0), most), min(max(b, 0.0), most)
