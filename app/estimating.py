"""What a walk along the path will cost, as measured on this machine."""

import html
from typing import Any, Final

import gradio as gr

from app.drawn_path import DrawnPath
from app.pacing import MeasurePace
from app.studio import Studio
from app.wires import Follower, Started, Wires, answered, minutes, start_task
from voyager_lite.pace import Pace

Case = tuple[str, int, int]
"""Core, height and width."""

NO_PATH: Final = "There is no path to walk yet: draw one above."

UNKNOWN: Final = "How long {core} takes here is not known yet; to measure it takes as long as one clip."


def build_estimate(studio: Studio, wires: Wires, drawn: gr.State, core: gr.Dropdown) -> Follower:
    """A line that says how long the walk along the path takes, and a button that measures it.

    What is measured holds for everybody who uses this server, as long as it runs.

    Args:
        studio: What all steps share behind the page.
        wires: What they share on it.
        drawn: Holds the ``DrawnPath``, or None.
        core: Which core is chosen.

    Returns:
        What keeps the line true.
    """
    paces: dict[Case, Pace] = {}
    with gr.Row(elem_classes="vl-line-up"):
        line = gr.HTML(estimate_line(None, "", paces), elem_id="estimate", apply_default_css=False)
        measure = gr.Button("Measure it", size="sm", visible=False, elem_id="measure", scale=0)

    def show(now: DrawnPath | None, core: str) -> tuple[str, gr.Button]:
        walks = now is not None and now.draft.frames > 1
        unknown = walks and now is not None and case_of(now, core) not in paces
        return estimate_line(now, core, paces), gr.Button(visible=unknown)

    def begin(visit: Any, now: DrawnPath | None, core: str) -> Started:
        if now is None:
            raise ValueError("open a photograph first")
        job = MeasurePace(core=core, height=now.start.height, width=now.start.width)
        return start_task(studio, studio.place(visit), job)

    def look(visit: Any, now: DrawnPath | None, core: str) -> tuple[Any, Any]:
        ticket = studio.worker.ticket(studio.place(visit).person.token)
        if ticket is None or "pace" not in ticket.result:
            return gr.skip(), gr.skip()
        pace = Pace(**ticket.result["pace"])
        paces[pace.core, pace.height, pace.width] = pace
        return show(now, core)

    quiet: dict[str, Any] = {"show_progress": "hidden"}
    measure.click(answered(begin), [wires.visit, drawn, core], wires.task, **quiet)
    wires.clock.tick(answered(look), [wires.visit, drawn, core], [line, measure], **quiet)
    return Follower(lambda visit, now, core: show(now, core), [line, measure])


def case_of(now: DrawnPath, core: str) -> Case:
    """What a measured pace holds for."""
    return core, now.start.height, now.start.width


def estimate_line(now: DrawnPath | None, core: str, paces: dict[Case, Pace]) -> str:
    """What a walk along the path costs, as markup."""
    if now is None or now.draft.frames < 2:
        return f'<p class="vl-estimate">{"" if now is None else NO_PATH}</p>'
    pace = paces.get(case_of(now, core))
    if pace is None:
        return f'<p class="vl-estimate">{html.escape(UNKNOWN.format(core=core))}</p>'
    clips, frames = pace.clips(now.draft.frames), now.draft.frames
    text = f"{frames} frames, {clips} clips: about {minutes(pace.seconds(frames))} with {core}"
    text += f" and {pace.memory_mb / 1024:.1f} GB (measured here: {pace.clip_seconds:.0f} s for {pace.how})"
    return f'<p class="vl-estimate">{html.escape(text)}</p>'
