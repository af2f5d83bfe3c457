"""The light of patches: joined to what is known beside them, drawn to the fill's, or their own.

A copied patch brings the light of the place it comes from. Where it meets known pixels the difference is
carried on into the hole by a membrane, as in gradient-domain cloning (Perez et al. 2003; Georgiev 2006).
Beyond the rim nothing holds it on the other side, and it fades.
Farther in the fill says how bright it is: it is nearer to the truth than anything copied. But beyond the rim
it levels off into a haze. There patches that join what is known without a difference show as they are, and
with the distance all do.
"""

import cv2
import numpy as np
from jaxtyping import Bool, Float32

from voyager_lite.core.blur import blurred_within
from voyager_lite.core.canvas import LIGHT, Incomplete, beyond_rim, distance_from, is_sky
from voyager_lite.core.membrane import BLOCKED, HOLE, SOURCE, fill_membrane
from voyager_lite.core.patch_match import NEARER, SKY_DEPTH

ALONG_BORDER = 0.004
"""The same as LIGHT, for the blur of differences along the border."""

CARRIED = 0.2
"""Distance from known pixels, in widths, over which that difference fades beyond the rim."""

SET_IN, OWN_LIGHT = 0.02, 0.25
"""Distances from known pixels, in widths, over which the fill's light sets in, and over which it gives way
again beyond the rim."""

BADLY = 0.05
"""How great a joint is (length in RGB) at which patches beyond the rim take 1 - 1/e of the fill's light."""

HUE, SHADE = 0.15, 0.8
"""How far from grey, and how great as grey, a change of light is (length in RGB) at which patches give way
to the fill by 1 - 1/e. Light makes brighter or darker; what needs another hue shows something else than is
there."""

NARROW, WIDE = 0.02, 0.07
"""Distance from known pixels, in widths, that a narrow hole stays within and a wide one reaches."""

IN_NARROW, IN_WIDE = 0.015, 0.005
"""Distance from known pixels, in widths, over which patches set in: what is close to known pixels on both
sides the fill knows better."""

TOUCHING = np.ones((3, 3), np.uint8)


def lit(
    made: Float32[np.ndarray, "h w 4"], beyond: Float32[np.ndarray, "h w 4"], frame: Incomplete
) -> Float32[np.ndarray, "h w 4"]:
    """The holes in the right light: sky in that of sky, matter in that of matter.

    Where that takes much of another light, above all another hue, the fill itself shows, and so it does
    beside known pixels.

    Args:
        made: The picture with patches in its holes.
        beyond: What patches at the border show beyond it, at the pixels of ``at_border``.
        frame: The picture with the fill in its holes.

    Returns:
        The picture; known pixels are unchanged.
    """
    sky, was_sky, fill = is_sky(made), is_sky(frame.picture), frame.picture[..., :3]
    agreed = (~frame.known & (sky == was_sky)).astype(np.float32)
    distance, outside = distance_from(frame.known), beyond_rim(frame.known)
    carried = np.where(outside, np.exp(-((distance / CARRIED) ** 2)), np.float32(1))
    joint = _joint(frame.picture - beyond, sky, frame) * carried[..., None]
    joined = made[..., :3] + joint
    light = np.zeros_like(joint)
    for kind in (True, False):
        holes = ~frame.known & (sky == kind)
        if (agreed * holes).any():
            light[holes] = blurred_within(fill - joined, agreed * holes, LIGHT * made.shape[1])[holes]
    drawn = _drawn(distance, joint, outside=outside) * agreed[..., None]
    doubted = np.maximum(_doubted(joint), drawn * _doubted(joint + light))
    filled = np.maximum(_filled(distance), doubted) * agreed[..., None]
    shown = joined + drawn * light
    shown += filled * (fill - shown)
    return np.concatenate([np.where(frame.known[..., None], fill, shown), made[..., 3:]], axis=2)


def at_border(known: Bool[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    """True at known pixels that touch holes."""
    return known & (cv2.dilate((~known).astype(np.uint8), TOUCHING) > 0)


def _joint(
    difference: Float32[np.ndarray, "h w 4"], sky: Bool[np.ndarray, "h w"], frame: Incomplete
) -> Float32[np.ndarray, "h w 3"]:
    """The difference at the border, carried on into the holes of the same kind; 0 where there is none.

    What stands in front of a hole ends at it, and has nothing to say of its light.
    """
    border, width = at_border(frame.known) & ~_in_front(frame), frame.known.shape[1]
    joint = np.zeros_like(difference[..., :3])
    for kind in (True, False):
        holes, source = ~frame.known & (sky == kind), border & (sky == kind)
        if not (holes.any() and source.any()):
            continue
        values = blurred_within(difference[..., :3], source.astype(np.float32), ALONG_BORDER * width)
        state = np.where(holes, HOLE, np.where(source, SOURCE, BLOCKED)).astype(np.uint8)
        fill_membrane(values, state)
        joint[holes] = values[holes]
    return joint


def _in_front(frame: Incomplete) -> Bool[np.ndarray, "h w"]:
    """True at pixels nearer than the filled matter beside them."""
    matter = ~frame.known & (frame.depth > SKY_DEPTH)
    beside = cv2.dilate(np.where(matter, frame.depth, SKY_DEPTH), TOUCHING)
    return np.asarray((beside > SKY_DEPTH) & (frame.depth > beside + NEARER), np.bool_)


def _drawn(
    distance: Float32[np.ndarray, "h w"],
    joint: Float32[np.ndarray, "h w 3"],
    *,
    outside: Bool[np.ndarray, "h w"],
) -> Float32[np.ndarray, "h w 1"]:
    """How far the light of each hole pixel is drawn to the fill's, ``outside`` the rim and behind things."""
    badly = 1 - np.exp(-np.square(joint).sum(axis=2) / BADLY**2)
    kept = np.where(outside, badly * np.exp(-((distance / OWN_LIGHT) ** 2)), np.float32(1))
    drawn: Float32[np.ndarray, "h w"] = kept * (1 - np.exp(-((distance / SET_IN) ** 2)))
    return drawn[..., None]


def _doubted(change: Float32[np.ndarray, "h w 3"]) -> Float32[np.ndarray, "h w 1"]:
    """How much of the fill shows where patches need a change of light."""
    grey = change.mean(axis=2, keepdims=True)
    hue = np.square(change - grey).sum(axis=2, keepdims=True)
    shown: Float32[np.ndarray, "h w 1"] = 1 - np.exp(-hue / HUE**2 - 3 * np.square(grey) / SHADE**2)
    return shown


def _filled(distance: Float32[np.ndarray, "h w"]) -> Float32[np.ndarray, "h w 1"]:
    """How much of the fill each hole pixel keeps: all beside known pixels, nothing far from them."""
    width = distance.shape[1]
    reach = 2 * max(1, round(WIDE * width)) + 1
    farthest = cv2.dilate(distance, np.ones((reach, reach), np.uint8))
    wide = ((farthest - NARROW) / (WIDE - NARROW)).clip(0, 1)
    wide = cv2.GaussianBlur(wide, (0, 0), max(1.0, NARROW / 2 * width))
    kept: Float32[np.ndarray, "h w"] = np.exp(-((distance / (IN_NARROW + (IN_WIDE - IN_NARROW) * wide)) ** 2))
    return kept[..., None]
