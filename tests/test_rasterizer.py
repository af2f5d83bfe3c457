"""Every backend of the rasteriser against a plain twin, which is the truth, and against the rule's claims."""

import importlib.util
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils._python_dispatch import TorchDispatchMode

from geometry.camera import Camera
from geometry.cloud import PointCloud
from geometry.projection import world_points
from geometry.rasterizer import cpu, render_points, scatter
from geometry.rasterizer.rule import MAX_FOOTPRINT_PX, NEAR, SETBACK
from geometry.rigid import look_at, rigid_from, rotation_from_axis_angle

BACKENDS = ["cpu", "torch"]
MAPS = ("rgb", "depth", "known", "index")


def twin(cloud, camera):
    """The rule, pixel for pixel: the index of the point seen, -1 where there is none."""
    E, K = camera.world_to_camera.float().numpy(), camera.K.numpy()
    fx, fy, cx, cy = np.float32([K[0, 0], K[1, 1], K[0, 2], K[1, 2]])
    per_fx, per_fy = np.float32([1 / K[0, 0], 1 / K[1, 1]])
    row, column = np.mgrid[: camera.height, : camera.width].astype(np.float32)
    best = np.full((camera.height, camera.width), np.inf, np.float32)
    index = np.full(best.shape, -1)
    for i, (point, radius) in enumerate(zip(cloud.positions.numpy(), cloud.radii.numpy(), strict=True)):
        x, y, z = (E[k, 0] * point[0] + E[k, 1] * point[1] + E[k, 2] * point[2] + E[k, 3] for k in range(3))
        if not z > np.float32(NEAR):
            continue
        u, v = x * (1 / z) * fx + cx, y * (1 / z) * fy + cy
        radius = min(radius, np.float32(MAX_FOOTPRINT_PX) * (z * min(per_fx, per_fy)))
        d = np.sqrt(((column + 0.5 - u) * (z * per_fx)) ** 2 + ((row + 0.5 - v) * (z * per_fy)) ** 2)
        own = (column == np.floor(u)) & (row == np.floor(v))
        depth = np.where(own, z, z * np.float32(SETBACK)) + d
        seen = (own | (d <= radius)) & (depth < best)
        best[seen], index[seen] = depth[seen], i
    return index


def make_cloud(positions, radii=0.0, colors=None):
    positions = torch.as_tensor(positions, dtype=torch.float32).reshape(-1, 3)
    count = len(positions)
    if colors is None:
        colors = torch.rand(count, 3, generator=torch.Generator().manual_seed(0))
    return PointCloud(
        positions=positions,
        colors=torch.as_tensor(colors, dtype=torch.float32),
        normals=torch.tensor([[0.0, 0.0, -1.0]]).repeat(count, 1),
        radii=torch.as_tensor(radii, dtype=torch.float32).expand(count).contiguous(),
        sky=torch.zeros(count, dtype=torch.bool),
    )


def lifted(depth, camera, margin=0.75):
    """A depth map as a cloud; a radius is ``margin`` pixels."""
    return make_cloud(world_points(depth, camera), (margin * depth / camera.K[0, 0].float()).flatten())


def lens(fx, fy, cx, cy, width, height, pose=None):
    K = torch.tensor([[fx, 0, cx], [0, fy, cy], [0, 0, 1]], dtype=torch.float64)
    pose = torch.eye(4, dtype=torch.float64) if pose is None else pose
    return Camera(K=K, world_to_camera=pose, height=height, width=width)


def shown(rendering):
    """The known map as rows of text."""
    return ["".join(".#"[int(pixel)] for pixel in row) for row in rendering.known]


def assert_agree(cloud, rendering, index, camera):
    index = torch.as_tensor(index)
    known = index >= 0
    z = (cloud.positions.double() @ camera.world_to_camera[2, :3]) + camera.world_to_camera[2, 3]
    assert torch.equal(rendering.index, index)
    assert torch.equal(rendering.known, known)
    assert torch.equal(rendering.rgb.movedim(0, -1)[known], cloud.colors[index[known]])
    assert not rendering.rgb.movedim(0, -1)[~known].any() and not rendering.depth[~known].any()
    torch.testing.assert_close(rendering.depth[known].double(), z[index[known]], rtol=1e-5, atol=1e-5)


