"""The compiled loops that scatter points for the processor backend.

A frame is a grid of 64-bit keys, the bits of the depth that is compared above the point's index, so
that a single integer minimum finds the nearest point and settles ties. (The bits of floats >= 0 sort
as the floats do.)

Points go through in blocks: first each into the pixel that holds its centre, which is all that most
points of a dense cloud cover. Those that may cover more wait in queues, one for each width of their
window, and are drawn when a queue is full. Each step is a plain loop over flat scratch arrays: in this
form the compiler turns all steps but the minimum itself into vector instructions, and the scratch stays
in the nearest cache.
"""

import typing
from typing import Any

import numba
import numpy as np

BLOCK = 512
QUEUE = 128
MAX_WINDOW = 8
PAD = MAX_WINDOW

EMPTY = np.uint64(0x7F800000 << 32)

KEY, WINDOW, BLOCK_ROWS = range(3)
X, Y, Z, RADIUS, INDEX, U, V, LEFT, TOP, COVER, QUEUE_ROWS = range(11)

F, INT = np.float32, np.int32
HALF, ONE, TWO, INF = F(0.5), F(1.0), F(2.0), F(np.inf)
LARGEST = F(np.finfo(np.float32).max)
SLACK = F(1e-3)
"""Pixels: far more than what rounding does to the reach of a footprint."""

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

    Returns:
        False if all positions are finite and all radii finite and not negative; else perhaps True.
    """
    s = np.empty(BLOCK_ROWS * BLOCK, np.float32)
    base = np.empty(BLOCK, np.int32)
    listed = np.empty(BLOCK, np.int32)
    queues = np.empty((MAX_WINDOW + 1, QUEUE_ROWS * QUEUE), np.float32)
    waiting = np.zeros(MAX_WINDOW + 1, np.int64)
    size = keys.shape[1] - 2 * PAD, keys.shape[0] - 2 * PAD
    strange = INT(0)
    for start in range(0, len(radii), BLOCK):
        stop = min(start + BLOCK, len(radii))
        part = positions[3 * start : 3 * stop], radii[start:stop]
        widest, odd = _find_own_pixels(part[0], part[1], view, size, (s, base, depths[start:stop]))
        strange = max(strange, odd)
        _lower_own(stop - start, first + start, base, s.view(np.uint32), keys.reshape(-1))
        if widest > 1:
            count = _list_wide(stop - start, s, listed)
            for k in range(count):
                j = listed[k]
                window = int(s[j + WINDOW * BLOCK])
                x, y, z, radius = part[0][3 * j], part[0][3 * j + 1], part[0][3 * j + 2], part[1][j]
                if window > MAX_WINDOW:
                    _draw_alone((x, y, z, radius), first + start + j, view, s, keys)
                    continue
                i = waiting[window]
                queues[window, i + X * QUEUE] = x
                queues[window, i + Y * QUEUE] = y
                queues[window, i + Z * QUEUE] = z
                queues[window, i + RADIUS * QUEUE] = radius
                queues[window].view(np.int32)[i + INDEX * QUEUE] = first + start + j
                waiting[window] = (i + 1) % QUEUE
                if i + 1 == QUEUE:
                    _draw_queue(QUEUE, window, view, (queues[window], base), keys)
    for window in range(2, MAX_WINDOW + 1):
        _draw_queue(waiting[window], window, view, (queues[window], base), keys)
    return strange > 0


@compiled
@typing.no_type_check
def _project(x_world, y_world, z_world, view) -> Any:
    """The place of a point in the picture and its depth."""
    r00, r01, r02, t0, r10, r11, r12, t1, r20, r21, r22, t2, fx, fy, cx, cy = view[:16]
    x = r00 * x_world + r01 * y_world + r02 * z_world + t0
    y = r10 * x_world + r11 * y_world + r12 * z_world + t1
    z = r20 * x_world + r21 * y_world + r22 * z_world + t2
    per_z = ONE / z
    return x * per_z * fx + cx, y * per_z * fy + cy, z, per_z


@compiled
@typing.no_type_check
def _find_own_pixels(positions, radii, view, size, block) -> Any:
    """The pixel that holds each point's centre, its key there, and how wide a window it needs.

    Returns:
        The widest window, 1 if no point reaches another pixel; and 1 if a number is strange, else 0.
    """
    s, base, depths = block
    fx, fy, _, _, per_fx, per_fy, near, max_px, _ = view[12:]
    width, height = F(size[0]), F(size[1])
    stride = INT(size[0] + 2 * PAD)
    largest_f = max(fx, fy)
    widest, strange = INT(1), INT(0)
    for j in range(len(radii)):
        u, v, z, per_z = _project(positions[3 * j], positions[3 * j + 1], positions[3 * j + 2], view)
        # A depth is finite only if all of the position is.
        fine = (abs(z) <= LARGEST) & (radii[j] >= F(0)) & (radii[j] <= LARGEST)
        strange = max(strange, INT(0) if fine else INT(1))
        column, row = np.floor(u), np.floor(v)
        du, dv = column + HALF - u, row + HALF - v
        dx, dy = du * (z * per_fx), dv * (z * per_fy)
        front = z > near
        s[j + KEY * BLOCK] = z + np.sqrt(dx * dx + dy * dy) if front else INF
        depths[j] = z
        # The nearest centre of another pixel lies one pixel on along the axis where this one is farther.
        reach = min(radii[j] * per_z * largest_f, max_px)
        wide = reach * reach + SLACK >= du * du + dv * dv + ONE - TWO * max(abs(du), abs(dv))
        wide = wide & front & (u + reach >= -ONE) & (u - reach <= width + ONE)
        wide = wide & (v + reach >= -ONE) & (v - reach <= height + ONE)
        # The n pixel centres nearest to u in one direction hold all that are nearer to it than n / 2.
        n = INT(TWO * reach + ONE + SLACK) if wide else INT(1)
        widest = max(widest, n)
        s[j + WINDOW * BLOCK] = F(n)
        base[j] = _place(column, row, F(1), (width, height, stride))
    return widest, strange


@compiled
@typing.no_type_check
def _place(left, top, window, size) -> Any:
    """Where in the grid a window begins; in the rim, if all of it lies beside the picture."""
    width, height, stride = size
    left = left if left > -window else -window
    left = left if left < width else width
    top = top if top > -window else -window
    top = top if top < height else height
    return INT(INT(INT(top) + INT(PAD)) * stride) + INT(INT(left) + INT(PAD))


@compiled
@typing.no_type_check
def _lower_own(count, first, base, bits, keys) -> Any:
    for j in range(count):
        pixel = np.uint64(base[j])
        key = (np.uint64(bits[j + KEY * BLOCK]) << np.uint64(32)) | np.uint64(first + j)
        keys[pixel] = min(keys[pixel], key)


@compiled
@typing.no_type_check
def _list_wide(count, s, listed) -> Any:
    """Write down the points that need a window; returns how many. No branch: it could not be foreseen."""
    found = 0
    for j in range(count):
        listed[found] = j
        found += 1 if s[j + WINDOW * BLOCK] > ONE else 0
    return found


@compiled
@typing.no_type_check
def _draw_queue(count, window, view, queue, keys) -> Any:
    """All pixels of the windows of some points, but those drawn as their own."""
    s, base = queue
    bits = s.view(np.uint32)
    stride = keys.shape[1]
    _anchor(count, F(window), view, (keys.shape[1] - 2 * PAD, keys.shape[0] - 2 * PAD), queue)
    for b in range(window):
        for a in range(window):
            # The middle pixel of an odd window is the point's own; in an even one it has no fixed place,
            # and its key with the setback changes nothing.
            if 2 * a + 1 != window or 2 * b + 1 != window:
                _cover((a, b), count, view, s)
                _lower_covered(count, b * stride + a, base, bits, keys.reshape(-1))


@compiled
@typing.no_type_check
def _anchor(count, window, view, size, queue) -> Any:
    """Place the window x window pixels nearest to each point's centre."""
    s, base = queue
    least, max_px = min(view[16], view[17]), view[19]
    half = (window - ONE) * HALF
    width, height, stride = F(size[0]), F(size[1]), INT(size[0] + 2 * PAD)
    for j in range(count):
        u, v, z, _ = _project(s[j + X * QUEUE], s[j + Y * QUEUE], s[j + Z * QUEUE], view)
        left, top = np.floor(u - half), np.floor(v - half)
        s[j + U * QUEUE] = u
        s[j + V * QUEUE] = v
        s[j + Z * QUEUE] = z
        s[j + RADIUS * QUEUE] = min(s[j + RADIUS * QUEUE], max_px * (z * least))
        s[j + LEFT * QUEUE] = left
        s[j + TOP * QUEUE] = top
        base[j] = _place(left, top, window, (width, height, stride))


