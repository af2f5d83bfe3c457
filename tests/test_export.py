"""Exports: independent readers find what was written."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import trimesh
from scipy.spatial.transform import Rotation

from geometry.camera import Camera
from geometry.cloud import PointCloud
from geometry.lifting import lift
from voyager_lite.export.contact_sheet import depth_picture, write_contact_sheet
from voyager_lite.export.gaussian_ply import turn_to, write_gaussian_ply, write_gaussian_ply_parts
from voyager_lite.export.ply import read_ply, write_ply, write_ply_parts
from voyager_lite.export.video import read_depth_video, read_mp4, write_depth_video, write_mp4


@pytest.fixture
def cloud() -> PointCloud:
    generator = torch.Generator().manual_seed(0)
    return PointCloud(
        positions=torch.randn(50, 3, generator=generator),
        colors=torch.randint(0, 256, (50, 3), generator=generator).float() / 255,
        normals=torch.nn.functional.normalize(torch.randn(50, 3, generator=generator), dim=-1),
        radii=torch.rand(50, generator=generator) + 0.1,
        sky=torch.arange(50) >= 40,
    )


def test_ply_comes_back_bit_for_bit_without_the_sky(cloud: PointCloud, tmp_path: Path) -> None:
    assert write_ply(tmp_path / "a.ply", cloud) == 40
    back = read_ply(tmp_path / "a.ply")
    for name in ("positions", "colors", "normals", "radii", "sky"):
        assert torch.equal(getattr(back, name), getattr(cloud.matter, name))


def test_ply_keeps_the_sky_where_asked(cloud: PointCloud, tmp_path: Path) -> None:
    assert write_ply(tmp_path / "a.ply", cloud, with_sky=True) == 50


def test_trimesh_reads_our_ply(cloud: PointCloud, tmp_path: Path) -> None:
    write_ply(tmp_path / "a.ply", cloud)
    read = trimesh.load(tmp_path / "a.ply")
    assert np.array_equal(read.vertices, cloud.matter.positions.numpy())
    assert np.array_equal(read.colors[:, :3], (cloud.matter.colors * 255).round().numpy())


@pytest.mark.parametrize(
    ("whole", "in_parts"), [(write_ply, write_ply_parts), (write_gaussian_ply, write_gaussian_ply_parts)]
)
def test_a_file_written_in_parts_is_the_same_and_whole_or_not_there(
    cloud: PointCloud,
    tmp_path: Path,
    whole: Callable[..., int],
    in_parts: Callable[..., None],
) -> None:
    count = whole(tmp_path / "whole.ply", cloud)
    parts = [cloud[:7], cloud[7:7], cloud[7:45], cloud[45:]]
    in_parts(tmp_path / "parts.ply", iter(parts), count=count)
    assert (tmp_path / "parts.ply").read_bytes() == (tmp_path / "whole.ply").read_bytes()
    with pytest.raises(ValueError, match="40 points came where 41 were announced"):
        in_parts(tmp_path / "short.ply", parts, count=count + 1)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["parts.ply", "whole.ply"]


def test_open3d_reads_our_ply(cloud: PointCloud, tmp_path: Path) -> None:
    open3d = pytest.importorskip(
        "open3d", reason="Open3D or its system libraries are not installed", exc_type=ImportError
    )
    write_ply(tmp_path / "a.ply", cloud)
    read = open3d.io.read_point_cloud(str(tmp_path / "a.ply"))
    assert np.allclose(np.asarray(read.points), cloud.matter.positions.numpy())
    assert np.allclose(np.asarray(read.normals), cloud.matter.normals.numpy())
    assert np.allclose(np.asarray(read.colors), cloud.matter.colors.numpy(), atol=1e-6)


def test_open3d_reads_our_gaussians(cloud: PointCloud, tmp_path: Path) -> None:
    open3d = pytest.importorskip(
        "open3d", reason="Open3D or its system libraries are not installed", exc_type=ImportError
    )
    assert write_gaussian_ply(tmp_path / "a.ply", cloud) == 40
    read, matter = open3d.t.io.read_point_cloud(str(tmp_path / "a.ply")).point, cloud.matter
    assert np.array_equal(read.positions.numpy(), matter.positions.numpy())
    assert np.array_equal(read.normals.numpy(), matter.normals.numpy())
    # The constant harmonic is 0.28209; 0.5 + 0.28209 f_dc is the colour (Kerbl et al.).
    assert np.allclose(0.28209479 * read["f_dc"].numpy() + 0.5, matter.colors.numpy(), atol=1e-6)
    opacity = 1 / (1 + np.exp(-read["opacity"].numpy()))
    assert np.allclose(opacity, 0.99, atol=1e-6)
    width = read["scale"].numpy()  # Open3D takes the exponential itself.
    assert np.allclose(width[:, :2] / matter.radii.numpy()[:, None], 0.65, atol=1e-5)
    assert np.allclose(width[:, 2], 0.05 * width[:, 0], rtol=1e-5)
    w, x, y, z = read["rot"].numpy().astype(np.float64).T
    turned = Rotation.from_quat(np.stack([x, y, z, w], axis=-1)).apply([0.0, 0.0, 1.0])
    assert np.allclose(turned, matter.normals.numpy(), atol=1e-6)


def test_trimesh_reads_every_column_of_our_gaussians(cloud: PointCloud, tmp_path: Path) -> None:
    assert write_gaussian_ply(tmp_path / "a.ply", cloud, with_sky=True) == 50
    columns = trimesh.load(tmp_path / "a.ply").metadata["_ply_raw"]["vertex"]["properties"]
    shs = [f"f_dc_{k}" for k in range(3)]
    scales, turn = [f"scale_{k}" for k in range(3)], [f"rot_{k}" for k in range(4)]
    assert list(columns) == ["x", "y", "z", "nx", "ny", "nz", *shs, "opacity", *scales, *turn]


@pytest.mark.parametrize("normal", [(0, 0, 1), (0, 0, -1), (1, 0, 0), (0, -1, 0), (1e-4, 0, -1)])
def test_gaussians_turn_the_short_way_to_every_normal(normal: tuple[float, ...]) -> None:
    unit = torch.nn.functional.normalize(torch.tensor([normal], dtype=torch.float32), dim=-1)
    w, x, y, z = turn_to(unit)[0].double().tolist()
    turn = Rotation.from_quat([x, y, z, w])
    assert np.allclose(turn.apply([0, 0, 1]), unit[0].numpy(), atol=1e-5)
    assert np.isclose(turn.magnitude(), np.arccos(np.clip(float(unit[0, 2]), -1, 1)), atol=1e-3)


def test_gaussians_show_the_picture_from_its_own_camera(tmp_path: Path) -> None:
    """Composited plainly, front to back, without the blur that renderers add."""
    camera = Camera.from_fov(60.0, height=16, width=20)
    y, x = torch.meshgrid(torch.linspace(0, 1, 16), torch.linspace(0, 1, 20), indexing="ij")
    picture = torch.stack([x, y, 0.5 + 0.5 * torch.sin(6 * x * y)])
    depth = 2 + 0.5 * x  # a slanted wall
    points = lift(picture, depth, camera, valid=torch.ones_like(depth, dtype=torch.bool))
    write_gaussian_ply(tmp_path / "a.ply", points)
    rows = np.fromfile(tmp_path / "a.ply", "<f4", offset=(tmp_path / "a.ply").stat().st_size - 320 * 17 * 4)
    rgb, hidden = splatted(rows.reshape(320, 17).astype(np.float64), camera)
    inside = (slice(None), slice(1, -1), slice(1, -1))
    assert hidden[inside[1:]].min() > 0.9
    error = (rgb / hidden - picture.numpy())[inside]
    assert -10 * np.log10((error**2).mean()) > 30


def splatted(rows: np.ndarray, camera: Camera) -> tuple[np.ndarray, np.ndarray]:
    """RGB and opacity at pixel centres, by the local affine projection of Zwicker et al., "EWA Splatting"."""
    K = camera.K.numpy()
    grid = np.stack(np.meshgrid(np.arange(20) + 0.5, np.arange(16) + 0.5), axis=-1)
    rgb, clear = np.zeros((3, 16, 20)), np.ones((16, 20))
    for row in rows[rows[:, 2].argsort()]:
        position, _, f_dc, opacity, scale, turn = np.split(row, [3, 6, 9, 10, 13])
        x, y, z = position
        axes = Rotation.from_quat(turn[[1, 2, 3, 0]]).as_matrix() * np.exp(scale)
        slope = np.array([[K[0, 0] / z, 0, -K[0, 0] * x / z**2], [0, K[1, 1] / z, -K[1, 1] * y / z**2]])
        spread = np.linalg.inv(slope @ axes @ axes.T @ slope.T)
        offset = grid - (K[:2, :2] @ position[:2] / z + K[:2, 2])
        distance = np.einsum("...i,ij,...j", offset, spread, offset)
        alpha = np.exp(-distance / 2) / (1 + np.exp(-opacity))
        rgb += clear * alpha * (0.5 + f_dc * 0.28209479)[:, None, None]
        clear *= 1 - alpha
    return rgb, 1 - clear


def test_a_foreign_or_short_ply_is_refused(cloud: PointCloud, tmp_path: Path) -> None:
    trimesh.creation.box().export(tmp_path / "box.ply")
    with pytest.raises(ValueError, match="not a point cloud of ours"):
        read_ply(tmp_path / "box.ply")
    write_ply(tmp_path / "a.ply", cloud)
    (tmp_path / "a.ply").write_bytes((tmp_path / "a.ply").read_bytes()[:-10])
    with pytest.raises(ValueError, match="40 vertices need"):
        read_ply(tmp_path / "a.ply")


def a_film(frames: int) -> list[torch.Tensor]:
    y, x = torch.meshgrid(torch.linspace(0, 1, 48), torch.linspace(0, 1, 64), indexing="ij")
    return [torch.stack([x, y, torch.full_like(x, i / frames)]) for i in range(frames)]


def test_mp4_shows_what_was_written(tmp_path: Path) -> None:
    film = a_film(5)
    assert write_mp4(tmp_path / "a.mp4", film, fps=24.0) == 5
    back = list(read_mp4(tmp_path / "a.mp4"))
    assert len(back) == 5
    for ours, theirs in zip(back, film, strict=True):
        assert float((ours - theirs).square().mean()) < 10**-3.5  # 35 dB


def test_the_same_film_gives_the_same_bytes(tmp_path: Path) -> None:
    codes = [torch.randint(0, 65536, (48, 64), dtype=torch.int32) for _ in range(3)]
    for name in ("a", "b"):
        write_mp4(tmp_path / f"{name}.mp4", a_film(3), fps=24.0)
        write_depth_video(tmp_path / f"{name}.mkv", codes, fps=24.0)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()
    assert (tmp_path / "a.mkv").read_bytes() == (tmp_path / "b.mkv").read_bytes()


def test_depth_video_is_lossless(tmp_path: Path) -> None:
    codes = [torch.randint(0, 65536, (48, 65), dtype=torch.int32) for _ in range(3)]
    write_depth_video(tmp_path / "a.mkv", codes, fps=24.0)
    for ours, theirs in zip(read_depth_video(tmp_path / "a.mkv"), codes, strict=True):
        assert torch.equal(ours, theirs)


def test_a_film_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    write_mp4(tmp_path / "a.mp4", a_film(2), fps=24.0)
    before = (tmp_path / "a.mp4").read_bytes()

    def broken() -> object:
        yield a_film(1)[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_mp4(tmp_path / "a.mp4", broken(), fps=24.0)
    assert (tmp_path / "a.mp4").read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["a.mp4"]


def test_nearer_is_brighter_and_nothing_is_black() -> None:
    picture = depth_picture(torch.tensor([[1.0, 2.0, 4.0, 0.0]]), near=1.0, far=4.0)
    brightness = picture.mean(0)[0]
    assert brightness[0] > brightness[1] > brightness[2] > brightness[3] == 0


def test_the_contact_sheet_has_a_cell_for_every_frame(tmp_path: Path) -> None:
    from PIL import Image

    film = a_film(3)
    write_contact_sheet(
        tmp_path / "a.png", {"top": film, "below": film}, columns=["0", "1", "2"], cell_width=64
    )
    with Image.open(tmp_path / "a.png") as sheet:
        width, height = sheet.size
    assert width == 8 + 3 * (64 + 8)
    assert height == 8 + 22 + 2 * (22 + 48 + 8)


def test_a_width_that_is_no_multiple_of_16_gives_the_same_bytes_too(tmp_path: Path) -> None:
    generator = torch.Generator().manual_seed(0)
    film = [torch.rand(3, 100, 148, generator=generator) for _ in range(30)]
    written = set()
    for _ in range(4):
        write_mp4(tmp_path / "a.mp4", film, fps=24.0)
        written.add((tmp_path / "a.mp4").read_bytes())
    assert len(written) == 1
