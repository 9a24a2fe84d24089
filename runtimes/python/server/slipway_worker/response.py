"""From what the function answers to a frame."""

import re
from typing import Any

from . import frames, values

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_HOP_BY_HOP = {
    "connection",
    "content-length",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
}


class Response:
    """Takes one answer; ``slipway.Response`` describes its members. A function may pass anything, so the types promise
    nothing here, and it is told what was wrong."""

    __slots__ = ("_number", "frame", "problem")

    def __init__(self, number: int) -> None:
        self._number = number
        self.frame: bytes | None = None
        self.problem = ""

    def send(self, body: Any, status: Any = 200, headers: Any = None) -> None:
        if type(body) is str:
            self._answer(frames.TEXT, values.utf8(body), status, headers)
        elif isinstance(body, bytes | bytearray | memoryview):
            self._answer(frames.BYTES, bytes(body), status, headers)
        elif isinstance(body, str):
            self.send(str(body), status, headers)
        else:
            raise TypeError(f"send takes text or bytes, not {type(body).__name__}; json takes any value")

    def json(self, value: Any, status: Any = 200, headers: Any = None) -> None:
        try:
            body = values.encode(value)
        except (TypeError, ValueError) as error:
            self._answer(frames.JSON, b"", status, headers, f"the value can't be JSON: {error}")
        else:
            self._answer(frames.JSON, body, status, headers)

    def _answer(self, kind: int, body: bytes, status: Any, headers: Any, problem: str = "") -> None:
        if self.frame is not None:
            raise RuntimeError("the function has answered already: it answers once")
        if not isinstance(status, int) or isinstance(status, bool) or not 200 <= status <= 599:
            problem, status = problem or f"the status must be a whole number from 200 to 599, not {status!r}", 500
        lines = b""
        if headers:
            kind, lines, wrong = _header_lines(kind, headers)
            problem = problem or wrong
        self.problem = problem
        length = 7 + len(lines) + len(body)
        self.frame = b"".join(
            (
                frames.HEAD.pack(length, frames.ANSWER, self._number),
                frames.ANSWER_HEAD.pack(status, kind, len(lines)),
                lines,
                body,
            )
        )


def _header_lines(kind: int, headers: Any) -> tuple[int, bytes, str]:
    """The type to add, the header lines as JSON, and what is wrong with them."""
    lines: list[tuple[str, str]] = []
    for name, value in headers.items():
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            return kind, b"", f"{name!r} is no name of a header"
        lower = name.lower()
        if lower in _HOP_BY_HOP or lower.startswith("x-runtime-"):
            continue
        several = [value] if isinstance(value, str) else value
        if not isinstance(several, list | tuple) or not all(isinstance(one, str) for one in several):
            return kind, b"", f"the value of {name} must be text or a list of texts"
        if any(_CONTROLS.search(one) for one in several):
            return kind, b"", f"the value of {name} holds a control character"
        if lower == "content-type":
            # Once, even where it was given in two spellings.
            kind, several = frames.OWN_TYPE, several[:1] if kind != frames.OWN_TYPE else ()
        lines += [(name, one) for one in several]
    # The server's JSON has no halves of characters.
    return kind, values.encode(lines, values.REPLACED) if lines else b"", ""
