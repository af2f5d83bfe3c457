"""The player in a real browser: the frame it names is the frame it shows."""

import base64
import io
import os
import signal
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from bare_page import page_of, served
from PIL import Image

from app import player
from voyager_lite.export.video import write_mp4

COUNT = 8


def shade(frame: int) -> int:
    return 30 + 25 * frame


def a_png(level: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (64, 48), (level, level, level)).save(file, "PNG")
    return file.getvalue()


PICTURES = [f"/rgb{k}.png" for k in range(COUNT)]
DEPTHS = [f"/depth{k}.png" for k in range(COUNT)]
FILES = {
    "/": page_of(player, "player.css"),
    **{name: a_png(shade(k)) for k, name in enumerate(PICTURES)},
    **{name: a_png(255 - shade(k)) for k, name in enumerate(DEPTHS)},
}


@pytest.fixture(scope="module")
def film(tmp_path_factory) -> str:
    """The same pictures as an mp4, as a data address: those can be sought in wherever they come from."""
    path: Path = tmp_path_factory.mktemp("film") / "film.mp4"
    frames = (torch.full((3, 48, 64), shade(k) / 255) for k in range(COUNT))
    write_mp4(path, frames, fps=10.0)
    return "data:video/mp4;base64," + base64.b64encode(path.read_bytes()).decode()


@pytest.fixture(scope="module")
def address():
    with served(FILES) as address:
        yield address


@pytest.fixture
def screen(page, address):
    page.goto(address)
    page.wait_for_function("window.ready")
    return page


def give(page, **value) -> None:
    page.evaluate("give", {"rgb": None, "depth": None, "side": None, "frames": 0, "fps": 10} | value)


def named(page) -> str:
    return page.locator("output").inner_text()


