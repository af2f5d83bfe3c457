"""What a world's size costs, as a picture."""

import math
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np

HEIGHT, WIDTH, RIM = 300, 420, 60
INSET = 24
"""Between the frame and the smallest and the largest world."""

FONT = cv2.FONT_HERSHEY_SIMPLEX

Bgr = tuple[int, int, int]
BLUE, ORANGE, GREY = (180, 90, 20), (30, 110, 220), (150, 150, 150)

Line = tuple[str, Bgr, Mapping[int, float]]
"""Name, colour, and values by millions of points."""


def draw_world_size(
    picture: Path, *, times: Mapping[str, Mapping[int, float]], memory: Mapping[int, float], allowed: float
) -> None:
    """Draw time per frame and peak memory side by side, over the number of points (logarithmic).

    Args:
        picture: PNG to write.
        times: By name, milliseconds by millions of points; at most two.
        memory: Megabytes by millions of points.
        allowed: Megabytes, drawn as a level line.

    Raises:
        FileNotFoundError: The picture's folder is not there.
    """
    if not picture.resolve().parent.is_dir():
        raise FileNotFoundError(
            f"{picture.resolve().parent} is not there; expected a folder to write {picture.name} to"
        )
    colors = (BLUE, ORANGE)
    lines = [(name, color, found) for (name, found), color in zip(times.items(), colors, strict=False)]
    bound = dict.fromkeys(memory, allowed)
    right = [("peak memory", BLUE, memory), ("budget + 300 MB", GREY, bound)]
    panels = _panel("time of a frame, ms", lines), _panel("memory, MB", right)
    cv2.imwrite(str(picture), np.concatenate(panels, axis=1))


def _panel(title: str, lines: list[Line]) -> np.ndarray:
    """One diagram, its values from 0."""
    sizes = sorted(lines[0][2])
    low, high = math.log10(sizes[0]), math.log10(sizes[-1])
    most = 1.15 * max(max(values.values()) for _, _, values in lines)
    canvas = np.full((HEIGHT, WIDTH, 3), 255, np.uint8)

    def place(size: int, value: float) -> tuple[int, int]:
        share = (math.log10(size) - low) / (high - low) if high > low else 0.5
        x, y = (
            RIM + INSET + (WIDTH - 2 * (RIM + INSET)) * share,
            HEIGHT - RIM - (HEIGHT - 2 * RIM) * value / most,
        )
        return round(x), round(y)

    for size in sizes:
        x, y = place(size, 0.0)
        cv2.line(canvas, (x, y), (x, y + 4), (0, 0, 0), 1)
        _write(canvas, f"{size} M", (x - 14, y + 18), (0, 0, 0))
    for number, (name, color, values) in enumerate(lines):
        points = [place(size, values[size]) for size in sizes]
        cv2.polylines(canvas, [np.array(points, np.int32)], False, color, 2, cv2.LINE_AA)
        for size, point in zip(sizes, points, strict=True):
            cv2.circle(canvas, point, 3, color, -1, cv2.LINE_AA)
            if color != GREY:
                _write(canvas, f"{values[size]:.0f}", (point[0] - 8, point[1] - 8), color)
        _write(canvas, name, (WIDTH // 2 - 30, HEIGHT - RIM - 10 - 16 * number), color)
    cv2.rectangle(canvas, (RIM, RIM), (WIDTH - RIM, HEIGHT - RIM), (0, 0, 0), 1)
    _write(canvas, title, (RIM, RIM - 12), (0, 0, 0))
    _write(canvas, "points", (WIDTH // 2 - 20, HEIGHT - RIM + 38), (0, 0, 0))
    return canvas


def _write(canvas: np.ndarray, text: str, at: tuple[int, int], color: Bgr) -> None:
    cv2.putText(canvas, text, at, FONT, 0.4, color, 1, cv2.LINE_AA)
