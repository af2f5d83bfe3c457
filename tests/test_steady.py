"""What several frames say of the same places is averaged."""

import torch

from geometry.camera import Camera
from geometry.projection import world_points
from voyager_lite.core.steady import steadied
from voyager_lite.evaluation.metrics import flicker


def wall(frames=5, *, height=40, width=60, step=0.1):
    """A smoothly painted wall at depth 3 before a camera that moves right; the left half is known."""
    first = Camera.from_fov(60.0, height=height, width=width)
    pose = torch.eye(4, dtype=torch.float64).repeat(frames, 1, 1)
    pose[:, 0, 3] = -step * torch.arange(frames)
    cameras = Camera(K=first.K, world_to_camera=pose, height=height, width=width)
    depth = torch.full((frames, height, width), 3.0)
    points = world_points(depth, cameras)
    rgb = 0.5 + 0.3 * torch.stack([torch.sin(points[..., 0] + phase) for phase in (0.0, 1.0, 2.0)], dim=1)
    return rgb, depth, points[..., 0] > 0, cameras


def noisy(rgb, made, *, amount=0.1):
    """Another colour cast in every frame's made pixels, as a network's that looks at each anew."""
    draw = torch.Generator().manual_seed(0)
    cast = amount * torch.randn(len(rgb), 3, 1, 1, generator=draw)
    return torch.where(made[:, None], rgb + cast, rgb)


def test_frames_that_agree_stay_as_they_are():
    rgb, depth, made, cameras = wall()
    change = (steadied(rgb, depth, made, cameras, sources=[0, 2, 4]) - rgb).abs()
    assert change.max() < 0.01 and change.mean() < 5e-4


def test_known_pixels_never_change():
    rgb, depth, made, cameras = wall()
    steady = steadied(noisy(rgb, made), depth, made, cameras, sources=[0, 2, 4])
    assert torch.equal(steady.movedim(1, -1)[~made], rgb.movedim(1, -1)[~made])


def test_flicker_goes_and_the_mean_is_nearer_to_the_truth():
    rgb, depth, made, cameras = wall()
    cast = noisy(rgb, made)
    steady = steadied(cast, depth, made, cameras, sources=list(range(5)))
    before, after = (flicker(clip, depth, cameras, where=made) for clip in (cast, steady))
    assert after < 0.1 * before
    assert (steady - rgb).abs().mean() < 0.6 * (cast - rgb).abs().mean()


def test_neighbouring_frames_agree_without_any_source_frame():
    rgb, depth, made, cameras = wall()
    cast = noisy(rgb, made)
    steady = steadied(cast, depth, made, cameras, sources=[])
    before, after = (flicker(clip, depth, cameras, where=made) for clip in (cast, steady))
    assert after < 0.3 * before


def test_another_surface_at_the_same_pixels_has_no_say():
    rgb, depth, made, cameras = wall()
    nearer, black, white = depth.clone(), rgb.clone(), rgb.clone()
    nearer[2], black[2], white[2] = 1.0, 0.0, 1.0
    dark, bright = (steadied(clip, nearer, made, cameras, sources=[2]) for clip in (black, white))
    assert torch.equal(dark[[0, 1, 3, 4]], bright[[0, 1, 3, 4]])
    assert dark[2].max() == 0 and bright[2].min() == 1


def test_a_made_pixel_whose_place_another_frame_knows_takes_its_color():
    rgb, depth, _, cameras = wall()
    made = torch.zeros(len(rgb), 40, 60, dtype=torch.bool)
    made[1, 10:30, 20:40] = True
    wrong = torch.where(made[:, None], torch.zeros_like(rgb), rgb)
    steady = steadied(wrong, depth, made, cameras, sources=[0, 2, 3, 4])
    assert (steady - rgb).abs().max() < 0.1 and (wrong - rgb).abs().max() > 0.4


def test_frames_without_made_pixels_come_back():
    rgb, depth, made, cameras = wall()
    assert torch.equal(steadied(rgb, depth, torch.zeros_like(made), cameras, sources=[0, 1]), rgb)
