"""Clause 11.5: requests that two readers would read differently."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from ..cases import probe
from ..session import Session
from ..wire import WireError

Spoil = Callable[[list[str]], bytes]


def _refused(session: Session, name: str, spoil: Spoil) -> None:
    """Sends a spoilt request, then an honest one behind it that must not be answered on the same connection."""
    lines = session.head_lines(body=b"{}")
    with session.connect(5) as wire:
        with contextlib.suppress(WireError):
            wire.send(spoil(lines))
        try:
            answer = wire.answer(timeout=3)
            session.expect(
                answer.status == 400,
                f"{name}: expected 400, got {answer.status}: {answer.text[:100]}",
            )
        except WireError as error:
            session.fail(f"{name}: no answer: {error}")
        session.expect(wire.closed(2), f"{name}: the connection stayed open")


def _joined(lines: list[str], body: bytes = b"{}", end: str = "\r\n") -> bytes:
    return end.join([*lines, "", ""]).encode("latin-1") + body


def _with_length(lines: list[str], *more: str) -> list[str]:
    return [line for line in lines if not line.startswith("content-length")] + list(more)


_SPOILT: dict[str, tuple[str, Spoil]] = {
    "11.5-both-lengths": (
        "two ways to say where a body ends are two requests to two readers",
        lambda lines: _joined([*lines, "transfer-encoding: chunked"], b"2\r\n{}\r\n0\r\n\r\n"),
    ),
    "11.5-two-lengths": (
        "two lengths are two requests to two readers",
        lambda lines: _joined([*lines, "content-length: 3"], b"{} "),
    ),
    "11.5-signed-length": (
        "a sign is no digit",
        lambda lines: _joined(_with_length(lines, "content-length: +2")),
    ),
    "11.5-listed-length": (
        "a list is no length",
        lambda lines: _joined(_with_length(lines, "content-length: 2, 3")),
    ),
    "11.5-hex-length": (
        "a length is decimal",
        lambda lines: _joined(_with_length(lines, "content-length: 0x2")),
    ),
    "11.5-negative-length": (
        "less than nothing can't be read",
        lambda lines: _joined(_with_length(lines, "content-length: -1")),
    ),
    "11.5-space-before-colon": (
        "a space before the colon hides a header from some readers",
        lambda lines: _joined([*lines, "x-hidden : 1"]),
    ),
    "11.5-folded": (
        "a folded line is one header to some readers and two to others",
        lambda lines: _joined([*lines, "x-folded: one", " two"]),
    ),
    "11.5-bare-cr": (
        "a bare CR ends a line for some readers",
        lambda lines: _joined([*lines, "x-cr: one\rx-two: 2"]),
    ),
    "11.5-bare-lf": (
        "a bare LF ends a line for some readers",
        lambda lines: _joined(lines, end="\n"),
    ),
    "11.5-chunk-size": (
        "a chunk size that is no number can't be skipped over",
        lambda lines: _joined(
            _with_length(lines, "transfer-encoding: chunked"), b"zz\r\n{}\r\n0\r\n\r\n"
        ),
    ),
    "11.5-chunk-overflow": (
        "a chunk size beyond all memory must not wrap round",
        lambda lines: _joined(
            _with_length(lines, "transfer-encoding: chunked"),
            b"10000000000000002\r\n{}\r\n0\r\n\r\n",
        ),
    ),
    "11.5-chunk-sign": (
        "a sign before a chunk size is no digit",
        lambda lines: _joined(
            _with_length(lines, "transfer-encoding: chunked"), b"+2\r\n{}\r\n0\r\n\r\n"
        ),
    ),
    "11.5-both-in-capitals": (
        "who writes an encoding in capitals has sent both all the same",
        lambda lines: _joined([*lines, "Transfer-Encoding: Chunked"], b"2\r\n{}\r\n0\r\n\r\n"),
    ),
    "11.5-empty-length": (
        "no digit at all is no length",
        lambda lines: _joined(_with_length(lines, "content-length:"), b""),
    ),
    "11.5-underscored-length": (
        "what groups digits in a program is no digit",
        lambda lines: _joined(_with_length(lines, "content-length: 0_2")),
    ),
    "11.5-tab-before-colon": (
        "a tab is white space, too",
        lambda lines: _joined([*lines, "x-hidden\t: 1"]),
    ),
    "11.5-folded-by-tab": (
        "a tab folds a line as well as a space",
        lambda lines: _joined([*lines, "x-folded: one", "\ttwo"]),
    ),
    "11.5-one-bare-lf": (
        "one bare LF among honest lines is two lines to some readers",
        lambda lines: _joined([*lines, "x-lf: one\nx-two: 2"]),
    ),
    "11.5-chunk-hex-prefix": (
        "what begins a hexadecimal number in a program is no digit",
        lambda lines: _joined(
            _with_length(lines, "transfer-encoding: chunked"), b"0x2\r\n{}\r\n0\r\n\r\n"
        ),
    ),
    "11.5-encoding-identity": (
        "chunked must be the last encoding, or where the body ends is anybody's guess",
        lambda lines: _joined(
            _with_length(lines, "transfer-encoding: chunked, identity"), b"2\r\n{}\r\n0\r\n\r\n"
        ),
    ),
}


def _register(case_id: str, why: str, spoil: Spoil) -> None:
    @probe(case_id, why=why)
    def spoilt(session: Session) -> None:
        _refused(session, case_id.split("-", 1)[1], spoil)
        session.honest()


for _id, (_why, _spoil) in _SPOILT.items():
    _register(_id, _why, _spoil)


@probe(
    "11.5-later-request",
    why="a connection that began honestly is where a second reader would be fooled",
)
def later_request(session: Session) -> None:
    lines = session.head_lines(body=b"{}")
    with session.connect(5) as wire:
        session.check(session.invoke([{"do": "send", "text": "x"}], wire=wire), status=200)
        wire.send(_joined([*lines, "transfer-encoding: chunked"], b"2\r\n{}\r\n0\r\n\r\n"))
        answer = wire.answer(timeout=3)
        session.expect(answer.status == 400, f"status: expected 400, got {answer.status}")
        session.expect(wire.closed(2), "the connection stayed open")
