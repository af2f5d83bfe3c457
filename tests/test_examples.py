"""The examples are documentation, so they run."""

import importlib.util
from pathlib import Path
from types import ModuleType

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name.replace(".py", ""), EXAMPLES / name)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_example_has_a_test() -> None:
    tested = {"01_walk_into_a_photograph.py", "02_fuse_posed_frames.py", "03_paths.py"}
    assert {file.name for file in EXAMPLES.glob("*.py")} == tested


def test_walk_into_a_photograph(tmp_path: Path) -> None:
    world = load("01_walk_into_a_photograph.py").main(folder=str(tmp_path / "walk"), frames=4)
    assert len(world) == 4
    assert (tmp_path / "walk" / "scene.ply").stat().st_size > 1_000_000


def test_fuse_posed_frames() -> None:
    cloud = load("02_fuse_posed_frames.py").main(frames=3)
    assert 19_200 * 0.8 < len(cloud) < 19_200 * 2


def test_paths(tmp_path: Path) -> None:
    cameras = load("03_paths.py").main(str(tmp_path))
    assert len(cameras) == 120
    assert (tmp_path / "camera_path.json").is_file()
