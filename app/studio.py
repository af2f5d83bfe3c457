"""What all handlers of the page share: where worlds lie, and who does the work."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from app.presence import Presence
from app.session import Person
from app.worker import Worker
from voyager_lite.core import load_core
from voyager_lite.core.generator import Generator
from voyager_lite.world.marks import clip_marks
from voyager_lite.world.world import World


@dataclass(frozen=True)
class Place:
    """A person, and the world they are in.

    Attributes:
        person: Who.
        name: Of the world; None before one is open.
    """

    person: Person
    name: str | None

    @property
    def folder(self) -> Path:
        """Of the world.

        Raises:
            ValueError: None is open.
            FileNotFoundError: It is gone.
        """
        if self.name is None:
            raise ValueError("open a photograph first")
        return self.person.world(self.name)

    @property
    def exists(self) -> bool:
        """Whether a world is open, and still there."""
        try:
            return self.folder.is_dir()
        except (ValueError, OSError):
            return False

    def open(self) -> World:
        """The world, to be closed by the caller, in one thread."""
        return World.open(self.folder)

    def version(self) -> str:
        """Changes with what the world holds; not with whether a walk is unfinished."""
        with self.open() as world:
            return clip_marks(world)[-1]

    def browser_file(self, name: str) -> Path:
        """Where something made for the browser is kept, beside the world's own files."""
        folder = self.folder / ".browser"
        folder.mkdir(exist_ok=True)
        return folder / name

    def address(self, what: str, *, version: str) -> str:
        """Where the browser finds one of the world's files; it may keep what has this version."""
        return f"/w/{self.person.token}/{self.name}/{what}?v={version}"


class Studio:
    """Where worlds lie, and who does the work; a context that ends the working process."""

    def __init__(
        self, root: Path, *, core: str = "mini", load: Callable[[str], Generator] = load_core
    ) -> None:
        self.root = root.resolve()
        self.core = core
        self.worker = Worker(load=load)
        self.presence = Presence(lambda token: self.worker.cancel(token, at_once=False))

    def place(self, visit: Any) -> Place:
        """Where a browser says it is: ``{"token": .., "world": ..}``.

        Raises:
            ValueError: It says nothing that can be understood.
        """
        if not isinstance(visit, dict):
            raise ValueError("this browser's key is missing; reload the page")
        name = visit.get("world")
        return Place(Person(self.root, visit.get("token", "")), name if isinstance(name, str) else None)

    def __enter__(self) -> "Studio":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.worker.close()
