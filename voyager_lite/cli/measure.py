"""`bench`, `evaluate`, `train` and `doctor`."""

import importlib.util
import json
import os
import platform
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import torch
import tyro

from voyager_lite.cli.report import say_table

JsonFile = Annotated[Path | None, tyro.conf.arg(metavar="FILE", help="Write the rows as JSON, too.")]


@dataclass(frozen=True, kw_only=True)
class Doctor:
    """Say what this machine can do, and what is missing."""

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
            "open3d": _installed("open3d", "pip install open3d-cpu; only tests use it"),
            "core mini": "weights present"
            if _mini_weights().is_file()
            else f"no weights at {_mini_weights()}",
        }
        say_table(facts.items())
        if self.json is not None:
            self.json.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


def _installed(package: str, how: str) -> str:
    return "installed" if importlib.util.find_spec(package) else f"not installed ({how})"
