"""The function's response: what it says, and what of it may reach the wire."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from attrs import define, field, frozen

from .head import Head
from .refusal import Refusal
from .request import hop_by_hop, own
from .text import utf8

Headers = Mapping[str, str | Sequence[str]]
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
TEXT, BYTES, JSON = "text/plain; charset=utf-8", "application/octet-stream", "application/json"
_NO_CONNECTION = Head("", "", "1.1", ())


@frozen
class Answer:
    """What goes out; ``headers`` in order, as many lines as there are."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


@define(eq=False)
class Response:
    """What a function is given to answer with."""

    first: Answer | Refusal | None = field(default=None, init=False)

    def send(self, body: str | bytes, status: int = 200, headers: Headers | None = None) -> None:
        kind = TEXT if isinstance(body, str) else BYTES
        raw = utf8(body) if isinstance(body, str) else bytes(body)
        self._answer(raw, kind, status, headers)

    def json(self, value: Any, status: int = 200, headers: Headers | None = None) -> None:
        try:
            raw = dump(value)
        except (ValueError, TypeError, RecursionError) as error:
            self._keep(invalid(f"JSON can't hold the value: {error}"))
        else:
            self._answer(raw, JSON, status, headers)

    def _answer(self, body: bytes, kind: str, status: int, headers: Headers | None) -> None:
        try:
            self._keep(answer(body, kind, status, headers or {}))
        except Refusal as refusal:
            self._keep(refusal)

    def _keep(self, answer: Answer | Refusal) -> None:
        if self.first is not None:
            second_answer(self, answer)
        else:
            self.first = answer


def second_answer(response: Response, answer: Answer | Refusal) -> None:
    raise RuntimeError("the function has answered already")


def dump(value: Any) -> bytes:
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return utf8(text)


def answer(body: bytes, kind: str, status: int, headers: Headers) -> Answer:
    """A checked answer; Refusal for what must not reach the wire."""
    check_status(status)
    lines = [line for name, value in headers.items() for line in lines_of(name, value)]
    for name, text in lines:
        check_name(name)
        check_value(name, text)
    return Answer(status, tuple(typed(allowed(lines), kind)), body)


def lines_of(name: str, value: str | Sequence[str]) -> list[tuple[str, str]]:
    return [(name, value)] if isinstance(value, str) else [(name, one) for one in value]


def check_status(status: int) -> None:
    if not isinstance(status, int) or not 200 <= status <= 599:
        raise invalid(f"{status} is no status from 200 to 599")


def check_name(name: str) -> None:
    if not _TOKEN.fullmatch(name):
        raise invalid(f"{name!r} is no name of a header")


def check_value(name: str, text: str) -> None:
    if not isinstance(text, str) or _CONTROLS.search(text):
        raise invalid(f"the header {name} holds a control character, or is no text")


def allowed(lines: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The lines that are the function's to set."""
    dropped = hop_by_hop(_NO_CONNECTION) | {"content-length"}
    return [(n, v) for n, v in lines if n.lower() not in dropped and not own(n.lower())]


def typed(lines: list[tuple[str, str]], kind: str) -> list[tuple[str, str]]:
    """With one type: that which follows from the body, unless the function has set another."""
    given = [line for line in lines if is_type(line)]
    others = [line for line in lines if not is_type(line)]
    return [*(given[-1:] or [("content-type", kind)]), *others]


def is_type(line: tuple[str, str]) -> bool:
    return line[0].lower() == "content-type"


def invalid(message: str) -> Refusal:
    return Refusal("invalid_response", message)
