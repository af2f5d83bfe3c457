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
from voyager_lite.evaluation.rims import rims_rows
from voyager_lite.evaluation.scenes import read_scene
from voyager_lite.evaluation.several_steps import steps_rows
from voyager_lite.evaluation.summary import summary_rows
from voyager_lite.evaluation.views import all_view_rows, cache_rows
from voyager_lite.evaluation.walk import walk_rows


def evaluate(names: Sequence[str], *, data: Path | None, clips: int, core: str = "mini") -> list[BenchRow]:
    """The rows of the named tables, one table after the other.

    Args:
        names: In ``TABLES``.
        data: The folder that holds B_rgbd and B_single; the tables of real scenes need it.
        clips: Procedural clips for the tables of holes.
        core: What is judged in the tables mini, fills, steps, rims and walk.

    Raises:
        ValueError: An unknown name, a table that needs ``data`` without it, or a core that is not "mini" or
            "mini:FILE".
    """
    unknown = [name for name in names if name not in TABLES]
    if unknown:
        raise ValueError(f"no table {', '.join(unknown)}; expected {', '.join(TABLES)}")
    if data is None and (needing := [name for name in names if name in NEED_DATA]):
        raise ValueError(f"table {', '.join(needing)} needs real scenes; give --data FOLDER")
    if core.partition(":")[0] != "mini":
        raise ValueError(f"core is {core!r}; expected mini or mini:FILE")
    return [row for name in names for row in TABLES[name](data, clips, core)]


def write_sheets(folder: Path, *, data: Path | None, core: str = "mini") -> list[Path]:
    """Contact sheets of procedural clips and, with ``data``, of real scenes; see ``write_pictures``."""
    return write_pictures(load_core(core), folder, data=None if data is None else _scenes(data))


def _mini(data: Path | None, clips: int, core: str) -> list[BenchRow]:
    return summary_rows(data, clips=clips, core=core)


def _fills(data: Path | None, clips: int, core: str) -> list[BenchRow]:
    rows = fill_rows(procedural_figures([core], clips=clips), ours=core, kind="procedural")
    if data is not None:
        scenes = scene_means(real_figures([core], _scenes(data)))
        rows += fill_rows(list(scenes.values()), ours=core, kind="real")
    return rows


def _steps(data: Path | None, clips: int, core: str) -> list[BenchRow]:
    return steps_rows(core, clips=clips)


def _rims(data: Path | None, clips: int, core: str) -> list[BenchRow]:
    loaded = load_core(core)
    rows = rims_rows(loaded)
    if data is not None and (data / "A_images").is_dir():
        rows += rims_rows(loaded, folder=data / "A_images")
    return rows


def _walk(data: Path | None, clips: int, core: str) -> list[BenchRow]:
    return walk_rows(load_core(core))


def _views(data: Path | None, clips: int, core: str) -> list[BenchRow]:
    return all_view_rows(_scenes(data))


def _cache(data: Path | None, clips: int, core: str) -> list[BenchRow]:
    return cache_rows(read_scene(_scenes(data) / "kitchen_kinect"))


def _depth(data: Path | None, clips: int, core: str) -> list[BenchRow]:
    return depth_rows(_scenes(data).parent)


def _reconstruction(data: Path | None, clips: int, core: str) -> list[BenchRow]:
    return reconstruction_rows(_scenes(data))


def _scenes(data: Path | None) -> Path:
    if data is None:
        raise ValueError("this table needs real scenes; give --data FOLDER")
    return data / "B_rgbd"


TABLES: dict[str, Callable[[Path | None, int, str], list[BenchRow]]] = {
    "mini": _mini,
    "fills": _fills,
    "steps": _steps,
    "rims": _rims,
    "walk": _walk,
    "views": _views,
    "cache": _cache,
    "depth": _depth,
    "reconstruction": _reconstruction,
}
NEED_DATA = ("views", "cache", "depth", "reconstruction")
