"""Camera files of four formats: round trips, independent readers, real recordings, broken files."""

import json
import logging
import math

import cv2
import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from geometry.camera import Camera
from geometry.cloud import PointCloud
from geometry.rigid import rigid_from, rotation_from_vector
from voyager_lite.export.camera_file import MOST_BYTES, MOST_CAMERAS
from voyager_lite.export.cameras_json import read_cameras_json, write_cameras_json
from voyager_lite.export.colmap import read_colmap, write_colmap
from voyager_lite.export.colmap_binary import read_colmap_binary, write_colmap_binary
from voyager_lite.export.nerfstudio import (
    read_camera_path,
    read_transforms,
    write_camera_path,
    write_transforms,
)
from voyager_lite.export.realestate10k import read_realestate10k, write_realestate10k
from voyager_lite.paths import read_camera_file, read_path


def some_cameras(count=7, *, centered=False, seed=0):
    """Cameras far from the origin, turned every way, with lenses off the centre unless ``centered``."""
    generator = torch.Generator().manual_seed(seed)
    turns = torch.randn(count, 3, generator=generator, dtype=torch.float64) * 2
    pose = rigid_from(
        rotation_from_vector(turns), torch.randn(count, 3, generator=generator, dtype=torch.float64) * 50
    )
    K = torch.tensor([[300.0, 0.0, 160.0], [0.0, 300.0, 90.0], [0.0, 0.0, 1.0]], dtype=torch.float64)
    K = K.repeat(count, 1, 1)
    K[:, :2, :2] *= torch.linspace(1, 1.5, count, dtype=torch.float64)[:, None, None]
    if not centered:
        K[:, 1, 1] *= 1.01
        K[:, :2, 2] += torch.tensor([3.25, -1.5], dtype=torch.float64)
    return Camera(K=K, world_to_camera=pose, height=180, width=320)


def same(found, wanted, atol=1e-6):
    assert (found.height, found.width) == (wanted.height, wanted.width)
    torch.testing.assert_close(found.K, wanted.K, rtol=0, atol=atol)
    torch.testing.assert_close(found.world_to_camera, wanted.world_to_camera, rtol=0, atol=atol)


def write_transforms_with_fps(file, cameras, *, fps):
    write_transforms(file, cameras)


def read_size_of_test(file):
    return read_realestate10k(file, width=320, height=180)


ROUND_TRIPS = {
    "ours": ("cameras.json", write_cameras_json, read_cameras_json, False),
    "camera path": ("camera_path.json", write_camera_path, read_camera_path, True),
    "transforms": ("transforms.json", write_transforms_with_fps, read_transforms, False),
    "realestate10k": ("walk.txt", write_realestate10k, read_size_of_test, False),
    "colmap": ("model", lambda file, cameras, *, fps: write_colmap(file, cameras), read_colmap, False),
    "colmap binary": (
        "model",
        lambda file, cameras, *, fps: write_colmap_binary(file, cameras),
        read_colmap_binary,
        False,
    ),
}


@pytest.mark.parametrize(("name", "write", "read", "centered"), ROUND_TRIPS.values(), ids=ROUND_TRIPS.keys())
def test_what_is_written_is_read_again(tmp_path, name, write, read, centered):
    cameras = some_cameras(centered=centered)
    write(tmp_path / name, cameras, fps=24.0)
    same(read(tmp_path / name).cameras, cameras)
    # Once more from what was read: nothing drifts.
    write(tmp_path / name, read(tmp_path / name).cameras, fps=24.0)
    same(read(tmp_path / name).cameras, cameras)


@pytest.mark.parametrize(("name", "write", "read", "centered"), ROUND_TRIPS.values(), ids=ROUND_TRIPS.keys())
def test_a_single_frame_is_a_file_too(tmp_path, name, write, read, centered):
    cameras = some_cameras(1, centered=centered)
    write(tmp_path / name, cameras, fps=24.0)
    same(read(tmp_path / name).cameras, cameras)


def test_our_own_file_gives_the_same_bits(tmp_path):
    cameras = some_cameras()
    write_cameras_json(tmp_path / "cameras.json", cameras, fps=29.97)
    found = read_cameras_json(tmp_path / "cameras.json")
    assert torch.equal(found.cameras.K, cameras.K)
    assert torch.equal(found.cameras.world_to_camera, cameras.world_to_camera)
    assert found.fps == 29.97


