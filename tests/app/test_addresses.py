"""What addresses can reach: one's own worlds, the page's own files, and nothing else of the disk."""

import os
from pathlib import Path
from urllib.parse import quote

import pytest
import torch
from serving import Server

from voyager_lite.depth.estimate import DepthEstimate
from voyager_lite.opening import View, open_photograph
from voyager_lite.photograph import Photograph
from voyager_lite.world.creation import FILE_NAME
from voyager_lite.world.world import World

pytestmark = pytest.mark.xdist_group("app")

SECRET = b"nobody may read this"
OURS, THEIRS, NOBODY = "o" * 43, "t" * 43, "n" * 43


@pytest.fixture(scope="module")
def here(server: Server) -> Server:
    """Two people with a world each, and a file beside the folder of worlds that is nobody's business."""
    for token, name in ((OURS, "mine"), (THEIRS, "yours")):
        make_world(server.worlds / token / name)
    (server.worlds.parent / "secret.txt").write_bytes(SECRET)
    (server.worlds / OURS / "mine" / "secret.txt").write_bytes(SECRET)
    os.symlink(server.worlds / THEIRS / "yours", server.worlds / OURS / "link")
    return server


def make_world(folder: Path) -> None:
    """A wall, two units away."""
    wall = torch.full((32, 48), 2.0)
    estimate = DepthEstimate(
        depth=wall, valid=wall > 0, sky=wall < 0, fov_degrees=60.0, metric=True, source="a wall"
    )
    photograph = Photograph(rgb=torch.rand(3, 32, 48), fov_degrees=None, path=Path(__file__))
    opening = open_photograph(photograph, estimate, view=View(height=32, width=48))
    folder.parent.mkdir(parents=True, exist_ok=True)
    World.create(folder, opening).close()


def test_what_is_ones_own_is_served(here: Server) -> None:
    """The other tests mean something: the same addresses work where they should."""
    for what in ("points", "rgb/0", "depth/0"):
        status, body = here.get(f"/w/{OURS}/mine/{what}")
        assert status == 200, what
        assert body
    assert here.get("/static/viewer.js")[0] == 200


@pytest.mark.parametrize("what", ["points", "rgb/0", "depth/0"])
@pytest.mark.parametrize(
    "place",
    [
        f"{OURS}/yours",
        f"{THEIRS}/mine",
        f"{NOBODY}/mine",
        f"{OURS}/link",
        f"{OURS}/..%2f{THEIRS}%2fyours",
        f"{OURS}/../{THEIRS}/yours/../../{OURS}/nothing",
        f"..%2f{THEIRS}/yours",
        f"./{OURS}",
        f"{OURS[:-1]}/mine",
        f"{OURS}x/mine",
        f"{OURS}%00/mine",
        f"{OURS}/mine%00",
        f"{OURS}/MINE",
        "/",
    ],
)
def test_nobody_sees_a_world_that_is_not_theirs(here: Server, place: str, what: str) -> None:
    assert here.get(f"/w/{place}/{what}")[0] in (400, 403, 404, 405)


@pytest.mark.parametrize(
    "path",
    [
        f"/w/{OURS}/mine/{FILE_NAME}",
        f"/w/{OURS}/mine/secret.txt",
        f"/w/{OURS}/mine/points/../secret.txt",
        f"/w/{OURS}/mine/rgb/-1",
        f"/w/{OURS}/mine/rgb/1000000",
        f"/w/{OURS}/mine/rgb/99999999999999999999999999",
        f"/w/{OURS}/mine/rgb/0x0",
        f"/w/{OURS}/mine/rgb/..%2f..%2fsecret.txt",
        f"/w/{OURS}/",
        f"/w/{OURS}",
        "/w/",
        "/static/../look.py",
        "/static/..%2flook.py",
        "/static/%2e%2e/look.py",
        "/static/%2e%2e%2flook.py",
        "/static/..%5clook.py",
        "/static/%252e%252e%252flook.py",
        "/static/vendor/..%2f..%2flook.py",
        "/static/vendor/../../look.py",
        "/static//etc/passwd",
        "/static/%2fetc%2fpasswd",
    ],
)
def test_addresses_lead_to_no_other_file(here: Server, path: str) -> None:
    status, body = here.get(path)
    assert status in (400, 403, 404, 405, 422), body[:200]
    assert SECRET not in body
    assert b"root:" not in body


@pytest.mark.parametrize(
    "prefix", ["/gradio_api/file=", "/file=", "/gradio_api/file/", "/gradio_api/download/"]
)
def test_the_widgets_own_addresses_serve_no_file_of_ours(here: Server, prefix: str) -> None:
    """Gradio has addresses that take names of files."""
    root = here.worlds
    for file in (
        "/etc/passwd",
        f"{root.parent}/secret.txt",
        f"{root}/{OURS}/mine/{FILE_NAME}",
        f"{root}/{OURS}/mine/secret.txt",
        "pyproject.toml",
        "../../../../../../etc/passwd",
        "app/server.py",
        "http://127.0.0.1:1/",
    ):
        for name in (file, quote(file, safe=""), quote(quote(file, safe=""), safe="")):
            status, body = here.get(prefix + name)
            assert status in (400, 403, 404, 405), (status, name)
            assert SECRET not in body


def test_pages_of_elsewhere_are_not_answered(here: Server) -> None:
    """Neither by a name that another page has pointed at this machine, nor by its requests."""
    own = {"Host": here.url.removeprefix("http://")}
    path = f"/w/{OURS}/mine/points"
    assert here.get(path, headers=own)[0] == 200
    assert here.get(path, headers={"Host": "attacker.example"})[0] in (400, 403)
    assert here.get(path, headers=own | {"Origin": "http://attacker.example"})[0] == 403
    assert here.get("/config", headers={"Host": "attacker.example"})[0] in (400, 403)
