"""Addresses of what the browser loads from a world; nothing else of the disk can be named."""

import threading
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
from voyager_lite.world.world import World

FOREVER: Final = {"Cache-Control": "private, max-age=31536000, immutable"}
"""Addresses carry a version, so that what they name never changes."""

JPEG_QUALITY: Final = 92

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
    def points(found: Annotated[Place, Depends(place)]) -> FileResponse:
        return _points(found)

    @routes.get("/rgb/{number}")
    def rgb(found: Annotated[Place, Depends(place)], number: int) -> Response:
        with found.open() as world:
            return _jpeg(world.rgb(_within(world, number)))

    @routes.get("/depth/{number}")
    def depth(found: Annotated[Place, Depends(place)], number: int) -> Response:
        with found.open() as world:
            near, far = depth_range([world.depth(0)])
            return _jpeg(depth_picture(world.depth(_within(world, number)), near=near, far=far))

    @routes.get("/take/{name}")
    def take(found: Annotated[Place, Depends(place)], name: str) -> FileResponse:
        return _taken(found, name)

    return routes


def _taken(found: Place, name: str) -> FileResponse:
    """A film to be played, or an export to be kept under a name that tells whose it is."""
    offered = {*FILMS.values(), *(export_file(Path(), kind).name for kind in FORMATS)}
    with found.open() as world:
        file = exports_folder(world) / name
    if name not in offered or not file.is_file():
        raise HTTPException(404)
    if name in FILMS.values():
        return FileResponse(file, media_type="video/mp4", headers=FOREVER)
    return FileResponse(file, filename=f"{found.name}-{name}", headers={"Cache-Control": "no-store"})


def _points(found: Place) -> FileResponse:
    """Made when they are first asked for, once a version."""
    with found.open() as world:
        file = found.browser_file(f"points-{points_version(world.store)}.bin")
        with _making_points:
            if not file.is_file():
                for old in file.parent.glob("points-*.bin"):
                    old.unlink()
                write_browser_points(file, world.store)
    return FileResponse(file, media_type="application/octet-stream", headers=FOREVER)


def _within(world: World, number: int) -> int:
    if not 0 <= number < len(world):
        raise HTTPException(404)
    return number


def _jpeg(picture: Float[Tensor, "3 height width"]) -> Response:
    pixels = np.ascontiguousarray(encode_rgb(picture).permute(1, 2, 0).numpy()[..., ::-1])
    done, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not done:
        raise HTTPException(500)
    return Response(data.tobytes(), media_type="image/jpeg", headers=FOREVER)
