"""The path that is drawn, kept beside its world, so that it is there when the page is loaded again."""

import json
import logging
from dataclasses import replace
from typing import Final

from app.drawn_path import DrawnPath
from app.studio import Place
from geometry.draft_path import draft_cameras
from geometry.history import History
from voyager_lite.draft_json import draft_from_record, draft_to_record, take_object
from voyager_lite.export.atomic import replacing
from voyager_lite.world.marks import clip_marks
from voyager_lite.world.world import World

logger = logging.getLogger(__name__)

FILE: Final = "path.json"


def keep_path(place: Place, now: DrawnPath | None) -> None:
    """Write down what is drawn; a drawing of another world, or of an earlier state of it, is left alone."""
    if now is None or not place.exists or now.mark != place.version():
        return
    file = place.browser_file(FILE)
    if len(now.draft.keyframes) < 2:
        file.unlink(missing_ok=True)
        return
    with replacing(file) as partial:
        partial.write_text(json.dumps({"mark": now.mark, "draft": draft_to_record(now.draft)}))


def kept_path(place: Place, world: World, now: DrawnPath) -> DrawnPath:
    """What was drawn when somebody was last here, without what has been walked since.

    Args:
        place: Whose path it is, and in which world.
        world: That world.
        now: Nothing drawn yet where it stands.

    Returns:
        ``now`` if nothing was, or if the walk no longer stands on that path.
    """
    try:
        record = json.loads(place.browser_file(FILE).read_text())
        found = take_object(record, ("mark", "draft"), name="the kept path")
        draft = draft_from_record(found["draft"])
        marks = clip_marks(world)
        if found["mark"] not in marks:
            return now
        end = world.clips[marks.index(found["mark"])].end_frame
        start = world.cameras[end - 1]
        draft_cameras(draft, start)
    except FileNotFoundError:
        return now
    except (ValueError, OSError) as error:
        logger.warning("a kept path of the world %s is left out: %s", place.name, error)
        return now
    drawn = replace(now, start=start, walked=now.walked[:end], history=History(present=draft))
    return drawn if end == len(world) else now.left_of(drawn)
