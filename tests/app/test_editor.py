"""The path editor in a browser: what hands do there, Python answers."""

import math

import pytest
import torch
from bare_page import page_of, served
from playwright.sync_api import Page

import app.editor as editor
from app.drawn_path import DrawnPath, draft_value
from app.gestures import after_gestures
from geometry.camera import Camera
from geometry.cloud import PointCloud

FOCUS = 3.0


def a_room() -> DrawnPath:
    """A camera before a wall."""
    x, y = torch.meshgrid(torch.linspace(-2, 2, 161), torch.linspace(-1, 1, 81), indexing="xy")
    positions = torch.stack([x, y, torch.full_like(x, 3.0)], dim=-1).reshape(-1, 3)
    count = len(positions)
    wall = PointCloud(
        positions=positions,
        colors=torch.full((count, 3), 0.5),
        normals=torch.tensor([0.0, 0.0, -1.0]).expand(count, 3).contiguous(),
        radii=torch.full((count,), 0.03),
        sky=torch.zeros(count, dtype=torch.bool),
    )
    camera = Camera.stack([Camera.from_fov(60.0, height=60, width=90)])
    return DrawnPath.standing(camera, wall, focus_distance=FOCUS, fps=24.0)


class Desk:
    """The editor on a page of its own, and Python behind it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.drawn = a_room()
        self.give()

    def give(self) -> None:
        self.page.evaluate("value => give(value)", draft_value(self.drawn))

    def answer(self) -> list[dict]:
        """Take what the browser has sent, and answer until it is content; returns the gestures."""
        gestures: list[dict] = []
        while events := self.page.evaluate("window.events.splice(0)"):
            for name, data in events:
                assert name == "edit"
                gestures += data["gestures"]
                self.drawn = after_gestures(self.drawn, data["gestures"])
            self.give()
        return gestures

    def mark(self, k: int, where: str = "plan") -> tuple[float, float]:
        """Middle of a key frame's mark on the screen."""
        box = self.page.locator(f".vl-{where} .vl-mark").nth(k).locator("circle, path").nth(-1).bounding_box()
        assert box is not None
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def draw(self, shape: list[tuple[float, float]], *, begin: tuple[float, float] | None = None) -> None:
        """Press on the start, or elsewhere, and draw, in pixels from there."""
        x, y = begin or self.mark(0)
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        for dx, dy in shape:
            self.page.mouse.move(x + dx, y + dy)
        self.page.mouse.up()

    def drag(self, begin: tuple[float, float], by: tuple[float, float]) -> None:
        self.draw([(by[0] / 2, by[1] / 2), by], begin=begin)

    @property
    def keys(self) -> tuple:
        return self.drawn.draft.keyframes


@pytest.fixture
def desk(page):
    with served({"/": page_of(editor, "editor.css")}) as address:
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(address)
        page.wait_for_function("window.ready")
        yield Desk(page)
        assert complaints == []


def a_bow(pixels: float) -> list[tuple[float, float]]:
    """Up the plan, in a bow to the right."""
    return [(pixels / 3 * math.sin(k * math.pi / 20), -pixels * k / 20) for k in range(1, 21)]


def test_a_stroke_of_the_mouse_becomes_a_path_that_plays(desk: Desk) -> None:
    desk.draw(a_bow(120))
    (gesture,) = desk.answer()
    assert gesture["do"] == "stroke"
    assert 2 <= len(desk.keys) - 1 <= 8
    assert max(key.position[0] for key in desk.keys) > 0.1
    assert desk.keys[-1].position[2] > 0.5
    desk.page.wait_for_selector(".vl-film[data-shown]")
    assert desk.page.locator(".vl-plan .vl-way").count() >= 1
    assert desk.page.locator(".vl-time .vl-mark").count() == len(desk.keys)
    assert "way is clear" in desk.page.locator(".vl-facts").inner_text()