def make_scene(seed, count, width, height, on_grid, turned):
    """Points before and behind the camera, on the rim and beside it; footprints from none to the cap."""
    rng = np.random.default_rng(seed)
    positions = rng.uniform((-2, -2, -1), (2, 2, 4), (count, 3))
    if on_grid:
        positions = np.round(positions * 2) / 2
    radii = rng.choice([0.0, 0.02, 0.06, 0.3, 5.0], count) * rng.uniform(0.5, 2)
    focal = rng.uniform(0.3, 1.5, 2) * width
    pose = torch.eye(4, dtype=torch.float64)
    if turned:
        axis, angle = torch.tensor(rng.normal(size=3)), torch.tensor(rng.uniform(0, math.pi))
        pose = rigid_from(rotation_from_axis_angle(axis, angle), torch.tensor(rng.normal(size=3)))
    return make_cloud(positions, radii), lens(*focal, width / 2, height / 2, width, height, pose)


@pytest.mark.parametrize("backend", BACKENDS)
@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(0, 60),
    width=st.integers(1, 40),
    height=st.integers(1, 30),
    on_grid=st.booleans(),
    turned=st.booleans(),
)
def test_backend_equals_the_twin(backend, seed, count, width, height, on_grid, turned):
    cloud, camera = make_scene(seed, count, width, height, on_grid, turned)
    assert_agree(cloud, render_points(cloud, camera, backend=backend), twin(cloud, camera), camera)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("forward", [-2.0, 0.0, 0.5, 0.7, 0.9])
def test_backend_equals_the_twin_while_walking_into_a_relief(backend, forward):
    camera = Camera.from_fov(70.0, height=24, width=40)
    depth = 1 + 0.2 * torch.rand(24, 40, generator=torch.Generator().manual_seed(1))
    cloud = lifted(depth, camera)
    cloud = cloud[torch.randperm(len(cloud), generator=torch.Generator().manual_seed(2))]
    pose = torch.eye(4, dtype=torch.float64)
    pose[2, 3] = -forward
    nearer = Camera(K=camera.K, world_to_camera=pose, height=24, width=40)
    assert_agree(cloud, render_points(cloud, nearer, backend=backend), twin(cloud, nearer), nearer)


@pytest.mark.parametrize("backend", BACKENDS)
def test_frames_with_very_many_pixels_in_footprints_are_drawn_in_parts(backend, monkeypatch):
    monkeypatch.setattr(scatter, "AT_ONCE", 50)
    rng = np.random.default_rng(0)
    cloud = make_cloud(rng.uniform((-1, -1, 1), (1, 1, 2), (200, 3)), rng.uniform(0, 0.3, 200))
    camera = Camera.from_fov(60.0, height=20, width=30)
    assert_agree(cloud, render_points(cloud, camera, backend=backend), twin(cloud, camera), camera)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("order", [[0, 1], [1, 0]])
def test_nearer_point_gives_colour_depth_and_index_in_either_order(backend, order):
    positions = np.array([[0, 0, 1.0], [0, 0, 2.0]])[order]
    colors = np.array([[1.0, 0, 0], [0, 1.0, 0]])[order]
    seen = render_points(make_cloud(positions, 0.0, colors), lens(4, 4, 0.5, 0.5, 1, 1), backend=backend)
    assert seen.rgb.flatten().tolist() == [1, 0, 0]
    assert seen.depth.item() == 1
    assert seen.index.item() == order.index(0)


@pytest.mark.parametrize("backend", BACKENDS)
def test_of_equal_points_the_first_is_seen(backend):
    cloud = make_cloud([[0, 0, 1.0]] * 5, 0.3)
    assert render_points(cloud, lens(4, 4, 2, 2, 4, 4), backend=backend).index.max() == 0


