"""Posed RGB-D frames to one cloud."""

import doctest
import importlib
import math
import shutil
import weakref
from pathlib import Path

import pytest
import torch
from torch import Tensor

from geometry.camera import Camera
from geometry.projection import world_points
from geometry.rigid import look_at
from voyager_lite.cli import main
from voyager_lite.export.cameras_json import write_cameras_json
from voyager_lite.export.colmap import write_colmap
from voyager_lite.export.depth_file import write_depth_exr, write_depth_npy, write_depth_png16
from voyager_lite.export.nerfstudio import write_transforms
from voyager_lite.export.png import write_png
from voyager_lite.export.realestate10k import write_realestate10k
from voyager_lite.posed_frames import PosedFrame, PosedFrames, find_posed_frames
from voyager_lite.reconstruct import reconstruct, reconstruct_world
from voyager_lite.world.world import World

HEIGHT, WIDTH, FRAMES = 48, 64, 5


def orbit() -> Camera:
    """Cameras around a unit sphere at the origin, each seeing about half of it."""
    angles = torch.linspace(0, 2 * torch.pi, FRAMES + 1, dtype=torch.float64)[:-1]
    centers = 4 * torch.stack([angles.sin(), 0 * angles, -angles.cos()], dim=-1)
    pose = look_at(centers, torch.zeros(3).double(), torch.tensor([0.0, 1.0, 0.0]).double())
    K = Camera.from_fov(40.0, height=HEIGHT, width=WIDTH).K
    return Camera(K=K, world_to_camera=pose, height=HEIGHT, width=WIDTH)


def sphere_frames(cameras: Camera) -> tuple[Tensor, Tensor, Tensor]:
    """Pictures coloured by the place on the sphere, depth, and where the sphere is."""
    center = cameras.center[:, None, None]
    ray = world_points(torch.ones(FRAMES, HEIGHT, WIDTH, dtype=torch.float64), cameras) - center
    half, length = -(ray * center).sum(-1), (ray * ray).sum(-1)
    inside = half**2 - length * ((center * center).sum(-1) - 1)
    hit = inside > 0
    depth = torch.where(hit, (half - inside.clamp(min=0).sqrt()) / length, torch.zeros_like(half))
    place = center + ray * depth[..., None]
    image = torch.where(hit[..., None], place / 2 + 0.5, torch.zeros_like(place))
    return image.permute(0, 3, 1, 2).float(), depth.float(), hit


def test_sphere_seen_from_all_around_is_closed_and_kept_once() -> None:
    cameras = orbit()
    images, depths, hit = sphere_frames(cameras)
    cloud = reconstruct(images, cameras, depths, valid=hit)
    assert len(cloud) < 0.8 * int(hit.sum())
    # Averaged with what others saw between their pixels: off by the sag of a chord at most.
    sag = (3 / float(cameras.K[0, 0, 0])) ** 2 / 8
    torch.testing.assert_close(cloud.positions.norm(dim=-1), torch.ones(len(cloud)), rtol=0, atol=sag)
    torch.testing.assert_close(cloud.colors, cloud.positions / 2 + 0.5, rtol=0, atol=sag)
    # Every direction of the equator has a point within the spacing of two pixels.
    angles = torch.linspace(0, 2 * torch.pi, 100)[:-1]
    equator = torch.stack([angles.sin(), 0 * angles, angles.cos()], dim=-1)
    spacing = 3 / float(cameras.K[0, 0, 0])
    assert float(torch.cdist(equator, cloud.positions).amin(dim=1).amax()) < 2 * spacing


def test_single_frame_gives_all_its_points() -> None:
    cameras = orbit()[:1]
    images, depths, hit = sphere_frames(orbit())
    assert len(reconstruct(images[:1], cameras, depths[:1], valid=hit[:1])) == int(hit[0].sum())


def test_no_frames_give_no_points() -> None:
    cameras = orbit()[:0]
    nothing = torch.zeros(0, HEIGHT, WIDTH)
    assert len(reconstruct(torch.zeros(0, 3, HEIGHT, WIDTH), cameras, nothing)) == 0


def test_progress_goes_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    images, depths, hit = sphere_frames(orbit())
    reconstruct(images, orbit(), depths, valid=hit, progress=True)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "5/5" in captured.err


