"""Light, sky, fog and snow of procedural scenes, as the ``air`` array of ``Scene``."""

from typing import Literal

import numpy as np

Light = Literal["day", "overcast", "evening", "night"]
Weather = Literal["clear", "fog", "snow", "rain"]

LIGHTS: tuple[Light, ...] = ("day", "overcast", "evening", "night")
WEATHERS: tuple[Weather, ...] = ("clear", "fog", "snow", "rain")

FOG, SNOW, WINDOWS, INDOORS = 9, 19, 20, 21
"""Places in ``air``: fog per unit, snow cover, light of windows seen from outside at night, 1 in rooms."""

AIR = 22
"""Length of ``air``."""

SUN, ZENITH, HORIZON = np.array([1.0, 0.93, 0.82]), np.array([0.18, 0.35, 0.72]), np.array([0.62, 0.74, 0.88])


def _sun(rng: np.random.Generator, *, lowest: float, highest: float = 1.0) -> np.ndarray:
    """Unit direction towards the sun; limits are sines of its height above the horizon."""
    azimuth, height = rng.uniform(0, 2 * np.pi), rng.uniform(lowest, highest)
    flat = np.sqrt(1 - height**2)
    return np.array([flat * np.cos(azimuth), -height, flat * np.sin(azimuth)])


def outdoor_air(
    rng: np.random.Generator, *, light: Light | None = None, weather: Weather | None = None
) -> np.ndarray:
    """Light under the open sky; None draws one, nights and weather excepted."""
    light = light or ("day", "day", "overcast", "evening")[rng.integers(4)]
    sun, zenith, horizon = (
        SUN * rng.uniform(0.7, 1.6),
        ZENITH * rng.uniform(0.5, 1.3),
        HORIZON * rng.uniform(0.7, 1.15),
    )
    height, windows, exposure = (0.25, 1.0), 0.0, rng.uniform(0.8, 1.25)
    if light == "overcast" or (light == "day" and weather in ("snow", "rain")):
        sun, zenith, horizon = sun * 0.12, np.full(3, 0.62) * rng.uniform(0.7, 1.1), np.full(3, 0.72)
    elif light == "evening":
        sun, height = sun * np.array([1.1, 0.62, 0.3]), (0.06, 0.3)
        zenith, horizon = zenith * np.array([0.9, 0.6, 0.6]), np.array([0.95, 0.52, 0.28])
        horizon, windows = horizon * rng.uniform(0.6, 1.0), rng.uniform(0, 0.5)
    elif light == "night":
        moon = rng.uniform(0.08, 0.2)
        sun, zenith = np.array([0.7, 0.85, 1.1]) * moon, np.array([0.008, 0.012, 0.035]) * rng.uniform(1, 2)
        horizon = np.array([0.04, 0.047, 0.08]) * rng.uniform(0.6, 1.6)
        windows, exposure = rng.uniform(0.7, 1.4), rng.uniform(1.0, 1.6)
    if weather == "snow" and light == "evening":
        # Else nothing looks white.
        sun, horizon = 0.5 * (sun + sun.mean()), 0.4 * horizon + np.array([0.36, 0.34, 0.38])
    ambient = 0.55 * (zenith + horizon) * rng.uniform(0.6, 1.0)
    fog = {"fog": rng.uniform(0.025, 0.08), "snow": 0.006, "rain": 0.01}.get(weather or "", 0.0)
    if weather is None or (weather == "clear" and light != "night"):
        fog = rng.choice([0.0, 0.0, 0.002, 0.006])
    if weather == "fog":
        sun = sun * 0.35
    cover = rng.uniform(0.2, 1.2) if rng.random() < 0.5 else 0.0
    snow = rng.uniform(0.6, 1.1) if weather == "snow" else 0.0
    lamp = [fog, cover, rng.uniform(0, 64), exposure]
    direction = _sun(rng, lowest=height[0], highest=height[1])
    return np.concatenate([direction, sun, ambient, lamp, zenith, horizon, [snow, windows, 0.0]])


def indoor_air(rng: np.random.Generator, *, light: Light | None = None) -> np.ndarray:
    """One lamp or window from above, with light from all sides; the sky is what windows show.

    By day the light is white, in the evening warm and low, at night a lamp's: warm, few other lights.
    """
    light = light or "day"
    tint = np.array([1.0, rng.uniform(0.85, 1.0), rng.uniform(0.7, 1.05)])
    share, strength = rng.uniform(0.1, 0.8), rng.uniform(0.75, 1.3)
    zenith, horizon = ZENITH * rng.uniform(0.8, 1.6), HORIZON * rng.uniform(0.9, 1.3)
    if light == "overcast":
        tint, share = np.array([0.94, 0.98, 1.04]), rng.uniform(0.05, 0.25)
        zenith, horizon, strength = np.full(3, 0.7), np.full(3, 0.8), 0.85 * strength
    elif light == "evening":
        tint = np.array([1.15, rng.uniform(0.68, 0.78), rng.uniform(0.38, 0.5)])
        share, strength = rng.uniform(0.4, 0.85), 0.8 * strength
        zenith, horizon = ZENITH * 0.5, np.array([0.9, 0.5, 0.28])
    elif light == "night":
        tint = np.array([1.0, rng.uniform(0.66, 0.8), rng.uniform(0.4, 0.55)])
        share, strength = rng.uniform(0.55, 0.85), rng.uniform(0.26, 0.45)
        zenith, horizon = np.array([0.006, 0.009, 0.025]), np.array([0.02, 0.025, 0.045])
    around = tint * 0.25 + 0.75 if light in ("day", "overcast") else tint
    lamp, ambient = tint * share * 1.2 * strength, np.minimum(around, 1.1) * (1.1 - share) * strength
    rest = [0.0, 0.0, rng.uniform(0, 64), rng.uniform(0.8, 1.25)]
    windows = 0.8 if light == "night" else 0.0
    direction = _sun(rng, lowest=0.45)
    return np.concatenate([direction, lamp, ambient, rest, zenith, horizon, [0.0, windows, 1.0]])