def levels(page) -> list[int]:
    """Grey level in the middle of every pane."""
    found = []
    for pane in page.locator(".vl-panes > *").all():
        pixels = np.asarray(Image.open(io.BytesIO(pane.screenshot())).convert("L"))
        found.append(int(pixels[pixels.shape[0] // 2, pixels.shape[1] // 2]))
    return found


FILM = 4
"""Grey levels that a film's compression may change."""


def check_shown(page, *wanted: int, within: int = 0) -> None:
    """That these levels come to be seen, and stay: a film is painted some time after it has sought."""
    wanted = [pytest.approx(level, abs=within) for level in wanted]
    late = time.monotonic() + 10
    while (found := levels(page)) != wanted:
        assert time.monotonic() < late, f"shown is {found}, not {wanted}"
    page.wait_for_timeout(50)
    assert levels(page) == wanted


def press(page, *keys: str) -> None:
    for key in keys:
        page.locator(".vl-panes").press(key)


@pytest.mark.parametrize("kind", ["pictures", "film"])
def test_the_frame_that_is_named_is_shown(screen, film, kind):
    give(screen, rgb=PICTURES if kind == "pictures" else film, frames=COUNT)
    within = FILM if kind == "film" else 0
    press(screen, "Home")
    assert named(screen) == f"1 / {COUNT}"
    check_shown(screen, shade(0), within=within)
    press(screen, "ArrowRight", "ArrowRight", "ArrowRight", "ArrowLeft")
    assert named(screen) == f"3 / {COUNT}"
    check_shown(screen, shade(2), within=within)
    press(screen, "End")
    check_shown(screen, shade(COUNT - 1), within=within)
    screen.locator("input").fill("4")
    assert named(screen) == f"5 / {COUNT}"
    check_shown(screen, shade(4), within=within)


@contextmanager
def late_display(chromium):
    """As on a busy machine: what the browser shows is taken only afterwards."""
    processes = chromium.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    (display,) = (process["id"] for process in processes if process["type"] == "GPU")
    os.kill(display, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(display, signal.SIGCONT)


STEP = "key => document.querySelector('.vl-panes').dispatchEvent(new KeyboardEvent('keydown', { key }))"


def test_the_frame_that_is_named_is_shown_when_the_display_is_late(screen, chromium, film):
    give(screen, rgb=film, frames=COUNT)
    check_shown(screen, shade(0), within=FILM)
    for frame, key in (2, "ArrowRight"), (4, "ArrowRight"), (6, "ArrowRight"), (4, "ArrowLeft"):
        with late_display(chromium):
            for _ in range(2):
                screen.evaluate(STEP, key)
                screen.wait_for_timeout(50)
        assert named(screen) == f"{frame + 1} / {COUNT}"
        check_shown(screen, shade(frame), within=FILM)


def test_a_film_shorter_than_was_told_is_not_sought_in_for_ever(screen, film):
    give(screen, rgb=film, frames=COUNT + 10)
    screen.evaluate("window.sought = 0")
    screen.evaluate("document.querySelector('video').addEventListener('seeked', () => sought++)")
    press(screen, "End")
    check_shown(screen, shade(COUNT - 1), within=FILM)
    screen.wait_for_timeout(300)
    assert screen.evaluate("sought") <= 2


def test_both_beside_each_other_are_of_one_frame(screen):
    give(screen, rgb=PICTURES, depth=DEPTHS)
    press(screen, "Home", "ArrowRight")
    screen.get_by_role("button", name="Side by side").click()
    check_shown(screen, shade(1), 255 - shade(1))
    screen.get_by_role("button", name="Depth").click()
    check_shown(screen, 255 - shade(1))


def test_what_a_walk_lacks_cannot_be_chosen(screen):
    give(screen, rgb=PICTURES)
    assert screen.get_by_role("button", name="Colour").is_enabled()
    assert screen.get_by_role("button", name="Depth").is_disabled()
    assert screen.get_by_role("button", name="Side by side").is_disabled()


def test_the_newest_frame_of_a_running_walk_is_shown_unless_another_is_looked_at(screen):
    give(screen, rgb=PICTURES[:2])
    assert named(screen) == "2 / 2"
    give(screen, rgb=PICTURES[:5])
    assert named(screen) == "5 / 5"
    check_shown(screen, shade(4))
    press(screen, "Home")
    give(screen, rgb=PICTURES)
    assert named(screen) == f"1 / {COUNT}"
    check_shown(screen, shade(0))


def test_a_frame_that_is_looked_at_stays_when_the_first_are_no_longer_given(screen):
    give(screen, rgb=PICTURES[:5], depth=DEPTHS[:5], key="walk", first=0)
    press(screen, "Home", "ArrowRight", "ArrowRight", "ArrowRight")
    give(screen, rgb=PICTURES[2:7], depth=DEPTHS[2:7], key="walk", first=2)
    assert named(screen) == "2 / 5"
    check_shown(screen, shade(3))
    press(screen, "End")
    give(screen, rgb=PICTURES[3:], depth=DEPTHS[3:], key="walk", first=3)
    assert named(screen) == "5 / 5"
    check_shown(screen, shade(7))
    press(screen, "Home")
    give(screen, rgb=PICTURES[5:], depth=DEPTHS[5:], key="walk", first=5)
    assert named(screen) == "1 / 3"
    check_shown(screen, shade(5))


def test_playing_goes_on_when_the_first_frames_are_no_longer_given(screen):
    give(screen, rgb=PICTURES[:6], fps=0.1, key="walk", first=0)
    press(screen, "Home", "ArrowRight", "ArrowRight", "ArrowRight", " ")
    give(screen, rgb=PICTURES[2:], fps=0.1, key="walk", first=2)
    assert screen.get_by_role("button", name="Pause").is_visible()
    assert named(screen) == "2 / 6"
    check_shown(screen, shade(3))
    give(screen, rgb=PICTURES[:2], fps=0.1, key="another", first=0)
    assert screen.get_by_role("button", name="Play").is_visible()


@pytest.mark.parametrize("kind", ["pictures", "film"])
def test_playing_ends_with_the_last_frame(screen, film, kind):
    give(screen, rgb=PICTURES if kind == "pictures" else film, frames=COUNT)
    press(screen, "Home", "ArrowRight")
    # Looked at from within: on a busy machine the film may be over before anybody else has looked.
    screen.evaluate(
        """() => {
          const button = document.querySelector('[data-do=play]');
          window.labels = [];
          new MutationObserver(() => labels.push(button.textContent)).observe(button, { childList: true });
        }"""
    )
    press(screen, " ")
    screen.wait_for_function(f"document.querySelector('output').textContent === '{COUNT} / {COUNT}'")
    screen.get_by_role("button", name="Play").wait_for()
    assert screen.evaluate("labels") == ["Pause", "Play"]
    check_shown(screen, shade(COUNT - 1), within=FILM if kind == "film" else 0)


def test_a_player_that_is_started_again_asks_for_the_next_frame_once(screen):
    give(screen, rgb=PICTURES, depth=DEPTHS, frames=COUNT, fps=1)
    screen.get_by_role("button", name="Play").click()
    screen.locator("[data-show=depth]").click()
    screen.locator("[data-show=rgb]").click()
    asked = screen.evaluate(
        """async () => {
          const ask = window.requestAnimationFrame.bind(window);
          let asked = 0;
          window.requestAnimationFrame = (step) => { asked += 1; return ask(step); };
          for (let frame = 0; frame < 10; frame += 1) await new Promise(ask);
          window.requestAnimationFrame = ask;
          return asked;
        }"""
    )
    assert 8 <= asked <= 12


def test_nothing_walked_is_said(screen):
    give(screen, rgb=PICTURES)
    assert screen.get_by_text("Nothing walked yet").is_hidden()
    screen.evaluate("give", None)
    assert screen.get_by_text("Nothing walked yet").is_visible()
    assert screen.get_by_role("button", name="Play").is_disabled()
    assert named(screen) == "0 / 0"


def test_a_picture_that_does_not_come_is_told_of(screen):
    give(screen, rgb=["/missing.png"])
    screen.get_by_text("could not be loaded").wait_for()
