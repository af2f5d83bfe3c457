"""How procedural surfaces and skies look: pattern, sun and shadow, light from all sides, gloss, snow, fog."""

import math
import typing

import numpy as np

from voyager_lite.training.compiled import compiled
from voyager_lite.training.foliage import meet_leaves
from voyager_lite.training.listing import cell_of
from voyager_lite.training.material import surface_color
from voyager_lite.training.noise import noise_at
from voyager_lite.training.shapes import NEAR, facing, meet, turned

OCCLUSION = 0.75
"""How much of the light from all sides a surface takes away that stands on another."""

REACH_OVER_THICKNESS, REACH_AT_MOST = 3.0, 0.6
"""How far a shape takes light away: in its least half sizes, and in scene units."""


class World(typing.NamedTuple):
    """What rays meet, as arrays for compiled code.

    Attributes:
        volume: ``noise_volume``.
        atlas: ``photo_atlas`` and ``page_means``.
        kinds: As in ``Scene``, like ``shapes``, ``materials`` and ``air``.
        shapes: (N, 16).
        materials: (N, COLUMNS).
        air: Light.
        maps: ``unit_maps`` of the shapes.
        shadow: Cells across the sun's direction, with what casts shadows.
        shadow_boxes: (N, 5) every shape's box across the sun's direction, and how far towards it it goes.
        ground: Cells of the plan, with what takes light away nearby.
        reach: (N,) how far each takes light away.
        leafy: (N,) True for hollow shapes of leaves.
    """

    volume: np.ndarray
    atlas: tuple[np.ndarray, np.ndarray]
    kinds: np.ndarray
    shapes: np.ndarray
    materials: np.ndarray
    air: np.ndarray
    maps: np.ndarray
    shadow: typing.Any
    shadow_boxes: np.ndarray
    ground: typing.Any
    reach: np.ndarray
    leafy: np.ndarray


@compiled()
@typing.no_type_check
def sun_axes(sun):
    """Two unit directions square to the sun's and to each other."""
    length = math.sqrt(sun[0] * sun[0] + sun[2] * sun[2])
    a = (-sun[2] / length, 0.0, sun[0] / length) if length > 1e-6 else (1.0, 0.0, 0.0)
    b = (a[1] * sun[2] - a[2] * sun[1], a[2] * sun[0] - a[0] * sun[2], a[0] * sun[1] - a[1] * sun[0])
    return a, b


@compiled()
@typing.no_type_check
def meet_shape(world, i, o, d):
    """Ray parameter at which a ray, in the axes of a unit shape, first meets it; below ``NEAR`` for none."""
    if world.leafy[i]:
        leaves = world.shapes[i, 12] / world.materials[i, 7], world.materials[i, 12]
        return meet_leaves(world.volume, world.kinds[i], o, d, leaves)
    return meet(world.kinds[i], o, d)


@compiled()
@typing.no_type_check
def in_shadow(world, p):
    """True where a shape stands between a point and the sun."""
    sun, cells = (world.air[0], world.air[1], world.air[2]), world.shadow
    if cells.items.shape[0] == 0:
        return False
    a, b = sun_axes(sun)
    u, v = p[0] * a[0] + p[1] * a[1] + p[2] * a[2], p[0] * b[0] + p[1] * b[1] + p[2] * b[2]
    w = p[0] * sun[0] + p[1] * sun[1] + p[2] * sun[2]
    cell = cell_of(cells, u, v)
    for k in range(cells.first[cell], cells.first[cell + 1]):
        i = cells.items[k]
        box = world.shadow_boxes[i]
        if u < box[0] or u > box[1] or v < box[2] or v > box[3] or w > box[4]:
            continue
        s = world.shapes[i]
        local = turned(world.maps[i], p[0] - s[0], p[1] - s[1], p[2] - s[2])
        if meet_shape(world, i, local, turned(world.maps[i], sun[0], sun[1], sun[2])) > NEAR:
            return True
    return False