def test_our_own_file_says_what_it_is(tmp_path):
    write_cameras_json(tmp_path / "cameras.json", some_cameras(3), fps=24.0)
    record = json.loads((tmp_path / "cameras.json").read_text())
    assert record["format"] == "voyager-lite cameras"
    assert record["version"] == 1
    assert (record["width"], record["height"], record["fps"], len(record["cameras"])) == (320, 180, 24.0, 3)


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    file = tmp_path / "cameras.json"
    write_cameras_json(file, some_cameras(), fps=24.0)
    before = file.read_bytes()
    monkeypatch.setattr("os.replace", lambda *names: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        write_cameras_json(file, some_cameras(2), fps=24.0)
    assert file.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["cameras.json"]


def test_names_and_frame_rates_are_kept(tmp_path):
    cameras = some_cameras(3)
    write_colmap(tmp_path / "model", cameras, names=["a 10.png", "a 9.png", "b.png"])
    found = read_colmap(tmp_path / "model")
    assert found.names == ("a 9.png", "a 10.png", "b.png")
    same(found.cameras, cameras[torch.tensor([1, 0, 2])])
    write_transforms(tmp_path / "t.json", cameras, names=["x.png", "y.png", "z.png"])
    assert read_transforms(tmp_path / "t.json").names == ("x.png", "y.png", "z.png")
    write_realestate10k(tmp_path / "walk.txt", cameras, fps=25.0, url="https://example.org")
    assert read_realestate10k(tmp_path / "walk.txt").fps == pytest.approx(25.0)
    write_camera_path(tmp_path / "p.json", some_cameras(3, centered=True), fps=12.5)
    assert read_camera_path(tmp_path / "p.json").fps == 12.5


# Independent readers: what the formats mean, told by somebody else.


@pytest.mark.parametrize("write", [write_colmap, write_colmap_binary])
def test_pycolmap_reads_our_model(tmp_path, write):
    pycolmap = pytest.importorskip("pycolmap")
    cameras = some_cameras()
    cloud = PointCloud(
        positions=torch.tensor([[1.0, 2, 3], [4, 5, 6], [7, 8, 9]]),
        colors=torch.tensor([[1.0, 0, 0], [0, 1, 0], [0, 0, 1]]),
        normals=torch.tensor([[0.0, 0, -1]]).expand(3, 3),
        radii=torch.ones(3),
        sky=torch.tensor([False, False, True]),
    )
    write(tmp_path / "model", cameras, clouds=[cloud[:1], cloud[1:]])
    model = pycolmap.Reconstruction(str(tmp_path / "model"))
    assert len(model.images) == 7
    for k in range(7):
        image = model.images[k + 1]
        assert image.name == f"frame_{k:05d}.png"
        pose = image.cam_from_world() if callable(image.cam_from_world) else image.cam_from_world
        np.testing.assert_allclose(pose.matrix(), cameras.world_to_camera[k, :3].numpy(), atol=1e-9)
        np.testing.assert_allclose(image.camera.calibration_matrix(), cameras.K[k].numpy(), atol=1e-9)
        assert (image.camera.width, image.camera.height) == (320, 180)
    # Sky is no point of a model.
    assert sorted(point.xyz.tolist() for point in model.points3D.values()) == [[1, 2, 3], [4, 5, 6]]
    assert sorted(point.color.tolist() for point in model.points3D.values()) == [[0, 255, 0], [255, 0, 0]]


def test_colmap_written_by_pycolmap_is_read(tmp_path):
    pycolmap = pytest.importorskip("pycolmap")
    write_colmap(tmp_path / "ours", some_cameras())
    (tmp_path / "theirs").mkdir()
    pycolmap.Reconstruction(str(tmp_path / "ours")).write_text(str(tmp_path / "theirs"))
    same(read_colmap(tmp_path / "theirs").cameras, some_cameras())


def test_a_binary_model_with_matched_points_is_read_by_whoever_finds_it(tmp_path):
    pycolmap = pytest.importorskip("pycolmap")
    write_colmap(tmp_path / "ours", some_cameras(3), names=["b2.png", "b10.png", "a.png"])
    model = pycolmap.Reconstruction(str(tmp_path / "ours"))
    for number, image in model.images.items():
        image.points2D = pycolmap.Point2DList([pycolmap.Point2D([number, k]) for k in range(number)])
    (tmp_path / "theirs" / "sparse" / "0").mkdir(parents=True)
    model.write_binary(str(tmp_path / "theirs" / "sparse" / "0"))
    found = read_camera_file(tmp_path / "theirs")
    assert found.names == ("a.png", "b2.png", "b10.png")
    same(found.cameras, some_cameras(3)[torch.tensor([2, 0, 1])])
    same(read_camera_file(tmp_path / "theirs" / "sparse" / "0" / "images.bin").cameras, found.cameras)


EXACT = {
    "ours": 0.0,  # the same bits
    "transforms": 1e-13,  # poses are inverted
    "realestate10k": 1e-15,  # intrinsics are divided by the size
    "colmap": 1e-15,  # rotations become quaternions
    "colmap binary": 1e-15,
}


@pytest.mark.parametrize(("kind", "relative"), EXACT.items(), ids=EXACT.keys())
def test_cameras_come_back_to_the_last_digits_of_64_bits(tmp_path, kind, relative):
    cameras = some_cameras(20)
    name, write, read, _ = ROUND_TRIPS[kind]
    write(tmp_path / name, cameras, fps=24.0)
    found = read(tmp_path / name).cameras
    for ours, theirs in ((found.K, cameras.K), (found.world_to_camera, cameras.world_to_camera)):
        assert float((ours - theirs).abs().max()) <= relative * float(theirs.abs().max())


@pytest.mark.parametrize("write", [write_transforms_with_fps, write_camera_path])
def test_nerfstudio_files_hold_opengl_camera_to_world(tmp_path, write):
    """Checked with scipy: x stays, y and z are turned round, the camera's place is the last column."""
    cameras = some_cameras(centered=True)
    write(tmp_path / "a.json", cameras, fps=24.0)
    record = json.loads((tmp_path / "a.json").read_text())
    for k in range(7):
        if "frames" in record:
            matrix = np.array(record["frames"][k]["transform_matrix"])
        else:
            matrix = np.array(record["camera_path"][k]["camera_to_world"]).reshape(4, 4)
        world_to_camera = cameras.world_to_camera[k].numpy()
        opencv = Rotation.from_matrix(world_to_camera[:3, :3]).inv()
        half_turn = Rotation.from_euler("x", 180, degrees=True)
        np.testing.assert_allclose(matrix[:3, :3], (opencv * half_turn).as_matrix(), atol=1e-12)
        np.testing.assert_allclose(matrix[:3, 3], -opencv.apply(world_to_camera[:3, 3]), atol=1e-9)
        assert matrix[3].tolist() == [0, 0, 0, 1]


def test_a_camera_path_states_the_vertical_field_of_view(tmp_path):
    camera = Camera.from_fov(
        90.0, height=100, width=200, world_to_camera=torch.eye(4).double().expand(2, 4, 4)
    )
    write_camera_path(tmp_path / "a.json", camera, fps=10.0)
    record = json.loads((tmp_path / "a.json").read_text())
    assert record["camera_path"][0]["fov"] == pytest.approx(math.degrees(2 * math.atan(0.5)))
    assert record["camera_path"][0]["aspect"] == 2.0
    assert (record["render_width"], record["render_height"], record["seconds"]) == (200, 100, 0.2)


def test_key_frames_are_kept(tmp_path):
    cameras, keys = some_cameras(9, centered=True), some_cameras(3, centered=True, seed=1)
    write_camera_path(tmp_path / "a.json", cameras, fps=24.0, keyframes=keys)
    found = read_camera_path(tmp_path / "a.json")
    same(found.cameras, cameras)
    same(found.keyframes, keys)


def test_what_a_camera_path_cannot_hold_is_said(tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        write_camera_path(tmp_path / "a.json", some_cameras(), fps=24.0)
    assert "principal points up to 3.25 px off the centre" in caplog.text
    caplog.clear()
    write_camera_path(tmp_path / "a.json", some_cameras(centered=True), fps=24.0)
    assert not caplog.text


def test_blender_files_state_an_angle_only(tmp_path):
    pose = np.diag([1.0, -1.0, -1.0, 1.0])
    pose[:3, 3] = [1, 2, 3]
    record = {"camera_angle_x": math.pi / 2, "frames": [{"transform_matrix": pose.tolist()}]}
    (tmp_path / "transforms_train.json").write_text(json.dumps(record))
    found = read_transforms(tmp_path / "transforms_train.json")
    assert found.cameras.fov_degrees.tolist() == [pytest.approx(90.0)]
    assert found.cameras.center.tolist() == [[1.0, 2.0, 3.0]]
    torch.testing.assert_close(found.cameras.world_to_camera[0, :3, :3], torch.eye(3, dtype=torch.float64))


def test_a_simple_pinhole_has_one_focal_length(tmp_path):
    (tmp_path / "cameras.txt").write_text("# comment\n7 SIMPLE_PINHOLE 320 180 300 160 90\n")
    (tmp_path / "images.txt").write_text(
        "1 1 0 0 0 0.5 0 2 7 a.png\n10.5 20.5 -1 3 4 5\n2 1 0 0 0 1 0 2 7 b.png\n\n"
    )
    found = read_colmap(tmp_path)
    assert found.cameras.K[0].tolist() == [[300, 0, 160], [0, 300, 90], [0, 0, 1]]
    assert found.cameras.world_to_camera[:, 0, 3].tolist() == [0.5, 1.0]
    assert found.names == ("a.png", "b.png")


# Real recordings.


def sampson_distance(cameras, i, j, a, b):
    """Distance of matches from what the cameras say of them, in pixels (Hartley and Zisserman, 11.4.3)."""
    K, pose = cameras.K.numpy(), cameras.world_to_camera.numpy()
    relative = pose[j] @ np.linalg.inv(pose[i])
    x, y, z = relative[:3, 3]
    essential = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]]) @ relative[:3, :3]
    fundamental = np.linalg.inv(K[j]).T @ essential @ np.linalg.inv(K[i])
    a, b = (np.concatenate([points, np.ones((len(points), 1))], axis=1) for points in (a, b))
    line_b, line_a = a @ fundamental.T, b @ fundamental
    size = np.sqrt((line_a[:, :2] ** 2).sum(1) + (line_b[:, :2] ** 2).sum(1))
    return float(np.median(np.abs((b * line_b).sum(1)) / size))


