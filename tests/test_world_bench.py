"""Worlds of hills, and what a walk through them costs."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from voyager_lite.cli import main
from voyager_lite.evaluation import landscape, world_plot
from voyager_lite.evaluation.landscape import EDGE, ground, tile, walk
from voyager_lite.evaluation.world_bench import HEIGHT, WIDTH, run_world, walked


def test_tiles_fill_a_square_each_place_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landscape, "TILE", 10)
    monkeypatch.setattr(landscape, "EDGE", 10 * landscape.SPACING)
    edge = landscape.EDGE
    corners = {tuple(np.floor((tile(n).positions[0, [0, 2]].numpy() + edge / 2) / edge)) for n in range(25)}
    assert corners == {(x, z) for x in range(-2, 3) for z in range(-2, 3)}


def test_slopes_are_those_of_the_ground() -> None:
    x, z = np.random.default_rng(0).uniform(-30, 30, (2, 100))
    step = 1e-5
    _, slope_x, slope_z = ground(x, z)
    along_x = (ground(x + step, z)[0] - ground(x - step, z)[0]) / 2 / step
    along_z = (ground(x, z + step)[0] - ground(x, z - step)[0]) / 2 / step
    np.testing.assert_allclose(slope_x, along_x, atol=1e-6)
    np.testing.assert_allclose(slope_z, along_z, atol=1e-6)


def test_looking_down_the_smallest_world_fills_every_picture() -> None:
    """The corners of the pictures meet the lowest ground within the first tile."""
    cameras = walk(frames=41, height=HEIGHT, width=WIDTH, down=True)
    lowest = sum(high for *_, high in landscape.WAVES)
    for x, y in ((0, 0), (WIDTH, 0), (0, HEIGHT), (WIDTH, HEIGHT)):
        ray = cameras.K[0].inverse() @ cameras.K.new_tensor([x, y, 1.0])
        rays = cameras.camera_to_world[:, :3, :3] @ ray
        there = cameras.center + rays * ((lowest - cameras.center[:, 1]) / rays[:, 1])[:, None]
        assert float(there[:, [0, 2]].abs().max()) < EDGE / 2


@pytest.mark.parametrize("millions", [(), (0,), (1, -1)])
def test_a_world_of_nothing_is_refused(millions: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="expected at least one"):
        run_world(millions)


def test_a_plot_shows_larger_values_higher_and_larger_worlds_further_right(tmp_path: Path) -> None:
    falling = {1: 30.0, 10: 20.0, 100: 10.0}
    world_plot.draw_world_size(
        tmp_path / "a.png", times={"down": falling}, memory={1: 1.0, 10: 1.0, 100: 1.0}, allowed=2.0
    )
    left = cv2.imread(str(tmp_path / "a.png"))[:, : world_plot.WIDTH]
    rows, columns = np.nonzero((left == world_plot.BLUE).all(-1))
    inner = (columns > world_plot.RIM + 4) & (columns < world_plot.WIDTH - world_plot.RIM - 4)
    lowest = [rows[inner & (columns // 60 == part)].min() for part in (2, 5)]
    assert lowest[0] < lowest[1]
    with pytest.raises(FileNotFoundError, match="is not there"):
        world_plot.draw_world_size(
            tmp_path / "no" / "a.png", times={"down": falling}, memory=falling, allowed=2.0
        )


@pytest.mark.parametrize("words", [("rasterizer", "a.png"), ("world", "a.jpg")])
def test_a_plot_is_for_worlds_and_a_png(words: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", words[0], "--plot", words[1]]) == 2
    assert "expected a name that ends in .png, and the part world" in capsys.readouterr().err


@pytest.mark.slow
def test_a_world_on_disk_is_walked_in_bounded_memory(tmp_path: Path) -> None:
    landscape.build(tmp_path / "hills", tiles=16)
    figures = walked(tmp_path / "hills")
    assert figures.points < 4_000_000
    assert figures.peak_mb < 1324
