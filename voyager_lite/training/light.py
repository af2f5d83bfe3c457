"""Light, sky and fog of procedural scenes, as the ``air`` array of ``Scene``."""

import numpy as np

DRY = (0.0, 0.0)
"""No snow, and no window lit from inside."""


def _sun(rng: np.random.Generator, *, lowest: float) -> np.ndarray:
    """Unit direction towards the sun, at least ``lowest`` (sine of the height) above the horizon."""
    azimuth, height = rng.uniform(0, 2 * np.pi), rng.uniform(lowest, 1)
    flat = np.sqrt(1 - height**2)
    return np.array([flat * np.cos(azimuth), -height, flat * np.sin(azimuth)])


def outdoor_air(rng: np.random.Generator) -> np.ndarray:
    """Clear day, overcast, haze or evening."""
    sun = np.array([1.0, 0.93, 0.82]) * rng.uniform(0.5, 1.6)
    zenith = np.array([0.18, 0.35, 0.72]) * rng.uniform(0.4, 1.3)
    horizon = np.array([0.62, 0.74, 0.88]) * rng.uniform(0.7, 1.15)
    kind, fog, low = rng.random(), rng.choice([0.0, 0.002, 0.01, 0.03]), 0.25
    if kind < 0.25:
        sun, zenith, horizon = sun * 0.15, np.full(3, 0.62) * rng.uniform(0.7, 1.2), np.full(3, 0.75)
    elif kind < 0.45:
        sun = sun * np.array([1.1, 0.75, 0.45])
        horizon, low = np.array([0.95, 0.62, 0.38]) * rng.uniform(0.6, 1.0), 0.1
    ambient = 0.55 * (zenith + horizon) * rng.uniform(0.5, 1.0)
    cover = rng.choice([0.0, rng.uniform(0.2, 1.2)])
    rest = [fog, cover, rng.uniform(0, 64), rng.uniform(0.75, 1.3)]
    return np.concatenate([_sun(rng, lowest=low), sun, ambient, rest, zenith, horizon, DRY])


def indoor_air(rng: np.random.Generator) -> np.ndarray:
    """One lamp or window from above, with light from all sides; no fog."""
    tint = np.array([1.0, rng.uniform(0.8, 1.0), rng.uniform(0.6, 1.05)])
    share = rng.uniform(0.1, 0.8)
    lamp, ambient = tint * share * 1.2, np.clip(tint[::-1] * 0.2 + 0.8, 0, 1) * (1.1 - share)
    rest = [0.0, 0.0, 0.0, rng.uniform(0.7, 1.5)]
    return np.concatenate(
        [_sun(rng, lowest=0.45), lamp, ambient, rest, np.full(3, 0.6), np.full(3, 0.7), DRY]
    )
