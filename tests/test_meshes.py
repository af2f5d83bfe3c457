"""Meshes: what trimesh and Open3D find in them is the surface the frames show."""

import json
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import trimesh
from torch import Tensor

from geometry.camera import Camera
from geometry.cloud import PointCloud
from geometry.lifting import lift
from geometry.projection import project, world_points
from geometry.rigid import look_at, transform_points
from voyager_lite.errors import VoyagerLiteError
from voyager_lite.export.glb import frusta, write_glb
from voyager_lite.export.mesh import voxel_for, write_poisson_mesh, write_tsdf_mesh
from voyager_lite.export.surface import sheet, sheets

HEIGHT, WIDTH = 48, 64


def around(count: int) -> Camera:
    """Cameras on a circle of radius 4, which look at the origin."""
    angles = torch.linspace(0, 2 * torch.pi, count + 1, dtype=torch.float64)[:-1]
    centers = 4 * torch.stack([angles.sin(), 0 * angles - 0.2, -angles.cos()], dim=-1)
    pose = look_at(centers, torch.zeros(3).double(), torch.tensor([0.0, 1.0, 0.0]).double())
    K = Camera.from_fov(40.0, height=HEIGHT, width=WIDTH).K.clone()
    K[:2, 2] += torch.tensor([1.5, -2.5])
    return Camera(K=K, world_to_camera=pose, height=HEIGHT, width=WIDTH)


def ball(cameras: Camera) -> list[tuple[Tensor, Tensor]]:
    """Frames of a unit sphere at the origin, coloured by place; depth 0 beside it."""
    frames = []
    for number in range(len(cameras)):
        center = cameras[number].center
        ray = world_points(torch.ones(HEIGHT, WIDTH, dtype=torch.float64), cameras[number]) - center
        half, length = -(ray @ center), (ray * ray).sum(-1)
        inside = half**2 - length * (center @ center - 1)
        depth = torch.where(inside > 0, (half - inside.clamp(min=0).sqrt()) / length, 0.0)
        place = (center + ray * depth[..., None]) / 2 + 0.5
        image = torch.where(inside[..., None] > 0, place, 0.0).permute(2, 0, 1)
        frames.append(((image * 255).round().float() / 255, depth.float()))
    return frames


def test_a_wall_becomes_two_triangles_for_four_pixels_that_face_the_camera() -> None:
    camera = Camera.from_fov(60.0, height=4, width=6)
    everywhere = torch.ones(4, 6, dtype=torch.bool)
    wall = sheet(torch.rand(3, 4, 6), torch.full((4, 6), 2.0), camera, valid=everywhere, wanted=everywhere)
    assert len(wall.triangles) == 2 * 3 * 5
    first, second, third = wall.positions[wall.triangles].unbind(1)
    assert bool((torch.linalg.cross(second - first, third - first)[:, 2] < 0).all())
    pixels, depth = project(wall.positions.double(), camera.K)
    torch.testing.assert_close(pixels.float(), wall.pixels)
    torch.testing.assert_close(depth, torch.full_like(depth, 2.0))


def test_a_break_in_depth_cuts_the_sheet() -> None:
    camera = Camera.from_fov(60.0, height=20, width=24)
    depth = torch.full((20, 24), 4.0)
    depth[:, 12:] = 2.0
    everywhere = torch.ones_like(depth, dtype=torch.bool)
    cut = sheet(torch.zeros(3, 20, 24), depth, camera, valid=everywhere, wanted=everywhere)
    corners = cut.positions[cut.triangles][..., 2]
    assert torch.equal(corners.amin(dim=1), corners.amax(dim=1))
    assert len(cut.triangles) == 2 * 19 * (11 + 11)


