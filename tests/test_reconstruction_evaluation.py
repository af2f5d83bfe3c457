"""Chamfer distances: hand-worked scenes, and the real ones."""

from pathlib import Path

import pytest
import torch

from geometry.camera import Camera
from geometry.projection import world_points
from voyager_lite.evaluation.reconstruction import chamfer, scene_rows
from voyager_lite.evaluation.scenes import RgbdFrame, RgbdScene, read_scene

HEIGHT, WIDTH = 30, 40


def wall(distance: float, *, right: float = 0.0) -> RgbdFrame:
    """A wall straight ahead, seen whole by a camera that stands to the right."""
    pose = torch.eye(4, dtype=torch.float64)
    pose[0, 3] = -right
    camera = Camera.from_fov(60.0, height=HEIGHT, width=WIDTH, world_to_camera=pose)
    everywhere = torch.ones(HEIGHT, WIDTH, dtype=torch.bool)
    return RgbdFrame(
        name=f"{distance} {right}",
        image=torch.zeros(3, HEIGHT, WIDTH),
        depth=torch.full((HEIGHT, WIDTH), distance),
        valid=everywhere,
        camera=camera,
    )


def points_of(frame: RgbdFrame) -> torch.Tensor:
    return world_points(frame.depth.double(), frame.camera).reshape(-1, 3)


def test_the_surface_itself_is_at_distance_zero() -> None:
    found = chamfer(points_of(wall(2.0)), [wall(2.0)], [wall(2.0)])
    assert found.accuracy == found.completeness == found.distance == 0


def test_a_surface_in_front_is_as_far_off_as_it_is() -> None:
    shifted = points_of(wall(2.0)) - torch.tensor([0.0, 0.0, 0.25]).double()
    found = chamfer(shifted, [wall(2.0)], [wall(2.0)])
    assert found.accuracy == pytest.approx(0.25, abs=1e-3)


def test_what_lies_behind_the_surface_seen_is_not_judged() -> None:
    behind = points_of(wall(2.0)) + torch.tensor([0.0, 0.0, 3.0]).double()
    both = torch.cat([points_of(wall(2.0)), behind])
    assert chamfer(both, [wall(2.0)], [wall(2.0)]).accuracy == 0


def test_what_no_fused_frame_saw_is_not_asked_for() -> None:
    aside = wall(2.0, right=1.0)
    found = chamfer(points_of(wall(2.0)), [wall(2.0)], [aside])
    step = 2.0 / float(aside.camera.K[0, 0])
    assert found.completeness <= step
    everything = torch.cat([points_of(wall(2.0)), points_of(aside)])
    assert chamfer(everything, [wall(2.0)], [aside]).completeness == 0


def test_missing_points_cost_completeness_and_wrong_ones_accuracy() -> None:
    half = points_of(wall(2.0)).reshape(HEIGHT, WIDTH, 3)[:, : WIDTH // 2].reshape(-1, 3)
    found = chamfer(half, [wall(2.0)], [wall(2.0)])
    assert found.accuracy == 0
    # Pixel k of the empty half of n columns is k + 1 steps from the last column there is.
    step, columns = 2.0 / float(wall(2.0).camera.K[0, 0]), WIDTH // 2
    assert found.completeness == pytest.approx(step * columns * (columns + 1) / 2 / WIDTH, rel=1e-5)


def test_frames_that_share_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="expected common ground"):
        chamfer(points_of(wall(2.0)), [wall(2.0)], [wall(2.0, right=50.0)])


def test_the_rows_of_a_scene_whose_frames_agree() -> None:
    frames = {str(k): wall(2.0, right=0.05 * k) for k in range(6)}
    rows = {row.name: row for row in scene_rows(RgbdScene(name="wall", frames=frames, pairs=(), border=0))}
    assert rows["points kept"].ours < 0.5 * rows["points kept"].baseline
    assert rows["accuracy"].ours < 1e3 * 2.0 / float(wall(2.0).camera.K[0, 0]) / 2
    assert all(row.case == "wall, 5 frames fused, 1 left out" for row in rows.values())


@pytest.mark.slow
@pytest.mark.parametrize("name", ["livingroom_icl_synthetic", "kitchen_kinect"])
def test_fused_points_lie_on_the_frames_left_out(shared_data: Path, name: str) -> None:
    rows = {row.name: row for row in scene_rows(read_scene(shared_data / "B_rgbd" / name))}
    assert rows["chamfer distance"].ours < 10.0  # millimetres, in rooms of some metres
    assert rows["points kept"].ratio > 2
    assert rows["accuracy, averaged"].ours <= rows["accuracy, averaged"].baseline