def matched(first, second):
    """SIFT matches of two grey pictures, pixel centres at +0.5."""
    sift = cv2.SIFT_create(1500)
    (keys_a, found_a), (keys_b, found_b) = (sift.detectAndCompute(grey, None) for grey in (first, second))
    pairs = cv2.BFMatcher().knnMatch(found_a, found_b, k=2)
    good = [near for near, far in pairs if near.distance < 0.7 * far.distance]
    a = np.array([keys_a[match.queryIdx].pt for match in good])
    b = np.array([keys_b[match.trainIdx].pt for match in good])
    return a + 0.5, b + 0.5


def test_realestate10k_cameras_agree_with_their_videos(shared_data):
    files = sorted((shared_data / "C_cameras" / "re10k").glob("*.txt"))
    assert files
    for file in files:
        video = cv2.VideoCapture(str(file.with_suffix(".mp4")))
        frames = [cv2.cvtColor(video.read()[1], cv2.COLOR_BGR2GRAY) for _ in range(6)]
        height, width = frames[0].shape
        found = read_realestate10k(file, width=width, height=height)
        assert len(found.cameras) == len(found.names) == 16
        a, b = matched(frames[0], frames[5])
        assert sampson_distance(found.cameras, 0, 5, a, b) < 0.6
        inverted = Camera(
            K=found.cameras.K, world_to_camera=found.cameras.camera_to_world, height=height, width=width
        )
        assert sampson_distance(inverted, 0, 5, a, b) > 3


