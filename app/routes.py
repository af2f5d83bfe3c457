"""Addresses of what the browser loads from a world; nothing else of the disk can be named."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final

import cv2
import numpy as np
from fastapi import APIRouter, Depends, HTTPException, Response
from fastapi.responses import FileResponse
from jaxtyping import Float
from torch import Tensor

from app.exporting import FILMS, export_file, exports_folder
from app.session import Person
from app.studio import Place, Studio
from voyager_lite.export.browser_points import points_version, write_browser_points
from voyager_lite.export.contact_sheet import depth_picture, depth_range
from voyager_lite.export.formats import FORMATS
from voyager_lite.world.frames import encode_rgb
from voyager_lite.world.marks import clip_marks, frame_marks
from voyager_lite.world.world import World

FOREVER: Final = {"Cache-Control": "private, max-age=31536000, immutable"}
"""Of what an address names with its version: that never changes."""

PASSING: Final = {"Cache-Control": "no-store"}
"""Of what is not, or not any more, what its address names."""

JPEG_QUALITY: Final = 92

Picture = Callable[[World, int], Float[Tensor, "3 height width"]]
"""Makes the picture of a frame of a world."""

_making_points = threading.Lock()


def world_routes(studio: Studio) -> APIRouter:
    """``/w/{token}/{world}/...``: points, frames, films and downloads of one person's worlds."""

    def place(token: str, world: str) -> Place:
        try:
            found = Place(Person(studio.root, token), world)
            _ = found.folder
        except (ValueError, OSError) as error:
            # Whether the world is another's, or nobody's, is not told.
            raise HTTPException(404) from error
        return found

    routes = APIRouter(prefix="/w/{token}/{world}")

    @routes.get("/points")
    def points(found: Annotated[Place, Depends(place)], v: str = "") -> FileResponse:
        return _points(found, asked=v)

    @routes.get("/rgb/{number}")
    def rgb(found: Annotated[Place, Depends(place)], number: int, v: str = "") -> Response:
        return _frame(found, World.rgb, number, asked=v)

    @routes.get("/depth/{number}")
    def depth(found: Annotated[Place, Depends(place)], number: int, v: str = "") -> Response:
        return _frame(found, _depth, number, asked=v)

    @routes.get("/take/{name}")
    def take(found: Annotated[Place, Depends(place)], name: str, v: str = "") -> FileResponse:
        return _taken(found, name, asked=v)

    return routes


def _taken(found: Place, name: str, *, asked: str) -> FileResponse:
    """A film to be played, or an export to be kept under a name that tells whose it is."""
    offered = {*FILMS.values(), *(export_file(Path(), kind).name for kind in FORMATS)}
    with found.open() as world:
        folder = exports_folder(world)
    file = folder / name
    if name not in offered or not file.is_file():
        raise HTTPException(404)
    if name in FILMS.values():
        headers = FOREVER if asked == folder.name else PASSING
        return FileResponse(file, media_type="video/mp4", headers=headers)
    return FileResponse(file, filename=f"{found.name}-{name}", headers=PASSING)


def _points(found: Place, *, asked: str) -> FileResponse:
    """Made when they are first asked for, once a version."""
    with found.open() as world:
        since = world.store.data_version()
        with _making_points:
            file = found.browser_file(f"points-{points_version(world.store)}.bin")
            if not file.is_file():
                for old in file.parent.glob("points-*.bin"):
                    old.unlink()
                write_browser_points(file, world.store)
        headers = _keeping(world, clip_marks(world)[-1], asked=asked, since=since)
    return FileResponse(file, media_type="application/octet-stream", headers=headers)


def _frame(found: Place, picture: Picture, number: int, *, asked: str) -> Response:
    with found.open() as world:
        since = world.store.data_version()
        if not 0 <= number < len(world):
            raise HTTPException(404)
        data = _jpeg(picture(world, number))
        headers = _keeping(world, frame_marks(world)[number], asked=asked, since=since)
    return Response(data, media_type="image/jpeg", headers=headers)


def _depth(world: World, number: int) -> Float[Tensor, "3 height width"]:
    near, far = depth_range([world.depth(0)])
    return depth_picture(world.depth(number), near=near, far=far)


def _keeping(world: World, mark: str, *, asked: str, since: int) -> dict[str, str]:
    """How long a browser may keep what was read of a world since it had this ``data_version``."""
    # A clip committed or undone meanwhile may be in what was read, and not in the mark.
    return FOREVER if asked == mark and world.store.data_version() == since else PASSING


def _jpeg(picture: Float[Tensor, "3 height width"]) -> bytes:
    pixels = np.ascontiguousarray(encode_rgb(picture).permute(1, 2, 0).numpy()[..., ::-1])
    done, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not done:
        raise HTTPException(500)
    return data.tobytes()
