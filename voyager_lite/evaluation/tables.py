"""The tables of `voyager-lite evaluate`, by name."""

from collections.abc import Callable, Sequence
from pathlib import Path

from voyager_lite.core import load_core
from voyager_lite.evaluation.bench import BenchRow
from voyager_lite.evaluation.compare import fill_rows
from voyager_lite.evaluation.depth import depth_rows
from voyager_lite.evaluation.fills import procedural_figures, real_figures, scene_means
from voyager_lite.evaluation.pictures import write_pictures
from voyager_lite.evaluation.reconstruction import reconstruction_rows
from voyager_lite.evaluation.scenes import read_scene
from voyager_lite.evaluation.summary import summary_rows
from voyager_lite.evaluation.views import all_view_rows, cache_rows
from voyager_lite.evaluation.walk import walk_rows


def evaluate(names: Sequence[str], *, data: Path | None, clips: int) -> list[BenchRow]:
    """The rows of the named tables, one table after the other.

    Args:
        names: In ``TABLES``.
        data: The folder that holds B_rgbd and B_single; the tables of real scenes need it.
        clips: Procedural clips for the tables of holes.

    Raises:
        ValueError: An unknown name, or a table that needs ``data`` without it.
    """
    unknown = [name for name in names if name not in TABLES]
    if unknown:
        raise ValueError(f"no table {', '.join(unknown)}; expected {', '.join(TABLES)}")
    if data is None and (needing := [name for name in names if name in NEED_DATA]):
        raise ValueError(f"table {', '.join(needing)} needs real scenes; give --data FOLDER")
    return [row for name in names for row in TABLES[name](data, clips)]


def write_sheets(folder: Path, *, data: Path | None) -> list[Path]:
    """Contact sheets of procedural clips and, with ``data``, of real scenes; see ``write_pictures``."""
    return write_pictures(load_core("mini"), folder, data=None if data is None else _scenes(data))


def _mini(data: Path | None, clips: int) -> list[BenchRow]:
    return summary_rows(data, clips=clips)


def _fills(data: Path | None, clips: int) -> list[BenchRow]:
    rows = fill_rows(procedural_figures(["mini"], clips=clips), ours="mini", kind="procedural")
    if data is not None:
        scenes = scene_means(real_figures(["mini"], _scenes(data)))
        rows += fill_rows(list(scenes.values()), ours="mini", kind="real")
    return rows


def _walk(data: Path | None, clips: int) -> list[BenchRow]:
    return walk_rows(load_core("mini"))


def _views(data: Path | None, clips: int) -> list[BenchRow]:
    return all_view_rows(_scenes(data))


def _cache(data: Path | None, clips: int) -> list[BenchRow]:
    return cache_rows(read_scene(_scenes(data) / "kitchen_kinect"))


def _depth(data: Path | None, clips: int) -> list[BenchRow]:
    return depth_rows(_scenes(data).parent)


def _reconstruction(data: Path | None, clips: int) -> list[BenchRow]:
    return reconstruction_rows(_scenes(data))


def _scenes(data: Path | None) -> Path:
    if data is None:
        raise ValueError("this table needs real scenes; give --data FOLDER")
    return data / "B_rgbd"


TABLES: dict[str, Callable[[Path | None, int], list[BenchRow]]] = {
    "mini": _mini,
    "fills": _fills,
    "walk": _walk,
    "views": _views,
    "cache": _cache,
    "depth": _depth,
    "reconstruction": _reconstruction,
}
NEED_DATA = ("views", "cache", "depth", "reconstruction")
