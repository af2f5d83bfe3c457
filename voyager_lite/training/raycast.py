"""A small ray caster: colour with sun, shadow, sky and fog, depth and normals of one view."""

import typing

import numba
import numpy as np

from voyager_lite.training.material import GLOW, surface_color
from voyager_lite.training.noise import noise_at
from voyager_lite.training.shapes import NEAR, into_shape, meet, normal_at

TILE = 8
"""Pixels along a side of the squares for which the shapes in view are listed together."""


class World(typing.NamedTuple):
    """What rays meet, as arrays for compiled code: those of ``Scene``, and discs made for its sun."""

    volume: np.ndarray
    kinds: np.ndarray
    shapes: np.ndarray
    materials: np.ndarray
    casters: np.ndarray
    discs: np.ndarray
    air: np.ndarray


class Maps(typing.NamedTuple):
    """What is filled in: ``rgb`` (H, W, 3), ``depth`` (H, W), ``normal`` (H, W, 3), all zeros before."""

    rgb: np.ndarray
    depth: np.ndarray
    normal: np.ndarray


@numba.njit(cache=True, nogil=True, fastmath=True)
@typing.no_type_check
def cast_frame(world, maps, K, camera_to_world):
    """Fill the maps of one view; depth stays 0 on the sky.

    Colour is the mean over 2x2 places in the pixel, gamma-coded; depth and normal are those of its
    centre.
    """
    height, width = maps.depth.shape
    ahead = np.zeros(world.shapes.shape[0], np.int64)
    for top in range(0, height, TILE):
        for left in range(0, width, TILE):
            d, reach = _tile_cone(K, camera_to_world, left, top)
            count = _list_ahead(world.shapes, camera_to_world, d, reach, ahead)
            for row in range(top, min(top + TILE, height)):
                for column in range(left, min(left + TILE, width)):
                    _cast_pixel(world, maps, K, camera_to_world, ahead[:count], (row, column))


@numba.njit(cache=True, nogil=True, fastmath=True)
@typing.no_type_check
def _ray(K, M, x, y):
    """World direction through a place in the picture, one unit long along the optical axis."""
    cx, cy = (x - K[0, 2]) / K[0, 0], (y - K[1, 2]) / K[1, 1]
    return (
        M[0, 0] * cx + M[0, 1] * cy + M[0, 2],
        M[1, 0] * cx + M[1, 1] * cy + M[1, 2],
        M[2, 0] * cx + M[2, 1] * cy + M[2, 2],
    )


@numba.njit(cache=True, nogil=True, fastmath=True)
@typing.no_type_check
def _tile_cone(K, M, left, top):
    """Unit direction through a tile's middle and the angle to its farthest corner."""
    x, y, z = _ray(K, M, left + TILE / 2, top + TILE / 2)
    length = np.sqrt(x * x + y * y + z * z)
    x, y, z = x / length, y / length, z / length
    least = 1.0
    for i in range(4):
        u, v, w = _ray(K, M, left + TILE * (i & 1), top + TILE * (i >> 1))
        least = min(least, (x * u + y * v + z * w) / np.sqrt(u * u + v * v + w * w))
    return (x, y, z), np.arccos(least) + 1e-6


@numba.njit(cache=True, nogil=True, fastmath=True)
@typing.no_type_check
def _list_ahead(shapes, M, d, half_angle, ahead):
    """List the shapes whose bounding sphere touches a cone around the unit direction ``d``; their count."""
    count = 0
    for i in range(shapes.shape[0]):
        x, y, z = shapes[i, 0] - M[0, 3], shapes[i, 1] - M[1, 3], shapes[i, 2] - M[2, 3]
        distance, radius = np.sqrt(x * x + y * y + z * z), shapes[i, 15]
        if radius < distance:
            cosine = (x * d[0] + y * d[1] + z * d[2]) / distance
            angle = np.arccos(min(max(cosine, -1.0), 1.0))
            if angle > half_angle + np.arcsin(radius / distance):
                continue
        ahead[count] = i
        count += 1
    return count


@numba.njit(cache=True, nogil=True, fastmath=True)
@typing.no_type_check
def _first_hit(world, ahead, o, d):
    """First of the shapes listed in ``ahead`` that a ray meets: ray parameter, row or -1."""
    best, index = np.inf, -1
    for k in range(ahead.shape[0]):
        i = ahead[k]
        t = meet(world.kinds[i], world.shapes[i], o, d)
        if NEAR < t < best:
            best, index = t, i
    return best, index


@numba.njit(cache=True, nogil=True, fastmath=True)
@typing.no_type_check
def _cast_pixel(world, maps, K, M, ahead, place):
    row, column = place
    o = (M[0, 3], M[1, 3], M[2, 3])
    d = _ray(K, M, column + 0.5, row + 0.5)
    hit, index = _first_hit(world, ahead, o, d)
    if index >= 0:
        maps.depth[row, column] = hit
        point = (o[0] + hit * d[0], o[1] + hit * d[1], o[2] + hit * d[2])
        normal, _ = normal_at(world.kinds[index], world.shapes[index], point, d)
        for c in range(3):
            maps.normal[row, column, c] = normal[c]
    red = green = blue = 0.0
    for sample in range(4):
        d = _ray(K, M, column + 0.25 + 0.5 * (sample & 1), row + 0.25 + 0.5 * (sample >> 1))
        hit, index = _first_hit(world, ahead, o, d)
        if index < 0:
            length = np.sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2])
            r, g, b = _sky(world.volume, world.air, d[0] / length, d[1] / length, d[2] / length)
        else:
            r, g, b = _shade(world, (o, d), hit, index, 1.0 / K[0, 0])
        red += r
        green += g
        blue += b
    scale = 0.25 * world.air[12]
    maps.rgb[row, column, 0] = min(max(scale * red, 0.0), 1.0) ** (1 / 2.2)
    maps.rgb[row, column, 1] = min(max(scale * green, 0.0), 1.0) ** (1 / 2.2)
    maps.rgb[row, column, 2] = min(max(scale * blue, 0.0), 1.0) ** (1 / 2.2)


