"""Somebody in front of the page: finds things by what they are called, as a person does."""

import re
from pathlib import Path

from playwright.sync_api import Locator, Page, expect
from serving import Server

PATIENCE = 300_000
"""Milliseconds; other work may be on the same machine."""

expect.set_options(timeout=PATIENCE)


class Person:
    """One browser page with the app in it.

    Attributes:
        page: Playwright's.
        complaints: What the browser's console held against the page.
        strangers: Addresses elsewhere that the page asked for.
        key: The browser's, once it has asked for something of a world; names the folder of its worlds.
    """

    def __init__(self, page: Page, server: Server) -> None:
        self.page = page
        self.server = server
        self.complaints: list[str] = []
        self.strangers: list[str] = []
        self.key = ""
        page.set_default_timeout(PATIENCE)
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self._note(request.url))

    def arrive(self) -> None:
        """Open the page, or load it again."""
        # What was under way on a page that is left stays unanswered, and the page says so while it goes.
        said = len(self.complaints)
        self.page.goto("about:blank", wait_until="commit")
        del self.complaints[said:]
        self.page.goto(self.server.url)
        expect(self.page.locator("#sample")).to_be_visible()

    def take_sample(self, name: str) -> None:
        """Open one of the sample pictures, and wait until it can be drawn in."""
        self.page.get_by_label(name, exact=True).click()
        self.wait_for_world()

    def drop(self, file: Path) -> None:
        """Hand in a photograph."""
        self.page.locator("#photograph input[type=file]").set_input_files(file)

    def wait_for_world(self) -> None:
        expect(self.page.locator("#path-editor .vl-start").first).to_be_visible()
        expect(self.page.locator("#viewer canvas[data-drawn]:not([data-drawn='0'])")).to_be_visible()

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=re.compile(f"^{name}")).first

    @property
    def plan(self) -> Locator:
        return self.page.get_by_role("group", name="Plan of the world from above")

    @property
    def length(self) -> Locator:
        """How many frames the path has, as the editor says."""
        return self.page.locator("#path-editor .vl-length")

    @property
    def status(self) -> Locator:
        """How far the task is."""
        return self.page.locator("#status [role=status]")

    @property
    def clips(self) -> Locator:
        """Rows of the table of clips."""
        return self.page.locator("#clip-table tbody tr")

    @property
    def told(self) -> Locator:
        """Messages that appear over the page."""
        return self.page.locator(".toast-body")

    def draw(self, *way: tuple[float, float]) -> None:
        """Draw on the plan with the mouse, from where the walk stands; pixels to the right and ahead."""
        self.plan.scroll_into_view_if_needed()
        dot = self.settled_start()
        x, y = dot["x"] + dot["width"] / 2, dot["y"] + dot["height"] / 2
        mouse = self.page.mouse
        mouse.move(x, y)
        mouse.down()
        for right, ahead in way:
            mouse.move(x + right, y - ahead, steps=5)
        mouse.up()
        # An earlier path may still be shown: what counts is the answer.
        expect(self.page.locator("#path-editor .vl-editor")).not_to_have_attribute("aria-busy", "true")
        expect(self.length).to_contain_text("frames")

    def settled_start(self) -> dict[str, float]:
        """Where on the page the walk stands; after a walk a new plan comes, which puts it elsewhere."""
        # The wedge that shows where the camera looks belongs to the mark; its dot is what is pressed.
        dot = self.plan.locator(".vl-start circle").first
        before = dot.bounding_box()
        for _ in range(30):
            self.page.wait_for_timeout(700)
            here = dot.bounding_box()
            if here is not None and here == before:
                return here
            before = here
        raise AssertionError("the plan does not settle")

    def lasts(self, seconds: float) -> None:
        """Set how long the path takes."""
        field = self.page.get_by_label("Lasts")
        field.fill(f"{seconds:g}")
        field.press("Enter")
        field.blur()
        expect(self.length).to_have_text(f"{round(24 * seconds) + 1} frames")

    def takes_steps(self, count: int) -> None:
        """Set how many steps each clip is sampled in; 0 leaves it to the core."""
        field = self.page.get_by_role("spinbutton", name="Steps")
        field.fill(str(count))
        field.blur()

    def walk(self, *, clips: int) -> None:
        """Walk the path, and wait until the world has so many clips."""
        self.button("Walk the path").click()
        expect(self.clips).to_have_count(clips)
        expect(self.status).to_have_attribute("data-state", "done")

    def take(self, kind: str, *, to: Path) -> Path:
        """Have a file written, and download it into a folder."""
        self.page.locator("#format input").click()
        self.page.get_by_role("option").filter(has_text=re.compile(rf"(^|\s){kind}: ")).click()
        self.button("Write the file").click()
        link = self.page.locator("#files a").filter(has_text=re.compile(rf"\.{kind}$"))
        with self.page.expect_download() as download:
            link.click()
        file = to / download.value.suggested_filename
        download.value.save_as(file)
        return file

    def _hear(self, message) -> None:
        if message.type == "error":
            self.complaints.append(message.text)

    def _note(self, url: str) -> None:
        if found := re.match(rf"{re.escape(self.server.url)}/w/([^/]+)/", url):
            self.key = found[1]
        if not url.startswith((self.server.url, "data:", "blob:", "about:blank")):
            self.strangers.append(url)
