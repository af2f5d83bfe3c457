"""What the bench measures with: its baseline is right, its cracks are real, machines can read its rows."""

import json
from dataclasses import asdict, fields
from pathlib import Path

import numpy as np
import pytest
import torch

from geometry.camera import Camera
from geometry.projection import project
from geometry.rigid import rigid_from, rotation_from_axis_angle, transform_points
from voyager_lite.evaluation.bench import (
    BenchRow,
    crack_row,
    format_table,
    guidance_row,
    million_points_row,
    rays_row,
    sort_and_draw,
    write_rows,
)
from voyager_lite.evaluation.bench_points import READINGS, cache_rows, open3d_crack_row, open3d_rows

ROWS = [
    BenchRow(name="a", ours=0.5, baseline=12.0, baseline_name="plain", ratio=24.0, unit="ms", case="small"),
    BenchRow(name="long name", ours=0.0, baseline=1.0, baseline_name="plain", ratio=None, unit="%", case="x"),
]


def test_baseline_shows_the_nearest_of_the_points_that_fall_on_a_pixel():
    rng = np.random.default_rng(0)
    points, colors = rng.uniform((-2, -2, -1), (2, 2, 3), (500, 3)), rng.integers(0, 256, (500, 3), np.uint8)
    turn = rotation_from_axis_angle(torch.tensor([1.0, 2.0, 3.0]).double(), torch.tensor(0.4).double())
    pose = rigid_from(turn, torch.tensor([0.1, 0.2, 0.3]).double())
    camera = Camera.from_fov(70.0, height=12, width=16, world_to_camera=pose)
    rgb, depth, known = sort_and_draw(points, colors, camera)

    pixels, z = project(transform_points(pose, torch.from_numpy(points)), camera.K)
    nearest = {}
    for i in torch.argsort(z, descending=True).tolist():
        column, row = (int(np.floor(value)) for value in pixels[i].tolist())
        if z[i] > 0 and 0 <= column < 16 and 0 <= row < 12:
            nearest[row, column] = i
    assert {(row, column) for row, column in zip(*np.nonzero(known), strict=True)} == set(nearest)
    for place, i in nearest.items():
        assert depth[place] == pytest.approx(z[i].item())
        assert (rgb[place] == colors[i]).all()
    assert np.isinf(depth[~known]).all()


@pytest.mark.parametrize("slant", [0.0, 60.0])
def test_walking_a_third_of_the_way_to_a_plane_opens_no_cracks(slant):
    row = crack_row(slant_degrees=slant, height=135, width=240)
    assert row.ours < 0.1
    # Each point's area in the picture grows 2.25 times, and one pixel a point leaves the rest empty.
    assert row.baseline == pytest.approx(100 * (1 - 1 / 2.25), abs=5)


def test_speed_rows_compare_the_same_work():
    for row in (
        million_points_row(height=20, width=30, repeats=1),
        guidance_row(height=27, width=48, frames=3, repeats=1),
    ):
        assert row.ours > 0 and row.baseline > 0
        assert row.ratio == row.baseline / row.ours
    assert "3 frames" in row.case and "48x27" in row.case


def test_the_row_of_a_gpus_rays_compares_the_same_work():
    """With the processor in its place; more clips a second is better."""
    row = rays_row(clips=2, frames=3, device="cpu")
    assert row.ours > 0 and row.ratio == pytest.approx(row.ours / row.baseline)
    assert "2 clips of 3 frames" in row.case


def test_rows_of_the_cache_compare_the_same_work():
    against_sorting, whole, bare = cache_rows(height=20, width=30, repeats=1)
    for row in (against_sorting, whole, bare):
        assert row.ours == against_sorting.ours > 0 and row.ratio == row.baseline / row.ours
        assert "points as the cache holds them to 30x20" in row.case
    count = int(whole.case.split()[0])
    # What is said of the speed of reading follows from the time.
    for row, size in ((whole, 28), (bare, 16)):
        speed = size * count / (row.baseline / 1000 / READINGS) / 1e9
        assert row.baseline_name.endswith(f"{size} bytes a point at {speed:.0f} GB/s")


@pytest.mark.slow  # Open3D takes long to load
def test_rows_beside_open3d_compare_the_same_work():
    pytest.importorskip("open3d", exc_type=ImportError)
    for row in open3d_rows(height=20, width=30, points=5000, repeats=1):
        assert row.ours > 0 and row.ratio == row.baseline / row.ours
    cracks = open3d_crack_row(height=135, width=240)
    assert cracks.ours == 0
    # Of 4 points a pixel at depths of 2.5 to 3.5 there are 0.16 to 0.73 left two units on.
    assert 27 < cracks.baseline < 84


def test_rows_are_json_that_anyone_can_read(tmp_path: Path):
    write_rows(ROWS, tmp_path / "rows.json")
    rows = json.loads((tmp_path / "rows.json").read_text())
    assert rows == [asdict(row) for row in ROWS]
    assert list(rows[0]) == [field.name for field in fields(BenchRow)]
    assert rows[1]["ratio"] is None


def test_folder_of_the_json_file_must_be_there(tmp_path: Path):
    with pytest.raises(
        FileNotFoundError, match=r"nowhere is not there; expected a folder to write rows\.json"
    ):
        write_rows(ROWS, tmp_path / "nowhere" / "rows.json")


def test_table_is_aligned_and_says_where_there_is_no_ratio():
    heading, first, second = format_table(ROWS).splitlines()
    assert [line.index(cell) for line, cell in ((heading, "unit"), (first, "ms"), (second, "%"))] == [27] * 3
    assert second.split() == ["long", "name", "0", "1", "%", "-", "x", "plain"]