@compiled()
@typing.no_type_check
def _openness(world, index, p, n):
    """Share of the light from all sides that reaches a point: less where another shape is close by."""
    cells, share = world.ground, 1.0
    cell = cell_of(cells, p[0], p[2])
    for k in range(cells.first[cell], cells.first[cell + 1]):
        i = cells.items[k]
        if i == index:
            continue
        s, reach = world.shapes[i], world.reach[i]
        x, y, z = p[0] - s[0], p[1] - s[1], p[2] - s[2]
        bound = s[15] + reach
        if x * x + y * y + z * z > bound * bound:
            continue
        # From the nearest point of the shape's box, in the shape's axes and in scene units.
        u = s[3] * x + s[4] * y + s[5] * z
        v = s[6] * x + s[7] * y + s[8] * z
        w = s[9] * x + s[10] * y + s[11] * z
        u -= min(max(u, -s[12]), s[12])
        v -= min(max(v, -s[13]), s[13])
        w -= min(max(w, -s[14]), s[14])
        distance = math.sqrt(u * u + v * v + w * w)
        if distance >= reach:
            continue
        m = (
            s[3] * n[0] + s[4] * n[1] + s[5] * n[2],
            s[6] * n[0] + s[7] * n[1] + s[8] * n[2],
            s[9] * n[0] + s[10] * n[1] + s[11] * n[2],
        )
        towards = -(u * m[0] + v * m[1] + w * m[2]) / (distance + 1e-6)
        near = 1 - distance / reach
        share *= 1 - OCCLUSION * near * near * min(max(0.5 + 0.7 * towards, 0.0), 1.0)
    return share


@compiled()
@typing.no_type_check
def sky_color(volume, air, dx, dy, dz):
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
    # Clouds are as bright as the light from all sides.
    return (
        r + (1.2 * air[6] - r) * cloud + glow * air[3],
        g + (1.2 * air[7] - g) * cloud + glow * air[4],
        b + (1.2 * air[8] - b) * cloud + glow * air[5],
    )


@compiled()
@typing.no_type_check
def shade(world, ray, met, n, light):
    """Linear RGB of a hit: pattern, sun, light from above and below, gloss, snow, fog.

    Args:
        world: What rays meet.
        ray: Origin and direction.
        met: Ray parameter and row of the shape.
        n: Unit normal, against the ray.
        light: Share of sunlight that gets here, and the width of a pixel at depth 1.
    """
    (o, d), (t, index), (lit, pixel) = ray, met, light
    air, s, row = world.air, world.shapes[index], world.materials[index]
    p = (o[0] + t * d[0], o[1] + t * d[1], o[2] + t * d[2])
    local = turned(world.maps[index], p[0] - s[0], p[1] - s[1], p[2] - s[2])
    _, axis = facing(world.kinds[index], s[12:15], local, d)
    place = (local[0] * s[12], local[1] * s[13], local[2] * s[14])
    length = math.sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2])
    against = -(n[0] * d[0] + n[1] * d[1] + n[2] * d[2]) / length
    blur = t * pixel / math.sqrt(max(against, 0.06))
    r, g, b, shining = surface_color(world.volume, world.atlas, row, place, axis, (blur, air[20]))
    if air[19] > 0 and n[1] < -0.25:
        bumps = noise_at(world.volume, p[0] * 2.0, p[1] * 2.0, p[2] * 2.0) - 0.5
        cover = min(max((air[19] - 1 - n[1] + bumps) * 4.0, 0.0), 1.0) * (1 - shining)
        white = 0.86 + 0.25 * bumps
        r, g, b = r + (white - r) * cover, g + (white - g) * cover, b + (1.04 * white - b) * cover
    sun = lit * max(n[0] * air[0] + n[1] * air[1] + n[2] * air[2], 0.0)
    around = (0.675 - 0.325 * n[1]) * _openness(world, index, p, n)
    keep = 1 - shining
    red = r * (shining + keep * (air[3] * sun + air[6] * around))
    green = g * (shining + keep * (air[4] * sun + air[7] * around))
    blue = b * (shining + keep * (air[5] * sun + air[8] * around))
    if row[19] > 0:
        x, y, z = d[0] / length + 2 * against * n[0], d[1] / length + 2 * against * n[1], 0.0
        z = d[2] / length + 2 * against * n[2]
        mirrored = sky_color(world.volume, air, x, y - 0.1, z)
        share = row[19] * (0.06 + 0.94 * max(1 - against, 0.0) ** 4)
        spot = lit * row[19] * max(x * air[0] + y * air[1] + z * air[2], 0.0) ** 60 * 2.0
        red += (mirrored[0] - red) * share + spot * air[3]
        green += (mirrored[1] - green) * share + spot * air[4]
        blue += (mirrored[2] - blue) * share + spot * air[5]
    fog = 1 - math.exp(-t * air[9]) if air[9] > 0 else 0.0
    return red + (air[16] - red) * fog, green + (air[17] - green) * fog, blue + (air[18] - blue) * fog
