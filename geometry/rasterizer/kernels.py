"""The compiled loops of the processor backend: one scatters points, one turns winners into pictures.

A frame is a grid of 64-bit keys, the bits of the depth that is compared above the point's index, so
that a single integer minimum finds the nearest point and settles ties. (The bits of floats >= 0 sort
as the floats do.)

Points go through in blocks. Each step over a block is a plain loop over one flat scratch array of
rows of `BLOCK` floats: in this form the compiler turns all steps but the last into vector
instructions, which makes them nearly free, and the scratch stays in the nearest cache.
"""

import typing
from typing import Any

import numba
import numpy as np

BLOCK = 128
MAX_WINDOW = 8
PAD = MAX_WINDOW
SMALL_WINDOW = 4
LOOSE_COST = 5
"""How much a pixel of a point drawn by itself costs, over one of a block's window."""

EMPTY = np.uint64(0x7F800000 << 32)

U, V, RADIUS, SIZE, LEFT, TOP, OWN, KEY, ROWS = range(9)

F, INT = np.float32, np.int32
HALF, ONE, TWO, INF = F(0.5), F(1.0), F(2.0), F(np.inf)
SLACK = F(1e-3)

compiled = numba.njit(cache=True, nogil=True, error_model="numpy")


@compiled
@typing.no_type_check
def scatter(positions, radii, first, view, keys, depths) -> Any:
    """Lower the keys of all pixels that the points cover.

    Args:
        positions: (3 N,) float32, world frame.
        radii: (N,) float32.
        first: Index of the first of these points in the cloud.
        view: The numbers of one camera from `geometry.rasterizer.rule`, then NEAR, MAX_FOOTPRINT_PX, SETBACK
            (as arguments: compiled code is kept on disk, and would not notice a changed constant).
        keys: (height + 2 PAD, width + 2 PAD) uint64; the rim takes what falls beside the picture.
        depths: (N,) float32, written: the depth of every point.
    """
    s = np.empty(ROWS * BLOCK, np.float32)
    bits = s.view(np.uint32)
    base = np.empty(BLOCK, np.int32)
    stride = keys.shape[1]
    width, height = stride - 2 * PAD, keys.shape[0] - 2 * PAD
    flat = keys.reshape(-1)
    for start in range(0, len(radii), BLOCK):
        stop = min(start + BLOCK, len(radii))
        count = stop - start
        z = depths[start:stop]
        size = (width, height)
        widest = _project(positions[3 * start : 3 * stop], radii[start:stop], view, size, (s, z))
        if widest == 0:
            continue
        window = widest if widest <= SMALL_WINDOW else _choose_window(count, s)
        if window < widest:
            for j in range(count):
                if s[j + SIZE * BLOCK] > window:
                    _draw_alone(j, first + start + j, view, (s, bits, z), keys)
        if window > 0:
            _anchor(count, window, size, s, base)
            for b in range(window):
                for a in range(window):
                    _cover((a, b), view, s, z)
                    _lower(count, first + start, b * stride + a, (base, bits), flat)


@compiled
@typing.no_type_check
def _project(positions, radii, view, size, block) -> Any:
    """Project a block; returns the widest window that a point of it needs, 0 if none is drawn."""
    s, depths = block
    r00, r01, r02, t0, r10, r11, r12, t1, r20, r21, r22, t2 = view[:12]
    fx, fy, cx, cy, per_fx, per_fy, near, max_px, _ = view[12:]
    right, bottom = F(size[0]) + ONE, F(size[1]) + ONE
    widest = INT(0)
    for j in range(len(radii)):
        x_world, y_world, z_world = positions[3 * j], positions[3 * j + 1], positions[3 * j + 2]
        x = r00 * x_world + r01 * y_world + r02 * z_world + t0
        y = r10 * x_world + r11 * y_world + r12 * z_world + t1
        z = r20 * x_world + r21 * y_world + r22 * z_world + t2
        per_z = ONE / z
        u = x * per_z * fx + cx
        v = y * per_z * fy + cy
        pixel = z * min(per_fx, per_fy)
        radius = min(radii[j], max_px * pixel)
        reach = radius / pixel
        seen = (z > near) & (u + reach >= -ONE) & (u - reach <= right)
        seen = seen & (v + reach >= -ONE) & (v - reach <= bottom)
        # The n pixel centres nearest to u in one direction hold all that are nearer to it than n / 2.
        n = INT(TWO * reach + ONE + SLACK) if seen else INT(0)
        s[j + U * BLOCK] = u
        s[j + V * BLOCK] = v
        depths[j] = z
        s[j + RADIUS * BLOCK] = radius
        s[j + SIZE * BLOCK] = F(n)
        widest = max(widest, n)
    return widest


@compiled
@typing.no_type_check
def _choose_window(count, s) -> Any:
    """The cheapest window for a block in which some need a wide one: what needs more is drawn alone."""
    loose = np.zeros(MAX_WINDOW + 1, np.int64)
    for j in range(count):
        n = int(s[j + SIZE * BLOCK])
        for window in range(min(n, MAX_WINDOW + 1)):
            loose[window] += LOOSE_COST * n * n
    best = 0
    for window in range(1, MAX_WINDOW + 1):
        if count * window * window + loose[window] < count * best * best + loose[best]:
            best = window
    return best


