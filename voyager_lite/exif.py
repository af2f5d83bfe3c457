"""What a camera wrote beside its picture: which way up it is, and the lens (EXIF 2.32, section 4.6)."""

import logging
import math
import struct
from typing import Final

from PIL import Image
from PIL.ExifTags import IFD, Base
from PIL.Image import Transpose

logger = logging.getLogger(__name__)

FULL_FRAME_DIAGONAL: Final = math.hypot(36.0, 24.0)
"""Millimetres. A 35 mm equivalent focal length has the same *diagonal* angle (CIPA DC-008)."""

_MILLIMETERS: Final = {2: 25.4, 3: 10.0, 4: 1.0, 5: 0.001}
"""Length of FocalPlaneResolutionUnit: inch, centimetre, millimetre, micrometre."""

_DAMAGE: Final = (OSError, SyntaxError, ValueError, KeyError, TypeError, struct.error)
_PLAUSIBLE: Final = (2.0, 150.0)

_TURNS: Final = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}
"""What to do with the stored pixels of each Orientation; from 5 on it swaps width and height."""


def turn_upright(image: Image.Image) -> Image.Image:
    """The picture as it was seen when taken; unchanged where the file does not say otherwise."""
    turn = _TURNS.get(_orientation(image))
    return image if turn is None else image.transpose(turn)


def horizontal_fov_degrees(image: Image.Image) -> float | None:
    """Horizontal field of view of the upright picture, from FocalLengthIn35mmFilm or the focal plane.

    Args:
        image: An opened picture, as stored: neither read reduced nor turned yet. Nothing is decoded.

    Returns:
        Degrees, or None where the tags are missing, zero (EXIF's "unknown") or outside 2..150 degrees.
    """
    width, height = image.size
    focal = _focal_pixels(_tags(image), width, height)
    if focal is None:
        return None
    shown = height if _orientation(image) >= 5 else width
    fov = math.degrees(2 * math.atan(shown / 2 / focal))
    if not _PLAUSIBLE[0] <= fov <= _PLAUSIBLE[1]:
        logger.warning("EXIF gives a field of view of %.3g degrees; it is not used", fov)
        return None
    return fov


def _orientation(image: Image.Image) -> int:
    try:
        value = image.getexif().get(Base.Orientation, 1)
    except _DAMAGE:
        return 1
    return value if isinstance(value, int) else 1


def _tags(image: Image.Image) -> dict[int, object]:
    try:
        return dict(image.getexif().get_ifd(IFD.Exif))
    except _DAMAGE as error:
        logger.warning("the picture's EXIF data cannot be read and is not used: %s", error)
        return {}


def _focal_pixels(tags: dict[int, object], width: int, height: int) -> float | None:
    equivalent = _positive(tags.get(Base.FocalLengthIn35mmFilm))
    if equivalent is not None:
        return equivalent * math.hypot(width, height) / FULL_FRAME_DIAGONAL
    focal = _positive(tags.get(Base.FocalLength))
    density = _positive(tags.get(Base.FocalPlaneXResolution))
    unit = _MILLIMETERS.get(int(_positive(tags.get(Base.FocalPlaneResolutionUnit)) or 2))
    if focal is None or density is None or unit is None:
        return None
    # The density counts pixels of the picture as taken; a picture made smaller later keeps the tag.
    taken = [_positive(tags.get(tag)) or 0.0 for tag in (Base.ExifImageWidth, Base.ExifImageHeight)]
    return focal * density / unit * max(width, height) / (max(taken) or max(width, height))


def _positive(value: object) -> float | None:
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return number if math.isfinite(number) and number > 0 else None
