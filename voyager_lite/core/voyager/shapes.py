"""Names and shapes of a checkpoint's tensors, held against those of an architecture."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from safetensors import SafetensorError, safe_open

Shapes = Mapping[str, tuple[int, ...]]

NAMED = 8
"""Tensors named in one line; of more, only how many there are is told."""


def shapes_in(files: Iterable[Path]) -> dict[str, tuple[int, ...]]:
    """Every tensor's shape in safetensors files, read from their headers alone.

    Raises:
        ValueError: A file is cut short or no safetensors file, or a tensor is there twice.
    """
    shapes: dict[str, tuple[int, ...]] = {}
    for file in files:
        try:
            with safe_open(file, framework="pt") as shard:
                for key in shard.keys():  # noqa: SIM118 - safe_open is no mapping
                    if key in shapes:
                        raise ValueError(f"{file} holds {key}, which another shard holds too")
                    shapes[key] = tuple(shard.get_slice(key).get_shape())
        except (SafetensorError, OSError) as error:
            raise ValueError(f"{file} is not whole ({error}); download or convert it again") from error
    return shapes


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
