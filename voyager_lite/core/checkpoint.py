"""Checkpoints in diffusers' layout: found on disk or fetched, and checked before anything is loaded."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
WANTED = ("*.json", "*.safetensors", "*.model", "*.txt")
"""What is fetched from the hub: weights as safetensors, configurations, tokenizers; never pickles."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """One model of a checkpoint: a folder with config.json and safetensors.

    Attributes:
        folder: Where it lies.
        class_name: The class that config.json must name.
        config: What config.json says.
    """

    folder: Path
    class_name: str
    config: dict[str, Any]

    def weight_files(self) -> list[Path]:
        """Its safetensors files, all of them there and whole.

        Raises:
            FileNotFoundError: None, or an index names a shard that is not there.
            ValueError: A file is cut short or no safetensors file, or there are only pickles.
        """
        indices = sorted(self.folder.glob("*.safetensors.index.json"))
        if indices:
            shards = set(read_json(indices[0]).get("weight_map", {}).values())
            files = [self.folder / shard for shard in sorted(shards)]
        else:
            files = sorted(self.folder.glob("*.safetensors"))
        missing = [file.name for file in files if not file.is_file()]
        if missing:
            raise FileNotFoundError(
                f"{self.folder} lacks {len(missing)} of {len(files)} shards, the first {missing[0]}; "
                "download it again to fetch the rest"
            )
        if not files:
            raise self._no_weights()
        for file in files:
            try:
                with safe_open(file, framework="pt") as opened:
                    opened.keys()
            except (SafetensorError, OSError) as error:
                raise ValueError(f"{file} is not whole ({error}); delete it and download it again") from error
        return files

    def _no_weights(self) -> Exception:
        pickles = [file.name for file in sorted(self.folder.glob("*")) if file.suffix in PICKLES]
        if pickles:
            return ValueError(
                f"{self.folder / pickles[0]} is a pickle, which can run code and is not loaded; "
                "expected .safetensors"
            )
        return FileNotFoundError(f"{self.folder} holds no .safetensors weights; download it again")


def find_checkpoint(name: str) -> Path:
    """The folder of a checkpoint: a folder as it is, or a hub id's snapshot, fetched if it is not here yet.

    Raises:
        FileNotFoundError: No such folder, or a hub id that is not on this machine and cannot be fetched.
    """
    here = cached_checkpoint(name)
    if here is not None:
        return here
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name, allow_patterns=list(WANTED)))
    except (OSError, ValueError) as error:  # no network, no such repository, no leave to read it
        raise FileNotFoundError(
            f"{name} is no folder here and could not be fetched from the hub ({type(error).__name__}); "
            f"where there is a network: hf download {name}, then name its folder"
        ) from error


def cached_checkpoint(name: str) -> Path | None:
    """The folder of a checkpoint that is on this machine; None for a hub id that is not.

    Raises:
        FileNotFoundError: A folder that does not exist.
    """
    path = Path(name).expanduser()
    if path.is_dir():
        return path
    if path.is_absolute() or name.startswith((".", "~")) or name.count("/") != 1:
        raise FileNotFoundError(
            f"{name!r} is no folder; expected a checkpoint's folder or a hub id OWNER/NAME"
        )
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name, local_files_only=True))
    except (OSError, ValueError):
        return None


def read_part(folder: Path, part: str, *, class_name: str) -> Part:
    """One part of a checkpoint; only its configuration is read.

    Raises:
        FileNotFoundError: No such part.
        ValueError: It holds another architecture.
    """
    file = folder / part / "config.json"
    if not file.is_file():
        raise FileNotFoundError(
            f"{file} is missing; expected a checkpoint in diffusers' layout with a {part} folder"
        )
    config = read_json(file)
    found = config.get("_class_name") or next(iter(config.get("architectures") or ()), "nothing")
    if found != class_name:
        raise ValueError(f"{file} describes {found}; expected {class_name}")
    return Part(folder=folder / part, class_name=class_name, config=config)


def read_json(file: Path) -> dict[str, Any]:
    """A JSON object.

    Raises:
        ValueError: The file holds something else.
    """
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{file} is no JSON ({error}); download it again") from error
    if not isinstance(content, dict):
        raise ValueError(f"{file} holds no JSON object; download it again")
    return content
