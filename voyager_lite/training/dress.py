"""Another look for a finished scene: light, weather, wall color and what walls and floors are made of.

Geometry stays as it is, so the same cameras see the same depth.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from voyager_lite.training.light import INDOORS, LIGHTS, WEATHERS, Light, Weather, indoor_air, outdoor_air
from voyager_lite.training.material import (
    BRICKS,
    CLOUDY,
    FACADE,
    GLOW,
    LEAVES,
    PICTURE,
    PLAIN,
    STRIPES,
    TILES,
    WOOD,
    material,
)  # fmt: skip
from voyager_lite.training.scene import Scene

PAGE, OWN_CHROMA, GLOSS = 13, 18, 19
"""Places in a material row."""

COLORS: dict[str, tuple[float, float, float]] = {
    "red": (0.52, 0.05, 0.04),
    "orange": (0.75, 0.25, 0.04),
    "yellow": (0.75, 0.55, 0.08),
    "green": (0.1, 0.38, 0.1),
    "blue": (0.06, 0.14, 0.5),
    "purple": (0.24, 0.07, 0.38),
    "pink": (0.75, 0.3, 0.38),
    "brown": (0.2, 0.1, 0.045),
    "white": (0.8, 0.79, 0.76),
    "grey": (0.3, 0.3, 0.3),
    "black": (0.035, 0.035, 0.04),
}
"""Linear RGB by name."""

COLOR_SHARES = {"red": 3.0, "white": 2.0}
"""How often a color is drawn against any other."""

WALL_MATERIALS: dict[str, tuple[int, float]] = {
    "plaster": (CLOUDY, 0.6),
    "brick": (BRICKS, 0.12),
    "wood": (WOOD, 0.3),
    "tile": (TILES, 0.15),
    "striped": (STRIPES, 0.12),
}
"""Pattern and feature size of walls by the word for what they are made of."""


class Ground(NamedTuple):
    """What a floor or the ground is made of: pattern, feature size, color, page of the atlas or -1."""

    pattern: int
    feature: float
    color: tuple[float, float, float]
    page: int


FLOORS = {
    "wooden": Ground(WOOD, 0.25, (0.3, 0.16, 0.07), 9),
    "tiled": Ground(TILES, 0.35, (0.6, 0.57, 0.52), -1),
    "stone": Ground(CLOUDY, 0.4, (0.4, 0.38, 0.35), 2),
    "carpeted": Ground(CLOUDY, 0.08, (0.3, 0.2, 0.22), 6),
}
GROUNDS = {
    "grass": Ground(LEAVES, 0.25, (0.12, 0.27, 0.06), 3),
    "sand": Ground(CLOUDY, 0.5, (0.62, 0.48, 0.3), -1),
    "gravel": Ground(CLOUDY, 0.12, (0.36, 0.34, 0.32), 1),
    "earth": Ground(CLOUDY, 0.4, (0.2, 0.13, 0.08), 5),
}

WALL_ROLES, FLOOR_ROLES, GROUND_ROLES = {"wall"}, {"floor"}, {"ground", "lawn"}
HOUSE_ROLES = {"house", "tower", "church"}
WET_ROLES = FLOOR_ROLES | GROUND_ROLES | {"road", "pavement", "path", "roof", "car", "stairs", "kerb", "mark"}

LIGHT_SHARES: dict[Light, float] = {"day": 0.48, "overcast": 0.16, "evening": 0.2, "night": 0.16}
WEATHER_SHARES: dict[Weather, float] = {"clear": 0.58, "fog": 0.12, "snow": 0.18, "rain": 0.12}


@dataclass(frozen=True, kw_only=True)
class Dress:
    """How a scene looks.

    Attributes:
        light: Time of day.
        weather: Outside; "clear" in rooms.
        wall: Color of the walls, or of the houses outside; "" leaves them as they are.
        wall_material: Key of ``WALL_MATERIALS``; "" leaves them. Houses keep their windows.
        floor: Key of ``FLOORS`` in rooms, of ``GROUNDS`` outside; "" leaves it.
    """

    light: Light = "day"
    weather: Weather = "clear"
    wall: str = ""
    wall_material: str = ""
    floor: str = ""


def is_indoors(scene: Scene) -> bool:
    """True for scenes under a roof."""
    return bool(scene.air[INDOORS] > 0)


def draw_dress(rng: np.random.Generator, scene: Scene) -> Dress:
    """A random dress that suits a scene: weather only outside, walls only where there are any."""
    indoors, roles = is_indoors(scene), set(scene.roles)
    light = LIGHTS[rng.choice(len(LIGHTS), p=[LIGHT_SHARES[name] for name in LIGHTS])]
    weather = WEATHERS[rng.choice(len(WEATHERS), p=[WEATHER_SHARES[name] for name in WEATHERS])]
    shares = np.array([COLOR_SHARES.get(name, 1.0) for name in COLORS])
    color = list(COLORS)[rng.choice(len(COLORS), p=shares / shares.sum())]
    has_wall = bool(roles & (WALL_ROLES if indoors else WALL_ROLES | HOUSE_ROLES))
    grounds = FLOORS if indoors else GROUNDS
    has_floor = bool(roles & (FLOOR_ROLES if indoors else GROUND_ROLES))
    chances = rng.random(3)
    made, floor = rng.integers(len(WALL_MATERIALS)), rng.integers(len(grounds))
    return Dress(
        light=light,
        weather="clear" if indoors else weather,
        wall=color if has_wall and chances[0] < 0.6 else "",
        wall_material=list(WALL_MATERIALS)[made] if has_wall and chances[1] < 0.4 else "",
        floor=list(grounds)[floor] if has_floor and chances[2] < 0.5 else "",
    )


def dress_scene(rng: np.random.Generator, scene: Scene, dress: Dress) -> Scene:
    """The same shapes in another dress; ``rng`` draws what the dress leaves open (sun, shades, grain)."""
    indoors = is_indoors(scene)
    rows, roles = scene.materials.copy(), np.array(scene.roles)
    _dress_walls(rng, rows, roles, dress=dress, indoors=indoors)
    if dress.floor:
        made = (FLOORS if indoors else GROUNDS)[dress.floor]
        row = material(rng, made.pattern, color=made.color, feature=made.feature, contrast=0.3)
        row[PAGE], row[OWN_CHROMA] = made.page if rng.random() < 0.6 else -1, 0.2 * row[OWN_CHROMA]
        rows[np.isin(roles, list(FLOOR_ROLES if indoors else GROUND_ROLES))] = row
    if dress.weather == "rain":
        wet = np.isin(roles, list(WET_ROLES))
        rows[wet, 1:7] *= 0.6
        rows[wet, GLOSS] = np.maximum(rows[wet, GLOSS], rng.uniform(0.5, 0.9))
    if dress.light == "night" and indoors:
        # Panes that stand for a bright outside.
        panes = (roles == "window") & (rows[:, 0] == GLOW)
        rows[panes, 0], rows[panes, 1:7], rows[panes, GLOSS] = PLAIN, 0.02, 0.5
    air = (
        indoor_air(rng, light=dress.light)
        if indoors
        else outdoor_air(rng, light=dress.light, weather=dress.weather)
    )
    return replace(scene, materials=rows, air=air)


def _dress_walls(
    rng: np.random.Generator, rows: np.ndarray, roles: np.ndarray, *, dress: Dress, indoors: bool
) -> None:
    """Paint and rebuild the walls in place; houses keep their pattern, which holds their windows."""
    walls = np.isin(roles, list(WALL_ROLES)) & (rows[:, 0] != GLOW)
    if dress.wall_material and walls.any():
        pattern, feature = WALL_MATERIALS[dress.wall_material]
        rows[walls] = material(rng, pattern, color=rows[walls][0, 1:4], feature=feature, contrast=0.25)
    if not dress.wall:
        return
    painted = walls if indoors else walls | (np.isin(roles, list(HOUSE_ROLES)) & (rows[:, 0] != GLOW))
    row = rows[painted]
    row[row[:, 0] == PICTURE, PAGE] = -1
    row[row[:, 0] == PICTURE, 0] = CLOUDY
    shade = 1.0 if indoors else rng.uniform(0.8, 1.2, (len(row), 1))
    color = np.array(COLORS[dress.wall]) * rng.uniform(0.85, 1.15) * shade
    # The second color keeps its brightness beside the first; windows of houses keep theirs altogether.
    ratio = row[:, 4:7].mean(axis=1, keepdims=True) / np.maximum(
        row[:, 1:4].mean(axis=1, keepdims=True), 0.02
    )
    joints = np.where(row[:, :1] == FACADE, row[:, 4:7], color * ratio)
    row[:, 1:4], row[:, 4:7] = np.clip(color, 0, 1), np.clip(joints, 0, 1)
    row[:, 9:12] *= 0.2
    row[:, OWN_CHROMA] *= 0.15
    rows[painted] = row
