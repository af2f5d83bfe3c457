"""A running app and a browser for the tests of the page."""

import shutil

import pytest
from serving import start_server

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
]


def find_browser() -> str | None:
    """The first browser there is."""
    return next((found for name in BROWSERS if (found := shutil.which(name))), None)


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """The app with the small core, shared by all tests of this process."""
    running = start_server(tmp_path_factory.mktemp("app") / "worlds", "--core", "nano")
    yield running
    running.stop()


@pytest.fixture(scope="session")
def chromium():
    """A headless browser."""
    executable = find_browser()
    if executable is None:
        pytest.skip(f"no browser found; looked for {', '.join(BROWSERS)}")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        yield running
        running.close()


@pytest.fixture
def page(chromium):
    """One person's page, at laptop size, with nothing stored yet."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, accept_downloads=True)
    yield context.new_page()
    context.close()
