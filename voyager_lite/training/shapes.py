"""Where rays meet boxes, ellipsoids, cylinders and cones, and which way the surface faces there.

Every shape is a unit shape (in [-1, 1] along each of its axes) under a rotation and a scaling, so a
ray is moved into the shape's axes and met there; parameters along the ray survive that move. Origins
and directions are triples.
"""

import math
import typing

import numpy as np

from voyager_lite.training.compiled import compiled

BOX, BALL, CYLINDER, CONE = range(4)
"""Kinds of shape. Axes y of cylinders and cones stand upright; the cone's tip is at y = -1 (up)."""

NEAR = 1e-4
"""Meetings at smaller ray parameters do not count."""


def unit_maps(shapes: np.ndarray) -> np.ndarray:
    """(N, 9) matrices, row by row, from world directions to each unit shape's axes (``Scene.shapes``)."""
    return shapes[:, 3:12] / np.repeat(shapes[:, 12:15], 3, axis=1)


@compiled()
@typing.no_type_check
def turned(a, x, y, z):
    """A direction times a matrix (9,) given row by row."""
    return (
        a[0] * x + a[1] * y + a[2] * z,
        a[3] * x + a[4] * y + a[5] * z,
        a[6] * x + a[7] * y + a[8] * z,
    )


@compiled()
@typing.no_type_check
def meet(kind, o, d):
    """Ray parameter of the first meeting of ``o + t d`` with a unit shape; below ``NEAR`` for none."""
    if kind == BOX:
        return _meet_box(o, d)
    if kind == BALL:
        return _meet_ball(o, d)
    return _meet_round(kind, o, d)


@compiled()
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


@compiled()
@typing.no_type_check
def _meet_ball(o, d):
    a = d[0] * d[0] + d[1] * d[1] + d[2] * d[2]
    b = o[0] * d[0] + o[1] * d[1] + o[2] * d[2]
    c = o[0] * o[0] + o[1] * o[1] + o[2] * o[2] - 1
    root = b * b - a * c
    if root < 0:
        return -1.0
    root = math.sqrt(root)
    first = (-b - root) / a
    return first if first > NEAR else (-b + root) / a


@compiled()
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
        root = math.sqrt(root)
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


@compiled()
@typing.no_type_check
def facing(kind, half, p, d):
    """Which way a unit shape faces at a point of its surface, against a direction.

    Args:
        kind: Of the shape.
        half: Its half sizes.
        p: The point on the unit shape.
        d: Direction of the gaze in the unit shape's axes.

    Returns:
        A normal in the unit shape's axes (not of unit length: for the world's, apply the transpose of
        the map that brought the point here, then normalise), and the shape's axis closest to it.
    """
    px, py, pz = p
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
    if nx * d[0] + ny * d[1] + nz * d[2] > 0:
        nx, ny, nz = -nx, -ny, -nz
    sx, sy, sz = abs(nx / half[0]), abs(ny / half[1]), abs(nz / half[2])
    axis = 0
    if sy >= sx and sy >= sz:
        axis = 1
    elif sz >= sx:
        axis = 2
    return (nx, ny, nz), axis