FOOTPRINTS = {
    "none": ((4, 4), 0.0, [".....", ".....", "..#..", ".....", "....."]),
    "touching the next centres": ((4, 4), 0.25, [".....", "..#..", ".###.", "..#..", "....."]),
    "with the corners": ((4, 4), 0.36, [".....", ".###.", ".###.", ".###.", "....."]),
    "two pixels": ((4, 4), 0.5, ["..#..", ".###.", "#####", ".###.", "..#.."]),
    "wide pixels": ((4, 8), 0.25, ["..#..", "..#..", ".###.", "..#..", "..#.."]),
}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("focal", "radius", "picture"), FOOTPRINTS.values(), ids=FOOTPRINTS.keys())
def test_footprint_is_a_disc_in_the_world(backend, focal, radius, picture):
    seen = render_points(make_cloud([[0, 0, 1.0]], radius), lens(*focal, 2.5, 2.5, 5, 5), backend=backend)
    assert shown(seen) == picture


@pytest.mark.parametrize("backend", BACKENDS)
def test_point_beside_the_picture_reaches_in_with_its_footprint(backend):
    camera = lens(4, 4, -1.0, 0.5, 3, 1)  # its centre is one pixel to the left of the picture's edge
    assert shown(render_points(make_cloud([[0, 0, 1.0]], 0.374), camera, backend=backend)) == ["..."]
    assert shown(render_points(make_cloud([[0, 0, 1.0]], 0.376), camera, backend=backend)) == ["#.."]
    assert shown(render_points(make_cloud([[0, 0, 1.0]], 0.626), camera, backend=backend)) == ["##."]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("z", [-1.0, 0.0, NEAR / 2])
def test_point_behind_the_lens_is_not_drawn(backend, z):
    seen = render_points(make_cloud([[0, 0, z]], 9.0), lens(4, 4, 2, 2, 4, 4), backend=backend)
    assert not seen.known.any()


