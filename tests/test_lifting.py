"""From a picture and its depth to points."""

import math
from pathlib import Path

import pytest
import torch
from torch import Tensor

from geometry.camera import Camera
from geometry.edges import depth_edges
from geometry.lifting import OVERLAP, SKY_BAND, SKY_DISTANCE, lift
from geometry.projection import project, world_points
from geometry.rasterizer import render_points
from geometry.rigid import look_at
from voyager_lite.evaluation.scenes import read_scene

HEIGHT, WIDTH = 60, 80
POSE = look_at(
    torch.tensor([0.3, -0.2, 0.1], dtype=torch.float64),
    torch.tensor([1.0, 0.5, 3.0], dtype=torch.float64),
    torch.tensor([0.0, 1.0, 0.0], dtype=torch.float64),
)
CAMERA = Camera.from_fov(60.0, height=HEIGHT, width=WIDTH, world_to_camera=POSE)
BLUE, RED = torch.tensor([0.2, 0.4, 1.0]), torch.tensor([1.0, 0.1, 0.1])


def noise_image(height: int = HEIGHT, width: int = WIDTH) -> Tensor:
    return torch.rand(3, height, width, generator=torch.Generator().manual_seed(1))


def stepped_depth() -> Tensor:
    """A near box before a slanted wall, with a blurred left edge."""
    depth = torch.linspace(3.0, 5.0, WIDTH).expand(HEIGHT, WIDTH).clone()
    depth[20:40, 30:50] = 1.5
    depth[20:40, 29] = 2.3
    return depth


def tilted_plane(degrees: float, camera: Camera) -> Tensor:
    """Depth of a plane through (0, 0, 3), facing the z axis at 0 degrees, along it at 90; 0 where unseen."""
    tilt = math.radians(degrees)
    normal = torch.tensor([0.0, -math.sin(tilt), -math.cos(tilt)], dtype=torch.float64)
    rays = world_points(torch.ones(camera.height, camera.width, dtype=torch.float64), camera) - camera.center
    depth = (torch.tensor([0.0, 0.0, 3.0], dtype=torch.float64) - camera.center) @ normal / (rays @ normal)
    return torch.where((depth > 0) & (depth < 60), depth, torch.zeros_like(depth))


def sky_scene(red_share: float = 0.6) -> tuple[Tensor, Tensor, Tensor]:
    """A red post before blue sky; the two pixels beside the post show both."""
    image = BLUE[:, None, None].expand(3, HEIGHT, WIDTH).clone()
    image[:, :, 28:42] = torch.lerp(BLUE, RED, red_share)[:, None, None]
    image[:, :, 30:40] = RED[:, None, None]
    depth = torch.zeros(HEIGHT, WIDTH)
    depth[:, 30:40] = 2.0
    return image, depth, depth == 0


def test_picture_comes_back_from_its_own_camera_except_dropped_edges() -> None:
    image, depth = noise_image(), stepped_depth()
    valid = torch.ones(HEIGHT, WIDTH, dtype=torch.bool)
    dropped = depth_edges(depth, valid)
    cloud = lift(image, depth, CAMERA, valid=valid)
    seen = render_points(cloud, CAMERA)
    assert int(dropped.sum()) == 20
    assert len(cloud) == int((~dropped).sum())
    torch.testing.assert_close(seen.rgb[:, ~dropped], image[:, ~dropped])
    torch.testing.assert_close(seen.depth[~dropped], depth[~dropped])


def test_points_are_where_depth_says() -> None:
    depth = stepped_depth()
    valid = noise_image()[0] < 0.5
    cloud = lift(noise_image(), depth, CAMERA, valid=valid)
    kept = valid & ~depth_edges(depth, valid)
    distance = torch.cdist(world_points(depth, CAMERA)[kept].double(), cloud.positions.double())
    assert float(distance.amin(dim=1).amax()) < 1e-5


