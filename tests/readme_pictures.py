"""``python tests/readme_pictures.py``: the README's pictures, of photographs that come with packages."""

import importlib.util
import tempfile
from pathlib import Path

from PIL import Image
from torch import Tensor

import voyager_lite as vl
from voyager_lite.export.contact_sheet import depth_picture, depth_range, write_contact_sheet
from voyager_lite.opening import View
from voyager_lite.results import write_results
from voyager_lite.samples import read_sample

ASSETS = Path(__file__).parents[1] / "assets"
SIX = {
    "astronaut": ("skimage", "data/astronaut.png"),
    "chelsea": ("skimage", "data/chelsea.png"),
    "china": ("sklearn", "datasets/images/china.jpg"),
    "coffee": ("skimage", "data/coffee.png"),
    "flower": ("sklearn", "datasets/images/flower.jpg"),
    "rocket": ("skimage", "data/rocket.jpg"),
}
"""Every photograph in colour of an everyday thing inside the two packages, but for the motorcycle."""

MOVES = ("orbit:15deg", "forward:20%", "turn_right:15deg")
COLUMNS = ("photograph", "its depth", *(f"{move}, its end" for move in MOVES))
SIZE = View(width=600, height=400)


def main() -> None:
    """Walk, and write the sheets."""
    explorer = vl.Explorer.from_pretrained("mini")
    with tempfile.TemporaryDirectory() as folder:
        for name, path in (("motorcycle", "orbit:20deg,forward:0.4"), ("china", "orbit:12deg,forward:10%")):
            world = explorer.open_image(read_sample(name), Path(folder) / name)
            walk(explorer, world, path, frames=49)
            write_results(world)
            as_jpeg(world.folder / "contact_sheet.png", ASSETS / f"readme_{name}.jpg")
        rows = {name: pictures(explorer, name, Path(folder) / "six" / name) for name in SIX}
        write_contact_sheet(Path(folder) / "six.png", rows, columns=COLUMNS, cell_width=240)
        as_jpeg(Path(folder) / "six.png", ASSETS / "readme_six.jpg")


def pictures(explorer: vl.Explorer, name: str, folder: Path) -> list[Tensor]:
    """The photograph, its depth, and what is seen at the end of each move."""
    shown = []
    for number, path in enumerate(MOVES):
        world = explorer.open_image(photograph(name), folder / str(number), view=SIZE)
        if not number:
            near, far = depth_range([world.depth(0)])
            shown += [world.rgb(0), depth_picture(world.depth(0), near=near, far=far)]
        walk(explorer, world, path, frames=25)
        shown.append(world.rgb(-1))
    return shown


def walk(explorer: vl.Explorer, world: vl.World, path: str, *, frames: int) -> None:
    """Walk as far as it is clear."""
    cameras = explorer.plan(world, vl.Trajectory.parse(path, frames=frames), safe=True)
    for _ in explorer.explore(world, cameras):
        pass


def photograph(name: str) -> Path:
    """A picture inside an installed package."""
    package, file = SIX[name]
    spec = importlib.util.find_spec(package)
    assert spec is not None and spec.origin is not None
    return Path(spec.origin).parent / file


def as_jpeg(png: Path, jpeg: Path) -> None:
    """A picture in a tenth of its bytes."""
    with Image.open(png) as picture:
        picture.convert("RGB").save(jpeg, quality=82, optimize=True)


if __name__ == "__main__":
    main()
