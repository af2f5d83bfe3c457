"""A running app and a browser for the tests of the page."""

import pytest
from serving import start_server

from app.bench import BROWSER_OPTIONS, BROWSERS, find_browser

ARGUMENTS = [*BROWSER_OPTIONS, "--disable-background-networking"]


def pytest_configure(config):
    """The marker is pytest-xdist's own; without that plugin, nothing is distributed."""
    config.addinivalue_line("markers", "xdist_group(name): tests that one process runs")


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
