"""Errors a caller would want to catch. Bad values are ValueError, missing files FileNotFoundError."""


class VoyagerLiteError(Exception):
    """Base of the errors below; its text is one line for people."""


class PathBlockedError(VoyagerLiteError):
    """The path would take the camera into or behind matter.

    Attributes:
        frame: First frame of trouble, counted from the start of the path.
    """

    def __init__(self, message: str, *, frame: int) -> None:
        super().__init__(message)
        self.frame = frame


class WorldBusyError(VoyagerLiteError):
    """Another process writes to the world; the message names it."""
