"""A folder of Voyager's conditions becomes a world that shows what its frames show."""

import pytest
import torch

from geometry.camera import Camera
from geometry.rasterizer import render_points
from voyager_lite.cli import main
from voyager_lite.condition_opening import open_condition, sky_begins
from voyager_lite.export.condition import HEIGHT, WIDTH, ConditionFrame, write_condition
from voyager_lite.opening import View
from voyager_lite.world.world import World

FRAMES = 3
SMALL = View(height=90, width=160)


def cameras():
    pose = torch.eye(4, dtype=torch.float64).repeat(FRAMES, 1, 1)
    pose[:, 0, 3] = -torch.linspace(0, 1.0, FRAMES, dtype=torch.float64)  # to the right
    return Camera.from_fov(70.0, height=HEIGHT, width=WIDTH, world_to_camera=pose)


def wall(camera):
    """A wall at depth 4, red left of x = 2 and green to the right of it, under a sky far away."""
    x = (torch.arange(WIDTH) + 0.5 - camera.K[0, 2]) / camera.K[0, 0] * 4 - camera.world_to_camera[0, 3]
    rgb = torch.zeros(3, HEIGHT, WIDTH)
    rgb[0], rgb[1] = (x < 2).float(), (x >= 2).float()
    rgb[:, :200] = 0.5
    depth = torch.full((HEIGHT, WIDTH), 4.0)
    depth[:200] = 10_000.0
    return rgb, depth


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The first frame is known without its right quarter, the others whole."""
    folder = tmp_path_factory.mktemp("conditions")
    frames = []
    for number in range(FRAMES):
        rgb, depth = wall(cameras()[number])
        known = torch.ones(HEIGHT, WIDTH, dtype=torch.bool)
        if number == 0:
            known[:, 3 * WIDTH // 4 :] = False
        shown = torch.where(known, rgb, 0.0), torch.where(known, depth, 0.0)
        frames.append(ConditionFrame(rgb=shown[0], depth=shown[1], known=known))
    write_condition(folder, frames, cameras(), reference=wall(cameras()[0])[0], fps=12.0)
    return folder


def test_the_world_shows_what_the_frames_show(folder):
    opening, path = open_condition(folder, view=SMALL)
    assert (path.height, path.width, len(path)) == (90, 160, FRAMES)
    assert torch.allclose(opening.clip.depth[0, 40:, :110], torch.tensor(4.0), rtol=1e-2)
    drawn = render_points(opening.cloud, path[FRAMES - 1])
    assert drawn.known[30:].float().mean() > 0.99  # the right part came with the later frames
    assert torch.allclose(drawn.depth[45, 20:140], torch.tensor(4.0), rtol=0.02)
    last = cameras()[FRAMES - 1].resized(height=90, width=160)
    x = (torch.arange(160) + 0.5 - last.K[0, 2]) / last.K[0, 0] * 4 + 1.0
    red = drawn.rgb[0, 60]
    assert (red[10:150][x[10:150] < 1.9] > 0.8).all() and (red[10:150][x[10:150] > 2.1] < 0.2).all()


def test_what_lies_at_ten_thousand_is_sky(folder):
    opening, _ = open_condition(folder, view=SMALL)
    assert opening.origin["sky_distance"] == pytest.approx(40, rel=0.01)  # ten times the wall
    sky = opening.cloud[opening.cloud.sky.nonzero()[:, 0]]
    assert len(sky) > 1000 and torch.allclose(sky.positions.norm(dim=-1), torch.tensor(40.0), rtol=0.05)


def test_sky_begins_behind_the_widest_gap_only():
    known = torch.ones(1, 6, dtype=torch.bool)
    assert sky_begins(torch.tensor([[1.0, 2.0, 3.0, 4.0, 100.0, 90.0]]), known) == 90
    assert sky_begins(torch.tensor([[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]]), known) == float("inf")
    assert sky_begins(torch.tensor([[0.1, 2.0, 3.0, 4.0, 5.0, 6.0]]), known) == float("inf")  # a near thing


def test_explore_walks_the_folders_cameras(folder, tmp_path, capsys):
    world = tmp_path / "world"
    command = ["explore", "--guidance", folder, "--output", world, "--core", "nano", "--size", "160x90"]
    assert main([str(word) for word in command]) == 0, capsys.readouterr().err
    with World.open(world) as opened:
        assert len(opened) == FRAMES
        expected = cameras().resized(height=90, width=160)
        assert torch.allclose(opened.cameras.world_to_camera, expected.world_to_camera)
        assert torch.allclose(opened.cameras.K, expected.K)
        assert opened.origin["image"] == "ref_image.png"


def test_a_folder_has_lenses_and_depth_of_its_own(folder, tmp_path, capsys):
    for extra, name in ((["--fov-degrees", "100"], "--fov-degrees"), (["--depth", "layout"], "--depth")):
        assert main(["explore", "--guidance", str(folder), "--output", str(tmp_path / "w"), *extra]) == 2
        assert capsys.readouterr().err.strip().endswith(f"leave out {name}")
    assert not (tmp_path / "w").exists()


def test_what_cannot_be_walked_is_refused_in_one_line(folder, tmp_path, capsys):
    import shutil

    def refusal(*words):
        capsys.readouterr()
        command = ["explore", "--output", str(tmp_path / "world"), *map(str, words)]
        assert main(command) == 2
        assert not (tmp_path / "world").exists()
        (line,) = capsys.readouterr().err.strip().splitlines()
        return line

    copy = shutil.copytree(folder, tmp_path / "copy")
    assert "give either a photograph" in refusal("photo.jpg", "--guidance", copy)
    assert "160x160" in refusal("--guidance", copy, "--size", "160x160")
    (copy / "cameras.json").unlink()
    assert "has no cameras.json" in refusal("--guidance", copy)
    (copy / "depth_range.json").unlink()
    assert "depth_range.json" in refusal("--guidance", copy)
