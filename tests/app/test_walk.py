"""From a picture to files on one's own disk, in a browser, as a person goes about it."""

import io

import av
import pytest
import trimesh
from person import Person
from PIL import Image
from playwright.sync_api import expect

pytestmark = [pytest.mark.xdist_group("app"), pytest.mark.timeout(900)]


def test_a_sample_is_walked_into_and_taken_away(page, server, tmp_path):
    me = Person(page, server)
    me.arrive()
    me.take_sample("coffee")

    me.draw((6, 20), (12, 40))
    # What is drawn, and not walked yet, is there again when the page is loaded anew.
    length = me.length.inner_text()
    page.locator("#path-editor .vl-film[data-shown]").wait_for()
    me.arrive()
    me.wait_for_world()
    expect(me.length).to_have_text(length)
    expect(page.get_by_role("list", name="What the path meets")).to_contain_text("Unseen")
    assert shows_a_picture(page.get_by_role("img", name="Preview of the path"))
    me.lasts(0.25)
    me.walk(clips=1)
    me.draw((0, 20))
    me.lasts(0.25)
    me.walk(clips=2)
    expect(me.told).to_have_count(0)

    # The third clip is made to last, so that it can be cancelled in its midst.
    me.draw((0, 20))
    me.lasts(1)
    me.takes_steps(100)
    me.button("Walk the path").click()
    expect(me.status).to_contain_text("step")
    page.locator("#cancel").click()
    expect(me.status).to_have_attribute("data-state", "stopped")
    expect(me.clips).to_have_count(2)
    expect(page.locator("#unfinished")).to_be_hidden()

    me.button("Undo the last clip").click()
    expect(me.clips).to_have_count(1)

    me.arrive()
    me.wait_for_world()
    expect(me.clips).to_have_count(1)

    points = trimesh.load(me.take("ply", to=tmp_path))
    assert len(points.vertices) > 100_000
    with av.open(me.take("mp4", to=tmp_path)) as film:
        frames = sum(1 for _ in film.decode(video=0))
    # A quarter of a second at 24 frames a second, and the photograph.
    assert frames == 7
    assert not me.complaints
    assert not me.strangers


def shows_a_picture(canvas) -> bool:
    """Whether more than one colour is seen there."""
    with Image.open(io.BytesIO(canvas.screenshot())) as picture:
        return len(picture.convert("RGB").resize((16, 16)).getcolors()) > 20
