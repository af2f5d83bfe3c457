"""Scenes with true depth, the plain splat, and the tables made of them."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from geometry.camera import Camera
from geometry.projection import project
from voyager_lite.evaluation.bench import BenchRow
from voyager_lite.evaluation.metrics import psnr
from voyager_lite.evaluation.scenes import RgbdFrame, RgbdScene, read_scene, stereo_motorcycle
from voyager_lite.evaluation.views import all_view_rows, cache_rows, plain_splat, view_rows

HEIGHT, WIDTH = 12, 16


def frame(depth: torch.Tensor, x: float = 0.0, name: str = "a") -> RgbdFrame:
    pose = torch.eye(4, dtype=torch.float64)
    pose[0, 3] = -x
    K = torch.tensor([[10.0, 0, 8], [0, 10, 6], [0, 0, 1]], dtype=torch.float64)
    image = torch.rand(3, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(0))
    camera = Camera(K=K, world_to_camera=pose, height=HEIGHT, width=WIDTH)
    return RgbdFrame(name=name, image=image, depth=depth, valid=depth > 0, camera=camera)


def write_scene(folder: Path, **changes: object) -> Path:
    """A scene of one frame whose intrinsics take pixel centres as integers."""
    scene = {
        "format": "rgbd-scene-v1",
        "name": "tiny",
        "depth_unit_m": 0.001,
        "intrinsics": {"fx": 10, "fy": 11, "cx": 7.5, "cy": 5.5, "width": WIDTH, "height": HEIGHT},
        "frames": [{"id": "f0", "rgb": "f0.png", "depth": "d0.png", "world_to_camera": np.eye(4).tolist()}],
        "eval_pairs": [],
    }
    (folder / "scene.json").write_text(json.dumps({**scene, **changes}))
    color = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    color[..., 2] = 255
    cv2.imwrite(str(folder / "f0.png"), color)
    depth = np.full((HEIGHT, WIDTH), 1500, np.uint16)
    depth[0, 0] = 0
    cv2.imwrite(str(folder / "d0.png"), depth)
    return folder


def test_scene_is_read_with_pixel_centres_at_one_half(tmp_path: Path) -> None:
    read = read_scene(write_scene(tmp_path)).frames["f0"]
    torch.testing.assert_close(read.camera.K[:2, 2], torch.tensor([8.0, 6.0], dtype=torch.float64))
    torch.testing.assert_close(read.image[:, 3, 3], torch.tensor([1.0, 0.0, 0.0]))
    assert not bool(read.valid[0, 0])
    assert int(read.valid.sum()) == HEIGHT * WIDTH - 1
    torch.testing.assert_close(read.depth[read.valid], torch.full((HEIGHT * WIDTH - 1,), 1.5))


def test_frame_may_override_intrinsics_and_have_no_depth(tmp_path: Path) -> None:
    entry = {
        "id": "f0",
        "rgb": "f0.png",
        "depth": None,
        "world_to_camera": np.eye(4).tolist(),
        "intrinsics": {"cx": 3},
    }
    read = read_scene(write_scene(tmp_path, frames=[entry])).frames["f0"]
    assert float(read.camera.K[0, 2]) == 3.5
    assert not bool(read.valid.any())


def test_broken_scene_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"scene\.json is not there"):
        read_scene(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"holds no folder with a scene\.json"):
        all_view_rows(tmp_path)
    with pytest.raises(ValueError, match="has format 'other'"):
        read_scene(write_scene(tmp_path, format="other"))
    sizes = {"fx": 10, "fy": 11, "cx": 7.5, "cy": 5.5, "width": 20, "height": HEIGHT}
    with pytest.raises(ValueError, match=r"f0\.png is 16x12; scene\.json says 20x12"):
        read_scene(write_scene(tmp_path, intrinsics=sizes))
    write_scene(tmp_path)
    (tmp_path / "f0.png").write_bytes(b"")
    with pytest.raises(FileNotFoundError, match=r"f0\.png is not there or is no picture"):
        read_scene(tmp_path)


def test_motorcycle_of_scikit_image_is_calibrated() -> None:
    """Disparity is the shift between the two views: the geometry must give it back."""
    from skimage.data import stereo_motorcycle as load

    disparity = torch.from_numpy(np.nan_to_num(load()[2], posinf=0))
    scene = stereo_motorcycle()
    left, right = scene.frames["left"], scene.frames["right"]
    row, column = 300, 400
    assert bool(left.valid[row, column])
    depth = float(left.depth[row, column])
    K = left.camera.K
    point = torch.tensor([(column + 0.5 - K[0, 2]) / K[0, 0], (row + 0.5 - K[1, 2]) / K[1, 1], 1.0]) * depth
    seen, _ = project(point + right.camera.world_to_camera[:3, 3], right.camera.K)
    assert float(column + 0.5 - seen[0]) == pytest.approx(float(disparity[row, column]), abs=1e-3)
    assert float(seen[1]) == pytest.approx(row + 0.5)


def test_plain_splat_of_a_frame_into_its_own_camera_is_the_frame() -> None:
    own = frame(torch.full((HEIGHT, WIDTH), 2.0))
    splat = plain_splat(own, own.camera)
    assert bool(splat.safe.all())
    torch.testing.assert_close(splat.rgb, own.image)


def test_plain_splat_moves_by_the_disparity_and_the_nearer_wins() -> None:
    depth = torch.full((HEIGHT, WIDTH), 5.0)
    depth[4:8, 6:9] = 1.0
    source = frame(depth)
    splat = plain_splat(source, frame(depth, x=0.5).camera)
    # A shift of 10 * 0.5 / z: one pixel for the wall, five for the box.
    torch.testing.assert_close(splat.rgb[:, :4, :15], source.image[:, :4, 1:])
    torch.testing.assert_close(splat.rgb[:, 4:8, 1:4], source.image[:, 4:8, 6:9])
    assert not bool(splat.covered[:, 15].any())
    # Behind the box a hole stays, where the wall was hidden.
    assert not bool(splat.covered[4:8, 5:8].any())


def test_pixel_seen_through_a_gap_is_not_safe() -> None:
    depth = torch.full((HEIGHT, WIDTH), 2.0)
    depth[6, 8] = 5.0
    splat = plain_splat(frame(depth), frame(depth).camera)
    assert bool(splat.covered.all())
    assert not bool(splat.safe[6, 8])
    assert int(splat.safe.sum()) == HEIGHT * WIDTH - 1


def test_rows_of_a_view_without_motion_are_perfect() -> None:
    still = frame(torch.full((HEIGHT, WIDTH), 2.0))
    other = frame(torch.full((HEIGHT, WIDTH), 2.0), x=0.2, name="b")
    scene = RgbdScene(name="tiny", frames={"a": still, "b": other}, pairs=(("a", "b"),), border=2)
    quality, share, coverage = view_rows(scene)
    assert quality.case == "tiny a -> b"
    assert quality.ours == quality.baseline
    assert (share.ours, share.unit) == (100.0, "%")
    assert coverage.baseline == pytest.approx(100 * 12 / 12)


def worst(rows: list[BenchRow], name: str) -> float:
    return min(row.ours - row.baseline for row in rows if row.name == name)


def test_plain_splat_scores_what_others_measured_on_the_motorcycle() -> None:
    scene = stereo_motorcycle()
    splat = plain_splat(scene.frames["left"], scene.frames["right"].camera)
    assert psnr(splat.rgb, scene.frames["right"].image, splat.safe) == pytest.approx(29.1, abs=0.05)


@pytest.mark.parametrize("scene", ["cones_stereo", "corridor_hololens"])
def test_real_views_are_not_below_the_plain_splat(shared_data: Path, scene: str) -> None:
    rows = view_rows(read_scene(shared_data / "B_rgbd" / scene))
    assert worst(rows, "novel view") >= -0.2
    assert worst(rows, "its pixels covered") >= -3
    assert worst(rows, "picture covered") >= 0


@pytest.mark.slow
def test_no_real_view_is_below_the_plain_splat(shared_data: Path) -> None:
    rows = all_view_rows(shared_data / "B_rgbd")
    assert len(rows) == 3 * 25
    assert worst(rows, "novel view") >= -0.2
    assert worst(rows, "its pixels covered") >= -3
    assert worst(rows, "picture covered") >= 0


@pytest.mark.slow
def test_cache_keeps_the_kitchen_in_fewer_points(shared_data: Path) -> None:
    points, quality, _ = cache_rows(read_scene(shared_data / "B_rgbd" / "kitchen_kinect"))
    assert points.case == "kitchen_kinect, 30 frames"
    assert points.ours < 0.6 * points.baseline
    assert quality.ours > quality.baseline - 0.3
