"""What the server answers: its own pages, to their own people."""

import os
import signal
import socket
from collections.abc import Generator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import cv2
import gradio as gr
import numpy as np
import pytest
from fastapi.testclient import TestClient
from walls import HEIGHT, WIDTH, load_tiny, wall

from app import frames, server
from app.exporting import FILMS, exports_folder
from app.guard import HEADERS
from app.page import arrived
from app.routes import FOREVER, PASSING
from app.server import build_addresses
from app.session import Person
from app.studio import Place, Studio
from app.tasks import Walk
from app.walking import clip_table
from app.wires import answered, minutes, task_line
from app.worker import Ticket
from geometry.trajectory import Trajectory
from voyager_lite.errors import VoyagerLiteError
from voyager_lite.explorer import Explorer
from voyager_lite.world.creation import FILE_NAME
from voyager_lite.world.overview import overview
from voyager_lite.world.world import World

OURS, THEIRS = "p" + 42 * "o", "p" + 42 * "t"


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Generator[Studio, None, None]:
    root = tmp_path_factory.mktemp("worlds")
    for token, name in ((OURS, "mine"), (THEIRS, "yours")):
        wall(root / token / name).close()
    (root / OURS / "mine" / "notes.txt").write_text("private")
    with Studio(root, load=load_tiny) as running:
        yield running


@pytest.fixture(scope="module")
def client(studio: Studio) -> Generator[TestClient, None, None]:
    """All addresses but those of Gradio's page."""
    with TestClient(build_addresses(studio), base_url="http://127.0.0.1:7860") as asking:
        yield asking


def test_a_frame_is_the_picture_of_the_world(client: TestClient, studio: Studio) -> None:
    answer = client.get(f"/w/{OURS}/mine/rgb/0")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/jpeg"
    pixels = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None and pixels.shape == (HEIGHT, WIDTH, 3)
    assert abs(float(pixels.mean()) - 127.5) < 3
    assert client.get(f"/w/{OURS}/mine/depth/0").status_code == 200
    assert client.get(f"/w/{OURS}/mine/points").content


