"""How far a training has come, as a picture."""

import json
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np

HEIGHT, WIDTH, RIM = 360, 640, 50

Bgr = tuple[int, int, int]


def draw_curve(log: Path, picture: Path, *, lines: Mapping[str, Bgr], title: str) -> None:
    """Draw measured values over time, each with its name and last value.

    Args:
        log: Lines of JSON with ``seconds``, ``step`` and the values.
        picture: PNG to write.
        lines: Names of values and their colours, blue first.
        title: What is measured.
    """
    rows = [json.loads(line) for line in log.read_text().splitlines()]
    values = np.array([[row[name] for name in lines] for row in rows], np.float64)
    times = [float(row["seconds"]) for row in rows]
    low, high = float(values.min()), float(values.max())
    margin = 0.1 * max(high - low, 1e-6)
    low, high, end = low - margin, high + margin, max(times[-1], 1.0)
    canvas = np.full((HEIGHT, WIDTH, 3), 255, np.uint8)

    def place(seconds: float, value: float) -> tuple[int, int]:
        x = RIM + (WIDTH - 2 * RIM) * seconds / end
        return int(x), int(HEIGHT - RIM - (HEIGHT - 2 * RIM) * (value - low) / (high - low))

    for name, color in lines.items():
        measured = [float(row[name]) for row in rows]
        points = np.array([place(*at) for at in zip(times, measured, strict=True)], np.int32)
        cv2.polylines(canvas, [points], False, color, 2, cv2.LINE_AA)
        x, y = place(0.0, measured[-1])
        label = f"{name} {measured[-1]:.3f}"
        cv2.putText(canvas, label, (x + 4, y - 5), cv2.FONT_HERSHEY_SIMPLEX, 0.45, color, 1, cv2.LINE_AA)
    cv2.rectangle(canvas, (RIM, RIM), (WIDTH - RIM, HEIGHT - RIM), (0, 0, 0), 1)
    text = f"{title}; {end / 60:.0f} minutes, {rows[-1]['step']} steps"
    cv2.putText(canvas, text, (RIM, RIM - 12), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (0, 0, 0), 1, cv2.LINE_AA)
    cv2.imwrite(str(picture), canvas)
