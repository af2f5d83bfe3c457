"""Who made what, with which programs."""

import hashlib
import platform
from functools import cache
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch


@cache
def versions() -> dict[str, str]:
    """Of the programs that decide a walk's bytes."""
    return {
        "voyager_lite": version("voyager-lite"),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
    }


def file_hash(file: Path) -> str | None:
    """SHA-256 of a file's bytes in hexadecimal; None if there is no such file (a picture made in memory)."""
    if not file.is_file():
        return None
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