def test_bad_frames_are_refused() -> None:
    cameras = orbit()
    images, depths, hit = sphere_frames(cameras)
    with pytest.raises(ValueError, match=r"images have shape \(5, 3, 48, 63\); the cameras expect"):
        reconstruct(images[..., 1:], cameras, depths, valid=hit)
    with pytest.raises(ValueError, match=r"depths have shape \(4, 48, 64\)"):
        reconstruct(images, cameras, depths[1:], valid=hit)
    with pytest.raises(ValueError, match=r"valid have shape \(5, 47, 64\)"):
        reconstruct(images, cameras, depths, valid=hit[:, 1:])
    with pytest.raises(ValueError, match=r"cameras have batch shape \(\)"):
        reconstruct(images, cameras[0], depths, valid=hit)
    with pytest.raises(ValueError, match=r"depths have .* first in frame 0; expected > 0 wherever valid"):
        reconstruct(images, cameras, depths)
    for bad in (math.nan, -1.0, math.inf):
        broken = depths.clone()
        broken[3, 24, 32] = bad
        with pytest.raises(ValueError, match=r"depths have 1 values .* first in frame 3"):
            reconstruct(images, cameras, broken, valid=hit)
    with pytest.raises(ValueError, match="is not a rotation"):
        reconstruct(
            images,
            Camera(K=cameras.K, world_to_camera=2 * cameras.world_to_camera, height=HEIGHT, width=WIDTH),
            depths,
        )


def test_doctest() -> None:
    # The package offers the function under the name of its module, so the module is asked for by name.
    assert doctest.testmod(importlib.import_module("voyager_lite.reconstruct")).failed == 0


# From files to a world.


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    """A folder with color/, depth/ (EXR) and cameras.json, of a sphere before nothing."""
    images, depths, hit = sphere_frames(orbit())
    for name in ("color", "depth"):
        (tmp_path / name).mkdir()
    for k in range(FRAMES):
        write_png(tmp_path / "color" / f"frame_{8 + k}.png", images[k])
        write_depth_exr(tmp_path / "depth" / f"frame_{8 + k}.exr", depths[k], valid=hit[k])
    write_cameras_json(tmp_path / "cameras.json", orbit(), fps=12.0)
    return tmp_path


def found(scan: Path, **changes: Path | float) -> PosedFrames:
    return find_posed_frames(
        scan / "color", **{"cameras": scan / "cameras.json", "depth": scan / "depth", **changes}
    )


def test_the_world_holds_the_frames_as_measured_with_their_cameras_to_the_bit(scan: Path) -> None:
    images, depths, hit = sphere_frames(orbit())
    with reconstruct_world(found(scan), scan / "world") as world:
        assert (len(world), world.fps) == (FRAMES, 12.0)
        assert torch.equal(world.cameras.K, orbit().K)
        assert torch.equal(world.cameras.world_to_camera, orbit().world_to_camera)
        for k in range(FRAMES):
            torch.testing.assert_close(world.rgb(k), images[k], rtol=0, atol=0.51 / 255)
            torch.testing.assert_close(world.depth(k)[hit[k]], depths[k][hit[k]], rtol=2e-4, atol=0)
            assert bool((world.depth(k)[~hit[k]] == 0).all())
        assert world.sky_from > 3 * float(depths.max())


def test_the_worlds_points_are_those_of_reconstruct(scan: Path) -> None:
    images, depths, hit = sphere_frames(orbit())
    images = (images * 255).round() / 255
    whole = reconstruct(images, orbit(), depths, valid=hit)
    with reconstruct_world(found(scan), scan / "world") as world:
        for name in ("positions", "colors", "normals", "radii"):
            torch.testing.assert_close(getattr(world.cloud, name), getattr(whole, name), rtol=0, atol=1e-6)
        assert not bool(world.cloud.sky.any())