def test_realestate10k_pixels_are_square_in_the_original_picture(shared_data):
    for file in sorted((shared_data / "C_cameras" / "re10k").glob("*.txt")):
        K = read_realestate10k(file).cameras.K
        torch.testing.assert_close(K[:, 0, 0], K[:, 1, 1], rtol=1e-6, atol=0)


def test_fox_cameras_agree_with_their_photographs(shared_data, caplog):
    folder = shared_data / "C_cameras" / "instant_ngp_fox"
    with caplog.at_level(logging.WARNING):
        found = read_transforms(folder / "transforms.json")
    assert "lens distortion (k1, k2, p1, p2) is ignored" in caplog.text
    assert len(found.cameras) == 67
    small = found.cameras.resized(height=768, width=432)
    for pair in (("0001", "0003"), ("0001", "0006"), ("0003", "0008")):
        index = [found.names.index(f"images/{name}.jpg") for name in pair]
        photographs = [
            cv2.imread(str(folder / "images" / f"{name}.jpg"), cv2.IMREAD_GRAYSCALE) for name in pair
        ]
        grey = [cv2.resize(picture, (432, 768), interpolation=cv2.INTER_AREA) for picture in photographs]
        a, b = matched(*grey)
        assert len(a) > 100
        assert sampson_distance(small, *index, a, b) < 0.4
        unflipped = Camera(
            K=small.K,
            world_to_camera=torch.diag(torch.tensor([1.0, -1, -1, 1])).double() @ small.world_to_camera,
            height=768,
            width=432,
        )
        assert sampson_distance(unflipped, *index, a, b) > 2


def test_luciddreamer_paths_begin_at_the_world_and_look_forward(shared_data):
    folder = shared_data / "C_cameras" / "luciddreamer"
    cameras = read_transforms(folder / "back_and_forth.json").cameras
    assert len(cameras) == 201
    torch.testing.assert_close(cameras.world_to_camera[0], torch.eye(4, dtype=torch.float64))
    assert float(cameras.fov_degrees[0]) == pytest.approx(math.degrees(0.8279103882874479))
    # Back and forth: along the gaze, and neither sideways nor up.
    assert float(cameras.center[:, :2].abs().max()) < 1e-9
    assert float(cameras.center[:, 2].max() - cameras.center[:, 2].min()) > 0.1
    steps = read_transforms(folder / "llff_d1.json").cameras.center.diff(dim=0).norm(dim=-1)
    assert len(steps) == 399
    assert float(steps.max()) < 0.05


