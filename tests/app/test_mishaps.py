"""What is closed or killed in mid-walk: nothing that was finished is lost."""

import pytest
from person import Person
from playwright.sync_api import expect
from serving import start_server

from voyager_lite.world.integrity import damage
from voyager_lite.world.world import World

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("app"), pytest.mark.timeout(1800)]


@pytest.fixture
def own_server(tmp_path):
    """A server that may be killed."""
    running = start_server(tmp_path / "worlds", "--core", "nano")
    yield running
    running.stop()


def test_a_killed_server_leaves_a_world_that_is_walked_to_its_end(page, own_server, tmp_path):
    me = Person(page, own_server)
    walk_slowly(me)
    own_server.kill()

    again = start_server(own_server.worlds, "--core", "nano", port=own_server.port)
    try:
        me.arrive()
        me.wait_for_world()
        expect(page.locator("#unfinished")).to_be_visible()
        assert not damages(own_server)
        me.button("Drop it").click()
        expect(page.locator("#unfinished")).to_be_hidden()
        me.takes_steps(0)
        me.draw((0, 20))
        me.lasts(0.25)
        me.walk(clips=1)
    finally:
        again.stop()


def test_a_tab_closed_in_mid_walk_is_no_loss(page, server):
    me = Person(page, server)
    walk_slowly(me)
    context = page.context
    page.close()

    other = Person(context.browser.new_context().new_page(), server)
    other.arrive()
    other.page.context.close()

    back = Person(context.new_page(), server)
    back.arrive()
    back.wait_for_world()
    assert not damages(server)


def walk_slowly(me: Person) -> None:
    """A walk that lasts, in its midst."""
    me.arrive()
    me.take_sample("coffee")
    me.draw((0, 20))
    me.lasts(0.25)
    me.takes_steps(100)
    me.button("Walk the path").click()
    expect(me.status).to_contain_text("step")


def damages(server) -> list[str]:
    """What is wrong with any world of a server."""
    found = []
    for file in server.worlds.glob("*/*/world.sqlite"):
        with World.open(file.parent) as world:
            found += damage(world.store)
    return found
