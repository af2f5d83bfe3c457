"""Every format of a world: written whole, named in the help, and read by somebody else."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
import torch
import trimesh
from PIL import Image

from geometry.camera import Camera
from geometry.lifting import lift
from geometry.rigid import look_at
from voyager_lite.cli import main
from voyager_lite.clip import Clip
from voyager_lite.export.cameras_json import read_cameras_json
from voyager_lite.export.condition import read_condition
from voyager_lite.export.formats import FORMATS, export_world
from voyager_lite.export.ply import read_ply
from voyager_lite.opening import Opening, storable
from voyager_lite.paths import read_camera_file
from voyager_lite.world.frames import quantized
from voyager_lite.world.world import World

HEIGHT, WIDTH, FRAMES = 36, 64, 3
NEED_OPEN3D = {"mesh", "mesh-poisson"}


def cameras() -> Camera:
    """To the right along a wall, with a lens off the centre."""
    centers = torch.zeros(FRAMES, 3, dtype=torch.float64)
    centers[:, 0] = torch.linspace(0, 1 / 3, FRAMES)
    pose = look_at(centers, torch.tensor([0.1, 0.2, 3.0]).double(), torch.tensor([0.0, 1.0, 0.0]).double())
    K = Camera.from_fov(60.0, height=HEIGHT, width=WIDTH).K.clone()
    K[:2, 2] += torch.tensor([0.25, -0.5])
    return Camera(K=K, world_to_camera=pose, height=HEIGHT, width=WIDTH)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Three measured frames of a bumpy wall; one pixel without depth. Tests only read it."""
    y, x = torch.meshgrid(torch.linspace(0, 1, HEIGHT), torch.linspace(0, 1, WIDTH), indexing="ij")
    rgb = torch.stack([torch.stack([x, y, 0 * x + k / FRAMES]) for k in range(FRAMES)])
    depth = (3 + 0.2 * torch.sin(6 * x)).repeat(FRAMES, 1, 1)
    depth[:, 5, 7] = 0
    clip = quantized(Clip(rgb=rgb, depth=depth, cameras=cameras()))
    points = [
        storable(lift(clip.rgb[k], clip.depth[k], cameras()[k], valid=clip.depth[k] > 0)) for k in range(3)
    ]
    origin: dict[str, object] = {"image": "wall", "depth": "made", "metric": True, "sky_distance": 40.0}
    opening = Opening(clip=clip[:1], cloud=points[0], fps=12.0, origin=origin)
    world = World.create(tmp_path_factory.mktemp("formats") / "world", opening)
    known = torch.ones(2, HEIGHT, WIDTH, dtype=torch.bool)
    entered = world.cache.add(points[2], cameras()[2])
    world.commit(clip[1:], known=known, points=entered, first_frame=1, making={})
    with world:
        yield world


def written(world: World, folder: Path, format: str) -> Path:
    if format in NEED_OPEN3D:
        pytest.importorskip("open3d", reason="Open3D is not installed", exc_type=ImportError)
    target = folder / f"out{FORMATS[format].suffix}"
    files = export_world(world, target, format=format)
    assert files and all(file.exists() and file.is_relative_to(target) for file in files)
    return target


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_is_written_whole_and_leaves_nothing_else(
    world: World, tmp_path: Path, format: str
) -> None:
    target = written(world, tmp_path / "new", format)
    assert [entry.name for entry in (tmp_path / "new").iterdir()] == [target.name]
    files = [target] if target.is_file() else [file for file in target.rglob("*") if file.is_file()]
    assert files and all(file.stat().st_size > 0 for file in files)
    assert not [file for file in files if "partial" in file.name]


CAMERA_FILES = {
    "cameras": ("", 0.0),
    "realestate10k": ("", 1e-15),
    "nerfstudio": ("transforms.json", 1e-14),
    "colmap": ("", 1e-15),
    "colmap-binary": ("", 1e-15),
}


@pytest.mark.parametrize(("format", "inside"), [(k, v[0]) for k, v in CAMERA_FILES.items()])
def test_exported_cameras_are_the_given_ones(world: World, tmp_path: Path, format: str, inside: str) -> None:
    target = written(world, tmp_path, format)
    found = read_camera_file(target / inside if inside else target, size=(HEIGHT, WIDTH)).cameras
    tolerance = CAMERA_FILES[format][1]
    torch.testing.assert_close(found.K, cameras().K, rtol=tolerance, atol=0)
    torch.testing.assert_close(found.world_to_camera, cameras().world_to_camera, rtol=0, atol=tolerance)


def test_a_nerfstudio_data_set_is_complete(world: World, tmp_path: Path) -> None:
    target = written(world, tmp_path, "nerfstudio")
    record = json.loads((target / "transforms.json").read_text())
    assert len(record["frames"]) == FRAMES
    for number, frame in enumerate(record["frames"]):
        with Image.open(target / frame["file_path"]) as picture:
            assert picture.size == (WIDTH, HEIGHT)
        with Image.open(target / frame["depth_file_path"]) as picture:
            depth = np.asarray(picture) * 0.001  # nerfstudio's default unit
        assert np.allclose(depth, world.depth(number).numpy(), atol=0.51e-3)
        assert depth[5, 7] == 0
    points = trimesh.load(target / record["ply_file_path"])
    assert np.array_equal(points.vertices, world.cloud.matter.positions.numpy())


