"""HTTP/1.1 as bytes: what is sent is exactly what was asked for, what comes back keeps its order
and its duplicates.

h11 reads the answers, so that a malformed one is an error here and not a surprise later."""

from __future__ import annotations

import contextlib
import json
import socket
import time
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import Any, Self

import h11
from attrs import frozen

HeaderList = list[tuple[str, str]]
# Bytes of each raw sending that a report shows.
_RECORDED = 2000


class WireError(Exception):
    """No whole answer came back; the message says what happened instead."""


@frozen
class Sent:
    """A request as it went out."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


@frozen
class Answer:
    """An answer as it came in; ``headers`` in their order, names in lower case, ``seconds`` from
    request to end, ``interim`` the 1xx that came before it."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    seconds: float
    http_version: str = "1.1"
    interim: tuple[int, ...] = ()

    def header(self, name: str) -> str | None:
        """The only or first value of *name*, None where it is missing."""
        return next(iter(self.header_list(name)), None)

    def header_list(self, name: str) -> list[str]:
        return [value for found, value in self.headers if found == name.lower()]

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body as JSON; WireError where it is none."""
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise WireError(f"the body is not JSON: {self.body[:200]!r}") from error


class Wire:
    """One connection. Usable as a context manager; every wait ends after ``timeout`` seconds.

    ``record`` is told of every answer to raw bytes: the bytes, the answer or None, and the problem.
    ``connected`` is a connection that there is already.
    """

    def __init__(
        self,
        host: str,
        port: int,
        timeout: float = 10.0,
        record: Callable[[bytes, Answer | None, str], None] = lambda raw, answer, problem: None,
        connected: socket.socket | None = None,
    ) -> None:
        self._address = (host, port)
        self.timeout = timeout
        self._record = record
        self._sent = bytearray()
        self._socket = connected or socket.create_connection(self._address, timeout=timeout)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._rest = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def send(self, raw: bytes) -> None:
        """Bytes as they are."""
        self._sent += raw[:_RECORDED]
        self._send(raw)

    def _send(self, raw: bytes) -> None:
        try:
            self._socket.sendall(raw)
        except OSError as error:
            raise WireError(f"the connection broke while sending: {error}") from error

    def request(self, sent: Sent) -> Answer:
        """Sends a request and reads its answer."""
        # From before it is sent: a busy machine may let the answer come before this goes on.
        started = time.monotonic()
        self._send(encode(sent, self._host_header()))
        return self._answer(sent.method, self.timeout, started)

    def answer(self, method: str = "POST", timeout: float | None = None) -> Answer:
        """Reads one answer to a request with *method*; WireError where none comes in time."""
        raw = bytes(self._sent)
        self._sent.clear()
        try:
            answer = self._answer(method, self.timeout if timeout is None else timeout)
        except WireError as error:
            self._record(raw, None, str(error))
            raise
        self._record(raw, answer, "")
        return answer

    def _answer(self, method: str, timeout: float, started: float | None = None) -> Answer:
        began_waiting = time.monotonic()
        started = began_waiting if started is None else started
        deadline = began_waiting + timeout
        parser = h11.Connection(h11.CLIENT, max_incomplete_event_size=1 << 20)
        # The parser wants to know a request before it reads an answer; what it would send is thrown
        # away.
        parser.send(h11.Request(method=method, target="/", headers=[("host", "conformance")]))
        parser.send(h11.EndOfMessage())
        if self._rest:
            parser.receive_data(self._rest)
            self._rest = b""
        head: h11.Response | None = None
        received: bytes | None = None
        began = bool(parser.trailing_data[0])
        body = bytearray()
        interim: list[int] = []
        while True:
            try:
                event = parser.next_event()
            except h11.RemoteProtocolError as error:
                if received == b"":
                    place = "within its answer" if began else "without an answer"
                    raise WireError(f"the connection was closed {place}") from error
                raise WireError(f"the answer is not HTTP: {error}") from error
            if event is h11.NEED_DATA:
                received = self._receive(deadline)
                began = began or bool(received)
                parser.receive_data(received)
            elif isinstance(event, h11.InformationalResponse):
                interim.append(event.status_code)
            elif isinstance(event, h11.Response):
                head = event
            elif isinstance(event, h11.Data):
                body += event.data
            elif _is_end(event) and head is not None:
                self._rest = parser.trailing_data[0]
                headers = tuple(
                    (name.decode(), value.decode("latin-1")) for name, value in head.headers
                )
                version = head.http_version.decode()
                seconds = time.monotonic() - started
                return Answer(
                    head.status_code, headers, bytes(body), seconds, version, tuple(interim)
                )
            elif isinstance(event, h11.ConnectionClosed):
                raise WireError("the connection was closed without an answer")
            else:
                raise WireError(f"the answer is not HTTP: {event}")

    def closed(self, timeout: float = 2.0) -> bool:
        """Whether the other side closes within *timeout* seconds; what it still sends is thrown
        away."""
        deadline = time.monotonic() + timeout
        try:
            while self._receive(deadline):
                pass
        except WireError as error:
            return "closed" in str(error) or "reset" in str(error)
        return True

    def hold(self, count: int) -> None:
        """Takes in no more than about *count* bytes before somebody reads them."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, count)

    def await_first(self) -> None:
        """Waits for the first bytes of an answer, which stay there for it."""
        self._rest += self._receive(time.monotonic() + self.timeout)

    def half_close(self) -> None:
        """Says that nothing more will be sent."""
        self._socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.close()

    def _host_header(self) -> str:
        return f"{self._address[0]}:{self._address[1]}"

    def _receive(self, deadline: float) -> bytes:
        left = deadline - time.monotonic()
        if left <= 0:
            raise WireError("no answer in time")
        self._socket.settimeout(left)
        try:
            return self._socket.recv(1 << 20)
        except TimeoutError as error:
            raise WireError("no answer in time") from error
        except OSError as error:
            raise WireError(f"the connection was reset: {error}") from error


def _is_end(event: object) -> bool:
    """Of an answer. What comes behind one that opens a tunnel, as CONNECT asks for, is no part of it."""
    return isinstance(event, h11.EndOfMessage) or event is h11.PAUSED


def encode(sent: Sent, host: str) -> bytes:
    """The bytes of a request; ``host`` and ``content-length`` are added where they are not
    given."""
    names = {name.lower() for name, _ in sent.headers}
    lines = [f"{sent.method} {sent.target} HTTP/1.1"]
    if "host" not in names:
        lines.append(f"host: {host}")
    lines.extend(f"{name}: {value}" for name, value in sent.headers)
    if (
        "content-length" not in names
        and "transfer-encoding" not in names
        and (sent.body or sent.method not in ("GET", "HEAD"))
    ):
        lines.append(f"content-length: {len(sent.body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + sent.body


def header_list(headers: Mapping[str, str | list[str] | None]) -> HeaderList:
    """A mapping as lines: a list is several, None is none."""
    lines: HeaderList = []
    for name, value in headers.items():
        values: Iterable[str] = (
            [] if value is None else [value] if isinstance(value, str) else value
        )
        lines.extend((name, one) for one in values)
    return lines
