"""Step 4: walk the path, clip by clip; go back, branch off, finish what was interrupted."""

import html
from typing import Any, Final

import gradio as gr

from app.drawn_path import DrawnPath
from app.estimating import build_estimate
from app.frames import running_film
from app.player import ClipPlayer
from app.studio import Place, Studio
from app.tasks import BranchOff, Finish, GoBack, Walk, Way
from app.wires import Follower, Started, Wires, answered, start_task
from voyager_lite.core import CORES
from voyager_lite.core.mini import Mini
from voyager_lite.explorer import check_choices
from voyager_lite.world.overview import overview

MOST_STEPS: Final = 100

NEXT: Final = "Walk the path"


def build_walk_step(studio: Studio, wires: Wires, drawn: gr.State) -> tuple[gr.Dropdown, Follower]:
    """Lay out the step and wire it.

    Args:
        studio: What all steps share behind the page.
        wires: What they share on it.
        drawn: Holds the ``DrawnPath``, or None.

    Returns:
        Which core is chosen, and what keeps the step true to that and to the path.
    """
    with gr.Column(elem_id="step-walk", elem_classes="vl-step"):
        gr.Markdown(
            "## 4 · Walk\nWhat nobody has seen yet is imagined, clip by clip; every finished clip is kept."
        )
        with gr.Row(visible=False, elem_id="unfinished", elem_classes="vl-notice") as unfinished:
            notice = gr.HTML(apply_default_css=False)
            finish = gr.Button("Finish it", variant="primary", size="sm", elem_id="finish", scale=0)
            drop = gr.Button("Drop it", size="sm", elem_id="drop", scale=0)
        with gr.Row(equal_height=True):
            cores = list(dict.fromkeys([studio.core, *CORES]))
            core = gr.Dropdown(cores, value=studio.core, label="Core", elem_id="core", min_width=110)
            seed = gr.Number(0, precision=0, label="Seed", elem_id="seed", min_width=90)
            steps = gr.Number(
                0,
                precision=0,
                minimum=0,
                maximum=MOST_STEPS,
                label="Steps (0: auto)",
                elem_id="steps-taken",
                min_width=110,
            )
            walk = gr.Button(NEXT, variant="primary", interactive=False, elem_id="walk", min_width=140)
        estimate = build_estimate(studio, wires, drawn, core)
        unread = gr.HTML(elem_id="unread", apply_default_css=False)
        with gr.Row(visible=False, elem_id="clips") as walked:
            with gr.Column(scale=6, min_width=320):
                player = ClipPlayer(elem_id="walk-player")
            with gr.Column(scale=5, min_width=320):
                table = gr.HTML(elem_id="clip-table", apply_default_css=False)
                clip = gr.Dropdown([], label="Chosen clip", elem_id="clip")
                with gr.Row():
                    undo = gr.Button("Undo the last clip", size="md", elem_id="undo", min_width=120)
                    back = gr.Button("Go back to this clip", size="md", elem_id="back", min_width=120)
                    branch = gr.Button("Branch off after it", size="md", elem_id="branch", min_width=120)

    def start(
        visit: Any, now: DrawnPath | None, core: str, seed: float | None, steps: float | None
    ) -> Started:
        place = studio.place(visit)
        if core not in cores:
            raise ValueError(f"core is {core!r}; expected one of {', '.join(cores)}")
        job = walk_along(place, now, core=core, seed=int(seed or 0), steps=int(steps or 0))
        return start_task(studio, place, job)

    def finish_it(visit: Any) -> Started:
        place = studio.place(visit)
        return start_task(studio, place, Finish(folder=place.folder))

    def go_back(visit: Any, clips: int) -> Started:
        place = studio.place(visit)
        return start_task(studio, place, GoBack(folder=place.folder, clips=clips))

    def go_back_to(visit: Any, chosen: int | None) -> Started:
        last = _last_clip(studio.place(visit))
        if chosen is None or not 0 <= chosen < last:
            raise ValueError("choose an earlier clip to go back to")
        return go_back(visit, last - chosen)

    def branch_off(visit: Any, chosen: int | None) -> Started:
        place = studio.place(visit)
        if chosen is None:
            raise ValueError("choose the clip after which to branch off")
        into = place.person.free(f"{place.name}-branch")
        return start_task(studio, place, BranchOff(folder=place.folder, into=into, clip=int(chosen)))

    def show(visit: Any) -> tuple[Any, ...]:
        place = studio.place(visit)
        if not place.exists:
            return None, gr.Row(visible=False), "", gr.Row(visible=False), "", gr.Dropdown([]), gr.skip()
        with place.open() as world:
            facts = overview(world)
        ticket = studio.worker.ticket(place.person.token)
        idle = ticket is None or ticket.over
        left = facts["unfinished"] if idle else None
        clips = int(str(facts["clips"]))
        choices = [("the photograph", 0), *((f"clip {number}", number) for number in range(1, clips + 1))]
        return (
            running_film(place),
            gr.Row(visible=left is not None),
            f"<p>A walk to frame {left} was interrupted at frame {facts['frames']}.</p>",
            gr.Row(visible=clips > 0),
            clip_table(facts),
            gr.Dropdown(choices, value=clips),
            gr.Button(interactive=False),
        )

    def look_ahead(visit: Any, now: DrawnPath | None, core: str) -> tuple[gr.Button, str]:
        there = now is not None and len(now.draft.keyframes) > 1
        return gr.Button(interactive=there), unread_prompts(now, core)

    quiet: dict[str, Any] = {"show_progress": "hidden"}
    ahead = Follower.joined(estimate, Follower(look_ahead, [walk, unread]))
    core.change(answered(ahead.answer), [wires.visit, drawn, core], ahead.outputs, **quiet)
    walk.click(answered(start), [wires.visit, drawn, core, seed, steps], wires.task, **quiet)
    finish.click(answered(finish_it), wires.visit, wires.task, **quiet)
    drop.click(answered(lambda visit: go_back(visit, 0)), wires.visit, wires.task, **quiet)
    undo.click(answered(lambda visit: go_back(visit, 1)), wires.visit, wires.task, **quiet)
    back.click(answered(go_back_to), [wires.visit, clip], wires.task, **quiet)
    branch.click(answered(branch_off), [wires.visit, clip], wires.task, **quiet)
    clip.input(
        answered(lambda visit, chosen: gr.Button(interactive=chosen < _last_clip(studio.place(visit)))),
        [wires.visit, clip],
        back,
        **quiet,
    )
    outputs = [player, unfinished, notice, walked, table, clip, back]
    gr.on([wires.seen.change, wires.finished.change], answered(show), wires.visit, outputs, **quiet)
    return core, ahead


