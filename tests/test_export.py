"""Exports: independent readers find what was written."""

from pathlib import Path

import numpy as np
import pytest
import torch
import trimesh

from geometry.cloud import PointCloud
from voyager_lite.export.contact_sheet import depth_picture, write_contact_sheet
from voyager_lite.export.ply import read_ply, write_ply
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


def test_open3d_reads_our_ply(cloud: PointCloud, tmp_path: Path) -> None:
    open3d = pytest.importorskip(
        "open3d", reason="Open3D or its system libraries are not installed", exc_type=ImportError
    )
    write_ply(tmp_path / "a.ply", cloud)
    read = open3d.io.read_point_cloud(str(tmp_path / "a.ply"))
    assert np.allclose(np.asarray(read.points), cloud.matter.positions.numpy())
    assert np.allclose(np.asarray(read.normals), cloud.matter.normals.numpy())
    assert np.allclose(np.asarray(read.colors), cloud.matter.colors.numpy(), atol=1e-6)


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
