"""The client: what comes back is told as it came, and what doesn't come is told too."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator

import pytest
from slipway_conformance.wire import Sent, Wire, WireError

Serve = Callable[[bytes], Wire]
GET = Sent("GET", "/", (), b"")


@pytest.fixture
def serve() -> Iterator[Serve]:
    """A server that answers its one connection with fixed bytes, and closes it."""
    opened: list[socket.socket | Wire] = []

    def start(answer: bytes) -> Wire:
        listener = socket.create_server(("127.0.0.1", 0))
        opened.append(listener)

        def answering() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer)

        threading.Thread(target=answering, daemon=True).start()
        wire = Wire("127.0.0.1", listener.getsockname()[1], 5)
        opened.append(wire)
        return wire

    yield start
    for one in opened:
        one.close()


def test_an_answer_keeps_its_order_and_its_duplicates(serve: Serve) -> None:
    wire = serve(b"HTTP/1.1 200 OK\r\nX-B: 1\r\nX-A: 2\r\nX-B: 3\r\ncontent-length: 2\r\n\r\nhi")
    answer = wire.request(GET)
    assert (answer.status, answer.text) == (200, "hi")
    assert answer.headers[:3] == (("x-b", "1"), ("x-a", "2"), ("x-b", "3"))
    assert answer.header("X-B") == "1"
    assert answer.header_list("x-b") == ["1", "3"]
    assert answer.header("x-c") is None


def test_chunks_are_put_together(serve: Serve) -> None:
    wire = serve(
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\n\r\n"
    )
    assert wire.request(GET).text == "abc"


def test_an_interim_answer_is_passed_over(serve: Serve) -> None:
    wire = serve(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
    assert wire.request(GET).status == 200


def test_answers_in_one_go_are_read_one_by_one(serve: Serve) -> None:
    wire = serve(b"".join(b"HTTP/1.1 20%d OK\r\ncontent-length: 0\r\n\r\n" % n for n in range(2)))
    wire.send(b"both")
    assert [wire.answer().status, wire.answer().status] == [200, 201]


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (b"", "closed without an answer"),
        (b"nonsense\r\n\r\n", "not HTTP"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf", "closed within its answer"),
        (b"HTTP/1.1 200 OK\r\nbad name: 1\r\n\r\n", "not HTTP"),
    ],
)
def test_a_malformed_answer_is_an_error(serve: Serve, answer: bytes, told: str) -> None:
    with pytest.raises(WireError, match=told):
        serve(answer).request(GET)


def test_what_follows_a_tunnels_beginning_is_no_body(serve: Serve) -> None:
    wire = serve(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi")
    answer = wire.request(Sent("CONNECT", "other:443", (), b""))
    assert (answer.status, answer.body) == (200, b"")


def test_waiting_ends() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        Wire("127.0.0.1", listener.getsockname()[1], 0.1) as wire,
        pytest.raises(WireError, match="no answer in time"),
    ):
        wire.request(GET)


def test_a_closed_connection_is_noticed(serve: Serve) -> None:
    wire = serve(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
    wire.request(GET)
    assert wire.closed(2)


def test_raw_exchanges_are_recorded(serve: Serve) -> None:
    seen: list[tuple[bytes, str]] = []
    wire = serve(b"")
    wire._record = lambda raw, answer, problem: seen.append((raw, problem))
    wire.send(b"raw")
    with pytest.raises(WireError):
        wire.answer()
    assert seen == [(b"raw", "the connection was closed without an answer")]
