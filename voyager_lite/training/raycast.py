"""A small ray caster: colour with sun, shadow, sky and fog, depth and normals of one view.

A picture is made in passes, in each of which every place (a pixel, or a corner of pixels) is worked out
by itself. A pass goes through a rectangle of places (top, bottom, left, right): on a processor through all
of them, in a thread of a GPU (``raycast_cuda``) through one.
"""

import math
import typing

import numba
import numpy as np

from voyager_lite.training.compiled import compiled
from voyager_lite.training.listing import FAR, TILE, list_tiles
from voyager_lite.training.shading import World, in_shadow, meet_shape, shade, sky_color
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


class Sight(typing.NamedTuple):
    """A scene as one camera sees it: what rays meet, shapes by tiles, intrinsics, camera to world."""

    world: typing.Any
    tiles: typing.Any
    K: np.ndarray
    M: np.ndarray


class Film(typing.NamedTuple):
    """What is worked out on the way to a picture.

    Attributes:
        centers: What rays through pixels' centres meet.
        corners: What rays through their corners meet, one row and column more.
        even: (H, W) True where a pixel's five rays meet one even surface.
        colors: (H + 1, W + 1, 3) colours of those corners that pixels which are not even have.
    """

    centers: Grid
    corners: Grid
    even: np.ndarray
    colors: np.ndarray


def cast_frames(world: World, K: np.ndarray, poses: np.ndarray, *, height: int, width: int) -> Maps:
    """Views of a world, frame after frame: depth and normal as at pixels' centres, depth 0 on the sky.

    Args:
        world: What rays meet.
        K: (F, 3, 3) intrinsics.
        poses: (F, 4, 4) camera to world.
        height: Of the pictures, in pixels.
        width: Of the pictures, in pixels.
    """
    frames = len(K)
    maps = Maps(
        rgb=np.zeros((frames, height, width, 3), np.float32),
        depth=np.zeros((frames, height, width), np.float32),
        normal=np.zeros((frames, height, width, 3), np.float32),
        shape=np.full((frames, height, width), -1, np.int32),
    )
    for i in range(frames):
        _cast_frame(world, Maps(*(part[i] for part in maps)), K[i], poses[i])
    return maps


@numba.njit(cache=True, nogil=True, fastmath=True)
@typing.no_type_check
def _cast_frame(world, maps, K, camera_to_world):
    """Fill the maps of one view; depth stays 0 on the sky.

    Rays go through every pixel's centre and corners. Depth and normal are those of the centre. A pixel
    whose five rays meet one even surface is shaded once, in the light that they get on average; any
    other takes its colour from the centre (half of it) and the corners. Colour is linear, in [0, 1].
    """
    height, width = maps.depth.shape
    tiles = list_tiles(world.shapes, world.maps, K, camera_to_world, height, width)
    sight = Sight(world, tiles, K, camera_to_world)
    even, colors = np.zeros((height, width), np.bool_), np.zeros((height + 1, width + 1, 3))
    film = Film(_grid(height, width), _grid(height + 1, width + 1), even, colors)
    pixels, lattice = (0, height, 0, width), (0, height + 1, 0, width + 1)
    trace_rays(sight, film.centers, pixels, 0.5)
    trace_rays(sight, film.corners, lattice, 0.0)
    compare_rays(film, pixels)
    color_corners(sight, film, lattice)
    fill_pixels(sight, film, maps, pixels)


@numba.njit(cache=True, nogil=True)
@typing.no_type_check
def _grid(rows, columns):
    empty = np.zeros((rows, columns))
    return Grid(np.full((rows, columns), -1), empty, np.zeros((rows, columns, 3)), np.zeros_like(empty))


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
def trace_rays(sight, grid, places, offset):
    """Fill in what is met through pixels' centres (``offset`` 0.5) or their upper left corners (0)."""
    world, tiles, K, M = sight
    rows, columns = grid.which.shape
    extra = 0 if offset > 0 else 1
    down, across = (rows - extra + TILE - 1) // TILE, (columns - extra + TILE - 1) // TILE
    sun = (world.air[0], world.air[1], world.air[2])
    for row in range(places[0], places[1]):
        y = row + offset
        cy = (y - K[1, 2]) / K[1, 1]
        for column in range(places[2], places[3]):
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
            length = 1.0 / math.sqrt(u * u + v * v + w * w + 1e-24)
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
def compare_rays(film, places):
    """Say which pixels are even."""
    for row in range(places[0], places[1]):
        for column in range(places[2], places[3]):
            even = True
            for k in range(4):
                corner = (row + (k >> 1), column + (k & 1))
                even = even and _same_surface(film.centers, film.corners, (row, column), corner)
            film.even[row, column] = even


@compiled()
@typing.no_type_check
def color_corners(sight, film, places):
    """Colour those corners of pixels that belong to one which is not even."""
    height, width = film.even.shape
    for row in range(places[0], places[1]):
        for column in range(places[2], places[3]):
            even = True
            for i in range(max(row - 1, 0), min(row + 1, height)):
                for j in range(max(column - 1, 0), min(column + 1, width)):
                    even = even and film.even[i, j]
            if even:
                continue
            shown = _color_at(sight, film.corners, (row, column), (0.0, film.corners.lit[row, column]))
            for c in range(3):
                film.colors[row, column, c] = shown[c]


@compiled()
@typing.no_type_check
def fill_pixels(sight, film, maps, places):
    """Fill in all maps."""
    centers, corners, scale = film.centers, film.corners, sight.world.air[12]
    for row in range(places[0], places[1]):
        for column in range(places[2], places[3]):
            if centers.which[row, column] >= 0:
                maps.depth[row, column] = centers.hit[row, column]
                maps.shape[row, column] = centers.which[row, column]
                for c in range(3):
                    maps.normal[row, column, c] = centers.normal[row, column, c]
            even, lit = film.even[row, column], centers.lit[row, column]
            if even:
                lit *= 0.5
                for k in range(4):
                    lit += 0.125 * corners.lit[row + (k >> 1), column + (k & 1)]
            color = _color_at(sight, centers, (row, column), (0.5, lit))
            for c in range(3):
                shown = color[c]
                if not even:
                    shown *= 0.5
                    for k in range(4):
                        shown += 0.125 * film.colors[row + (k >> 1), column + (k & 1), c]
                maps.rgb[row, column, c] = min(max(scale * shown, 0.0), 1.0)


@compiled()
@typing.no_type_check
def _color_at(sight, grid, place, light):
    """Linear RGB of one ray, cut to what the picture can show, so that a lamp does not eat its rim.

    ``light`` is where in the pixel the ray goes through, and the share of sunlight at its end.
    """
    (world, _, K, M), (row, column), (offset, lit) = sight, place, light
    d = _direction(K, M, column + offset, row + offset)
    i = grid.which[row, column]
    if i < 0:
        length = 1.0 / math.sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2])
        r, g, b = sky_color(world.volume, world.air, d[0] * length, d[1] * length, d[2] * length)
    else:
        n = grid.normal[row, column]
        t, o = grid.hit[row, column], (M[0, 3], M[1, 3], M[2, 3])
        r, g, b = shade(world, (o, d), (t, i), (n[0], n[1], n[2]), (lit, 1.0 / K[0, 0]))
    most = 1.0 / world.air[12]
    return min(max(r, 0.0), most), min(max(g, 0.0), most), min(max(b, 0.0), most)
