"""Types of what a function receives, for editors and type checkers::

from slipway import Request, Response

def main(req: Request, res: Response) -> None:
    res.json({"hello": req.payload["name"]})
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

Headers = Mapping[str, str | Sequence[str]]

__all__ = ["Headers", "Request", "Response"]


class Request(Protocol):
    """One invocation's request."""

    headers: dict[str, str]
    """Names in lower case; several fields of one name are joined."""
    payload: Any
    """The JSON value that the caller sent; in raw mode the parsed JSON, the text, or None."""
    env: dict[str, str]
    """The container's variables, overlaid with those of this invocation."""
    method: str
    path: str
    query: dict[str, list[str]]
    """Decoded: a name's values in their order."""
    body: bytes
    """The exact bytes in raw mode; the UTF-8 of a payload that is a string; else empty."""
    id: str
    """The invocation's id, which every line of its log carries."""
    deadline: float
    """When the runtime stops waiting, in milliseconds since 1970."""

    def log(self, message: object) -> None:
        """Writes a line of level info."""

    def error(self, message: object) -> None:
        """Writes a line of level error."""


class Response(Protocol):
    """Takes one answer; a second one raises RuntimeError."""

    def send(self, body: str | bytes, status: int = 200, headers: Headers | None = None) -> None:
        """Answers with text or bytes."""

    def json(self, value: Any, status: int = 200, headers: Headers | None = None) -> None:
        """Answers with a value as JSON."""
