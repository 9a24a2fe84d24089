"""Many invocations one after the other, with little ado: the processors are the server's and not the caller's.

Nothing is recorded, and of an answer only what every server sends is understood; ``wire`` knows all of HTTP."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Sequence
from typing import IO, Any

from . import contract
from .session import Session, Step
from .wire import Answer, Sent, WireError, encode

_ANSWER_SECONDS = 15.0
# What a server adds to each answer that was another's makes answers that never end.
_MOST_HEADERS = 100


class Caller:
    """One caller on one kept connection, to the server itself where it must be *near*: an engine's port proxy
    goes with its container, and with it what it has not handed on."""

    def __init__(self, session: Session, *, near: bool = False) -> None:
        terms = contract.load()
        self._running = session.running
        self._near = near
        self._id = terms.header("invocation")
        self._fixed = (
            ("content-type", "application/json"),
            (terms.header("secret"), session.running.secret),
        )
        self._socket: socket.socket | None = None
        self._received: IO[bytes] | None = None

    def call(self, invocation: str, steps: Sequence[Step], **envelope: Any) -> Answer:
        """WireError or OSError where no whole answer comes."""
        envelope["payload"] = {"steps": steps, **envelope.get("payload", {})}
        headers = (*self._fixed, (self._id, invocation))
        return self.send(Sent("POST", "/", headers, json.dumps(envelope).encode()))

    def send(self, sent: Sent) -> Answer:
        """As ``call``, for a request that is made already."""
        if self._socket is None:
            self._socket = self._running.dial(_ANSWER_SECONDS, near=self._near)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._received = self._socket.makefile("rb")
        assert self._received is not None
        began = time.monotonic()
        self._socket.sendall(encode(sent, self._running.host))
        status, answered, body = read_answer(self._received)
        return Answer(status, answered, body, time.monotonic() - began)

    def close(self) -> None:
        for one in (self._received, self._socket):
            if one:
                one.close()


def read_answer(received: IO[bytes]) -> tuple[int, tuple[tuple[str, str], ...], bytes]:
    """Status, headers and body of a well-formed answer; WireError for any other."""
    try:
        status = int(received.readline().split(b" ", 2)[1])
        headers = []
        while (line := received.readline()) != b"\r\n":
            name, value = line.decode("latin-1").split(":", 1)
            headers.append((name.lower(), value.strip()))
            if len(headers) > _MOST_HEADERS:
                raise WireError(f"an answer has more than {_MOST_HEADERS} header lines")
        named = dict(headers)
        body = b""
        if "chunked" in named.get("transfer-encoding", ""):
            while size := int(received.readline(), 16):
                body += received.read(size)
                received.readline()
            received.readline()
        else:
            body = received.read(length := int(named["content-length"]))
            if len(body) < length:
                raise WireError("the connection was closed within its answer")
    except (IndexError, KeyError, ValueError) as error:
        raise WireError(
            f"the connection was closed, or the answer is not HTTP: {error!r}"
        ) from error
    return status, tuple(headers), body
