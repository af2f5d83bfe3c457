"""A world of two million points in the 3D view."""

import re

import pytest
from person import PATIENCE, Person
from playwright.sync_api import expect

from voyager_lite.evaluation.landscape import build

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("app"), pytest.mark.timeout(900)]

WANTED = 30.0


def test_two_million_points_move_quickly_or_it_is_said_what_is_left_out(page, server):
    me = Person(page, server)
    me.arrive()
    me.take_sample("coffee")
    build(server.worlds / me.key / "hills", tiles=2)
    me.arrive()
    me.wait_for_world()
    page.locator("#worlds input").click()
    page.get_by_role("option").filter(has_text="hills").click()

    says = page.locator("#viewer [data-say=drawn]")
    expect(says).to_contain_text("2,000,000 points")
    expect(page.locator("#viewer [data-say=loading]")).to_be_empty()
    canvas = page.locator("#viewer canvas").first
    canvas.scroll_into_view_if_needed()
    # Whoever sees the points sees what is said of them.
    expect(says).to_be_in_viewport(ratio=1)
    box = canvas.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(200):
        page.mouse.move(x + 100 * ((step % 40) - 20) / 20, y)
        page.wait_for_timeout(16)
    moving = says.inner_text()
    fps, drawn = float(canvas.get_attribute("data-fps")), int(canvas.get_attribute("data-drawn"))
    page.mouse.up()
    assert drawn > 0
    assert fps >= WANTED or "finer ones when it stops" in moving, moving
    page.wait_for_function(
        "canvas => canvas.dataset.phase === 'still'", arg=canvas.element_handle(), timeout=PATIENCE
    )
    rests = int(canvas.get_attribute("data-drawn"))
    assert rests >= drawn
    expect(says).to_contain_text(re.compile("finer ones are left out|as fine as can be seen from here"))
    shown = re.search(r"([\d,]+) drawn", says.inner_text())
    assert shown is not None and int(shown[1].replace(",", "")) == rests
    expect(says).to_be_in_viewport(ratio=1)
