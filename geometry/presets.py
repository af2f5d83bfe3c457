"""The words of the path language: each is a way to move, and takes an amount."""

import difflib
import math
import re
from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from geometry.curve import Curve, Poses
from geometry.rigid import invert_rigid, look_at, rigid_from, rotation_from_axis_angle

# A unit, how the user is told of it, and its largest amount.
UNITS = {
    "": ("scene units (1.5)", 1e6),
    "%": ("a share of the distance to the scene's centre (50%)", 1e6),
    "deg": ("degrees (30deg)", 3600.0),
    "turns": ("turns (2turns)", 20.0),
}
# The scene's centre counts as no nearer than this share of its first distance: orbits keep some width.
NEAREST_CENTER = 0.1
# Beyond this share of the way to the focus plane the field of view of a dolly zoom nears 180 degrees.
LARGEST_DOLLY = 0.9
SPIRAL_TURNS = 2.0
SPIRAL_PERCENT = 20.0


@dataclass(frozen=True, kw_only=True)
class Amount:
    """How much of a word: a number and its unit, one of ``UNITS`` ("" means scene units)."""

    value: float
    unit: str

    def __str__(self) -> str:
        return f"{self.value:g}{self.unit}"


@dataclass(frozen=True, kw_only=True)
class Focus:
    """Where the scene is, in scene units.

    Attributes:
        distance: From the path's first camera to the scene's centre; "%" is a share of it.
        remaining: From the camera where this part begins to that centre; orbits go around it.
    """

    distance: float
    remaining: float


Bend = Callable[[Float[Tensor, " frame"], Amount, Focus], Poses]
"""Poses of a word for parameters in [0, 1], given its amount and where the scene is."""


@dataclass(frozen=True, kw_only=True)
class Preset:
    """A word of the language.

    Attributes:
        bend: The shape of the move.
        default: The amount where none is given.
        units: Units it takes.
    """

    bend: Bend
    default: Amount
    units: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Move:
    """One word with its amount, such as ``orbit:30deg``."""

    word: str
    amount: Amount

    @classmethod
    def parse(cls, text: str) -> "Move":
        """Read ``word`` or ``word:amount``.

        Raises:
            ValueError: Unknown word, an amount that is no number, a unit the word does not take.
        """
        word, colon, number = (piece.strip() for piece in text.partition(":"))
        if not word:
            raise ValueError('path has an empty part; expected words such as "forward:1.5,orbit:30deg"')
        if word not in PRESETS:
            closest = difflib.get_close_matches(word, PRESETS, n=len(PRESETS), cutoff=0.0)
            raise ValueError(f'path word "{word}" is unknown; allowed: {", ".join(closest)}')
        preset = PRESETS[word]
        amount = parse_amount(number, of=text.strip()) if colon else preset.default
        if amount.unit not in preset.units:
            allowed = " or ".join(UNITS[unit][0] for unit in preset.units)
            raise ValueError(f'path word "{text.strip()}" has the wrong unit; {word} takes {allowed}')
        return cls(word=word, amount=amount)

    def curve(self, focus: Focus) -> Curve:
        """The move as a curve, in a scene at the given distance."""
        bend = PRESETS[self.word].bend
        return Curve(at=lambda parameter: bend(parameter, self.amount, focus))


def parse_amount(text: str, *, of: str) -> Amount:
    """Read "1.5", "50%", "30deg" or "2turns".

    Args:
        text: The amount.
        of: What it belongs to, for the error.

    Raises:
        ValueError: Not a number with one of the known units, or beyond its largest amount.
    """
    found = re.fullmatch(r"([+-]?(?:\d+\.?\d*|\.\d+))\s*(%|deg|turns?|)", text)
    if found is None:
        raise ValueError(f'path amount "{text}" in "{of}" is unknown; allowed: 1.5, 50%, 30deg, 2turns')
    unit = "turns" if found[2] == "turn" else found[2]
    value, largest = float(found[1]), UNITS[unit][1]
    if abs(value) > largest:
        raise ValueError(f'path amount "{text}" in "{of}" is too large; allowed: up to {largest:g}{unit}')
    return Amount(value=value, unit=unit)


def in_scene_units(amount: Amount, focus: Focus) -> float:
    """A distance in scene units, from one or from a share of the first distance to the scene."""
    return amount.value * focus.distance / 100 if amount.unit == "%" else amount.value


def _poses(parameter: Float[Tensor, " frame"], position: Tensor, *, rotation: Tensor | None = None) -> Poses:
    """Poses with zoom 1; without a rotation the gaze stays."""
    R = torch.eye(3, dtype=torch.float64) if rotation is None else rotation
    return Poses(camera_to_start=rigid_from(R, position), zoom=torch.ones_like(parameter))


def _straight(x: float, y: float, z: float) -> Bend:
    """Move along a direction of the camera."""
    direction = torch.tensor([x, y, z], dtype=torch.float64)

    def bend(parameter: Float[Tensor, " frame"], amount: Amount, focus: Focus) -> Poses:
        return _poses(parameter, parameter[:, None] * in_scene_units(amount, focus) * direction)

    return bend


