"""Who is there: a secret token in their browser, a folder of worlds here."""

import re
import secrets
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from voyager_lite.world.creation import FILE_NAME

TOKEN: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{42}")
"""What ``new_token`` makes: a letter, as names of folders begin well, and 252 random bits."""

NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
"""Of a world's folder."""


def new_token() -> str:
    """A token nobody can guess. Who has it sees the worlds of its owner."""
    return "p" + secrets.token_urlsafe(32)[:42]


def slug(text: str) -> str:
    """A world's name out of a file's: lower-case letters, digits and dashes; "world" if none is left."""
    plain = unicodedata.normalize("NFKD", Path(text).stem).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40].strip("-") or "world"


@dataclass(frozen=True)
class Person:
    """Somebody with worlds.

    Attributes:
        root: Folder the server was started with.
        token: Their secret; also the name of their folder.

    Raises:
        ValueError: The token is none that this program makes.
    """

    root: Path
    token: str

    def __post_init__(self) -> None:
        # Whatever a browser or an address says: nothing but a token may become a folder's name.
        if not isinstance(self.token, str) or TOKEN.fullmatch(self.token) is None:
            raise ValueError("this browser's key is not one of ours; reload the page")

    @property
    def folder(self) -> Path:
        """Of their worlds; it may not exist yet."""
        return self.root / self.token

    def worlds(self) -> list[str]:
        """Names of their worlds, the one that was changed last first."""
        found = [
            file.parent for file in self.folder.glob(f"*/{FILE_NAME}") if NAME.fullmatch(file.parent.name)
        ]
        return [folder.name for folder in sorted(found, key=_changed, reverse=True)]

    def world(self, name: object) -> Path:
        """The folder of a world that exists.

        Raises:
            ValueError: The name is no world's.
            FileNotFoundError: They have no world of that name.
        """
        folder = self._folder(name)
        if not (folder / FILE_NAME).is_file():
            raise FileNotFoundError(f"you have no world called {folder.name}")
        return folder

    def free(self, wish: str) -> Path:
        """A folder for a new world, called as wished or with a number behind it."""
        name = slug(wish)
        names = [name, *(f"{name}-{number}" for number in range(2, 10_000))]
        return next(folder for folder in map(self._folder, names) if not folder.exists())

    def _folder(self, name: object) -> Path:
        if not isinstance(name, str) or NAME.fullmatch(name) is None:
            raise ValueError("a world's name has lower-case letters, digits, - and _, at most 64")
        folder = self.folder / name
        if folder.is_symlink() or self.folder.is_symlink():
            raise ValueError(f"the world {name} is a link to elsewhere; it is not opened here")
        return folder


def _changed(folder: Path) -> float:
    return max(file.stat().st_mtime for file in folder.glob(f"{FILE_NAME}*"))