def test_a_path_into_the_wall_is_red_there_and_said(desk: Desk) -> None:
    desk.draw([(0, -50 * k) for k in range(1, 9)])
    desk.answer()
    assert desk.page.locator(".vl-plan .vl-way.vl-bad").count() >= 1
    assert "would" in desk.page.locator(".vl-facts .vl-bad").inner_text()


def test_a_point_dragged_in_the_plan_goes_where_it_is_let_go(desk: Desk) -> None:
    desk.draw(a_bow(120))
    desk.answer()
    before = desk.keys[1].position
    desk.drag(desk.mark(1), (40, 0))
    (gesture,) = desk.answer()
    assert gesture["do"] == "move"
    after = desk.keys[1].position
    assert after[0] > before[0] + 0.05
    assert after[1] == before[1]
    assert after[2] == pytest.approx(before[2], abs=0.02)


def test_height_is_set_in_the_side_view(desk: Desk) -> None:
    desk.draw(a_bow(120))
    desk.answer()
    before = desk.keys[-1].position
    desk.drag(desk.mark(len(desk.keys) - 1, "side"), (0, -30))
    desk.answer()
    after = desk.keys[-1].position
    assert after[1] < before[1] - 0.05
    assert (after[0], after[2]) == (before[0], before[2])


def test_a_key_frame_dragged_past_another_on_the_timeline_changes_the_order(desk: Desk) -> None:
    desk.draw(a_bow(120))
    desk.answer()
    first, second = desk.keys[1].position, desk.keys[2].position
    (x1, y1), (x2, _) = desk.mark(1, "time"), desk.mark(2, "time")
    desk.drag((x1, y1), (x2 - x1 + 12, 0))
    (gesture,) = desk.answer()
    assert gesture["do"] == "time"
    assert (desk.keys[1].position, desk.keys[2].position) == (second, first)


def test_a_path_is_made_and_shaped_without_a_mouse(desk: Desk) -> None:
    page = desk.page
    page.get_by_role("button", name="Add key frame").press("Enter")
    desk.answer()
    assert len(desk.keys) == 2
    mark = page.get_by_role("group", name="Plan of the world").get_by_role("button", name="Key frame 1")
    before = desk.keys[1].position
    for key in ("ArrowRight", "ArrowUp", "PageUp"):
        mark.press(key)
        desk.answer()
    after = desk.keys[1].position
    step = 0.01 * FOCUS
    assert after == pytest.approx((before[0] + step, before[1] - step, before[2] + step))
    mark.press("d")
    desk.answer()
    assert len(desk.keys) == 3
    mark.press("Delete")
    desk.answer()
    assert len(desk.keys) == 2
    page.keyboard.press("Control+z")
    desk.answer()
    assert len(desk.keys) == 3


def test_focus_stays_on_the_key_frame_that_is_edited(desk: Desk) -> None:
    desk.draw(a_bow(120))
    desk.answer()
    desk.page.locator(".vl-plan .vl-mark").nth(2).focus()
    desk.answer()
    desk.page.keyboard.press("ArrowRight")
    desk.answer()
    assert desk.page.evaluate("document.activeElement.dataset.k") == "2"


def test_numbers_can_be_typed(desk: Desk) -> None:
    desk.draw(a_bow(120))
    desk.answer()
    desk.page.locator(".vl-plan .vl-mark").nth(1).focus()
    desk.answer()
    for name, number in {"Up": "0.4", "Forward": "0.75", "Field of view": "45", "Reached at": "0.5"}.items():
        desk.page.locator(".vl-key").get_by_label(name).first.fill(number)
        desk.page.keyboard.press("Tab")
        desk.answer()
    key = desk.keys[1]
    assert (key.position[1], key.position[2], key.fov_degrees, key.seconds) == (-0.4, 0.75, 45.0, 0.5)
    desk.page.get_by_label("freely").check()
    desk.answer()
    desk.page.get_by_label("Turned right").fill("30")
    desk.page.keyboard.press("Tab")
    desk.answer()
    assert draft_value(desk.drawn)["keys"][1]["yaw"] == pytest.approx(30, abs=0.01)
    desk.page.get_by_label("Lasts").fill("3")
    desk.page.keyboard.press("Tab")
    desk.answer()
    assert desk.drawn.draft.seconds == pytest.approx(3.0)


