"""What `info` shows: figures that can be counted by hand, and a map that can be drawn by hand."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from geometry.trajectory import Trajectory
from voyager_lite.cli import main
from voyager_lite.cli.path_map import BLANK, HEIGHT, WIDTH, path_map, plainly
from voyager_lite.evaluation.kills import TinyCore
from voyager_lite.explorer import Explorer
from voyager_lite.opening import View
from voyager_lite.world.overview import overview
from voyager_lite.world.provenance import file_hash
from voyager_lite.world.world import World


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("picture") / "noise.png"
    noise = np.random.default_rng(0).integers(0, 255, (32, 48, 3), dtype=np.uint8)
    Image.fromarray(noise).save(file)
    return file


@pytest.fixture(scope="module")
def walked(picture: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nine frames, which make three clips, of a walk of eleven that was left after the third clip of four."""
    folder = tmp_path_factory.mktemp("walked") / "world"
    explorer = Explorer(TinyCore())
    world = explorer.open_image(picture, folder, view=View(fps=4.0))
    walk = explorer.explore(world, Trajectory.parse("right:1", frames=11), seed=5, prompt=None)
    for _ in range(3):
        next(walk)
    walk.close()
    world.close()
    return folder


def test_figures_by_hand(walked: Path, picture: Path) -> None:
    with World.open(walked) as world:
        facts = overview(world)
        cloud, walk = world.cloud, facts["walk"]
    assert facts["image_sha256"] == hashlib.sha256(picture.read_bytes()).hexdigest()
    assert (facts["picture"], facts["size"], facts["frames"], facts["clips"]) == ("noise.png", "48x32", 9, 3)
    assert (facts["seconds"], facts["unfinished"]) == (2.25, 11)
    assert (facts["points"], facts["sky_points"]) == (len(cloud.matter), int(cloud.sky.sum()))
    assert isinstance(walk, list)
    assert [(clip["clip"], clip["first_frame"], clip["frames"]) for clip in walk] == [
        (1, 0, 5),
        (2, 2, 5),
        (3, 4, 5),
    ]
    assert {(clip["core"], clip["seed"], clip["prompt"]) for clip in walk} == {("tiny", 5, None)}
    # A unit in ten steps that need not be equally long, of which eight were walked.
    assert facts["length"] == pytest.approx(sum(clip["length"] for clip in walk[::2]), abs=2e-3)
    assert 0.5 < float(str(facts["length"])) < 1


def test_info_shows_what_a_person_looks_for(
    walked: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["info", str(walked), "--json", str(tmp_path / "info.json")]) == 0
    said = capsys.readouterr().out
    for words in (
        "noise.png",
        "9 (2.25 s)",
        "48x32, 4 frames a second",
        "to frame 11",
        "from above",
        "torch",
    ):
        assert words in said
    assert json.loads((tmp_path / "info.json").read_text())["clips"] == 3


def test_a_picture_that_is_no_file_has_no_hash(tmp_path: Path) -> None:
    assert file_hash(tmp_path / "nothing.png") is None


def test_a_straight_line_by_hand() -> None:
    # Ahead: 47 dots to the top of one column; four to a character, the start below, the end above.
    lines, unit = path_map(torch.tensor([[0.0, 5.0, 0.0], [0.0, 5.0, 4.7]]))
    assert lines == ["x", *["⡇"] * 10, "o"]
    assert unit == pytest.approx(0.2)


def test_right_is_right_and_forward_is_up() -> None:
    lines, _ = path_map(torch.tensor([[0.0, 0, 0], [1, 0, 0], [1, 0, 1]]))
    assert lines[0].endswith("x") and lines[-1].startswith("o")
    assert set(lines[0][:-1]) <= {BLANK}
    assert BLANK not in lines[-1]


def test_a_path_on_the_spot_is_its_end() -> None:
    assert path_map(torch.ones(5, 3)) == (["x"], 0.0)


@given(st.lists(st.tuples(*[st.floats(-100, 100)] * 3), min_size=1, max_size=8))
def test_a_map_fits_and_shows_both_ends(points: list[tuple[float, float, float]]) -> None:
    lines, unit = path_map(torch.tensor(points, dtype=torch.float64))
    drawn = "".join(lines)
    assert len(lines) <= HEIGHT and max(map(len, lines)) <= WIDTH
    assert drawn.count("x") == 1 and drawn.count("o") <= 1
    assert unit >= 0


def test_plainly_keeps_the_form() -> None:
    assert plainly(f"o⠒{BLANK}⡇x") == "o. .x"