@numba.njit(cache=True, nogil=True, fastmath=True)
@typing.no_type_check
def _sky(volume, air, dx, dy, dz):
    """Sky colour along a unit direction: horizon to zenith, clouds, glow around the sun."""
    up = max(-dy, 0.0)
    blend = up**0.6
    cloud = 0.0
    if air[10] > 0 and up > 0.02:
        s = 6.0 / (up + 0.15)
        cloud = noise_at(volume, dx * s + air[11], dz * s + air[11], air[11])
        cloud = min(max((cloud - 0.75 + 0.5 * air[10]) * 4.0, 0.0), 1.0) * min(up * 6.0, 1.0)
    glow = max(dx * air[0] + dy * air[1] + dz * air[2], 0.0) ** 24 * 0.35
    r = air[16] * (1 - blend) + air[13] * blend
    g = air[17] * (1 - blend) + air[14] * blend
    b = air[18] * (1 - blend) + air[15] * blend
    return (
        r + (0.95 - r) * cloud + glow * air[3],
        g + (0.95 - g) * cloud + glow * air[4],
        b + (0.97 - b) * cloud + glow * air[5],
    )


@numba.njit(cache=True, nogil=True, fastmath=True)
@typing.no_type_check
def _shade(world, ray, hit, index, pixel):
    """Linear RGB of a hit: pattern, sun with shadow, ambient light from above and below, fog."""
    o, d = ray
    air, shape, row = world.air, world.shapes[index], world.materials[index]
    x, y, z = o[0] + hit * d[0], o[1] + hit * d[1], o[2] + hit * d[2]
    n, axis = normal_at(world.kinds[index], shape, (x, y, z), d)
    local = into_shape(shape, (x - shape[0], y - shape[1], z - shape[2]))
    place = (local[0] * shape[12], local[1] * shape[13], local[2] * shape[14])
    r, g, b = surface_color(world.volume, row, place, axis, hit * pixel)
    if int(row[0]) == GLOW:
        return r, g, b
    sun = max(n[0] * air[0] + n[1] * air[1] + n[2] * air[2], 0.0)
    if sun > 0:
        e = 1e-3 * (1 + hit)
        if _in_shadow(world, (x + e * n[0], y + e * n[1], z + e * n[2])):
            sun = 0.0
    up = 0.5 - 0.5 * n[1]
    r *= air[3] * sun + air[6] * (0.35 + 0.65 * up)
    g *= air[4] * sun + air[7] * (0.35 + 0.65 * up)
    b *= air[5] * sun + air[8] * (0.35 + 0.65 * up)
    fog = 1 - np.exp(-hit * air[9])
    return r + (air[16] - r) * fog, g + (air[17] - g) * fog, b + (air[18] - b) * fog


@numba.njit(cache=True, nogil=True, fastmath=True)
@typing.no_type_check
def sun_axes(sun):
    """Two unit directions square to the sun's and to each other."""
    length = np.sqrt(sun[0] * sun[0] + sun[2] * sun[2]) + 1e-9
    a = (-sun[2] / length, 0.0, sun[0] / length)
    b = (a[1] * sun[2] - a[2] * sun[1], a[2] * sun[0] - a[0] * sun[2], a[0] * sun[1] - a[1] * sun[0])
    return a, b


@numba.njit(cache=True, nogil=True, fastmath=True)
@typing.no_type_check
def shadow_discs(shapes, casters, sun):
    """(N, 4): bounding spheres seen from the sun, as discs: centre (2), squared radius, farthest reach."""
    discs = np.zeros((casters.shape[0], 4))
    a, b = sun_axes(sun)
    for k in range(casters.shape[0]):
        shape = shapes[casters[k]]
        discs[k, 0] = shape[0] * a[0] + shape[1] * a[1] + shape[2] * a[2]
        discs[k, 1] = shape[0] * b[0] + shape[1] * b[1] + shape[2] * b[2]
        discs[k, 2] = shape[15] * shape[15]
        discs[k, 3] = shape[0] * sun[0] + shape[1] * sun[1] + shape[2] * sun[2] + shape[15]
    return discs


@numba.njit(cache=True, nogil=True, fastmath=True)
@typing.no_type_check
def _in_shadow(world, p):
    """True where a shape stands between a point and the sun; most are ruled out by their discs."""
    sun, discs = world.air, world.discs
    a, b = sun_axes(sun)
    u, v = p[0] * a[0] + p[1] * a[1] + p[2] * a[2], p[0] * b[0] + p[1] * b[1] + p[2] * b[2]
    w = p[0] * sun[0] + p[1] * sun[1] + p[2] * sun[2]
    for k in range(discs.shape[0]):
        gap_u, gap_v = discs[k, 0] - u, discs[k, 1] - v
        if gap_u * gap_u + gap_v * gap_v < discs[k, 2] and discs[k, 3] > w:
            i = world.casters[k]
            if meet(world.kinds[i], world.shapes[i], p, (sun[0], sun[1], sun[2])) > NEAR:
                return True
    return False