def _turn(x: float, y: float, z: float) -> Bend:
    """Turn in place about an axis of the camera, right-handed."""
    axis = torch.tensor([x, y, z], dtype=torch.float64)

    def bend(parameter: Float[Tensor, " frame"], amount: Amount, focus: Focus) -> Poses:
        angle = parameter * math.radians(amount.value)
        return _poses(
            parameter, torch.zeros(3, dtype=torch.float64), rotation=rotation_from_axis_angle(axis, angle)
        )

    return bend


def _orbit(parameter: Float[Tensor, " frame"], amount: Amount, focus: Focus) -> Poses:
    """Circle around the point ``focus.remaining`` ahead, to the right, gazing at it."""
    angle = parameter * math.radians(amount.value)
    position = torch.stack([angle.sin(), torch.zeros_like(angle), 1 - angle.cos()], dim=-1) * focus.remaining
    down = torch.tensor([0.0, 1.0, 0.0], dtype=torch.float64)
    return _poses(parameter, position, rotation=rotation_from_axis_angle(down, -angle))


def _spiral(parameter: Float[Tensor, " frame"], amount: Amount, focus: Focus) -> Poses:
    """Circle around the axis while the radius opens to its amount and closes again, gazing at the scene.

    The radius goes as sin(pi u) and not as u, because a spiral of Archimedes turns on the spot at its
    centre; and so the path ends where it began.
    """
    by_turns = amount.unit == "turns"
    turns = amount.value if by_turns else SPIRAL_TURNS
    radius = in_scene_units(Amount(value=SPIRAL_PERCENT, unit="%") if by_turns else amount, focus)
    angle = parameter * turns * math.tau
    flat = torch.stack([angle.cos(), -angle.sin(), torch.zeros_like(angle)], dim=-1)
    position = radius * (parameter * math.pi).sin()[:, None] * flat
    center = torch.tensor([0.0, 0.0, focus.remaining], dtype=torch.float64)
    gaze = look_at(position, center, torch.tensor([0.0, 1.0, 0.0], dtype=torch.float64))
    return Poses(camera_to_start=invert_rigid(gaze), zoom=torch.ones_like(parameter))


def _dolly_zoom(parameter: Float[Tensor, " frame"], amount: Amount, focus: Focus) -> Poses:
    """Move forward and widen the lens so that the plane of the scene's centre keeps its size."""
    distance = in_scene_units(amount, focus)
    if distance > LARGEST_DOLLY * focus.remaining:
        raise ValueError(
            f"dolly_zoom:{amount} moves {distance:g} of the {focus.remaining:g} scene units to the scene's "
            f"centre; allowed: up to {LARGEST_DOLLY:.0%} of them"
        )
    position = torch.zeros(len(parameter), 3, dtype=torch.float64)
    position[:, 2] = parameter * distance
    return Poses(
        camera_to_start=rigid_from(torch.eye(3, dtype=torch.float64), position),
        zoom=1 - parameter * (distance / focus.remaining),
    )


_LENGTH, _ANGLE = ("", "%"), ("deg",)
_WALK, _STEP = Amount(value=40.0, unit="%"), Amount(value=20.0, unit="%")
_WIDE, _SLIGHT = Amount(value=30.0, unit="deg"), Amount(value=15.0, unit="deg")

PRESETS = {
    "forward": Preset(bend=_straight(0.0, 0.0, 1.0), default=_WALK, units=_LENGTH),
    "backward": Preset(bend=_straight(0.0, 0.0, -1.0), default=_WALK, units=_LENGTH),
    "left": Preset(bend=_straight(-1.0, 0.0, 0.0), default=_STEP, units=_LENGTH),
    "right": Preset(bend=_straight(1.0, 0.0, 0.0), default=_STEP, units=_LENGTH),
    "up": Preset(bend=_straight(0.0, -1.0, 0.0), default=_STEP, units=_LENGTH),
    "down": Preset(bend=_straight(0.0, 1.0, 0.0), default=_STEP, units=_LENGTH),
    "turn_left": Preset(bend=_turn(0.0, -1.0, 0.0), default=_WIDE, units=_ANGLE),
    "turn_right": Preset(bend=_turn(0.0, 1.0, 0.0), default=_WIDE, units=_ANGLE),
    "look_up": Preset(bend=_turn(1.0, 0.0, 0.0), default=_SLIGHT, units=_ANGLE),
    "look_down": Preset(bend=_turn(-1.0, 0.0, 0.0), default=_SLIGHT, units=_ANGLE),
    "roll": Preset(bend=_turn(0.0, 0.0, 1.0), default=_SLIGHT, units=_ANGLE),
    "orbit": Preset(bend=_orbit, default=_WIDE, units=_ANGLE),
    "spiral": Preset(bend=_spiral, default=Amount(value=SPIRAL_PERCENT, unit="%"), units=("", "%", "turns")),
    "dolly_zoom": Preset(bend=_dolly_zoom, default=Amount(value=30.0, unit="%"), units=_LENGTH),
}
