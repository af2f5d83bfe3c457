"""What the working process is asked to do, and what it tells meanwhile: plain data."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from voyager_lite.explorer import Explorer

Result = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Told:
    """How far a task is.

    Attributes:
        text: In a few words.
        share: Of all it has to do, 0 to 1.
    """

    text: str = ""
    share: float = 0.0


class Stopped(Exception):
    """The person has asked to stop, or has left; raised where a task looks for it."""


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
        """What is being done."""
        ...

    def run(self, tools: Tools) -> Generator[None, None, Result]:
        """Do it; yields where others may take their turn. A ``world`` in its result is shown then.

        Raises:
            Stopped: Where ``tools.tell`` did, or where ``tools.ends_here`` ended it early.
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
