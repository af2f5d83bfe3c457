"""Camera moves of procedural clips: words of the path language, a camera in the hand, and two at once."""

import numpy as np
import torch

from geometry.curve import Poses
from geometry.presets import Amount, Focus, Move
from voyager_lite.training.framing import turn

# Least and greatest amount of each word; shares of a distance where the unit is "%".
WORDS = {
    "forward": (5, 60, "%"),
    "backward": (5, 45, "%"),
    "left": (3, 35, "%"),
    "right": (3, 35, "%"),
    "up": (3, 25, "%"),
    "down": (3, 15, "%"),
    "turn_left": (4, 40, "deg"),
    "turn_right": (4, 40, "deg"),
    "look_up": (3, 20, "deg"),
    "look_down": (3, 20, "deg"),
    "roll": (-15, 15, "deg"),
    "orbit": (-40, 40, "deg"),
    "spiral": (4, 25, "%"),
    "dolly_zoom": (8, 40, "%"),
}
SHARES = {"forward": 4.0, "backward": 2.0, "orbit": 4.0, "spiral": 2.0, "roll": 0.4, "dolly_zoom": 0.5}
"""How often a word is drawn; once where it is not named."""

HAND_HELD = 0.12
"""Share of paths that wander like a camera in the hand."""

COMBINED, RETURNING = 0.4, 0.12
"""Shares of paths of two moves at once, and of paths that come back to where they began."""


def draw_move(
    rng: np.random.Generator, *, frames: int, reach: float, focus: float
) -> tuple[np.ndarray, np.ndarray]:
    """Camera-to-start poses (frames, 4, 4) and focal lengths over the first one's (frames,).

    Args:
        rng: Source of chance.
        frames: Cameras on the path; the first stands at the start.
        reach: Distance of which straight moves and spirals are a share.
        focus: Distance of the point that orbits and dolly zooms keep.
    """
    poses, zoom = _one_move(rng, frames=frames, reach=reach, focus=focus)
    if rng.random() < COMBINED:
        others, other_zoom = _one_move(rng, frames=frames, reach=0.5 * reach, focus=focus)
        poses, zoom = poses @ others, zoom * other_zoom
    return poses, zoom


def _one_move(
    rng: np.random.Generator, *, frames: int, reach: float, focus: float
) -> tuple[np.ndarray, np.ndarray]:
    progress = _progress(rng, frames)
    if rng.random() < HAND_HELD:
        return _wander(rng, progress, reach=reach), np.ones(frames)
    words = list(WORDS)
    share = np.array([SHARES.get(word, 1.0) for word in words])
    word = words[rng.choice(len(words), p=share / share.sum())]
    least, most, unit = WORDS[word]
    amount = Amount(value=float(rng.uniform(least, most)), unit=unit)
    distance = focus if word in ("orbit", "dolly_zoom") else reach
    curve = Move(word=word, amount=amount).curve(Focus(distance=distance, remaining=focus))
    found: Poses = curve.at(torch.from_numpy(progress))
    return found.camera_to_start.numpy(), found.zoom.numpy()


def _progress(rng: np.random.Generator, frames: int) -> np.ndarray:
    """From 0 to at most 1: even or eased, now and then out and back; spirals and long moves stop anywhere."""
    s = np.linspace(0, 1, frames)
    if rng.random() < RETURNING:
        s = 1 - np.abs(2 * s - 1)
    if rng.random() < 0.4:
        s = s**2 * (3 - 2 * s)
    return s * rng.uniform(0.4, 1)


def _wander(rng: np.random.Generator, s: np.ndarray, *, reach: float) -> np.ndarray:
    """Sway and drift with the gaze going here and there."""
    a, b, c = rng.normal(0, 1, (3, 6)) * rng.uniform(0.15, 1)
    bend = np.sin(np.pi * s)[:, None], np.sin(2 * np.pi * s)[:, None]
    curve = a * s[:, None] + b * bend[0] + 0.4 * c * bend[1]
    poses = np.tile(np.eye(4), (len(s), 1, 1))
    poses[:, :3, 3] = curve[:, :3] * np.array([0.18, 0.08, 0.2]) * reach
    poses[:, :3, :3] = [turn(*angles) for angles in curve[:, 3:] * np.array([0.05, 0.15, 0.02])]
    return poses
