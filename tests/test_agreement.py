"""Depth of one surface, measured by many frames."""

import pytest
import torch
from torch import Tensor

from geometry.agreement import agreed_depth
from geometry.camera import Camera
from geometry.edges import JUMP
from geometry.projection import world_points
from geometry.rigid import look_at

HEIGHT, WIDTH = 40, 56
LENS = Camera.from_fov(60.0, height=HEIGHT, width=WIDTH)
DOWN = torch.tensor([0.0, 1.0, 0.0], dtype=torch.float64)


def cameras_at(*centers: tuple[float, float, float]) -> Camera:
    place = torch.tensor(centers, dtype=torch.float64)
    return Camera(
        K=LENS.K.expand(len(place), 3, 3),
        world_to_camera=look_at(place, torch.tensor([0.0, 0.0, 3.0]).double(), DOWN),
        height=HEIGHT,
        width=WIDTH,
    )


def plane_depth(camera: Camera, *, slope: tuple[float, float] = (0.0, 0.0), distance: float = 3.0) -> Tensor:
    """Depth of the plane z = distance + slope . (x, y)."""
    ray = world_points(torch.ones(HEIGHT, WIDTH, dtype=torch.float64), camera) - camera.center
    normal = torch.tensor([-slope[0], -slope[1], 1.0], dtype=torch.float64)
    return ((distance - camera.center @ normal) / (ray @ normal)).float()


@pytest.mark.parametrize("slope", [(0.0, 0.0), (0.8, -0.5), (3.0, 1.0)])
def test_exact_planes_stay_as_they_are_from_wherever_they_are_seen(slope: tuple[float, float]) -> None:
    cameras = cameras_at((0, 0, 0), (0.4, -0.2, 0.3), (-0.5, 0.3, -0.8))
    depths = torch.stack([plane_depth(camera, slope=slope) for camera in (cameras[i] for i in range(3))])
    depths = torch.where((depths > 0) & (depths < 30), depths, 0.0)
    found = agreed_depth(depths[0], cameras[0], others=depths[1:], cameras=cameras[1:])
    torch.testing.assert_close(found, depths[0], rtol=2e-6, atol=0)


def test_noise_falls_with_the_root_of_the_number_of_frames() -> None:
    random = torch.Generator().manual_seed(0)
    cameras = cameras_at(*[(0.01 * i, 0.0, 0.0) for i in range(9)])
    truth = torch.stack([plane_depth(cameras[i]) for i in range(9)])
    noisy = truth * (1 + 0.003 * torch.randn(truth.shape, generator=random))
    found = agreed_depth(noisy[0], cameras[0], others=noisy[1:], cameras=cameras[1:])
    inner = (slice(5, -5), slice(5, -5))
    before, after = (float((d - truth[0])[inner].std()) for d in (noisy[0], found))
    # One measurement, and eight means of four: better than a third of the noise would be luck.
    assert after < 1.1 * before / 3


def test_measurements_count_by_the_fourth_power_of_their_nearness() -> None:
    """A wall at 3 that one camera at 0 sees 0.03 too far, and another at 1.5, thus twice as near, rightly."""
    far, near = LENS, Camera.stack([LENS])
    near = Camera(K=near.K, world_to_camera=torch.eye(4).double()[None].clone(), height=HEIGHT, width=WIDTH)
    near.world_to_camera[0, 2, 3] = -1.5
    depth = torch.full((HEIGHT, WIDTH), 3.03)
    found = agreed_depth(depth, far, others=torch.full((1, HEIGHT, WIDTH), 1.5), cameras=near)
    weights = 1 / 3.03**4, 1 / 1.5**4
    expected = (weights[0] * 3.03 + weights[1] * 3.0) / sum(weights)
    assert float(found[HEIGHT // 2, WIDTH // 2]) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("share", [1 - 2 * JUMP, 1 + 2 * JUMP])
def test_another_surface_changes_nothing(share: float) -> None:
    depth = torch.full((HEIGHT, WIDTH), 3.0)
    found = agreed_depth(depth, LENS, others=share * depth[None], cameras=Camera.stack([LENS]))
    assert torch.equal(found, depth)


def test_nothing_measured_stays_nothing_and_gives_nothing() -> None:
    depth, other = torch.full((HEIGHT, WIDTH), 3.0), torch.full((1, HEIGHT, WIDTH), 3.03)
    depth[10, 10], other[0, 20, 20] = 0, 0
    found = agreed_depth(depth, LENS, others=other, cameras=Camera.stack([LENS]))
    assert float(found[10, 10]) == 0
    assert float(found[20, 20]) == 3.0
    assert 3.0 < float(found[30, 30]) < 3.03


def test_between_two_surfaces_no_depth_is_made_up() -> None:
    """The other frame sees an edge; half a pixel beside it only what lies whole on one side counts."""
    shifted = Camera(
        K=LENS.K + torch.tensor([[0, 0, 0.5], [0, 0, 0], [0, 0, 0]]).double(),
        world_to_camera=LENS.world_to_camera,
        height=HEIGHT,
        width=WIDTH,
    )
    other = torch.full((HEIGHT, WIDTH), 3.03)
    other[:, WIDTH // 2 :] = 3.3
    depth = torch.full((HEIGHT, WIDTH), 3.0)
    found = agreed_depth(depth, LENS, others=other[None], cameras=Camera.stack([shifted]))
    inner = found[5:-5, 5:-5]
    edge = WIDTH // 2 - 5 - 1
    assert bool((inner[:, :edge] > 3.01).all())
    assert bool((inner[:, edge:] == 3.0).all())


def test_maps_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="others"):
        agreed_depth(
            torch.ones(HEIGHT, WIDTH), LENS, others=torch.ones(2, HEIGHT, WIDTH), cameras=Camera.stack([LENS])
        )
