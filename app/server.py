"""The server: Gradio's page and our own files, on this machine only."""

import logging
import os
import re
import signal
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

logger = logging.getLogger(__name__)

HERE: Final = ["127.0.0.1", "localhost"]
"""What this server may be called; a page of elsewhere that points its own name at us is refused."""

MOST_UPLOADED: Final = "200mb"

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
        port: Of 127.0.0.1.
        core: Chosen where nobody chooses.
    """
    worlds.mkdir(parents=True, exist_ok=True)
    # The server hands the signal on when it has ended; without this the process would end there and then,
    # and leave what people have uploaded.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    with tempfile.TemporaryDirectory(prefix="voyager-lite-") as cache, Studio(worlds, core=core) as studio:
        # Read by Gradio when the page is built: where uploads lie, and that nothing is reported to anybody.
        os.environ["GRADIO_TEMP_DIR"] = cache
        os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
        app = build_server(studio)
        logger.warning("open http://%s:%d in a browser; worlds are kept in %s", HERE[0], port, worlds)
        uvicorn.run(app, host=HERE[0], port=port, log_level="warning")


def _static(name: str) -> FileResponse:
    return _own_file(STATIC / name, name)


def _vendored(name: str) -> FileResponse:
    return _own_file(STATIC / "vendor" / name, name)


def _own_file(file: Path, name: str) -> FileResponse:
    if STATIC_FILE.fullmatch(name) is None or not file.is_file():
        raise HTTPException(404)
    return FileResponse(file, headers={"Cache-Control": "no-cache"})