def test_a_nerfstudio_path_circles_on_a_level_upright(shared_data):
    found = read_camera_path(shared_data / "C_cameras" / "nerfstudio" / "camera_path_ciglenecki.json")
    assert (len(found.cameras), found.fps, found.cameras.width) == (42, 42.0, 1280)
    # nerfstudio's world has z up: the cameras' down is -z, and all stand at one height.
    down = found.cameras.world_to_camera[:, 1, :3]
    torch.testing.assert_close(down, torch.tensor([0.0, 0, -1]).double().expand(42, 3), rtol=0, atol=1e-6)
    assert float(found.cameras.center[:, 2].std()) < 1e-6
    # This file came out of an older viewer: its key frames are transposed texts, and every frame is one.
    same(found.keyframes, found.cameras)
    # The vertical field of view of 50 degrees is the horizontal one of a square picture.
    assert found.cameras.fov_degrees.tolist() == [pytest.approx(50.0)] * 42


def test_every_real_file_survives_every_format_that_holds_it(shared_data, tmp_path):
    folder = shared_data / "C_cameras"
    files = [
        *folder.glob("re10k/*.txt"),
        *folder.glob("luciddreamer/*.json"),
        *folder.glob("nerfstudio/*.json"),
    ]
    files.append(folder / "instant_ngp_fox" / "transforms.json")
    for file in files:
        cameras = read_camera_file(file).cameras
        write_cameras_json(tmp_path / "a.json", cameras, fps=24.0)
        same(read_cameras_json(tmp_path / "a.json").cameras, cameras, atol=0)
        write_transforms(tmp_path / "a.json", cameras)
        same(read_transforms(tmp_path / "a.json").cameras, cameras)
        write_realestate10k(tmp_path / "a.txt", cameras, fps=24.0)
        found = read_realestate10k(tmp_path / "a.txt", width=cameras.width, height=cameras.height)
        same(found.cameras, cameras)
        write_colmap(tmp_path / "model", cameras)
        same(read_colmap(tmp_path / "model").cameras, cameras)


# Paths from files.

START = Camera.from_fov(60.0, height=90, width=160, world_to_camera=some_cameras(1).world_to_camera[0])


def test_words_and_files_are_both_paths(tmp_path):
    words = read_path("forward:1.5,orbit:30deg", frames=49).cameras(START, focus_distance=4.0)
    assert len(words) == 49
    write_cameras_json(tmp_path / "cameras.json", words, fps=24.0)
    again = read_path(str(tmp_path / "cameras.json"), frames=49).cameras(START, focus_distance=9.0)
    torch.testing.assert_close(again.world_to_camera, words.world_to_camera, rtol=0, atol=1e-9)
    torch.testing.assert_close(again.K, words.K, rtol=0, atol=1e-9)


def test_a_word_is_a_word_whatever_folders_are_called(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "orbit").mkdir()
    assert len(read_path("orbit", frames=9).cameras(START, focus_distance=4.0)) == 9
    with pytest.raises(FileNotFoundError, match=r"cameras\.txt"):
        read_path("./orbit", frames=9)
    long = ",".join(["forward:1%,turn_left:1deg"] * 20)
    assert len(read_path(long, frames=9).cameras(START, focus_distance=4.0)) == 9


@pytest.mark.parametrize("name", ["a.json", "b.json", "c.json", "walk.txt", "model", "model/images.txt"])
def test_a_file_is_known_by_its_content_and_walked_from_the_start(tmp_path, name):
    path = read_path("forward:1.5,orbit:30deg", frames=25).cameras(START, focus_distance=4.0)
    write_cameras_json(tmp_path / "a.json", path, fps=24.0)
    write_camera_path(tmp_path / "b.json", path, fps=24.0)
    write_transforms(tmp_path / "c.json", path)
    write_realestate10k(tmp_path / "walk.txt", path, fps=24.0)
    write_colmap(tmp_path / "model", path)
    elsewhere = Camera.from_fov(40.0, height=50, width=50)
    found = read_path(str(tmp_path / name), frames=49).cameras(elsewhere, focus_distance=4.0)
    assert len(found) == 49
    assert torch.equal(found.K, elsewhere.K.expand(49, 3, 3))
    wanted = START.world_to_camera @ path.camera_to_world[-1]
    torch.testing.assert_close(found.camera_to_world[-1], wanted, rtol=0, atol=1e-6)


def test_an_amount_after_a_file_sets_the_length_of_its_way(shared_data):
    file = sorted((shared_data / "C_cameras" / "re10k").glob("*.txt"))[0]
    for amount, wanted in (("1.5", 1.5), ("50%", 2.0)):
        path = read_path(f"{file}:{amount}", frames=16).cameras(START, focus_distance=4.0)
        assert float(path.center.diff(dim=0).norm(dim=-1).sum()) == pytest.approx(wanted)


# Broken files.

IDENTITY = np.eye(4).tolist()
LENS = [[300.0, 0, 160], [0, 300, 90], [0, 0, 1]]