def test_what_is_refused_is_said_and_changes_nothing(desk: Desk) -> None:
    desk.draw(a_bow(120))
    desk.answer()
    before = desk.drawn.draft
    desk.drawn = after_gestures(desk.drawn, [{"do": "fov", "k": 1, "fov_degrees": 500}])
    desk.give()
    assert "expected 1 to 170" in desk.page.get_by_role("alert").inner_text()
    assert desk.drawn.draft == before


def test_prompts_are_text_and_never_markup(desk: Desk) -> None:
    desk.draw(a_bow(120))
    desk.answer()
    desk.drawn = after_gestures(
        desk.drawn, [{"do": "prompt", "k": 1, "prompt": "<img src=x onerror=alert(1)>"}]
    )
    desk.give()
    assert desk.page.locator(".vl-editor img").count() == 0
    assert "<img" in desk.page.locator(".vl-said").text_content()


class Fingers:
    """On the editor of a phone."""

    def __init__(self, page: Page) -> None:
        self.desk = Desk(page)
        self.client = page.context.new_cdp_session(page)

    def touch(self, kind: str, *points: tuple[float, float]) -> None:
        spots = [{"x": a, "y": b, "id": k} for k, (a, b) in enumerate(points)]
        self.client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": spots})

    def swipe(self, begin: tuple[float, float], by: tuple[float, float], *, end: str = "touchEnd") -> None:
        self.touch("touchStart", begin)
        for k in range(1, 11):
            self.touch("touchMove", (begin[0] + by[0] * k / 10, begin[1] + by[1] * k / 10))
        self.touch(end)


@pytest.fixture
def fingers(chromium):
    context = chromium.new_context(viewport={"width": 360, "height": 780}, has_touch=True)
    with served({"/": page_of(editor, "editor.css")}) as address:
        page = context.new_page()
        page.goto(address)
        page.wait_for_function("window.ready")
        yield Fingers(page)
    context.close()


def test_a_finger_draws_too_and_two_fingers_do_not(fingers: Fingers) -> None:
    desk, touch = fingers.desk, fingers.touch
    assert desk.page.evaluate("document.documentElement.scrollWidth") <= 360
    x, y = desk.mark(0)
    fingers.swipe((x, y), (0, -80))
    assert [gesture["do"] for gesture in desk.answer()] == ["stroke"]
    touch("touchStart", (x, y - 100))
    touch("touchStart", (x, y - 100), (x + 50, y - 100))
    touch("touchMove", (x, y - 120), (x + 80, y - 120))
    touch("touchEnd")
    assert desk.answer() == []


def test_a_finger_draws_again_after_the_system_has_taken_a_touch_away(fingers: Fingers) -> None:
    desk = fingers.desk
    fingers.swipe(desk.mark(0), (0, -80), end="touchCancel")
    assert desk.answer() == []
    fingers.swipe(desk.mark(0), (0, -80))
    assert [gesture["do"] for gesture in desk.answer()] == ["stroke"]


@pytest.mark.parametrize(("where", "by"), [("plan", (40, 0)), ("side", (0, -20)), ("time", (25, 0))])
def test_a_point_whose_touch_is_taken_away_is_where_it_was(
    fingers: Fingers, where: str, by: tuple[float, float]
) -> None:
    desk = fingers.desk
    fingers.swipe(desk.mark(0), (0, -80))
    desk.answer()
    desk.page.locator(f".vl-{where}").scroll_into_view_if_needed()
    last = len(desk.keys) - 1
    before = desk.mark(last, where)
    fingers.swipe(before, by, end="touchCancel")
    assert desk.mark(last, where) == before
    assert [gesture for gesture in desk.answer() if gesture["do"] != "select"] == []