def test_only_triangles_at_wanted_pixels_are_kept() -> None:
    camera = Camera.from_fov(60.0, height=6, width=6)
    everywhere = torch.ones(6, 6, dtype=torch.bool)
    one = torch.zeros_like(everywhere)
    one[2, 3] = True
    piece = sheet(torch.zeros(3, 6, 6), torch.full((6, 6), 2.0), camera, valid=everywhere, wanted=one)
    assert len(piece.triangles) == 6  # those that meet at one corner of a grid cut along one diagonal
    assert bool((piece.pixels[piece.triangles] == torch.tensor([3.5, 2.5])).all(-1).any(-1).all())


def test_a_surface_seen_again_is_not_meshed_again() -> None:
    cameras = around(5)[torch.tensor([0, 0, 1, 1, 0])]
    pieces = list(sheets(ball(cameras), cameras, sky_from=100.0))
    assert len(pieces) == 2
    assert len(pieces[1].triangles) < 0.8 * len(pieces[0].triangles)


def test_trimesh_reads_our_glb(tmp_path: Path) -> None:
    cameras = around(4)
    frames = ball(cameras)
    count = write_glb(tmp_path / "a.glb", sheets(frames, cameras, sky_from=100.0), cameras)
    scene = trimesh.load(tmp_path / "a.glb")
    assert sum(len(mesh.faces) for mesh in scene.geometry.values()) == count
    assert len(scene.geometry) == 4
    for mesh, (image, _) in zip(scene.geometry.values(), frames, strict=True):
        place = mesh.vertices * [1, -1, -1]  # glTF's y is up
        assert np.allclose(np.linalg.norm(place, axis=-1), 1, atol=1e-6)
        texture = np.asarray(mesh.visual.material.baseColorTexture.convert("RGB"))
        assert np.array_equal(texture, (image * 255).round().permute(1, 2, 0).numpy())
        shown = mesh.visual.material.to_color(mesh.visual.uv)[:, :3]
        assert np.allclose(shown / 255, place / 2 + 0.5, atol=0.51 / 255)
        # Counter-clockwise from outside, which on a ball around the origin is outwards.
        assert bool(((mesh.face_normals * mesh.triangles_center).sum(-1) > 0).all())


def chunk(file: Path) -> dict[str, object]:
    """The JSON of a binary glTF, read by its specification."""
    magic, version, length, size, kind = struct.unpack_from("<4sII I4s", data := file.read_bytes())
    assert (magic, version, length, kind) == (b"glTF", 2, len(data), b"JSON")
    return dict(json.loads(data[20 : 20 + size]))


def test_a_glb_keeps_the_cameras_to_the_bit(tmp_path: Path) -> None:
    cameras = around(3)
    write_glb(tmp_path / "a.glb", sheets(ball(cameras), cameras, sky_from=100.0), cameras)
    kept = chunk(tmp_path / "a.glb")["scenes"][0]["extras"]["cameras"]  # type: ignore[index]
    assert kept["K"] == cameras.K.tolist()
    assert kept["world_to_camera"] == cameras.world_to_camera.tolist()
    assert (kept["width"], kept["height"]) == (WIDTH, HEIGHT)


def test_frusta_are_drawn_where_asked(tmp_path: Path) -> None:
    cameras = around(3)
    pieces = list(sheets(ball(cameras), cameras, sky_from=100.0))
    write_glb(tmp_path / "without.glb", pieces, cameras)
    write_glb(tmp_path / "with.glb", pieces, cameras, frustum_depth=0.5)
    assert "cameras" not in trimesh.load(tmp_path / "without.glb").geometry
    lines = trimesh.load(tmp_path / "with.glb").geometry["cameras"]
    drawn = (lines.vertices * [1, -1, -1]).round(4) + 0.0
    for center in cameras.center.float().numpy().round(4):
        assert bool((np.abs(drawn - center).max(axis=-1) < 1e-3).any())