@pytest.mark.parametrize("degrees", [0, 30, 60, 75])
def test_no_cracks_a_third_of_the_way_towards_a_plane(degrees: float) -> None:
    camera = Camera.from_fov(40.0, height=120, width=160)
    depth = tilted_plane(degrees, camera)
    cloud = lift(noise_image(120, 160), depth.float(), camera, valid=depth > 0)
    closer = torch.eye(4, dtype=torch.float64)
    closer[2, 3] = -1.0
    view = Camera(K=camera.K, world_to_camera=closer, height=120, width=160)
    # What the closer camera should see is what the first one saw, but for its rim.
    there = tilted_plane(degrees, view)
    pixels, distance = project(world_points(there, view), camera.K)
    inside = (
        (there > 0) & (distance < 58) & ((pixels - 1 > 0) & (pixels + 1 < torch.tensor([160, 120]))).all(-1)
    )
    assert int(inside.sum()) > 9000
    assert bool(render_points(cloud, view).known[inside].all())


def test_disc_of_a_facing_wall_covers_the_corners_of_its_cell() -> None:
    camera = Camera.from_fov(60.0, height=HEIGHT, width=WIDTH)
    cloud = lift(noise_image(), torch.full((HEIGHT, WIDTH), 2.0), camera, valid=torch.ones(HEIGHT, WIDTH) > 0)
    center = (HEIGHT // 2) * WIDTH + WIDTH // 2
    cell = 2.0 / float(camera.K[0, 0])
    assert math.isclose(float(cloud.radii[center]), OVERLAP * cell / math.sqrt(2), rel_tol=1e-3)


def test_disc_at_a_silhouette_stays_inside_its_pixel() -> None:
    depth = torch.full((HEIGHT, WIDTH), 4.0)
    depth[:, 40:] = 1.0
    camera = Camera.from_fov(60.0, height=HEIGHT, width=WIDTH)
    radii = lift(noise_image(), depth, camera, valid=depth > 0).radii.reshape(HEIGHT, WIDTH)
    half_pixel = depth / float(camera.K[0, 0]) / 2
    assert bool((radii[:, 39:41] <= half_pixel[:, 39:41]).all())
    assert bool((radii[1:-1, 20:38] > half_pixel[1:-1, 20:38]).all())


def test_sky_lies_on_a_shell_far_behind_matter_and_faces_the_camera() -> None:
    image, depth, sky = sky_scene()
    shell = lift(image, depth, CAMERA, valid=~sky, sky=sky)
    shell = shell[shell.sky]
    offset = shell.positions - CAMERA.center.float()
    assert len(shell) == int(sky.sum())
    torch.testing.assert_close(offset.norm(dim=-1), torch.full((len(shell),), SKY_DISTANCE * 2.0))
    torch.testing.assert_close(-shell.normals * SKY_DISTANCE * 2.0, offset, rtol=0, atol=1e-4)
    shared = lift(image, depth, CAMERA, valid=~sky, sky=sky, sky_distance=77.0)
    distance = (shared[shared.sky].positions - CAMERA.center.float()).norm(dim=-1)
    torch.testing.assert_close(distance, torch.full_like(distance, 77.0))


def test_no_colour_of_an_object_stands_in_the_sky_and_the_picture_still_comes_back() -> None:
    image, depth, sky = sky_scene(red_share=0.6)
    cloud = lift(image, depth, CAMERA, valid=~sky, sky=sky)
    torch.testing.assert_close(cloud[cloud.sky].colors, BLUE.expand(int(sky.sum()), 3))
    torch.testing.assert_close(render_points(cloud, CAMERA).rgb, image)
    assert len(cloud.matter) == HEIGHT * (10 + 2 * SKY_BAND)


def test_no_rim_of_sky_sticks_to_an_object() -> None:
    image, depth, sky = sky_scene(red_share=0.3)
    cloud = lift(image, depth, CAMERA, valid=~sky, sky=sky)
    torch.testing.assert_close(cloud[cloud.sky].colors, BLUE.expand(int(sky.sum()), 3))
    torch.testing.assert_close(cloud.matter.colors, RED.expand(HEIGHT * 10, 3))


def test_a_sky_mask_that_is_too_narrow_does_no_harm() -> None:
    image, depth, sky = sky_scene(red_share=0.0)
    sky[:, 28:30] = False
    depth[:, 28:30] = 2.0
    cloud = lift(image, depth, CAMERA, valid=~sky, sky=sky)
    torch.testing.assert_close(cloud.matter.colors, RED.expand(HEIGHT * 10, 3))
    torch.testing.assert_close(render_points(cloud, CAMERA).rgb, image)


def test_sky_has_no_cracks_when_the_camera_turns() -> None:
    image, _, _ = sky_scene()
    sky = torch.ones(HEIGHT, WIDTH, dtype=torch.bool)
    camera = Camera.from_fov(60.0, height=HEIGHT, width=WIDTH)
    cloud = lift(image, torch.zeros(HEIGHT, WIDTH), camera, valid=~sky, sky=sky)
    origin, down = torch.zeros(3, dtype=torch.float64), torch.tensor([0.0, 1.0, 0.0], dtype=torch.float64)
    turned = look_at(origin, torch.tensor([0.5, 0.0, 1.0], dtype=torch.float64), down)
    view = Camera(K=camera.K, world_to_camera=turned, height=HEIGHT, width=WIDTH)
    known = render_points(cloud, view).known
    assert bool(known[8:-8, 2:38].all())


def test_picture_without_matter_or_sky_gives_no_points() -> None:
    nothing = torch.zeros(HEIGHT, WIDTH, dtype=torch.bool)
    assert len(lift(noise_image(), torch.zeros(HEIGHT, WIDTH), CAMERA, valid=nothing)) == 0


def test_smallest_picture_is_lifted() -> None:
    camera = Camera.from_fov(60.0, height=1, width=1)
    one = torch.ones(1, 1)
    cloud = lift(torch.full((3, 1, 1), 0.5), one, camera, valid=one > 0)
    torch.testing.assert_close(cloud.positions, torch.tensor([[0.0, 0.0, 1.0]]))


def test_bad_input_is_refused() -> None:
    image, depth = noise_image(), stepped_depth()
    valid = torch.ones(HEIGHT, WIDTH, dtype=torch.bool)
    with pytest.raises(ValueError, match=r"image has shape \(3, 60, 79\); expected \(\.\.\., 3, 60, 80\)"):
        lift(image[..., :-1], depth[:, :-1], CAMERA, valid=valid[:, :-1])
    for bad in (-1.0, 0.0, math.nan, math.inf):
        broken = depth.clone()
        broken[3, 4] = bad
        with pytest.raises(ValueError, match="depth has 1 valid pixels that are not finite and > 0"):
            lift(image, broken, CAMERA, valid=valid)
        here = valid.clone()
        here[3, 4] = False
        assert len(lift(image, broken, CAMERA, valid=here)) > 0
    with pytest.raises(ValueError, match="4800 pixels are both matter and sky"):
        lift(image, depth, CAMERA, valid=valid, sky=valid)
    with pytest.raises(ValueError, match="camera is a batch"):
        lift(image, depth, Camera.stack([CAMERA]), valid=valid)
    image[0, 0, 0] = math.nan
    with pytest.raises(ValueError, match="image has 1 values that are NaN"):
        lift(image, depth, CAMERA, valid=valid)


@pytest.mark.parametrize("scene", ["kitchen_kinect", "motorcycle_stereo", "livingroom_icl_synthetic"])
def test_real_photographs_come_back_from_their_own_cameras(shared_data: Path, scene: str) -> None:
    frame = next(iter(read_scene(shared_data / "B_rgbd" / scene).frames.values()))
    cloud = lift(frame.image, frame.depth, frame.camera, valid=frame.valid)
    seen = render_points(cloud, frame.camera)
    assert float((seen.known & frame.valid).sum() / frame.valid.sum()) > 0.99
    where = seen.known & frame.valid & ~depth_edges(frame.depth, frame.valid)
    assert float((seen.rgb - frame.image)[:, where].abs().amax()) == 0
