"""What is handed in that is not what it says: a clear message each, and the page goes on."""

import html
import shutil
import zipfile
from pathlib import Path

import pytest
from person import Person
from PIL import Image
from playwright.sync_api import expect

from app.walking import clip_table

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("app")]


@pytest.fixture
def visitor(page, server):
    """Somebody who has just come in."""
    person = Person(page, server)
    person.arrive()
    return person


def test_a_picture_of_200_megapixels_is_refused_with_its_size(visitor, tmp_path):
    picture = tmp_path / "vast.png"
    Image.new("1", (20_000, 10_000)).save(picture)
    visitor.drop(picture)
    expect(visitor.told).to_contain_text("20000x10000")


def test_a_zip_called_jpg_is_refused(visitor, tmp_path):
    picture = tmp_path / "holiday.jpg"
    with zipfile.ZipFile(picture, "w") as archive:
        archive.writestr("../../outside.txt", "text")
    visitor.drop(picture)
    expect(visitor.told).to_contain_text("holiday.jpg")
    expect(visitor.told).to_contain_text("picture")


def test_an_empty_file_is_refused(visitor, tmp_path):
    picture = tmp_path / "nothing.png"
    picture.touch()
    visitor.drop(picture)
    expect(visitor.told).to_contain_text("nothing.png")


@pytest.mark.parametrize(
    "name",
    [
        "<img src=x onerror=alert(1)>.png",
        "..%2f..%2f..%2fescaped.png",
        "a'; DROP TABLE clips; --.png",
        "\u202egnp.exe.png",
        "é" * 100 + ".png",
        "con.png",
    ],
)
def test_names_of_files_are_only_names(visitor, server, tmp_path, coffee, name):
    """The world opens; nothing in the name is run, and no folder is made outside."""
    dialogs = []
    visitor.page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    before = set(server.worlds.parent.iterdir())
    picture = tmp_path / name
    shutil.copy(coffee, picture)
    visitor.drop(picture)
    visitor.wait_for_world()
    assert not dialogs
    assert visitor.page.locator("img[src=x]").count() == 0
    assert set(server.worlds.parent.iterdir()) == before


@pytest.mark.parametrize(("poses", "why"), [(1_000_000, "1000000"), (10_000_000, "size")])
def test_a_trajectory_of_millions_of_poses_is_refused(visitor, tmp_path, poses, why):
    """The larger one by its size already: it is not even sent."""
    file = tmp_path / "endless.txt"
    with file.open("w") as lines:
        lines.write("https://example.org/film\n")
        for start in range(0, poses, 100_000):
            lines.writelines(f"{start + i} 1 1 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1 {i}\n" for i in range(100_000))
    visitor.take_sample("coffee")
    visitor.button("Or choose a move").click()
    with visitor.page.expect_file_chooser() as chooser:
        visitor.button("Load a camera file").click()
    chooser.value.set_files(file)
    refusal = visitor.page.locator("#path-editor [role=alert]:visible, .toast-body")
    expect(refusal.first).to_contain_text(why)


PROMPT = "<img src=x onerror=\"document.title = 'run'\">"


def test_prompts_are_text_in_the_editor(visitor):
    visitor.take_sample("coffee")
    visitor.draw((0, 20))
    visitor.plan.get_by_role("button", name="Start").focus()
    field = visitor.page.get_by_label("From here on, show")
    field.fill(PROMPT)
    field.press("Enter")
    field.blur()
    visitor.lasts(0.25)
    expect(field).to_have_value(PROMPT)
    expect(visitor.page).not_to_have_title("run")
    assert visitor.page.locator("img[src=x]").count() == 0


def test_prompts_are_text_in_the_table_of_clips():
    numbers = dict.fromkeys(("clip", "first_frame", "frames", "seconds", "length", "points", "seed"), 1)
    table = clip_table({"walk": [{**numbers, "core": "nano", "prompt": PROMPT}]})
    assert "<img" not in table
    assert html.escape(PROMPT) in table


@pytest.fixture(scope="session")
def coffee(tmp_path_factory) -> Path:
    """A small photograph."""
    from voyager_lite.samples import read_sample

    picture = tmp_path_factory.mktemp("pictures") / "coffee.png"
    rgb = read_sample("coffee").photograph.rgb[:, ::4, ::4]
    Image.fromarray((rgb.permute(1, 2, 0) * 255).byte().numpy()).save(picture)
    return picture