@pytest.mark.parametrize("backend", BACKENDS)
def test_point_right_before_the_lens_is_cut_to_the_largest_footprint(backend):
    size = 4 * int(MAX_FOOTPRINT_PX) + 1
    camera = lens(100, 100, size / 2, size / 2, size, size)
    seen = render_points(make_cloud([[0, 0, 0.01]], 1.0), camera, backend=backend)
    assert seen.known[size // 2].sum() == 2 * MAX_FOOTPRINT_PX + 1


@pytest.mark.parametrize("backend", BACKENDS)
def test_no_points_give_an_empty_picture(backend):
    seen = render_points(PointCloud.empty(), Camera.from_fov(60.0, height=3, width=4), backend=backend)
    assert not seen.known.any() and not seen.rgb.any() and not seen.depth.any()
    assert (seen.index == -1).all() and seen.rgb.shape == (3, 3, 4)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("batch", [(), (1,), (5,), (2, 3), (0,)])
def test_batch_equals_its_cameras_one_by_one(backend, batch):
    rng = np.random.default_rng(3)
    cloud = make_cloud(rng.uniform((-1, -1, 1), (1, 1, 2), (300, 3)), 0.03)
    center = torch.tensor(rng.uniform(-0.5, 0.5, (*batch, 3)))
    pose = look_at(
        center, torch.tensor([0.0, 0.0, 1.5], dtype=torch.float64), torch.tensor([0.0, 1.0, 0.0]).double()
    )
    K = Camera.from_fov(60.0, height=12, width=16).K
    together = render_points(cloud, Camera(K=K, world_to_camera=pose, height=12, width=16), backend=backend)
    assert together.rgb.shape == (*batch, 3, 12, 16) and together.index.shape == (*batch, 12, 16)
    for i in np.ndindex(batch):
        single = render_points(
            cloud, Camera(K=K, world_to_camera=pose[i], height=12, width=16), backend=backend
        )
        assert all(torch.equal(getattr(together, name)[i], getattr(single, name)) for name in MAPS)


@pytest.mark.parametrize("backend", BACKENDS)
def test_turning_world_and_camera_together_changes_nothing(backend):
    camera = Camera.from_fov(60.0, height=30, width=40)
    cloud = lifted(1 + torch.linspace(0, 1, 40).expand(30, 40), camera)
    turn = rotation_from_axis_angle(torch.tensor([1.0, 2.0, -1.0]).double(), torch.tensor(0.7).double())
    move = rigid_from(turn, torch.tensor([0.3, -0.2, 0.5]).double())
    turned = Camera(
        K=camera.K, world_to_camera=torch.linalg.inv(move), height=camera.height, width=camera.width
    )
    before = render_points(cloud, camera, backend=backend)
    after = render_points(cloud.transformed(move), turned, backend=backend)
    assert torch.equal(before.index, after.index) and torch.equal(before.rgb, after.rgb)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("slope", [0.0, 0.9])
def test_lifted_picture_seen_from_its_own_camera_is_itself(backend, slope):
    camera = Camera.from_fov(80.0, height=45, width=80)
    depth = 1 + slope * torch.rand(45, 80, generator=torch.Generator().manual_seed(0))
    seen = render_points(lifted(depth, camera), camera, backend=backend)
    assert torch.equal(seen.index, torch.arange(45 * 80).reshape(45, 80))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("gap", [0.03, 0.3, 3.0])
@pytest.mark.parametrize("forward", [1 / 3, 0.5, 0.8])
def test_wall_walked_towards_has_no_cracks_and_hides_the_wall_behind_it(backend, gap, forward):
    camera = Camera.from_fov(60.0, height=90, width=160)
    front, behind = (lifted(torch.full((90, 160), depth), camera) for depth in (1.0, 1.0 + gap))
    pose = torch.eye(4, dtype=torch.float64)
    pose[:3, 3] = torch.tensor([0.011, -0.007, -forward])
    nearer = Camera(K=camera.K, world_to_camera=pose, height=90, width=160)
    seen = render_points(PointCloud.concatenate([behind, front]), nearer, backend=backend)
    assert (seen.index >= len(behind)).all()


@pytest.mark.parametrize("radius", [0.0, 0.4, 0.55, 0.9, 1.3, 3.0])
def test_backends_agree_on_more_points_than_go_through_at_once(radius):
    rng = np.random.default_rng(5)
    cloud = make_cloud(
        rng.uniform((-1, -1, 1), (1, 1, 2), (3000, 3)), radius / 40 * rng.uniform(0.5, 2, 3000)
    )
    camera = lens(40, 44, 30, 20, 60, 40)
    first, second = (render_points(cloud, camera, backend=backend) for backend in BACKENDS)
    assert all(torch.equal(getattr(first, name), getattr(second, name)) for name in MAPS)


def test_pictures_larger_than_the_largest_page_do_not_overlap_in_memory():
    camera = Camera.from_fov(60.0, height=500, width=700)
    cloud = make_cloud([[0, 0, 2.0]], 9.0, [[0.1, 0.2, 0.3]])
    seen = render_points(cloud, camera, backend="cpu")
    index, depth = (torch.full((500, 700), value) for value in (-1, 0.0))
    index[seen.known], depth[seen.known] = 0, 2.0
    assert torch.equal(seen.index, index.int()) and torch.equal(seen.depth, depth)
    assert torch.equal(seen.rgb, torch.tensor([0.1, 0.2, 0.3])[:, None, None] * seen.known)
    assert seen.known.sum() == pytest.approx(math.pi * MAX_FOOTPRINT_PX**2, rel=0.05)


class Questions(TorchDispatchMode):
    """Counts what makes a device finish all its work and answer."""

    ASKS = ("_local_scalar_dense", "nonzero", "masked_select", "unique", "bincount", "equal")

    def __init__(self):
        super().__init__()
        self.asked = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        name = function.overloadpacket.__name__
        picks = name in ("index", "index_put", "index_put_") and any(
            i is not None and i.dtype == torch.bool for i in args[1]
        )
        sized = name == "repeat_interleave" and not (kwargs or {}).get("output_size")
        self.asked += picks or sized or any(name.startswith(start) for start in self.ASKS)
        return function(*args, **(kwargs or {}))


@pytest.mark.parametrize(("at_once", "groups"), [(2**22, 1), (1000, 3)])
def test_torch_backend_waits_for_the_device_once_a_group_of_frames(monkeypatch, at_once, groups):
    monkeypatch.setattr(scatter, "AT_ONCE", at_once)
    rng = np.random.default_rng(3)
    cloud = make_cloud(rng.uniform((-1, -1, 1), (1, 1, 2), (300, 3)), 0.1)
    camera = Camera.from_fov(60.0, height=12, width=16)
    poses = camera.world_to_camera.repeat(7, 1, 1)
    poses[:, 2, 3] = torch.linspace(0, -0.5, 7)
    cameras = Camera(K=camera.K.expand(7, 3, 3), world_to_camera=poses, height=12, width=16)
    with Questions() as device:
        together = scatter.render(cloud, cameras)
    assert device.asked == groups + 1  # and once whether all points can be drawn
    alone = render_points(cloud, cameras, backend="cpu")
    assert all(torch.equal(getattr(together, name), getattr(alone, name)) for name in MAPS)


@pytest.mark.parametrize("threads", [1, 3])
def test_number_of_threads_changes_nothing(threads):
    rng = np.random.default_rng(0)
    cloud = make_cloud(rng.uniform((-1, -1, 1), (1, 1, 2), (2000, 3)), 0.02)
    camera = Camera.from_fov(60.0, height=31, width=47)
    usual, before = render_points(cloud, camera, backend="cpu"), torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        other = render_points(cloud, camera, backend="cpu")
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(getattr(usual, name), getattr(other, name)) for name in MAPS)


