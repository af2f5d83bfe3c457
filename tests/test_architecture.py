"""Layers point one way, importing has no effects, and files are called by what they hold."""

import ast
import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("geometry", "voyager_lite", "app", "assets")
# Who may import whom; a package may always import itself and what is no part of the project.
MAY_IMPORT = {
    "geometry": set(),
    "assets": set(),
    "voyager_lite": {"geometry", "assets"},
    "app": {"geometry", "voyager_lite", "assets"},
}
EMPTY_NAMES = {"utils", "util", "misc", "helpers", "helper", "common", "manager", "managers", "registry"}
MASKS = {"mask", "known", "valid"}
# Slow to load, and needed by a few commands only: imported where they are used.
HEAVY = {
    "transformers",
    "diffusers",
    "open3d",
    "matplotlib",
    "sklearn",
    "skimage",
    "trimesh",
    "pytorch3d",
    "gradio",
}


def sources():
    """Every source file of the packages with its syntax tree."""
    files = [file for package in PACKAGES for file in sorted((ROOT / package).rglob("*.py"))]
    return [(file.relative_to(ROOT), ast.parse(file.read_text(encoding="utf-8"))) for file in files]


def imports(tree):
    """Top-level names a file imports, wherever in the file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." if node.level else str(node.module).split(".")[0]


def wrong_imports(package, tree):
    """Parts of the project that this package must not know."""
    forbidden = {*PACKAGES, "tests", "."} - {package} - MAY_IMPORT[package]
    return sorted(set(imports(tree)) & forbidden)


def prints(tree):
    """Lines that print instead of logging."""
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]


def subtracted_masks(tree):
    """Lines with ``1 - mask``: a mask is bool and is turned round with ``~``."""
    lines = []
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.BinOp)
            and isinstance(node.op, ast.Sub)
            and isinstance(node.left, ast.Constant)
        ):
            names = {getattr(part, "id", getattr(part, "attr", "")) for part in ast.walk(node.right)}
            if node.left.value == 1 and any(name in MASKS or name.endswith("_mask") for name in names):
                lines.append(node.lineno)
    return lines


def unsafe_calls(tree):
    """Lines that load pickles, run a shell, or run text."""
    calls = {
        "torch.load",
        "torch.save",
        "os.system",
        "os.popen",
        "eval",
        "exec",
        "pickle.load",
        "pickle.loads",
    }
    lines = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            flags = {
                keyword.arg for keyword in node.keywords if getattr(keyword.value, "value", None) is True
            }
            name = ast.unparse(node.func)
            harmless = name == "torch.load" and "weights_only" in flags
            if (name in calls and not harmless) or flags & {"shell", "allow_pickle"}:
                lines.append(node.lineno)
    return lines


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_point_one_way(package):
    wrong = {
        str(file): found
        for file, tree in sources()
        if file.parts[0] == package and (found := wrong_imports(package, tree))
    }
    assert not wrong


def test_geometry_reads_no_files():
    """No disk, no models: nothing that opens either is imported."""
    disk = {"pathlib", "io", "json", "sqlite3", "os", "tempfile", "PIL", "av", "safetensors", "transformers"}
    wrong = {
        str(file): sorted(set(imports(tree)) & disk)
        for file, tree in sources()
        if file.parts[0] == "geometry" and set(imports(tree)) & disk
    }
    assert not wrong


def test_every_file_is_called_by_what_it_holds():
    parts = {part.removesuffix(".py") for file, _ in sources() for part in file.parts}
    assert not parts & EMPTY_NAMES


@pytest.mark.parametrize("check", [prints, subtracted_masks, unsafe_calls])
def test_what_is_never_written(check):
    wrong = {str(file): found for file, tree in sources() if (found := check(tree))}
    assert not wrong


def test_pickles_are_read_where_released_weights_are_converted_alone():
    readers = [
        str(file)
        for file, tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "torch.load"
    ]
    assert readers == ["voyager_lite/core/voyager/convert.py"]


def test_these_checks_can_fail():
    """Each finds the fault it is there for, and leaves the good form next to it alone."""
    tree = ast.parse(
        textwrap.dedent("""
            from voyager_lite.clip import Clip
            def later():
                import tests.conftest
            print("here")
            a = 1 - known
            b = 1.0 - clip.known.float()
            c = ~known
            d = 1 - t
            e = torch.load("model.pt")
            f = np.load("a.npy", allow_pickle=True)
            g = np.load("a.npy", allow_pickle=False)
            h = subprocess.run("ls", shell=True)
            i = torch.load("model.pt", weights_only=True)
            j = torch.load("model.pt", weights_only=False)
        """)
    )
    assert wrong_imports("geometry", tree) == ["tests", "voyager_lite"]
    assert wrong_imports("voyager_lite", tree) == ["tests"]
    assert wrong_imports("geometry", ast.parse("from . import camera")) == ["."]
    assert prints(tree) == [5]
    assert subtracted_masks(tree) == [6, 7]
    assert unsafe_calls(tree) == [10, 11, 13, 15]
    assert "utils" in EMPTY_NAMES


# Compiled code is cached beside its source, by Python and by numba; a __pycache__ is no effect.
WATCHED_IMPORT = """
import importlib, json, pkgutil, sys, threading
effects = []
def watch(event, arguments):
    if event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"):
        note(f"writes {arguments[0]}")
    elif event in ("os.mkdir", "os.rename", "os.remove", "socket.connect", "subprocess.Popen", "os.system"):
        note(f"{event} {arguments[0]!r}")
def note(effect):
    if "__pycache__" not in effect:
        effects.append(effect)
packages, others = map(json.loads, sys.argv[1:])
for name in others:  # What these do is not ours.
    importlib.import_module(name)
before = threading.active_count()
sys.addaudithook(watch)
for name in packages:
    for found in pkgutil.walk_packages(importlib.import_module(name).__path__, name + "."):
        importlib.import_module(found.name)
if threading.active_count() > before:
    effects.append("starts a thread")
print(json.dumps(effects))
"""


def run_afresh(code, folder, *arguments):
    """The last line a new interpreter prints, as JSON."""
    command = [sys.executable, "-c", code, *map(json.dumps, arguments)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=200)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_importing_any_module_changes_nothing(tmp_path):
    others = ["torch", "numba", "scipy.spatial", "cv2", "av", "PIL.Image", "tyro", "tqdm"]
    others += ["gradio", "uvicorn", "diffusers.models.transformers.transformer_hunyuan_video"]
    assert run_afresh(WATCHED_IMPORT, tmp_path, ["geometry", "voyager_lite", "app"], others) == []
    assert list(tmp_path.iterdir()) == []


def test_a_module_with_effects_is_caught(tmp_path):
    package = tmp_path / "careless"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "inner.py").write_text(
        "import threading, time\nopen('left_behind.txt', 'w').close()\n"
        "threading.Thread(target=time.sleep, args=(5,), daemon=True).start()\n"
    )
    assert run_afresh(WATCHED_IMPORT, tmp_path, ["careless"], []) == [
        "writes left_behind.txt",
        "starts a thread",
    ]


def test_importing_the_package_loads_nothing_heavy(tmp_path):
    code = "import json, sys, voyager_lite; print(json.dumps(list(sys.modules)))"
    loaded = {name.split(".")[0] for name in run_afresh(code, tmp_path)}
    assert "geometry" in loaded
    assert not loaded & HEAVY
