"""How a Voyager checkpoint is sampled: voyager.json beside its parts."""

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from voyager_lite.core.checkpoint import read_json

FILE_NAME = "voyager.json"


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What the weights were trained and are best sampled with; the release's values.

    Attributes:
        height: Of picture and depth each, pixels.
        width: Of both. Pictures of another shape get as many pixels in theirs.
        frames: Of a clip in the network, 1 + 4 n.
        steps: Euler steps.
        shift: Of the schedule.
        guidance_scale: Of classifier-free guidance.
        steadiness: Share of the first frame's latent in what every frame begins as, instead of pure noise.
    """

    height: int = 512
    width: int = 768
    frames: int = 49
    steps: int = 50
    shift: float = 7.0
    guidance_scale: float = 6.0
    steadiness: float = 0.001


def read_recipe(folder: Path) -> Recipe:
    """The recipe of a converted checkpoint.

    Raises:
        FileNotFoundError: The folder has none: it was not converted.
        ValueError: It has unknown entries, or numbers that cannot be.
    """
    file = folder / FILE_NAME
    if not file.is_file():
        raise FileNotFoundError(
            f"{folder} has no {FILE_NAME}; make it of the released weights with "
            "`voyager-lite convert voyager SOURCE TARGET`"
        )
    entries = read_json(file)
    known = {field.name for field in fields(Recipe)}
    if unknown := sorted(entries.keys() - known):
        raise ValueError(
            f"{file} has unknown entries {', '.join(unknown)}; expected {', '.join(sorted(known))}"
        )
    for name, value in entries.items():
        if not isinstance(value, int | float) or value < 0:
            raise ValueError(f"{file}: {name} is {value!r}; expected a number of at least 0")
    recipe = Recipe(**entries)
    if recipe.frames < 9 or recipe.frames % 4 != 1:
        raise ValueError(f"{file}: frames is {recipe.frames}; expected 9, 13, 17 or further in fours")
    return recipe


def write_recipe(folder: Path, recipe: Recipe) -> None:
    """Write voyager.json."""
    (folder / FILE_NAME).write_text(json.dumps(asdict(recipe), indent=2) + "\n", encoding="utf-8")
