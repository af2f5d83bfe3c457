"""What the working process is asked to do, and what it tells meanwhile: plain data."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from voyager_lite.explorer import Explorer


@dataclass(frozen=True, kw_only=True)
class Told:
    """How far a task is.

    Attributes:
        text: In a few words.
        share: Of all it has to do, 0 to 1.
        clips: How many clips were committed so far.
    """

    text: str = ""
    share: float = 0.0
    clips: int = 0


class Stopped(Exception):
    """The person has asked to stop; raised where a task looks for it."""


@dataclass(frozen=True, kw_only=True)
class Tools:
    """What a task may use.

    Attributes:
        explorer: The explorer with a core, which is kept loaded.
        tell: Says how far the task is. Raises ``Stopped`` if it is to end at once.
        ends_here: Whether it is to end after the clip that was just made.
    """

    explorer: Callable[[str], Explorer]
    tell: Callable[[Told], None]
    ends_here: Callable[[], bool]


@runtime_checkable
class Job(Protocol):
    """A task."""

    @property
    def title(self) -> str:
        """What is being done, as a message would begin."""
        ...

    def run(self, tools: Tools) -> Iterator[None]:
        """Do it; yields where others may take their turn. Returns a dictionary of plain values.

        Raises:
            Stopped: Where ``tools.tell`` did.
        """
        ...


def shown(error: BaseException, *, hidden: dict[Path, str]) -> str:
    """An error as one line for people.

    Args:
        error: What went wrong.
        hidden: Places on this machine, and what they are called before people.
    """
    if isinstance(error, OSError) and error.filename and error.strerror:
        text = f"{error.filename}: {error.strerror}"
    else:
        text = " ".join(str(error).split()) or type(error).__name__
    for place, name in hidden.items():
        text = text.replace(str(place), name)
    return text


Result = dict[str, Any]
