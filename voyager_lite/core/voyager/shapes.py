"""Names and shapes of a checkpoint's tensors, held against those of an architecture."""

from collections.abc import Mapping

Shapes = Mapping[str, tuple[int, ...]]

NAMED = 8
"""Tensors named in one line; of more, only how many there are is told."""


def require_shapes(what: object, found: Shapes, expected: Shapes) -> None:
    """Refuse tensors that are missing, unknown or of another shape, and name them.

    Raises:
        ValueError: One line with all three lists, each of at most ``NAMED`` names.
    """
    faults = {
        "lacks": sorted(expected.keys() - found.keys()),
        "has unknown": sorted(found.keys() - expected.keys()),
        "has misshapen": [
            f"{key} {found[key]} (expected {expected[key]})"
            for key in sorted(expected.keys() & found.keys())
            if tuple(found[key]) != tuple(expected[key])
        ],
    }
    if any(faults.values()):
        lists = [f"{fault} {_listed(names)}" for fault, names in faults.items() if names]
        raise ValueError(f"{what} is of another architecture: it {'; '.join(lists)}")


def _listed(names: list[str]) -> str:
    rest = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{len(names)}: {', '.join(names[:NAMED])}{rest}"
