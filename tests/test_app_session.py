"""Who has a key sees their own worlds, and nothing but a key or a name becomes a folder's."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from walls import wall

from app.session import NAME, TOKEN, Person, new_token, slug


@pytest.fixture
def person(tmp_path: Path) -> Person:
    return Person(tmp_path, new_token())


def test_every_visitor_gets_another_key() -> None:
    keys = {new_token() for _ in range(100)}
    assert len(keys) == 100
    assert all(TOKEN.fullmatch(key) for key in keys)


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "..",
        "/",
        "a" * 42,
        "a" * 44,
        "../" + "a" * 40,
        "-" + "a" * 42,
        "a" * 42 + "\n",
        "é" * 43,
        None,
        7,
        [],
    ],
)
def test_what_is_no_key_is_no_person(tmp_path: Path, token: object) -> None:
    with pytest.raises(ValueError, match="not one of ours"):
        Person(tmp_path, token)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../x", "a/b", "a\\b", "A", ".a", "-a", "a" * 65, "a\n", "ä", None, 3, "a\0"]
)
def test_what_is_no_name_names_no_folder(person: Person, name: object) -> None:
    with pytest.raises(ValueError, match="lower-case"):
        person.world(name)


@given(st.text(max_size=80))
def test_any_text_becomes_a_name(text: str) -> None:
    assert NAME.fullmatch(slug(text))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Ferien am Meer.JPG", "ferien-am-meer"),
        ("../../etc/passwd", "passwd"),
        ("<img src=x onerror=alert(1)>.png", "img-src-x-onerror-alert-1"),
        ("Äpfel & Öl.tiff", "apfel-ol"),
        ("山.png", "world"),
    ],
)
def test_names_by_hand(text: str, name: str) -> None:
    assert slug(text) == name


def test_people_find_their_own_worlds_the_last_changed_first(person: Person, tmp_path: Path) -> None:
    other = Person(tmp_path, new_token())
    for place in (person.free("old"), person.free("new"), other.free("theirs")):
        wall(place).close()
    for number, name in enumerate(("new", "old")):
        os.utime(person.folder / name / "world.sqlite", (number, number))
    (person.folder / "no-world").mkdir()
    assert person.worlds() == ["old", "new"]
    assert other.worlds() == ["theirs"]
    assert person.world("old") == person.folder / "old"
    with pytest.raises(FileNotFoundError, match="no world called theirs"):
        person.world("theirs")


def test_a_name_that_is_taken_gets_a_number(person: Person) -> None:
    (person.folder / "cup").mkdir(parents=True)
    (person.folder / "cup-2").mkdir()
    assert person.free("Cup.png").name == "cup-3"


def test_a_link_to_elsewhere_is_not_followed(person: Person, tmp_path: Path) -> None:
    wall(tmp_path / "elsewhere").close()
    person.folder.mkdir()
    (person.folder / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ValueError, match="link"):
        person.world("link")
