"""Addresses of what the browser loads from a world; nothing else of the disk can be named."""

import re
import threading
from typing import Annotated, Final

import cv2
import numpy as np
from fastapi import APIRouter, Depends, HTTPException, Response
from fastapi.responses import FileResponse
from jaxtyping import Float
from torch import Tensor

from app.session import Person
from app.studio import Place, Studio
from voyager_lite.export.browser_points import points_version, write_browser_points
from voyager_lite.export.contact_sheet import depth_picture, depth_range
from voyager_lite.world.frames import encode_rgb
from voyager_lite.world.world import World

FOREVER: Final = {"Cache-Control": "private, max-age=31536000, immutable"}
"""Addresses carry a version, so that what they name never changes."""

JPEG_QUALITY: Final = 92

DOWNLOAD: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,80}")

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

    return routes


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