@compiled
@typing.no_type_check
def _cover(offset, count, view, s) -> Any:
    """The compared depth of every point at one pixel of its window; infinite where not covered."""
    per_fx, per_fy, setback = view[16], view[17], view[20]
    a, b = F(offset[0]) + HALF, F(offset[1]) + HALF
    for j in range(count):
        z = s[j + Z * QUEUE]
        dx = (s[j + LEFT * QUEUE] + a - s[j + U * QUEUE]) * (z * per_fx)
        dy = (s[j + TOP * QUEUE] + b - s[j + V * QUEUE]) * (z * per_fy)
        d = np.sqrt(dx * dx + dy * dy)
        s[j + COVER * QUEUE] = z * setback + d if d <= s[j + RADIUS * QUEUE] else INF


@compiled
@typing.no_type_check
def _lower_covered(count, offset, base, bits, keys) -> Any:
    for j in range(count):
        pixel = np.uint64(base[j] + offset)
        key = (np.uint64(bits[j + COVER * QUEUE]) << np.uint64(32)) | np.uint64(bits[j + INDEX * QUEUE])
        keys[pixel] = min(keys[pixel], key)


@compiled
@typing.no_type_check
def _draw_alone(point, index, view, s, keys) -> Any:
    """One point with a large footprint, pixel by pixel."""
    per_fx, per_fy, _, max_px, setback = view[16:]
    u, v, z, _ = _project(point[0], point[1], point[2], view)
    radius = min(point[3], max_px * (z * min(per_fx, per_fy)))
    reach_x, reach_y = radius / (z * per_fx) + SLACK, radius / (z * per_fy) + SLACK
    x0, x1 = max(np.floor(u - reach_x), F(0)), min(np.floor(u + reach_x), F(keys.shape[1] - 2 * PAD - 1))
    y0, y1 = max(np.floor(v - reach_y), F(0)), min(np.floor(v + reach_y), F(keys.shape[0] - 2 * PAD - 1))
    for row in range(int(y0), int(y1) + 1):
        dy = (F(row) + HALF - v) * (z * per_fy)
        for column in range(int(x0), int(x1) + 1):
            dx = (F(column) + HALF - u) * (z * per_fx)
            d = np.sqrt(dx * dx + dy * dy)
            if d <= radius:
                s[KEY * BLOCK] = z * setback + d
                key = (np.uint64(s.view(np.uint32)[KEY * BLOCK]) << np.uint64(32)) | np.uint64(index)
                keys[row + PAD, column + PAD] = min(keys[row + PAD, column + PAD], key)
