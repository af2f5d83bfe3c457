"""Short names for states of a world: the same for the same history, another for another."""

import hashlib

from voyager_lite.world.frames import pack_cameras
from voyager_lite.world.rows import to_json
from voyager_lite.world.world import World


def clip_marks(world: World) -> list[str]:
    """Of each clip, a name of what the world was when it had been committed: 16 hexadecimal digits.

    It stands for picture, depth and field of view at the opening, and for cameras, seeds, core, steps and
    prompt of all clips so far, which decide their pixels. What was undone and made anew in the same way
    has the same name again.
    """
    digest = hashlib.sha256(to_json(world.origin).encode())
    marks = []
    for clip in world.clips:
        for part in pack_cameras(clip.cameras):
            digest.update(part)
        digest.update(to_json({"first_frame": clip.first_frame, "making": clip.making}).encode())
        marks.append(digest.hexdigest()[:16])
    return marks


def frame_marks(world: World) -> list[str]:
    """Of each frame, the name of the clip from which it is taken: the newest that holds it."""
    marks: list[str] = []
    for clip, mark in zip(world.clips, clip_marks(world), strict=True):
        marks[clip.first_frame :] = [mark] * len(clip.cameras)
    return marks
