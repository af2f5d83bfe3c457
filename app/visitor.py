"""A visitor without a browser: has the page's handlers run over HTTP, as the page's own scripts do."""

import json
import secrets
from typing import Any, Final

import httpx

PATIENCE: Final = 600.0
"""Seconds until an answer; the server may be busy."""

HELD_BY_SERVER: Final = "state"
HELD_BY_BROWSER: Final = "browserstate"


class Visitor:
    """One session; it holds what a browser would.

    Attributes:
        visit: The browser's key, and the world it is in; see ``Wires``.
    """

    def __init__(self, url: str) -> None:
        """Come in; ``url`` is the server's, without a slash at the end."""
        self.visit: Any = None
        self._session = secrets.token_hex(8)
        self._http = httpx.Client(base_url=url, timeout=PATIENCE)
        config = self._http.get("/config").raise_for_status().json()
        self._kinds = {part["id"]: part["type"] for part in config["components"]}
        self._names = {part["id"]: part["props"].get("elem_id") for part in config["components"]}
        self._values = {part["id"]: part["props"].get("value") for part in config["components"]}
        self._choices: dict[int, list[Any]] = {}
        self._handlers = config["dependencies"]
        self.tell("load")

    def leave(self) -> None:
        """Close the connections, as a closed tab does."""
        self._http.close()

    def set(self, name: str, value: Any) -> None:
        """Enter a value into the component with this ``elem_id``."""
        part = next(part for part, found in self._names.items() if found == name)
        self._values[part] = value

    def tell(self, event: str, *, of: str | None = None, to: str | None = None, brings: Any = None) -> None:
        """Let an event happen, and wait until its handlers have answered.

        Args:
            event: Its name.
            of: ``elem_id`` of the component it happens to; None takes any.
            to: ``elem_id`` of a component that the handlers change; None takes any.
            brings: What the event brings.

        Raises:
            LookupError: Nothing listens to it.
            RuntimeError: A handler refused; with its message.
        """
        heard = False
        for number, handler in enumerate(self._handlers):
            happens = any(
                name == event and of in (None, self._names.get(part)) for part, name in handler["targets"]
            )
            if happens and (to is None or to in map(self._names.get, handler["outputs"])):
                heard = True
                self._call(number, handler, brings)
        if not heard:
            raise LookupError(f"nothing listens to {event} of {of or 'anything'}")

    def value(self, name: str) -> Any:
        """What the component with this ``elem_id`` shows."""
        return next(self._values[part] for part, found in self._names.items() if found == name)

    def choices(self, name: str) -> list[Any]:
        """What a drop-down with this ``elem_id`` offers."""
        part = next(part for part, found in self._names.items() if found == name)
        return [value for _, value in self._choices.get(part, [])]

    def _call(self, number: int, handler: dict[str, Any], brings: Any) -> None:
        held = {HELD_BY_SERVER: lambda _: None, HELD_BY_BROWSER: lambda _: self.visit}
        body = {
            "data": [held.get(self._kinds[part], self._values.get)(part) for part in handler["inputs"]],
            "fn_index": number,
            "session_hash": self._session,
            "event_data": brings,
        }
        event = self._http.post("/gradio_api/queue/join", json=body).raise_for_status().json()["event_id"]
        for part, answer in zip(handler["outputs"], self._answer(event), strict=True):
            new = answer
            if isinstance(answer, dict) and answer.get("__type__") == "update":
                if "choices" in answer:
                    self._choices[part] = answer["choices"]
                if "value" not in answer:
                    continue
                new = answer["value"]
            if self._kinds[part] == HELD_BY_BROWSER:
                self.visit = new
            self._values[part] = new

    def _answer(self, event: str) -> list[Any]:
        where = {"session_hash": self._session}
        with self._http.stream("GET", "/gradio_api/queue/data", params=where) as lines:
            for line in lines.iter_lines():
                message = json.loads(line.removeprefix("data:")) if line.startswith("data:") else {}
                if message.get("msg") == "process_completed" and message.get("event_id") == event:
                    if not message["success"]:
                        raise RuntimeError(str(message["output"].get("error")))
                    return list(message["output"]["data"])
        raise RuntimeError("the server ended the stream before it answered")
