"""What commands say: results on standard output, progress on standard error."""

import sys
from collections.abc import Iterable, Sequence

from tqdm import tqdm

from voyager_lite.explorer import Step


def say(text: str = "") -> None:
    """A line of result."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def say_table(rows: Iterable[tuple[str, object]]) -> None:
    """Aligned names and values."""
    pairs = [(name, str(value)) for name, value in rows]
    width = max((len(name) for name, _ in pairs), default=0)
    for name, value in pairs:
        say(f"{name:<{width}}  {value}")


def say_columns(names: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table with a heading: the last column to the left, for text, all others to the right."""
    lines = [list(names), *([str(value) for value in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = [cell.rjust(width) for cell, width in zip(line[:-1], widths[:-1], strict=True)]
        say("  ".join([*cells, line[-1]]))


class WalkBar:
    """A progress bar over all clips of a walk: clip, step, time left."""

    def __init__(self) -> None:
        self._bar: tqdm[object] | None = None

    def __call__(self, step: Step) -> None:
        """Move on."""
        if self._bar is None:
            self._bar = tqdm(total=step.clips, unit="clip", bar_format=BAR_FORMAT, disable=None)
        self._bar.set_description(f"clip {step.clip} of {step.clips}, step {step.step} of {step.steps}")
        self._bar.n = round(step.clip - 1 + step.step / step.steps, 2)
        self._bar.refresh()

    def close(self) -> None:
        """Leave the finished bar standing."""
        if self._bar is not None:
            self._bar.close()


BAR_FORMAT = "{desc} |{bar}| {percentage:3.0f}% [{elapsed} < {remaining}]"
