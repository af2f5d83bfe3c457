"""The rasteriser for the processor: compiled with numba, linear in the points, on all cores."""

import typing
from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np
import torch

from geometry.camera import Camera
from geometry.cloud import PointCloud
from geometry.rasterizer.rule import CONE_SLOPE, MAX_FOOTPRINT_PX, NEAR
from geometry.rendering import Rendering

EMPTY = np.uint64(0xFFFFFFFFFFFFFFFF)


def render(cloud: PointCloud, cameras: Camera) -> Rendering:
    """Render a flat batch of cameras."""
    height, width, count = cameras.height, cameras.width, len(cameras)
    rendering = Rendering(
        rgb=torch.empty(count, 3, height, width),
        depth=torch.empty(count, height, width),
        known=torch.empty(count, height, width, dtype=torch.bool),
        index=torch.empty(count, height, width, dtype=torch.int64),
    )
    poses = cameras.world_to_camera[:, :3].float().numpy()
    K = cameras.K.float().numpy()
    lens = np.stack([K[:, 0, 0], K[:, 1, 1], K[:, 0, 2], K[:, 1, 2]], axis=-1)
    positions = cloud.positions.float().contiguous().numpy()
    colors = cloud.colors.float().contiguous().numpy()
    radii = cloud.radii.float().contiguous().numpy()
    outputs = [x.numpy() for x in (rendering.rgb, rendering.depth, rendering.known, rendering.index)]
    threads = torch.get_num_threads()
    keys = np.full((threads, height, width), EMPTY)
    points = np.linspace(0, len(cloud), threads + 1).astype(int)
    rows = np.linspace(0, height, threads + 1).astype(int)
    with ThreadPoolExecutor(threads) as pool:
        for i in range(count):

            def scatter(k, i=i):
                _scatter(positions, radii, poses[i], lens[i], points[k], points[k + 1], keys[k])

            def resolve(k, i=i):
                maps = [x[i] for x in outputs]
                _resolve(keys, positions, colors, poses[i], rows[k], rows[k + 1], *maps)

            list(pool.map(scatter, range(threads)))
            list(pool.map(resolve, range(threads)))
    return rendering


@numba.njit(cache=True, nogil=True)
@typing.no_type_check
def _scatter(positions, radii, pose, lens, start, stop, keys):
    height, width = keys.shape
    fx, fy, cx, cy = lens
    half = np.float32(0.5)
    one = np.float32(1)
    ifx, ify = one / fx, one / fy
    slope = np.float32(CONE_SLOPE)
    bits = np.empty(1, np.float32)
    bits_int = bits.view(np.uint32)
    for i in range(start, stop):
        px, py, pz = positions[i]
        z = pose[2, 0] * px + pose[2, 1] * py + pose[2, 2] * pz + pose[2, 3]
        if not z > NEAR:
            continue
        x = pose[0, 0] * px + pose[0, 1] * py + pose[0, 2] * pz + pose[0, 3]
        y = pose[1, 0] * px + pose[1, 1] * py + pose[1, 2] * pz + pose[1, 3]
        iz = one / z
        u = x * iz * fx + cx
        v = y * iz * fy + cy
        sx, sy = z * ifx, z * ify
        r = min(radii[i], np.float32(MAX_FOOTPRINT_PX) * min(sx, sy))
        rx, ry = r / sx + half, r / sy + half
        if not (u + rx > 0 and u - rx < width and v + ry > 0 and v - ry < height):
            continue
        own_x, own_y = int(np.floor(u)), int(np.floor(v))
        x0, x1 = int(np.floor(u - rx)), int(np.floor(u + rx))
        y0, y1 = int(np.floor(v - ry)), int(np.floor(v + ry))
        for row in range(max(y0, 0), min(y1, height - 1) + 1):
            dy = (np.float32(row) + half - v) * sy
            for column in range(max(x0, 0), min(x1, width - 1) + 1):
                dx = (np.float32(column) + half - u) * sx
                d = np.sqrt(dx * dx + dy * dy)
                if d <= r or (row == own_y and column == own_x):
                    bits[0] = z + slope * d
                    key = (np.uint64(bits_int[0]) << np.uint64(32)) | np.uint64(i)
                    if key < keys[row, column]:
                        keys[row, column] = key


@numba.njit(cache=True, nogil=True)
@typing.no_type_check
def _resolve(keys, positions, colors, pose, start, stop, rgb, depth, known, index):
    for row in range(start, stop):
        for column in range(keys.shape[2]):
            key = EMPTY
            for k in range(keys.shape[0]):
                key = min(key, keys[k, row, column])
                keys[k, row, column] = EMPTY
            if key == EMPTY:
                rgb[0, row, column] = rgb[1, row, column] = rgb[2, row, column] = 0
                depth[row, column] = 0
                known[row, column] = False
                index[row, column] = -1
            else:
                i = np.int64(key & np.uint64(0xFFFFFFFF))
                px, py, pz = positions[i]
                rgb[0, row, column] = colors[i, 0]
                rgb[1, row, column] = colors[i, 1]
                rgb[2, row, column] = colors[i, 2]
                depth[row, column] = pose[2, 0] * px + pose[2, 1] * py + pose[2, 2] * pz + pose[2, 3]
                known[row, column] = True
                index[row, column] = i