def ours(**changes):
    camera = {"K": LENS, "world_to_camera": IDENTITY}
    record = {"format": "voyager-lite cameras", "version": 1, "fps": 24, "width": 320, "height": 180}
    return {**record, "cameras": [camera, {**camera, **changes.pop("second", {})}], **changes}


def nerf(**changes):
    frame = {"transform_matrix": IDENTITY}
    record = {"fl_x": 300, "w": 320, "h": 180, "frames": [frame, {**frame, **changes.pop("second", {})}]}
    return {**record, **changes}


def viewer(**changes):
    frame = {"camera_to_world": np.eye(4).ravel().tolist(), "fov": 50, "aspect": 1}
    record = {"render_width": 320, "render_height": 180, "fps": 24}
    return {**record, "camera_path": [frame, {**frame, **changes.pop("second", {})}], **changes}


SCALED = np.diag([2.0, 2, 2, 1]).tolist()
MIRRORED = np.diag([-1.0, 1, 1, 1]).tolist()
BAD_JSON = {
    "cut off": (json.dumps(ours())[:-40], "is no whole JSON: .* at line 1 of 1"),
    "empty": ("", "is no whole JSON: Expecting value at line 1"),
    "a list": ("[1, 2]", "holds list at its top; expected an object with cameras"),
    "something else": (
        '{"a": 1}',
        'holds a; expected "format": "voyager-lite cameras", "camera_path" or "frames"',
    ),
    "NaN": (json.dumps(ours(fps=math.nan)), "holds NaN; expected finite numbers"),
    "infinity": (json.dumps(ours(second={"K": [[1e999] * 3] * 3})), "holds Infinity"),
    "a huge number": (json.dumps(ours()).replace("24", "1e999"), "fps is not finite"),
    "deep": ("[" * 100_000, "recursion|Expecting value|holds"),
    "another version": (
        json.dumps(ours(version=2)),
        '"voyager-lite cameras" version 2; expected .* version 1',
    ),
    "no cameras": (json.dumps(ours(cameras=[])), "cameras has 0 cameras; expected 1 to 100000"),
    "no key": (json.dumps(ours(second={"K": None})), r"cameras\[1\]\.K is NoneType; expected a list"),
    "no camera": (json.dumps(ours(cameras=[1])), r"cameras\[0\] is int; expected an object"),
    "no fps": (
        json.dumps({k: v for k, v in ours().items() if k != "fps"}),
        "fps is missing; found format, version",
    ),
    "fps 0": (json.dumps(ours(fps=0)), "fps is 0; expected more than 0"),
    "fps as text": (json.dumps(ours(fps="24")), "fps is str; expected a number"),
    "no size": (json.dumps(ours(width=0)), "width is 0; expected a whole number of pixels, at least 1"),
    "half a pixel": (json.dumps(ours(width=1.5)), "width is 1.5; expected a whole number"),
    "ragged": (
        json.dumps(ours(second={"K": [[1, 2], [3]]})),
        r"cameras\[1\]\.K is no matrix of numbers; expected 3x3",
    ),
    "texts": (json.dumps(ours(second={"K": [["1"] * 3] * 3})), r"cameras\[1\]\.K is no matrix of numbers"),
    "another shape": (
        json.dumps(ours(second={"world_to_camera": [[1.0]]})),
        r"cameras\[1\]\.world_to_camera is 1x1; expected 4x4 numbers",
    ),
    "scaled": (
        json.dumps(ours(second={"world_to_camera": SCALED})),
        r"cameras\[1\] is not a rotation: R R\^T differs",
    ),
    "mirrored": (json.dumps(ours(second={"world_to_camera": MIRRORED})), r"cameras\[1\] mirrors space"),
    "focal length": (
        json.dumps(ours(second={"K": [[-1, 0, 0], [0, 1, 0], [0, 0, 1]]})),
        r"cameras\[1\] has focal length -1 pixels; expected > 0",
    ),
    "transforms scaled": (
        json.dumps(nerf(second={"transform_matrix": SCALED})),
        r"frames\[1\] is not a rotation",
    ),
    "transforms without a lens": (
        json.dumps({k: v for k, v in nerf().items() if k != "fl_x"}),
        r"frames\[0\] has no focal length; expected fl_x or camera_angle_x",
    ),
    "transforms with a focal length of 0": (
        json.dumps(nerf(second={"fl_x": 0})),
        r"frames\[1\] has focal length 0 pixels; expected > 0",
    ),
    "transforms without an angle": (
        json.dumps({k: v for k, v in nerf(camera_angle_x=0).items() if k != "fl_x"}),
        r"frames\[0\]\.camera_angle_x is 0 radians; expected more than 0, less than pi",
    ),
    "transforms without a pose": (
        json.dumps(nerf(frames=[{"file_path": "a"}])),
        r"frames\[0\]\.transform_matrix is missing; found file_path",
    ),
    "transforms of two sizes": (
        json.dumps(nerf(second={"w": 64})),
        "frames have sizes .*; expected one size",
    ),
    "a fisheye": (
        json.dumps(nerf(camera_model="OPENCV_FISHEYE")),
        "camera_model is OPENCV_FISHEYE; allowed: PINHOLE",
    ),
    "a panorama": (
        json.dumps(viewer(camera_type="equirectangular")),
        'camera_type is "equirectangular"; expected',
    ),
    "a flat view": (
        json.dumps(viewer(second={"fov": 0})),
        r"camera_path\[1\]\.fov is 0 degrees; expected more than 0",
    ),
    "a path without a list of key frames": (
        json.dumps(viewer(keyframes=5)),
        "keyframes is int; expected a list",
    ),
    "a path scaled": (
        json.dumps(viewer(second={"camera_to_world": np.ravel(SCALED).tolist()})),
        r"camera_path\[1\] is not a rotation",
    ),
    "a path without a pose": (
        json.dumps(viewer(second={"camera_to_world": None})),
        r"camera_path\[1\]\.camera_to_world is no matrix of numbers; expected 16 numbers",
    ),
    "a path without a size": (
        json.dumps({k: v for k, v in viewer().items() if k != "render_height"}),
        "render_height is missing",
    ),
}


