"""Photographs as surface textures: crops of the pictures that scikit-image and scikit-learn carry, and print.

Nothing is downloaded: only files that lie in the installed packages are read. The stereo pair among
them is left out, because what is imagined and how far things are is measured on it. ``gravel`` and
``coffee``, along which walks are measured for drift and for coming back, are not.
"""

import functools
from importlib.resources import files
from typing import NamedTuple

import cv2
import numpy as np

SIDE = 256
"""Texels along a side of a page."""

LEVELS = 8
"""Sizes of each page: 256, 128 ... 2 texels a side."""


class Page(NamedTuple):
    """A square of a picture that becomes a page of the atlas: package, file, corner and side in pixels."""

    package: str
    file: str
    top: int
    left: int
    side: int


ROUGH = (
    Page("skimage", "data/brick.png", 0, 0, 512),
    Page("skimage", "data/gravel.png", 0, 0, 512),
    Page("skimage", "data/gravel.png", 100, 60, 256),
    Page("skimage", "data/grass.png", 0, 0, 512),
    Page("skimage", "data/grass.png", 200, 140, 256),
    Page("skimage", "data/moon.png", 150, 60, 350),
    Page("skimage", "data/chelsea.png", 20, 300, 130),
    Page("sklearn", "datasets/images/china.jpg", 300, 60, 127),
    Page("sklearn", "datasets/images/flower.jpg", 230, 330, 190),
    Page("skimage", "data/coffee.png", 300, 20, 99),
)  # fmt: skip
"""Pages that look alike all over: stone, grass, fur, wood, leaves."""

SCENES = (
    Page("skimage", "data/chelsea.png", 0, 80, 300),
    Page("skimage", "data/coffee.png", 0, 120, 400),
    Page("skimage", "data/astronaut.png", 0, 0, 512),
    Page("skimage", "data/astronaut.png", 0, 90, 230),
    Page("skimage", "data/rocket.jpg", 0, 110, 427),
    Page("sklearn", "datasets/images/china.jpg", 0, 0, 427),
    Page("sklearn", "datasets/images/china.jpg", 90, 250, 260),
    Page("sklearn", "datasets/images/flower.jpg", 0, 100, 427),
    Page("skimage", "data/hubble_deep_field.jpg", 100, 100, 600),
    Page("skimage", "data/coins.png", 0, 40, 300),
    Page("skimage", "data/ihc.png", 0, 0, 512),
    Page("skimage", "data/retina.jpg", 300, 300, 800),
)  # fmt: skip
"""Pages that show something: posters, paintings, covers."""

PRINTS, SHELVES = 6, 2
"""Pages with rows of word-like marks, and how many of them, the last, show the spines of books."""

PAGES = len(ROUGH) + len(SCENES) + PRINTS


def _square(page: Page) -> np.ndarray:
    data = files(page.package).joinpath(page.file).read_bytes()
    picture = np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB))
    cut = picture[page.top : page.top + page.side, page.left : page.left + page.side]
    return cv2.resize(cut, (SIDE, SIDE), interpolation=cv2.INTER_AREA)


def _text(rng: np.random.Generator, *, words: int) -> str:
    lengths = rng.integers(2, 10, words)
    return " ".join("".join(chr(letter) for letter in rng.integers(97, 123, n)) for n in lengths)


def _write(page: np.ndarray, text: str, *, at: tuple[int, int], size: float, ink: np.ndarray) -> None:
    color = tuple(float(value) for value in ink)
    cv2.putText(page, text, at, cv2.FONT_HERSHEY_DUPLEX, size, color, 1 + (size > 1), cv2.LINE_AA)


def _print(rng: np.random.Generator) -> np.ndarray:
    """A sheet of paper with a headline, perhaps, and rows of words."""
    page = np.tile(235 - rng.uniform(0, 50, 3), (SIDE, SIDE, 1)).astype(np.uint8)
    ink, size, y = rng.uniform(0, 70, 3), rng.uniform(0.35, 0.8), 24
    if rng.random() < 0.6:
        _write(page, _text(rng, words=2), at=(12, 46), size=rng.uniform(1.2, 1.8), ink=rng.uniform(0, 150, 3))
        y = 78
    while y < SIDE - 8:
        _write(page, _text(rng, words=9), at=(12, y), size=size, ink=ink)
        y += int(38 * size) + 4
    return page


def _spines(rng: np.random.Generator) -> np.ndarray:
    """Books side by side, their titles along the spines."""
    page, y = np.empty((SIDE, SIDE, 3), np.uint8), 0
    while y < SIDE:
        thick = int(rng.integers(12, 34))
        page[y : y + thick] = rng.uniform(20, 230, 3)
        ink = np.full(3, 240.0) if page[y].mean() < 120 else np.full(3, 25.0)
        at = int(rng.integers(10, 90)), y + thick // 2 + 5
        _write(page, _text(rng, words=2), at=at, size=rng.uniform(0.35, 0.55), ink=ink)
        page[y] = 25
        y += thick
    return np.ascontiguousarray(np.rot90(page))


@functools.cache
def photo_atlas() -> np.ndarray:
    """All pages in all sizes, (PAGES, texels, 3) uint8 gamma-coded RGB, the largest size first.

    In the order ROUGH, SCENES, prints. Always the same atlas.
    """
    rng = np.random.default_rng(20240608)
    pages = [_square(page) for page in ROUGH + SCENES]
    pages += [(_print if number < PRINTS - SHELVES else _spines)(rng) for number in range(PRINTS)]
    chains = []
    for page in pages:
        chain, level = [page.reshape(-1, 3)], page
        for _ in range(LEVELS - 1):
            level = cv2.resize(level, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
            chain.append(level.reshape(-1, 3))
        chains.append(np.concatenate(chain))
    return np.stack(chains)


@functools.cache
def page_means() -> np.ndarray:
    """(PAGES, 3) mean linear RGB of every page, where a byte b stands for (b / 255) ** 2."""
    return np.stack([np.square(page[: SIDE * SIDE] / 255).mean(axis=0) for page in photo_atlas()])
