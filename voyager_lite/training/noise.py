"""Noise with the spectrum of natural pictures: much at large scales, little at small ones."""

import functools
import math
import typing

import numpy as np

from voyager_lite.training.compiled import compiled

SIDE = 64
"""Cells along one side of the volume; a power of two, so that wrapping is a bit mask."""


@functools.cache
def noise_volume() -> np.ndarray:
    """A periodic volume (SIDE, SIDE, SIDE) of 1/f noise, float32, mean 0.5, in [0, 1].

    Amplitudes fall as frequency to the power -1.6, close to what a plane cut needs to show the 1/f
    amplitudes of photographs (Field, 1987). Always the same volume.
    """
    rng = np.random.default_rng(20240607)
    spectrum = np.fft.rfftn(rng.standard_normal((SIDE, SIDE, SIDE)))
    f = np.fft.fftfreq(SIDE)
    radius = np.sqrt(
        f[:, None, None] ** 2 + f[None, :, None] ** 2 + np.fft.rfftfreq(SIDE)[None, None, :] ** 2
    )
    radius[0, 0, 0] = np.inf
    noise = np.fft.irfftn(spectrum * radius**-1.6, s=(SIDE, SIDE, SIDE), axes=(0, 1, 2))
    return np.clip(0.5 + 0.22 * noise / noise.std(), 0, 1).astype(np.float32)


@compiled()
@typing.no_type_check
def noise_at(volume, x, y, z):
    """The volume at a point in cells, wrapped and linear between cells."""
    fx, fy, fz = math.floor(x), math.floor(y), math.floor(z)
    i, j, k = int(fx) & (SIDE - 1), int(fy) & (SIDE - 1), int(fz) & (SIDE - 1)
    u, v, w = x - fx, y - fy, z - fz
    i1, j1, k1 = (i + 1) & (SIDE - 1), (j + 1) & (SIDE - 1), (k + 1) & (SIDE - 1)
    c00 = volume[i, j, k] * (1 - w) + volume[i, j, k1] * w
    c01 = volume[i, j1, k] * (1 - w) + volume[i, j1, k1] * w
    c10 = volume[i1, j, k] * (1 - w) + volume[i1, j, k1] * w
    c11 = volume[i1, j1, k] * (1 - w) + volume[i1, j1, k1] * w
    return (c00 * (1 - v) + c01 * v) * (1 - u) + (c10 * (1 - v) + c11 * v) * u
