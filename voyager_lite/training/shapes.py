"""Where rays meet boxes, ellipsoids, cylinders and cones, and which way the surface faces there.

Every shape is a unit shape (in [-1, 1] along each of its axes) under a rotation and a scaling, so a
ray is moved into the shape's axes and met there; parameters along the ray survive that move. Origins
and directions are triples; a shape is a row of ``Scene.shapes``.
"""

import typing

import numba
import numpy as np

BOX, BALL, CYLINDER, CONE = range(4)
"""Kinds of shape. Axes y of cylinders and cones stand upright; the cone's tip is at y = -1 (up)."""

NEAR = 1e-4
"""Meetings at smaller ray parameters do not count."""


@numba.njit(cache=True, nogil=True, fastmath=True)
@typing.no_type_check
def into_shape(shape, v):
    """A direction in the shape's axes, scaled to the unit shape."""
    return (
        (shape[3] * v[0] + shape[4] * v[1] + shape[5] * v[2]) / shape[12],
        (shape[6] * v[0] + shape[7] * v[1] + shape[8] * v[2]) / shape[13],
        (shape[9] * v[0] + shape[10] * v[1] + shape[11] * v[2]) / shape[14],
    )


@numba.njit(cache=True, nogil=True, fastmath=True)
@typing.no_type_check
def meet(kind, shape, o, d):
    """Ray parameter of the first meeting of ``o + t d`` with one shape; below ``NEAR`` for none."""
    cx, cy, cz = shape[0] - o[0], shape[1] - o[1], shape[2] - o[2]
    along = cx * d[0] + cy * d[1] + cz * d[2]
    length2 = d[0] * d[0] + d[1] * d[1] + d[2] * d[2]
    gap = cx * cx + cy * cy + cz * cz - shape[15] * shape[15]
    if gap > 0 and (along < 0 or along * along < gap * length2):
        return -1.0
    p, q = into_shape(shape, (-cx, -cy, -cz)), into_shape(shape, d)
    if kind == BOX:
        return _meet_box(p, q)
    if kind == BALL:
        return _meet_ball(p, q)
    return _meet_round(kind, p, q)


@numba.njit(cache=True, nogil=True, fastmath=True)
@typing.no_type_check
def _meet_box(o, d):
    ix, iy, iz = 1.0 / (d[0] + 1e-12), 1.0 / (d[1] + 1e-12), 1.0 / (d[2] + 1e-12)
    ax, bx = (-1 - o[0]) * ix, (1 - o[0]) * ix
    ay, by = (-1 - o[1]) * iy, (1 - o[1]) * iy
    az, bz = (-1 - o[2]) * iz, (1 - o[2]) * iz
    enter = max(min(ax, bx), min(ay, by), min(az, bz))
    leave = min(max(ax, bx), max(ay, by), max(az, bz))
    if leave < enter or leave < NEAR:
        return -1.0
    return enter if enter > NEAR else leave


@numba.njit(cache=True, nogil=True, fastmath=True)
@typing.no_type_check
def _meet_ball(o, d):
    a = d[0] * d[0] + d[1] * d[1] + d[2] * d[2]
    b = o[0] * d[0] + o[1] * d[1] + o[2] * d[2]
    c = o[0] * o[0] + o[1] * o[1] + o[2] * o[2] - 1
    root = b * b - a * c
    if root < 0:
        return -1.0
    root = np.sqrt(root)
    first = (-b - root) / a
    return first if first > NEAR else (-b + root) / a


@numba.njit(cache=True, nogil=True, fastmath=True)
@typing.no_type_check
def _meet_round(kind, o, d):
    """Cylinder x^2 + z^2 = 1 or cone x^2 + z^2 = ((1 + y) / 2)^2, both for |y| <= 1, with caps."""
    if kind == CYLINDER:
        a, b, c = d[0] * d[0] + d[2] * d[2], o[0] * d[0] + o[2] * d[2], o[0] * o[0] + o[2] * o[2] - 1
    else:
        w, dw = (1 + o[1]) / 2, d[1] / 2
        a = d[0] * d[0] + d[2] * d[2] - dw * dw
        b = o[0] * d[0] + o[2] * d[2] - w * dw
        c = o[0] * o[0] + o[2] * o[2] - w * w
    best = -1.0
    root = b * b - a * c
    if root > 0 and abs(a) > 1e-12:
        root = np.sqrt(root)
        for sign in (-1.0, 1.0):
            t = (-b + sign * root) / a
            if t > NEAR and abs(o[1] + t * d[1]) <= 1 and (best < 0 or t < best):
                best = t
    for cap in (-1.0, 1.0):
        if kind == CONE and cap < 0:
            continue
        t = (cap - o[1]) / (d[1] + 1e-12)
        x, z = o[0] + t * d[0], o[2] + t * d[2]
        if t > NEAR and x * x + z * z <= 1 and (best < 0 or t < best):
            best = t
    return best


@numba.njit(cache=True, nogil=True, fastmath=True)
@typing.no_type_check
def normal_at(kind, shape, point, d):
    """Unit normal at a point of a shape, against the direction ``d``, and the shape's axis closest to it."""
    away = (point[0] - shape[0], point[1] - shape[1], point[2] - shape[2])
    px, py, pz = into_shape(shape, away)
    if kind == BALL:
        nx, ny, nz = px, py, pz
    elif kind == BOX:
        ax, ay, az = abs(px), abs(py), abs(pz)
        nx = px if ax >= ay and ax >= az else 0.0
        ny = py if nx == 0 and ay >= az else 0.0
        nz = pz if nx == 0 and ny == 0 else 0.0
    elif py > 0.9999 or (kind == CYLINDER and py < -0.9999):
        nx, ny, nz = 0.0, py, 0.0
    else:
        nx, ny, nz = px, (0.0 if kind == CYLINDER else -(1 + py) / 4), pz
    nx, ny, nz = nx / shape[12], ny / shape[13], nz / shape[14]
    axis = 0
    if abs(ny) >= abs(nx) and abs(ny) >= abs(nz):
        axis = 1
    elif abs(nz) >= abs(nx):
        axis = 2
    wx = shape[3] * nx + shape[6] * ny + shape[9] * nz
    wy = shape[4] * nx + shape[7] * ny + shape[10] * nz
    wz = shape[5] * nx + shape[8] * ny + shape[11] * nz
    length = np.sqrt(wx * wx + wy * wy + wz * wz) + 1e-12
    if wx * d[0] + wy * d[1] + wz * d[2] > 0:
        length = -length
    return (wx / length, wy / length, wz / length), axis