def test_clips_of_many_frames_are_the_same_world(scan: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with reconstruct_world(found(scan), scan / "one") as world:
        assert len(world.clips) == 2
        points = world.cloud.positions
    monkeypatch.setattr(importlib.import_module("voyager_lite.reconstruct"), "FRAMES_A_CLIP", 2)
    with reconstruct_world(found(scan), scan / "two") as world:
        assert [len(clip.cameras) for clip in world.clips] == [1, 2, 2]
        assert torch.equal(world.cloud.positions, points)


def test_only_one_clip_of_frames_is_in_memory(scan: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.import_module("voyager_lite.reconstruct"), "FRAMES_A_CLIP", 2)
    alive: weakref.WeakSet[PosedFrame] = weakref.WeakSet()
    most = 0
    read = PosedFrames.__getitem__

    def watched(frames: PosedFrames, number: int) -> PosedFrame:
        nonlocal most
        alive.add(frame := read(frames, number))
        most = max(most, len(alive))
        return frame

    monkeypatch.setattr(PosedFrames, "__getitem__", watched)
    reconstruct_world(found(scan), scan / "world").close()
    assert most <= 4  # the first frame, two of a clip, the one just read


def test_frames_without_depth_add_nothing_and_are_kept(scan: Path) -> None:
    write_depth_exr(scan / "depth" / "frame_10.exr", torch.zeros(HEIGHT, WIDTH))
    with reconstruct_world(found(scan), scan / "world") as world:
        assert len(world) == FRAMES
        assert float(world.depth(2).max()) == 0


def test_a_single_frame_is_a_world(scan: Path) -> None:
    for k in range(1, FRAMES):
        (scan / "color" / f"frame_{8 + k}.png").unlink()
    write_cameras_json(scan / "cameras.json", orbit()[:1], fps=12.0)
    with reconstruct_world(found(scan), scan / "world") as world:
        assert len(world) == 1


@pytest.mark.parametrize(("suffix", "unit"), [(".png", None), (".png", 0.0005), (".npy", 2.0), (".exr", 0.1)])
def test_depth_files_are_read_in_their_unit(scan: Path, suffix: str, unit: float | None) -> None:
    _, depths, hit = sphere_frames(orbit())
    for file in (scan / "depth").iterdir():
        file.unlink()
    for k in range(FRAMES):
        file = scan / "depth" / f"frame_{8 + k}{suffix}"
        if suffix == ".png":
            write_depth_png16(file, depths[k], valid=hit[k], scale=unit or 0.001)
        elif suffix == ".npy":
            write_depth_npy(file, depths[k] / unit, valid=hit[k])
        else:
            write_depth_exr(file, depths[k] / unit, valid=hit[k])
    frame = found(scan, **({} if unit is None else {"unit": unit}))[3]
    assert torch.equal(frame.valid, hit[3])
    torch.testing.assert_close(frame.depth[hit[3]], depths[3][hit[3]], rtol=0, atol=0.51e-3)
    assert bool((frame.depth[~hit[3]] == 0).all())


def test_frames_are_found_by_the_names_of_the_camera_file(
    scan: Path, caplog: pytest.LogCaptureFixture
) -> None:
    order = [3, 0, 4]
    names = [f"color/frame_{8 + k}.png" for k in order]
    write_transforms(scan / "transforms.json", orbit()[torch.tensor(order)], names=names)
    write_colmap(scan / "model", orbit()[torch.tensor(order)], names=[Path(name).name for name in names])
    for file in ("transforms.json", "model"):
        frames = found(scan, cameras=scan / file)
        for number in range(3):
            k = int(frames.pictures[number].stem.removeprefix("frame_")) - 8
            assert frames.depths[number].stem == frames.pictures[number].stem
            torch.testing.assert_close(frames[number].camera.center, orbit()[k].center)
    assert "2 of 5 pictures have no camera and are left out" in caplog.text


def test_names_that_say_color_and_depth_share_a_folder(scan: Path) -> None:
    for k in range(FRAMES):
        (scan / "color" / f"frame_{8 + k}.png").rename(scan / f"frame-{8 + k}.color.png")
        (scan / "depth" / f"frame_{8 + k}.exr").rename(scan / f"frame-{8 + k}.depth.exr")
    frames = find_posed_frames(scan, cameras=scan / "cameras.json", depth=scan)
    assert [file.name for file in frames.pictures] == [f"frame-{8 + k}.color.png" for k in range(FRAMES)]
    assert [file.name for file in frames.depths] == [f"frame-{8 + k}.depth.exr" for k in range(FRAMES)]


def test_times_of_realestate10k_are_no_names(scan: Path) -> None:
    write_realestate10k(scan / "walk.txt", orbit(), fps=12.0)
    frames = found(scan, cameras=scan / "walk.txt")
    torch.testing.assert_close(frames.cameras.K, orbit().K)
    assert [file.name for file in frames.pictures][:3] == ["frame_8.png", "frame_9.png", "frame_10.png"]


def break_scan(scan: Path, how: str) -> None:
    color, depth = scan / "color", scan / "depth"
    if how == "no folder":
        shutil.rmtree(depth)
    elif how == "empty folder":
        shutil.rmtree(color)
        color.mkdir()
    elif how == "fewer pictures":
        (color / "frame_9.png").unlink()
    elif how == "fewer depth maps":
        (depth / "frame_9.exr").unlink()
    elif how == "smaller depth":
        write_depth_exr(depth / "frame_9.exr", torch.ones(HEIGHT, WIDTH // 2))
    elif how == "smaller picture":
        write_png(color / "frame_9.png", torch.zeros(3, HEIGHT // 2, WIDTH))
    elif how == "other cameras":
        write_cameras_json(scan / "cameras.json", orbit().resized(height=60, width=80), fps=12.0)
    elif how == "damaged depth":
        (depth / "frame_9.exr").write_bytes((depth / "frame_9.exr").read_bytes()[:200])
    elif how == "damaged picture":
        (color / "frame_11.png").write_bytes((color / "frame_11.png").read_bytes()[:200])
    elif how == "no depth anywhere":
        for file in depth.iterdir():
            write_depth_exr(file, torch.zeros(HEIGHT, WIDTH))
    elif how == "the same name":
        write_depth_npy(depth / "frame_9.npy", torch.ones(HEIGHT, WIDTH))
    elif how == "missing picture":
        write_transforms(scan / "t.json", orbit(), names=[f"frame_{7 + k}" for k in range(FRAMES)])
        (scan / "t.json").replace(scan / "cameras.json")
    elif how == "one picture twice":
        write_transforms(scan / "t.json", orbit()[:2], names=["a/frame_9.png", "b/frame_9.png"])
        (scan / "t.json").replace(scan / "cameras.json")


BROKEN = {
    "no folder": "depth: no such folder",
    "empty folder": "color: holds no file with .png",
    "fewer pictures": "color: holds 4 pictures; {scan}/cameras.json has 5 cameras",
    "fewer depth maps": "depth: has no depth map for 1 of 5 pictures, first for frame_9.png",
    "smaller depth": "frame_9.exr: is 32x48; the cameras are for 64x48",
    "smaller picture": "frame_9.png: is 64x24; the cameras are for 64x48",
    "other cameras": "cameras.json: has cameras for 80x60; the pictures in {scan}/color are 64x48",
    "damaged depth": "frame_9.exr",
    "damaged picture": "frame_11.png",
    "no depth anywhere": "depth: no depth map has a finite number > 0",
    "the same name": "depth: frame_9.exr and frame_9.npy have the same name",
    "missing picture": "color: lacks 1 of 5 pictures that have cameras, first frame_7;",
    "one picture twice": "several cameras name the same picture",
}


@pytest.mark.parametrize("how", BROKEN)
def test_what_does_not_fit_is_one_line_and_nothing_is_written(
    scan: Path, how: str, capsys: pytest.CaptureFixture[str]
) -> None:
    break_scan(scan, how)
    before = sorted(scan.iterdir())
    command = ["reconstruct", str(scan / "color"), "--cameras", str(scan / "cameras.json")]
    assert main([*command, "--depth", str(scan / "depth"), "--out", str(scan / "world")]) == 2
    line = capsys.readouterr().err.strip().splitlines()[-1]
    assert line.startswith("voyager-lite: ")
    assert BROKEN[how].format(scan=scan) in line
    assert sorted(scan.iterdir()) == before


def test_a_world_that_is_there_is_not_touched(scan: Path) -> None:
    (scan / "world").mkdir()
    (scan / "world" / "letter.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="is not empty"):
        reconstruct_world(found(scan), scan / "world")
    assert (scan / "world" / "letter.txt").read_text() == "mine"


def test_ctrl_c_leaves_nothing(
    scan: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("voyager_lite.world.world.World.commit", stop)
    before = sorted(scan.iterdir())
    command = ["reconstruct", str(scan / "color"), "--cameras", str(scan / "cameras.json")]
    assert main([*command, "--depth", str(scan / "depth"), "--out", str(scan / "world")]) == 130
    assert capsys.readouterr().err.endswith("voyager-lite: stopped; nothing was written\n")
    assert sorted(scan.iterdir()) == before


def test_a_reconstruction_is_walked_on_and_exported_back(scan: Path, tmp_path: Path) -> None:
    world = scan / "world"
    command = ["reconstruct", str(scan / "color"), "--cameras", str(scan / "cameras.json")]
    assert main([*command, "--depth", str(scan / "depth"), "--output", str(world)]) == 0
    before = found(scan)
    for name, format in (("frames", "frames"), ("maps", "depth-exr"), ("cameras.json", "cameras")):
        target = tmp_path / "back" / name
        assert main(["export", str(world), str(target), "--format", format]) == 0
    back = find_posed_frames(
        tmp_path / "back/frames", cameras=tmp_path / "back/cameras.json", depth=tmp_path / "back/maps"
    )
    for k in range(FRAMES):
        assert torch.equal(back[k].image, before[k].image)
        assert torch.equal(back[k].valid, before[k].valid)
        torch.testing.assert_close(back[k].depth, before[k].depth, rtol=2e-4, atol=0)
    assert torch.equal(back.cameras.world_to_camera, before.cameras.world_to_camera)
    assert main(["continue", str(world), "--path", "left:5%", "--frames", "3"]) == 0
    with World.open(world) as walked:
        assert len(walked) == FRAMES + 2
        assert float(walked.depth(-1).min()) > 0


def test_a_reconstruction_is_walked_on_from_any_of_its_clips(
    scan: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.import_module("voyager_lite.reconstruct"), "FRAMES_A_CLIP", 2)
    reconstruct_world(found(scan), scan / "world").close()
    world = str(scan / "world")
    assert main(["undo", world]) == 0
    assert main(["continue", world, "--path", "left:5%", "--frames", "3"]) == 0
    with World.open(scan / "world") as walked:
        assert float(walked.depth(-1).min()) > 0