def test_interrupted_drawing_leaves_nothing_in_the_next_picture(monkeypatch):
    camera = Camera.from_fov(60.0, height=20, width=20)
    front, back = make_cloud([[0, 0, 1.0]], 9.0), make_cloud([[0, 0, 5.0]], 9.0)

    def interrupt(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(cpu, "resolve", interrupt)
        with pytest.raises(KeyboardInterrupt):
            render_points(front, camera, backend="cpu")
    assert (render_points(back, camera, backend="cpu").depth == 5).all()


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_positions_and_radii_that_are_not_finite_are_refused(value, backend):
    camera = Camera.from_fov(60.0, height=2, width=2)
    with pytest.raises(ValueError, match=r"cloud\.positions has 1 values that are NaN or infinite"):
        render_points(make_cloud([[0, value, 1.0], [0, 0, 1.0]]), camera, backend=backend)
    with pytest.raises(ValueError, match=r"cloud\.radii has 2 values that are NaN or infinite"):
        render_points(make_cloud([[0, 0, 1.0]] * 2, value), camera, backend=backend)


@pytest.mark.parametrize("backend", BACKENDS)
def test_huge_finite_positions_are_drawn(backend):
    camera = lens(4, 4, 2, 2, 4, 4)
    cloud = make_cloud([[3e38, 0, 1.0], [3e38, 0, 1.0], [0, 0, 1e15]])
    assert render_points(cloud, camera, backend=backend).index.max() == 2


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("z", [1.0, -1.0])
def test_negative_radius_is_refused_wherever_the_point_is(backend, z):
    camera = Camera.from_fov(60.0, height=2, width=2)
    with pytest.raises(ValueError, match=r"cloud\.radii has a radius of -1; expected >= 0"):
        render_points(make_cloud([[0, 0, z]], -1.0), camera, backend=backend)


@pytest.mark.skipif(
    importlib.util.find_spec("pytorch3d") is None,
    reason="PyTorch3D is not installed; it comes with the conda environment of environment.yml",
)
@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_pytorch3d_equals_the_twin_where_few_footprints_overlap(seed):
    rng = np.random.default_rng(seed)
    cloud = make_cloud(rng.uniform((-2, -2, -1), (2, 2, 4), (40, 3)), rng.uniform(0, 0.2, 40))
    camera = lens(12, 15, 9, 6, *rng.integers(8, 20, 2).tolist())
    assert_agree(cloud, render_points(cloud, camera, backend="pytorch3d"), twin(cloud, camera), camera)


@pytest.mark.skipif(importlib.util.find_spec("pytorch3d") is not None, reason="PyTorch3D is installed")
def test_pytorch3d_backend_says_that_the_package_is_missing():
    cloud, camera = make_cloud([[0, 0, 1.0]]), Camera.from_fov(60.0, height=2, width=2)
    with pytest.raises(ModuleNotFoundError, match="pytorch3d"):
        render_points(cloud, camera, backend="pytorch3d")
