"""What the server answers: its own pages, to their own people."""

import os
import signal
from collections.abc import Generator
from pathlib import Path

import cv2
import gradio as gr
import numpy as np
import pytest
from fastapi.testclient import TestClient
from walls import HEIGHT, WIDTH, load_tiny, wall

from app import server
from app.guard import HEADERS
from app.page import arrived
from app.server import build_addresses
from app.studio import Studio
from app.tasks import Walk
from app.walking import clip_table
from app.wires import answered, minutes, task_line
from app.worker import Ticket
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
    from app.exporting import export_file, exports_folder

    with World.open(studio.root / OURS / "mine") as world:
        export_file(exports_folder(world), "cameras").write_text("{}")
    answer = client.get(f"/w/{OURS}/mine/take/cameras.json")
    assert answer.status_code == 200
    assert 'filename="mine-cameras.json"' in answer.headers["content-disposition"]


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
    ("number", "end"), [(signal.SIGTERM, SystemExit), (signal.SIGINT, KeyboardInterrupt)]
)
def test_uploads_are_removed_when_the_server_is_asked_to_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, end: type[BaseException]
) -> None:
    caches = []

    def run(app: object, **settings: object) -> None:
        caches.append(Path(os.environ["GRADIO_TEMP_DIR"]))
        (caches[0] / "upload.jpg").touch()
        signal.raise_signal(number)

    monkeypatch.setenv("GRADIO_TEMP_DIR", "")
    monkeypatch.setenv("GRADIO_ANALYTICS_ENABLED", "")
    monkeypatch.setattr(server, "build_server", lambda studio: None)
    monkeypatch.setattr(server.uvicorn, "run", run)
    before = {kind: signal.getsignal(kind) for kind in (signal.SIGTERM, signal.SIGINT)}
    # A shell's background job ignores Ctrl-C from birth.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(end):
            server.serve(tmp_path / "worlds", port=0, core="tiny")
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)
    assert caches and not caches[0].exists()
