"""What a clip shows, in words: labels for a probe, and captions of at most 96 bytes worded in many ways."""

from dataclasses import dataclass

import numpy as np

from voyager_lite.training.dress import HOUSE_ROLES, WALL_ROLES, Dress, is_indoors
from voyager_lite.training.light import Light, Weather
from voyager_lite.training.scene import Scene, View

MOST_BYTES = 96

WALL_SEEN, THING_SEEN = 0.06, 0.008
"""Shares of the first picture from which on walls or a thing are worth a word."""

SURROUNDINGS = (
    "", "wall", "floor", "ceiling", "ground", "skirting", "road", "mark", "kerb", "pavement", "lawn", "beam",
    "window", "door", "stairs", "hill", "path", "frame", "pole", "post", "wire", "twig", "stand", "ledge",
    "house", "roof", "sand", "water", "mountain", "bank", "rail", "seat", "jetty", "basin", "tub", "food",
)  # fmt: skip
"""Roles that are no things to count up."""

LIGHT_WORDS: dict[Light, tuple[str, ...]] = {
    "day": ("by day", "in daylight", "daylight", "bright day"),
    "overcast": ("overcast", "under a grey sky", "on a grey day", "dull light"),
    "evening": ("evening light", "in the evening", "at sunset", "late evening"),
    "night": ("at night", "by night", "night", "in the night"),
}
ROOM_LIGHT_WORDS: dict[Light, tuple[str, ...]] = {
    **LIGHT_WORDS,
    "overcast": ("dull light", "on a grey day", "pale light"),
    "night": ("at night", "by night, lamp light", "night", "in the night"),
}
WEATHER_WORDS: dict[Weather, tuple[str, ...]] = {
    "clear": ("",),
    "fog": ("in fog", "foggy", "thick fog", "in the mist"),
    "snow": ("in snow", "covered in snow", "snow on the ground", "snowy", "winter, snow"),
    "rain": ("in the rain", "wet from rain", "rainy", "after rain"),
}
KIND_WORDS = {
    "stairs": "a staircase",
    "shelves": "full shelves",
    "heap": "a heap of things",
    "floor clutter": "things on a floor",
    "hanging": "hanging things",
    "table top": "things on a table",
    "desk": "a desk",
    "mountains": "mountains",
    "country": "the country",
    "drive": "a road",
    "ground": "ground from above",
    "cycle": "a parked bicycle",
    "group": "a group of people",
    "portrait": "a person",
}
"""Kinds of scenes that an article alone does not make English."""

SAID_WITHOUT_NEED = 0.6
"""Share of captions that say what goes without saying: plain daylight, what floors are made of."""


@dataclass(frozen=True, kw_only=True)
class Labels:
    """What a clip shows, for a probe.

    Attributes:
        kind: Of scene, "room" or "street".
        light: Time of day.
        weather: Outside.
        wall: Color of walls or houses that are seen; "" if none are or nobody chose it.
        wall_material: What walls that are seen are made of; "" likewise.
        floor: What floor or ground is made of; "" likewise.
        things: What is seen, by share of the first picture, at most four.
    """

    kind: str
    light: Light
    weather: Weather
    wall: str
    wall_material: str
    floor: str
    things: tuple[str, ...]


def label(scene: Scene, view: View, dress: Dress) -> Labels:
    """Labels of a dressed scene, for what its first frame shows."""
    rows = view.shape[0].numpy()
    counts = np.bincount(rows[rows >= 0].ravel(), minlength=len(scene.roles)) / rows.size
    shares: dict[str, float] = {}
    for role, share in zip(scene.roles, counts, strict=True):
        shares[role] = shares.get(role, 0.0) + float(share)
    walls = sum(shares.get(role, 0.0) for role in WALL_ROLES)
    painted = walls + (0 if is_indoors(scene) else sum(shares.get(role, 0.0) for role in HOUSE_ROLES))
    ground = sum(shares.get(role, 0.0) for role in ("floor", "ground", "lawn"))
    things = [role for role, share in shares.items() if role not in SURROUNDINGS and share > THING_SEEN]
    return Labels(
        kind=scene.kind or "scene",
        light=dress.light,
        weather=dress.weather,
        wall=dress.wall if painted > WALL_SEEN else "",
        wall_material=dress.wall_material if walls > WALL_SEEN else "",
        floor=dress.floor if ground > WALL_SEEN else "",
        things=tuple(sorted(things, key=lambda role: -shares[role])[:4]),
    )


def write_caption(rng: np.random.Generator, labels: Labels, *, indoors: bool) -> str:
    """One of many wordings, lower-case ASCII, at most ``MOST_BYTES``; what is unusual is always said."""

    def one(words: tuple[str, ...]) -> str:
        return words[rng.integers(len(words))]

    walls = _walls(labels, indoors=indoors)
    needed = [f"with {walls}"] if walls else []
    needed.append(one(WEATHER_WORDS[labels.weather]))
    light = one((ROOM_LIGHT_WORDS if indoors else LIGHT_WORDS)[labels.light])
    extra = []
    if labels.light == "day":
        extra.append(light)
    else:
        needed.append(light)
    if labels.floor and labels.weather != "snow":
        extra.append(f"a {labels.floor} floor" if indoors else one((labels.floor, f"{labels.floor} ground")))
    things = [thing for thing in labels.things if thing not in labels.kind]
    if things:
        extra.append(" and ".join(_a(thing) for thing in things[: rng.integers(1, 3)]))
    parts = [part for part in needed if part]
    parts += [part for part in extra if rng.random() < SAID_WITHOUT_NEED]
    whole = KIND_WORDS.get(labels.kind, _a(labels.kind))
    caption = whole if rng.random() < 0.7 else whole.removeprefix("a ").removeprefix("an ")
    if parts and parts[0].startswith("with "):
        caption = f"{caption} {parts.pop(0)}"
    for part in sorted(parts, key=lambda part: (part not in needed, rng.random())):
        longer = f"{caption}, {part}"
        if len(longer) <= MOST_BYTES:
            caption = longer
    return caption


def _walls(labels: Labels, *, indoors: bool) -> str:
    made = {"plaster": "plaster", "tile": "tiled", "wood": "wooden"}.get(
        labels.wall_material, labels.wall_material
    )
    words = [word for word in (labels.wall, made) if word]
    return " ".join([*words, "walls" if indoors or made else "houses"]) if words else ""


def _a(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"