@pytest.mark.parametrize(("text", "message"), BAD_JSON.values(), ids=BAD_JSON.keys())
def test_a_broken_json_is_refused_in_one_line_that_names_it(tmp_path, text, message):
    file = tmp_path / "broken.json"
    file.write_text(text)
    with pytest.raises(ValueError, match=message) as caught:
        read_path(str(file), frames=9)
    assert str(caught.value).startswith(f"{file}: ")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < len(str(file)) + 250


POSE = "1 0 0 0 0 1 0 0 0 0 1 0"
BAD_TEXT = {
    "empty": ("", "is no camera file; expected RealEstate10K lines or COLMAP's images.txt"),
    "prose": ("a walk\nin the park\n", "is no camera file"),
    "cut off": (
        f"url\n0 .5 .9 .5 .5 0 0 {POSE}\n1 .5 .9 .5 .5 0 0 1 0 0\n",
        "line 3 has 10 words; expected 19 numbers",
    ),
    "a word": (
        f"url\n0 .5 .9 .5 .5 0 0 {POSE}\n1 .5 x .5 .5 0 0 {POSE}\n",
        "line 3 has 19 words; expected 19 numbers",
    ),
    "NaN": (f"url\n0 .5 nan .5 .5 0 0 {POSE}\n", r"camera\[0\] has 1 values that are NaN"),
    "no rotation": ("url\n0 .5 .9 .5 .5 0 0 2 0 0 0 0 2 0 0 0 0 2 0\n", r"camera\[0\] is not a rotation"),
    "one camera": (f"url\n0 .5 .9 .5 .5 0 0 {POSE}\n", r"key frames have batch shape \(1,\)"),
}


@pytest.mark.parametrize(("text", "message"), BAD_TEXT.values(), ids=BAD_TEXT.keys())
def test_a_broken_text_is_refused_in_one_line_that_names_it(tmp_path, text, message):
    file = tmp_path / "broken.txt"
    file.write_text(text)
    with pytest.raises(ValueError, match=message) as caught:
        read_path(str(file), frames=9)
    assert str(caught.value).startswith(f"{file}: ")
    assert "\n" not in str(caught.value)


CAMERA = "1 PINHOLE 320 180 300 300 160 90\n"
IMAGE = "1 1 0 0 0 0 0 0 1 a.png\n\n"
BAD_COLMAP = {
    "distorted": (
        "1 SIMPLE_RADIAL 320 180 300 160 90 0.1\n",
        IMAGE,
        "camera model SIMPLE_RADIAL; allowed: SIMPLE_PINHOLE",
    ),
    "few parameters": (
        "1 PINHOLE 320 180 300\n",
        IMAGE,
        "line 1 is no PINHOLE camera: 1 PINHOLE 320 180 300",
    ),
    "no numbers": ("1 PINHOLE a b c d e f\n", IMAGE, "line 1 is no PINHOLE camera"),
    "another camera": (CAMERA, IMAGE.replace(" 1 a", " 3 a"), "a.png has camera 3; cameras.txt has 1"),
    "no pictures": (CAMERA, "# nothing\n", "the list has 0 cameras"),
    "cut off": (
        CAMERA,
        "1 1 0 0 0 0\n",
        "line 1 is no picture with its line of points: 1 1 0 0 0 0; expected IMAGE_ID",
    ),
    "points left out": (
        CAMERA,
        "1 1 0 0 0 0 0 0 1 a.png\n2 1 0 0 0 0 0 0 1 b.png\n",
        "line 1 is no picture with its line",
    ),
    "quaternion": (CAMERA, IMAGE.replace("1 0 0 0", "2 0 0 0", 1), "quaternion of length 2; expected 1"),
    "NaN": (CAMERA, IMAGE.replace("1 0 0 0", "nan 0 0 0", 1), "quaternion of length nan; expected 1"),
    "two sizes": (
        CAMERA + "2 PINHOLE 64 64 1 1 1 1\n",
        IMAGE + "2 1 0 0 0 0 0 0 2 b.png\n\n",
        "pictures have sizes 64x64, 320x180; expected one size",
    ),
}


