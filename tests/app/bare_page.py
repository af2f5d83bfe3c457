"""A page with one component of ours and nothing else: what Gradio does with it, without Gradio."""

import json
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

STATIC = Path(__file__).parents[2] / "app" / "static"
TYPES = {".js": "text/javascript", ".css": "text/css", ".html": "text/html"}

PAGE = """<!doctype html><html lang="en"><title>One component</title><meta charset="utf-8">
<link rel="stylesheet" href="/static/look.css"><style>#own {{ {css} }}</style>
<body><div id="own">{markup}</div><script type="module">
const props = {{ value: null }}, watching = [];
window.events = [];
window.give = (value) => {{ props.value = value; watching.forEach((react) => react()); }};
const trigger = (name, data) => window.events.push([name, data]);
const watch = (name, react) => {{ watching.push(react); window.ready = true; }};
const own = document.getElementById('own');
new Function('element', 'trigger', 'props', 'watch', {on_load})(own, trigger, props, watch);
</script></body></html>"""


def page_of(component: Any, css: str) -> bytes:
    """The page for a module with MARKUP and ON_LOAD."""
    style = (STATIC / css).read_text(encoding="utf-8")
    return PAGE.format(css=style, markup=component.MARKUP, on_load=json.dumps(component.ON_LOAD)).encode()


@contextmanager
def served(files: dict[str, bytes]) -> Iterator[str]:
    """Our static files and these; yields the address, without a slash at the end."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            static = STATIC / self.path.removeprefix("/static/")
            body = files.get(self.path)
            if body is None and self.path.startswith("/static/") and static.is_file():
                body = static.read_bytes()
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Type", TYPES.get(Path(self.path).suffix, "text/html"))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


Point = tuple[float, float, float, float, tuple[int, int, int]]
"""Place within the cube and radius in edges, colour."""


def points_file(
    rows: list[tuple[list[int], list[Point]]], *, focus: float | None = 1.0, points: int | None = None
) -> bytes:
    """A file as `voyager_lite.export.browser_points` describes it; a row is tree, size, x, y, z, kind."""
    kept = sum(len(chunk) for row, chunk in rows if not row[5] & 1)
    header = {"version": 1, "points": kept if points is None else points, "kept": kept}
    header |= {"focus_distance": focus, "chunks": [[*row, len(chunk)] for row, chunk in rows]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 4)
    data = b"VLPOINTS" + struct.pack("<I", len(text)) + text
    for _, chunk in rows:
        for *place, radius, _ in chunk:
            data += struct.pack("<4H", *(round(share * 65535) for share in place), round(radius * 32 * 65535))
        for *_, color in chunk:
            data += bytes([*color, 255])
    return data
