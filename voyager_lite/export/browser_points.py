"""A world's points for the browser: one file of chunks, coarse ones first, to be drawn while it loads.

Layout, little-endian: the 8 bytes ``VLPOINTS``, the length of the header (uint32), the header (JSON in
ASCII, padded with spaces to a multiple of 4 bytes), then the header's chunks. A chunk is, for each of its
points, the place in the chunk's cube and the radius (four uint16: 65535 is the whole edge, and
``RADIUS_SPAN`` edges), then for each of them red, green, blue and 255. The header:

- ``version``: 1
- ``points``, ``kept``: points as they were fused, in the world and in this file
- ``focus_distance``: from the world's origin to its matter, as seen from there: the median; null without any
- ``chunks``: rows of tree, size, x, y, z (see `geometry.chunks`), kind (``COARSE`` + ``SKY``) and count

Every chunk comes later than the one that stands for it, and all that one chunk stands for comes, or is left
out, together: a coarse chunk can be drawn in place of what has not arrived, and of what never will.
"""

import hashlib
import json
import struct
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from geometry.cloud import PointCloud
from voyager_lite.export.atomic import replacing
from voyager_lite.world.chunks import unpack_chunk
from voyager_lite.world.store import Store

MAGIC = b"VLPOINTS"
VERSION = 1
COARSE, SKY = 1, 2
RADIUS_SPAN = 1 / 32
STEPS = 65535

MOST_POINTS = 4_000_000
"""Kept of a world, coarse ones included: 48 MB."""

MOST_SKY = 500_000
"""Of them, sky: it is seen from cameras only, behind everything."""

COLUMNS = ("id", "clip", "level", "size", "x", "y", "z", "sky", "count")


def write_browser_points(path: Path, store: Store, *, most: int = MOST_POINTS) -> int:
    """Write a world's points, chunk by chunk; returns how many of its fused points are kept.

    Args:
        most: Points, coarse ones included. Where there are more, the finest are left out, and of equally
            fine ones those of later clips.

    Raises:
        ValueError: A chunk is damaged; the message names its clip.
    """
    places = _places(store)
    matter = _kept(places[places["sky"] == 0], most=most)
    sky = _kept(places[places["sky"] == 1], most=min(MOST_SKY, max(0, most - int(matter["count"].sum()))))
    kept = np.concatenate([matter, sky])
    kept_points = int(kept["count"][kept["level"] == 0].sum())
    header = {
        "version": VERSION,
        "points": int(places["count"][places["level"] == 0].sum()),
        "kept": kept_points,
        "focus_distance": _focus_distance(store, matter),
        "chunks": [
            [2 * clip + sky, size, x, y, z, COARSE * (level > 0) + SKY * sky, count]
            for _, clip, level, size, x, y, z, sky, count in kept.tolist()
        ],
    }
    text = json.dumps(header, separators=(",", ":")).encode("ascii")
    text += b" " * (-len(text) % 4)
    with replacing(path) as partial, open(partial, "wb") as file:
        file.write(MAGIC + struct.pack("<I", len(text)) + text)
        for place in kept:
            cloud = unpack_chunk(store.chunk(int(place["id"])))
            file.write(_bytes(cloud, place))
    return kept_points


def points_version(store: Store) -> str:
    """Names what ``write_browser_points`` would write: the same for the same clips, another for others."""
    making = [[record.first_frame, record.making] for record in store.records()]
    text = json.dumps([VERSION, store.chunk_places(), making], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _places(store: Store) -> np.ndarray:
    """All chunks: those that no other stands for, of all clips, then what they stand for, and so on."""
    places = np.array(store.chunk_places(), np.dtype([(name, "<i8") for name in COLUMNS]))
    parent = [places[axis] >> 1 for axis in "zyx"]
    return places[np.lexsort((*parent, places["sky"], places["clip"], _generation(places)))]


def _generation(places: np.ndarray) -> Int[np.ndarray, " chunk"]:
    """How many chunks stand for each, one for the other: trees are coarsened up to one size everywhere."""
    trees, tree = np.unique(2 * places["clip"] + places["sky"], return_inverse=True)
    top = np.full(len(trees), np.iinfo(np.int32).min, np.int64)
    coarse = places["level"] > 0
    np.maximum.at(top, tree[coarse], places["size"][coarse])
    return np.maximum(top[tree] - places["size"], 0)


def _kept(places: np.ndarray, *, most: int) -> np.ndarray:
    """The longest run of whole families of chunks, from the first on, with at most so many points."""
    family = np.stack([places["clip"], places["size"], *(places[axis] >> 1 for axis in "xyz")])
    starts = np.any(np.diff(family, axis=1, prepend=family[:, :1] - 1), axis=0)
    ends = np.flatnonzero(np.append(starts[1:], True)) + 1 if len(places) else np.zeros(0, np.int64)
    fitting = np.cumsum(places["count"])[ends - 1] <= most
    return places[: ends[fitting][-1]] if fitting.any() else places[:0]


def _bytes(cloud: PointCloud, place: np.void) -> bytes:
    edge = 2.0 ** float(place["size"])
    low = np.array([place[axis] for axis in "xyz"], np.float64) * edge
    within = (cloud.positions.double().numpy() - low) / edge
    radii = cloud.radii.double().numpy() / (edge * RADIUS_SPAN)
    places = _steps(np.column_stack([within, radii]))
    colors = np.full((len(cloud), 4), 255, np.uint8)
    colors[:, :3] = _steps(cloud.colors.double().numpy()) // 257
    return places.astype("<u2").tobytes() + colors.tobytes()


def _steps(shares: Float[np.ndarray, "*rows"]) -> np.ndarray:
    """Shares in [0, 1] as 16-bit numbers. Merged points outside their cube by rounding: brought in."""
    return np.clip(np.round(shares * STEPS), 0, STEPS).astype(np.uint16)


def _focus_distance(store: Store, matter: np.ndarray) -> float | None:
    """Half of what is seen of the matter from the world's origin is nearer: asked of the coarsest points."""
    clouds = [unpack_chunk(store.chunk(int(number))) for number in matter["id"][_generation(matter) == 0]]
    if not clouds:
        return None
    cloud = PointCloud.concatenate(clouds)
    distance = np.linalg.norm(cloud.positions.double().numpy(), axis=-1)
    angle = (cloud.radii.double().numpy() / np.maximum(distance, np.finfo(np.float32).tiny)) ** 2
    order = np.argsort(distance)
    seen = np.cumsum(angle[order])
    return float(distance[order][np.searchsorted(seen, seen[-1] / 2)])
