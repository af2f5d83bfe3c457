"""What a screen reader, a keyboard and weak eyes meet; axe-core (Deque) is the judge."""

import re
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

import pytest
from person import Person
from playwright.sync_api import expect

pytestmark = [pytest.mark.xdist_group("app"), pytest.mark.timeout(900)]

AXE = "4.14.1"


@pytest.fixture(scope="session")
def axe():
    """The source of axe-core, fetched with npm once and kept among the temporary files."""
    folder = Path(tempfile.gettempdir()) / "voyager-lite-tests"
    archive = folder / f"axe-core-{AXE}.tgz"
    if not archive.is_file():
        if shutil.which("npm") is None:
            pytest.skip("npm is not here to fetch axe-core with")
        folder.mkdir(exist_ok=True)
        fetch = ["npm", "pack", f"axe-core@{AXE}", "--silent", "--pack-destination", str(folder)]
        fetched = subprocess.run(fetch, capture_output=True, text=True, check=False, timeout=120)
        if fetched.returncode != 0:
            pytest.skip(f"npm could not fetch axe-core: {fetched.stderr.strip()[-200:]}")
    with tarfile.open(archive) as opened:
        return opened.extractfile("package/axe.min.js").read().decode()


def findings(page, axe):
    """Serious and critical findings on the page as it stands: rule, and where."""
    page.evaluate(axe)
    violations = page.evaluate(
        "async () => (await axe.run(document, {resultTypes: ['violations']})).violations"
    )
    return [
        f"{found['id']} ({found['impact']}): "
        + "; ".join(" ".join(node["target"]) for node in found["nodes"])
        for found in violations
        if found["impact"] in ("serious", "critical")
    ]


def test_axe_finds_what_is_wrong(page, axe):
    """The judge itself can say no."""
    page.set_content("<html lang=en><title>t</title><main><h1>t</h1><img src=x.png><button></button></main>")
    assert {found.split()[0] for found in findings(page, axe)} == {"image-alt", "button-name"}


def test_the_first_page_has_no_serious_findings(page, server, axe):
    Person(page, server).arrive()
    expect(page.get_by_label("motorcycle")).to_be_visible()
    assert not findings(page, axe)


@pytest.mark.slow
@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_open_world_has_no_serious_findings(page, server, axe, scheme, width):
    """With a path drawn, a key frame chosen and a clip walked, so that all there is shows."""
    page.set_viewport_size({"width": width, "height": 844})
    page.emulate_media(color_scheme=scheme)
    me = Person(page, server)
    me.arrive()
    me.take_sample("coffee")
    me.draw((0, 10), (4, 20))
    me.lasts(0.25)
    me.walk(clips=1)
    me.draw((0, 10))
    me.button("Or choose a move").click()
    me.plan.get_by_role("button", name="Key frame 1").click()
    assert not findings(page, axe)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.slow
def test_a_path_is_drawn_and_a_move_chosen_and_walked_without_a_mouse(page, server):
    me = Person(page, server)
    me.arrive()
    press_until(page, "Tab", "#sample button")
    page.keyboard.press("Space")
    me.wait_for_world()
    press_until(page, "Tab", "#path-editor .vl-plan .vl-mark")
    page.keyboard.press("Enter")
    expect(me.length).to_contain_text("frames")
    press_until(page, "Tab", "#path-ways > button")
    page.keyboard.press("Enter")
    press_until(page, "Tab", "#use-move")
    page.keyboard.press("Space")
    expect(page.get_by_label("In words")).to_have_value(re.compile("^orbit"))
    press_until(page, "Shift+Tab", "#path-editor [name=duration]")
    page.keyboard.type("0.25")
    page.keyboard.press("Enter")
    expect(me.length).to_have_text("7 frames")
    press_until(page, "Tab", "#walk")
    page.keyboard.press("Enter")
    expect(me.clips).to_have_count(1)


def press_until(page, key, selector, *, most=120):
    """Go on with the keyboard until this has the focus."""
    for _ in range(most):
        page.keyboard.press(key)
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"{selector} is not reached with {most} times {key}")
