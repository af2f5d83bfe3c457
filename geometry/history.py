"""Undo and redo of values that do not change."""

from dataclasses import dataclass, replace
from typing import Generic, TypeVar

T = TypeVar("T")

LONGEST_HISTORY = 200


@dataclass(frozen=True, kw_only=True)
class History(Generic[T]):
    """A value, those before it, and those that were taken back.

    Example:
        >>> history = History(present="a").did("b")
        >>> history.undone().present, history.undone().redone().present
        ('a', 'b')

    Attributes:
        present: The value now.
        past: Earlier values, the last one latest; no more than 200.
        future: Values taken back, the one to come next first.
    """

    present: T
    past: tuple[T, ...] = ()
    future: tuple[T, ...] = ()

    def did(self, value: T) -> "History[T]":
        """Go on to a value; what was taken back before is gone. The same value again is no step."""
        if value == self.present:
            return self
        return History(present=value, past=(*self.past, self.present)[-LONGEST_HISTORY:])

    def undone(self) -> "History[T]":
        """One step back.

        Raises:
            ValueError: There is none.
        """
        if not self.past:
            raise ValueError("there is nothing to undo")
        return replace(self, present=self.past[-1], past=self.past[:-1], future=(self.present, *self.future))

    def redone(self) -> "History[T]":
        """One step forward again.

        Raises:
            ValueError: There is none.
        """
        if not self.future:
            raise ValueError("there is nothing to redo")
        return replace(self, present=self.future[0], past=(*self.past, self.present), future=self.future[1:])
