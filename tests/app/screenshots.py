"""``python tests/app/screenshots.py``: the pictures of docs/app, made with a sample photograph only."""

import tempfile
from pathlib import Path

from conftest import ARGUMENTS
from person import Person
from PIL import Image
from playwright.sync_api import sync_playwright
from serving import start_server

from app.bench import find_browser

FOLDER = Path(__file__).parents[2] / "docs" / "app"
SIZES = {"laptop": (1440, 900), "phone": (390, 844)}
WAY = ((-4, 20), (-6, 40), (-2, 60))
LOADING = "#viewer [data-say=loading]:not(:empty)"


def main() -> None:
    """Go through the steps once; show each in all sizes, light and dark."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = start_server(Path(folder) / "worlds", "--core", "nano")
        browser = playwright.chromium.launch(executable_path=find_browser(), args=ARGUMENTS)
        try:
            me = Person(browser.new_context(reduced_motion="reduce").new_page(), server)
            me.arrive()
            show(me, "open")
            me.take_sample("motorcycle")
            me.draw(*WAY)
            me.lasts(0.5)
            show(me, "draw")
            me.walk(clips=1)
            show(me, "walk")
        finally:
            browser.close()
            server.stop()


def show(me: Person, step: str) -> None:
    """What the window shows of a step, as small JPEGs."""
    for size, (width, height) in SIZES.items():
        for scheme in ("light", "dark"):
            me.page.set_viewport_size({"width": width, "height": height})
            me.page.emulate_media(color_scheme=scheme)
            me.page.locator(LOADING).wait_for(state="detached")
            me.page.wait_for_timeout(1500)
            place = "title" if step == "open" else f"step-{step}"
            me.page.evaluate("place => document.getElementById(place).scrollIntoView()", place)
            me.page.wait_for_timeout(500)
            file = FOLDER / f"{step}-{size}-{scheme}.png"
            me.page.screenshot(path=file)
            with Image.open(file) as taken:
                taken.convert("RGB").save(file.with_suffix(".jpg"), quality=80, optimize=True)
            file.unlink()


if __name__ == "__main__":
    main()
