"""Who has a page open; a walk nobody watches any more ends after its clip."""

import threading
from collections.abc import Callable
from typing import Final

PATIENCE_SECONDS: Final = 20.0
"""Between a page's closing and the wish to stop: a page that is loaded again is closed, too."""


class Presence:
    """Open pages of each person."""

    def __init__(self, left: Callable[[str], None], *, patience: float = PATIENCE_SECONDS) -> None:
        """``left`` is called with the token of whoever has had no page open for ``patience`` seconds."""
        self._left = left
        self._patience = patience
        self._lock = threading.Lock()
        self._pages: dict[str, str] = {}

    def arrive(self, page: str, token: str) -> None:
        """A page has opened; pages are told apart by what Gradio calls their session."""
        with self._lock:
            self._pages[page] = token

    def leave(self, page: str) -> None:
        """A page has closed."""
        with self._lock:
            token = self._pages.pop(page, None)
        if token is not None:
            timer = threading.Timer(self._patience, self._look, [token])
            timer.daemon = True
            timer.start()

    def _look(self, token: str) -> None:
        with self._lock:
            if token in self._pages.values():
                return
        self._left(token)
