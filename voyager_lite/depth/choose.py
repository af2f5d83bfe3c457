"""Which depth source an answer to ``--depth`` means."""

import json
import logging
from pathlib import Path
from typing import Final, Literal

from voyager_lite.depth.estimate import DepthSource
from voyager_lite.depth.file import SUFFIXES, DepthFile
from voyager_lite.depth.layout import LayoutDepth
from voyager_lite.depth.mini import DepthMini
from voyager_lite.depth.model import DECLARED, METRIC, SUPPORTED, DepthModel

logger = logging.getLogger(__name__)

AUTO: Final = "auto"
MINI: Final = "mini"
LAYOUT: Final = "layout"


def choose_depth(
    choice: str = AUTO,
    *,
    quantity: Literal["depth", "inverse"] = "depth",
    scale: float | None = None,
    device: str = "cpu",
) -> DepthSource:
    """The depth source for ``--depth``; no file is read yet but the embedded weights, and nothing downloaded.

    Args:
        choice: "auto" (a depth model that is already on this machine, else "mini"), "mini" (the embedded
            network), "mini:FILE" (the same with weights of one's own training), "layout" (the classical
            layout), a depth file (.png, .exr, .npy), a folder with a depth model, or a model's name on the
            hub.
        quantity: What a depth file holds; see ``DepthFile``.
        scale: Of a depth file; see ``DepthFile``.
        device: Where a model runs.

    Raises:
        FileNotFoundError: A file or folder of that name does not exist.
        ValueError: An existing file that is no depth file, an empty choice, or a quantity or scale of what
            is no file.
    """
    path = Path(choice)
    of_file = path.is_file() or path.suffix.lower() in SUFFIXES
    if not of_file and (quantity != "depth" or scale is not None):
        raise ValueError(
            f"depth is {choice!r}; only a depth file ({', '.join(SUFFIXES)}) has a kind and a scale"
        )
    found = find_cached_model() if choice == AUTO else None
    if found is not None:
        return DepthModel(name=str(found), device=device)
    if choice in (AUTO, MINI):
        return DepthMini.from_pretrained(device=device)
    family, _, weights = choice.partition(":")
    if family == MINI and weights and not of_file:
        return DepthMini.from_pretrained(Path(weights), device=device)
    if choice == LAYOUT:
        return LayoutDepth()
    if of_file:
        if not path.is_file():
            raise FileNotFoundError(f"{path} does not exist; expected a depth file")
        return DepthFile(path=path, quantity=quantity, scale=scale)
    if not choice.strip():
        raise ValueError(
            f"depth is empty; expected {AUTO}, {MINI}, {LAYOUT}, a file ({', '.join(SUFFIXES)}) or a depth "
            "model"
        )
    return DepthModel(name=choice, device=device)


def find_cached_model(cache: Path | None = None) -> Path | None:
    """The folder of a complete depth model in the Hugging Face cache; metric ones first, then by name.

    Args:
        cache: The hub's cache folder; None takes the one this machine uses (HF_HUB_CACHE, HF_HOME).
    """
    if cache is None:
        from huggingface_hub import constants

        cache = Path(constants.HF_HUB_CACHE)
    found = []
    for config_file in sorted(cache.glob("models--*/snapshots/*/config.json")):
        folder = config_file.parent
        whole = any(folder.glob("*.safetensors")) and (folder / "preprocessor_config.json").exists()
        kind = _model_type(config_file) if whole else None
        if kind is not None:
            found.append((kind, str(folder)))
    return Path(min(found)[1]) if found else None


def _model_type(config_file: Path) -> bool | None:
    """None if this is no depth model that can be used; else whether its scale is made up."""
    try:
        config = json.loads(config_file.read_text())
    except (OSError, ValueError) as error:
        logger.info("%s is passed over: %s", config_file, error)
        return None
    if not isinstance(config, dict) or config.get("model_type") not in SUPPORTED:
        return None
    if not any(str(name).endswith("ForDepthEstimation") for name in config.get("architectures") or ()):
        return None
    declared = config["model_type"] in DECLARED and config.get("depth_estimation_type") == "metric"
    return not (declared or config["model_type"] in METRIC)
