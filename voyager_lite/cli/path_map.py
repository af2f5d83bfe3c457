"""A path from above, in the terminal."""

import sys

import numpy as np
from jaxtyping import Float
from torch import Tensor

WIDTH, HEIGHT = 48, 12
"""Most characters of a map; each holds 2 by 4 dots."""

DOTS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
"""Bits of a braille character's dots, which begin at U+2800."""

START, END = "o", "x"
BLANK = chr(0x2800)


def path_map(centers: Float[Tensor, "frame 3"]) -> tuple[list[str], float]:
    """The path as lines of braille, x to the right and z, which is forward, to the top.

    Both axes have one scale, the largest that fits. ``o`` is the start and ``x`` the end, which
    covers it where both fall together.

    Returns:
        The lines, and what a character's width stands for, in scene units; 0 for a path on the spot.
    """
    floor = centers[:, [0, 2]].numpy()
    low, high = floor.min(0), floor.max(0)
    room = np.array([2 * WIDTH - 1, 4 * HEIGHT - 1])
    unit = float(((high - low) / room).max())
    if unit < 1e-9:
        return [END], 0.0
    dots = np.round((_dense(floor, unit) - low) / unit).astype(int)
    columns, rows = dots[:, 0], dots[:, 1].max() - dots[:, 1]
    grid = np.zeros((rows.max() // 4 + 1, columns.max() // 2 + 1), int)
    np.bitwise_or.at(grid, (rows // 4, columns // 2), DOTS[rows % 4, columns % 2])
    lines = [[chr(0x2800 + int(cell)) for cell in row] for row in grid]
    for letter, at in ((START, 0), (END, -1)):
        lines[rows[at] // 4][columns[at] // 2] = letter
    return ["".join(line).rstrip(BLANK) for line in lines], 2 * unit


def has_braille() -> bool:
    """Can standard output take braille?"""
    try:
        BLANK.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def plainly(line: str) -> str:
    """A line of a map for terminals that have no braille: a full stop for every cell with a dot."""
    return "".join(letter if letter in START + END else " " if letter == BLANK else "." for letter in line)


def _dense(floor: Float[np.ndarray, "frame 2"], unit: float) -> Float[np.ndarray, "more 2"]:
    """The path with so many points between its own that no dot is left out."""
    steps = np.linalg.norm(np.diff(floor, axis=0), axis=1)
    pieces = [floor[:1]]
    for start, end, step in zip(floor[:-1], floor[1:], steps, strict=True):
        share = np.linspace(0, 1, int(np.ceil(2 * step / unit)) + 2)[1:, None]
        pieces.append(start + share * (end - start))
    return np.concatenate(pieces)