def walk_along(place: Place, now: DrawnPath | None, *, core: str, seed: int, steps: int) -> Walk:
    """The task that walks what is drawn; 0 steps are the core's own.

    Raises:
        ValueError: Nothing is drawn, or not in the world as it is now; or a number is not allowed.
    """
    cameras = None if now is None else now.cameras()
    if now is None or cameras is None:
        raise ValueError("draw a path first: it has only its start")
    if now.mark != place.version():
        raise ValueError("the world has changed since this path was drawn; reload the page and draw it anew")
    if not 0 <= steps <= MOST_STEPS:
        raise ValueError(f"steps is {steps}; expected 1 to {MOST_STEPS}, or 0 for the core's own")
    check_choices(seed=seed, steps=steps or None)
    way = Way.of(cameras, prompts=prompts_of(now))
    return Walk(folder=place.folder, way=way, core=core, seed=seed, steps=steps or None)


def prompts_of(now: DrawnPath) -> tuple[tuple[int, str], ...]:
    """What is wanted from which frame of a drawn path on; of several on one frame the last."""
    begins = {
        min(round(key.seconds * now.draft.fps), now.draft.frames - 1): key.prompt
        for key in now.draft.keyframes
        if key.prompt
    }
    return tuple(sorted(begins.items()))


def unread_prompts(now: DrawnPath | None, core: str) -> str:
    """Says, as markup, that what is to be seen on a path makes no difference to a core that does not read."""
    if now is None or not prompts_of(now) or core not in CORES or Mini.reads_prompts:
        return ""
    text = f"{core} does not read: what is to be shown from a key frame on makes no difference with it."
    return f'<p class="vl-estimate">{html.escape(text)}</p>'


def clip_table(facts: dict[str, Any]) -> str:
    """The clips of a walk as markup, in which prompts are text.

    Args:
        facts: As ``voyager_lite.world.overview`` gives them.
    """
    rows = []
    for clip in facts["walk"]:
        last = clip["first_frame"] + clip["frames"] - 1
        cells = (
            *(clip["clip"], f"{clip['first_frame']}–{last}", f"{clip['seconds']} s", clip["length"]),
            *(f"{clip['points']:,}", clip["core"], clip["seed"], clip["prompt"] or ""),
        )
        rows.append("".join(f"<td>{html.escape(str(cell))}</td>" for cell in cells))
    names = ("clip", "frames", "time", "length", "points", "core", "seed", "prompt")
    head = "".join(f'<th scope="col">{name}</th>' for name in names)
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    table = f'<table class="vl-table"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    return f'<div class="vl-scroll" tabindex="0" role="region" aria-label="Clips">{table}</div>'


def _last_clip(place: Place) -> int:
    with place.open() as world:
        return len(world.clips) - 1