@compiled
@typing.no_type_check
def _anchor(count, window, size, s, base) -> Any:
    """Place the window x window pixels nearest to each point's centre."""
    half = F(window - 1) * HALF
    n, width, height = F(window), F(size[0]), F(size[1])
    stride = INT(size[0] + 2 * PAD)
    for j in range(count):
        u, v, needed = s[j + U * BLOCK], s[j + V * BLOCK], s[j + SIZE * BLOCK]
        left, top = np.floor(u - half), np.floor(v - half)
        drawn = (needed > F(0)) & (needed <= n)
        drawn = drawn & (left > -n) & (left < width) & (top > -n) & (top < height)
        left = left if drawn else F(0)
        top = top if drawn else F(0)
        s[j + LEFT * BLOCK] = left
        s[j + TOP * BLOCK] = top
        # Where in the window the pixel lies that holds the centre; nowhere for a point not drawn,
        # whose negative radius covers nothing either.
        s[j + OWN * BLOCK] = (np.floor(v) - top) * F(MAX_WINDOW) + (np.floor(u) - left) if drawn else F(-1)
        s[j + RADIUS * BLOCK] = s[j + RADIUS * BLOCK] if drawn else F(-1)
        base[j] = INT(INT(INT(top) + INT(PAD)) * stride) + INT(INT(left) + INT(PAD))


@compiled
@typing.no_type_check
def _cover(offset, view, s, depths) -> Any:
    """The compared depth of every point at one pixel of its window; infinite where not covered."""
    per_fx, per_fy, setback = view[16], view[17], view[20]
    a, b = F(offset[0]) + HALF, F(offset[1]) + HALF
    here = F(offset[0] + MAX_WINDOW * offset[1])
    for j in range(len(depths)):
        z = depths[j]
        dx = (s[j + LEFT * BLOCK] + a - s[j + U * BLOCK]) * (z * per_fx)
        dy = (s[j + TOP * BLOCK] + b - s[j + V * BLOCK]) * (z * per_fy)
        d = np.sqrt(dx * dx + dy * dy)
        own = s[j + OWN * BLOCK] == here
        key = (z if own else z * setback) + d
        s[j + KEY * BLOCK] = key if own | (d <= s[j + RADIUS * BLOCK]) else INF


@compiled
@typing.no_type_check
def _lower(count, first, offset, block, keys) -> Any:
    base, bits = block
    for j in range(count):
        pixel = np.uint64(base[j] + offset)
        key = (np.uint64(bits[j + KEY * BLOCK]) << np.uint64(32)) | np.uint64(first + j)
        keys[pixel] = min(keys[pixel], key)


@compiled
@typing.no_type_check
def _draw_alone(j, index, view, block, keys) -> Any:
    """One point, pixel by pixel."""
    s, bits, depths = block
    per_fx, per_fy, setback = view[16], view[17], view[20]
    u, v, z, radius = s[j + U * BLOCK], s[j + V * BLOCK], depths[j], s[j + RADIUS * BLOCK]
    own_x, own_y = np.floor(u), np.floor(v)
    reach_x, reach_y = radius / (z * per_fx) + SLACK, radius / (z * per_fy) + SLACK
    x0, x1 = max(np.floor(u - reach_x), F(0)), min(np.floor(u + reach_x), F(keys.shape[1] - 2 * PAD - 1))
    y0, y1 = max(np.floor(v - reach_y), F(0)), min(np.floor(v + reach_y), F(keys.shape[0] - 2 * PAD - 1))
    for row in range(int(y0), int(y1) + 1):
        dy = (F(row) + HALF - v) * (z * per_fy)
        for column in range(int(x0), int(x1) + 1):
            dx = (F(column) + HALF - u) * (z * per_fx)
            d = np.sqrt(dx * dx + dy * dy)
            own = F(column) == own_x and F(row) == own_y
            if own or d <= radius:
                s[j + KEY * BLOCK] = (z if own else z * setback) + d
                key = (np.uint64(bits[j + KEY * BLOCK]) << np.uint64(32)) | np.uint64(index)
                keys[row + PAD, column + PAD] = min(keys[row + PAD, column + PAD], key)


@compiled
@typing.no_type_check
def resolve(keys, depths, colors, rows, maps) -> Any:
    """Turn the least keys of some rows into pictures, and empty the keys for the next frame.

    Args:
        keys: (slices, height + 2 PAD, width + 2 PAD): one grid for each part of the points.
        depths: (N,) float32 from `scatter`.
        colors: (N, 3) float32.
        rows: First row, and the one after the last.
        maps: rgb (3, height, width), depth, known and index (height, width), written.
    """
    rgb, depth, known, index = maps
    width = depth.shape[1]
    for row in range(rows[0], rows[1]):
        best = keys[0, row + PAD, PAD : PAD + width]
        for k in range(1, keys.shape[0]):
            _take_least(keys[k, row + PAD, PAD : PAD + width], best)
        _unpack(best, known[row], index[row])
        _gather(index[row], depths, colors, (rgb[0, row], rgb[1, row], rgb[2, row], depth[row]))


@compiled
@typing.no_type_check
def _take_least(keys, best) -> Any:
    for column in range(len(best)):
        best[column] = min(best[column], keys[column])
        keys[column] = EMPTY


@compiled
@typing.no_type_check
def _unpack(best, known, index) -> Any:
    for column in range(len(best)):
        key = best[column]
        best[column] = EMPTY
        known[column] = key < EMPTY
        index[column] = np.int32(key & np.uint64(0x7FFFFFFF)) if key < EMPTY else np.int32(-1)


@compiled
@typing.no_type_check
def _gather(index, depths, colors, maps) -> Any:
    """A loop of its own: the less each turn does, the more reads from far memory run side by side."""
    red, green, blue, depth = maps
    for column in range(len(index)):
        hit = index[column] >= 0
        i = np.uint64(index[column]) if hit else np.uint64(0)
        red[column] = colors[i, 0] if hit else F(0)
        green[column] = colors[i, 1] if hit else F(0)
        blue[column] = colors[i, 2] if hit else F(0)
        depth[column] = depths[i] if hit else F(0)
