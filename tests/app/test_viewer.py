"""The 3D view in a real browser: what is seen is where it should be, and what it says is true."""

import hashlib
import io
import json
import re
from typing import Any

import numpy as np
import pytest
from bare_page import STATIC, page_of, points_file, served
from PIL import Image
from scipy.spatial.transform import Rotation

from app import viewer

RED, BLUE, GREEN = (200, 30, 30), (30, 30, 200), (30, 200, 30)
STAGE = (227, 231, 234)
FRONT = {"camera_to_world": [*np.eye(4).flatten()], "fov": 60.0, "aspect": 1.5}


def a_wall(count: int = 120) -> list:
    """4 wide, 2 ahead: red to the left of the first camera, blue to the right; see ``cubes``."""
    grid = (np.arange(count) + 0.5) / count
    return [(x, y, 0.0, 0.75 / count, RED if x < 0.5 else BLUE) for x in grid.tolist() for y in grid.tolist()]


def cubes(points: list, *, size: int = 2, low: tuple[int, int, int] = (-2, -2, 2), kind: int = 0) -> list:
    """Points of a cube that is on no grid, in the cubes of half its edge that are."""
    edge = 2.0**size
    rows: dict[tuple[int, ...], list] = {}
    for *place, radius, color in points:
        world = [start + share * edge for start, share in zip(low, place, strict=True)]
        cell = tuple(int(w // (edge / 2)) for w in world)
        within = [w / (edge / 2) - c for w, c in zip(world, cell, strict=True)]
        rows.setdefault(cell, []).append((*within, 2 * radius, color))
    return [([kind, size - 1, *cell, kind], chunk) for cell, chunk in rows.items()]


SKY = [
    (x, y, 0.9, 1 / 90, GREEN) for x in np.linspace(0, 1, 70).tolist() for y in np.linspace(0, 1, 70).tolist()
]
FILES = {
    "/": page_of(viewer, "viewer.css"),
    "/wall": points_file(cubes(a_wall()), focus=2.0),
    "/under_sky": points_file(
        [*cubes(a_wall(60), low=(0, 0, 2)), ([3, 6, -1, -1, 0, 2], SKY), ([3, 6, 0, -1, 0, 2], SKY)],
        focus=2.0,
    ),
    "/part": points_file(cubes(a_wall(50)), focus=2.0, points=5_000_000),
    "/other": b"<html>",
}


@pytest.fixture(scope="module")
def address():
    with served(FILES) as address:
        yield address


@pytest.fixture
def scene(page, address):
    """A page with the view, and nothing in it yet; no request may leave the server."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.set_viewport_size({"width": 800, "height": 500})
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    page.goto(address)
    page.wait_for_function("window.ready")
    yield page
    assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []


def give(page: Any, points: str | None, **value: Any) -> None:
    """A new value, as Python would send it; waits until the view stands still."""
    page.evaluate("give", {"points": points, "cameras": [], "path": None, "selected": None} | value)
    still(page)


def still(page: Any) -> None:
    page.wait_for_timeout(60)  # a view says that it moves in the frame after
    page.wait_for_function(
        "document.querySelector('.vl-points').dataset.phase === 'still'"
        " && !document.querySelector('[data-say=loading]').textContent.startsWith('Loading')"
    )


def picture(page: Any) -> np.ndarray:
    png = page.locator(".vl-stage").screenshot()
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


def near(pixels: np.ndarray, color: tuple[int, int, int], reach: int = 8) -> np.ndarray:
    return (np.abs(pixels - color) <= reach).all(-1)


def keyframe(page: Any) -> dict[str, Any]:
    """The pose of the view, as "add key frame here" tells it."""
    page.get_by_role("button", name="Add key frame here").click()
    name, pose = page.evaluate("events.at(-1)")
    assert name == "keyframe"
    return pose


def through_camera(page: Any) -> None:
    page.get_by_role("button", name="From the camera").click()
    still(page)


def test_what_lies_left_of_the_camera_is_seen_left(scene):
    give(scene, "/wall", cameras=[FRONT])
    through_camera(scene)
    pixels = picture(scene)
    height, width, _ = pixels.shape
    middle = pixels[height // 3 : 2 * height // 3]
    assert near(middle[:, width // 4 : width // 2 - 12], RED).all()  # all of it: no cracks
    assert near(middle[:, width // 2 + 12 : 3 * width // 4], BLUE).all()


def test_the_edge_of_the_wall_is_where_the_field_of_view_puts_it(scene):
    """The wall's right edge is 2 to the right, 2 ahead: 45 degrees. Seen at 100 degrees across."""
    give(scene, "/wall", cameras=[FRONT | {"fov": 100.0}])
    through_camera(scene)
    row = near(picture(scene), BLUE)[len(picture(scene)) // 2]
    width = len(row)
    crop = scene.evaluate("document.querySelector('.vl-crop').getBoundingClientRect().width")
    expected = width / 2 + crop / 2 / np.tan(np.radians(50))
    assert np.flatnonzero(row).max() == pytest.approx(expected, abs=0.02 * width)


def test_an_orbited_wall_has_no_cracks_within(scene):
    give(scene, "/wall", cameras=[FRONT])
    scene.locator(".vl-points").focus()
    for _ in range(3):
        scene.keyboard.press("ArrowLeft")
    still(scene)
    pixels = picture(scene)
    wall = near(pixels, RED) | near(pixels, BLUE)
    rows = np.flatnonzero(wall.sum(1) > 40)
    inner = [
        wall[row][np.flatnonzero(wall[row])[0] : np.flatnonzero(wall[row])[-1]] for row in rows[20:-20:7]
    ]
    assert len(inner) > 10
    holes = sum(
        int(near(pixels, STAGE)[row].any() and not line.all())
        for row, line in zip(rows[20:-20:7], inner, strict=True)
    )
    assert holes <= len(inner) // 4  # the camera's frustum is drawn over some rows


def test_sky_is_seen_from_cameras_only(scene):
    give(scene, "/under_sky", cameras=[FRONT])
    assert not near(picture(scene), GREEN).any()
    through_camera(scene)
    assert near(picture(scene), GREEN).mean() > 0.2


@pytest.mark.parametrize("turn", [[0.0, 0.0, 0.0], [0.3, -0.8, 0.1], [-0.2, 2.0, 0.4]])
def test_a_key_frame_at_a_camera_is_that_camera(scene, turn):
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_rotvec(turn).as_matrix()
    matrix[:3, 3] = [0.4, -0.2, 0.7]
    give(scene, "/wall", cameras=[{"camera_to_world": [*matrix.flatten()], "fov": 47.0, "aspect": 1.2}])
    through_camera(scene)
    pose = keyframe(scene)
    w, x, y, z = pose["rotation"]
    assert pose["position"] == pytest.approx([0.4, -0.2, 0.7])
    assert Rotation.from_quat([x, y, z, w]).as_matrix() == pytest.approx(matrix[:3, :3], abs=1e-6)
    assert pose["fov_degrees"] == pytest.approx(47.0)


def test_going_through_key_frames_says_which(scene):
    other = FRONT | {"camera_to_world": [1, 0, 0, 0.5, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]}
    give(scene, "/wall", cameras=[FRONT, other], selected=0)
    scene.get_by_role("button", name="Next key frame").click()
    assert scene.evaluate("events") == [["select", {"index": 1, "value": 1}]]
    assert keyframe(scene)["position"] == pytest.approx([0.5, 0, 0])
    give(scene, "/wall", cameras=[FRONT, other], selected=1)
    assert scene.locator("output").inner_text() == "Key frame 1 of 1"


GESTURE = """([kind, moves]) => {
  const canvas = document.querySelector('.vl-points');
  canvas.setPointerCapture = () => {};
  const send = (type, id, x, y) => canvas.dispatchEvent(new PointerEvent(type, {
    pointerId: id, pointerType: kind, clientX: x, clientY: y, buttons: 1 }));
  moves.forEach(([id, from]) => send('pointerdown', id, ...from));
  moves.forEach(([id, , to]) => send('pointermove', id, ...to));
  moves.forEach(([id, , to]) => send('pointerup', id, ...to));
}"""


def test_a_finger_orbits_and_two_fingers_come_nearer(scene):
    give(scene, "/wall", cameras=[FRONT])
    target = np.array([0, 0, 2.0])
    before = np.array(keyframe(scene)["position"])
    scene.evaluate(GESTURE, ["touch", [[1, [400, 300], [500, 300]]]])
    turned = np.array(keyframe(scene)["position"])
    assert np.linalg.norm(turned - target) == pytest.approx(np.linalg.norm(before - target))
    assert turned[1] == pytest.approx(before[1])
    angle = np.arctan2(before[0], target[2] - before[2]) - np.arctan2(turned[0], target[2] - turned[2])
    assert np.degrees(angle) == pytest.approx(25.8, abs=0.1)  # 100 pixels; the scene follows the finger
    scene.evaluate(GESTURE, ["touch", [[1, [400, 300], [350, 300]], [2, [500, 300], [550, 300]]]])
    nearer = np.array(keyframe(scene)["position"])
    assert np.linalg.norm(nearer - target) == pytest.approx(np.linalg.norm(turned - target) / 2, rel=0.01)


def test_the_page_scrolls_until_the_view_has_the_keyboard(scene):
    give(scene, "/wall", cameras=[FRONT])
    box = scene.locator(".vl-points").bounding_box()
    before = keyframe(scene)["position"]
    scene.mouse.move(box["x"] + 50, box["y"] + 50)
    scene.mouse.wheel(0, 100)
    assert keyframe(scene)["position"] == before
    scene.mouse.click(box["x"] + 50, box["y"] + 50)
    scene.mouse.wheel(0, 100)
    scene.wait_for_function("document.querySelector('.vl-points').dataset.phase === 'moving'")
    assert np.linalg.norm(keyframe(scene)["position"]) > np.linalg.norm(before)


SLOW_DRAG = """async (frames) => {
  const canvas = document.querySelector('.vl-points');
  canvas.setPointerCapture = () => {};
  const send = (type, x) => canvas.dispatchEvent(
    new PointerEvent(type, { pointerId: 1, clientX: x, clientY: 200, buttons: 1, bubbles: true }));
  send('pointerdown', 300);
  const phases = [];
  for (let k = 0; k < frames; k++) {
    await new Promise((next) => requestAnimationFrame(next));
    phases.push(canvas.dataset.phase);
    send('pointermove', 300 + 5 * k);
    for (const end = performance.now() + 200; performance.now() < end;);
  }
  send('pointerup', 300);
  return phases;
}"""


def test_a_slow_machine_that_moves_is_not_taken_for_one_that_rests(scene):
    give(scene, "/wall", cameras=[FRONT])
    assert set(scene.evaluate(SLOW_DRAG, 10)[3:]) == {"moving"}


def test_the_path_is_red_where_it_meets_matter(scene):
    danger = (179, 38, 30)
    centers = [[0.2 * k, 0.1, 1.0] for k in range(-4, 5)]
    path = {"centers": centers, "margin": 0.1, "clearance": [0.5] * 9}
    give(scene, None, path=path)
    assert not near(picture(scene), danger, 4).any()
    give(scene, None, path=path | {"clearance": [None, *[0.5] * 4, *[0.05] * 4]})
    red = np.flatnonzero(near(picture(scene), danger, 4).any(0))
    blue = np.flatnonzero(near(picture(scene), (11, 92, 173), 4).any(0))
    assert blue.min() < blue.max() < red.max()
    assert red.min() > blue.min() + 20


def test_what_is_left_out_is_said(scene):
    give(scene, "/part")
    said = scene.locator(".vl-status").inner_text()
    assert "5,000,000 points" in said
    assert "4,997,500" in said
    assert "too fine to be sent" in said


@pytest.mark.parametrize(
    ("source", "reason"), [("/missing", "404"), ("/other", "not a file of points|ended early")]
)
def test_points_that_do_not_come_are_told_of(scene, source, reason):
    scene.evaluate("give", {"points": source, "cameras": [], "path": None, "selected": None})
    scene.wait_for_function(
        "document.querySelector('.vl-status').textContent.includes('could not be loaded')"
    )
    assert re.search(reason, scene.locator(".vl-status").inner_text())


TREE = """async ([rows, mosts, place]) => {
  const { PerspectiveCamera } = await import('/static/vendor/three.module.min.js');
  const { ChunkTree } = await import('/static/chunk_tree.js');
  const names = ['tree', 'size', 'cell', 'coarse', 'count'];
  const chunks = rows.map((row) => Object.fromEntries(names.map((name, k) => [name, row[k]])));
  const tree = new ChunkTree(chunks);
  chunks.forEach((chunk) => tree.add(chunk));
  const camera = new PerspectiveCamera(60, 1, 0.001, 1000);
  camera.position.set(...place);
  camera.lookAt(0, 0, 0);
  camera.updateMatrixWorld();
  return mosts.map((most) => {
    const { nodes, points } = tree.choose(camera, { most, height: 10000, sky: true });
    return [nodes.map((node) => chunks.indexOf(node.chunk)), points];
  });
}"""


def test_every_fused_chunk_is_drawn_once_by_itself_or_by_what_stands_for_it(scene):
    rows = [[0, 2, [x, 0, 0], True, 100] for x in (-1, 0)]
    rows += [[0, 1, [x, y, z], True, 40] for x in (-2, -1, 0, 1) for y in (0, 1) for z in (0, 1)]
    rows += [[0, 0, [x, y, z], False, 30] for x in range(-4, 4) for y in range(4) for z in range(4)]
    rows += [[0, 1, [5, 0, 0], False, 7]]  # under no other

    def standing(row: list) -> list[int]:
        """All rows that can show the points of a fused one."""
        _, size, cell, *_ = row
        return [
            k
            for k, (_, other, place, coarse, _) in enumerate(rows)
            if row is rows[k] or (coarse and other > size and [c >> (other - size) for c in cell] == place)
        ]

    mosts = [1, 250, 600, 1500, 10**6]
    for (chosen, points), most in zip(scene.evaluate(TREE, [rows, mosts, [0, 0, -30]]), mosts, strict=True):
        assert points == sum(rows[k][4] for k in chosen)
        assert points <= max(most, 207)
        for row in rows:
            if not row[3]:
                assert len(set(standing(row)) & set(chosen)) == 1
    assert points == 128 * 30 + 7


BUDGET = """async ([intervals, perPoint]) => {
  const { FrameBudget } = await import('/static/frame_budget.js');
  const budget = new FrameBudget();
  let now = 0;
  const seen = [];
  for (const interval of intervals) {
    now += interval ?? perPoint * budget.points + 5;
    budget.observe(now, budget.points);
    seen.push(budget.points);
  }
  return seen;
}"""


@pytest.mark.parametrize("milliseconds", [0.05e-3, 0.2e-3, 0.5e-3])
def test_the_budget_settles_where_a_frame_takes_a_thirtieth_of_a_second(scene, milliseconds):
    points = scene.evaluate(BUDGET, [[None] * 120, milliseconds])
    assert milliseconds * points[-1] + 5 == pytest.approx(1000 / 30, rel=0.2)


def test_a_machine_of_one_frame_a_second_is_soon_given_the_least(scene):
    points = scene.evaluate(BUDGET, [[None] * 12, 7e-3])
    assert points[0] == 150_000
    assert points[-1] == 30_000


def test_a_single_slow_frame_changes_nothing(scene):
    points = scene.evaluate(BUDGET, [[33.3, 33.3, 33.3, 300.0, 33.3] * 8, 0])
    assert set(points) == {points[0]}


def test_the_library_is_the_one_that_is_written_down():
    folder = STATIC / "vendor"
    sums = dict(line.split()[::-1] for line in (folder / "SHA256SUMS").read_text().splitlines())
    assert set(sums) == {"LICENSE", *(path.name for path in folder.glob("*.js"))}
    for name, expected in sums.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == expected
    version = json.loads((folder / "package.json").read_text())["dependencies"]["three"]
    lock = json.loads((folder / "package-lock.json").read_text())["packages"]["node_modules/three"]
    assert lock["version"] == version
    assert lock["integrity"].startswith("sha512-")
    revision = re.search(rb'"(\d{3})"', (folder / "three.core.min.js").read_bytes())
    assert revision is not None
    assert version.split(".")[1] == revision[1].decode()
    assert f"three.js](https://threejs.org) {version}" in (folder / "README.md").read_text()