def test_a_frustum_ends_at_the_corners_of_the_picture() -> None:
    cameras = around(3)
    lines = frusta(cameras, depth=0.5).reshape(3, 8, 2, 3).double()
    ends = transform_points(cameras.world_to_camera[:, None], lines[:, :4, 1])
    pixels, depth = project(ends, cameras.K[:, None])
    torch.testing.assert_close(depth, torch.full_like(depth, 0.5), rtol=0, atol=1e-6)
    corners = torch.tensor([[0.0, 0], [WIDTH, 0], [WIDTH, HEIGHT], [0, HEIGHT]]).double()
    torch.testing.assert_close(pixels, corners.expand(3, 4, 2), rtol=0, atol=1e-3)


def test_a_world_without_surface_is_refused_and_leaves_no_file(tmp_path: Path) -> None:
    cameras = around(2)
    with pytest.raises(ValueError, match=r"a\.glb: the world shows no surface"):
        write_glb(tmp_path / "a.glb", [], cameras)
    with pytest.raises(ValueError, match=r"a\.ply: the world shows no surface"):
        write_poisson_mesh(tmp_path / "a.ply", PointCloud.empty())
    assert not list(tmp_path.iterdir())


open3d_reason = "Open3D or its system libraries are not installed"


def test_fused_depth_is_the_ball(tmp_path: Path) -> None:
    pytest.importorskip("open3d", reason=open3d_reason, exc_type=ImportError)
    cameras = around(8)
    frames = ball(cameras)
    far = [(rgb, torch.where(depth > 0, depth, 50.0)) for rgb, depth in frames]  # sky, which is left out
    count = write_tsdf_mesh(tmp_path / "a.ply", far, cameras, voxel=0.05, sky_from=20.0)
    mesh = trimesh.load(tmp_path / "a.ply")
    assert len(mesh.faces) == count > 1000
    off = np.abs(np.linalg.norm(mesh.vertices, axis=-1) - 1)
    assert np.quantile(off, 0.95) < 0.03
    # Not mirrored, not shifted: the colour says where a vertex should be.
    shift = mesh.visual.vertex_colors[:, :3] / 255 - (mesh.vertices / 2 + 0.5)
    assert np.abs(np.median(shift, axis=0)).max() < 0.01


def test_a_surface_through_points_is_the_ball(tmp_path: Path) -> None:
    pytest.importorskip("open3d", reason=open3d_reason, exc_type=ImportError)
    cameras = around(8)
    frames = [
        lift(image, depth, cameras[k], valid=depth > 0) for k, (image, depth) in enumerate(ball(cameras))
    ]
    count = write_poisson_mesh(tmp_path / "a.ply", PointCloud.concatenate(frames))
    mesh = trimesh.load(tmp_path / "a.ply")
    assert len(mesh.faces) == count > 1000
    near = np.abs(mesh.vertices[:, 1]) < 0.7  # the poles are seen at a grazing angle or not at all
    assert np.quantile(np.abs(np.linalg.norm(mesh.vertices[near], axis=-1) - 1), 0.95) < 0.03


def test_without_open3d_one_line_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "open3d", None)
    with pytest.raises(VoyagerLiteError, match=r"this mesh needs Open3D .*pip install open3d-cpu"):
        write_tsdf_mesh(tmp_path / "a.ply", [], around(2), voxel=0.1, sky_from=10.0)


def test_voxels_follow_the_spacing_of_the_points_until_there_are_too_many() -> None:
    def wall(count: int, radius: float) -> PointCloud:
        rows = torch.zeros(count, 3)
        return PointCloud(
            positions=rows,
            colors=rows,
            normals=rows,
            radii=torch.full((count,), radius),
            sky=torch.zeros(count, dtype=torch.bool),
        )

    spacing = 0.01  # a pixel's disc has 1.2 times half the diagonal of its cell
    radius = 1.2 * spacing * 2**0.5 / 2
    assert voxel_for(wall(100, radius)) == pytest.approx(1.5 * spacing)
    assert voxel_for(wall(10_000_000, radius)) > 3 * spacing
    assert voxel_for(PointCloud.empty()) > 0