@pytest.mark.parametrize(("cameras", "images", "message"), BAD_COLMAP.values(), ids=BAD_COLMAP.keys())
def test_a_broken_colmap_model_is_refused_in_one_line_that_names_it(tmp_path, cameras, images, message):
    (tmp_path / "cameras.txt").write_text(cameras)
    (tmp_path / "images.txt").write_text(images)
    with pytest.raises(ValueError, match=message) as caught:
        read_path(str(tmp_path / "images.txt"), frames=9)
    assert str(caught.value).startswith(str(tmp_path))
    assert "\n" not in str(caught.value)


def test_a_broken_binary_model_is_refused_in_one_line_that_names_it(tmp_path):
    write_colmap_binary(tmp_path, some_cameras(2))
    whole = {name: (tmp_path / name).read_bytes() for name in ("cameras.bin", "images.bin")}
    for name, data in whole.items():
        for length in range(0, len(data), 7):
            (tmp_path / name).write_bytes(data[:length])
            with pytest.raises(ValueError, match=rf"{name}: is cut off or no COLMAP model; it has {length} "):
                read_colmap_binary(tmp_path)
        (tmp_path / name).write_bytes(b"\xff" * 200)
        with pytest.raises(ValueError, match=rf"{name}: has 18446744073709551615 entries; expected at most"):
            read_colmap_binary(tmp_path)
        (tmp_path / name).write_bytes(data)
    (tmp_path / "cameras.bin").write_bytes(whole["cameras.bin"].replace(b"\1\0\0\0\1", b"\1\0\0\0\2"))
    with pytest.raises(ValueError, match=r"camera 1 has model number 2; allowed: 0 \(SIMPLE_PINHOLE\), 1"):
        read_colmap_binary(tmp_path)
    (tmp_path / "images.bin").unlink()
    with pytest.raises(FileNotFoundError, match=r"images\.bin: no such file"):
        read_colmap_binary(tmp_path)


@pytest.mark.parametrize("name", ["none.json", "none.txt", "none.json:50%", "images.txt"])
def test_a_missing_file_is_named(tmp_path, name):
    with pytest.raises(FileNotFoundError, match="no such file"):
        read_path(str(tmp_path / name), frames=9)


def test_a_folder_without_a_model_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"cameras\.txt: no such file"):
        read_path(str(tmp_path), frames=9)


def test_bytes_that_are_no_text_are_named(tmp_path):
    (tmp_path / "a.json").write_bytes(b'{"a": "\xff\xfe"}')
    with pytest.raises(ValueError, match=r"a\.json: is not text \(byte 7\); expected UTF-8"):
        read_path(str(tmp_path / "a.json"), frames=9)


def test_a_file_too_large_is_refused_before_it_is_read(tmp_path):
    with (tmp_path / "a.txt").open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    with pytest.raises(ValueError, match=r"a\.txt: has 128 MB; expected at most 128"):
        read_path(str(tmp_path / "a.txt"), frames=9)


def test_too_many_poses_are_refused_before_they_are_parsed(tmp_path):
    file = tmp_path / "a.txt"
    file.write_text("url\n" + f"0 .5 .9 .5 .5 0 0 {POSE}\n" * (MOST_CAMERAS + 1))
    with pytest.raises(ValueError, match="has 100001 cameras; expected 1 to 100000"):
        read_path(str(file), frames=9)


@pytest.mark.parametrize("amount", ["", "30deg", "2turns", "fast", "0", "-1"])
def test_a_file_takes_a_length_only(tmp_path, amount):
    write_cameras_json(tmp_path / "a.json", some_cameras(), fps=24.0)
    with pytest.raises(ValueError, match=r"path length is|path amount"):
        read_path(f"{tmp_path / 'a.json'}:{amount}", frames=9)


@pytest.mark.parametrize("text", ["", "  ", "walk.jsn", "forward:1,walk"])
def test_what_is_neither_words_nor_a_file_is_told_the_words(text):
    with pytest.raises(ValueError, match=r"expected words such as|is unknown; allowed: "):
        read_path(text, frames=9)
