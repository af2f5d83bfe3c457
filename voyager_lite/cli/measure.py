"""`bench`, `evaluate` and `doctor`."""

import importlib.util
import json
import os
import platform
import shutil
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

import torch
import tyro

from voyager_lite.cli.report import say, say_table
from voyager_lite.core.mini import NAMES

Table = Literal["mini", "fills", "steps", "rims", "walk", "views", "cache", "depth", "reconstruction"]

JsonFile = Annotated[Path | None, tyro.conf.arg(metavar="FILE", help="Write the rows as JSON, too.")]


@dataclass(frozen=True, kw_only=True)
class Doctor:
    """Say what this machine can do, and what is missing; with --core, whether a full-size core can run.

    Example: voyager-lite doctor --core wan-vace:Wan-AI/Wan2.1-VACE-1.3B-diffusers
    """

    core: Annotated[
        str | None,
        tyro.conf.arg(help="Memory and time that voyager:... or wan-vace:... would take; nothing is loaded."),
    ] = None
    json: JsonFile = None

    def run(self) -> None:
        """Print a table."""
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
        facts: dict[str, object] = {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "cores": os.cpu_count(),
            "memory GiB": round(memory, 1),
            "free disk GiB": round(shutil.disk_usage(".").free / 2**30, 1),
            "cuda": torch.cuda.get_device_name() if torch.cuda.is_available() else "no device",
            "pytorch3d": _installed("pytorch3d", "conda env create -f environment.yml"),
            "open3d": _installed("open3d", "pip install open3d-cpu; for mesh exports"),
        }
        facts |= {f"core {name}": _weights(name) for name in NAMES}
        if self.core is not None:
            from voyager_lite.core.blueprints import core_facts

            facts |= core_facts(self.core, device="cuda" if torch.cuda.is_available() else "cpu")
        say_table(facts.items())
        if self.json is not None:
            self.json.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


@dataclass(frozen=True, kw_only=True)
class Bench:
    """Measure our parts against named baselines.

    Parts: rasterizer (times, in one process; every figure is a ratio), durability (a hundred walks killed
    at random instants: clips lost, worlds corrupt, walks that differ), world (time of a frame and memory
    as a world grows), gpu (a step of a full-size core with random weights, against the arithmetic).

    Example: voyager-lite bench --json bench.json
    """

    part: Annotated[
        Literal["rasterizer", "durability", "world", "gpu"],
        tyro.conf.Positional,
        tyro.conf.arg(metavar="PART", help="What to measure."),
    ] = "rasterizer"
    millions: Annotated[
        tuple[int, ...],
        tyro.conf.arg(
            metavar="N ...",
            help="Million points of the worlds; each takes 22 MB for a while, and two seconds.",
        ),
    ] = (1, 10, 100)
    core: Annotated[str, tyro.conf.arg(help="Of gpu.")] = "voyager:tencent/HunyuanWorld-Voyager"
    plot: Annotated[
        Path | None,
        tyro.conf.arg(metavar="FILE.png", help="Of world: draw times and memory against size."),
    ] = None
    json: JsonFile = None

    def run(self) -> None:
        """Print a table."""
        from voyager_lite.evaluation.bench import format_table, run_bench, write_rows
        from voyager_lite.evaluation.durability import run_durability
        from voyager_lite.evaluation.world_bench import run_world

        if self.plot is not None and (self.part != "world" or self.plot.suffix != ".png"):
            raise ValueError(f"--plot is {self.plot}; expected a name that ends in .png, and the part world")
        if self.part == "world":
            rows = run_world(self.millions, plot=self.plot)
        elif self.part == "gpu":
            from voyager_lite.evaluation.gpu_bench import run_gpu_bench

            rows = run_gpu_bench(self.core)
        else:
            rows = run_durability() if self.part == "durability" else run_bench()
        say(format_table(rows))
        if self.json is not None:
            write_rows(rows, self.json)


@dataclass(frozen=True, kw_only=True)
class Evaluate:
    """Measure quality against baselines and the truth; each table states its own.

    Tables: mini (whether the embedded models reach their goals: holes, out and back, drift, time, size,
    depth; prompts, if they read), fills (what was imagined, against every way of inpainting), steps (what
    several sampling steps add to one), rims (whether sides of photographs, hidden and made again, are foggy
    or begin with a step), walk (seams against concatenation and cross-fade, the way home, the first frame,
    the time), views (novel views with true depth, against a plain splat), cache (points kept), depth (the
    embedded estimator, against a plane), reconstruction (fused frames, against frames left out).
    The last four need real scenes, --data FOLDER; mini, fills and rims use them if they are given.

    Example: voyager-lite evaluate mini --data FOLDER --json results.json
    """

    tables: Annotated[
        tuple[Table, ...],
        tyro.conf.Positional,
        tyro.conf.arg(metavar="TABLE ...", help="Which."),
    ] = ("mini",)
    data: Annotated[
        Path | None,
        tyro.conf.arg(
            metavar="FOLDER", help="Real scenes: the folder that holds B_rgbd, and photographs in A_images."
        ),
    ] = None
    clips: Annotated[
        int, tyro.conf.arg(help="Procedural clips of unseen seeds, for mini, fills and steps.")
    ] = 200
    core: Annotated[
        str,
        tyro.conf.arg(
            help="What mini, fills, steps, rims and walk judge: mini, or mini:FILE, weights you have trained."
        ),
    ] = "mini"
    pictures: Annotated[
        Path | None,
        tyro.conf.arg(
            metavar="FOLDER", help="Write sheets of what was filled in, by us and classically, too."
        ),
    ] = None
    json: JsonFile = None

    def run(self) -> None:
        """Print the tables."""
        from voyager_lite.evaluation.bench import format_table, write_rows
        from voyager_lite.evaluation.tables import evaluate, write_sheets

        if self.data is not None and not (self.data / "B_rgbd").is_dir():
            raise FileNotFoundError(f"{self.data}: holds no B_rgbd folder of real scenes")
        if self.pictures is not None:
            write_sheets(self.pictures, data=self.data, core=self.core)
        rows = evaluate(self.tables, data=self.data, clips=self.clips, core=self.core)
        say(format_table(rows))
        if self.json is not None:
            write_rows(rows, self.json)


def _weights(name: str) -> str:
    file = Path(str(files("assets"))) / f"{name}.safetensors"
    return "weights present" if file.is_file() else f"no weights at {file}"


def _installed(package: str, how: str) -> str:
    return "installed" if importlib.util.find_spec(package) else f"not installed ({how})"
