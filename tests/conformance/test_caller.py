"""The caller of many invocations: what it makes of answers, good and bad."""

from __future__ import annotations

from io import BufferedReader, BytesIO

import pytest
from slipway_conformance.caller import read_answer
from slipway_conformance.wire import WireError

Read = tuple[int, tuple[tuple[str, str], ...], bytes]


def _read(answers: bytes) -> list[Read]:
    """All answers of one connection, each read as if it were the only one."""
    received = BufferedReader(BytesIO(answers))
    found = []
    while received.peek(1):
        found.append(read_answer(received))
    return found


WHOLE = b"HTTP/1.1 302 Found\r\nX-A: 1\r\ncontent-length: 2\r\n\r\nhi"


def test_one_answer_ends_where_the_next_begins() -> None:
    headers = (("x-a", "1"), ("content-length", "2"))
    assert _read(WHOLE * 2) == [(302, headers, b"hi")] * 2


def test_chunks_are_put_together() -> None:
    chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\n\r\n"
    assert [body for _, _, body in _read(chunked + WHOLE)] == [b"abc", b"hi"]


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (WHOLE[:-1], "within its answer"),
        (WHOLE[:30], "is not HTTP"),
        (b"HTTP/1.1 200 OK\r\n\r\n", "is not HTTP"),
        (b"HTTP/1.1 200 OK\r\n" + b"x-a: 1\r\n" * 101 + b"\r\n", "more than 100 header lines"),
    ],
)
def test_a_bad_answer_is_an_error(answer: bytes, told: str) -> None:
    with pytest.raises(WireError, match=told):
        _read(answer)
