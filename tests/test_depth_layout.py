"""The classical layout: sky above, ground in front, things upright, and nothing silly anywhere."""

import math
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from voyager_lite.depth.estimate import DepthEstimate
from voyager_lite.depth.horizon import vanishing_point
from voyager_lite.depth.layout import EYE_HEIGHT, FAR_OUTSIDE, LayoutDepth
from voyager_lite.depth.sketch import guided_upsample, shrink
from voyager_lite.depth.sky import find_sky, sky_of
from voyager_lite.photograph import read_photograph
from voyager_lite.samples import SAMPLES, read_sample

SKY, GRASS, WALL = (0.45, 0.65, 0.95), (0.25, 0.45, 0.15), (0.6, 0.3, 0.2)


def paint(height: int = 180, width: int = 240) -> np.ndarray:
    """Sky over grass, meeting at half height, with a wall that stands on the grass in the middle."""
    rgb = np.empty((height, width, 3), np.float32)
    rgb[: height // 2], rgb[height // 2 :] = SKY, GRASS
    rgb[height // 3 : int(0.8 * height), width // 3 : 2 * width // 3] = WALL
    noise = np.random.default_rng(0).normal(0, 0.01, rgb.shape)
    return np.clip(rgb + noise, 0, 1).astype(np.float32)


def street(height: int = 360, width: int = 480, *, at: tuple[float, float] = (0.45, 0.4)) -> np.ndarray:
    """Grey picture of lines that all run to one point, on both sides of it."""
    rgb = np.full((height, width, 3), 0.6, np.float32)
    point = np.array([at[0] * width, at[1] * height])
    for angle in np.radians(np.arange(15, 360, 6)):
        toward = np.array([math.cos(angle), math.sin(angle)])
        start, end = point + 40 * toward, point + 400 * toward
        cv2.line(rgb, tuple(start.astype(int)), tuple(end.astype(int)), (0.1, 0.1, 0.1), 2)
    return rgb


def estimate(rgb: np.ndarray, **options: float) -> DepthEstimate:
    return LayoutDepth().estimate(torch.from_numpy(rgb).permute(2, 0, 1).contiguous(), **options)


def require_sane(result: DepthEstimate, size: tuple[int, int]) -> None:
    assert result.depth.shape == result.valid.shape == result.sky.shape == size
    assert torch.equal(result.valid, ~result.sky)
    assert torch.isfinite(result.depth).all()
    assert (result.depth[result.valid] > 0).all()
    assert (result.depth[result.sky] == 0).all()
    assert not result.metric


def test_painted_scene_has_its_sky() -> None:
    sky = estimate(paint()).sky
    truth = torch.zeros(180, 240, dtype=torch.bool)
    truth[:90] = True
    truth[60:90, 80:160] = False
    assert float((sky != truth).float().mean()) < 0.01


def test_ground_recedes_up_the_picture() -> None:
    depth = estimate(paint()).depth
    columns = depth[100:, 10:40].mean(dim=1)
    assert (columns.diff() < 0).all()
    assert columns[0] > 2 * columns[-1]


def test_a_wall_is_upright_and_stands_where_it_meets_the_ground() -> None:
    depth = estimate(paint()).depth
    wall = depth[70:140, 90:150]
    foot = float(depth[143, 20])
    assert wall.amax() / wall.amin() < 1.3
    assert abs(float(wall[-1].median()) / foot - 1) < 0.2
    assert depth[95, 20] > 2.5 * foot


def test_depth_steps_at_the_silhouette() -> None:
    """Beside the wall's upper part lies far ground; no pixel a little way off is in between."""
    depth = estimate(paint(360, 480)).depth[190]
    assert depth[155] > 1.5 * depth[165]
    assert abs(depth[155] / depth[130] - 1) < 0.1 and abs(depth[165] / depth[200] - 1) < 0.1


def test_ground_at_the_lower_edge_lies_where_a_camera_at_eye_height_sees_it() -> None:
    """Horizon 6 % below the sky's end; 90 degrees: the focal length is half the width."""
    rgb = paint()
    horizon = 0.5 + 0.06
    expected = EYE_HEIGHT * (240 / 2) / ((1 - horizon) * 180)
    result = estimate(rgb, fov_degrees=90.0)
    assert float(result.depth[-1].median()) == pytest.approx(expected, rel=0.05)
    assert result.fov_degrees == 90.0
    assert float(result.depth.max()) <= FAR_OUTSIDE * 1.001


def test_unknown_field_of_view_stays_unknown() -> None:
    assert estimate(paint()).fov_degrees is None


def test_the_same_picture_gives_the_same_depth() -> None:
    first, second = estimate(paint()), estimate(paint())
    assert torch.equal(first.depth, second.depth)
    assert torch.equal(first.sky, second.sky)


@pytest.mark.parametrize("size", [(32, 32), (32, 256), (256, 32), (33, 47), (500, 741)])
@pytest.mark.parametrize("content", ["black", "white", "noise", "blue"])
def test_any_picture_gets_finite_depth(size: tuple[int, int], content: str) -> None:
    rgb = {
        "black": np.zeros((*size, 3)),
        "white": np.ones((*size, 3)),
        "noise": np.random.default_rng(0).random((*size, 3)),
        "blue": np.broadcast_to(SKY, (*size, 3)).copy(),
    }[content].astype(np.float32)
    require_sane(estimate(rgb), size)


@pytest.mark.parametrize("name", SAMPLES)
def test_lower_is_nearer_in_photographs(name: str) -> None:
    rgb = read_sample(name).photograph.rgb
    result = LayoutDepth().estimate(rgb)
    require_sane(result, tuple(rgb.shape[1:]))
    third = rgb.shape[1] // 3
    upper, lower = result.depth[:third][result.valid[:third]], result.depth[-third:][result.valid[-third:]]
    assert upper.median() > 1.3 * lower.median()


def test_vanishing_point_of_a_street_is_found() -> None:
    for at in [(0.45, 0.4), (0.6, 0.55)]:
        found = vanishing_point(street(at=at))
        assert found is not None
        assert math.dist(found, at) < 0.02


def test_no_vanishing_point_without_lines_or_with_parallel_ones() -> None:
    assert vanishing_point(np.full((120, 160, 3), 0.5, np.float32)) is None
    stripes = np.full((240, 320, 3), 0.6, np.float32)
    for offset in range(-240, 320, 12):
        cv2.line(stripes, (offset, 0), (offset + 240, 240), (0.1, 0.1, 0.1), 2)
    assert vanishing_point(stripes) is None


def test_a_warm_or_rough_upper_half_is_no_sky() -> None:
    rgb = paint()
    rgb[:90] = (0.8, 0.6, 0.4)
    assert not find_sky(rgb).any()
    rgb[:90] = np.random.default_rng(0).random((90, 240, 3)) * 0.6 + 0.2
    assert not find_sky(rgb).any()


def test_sky_must_reach_the_upper_edge() -> None:
    rgb = np.full((180, 240, 3), WALL, np.float32)
    rgb[40:120, 60:180] = SKY
    assert not find_sky(rgb).any()


def test_clouds_join_the_sky() -> None:
    rgb = paint()
    cv2.circle(rgb, (40, 30), 12, (0.95, 0.95, 0.95), -1)
    assert find_sky(rgb)[30, 40]


def test_guided_upsampling_puts_a_step_on_the_picture_edge() -> None:
    """A step that the sketch has 6 full pixels off lands on the edge of the picture."""
    rgb = np.zeros((160, 320, 3), np.float32)
    rgb[:, 166:] = 1
    values = np.zeros((40, 80))
    values[:, 40:] = 1
    drawn = guided_upsample(values, np.ones((40, 80)), rgb, radius=4, epsilon=1e-4)
    assert (drawn[:, 120:165] < 0.45).all() and (drawn[:, 167:200] > 0.55).all()


def test_guided_upsampling_stays_between_its_values_and_takes_none_without_weight() -> None:
    generator = np.random.default_rng(0)
    rgb = generator.random((120, 160, 3)).astype(np.float32)
    values, weight = np.full((30, 40), 0.3), np.ones((30, 40))
    values[:, 20:], weight[:, 20:] = 100.0, 0.0
    drawn = guided_upsample(values, weight, rgb, radius=3, epsilon=1e-3)
    np.testing.assert_allclose(drawn[:, :70], 0.3, atol=1e-5)
    values = generator.random((30, 40))
    drawn = guided_upsample(values, np.ones((30, 40)), rgb, radius=3, epsilon=1e-6)
    assert drawn.min() >= values.min() - 1e-6 and drawn.max() <= values.max() + 1e-6


def test_sketch_averages_and_never_enlarges() -> None:
    rgb = np.random.default_rng(0).random((512, 1024, 3)).astype(np.float32)
    np.testing.assert_allclose(shrink(rgb), rgb.reshape(128, 4, 256, 4, 3).mean(axis=(1, 3)), atol=1e-5)
    assert shrink(rgb[:60, :80]).shape == (60, 80, 3)


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("A_images/london_street.jpg", 0.25, 0.4),
        ("A_images/mountain_lake.jpg", 0.25, 0.4),
        ("A_images/evening_traffic.jpg", 0.1, 0.25),
        ("A_images/town_square.jpg", 0.1, 0.25),
        ("A_images/open_kitchen.png", 0.0, 0.0),
        ("A_images/breads.jpg", 0.0, 0.0),
        ("A_images/library_portrait.jpg", 0.0, 0.0),
        ("B_rgbd/kitchen_kinect/f0116.rgb.jpg", 0.0, 0.0),
        ("B_rgbd/box_realsense/f067.rgb.png", 0.0, 0.0),
    ],
)
def test_sky_of_photographs(shared_data: Path, name: str, least: float, most: float) -> None:
    share = float(sky_of(read_photograph(shared_data / name).rgb).float().mean())
    assert least <= share <= most
