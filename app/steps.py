"""The list of steps at the top of the page: what is done, and what is next."""

from typing import Final

from app.drawn_path import DrawnPath

STEPS: Final = {"open": "Open", "draw": "Draw", "look": "Look", "walk": "Walk", "take": "Take away"}


def step_list(now: DrawnPath | None, *, walked: int = 0) -> str:
    """The five steps, with those that are done and the one that is next marked.

    Args:
        now: What is drawn; None before a world is open.
        walked: Clips of the world.
    """
    drawn = now is not None and len(now.draft.keyframes) > 1
    done = {
        "open": now is not None,
        "draw": drawn or walked > 0,
        "look": drawn or walked > 0,
        "walk": walked > 0,
    }
    following = next((step for step in STEPS if not done.get(step)), "take")
    if walked and drawn:
        following = "walk"
    items = []
    for number, (step, name) in enumerate(STEPS.items(), 1):
        state = "next" if step == following else "done" if done.get(step) else "later"
        current = ' aria-current="step"' if step == following else ""
        # Draw and look are one part of the page.
        anchor = "draw" if step == "look" else step
        items.append(
            f'<li data-state="{state}"><a href="#step-{anchor}"{current}><b>{number}</b> {name}</a></li>'
        )
    return f'<nav aria-label="Steps"><ol class="vl-steps-list">{"".join(items)}</ol></nav>'