@pytest.mark.parametrize(
    "path",
    [
        f"/w/{OURS}/yours/rgb/0",
        f"/w/{THEIRS}/mine/rgb/0",
        f"/w/{OURS}/mine/rgb/1",
        f"/w/{OURS}/mine/notes.txt",
        f"/w/{OURS}/mine/take/notes.txt",
        f"/w/{OURS}/mine/take/..%2f..%2fnotes.txt",
        f"/w/{OURS}/mine/take/world.sqlite",
        f"/w/{OURS}/mine/take/ply.ply",
        "/static/page.py",
        "/static/..%2fpage.py",
        "/docs",
        "/openapi.json",
    ],
)
def test_nothing_else_is_served(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_an_export_is_served_under_the_worlds_name(client: TestClient, studio: Studio) -> None:
    from app.exporting import export_file

    with World.open(studio.root / OURS / "mine") as world:
        export_file(exports_folder(world), "cameras").write_text("{}")
    answer = client.get(f"/w/{OURS}/mine/take/cameras.json")
    assert answer.status_code == 200
    assert 'filename="mine-cameras.json"' in answer.headers["content-disposition"]


def named(place: Place) -> list[str]:
    """What the page names of a world: its points, its films, frames of its walk."""
    with place.open() as world:
        for name in FILMS.values():
            (exports_folder(world) / name).write_bytes(b"a film")
    running, whole = frames.running_film(place), frames.whole_film(place)
    assert whole is not None
    points = place.address("points", version=place.version())
    return [points, whole["rgb"], whole["depth"], running["rgb"][-1], running["depth"][-1]]


def test_browsers_keep_what_an_address_names_and_nothing_else(client: TestClient, studio: Studio) -> None:
    place = Place(Person(studio.root, OURS), "walked")

    def kept(address: str) -> str:
        answer = client.get(address)
        assert answer.status_code == 200
        return answer.headers["cache-control"]

    with wall(studio.root / OURS / "walked") as world:
        walk = Explorer(load_tiny("tiny")).explore(world, Trajectory.parse("right:0.2", frames=7))
        next(walk)
        then = named(place)
        assert {kept(address) for address in then} == {FOREVER["Cache-Control"]}
        for address in then:
            assert kept(f"{address}0") == kept(address.partition("?")[0]) == PASSING["Cache-Control"]
        next(walk)
        now = named(place)
        assert {kept(address) for address in then} == {PASSING["Cache-Control"]}
        assert {kept(address) for address in now} == {FOREVER["Cache-Control"]}
        walk.close()  # type: ignore[attr-defined]
        world.undo()
    assert named(place) == then
    assert {kept(address) for address in then} == {FOREVER["Cache-Control"]}
    assert {kept(address) for address in now[:3]} == {PASSING["Cache-Control"]}


def test_of_a_long_walk_the_player_is_told_which_frames_it_has(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(Person(studio.root, OURS), "long")
    with wall(studio.root / OURS / "long") as world:
        list(Explorer(load_tiny("tiny")).explore(world, Trajectory.parse("right:0.2", frames=7)))
    whole = frames.running_film(place)
    assert (whole["first"], len(whole["rgb"])) == (0, 7)
    monkeypatch.setattr(frames, "MOST_PICTURES", 3)
    last = frames.running_film(place)
    assert last["first"] == 4
    assert last["key"] == whole["key"]
    assert last["rgb"] == whole["rgb"][4:]


@pytest.mark.parametrize("host", ["attacker.example", "127.0.0.1.attacker.example", "10.0.0.1"])
def test_another_name_for_this_machine_is_refused(client: TestClient, host: str) -> None:
    assert client.get("/static/viewer.js", headers={"host": host}).status_code == 400
    assert client.get("/static/viewer.js", headers={"host": "localhost:7860"}).status_code == 200


@pytest.mark.parametrize("origin", ["http://attacker.example", "null", "http://127.0.0.1:9999", "https://a"])
def test_what_pages_of_elsewhere_send_is_refused(client: TestClient, origin: str) -> None:
    for ask in (client.get, client.post):
        assert ask("/gradio_api/queue/join", headers={"origin": origin}).status_code == 403
    own = {"origin": "http://127.0.0.1:7860"}
    assert client.get("/static/viewer.js", headers=own).status_code == 200


def test_every_answer_tells_browsers_to_ask_nobody_else(client: TestClient) -> None:
    for path in ("/static/viewer.js", f"/w/{OURS}/mine/rgb/0", "/nothing"):
        answer = client.get(path)
        for name, value in HEADERS.items():
            assert answer.headers[name] == value
    assert "http:" not in HEADERS["Content-Security-Policy"]
    assert "*" not in HEADERS["Content-Security-Policy"]


def test_the_first_visit_makes_a_key_and_the_next_finds_the_world(studio: Studio) -> None:
    first, second = arrived(studio, None), arrived(studio, {"token": "../../etc", "world": "mine"})
    assert first["token"] != second["token"]
    assert first["world"] is None and second["world"] is None
    assert arrived(studio, {"token": OURS, "world": "mine"}) == {"token": OURS, "world": "mine"}
    assert arrived(studio, {"token": OURS, "world": "yours"}) == {"token": OURS, "world": None}
    assert arrived(studio, {"token": OURS, "world": "../x"}) == {"token": OURS, "world": None}


def test_a_world_that_cannot_be_read_keeps_nobody_out(studio: Studio) -> None:
    folder = studio.root / OURS / "damaged"
    wall(folder).close()
    assert arrived(studio, {"token": OURS, "world": "damaged"})["world"] == "damaged"
    (folder / FILE_NAME).write_bytes(bytes(4096))
    assert arrived(studio, {"token": OURS, "world": "damaged"}) == {"token": OURS, "world": None}


HOSTILE = "<script>alert(1)</script>"


def test_what_others_wrote_is_text_in_the_page(studio: Studio) -> None:
    job = Walk(folder=Path("x"), way=None, core="tiny", title=HOSTILE)  # type: ignore[arg-type]
    ticket = Ticket(number=1, owner=OURS, job=job, state="failed", message=HOSTILE)
    assert "<script" not in task_line(ticket)
    assert "&lt;script" in task_line(ticket)
    with World.open(studio.root / OURS / "mine") as world:
        facts = overview(world)
    clip = {"clip": 1, "first_frame": 0, "frames": 5, "seconds": 1, "length": 1, "points": 9, "seed": 0}
    facts["walk"] = [{**clip, "core": HOSTILE, "prompt": HOSTILE}]
    assert "<script" not in clip_table(facts)
    assert "0–4" in clip_table(facts)


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (59.6, "1:00"), (61, "1:01"), (-3, "0:00")])
def test_minutes_by_hand(seconds: float, text: str) -> None:
    assert minutes(seconds) == text


