"""The server: Gradio's page and our own files, on this machine only."""

import contextlib
import logging
import os
import re
import signal
import socket
import sys
import tempfile
from pathlib import Path
from typing import Final

import gradio as gr
import uvicorn
from fastapi import FastAPI, HTTPException
from fastapi.responses import FileResponse
from starlette.middleware.trustedhost import TrustedHostMiddleware

from app.guard import Guard
from app.look import THEME_CSS, page_theme
from app.page import build_page
from app.routes import world_routes
from app.studio import Studio
from app.viewer import STATIC
from voyager_lite.errors import VoyagerLiteError

logger = logging.getLogger(__name__)

HERE: Final = ["127.0.0.1", "localhost"]
"""What this server may be called; a page of elsewhere that points its own name at us is refused."""

MOST_UPLOADED: Final = "200mb"
MOST_PORT: Final = 65535

STATIC_FILE: Final = re.compile(r"(?:vendor/)?[A-Za-z0-9_.-]+\.(?:js|css|map|json)")


def build_server(studio: Studio) -> FastAPI:
    """Everything that is served, ready for uvicorn."""
    return gr.mount_gradio_app(
        build_addresses(studio),
        build_page(studio),
        path="",
        server_name=HERE[0],
        footer_links=[],
        run_history=False,
        show_error=True,
        max_file_size=MOST_UPLOADED,
        ssr_mode=False,
        mcp_server=False,
        theme=page_theme(),
        css=THEME_CSS,
    )


def build_addresses(studio: Studio) -> FastAPI:
    """What is served beside Gradio's page, and what goes around all of it."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(Guard)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=HERE)
    app.get("/static/{name}")(_static)
    app.get("/static/vendor/{name}")(_vendored)
    app.include_router(world_routes(studio))
    return app


def serve(worlds: Path, *, port: int, core: str) -> None:
    """Serve until Ctrl-C, or a polite request to end.

    Args:
        worlds: Folder of everybody's worlds; made if it is not there.
        port: Of 127.0.0.1; 0 takes a free one.
        core: Chosen where nobody chooses.

    Raises:
        ValueError: No such port, or it is taken.
        VoyagerLiteError: The server could not be started.
    """
    listening = _bound(port)
    worlds.mkdir(parents=True, exist_ok=True)
    # The server hands the signal on when it has ended; without this the process would end there and then,
    # and leave what people have uploaded.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    with (
        listening,
        tempfile.TemporaryDirectory(prefix="voyager-lite-") as cache,
        Studio(worlds, core=core) as studio,
    ):
        # Read by Gradio when the page is built: where uploads lie, and that nothing is reported to anybody.
        os.environ["GRADIO_TEMP_DIR"] = cache
        os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
        server = uvicorn.Server(uvicorn.Config(build_server(studio), log_level="warning"))
        address = listening.getsockname()
        logger.warning("open http://%s:%d in a browser; worlds are kept in %s", *address, worlds)
        with contextlib.suppress(KeyboardInterrupt):
            server.run(sockets=[listening])
        if not server.started:
            raise VoyagerLiteError("the server could not be started; what went wrong stands above")


def _bound(port: int) -> socket.socket:
    """Before anything is made or said, so that nobody is sent to another program's page."""
    if not 0 <= port <= MOST_PORT:
        raise ValueError(f"port is {port}; expected 0 (any that is free) to {MOST_PORT}")
    bound = socket.socket(proto=socket.IPPROTO_TCP)  # as asyncio asks to send small answers at once
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((HERE[0], port))
    except OSError as error:
        bound.close()
        raise ValueError(f"port {port}: {error.strerror}; choose another one") from None
    return bound


def _static(name: str) -> FileResponse:
    return _own_file(STATIC / name, name)


def _vendored(name: str) -> FileResponse:
    return _own_file(STATIC / "vendor" / name, name)


def _own_file(file: Path, name: str) -> FileResponse:
    if STATIC_FILE.fullmatch(name) is None or not file.is_file():
        raise HTTPException(404)
    return FileResponse(file, headers={"Cache-Control": "no-cache"})