@pytest.mark.parametrize("format", ["colmap", "colmap-binary"])
def test_pycolmap_reads_an_exported_world(world: World, tmp_path: Path, format: str) -> None:
    pycolmap = pytest.importorskip("pycolmap")
    target = written(world, tmp_path, format)
    model = pycolmap.Reconstruction(str(target / "sparse" / "0"))
    assert len(model.points3D) == len(world.cloud.matter)
    for image in model.images.values():
        assert (target / "images" / image.name).is_file()


@pytest.mark.parametrize("format", ["depth-exr", "depth-npy", "depth-png"])
def test_depth_is_read_by_others(world: World, tmp_path: Path, format: str) -> None:
    target = written(world, tmp_path, format)
    for number in range(FRAMES):
        file = target / f"frame_{number:05d}.{format.removeprefix('depth-')}"
        if format == "depth-exr":
            OpenEXR = pytest.importorskip("OpenEXR")
            with OpenEXR.File(str(file)) as opened:
                depth = opened.channels()["Z"].pixels
        elif format == "depth-npy":
            depth = np.load(file, allow_pickle=False)
        else:
            with Image.open(file) as picture:
                depth = np.asarray(picture) * 0.001
        none = depth[5, 7] == 0 if format == "depth-png" else np.isnan(depth[5, 7])
        assert none
        exact = world.depth(number).numpy()
        there = exact > 0
        assert np.abs(depth - exact)[there].max() <= (0.51e-3 if format == "depth-png" else 0)


def test_pyav_finds_every_frame_of_the_videos(world: World, tmp_path: Path) -> None:
    for format, codec in (("mp4", "h264"), ("depth-video", "ffv1")):
        with av.open(str(written(world, tmp_path, format))) as container:
            assert container.streams.video[0].codec_context.name == codec
            assert float(container.streams.video[0].average_rate) == 12.0
            assert len(list(container.decode(video=0))) == FRAMES


def test_voyager_gets_what_the_photograph_shows(world: World, tmp_path: Path) -> None:
    condition = read_condition(written(world, tmp_path, "voyager"))
    assert len(condition) == FRAMES
    first, last = condition[0], condition[FRAMES - 1]
    assert float(first.known.float().mean()) > 0.95
    assert float(last.known.float().mean()) < float(first.known.float().mean())
    assert condition.cameras is not None
    assert torch.equal(condition.cameras.world_to_camera, cameras().world_to_camera)
    # From the photograph's own camera the world looks like the photograph.
    error = (first.rgb - condition.reference)[:, 60:-60, 60:-60]
    error = error[:, first.known[60:-60, 60:-60]]
    assert -10 * float(error.square().mean().log10()) > 30
    assert float((last.depth[last.known] - 3).abs().max()) < 0.5


def test_the_ending_names_the_format(world: World, tmp_path: Path) -> None:
    export_world(world, tmp_path / "a.ply")
    assert len(read_ply(tmp_path / "a.ply")) == len(world.cloud.matter)
    export_world(world, tmp_path / "a.json")
    assert torch.equal(read_cameras_json(tmp_path / "a.json").cameras.K, cameras().K)


def test_a_folder_that_holds_something_is_not_touched(world: World, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    with pytest.raises(FileExistsError, match="mine: is not empty; choose a new or empty folder"):
        export_world(world, tmp_path / "mine", format="frames")
    (tmp_path / "file").write_text("dear")
    with pytest.raises(NotADirectoryError, match="file: is a file; this format fills a folder"):
        export_world(world, tmp_path / "file", format="colmap")
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")) == [
        "file",
        "mine",
        "mine/letter.txt",
    ]


@pytest.mark.parametrize("format", FORMATS)
def test_a_failure_half_way_leaves_nothing(
    world: World, tmp_path: Path, format: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full when the last of the files, or the folder, is put in its place."""
    if format in NEED_OPEN3D:
        pytest.importorskip("open3d", reason="Open3D is not installed", exc_type=ImportError)
    target, really = tmp_path / f"out{FORMATS[format].suffix}", os.replace

    def full(source: Path, place: Path) -> None:
        if Path(place) == target:
            raise OSError(28, "No space left on device")
        really(source, place)

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        export_world(world, target, format=format)
    assert not list(tmp_path.iterdir())


def test_an_unknown_format_is_one_line_with_the_allowed_ones(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", str(world.folder), str(tmp_path / "a"), "--format", "fbx"]) == 2
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 1
    assert all(name in said for name in ("'fbx'", *FORMATS))
    assert not list(tmp_path.iterdir())


def test_the_help_names_every_format_with_what_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["export", "--help"])
    said = " ".join(capsys.readouterr().out.replace("│", " ").split())
    for name, kind in FORMATS.items():
        assert f"{name} ({kind.suffix or 'folder'}): {kind.about}." in said