def test_what_goes_wrong_is_told_in_a_line_of_text() -> None:
    def refuse() -> None:
        raise ValueError(f"{HOSTILE}\nis no path")

    def break_down() -> None:
        raise ZeroDivisionError("by zero")

    with pytest.raises(gr.Error) as refused:
        answered(refuse)()
    assert refused.value.message == "&lt;script&gt;alert(1)&lt;/script&gt; is no path"
    with pytest.raises(gr.Error, match="unexpected: by zero"):
        answered(break_down)()


@pytest.mark.parametrize(
    ("number", "end"), [(signal.SIGTERM, pytest.raises(SystemExit)), (signal.SIGINT, nullcontext())]
)
def test_uploads_are_removed_when_the_server_is_asked_to_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, end: AbstractContextManager[object]
) -> None:
    caches = []

    def run(self: Any, sockets: list[socket.socket]) -> None:
        self.started = True
        caches.append(Path(os.environ["GRADIO_TEMP_DIR"]))
        (caches[0] / "upload.jpg").touch()
        signal.raise_signal(number)

    monkeypatch.setenv("GRADIO_TEMP_DIR", "")
    monkeypatch.setenv("GRADIO_ANALYTICS_ENABLED", "")
    monkeypatch.setattr(server, "build_server", lambda studio: None)
    monkeypatch.setattr(server.uvicorn.Server, "run", run)
    before = {kind: signal.getsignal(kind) for kind in (signal.SIGTERM, signal.SIGINT)}
    # A shell's background job ignores Ctrl-C from birth.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with end:
            server.serve(tmp_path / "worlds", port=0, core="tiny")
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)
    assert caches and not caches[0].exists()


def test_a_server_that_does_not_start_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "build_server", lambda studio: None)
    monkeypatch.setattr(server.uvicorn.Server, "run", lambda self, sockets: None)
    monkeypatch.setattr(signal, "signal", lambda number, handler: None)
    monkeypatch.setenv("GRADIO_TEMP_DIR", "")
    monkeypatch.setenv("GRADIO_ANALYTICS_ENABLED", "")
    with pytest.raises(VoyagerLiteError, match="could not be started"):
        server.serve(tmp_path / "worlds", port=0, core="tiny")


@pytest.mark.parametrize("port", [70000, -5])
def test_a_port_that_is_none_is_refused_before_anything_is_made(tmp_path: Path, port: int) -> None:
    with pytest.raises(ValueError, match=rf"port is {port}; expected 0 \(any that is free\) to 65535"):
        server.serve(tmp_path / "worlds", port=port, core="tiny")
    assert not (tmp_path / "worlds").exists()


def test_nobody_is_sent_to_another_programs_page(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(ValueError, match=r"Address already in use; choose another one"):
            server.serve(tmp_path / "worlds", port=other.getsockname()[1], core="tiny")
    assert "open http" not in caplog.text and not (tmp_path / "worlds").exists()
