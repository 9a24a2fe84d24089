"""HTTP in and out: one protocol object a connection, on httptools' parser. Knows no function."""

import asyncio
import re
import time
from collections import deque
from email.utils import formatdate
from typing import TYPE_CHECKING, cast

import httptools
from slipway_worker import frames

from .invocation import Invocation, error_answer
from .request import (
    HEALTH,
    MOST_HEADER_BYTES,
    MOST_HEADER_LINES,
    Request,
    headers_too_large,
    objection,
    raw_head,
    too_large,
)
from .settings import Settings

if TYPE_CHECKING:
    from .pool import Pool

STALL_SECONDS = 10.0
# A refused request's body is read and thrown away up to this size; beyond it the connection is given up.
_WORTH_SKIPPING = 64 << 10
_LINGER_SECONDS = 2.0

_METHOD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}) ")
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_CLOSE = b"connection: close\r\n"
_KEEP = b"connection: keep-alive\r\n"
_WELL = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain; charset=utf-8\r\n"
_RETRY = b"retry-after: 1\r\n"


class Server:
    """What all connections share."""

    def __init__(self, settings: Settings, pool: "Pool", loop: asyncio.AbstractEventLoop) -> None:
        self.settings = settings
        self.pool = pool
        self.loop = loop
        self.connections: set[Connection] = set()
        self.receiving: set[Connection] = set()
        self.draining = False
        self.date = b""
        self._each_second()

    def refusal(self, identity: bytes | None) -> tuple[bytes, bytes] | None:
        """Why no invocation is taken now, as an answer; None where one is."""
        if self.draining:
            return error_answer("shutting_down", "the runtime is shutting down", identity)
        if self.pool.failed:
            return error_answer("function_not_loaded", "the function could not be loaded; the log says why", identity)
        if self.pool.in_flight >= self.settings.concurrency:
            return error_answer("overloaded", "every invocation slot is taken", identity, _RETRY)
        return None

    def drain(self) -> None:
        self.draining = True
        for connection in list(self.connections):
            connection.close_when_idle()

    def unsent(self) -> bool:
        """Whether an answer is still on its way to a client."""
        return any(connection.unsent() for connection in self.connections)

    def _each_second(self) -> None:
        self.loop.call_later(1.0, self._each_second)
        self.date = f"date: {formatdate(time.time(), usegmt=True)}\r\n".encode()
        oldest = self.loop.time() - STALL_SECONDS
        for connection in [one for one in self.receiving if one.last_received < oldest]:
            connection.abort()


class Connection:
    """Requests are received while one is answered, and answered in their order. An asyncio protocol in all but name: a
    compiled class can't derive from one that is not."""

    __slots__ = (
        "_answering",
        "_ending",
        "_full",
        "_head_bytes",
        "_in_head",
        "_invocation",
        "_lingering",
        "_method",
        "_open",
        "_parser",
        "_paused",
        "_request",
        "_server",
        "_since_body",
        "_size",
        "_transport",
        "_turned",
        "_waiting",
        "last_received",
    )

    def __init__(self, server: Server) -> None:
        self._server = server
        self._transport: asyncio.Transport = cast(asyncio.Transport, None)
        self._parser = httptools.HttpRequestParser(self)
        self._request = Request()
        # A request has begun and has not been received in full; its head has not.
        self._open = False
        self._in_head = True
        # Of the piece that is being parsed: its size, and whether a request ended in it.
        self._size = 0
        self._turned = False
        self._head_bytes = 0
        self._since_body = 0
        # The method of the coming head where the parser doesn't know it.
        self._method = b""
        self._answering: Request | None = None
        self._invocation: Invocation | None = None
        self._waiting: deque[Request] = deque()
        self._paused = False
        self._full = False
        self._ending = False
        self._lingering: asyncio.TimerHandle | None = None
        self.last_received = 0.0

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._server.connections.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        self._server.connections.discard(self)
        self._server.receiving.discard(self)
        if self._lingering is not None:
            self._lingering.cancel()
        if self._invocation is not None:
            # The function runs on; nobody waits for it any more.
            self._invocation.client = None
            self._invocation = None

    def eof_received(self) -> bool:
        """A client that has said everything still gets its answers."""
        if self._answering is None or self._ending:
            return False
        self._ending = True
        return True

    def pause_writing(self) -> None:
        """The client doesn't read: it is not read from either, or its answers would fill the memory."""
        self._full = True
        self._regulate()

    def resume_writing(self) -> None:
        self._full = False
        self._regulate()

    def data_received(self, data: bytes) -> None:
        if self._ending:
            return
        begun = self._open
        self._size = len(data)
        self._turned = False
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._decline_upgrade(data[upgrade.args[0] :])
            return
        except httptools.HttpParserInvalidMethodError as error:
            if begun or self._turned or not self._parse_unknown_method(data):
                self._refuse_connection("bad_request", f"this is not HTTP/1.1: {error}")
            return
        except httptools.HttpParserCallbackError as error:
            raise error.__context__ or error from None
        except httptools.HttpParserError as error:
            self._refuse_connection("bad_request", f"this is not HTTP/1.1: {error}")
            return
        if self._open:
            self._expect_more()
        else:
            self._server.receiving.discard(self)

    def _expect_more(self) -> None:
        """A request is there in part: the clock runs, and what is no body stays small."""
        self.last_received = self._server.loop.time()
        self._server.receiving.add(self)
        if self._in_head:
            self._head_bytes = 0 if self._turned else self._head_bytes + self._size
            if self._head_bytes > MOST_HEADER_BYTES:
                self._refuse_connection("headers_too_large", f"headers may have {MOST_HEADER_BYTES} bytes in all")
        else:
            # Extensions of chunks and trailers, which the parser swallows without an end.
            self._since_body += self._size
            if self._since_body > MOST_HEADER_BYTES:
                self._refuse_connection("bad_request", "this body is more framing than content")

    def _parse_unknown_method(self, data: bytes) -> bool:
        """The parser refuses methods that it doesn't know, though they are the function's to judge: it is given one
        that it knows. What it makes of the rest is the same for all."""
        method = _METHOD.match(data)
        if method is None or self._method:
            return False
        self._method = method[1]
        self._open = False
        self._parser = httptools.HttpRequestParser(self)
        self.data_received(b"POST " + data[method.end() :])
        return True

    def _decline_upgrade(self, rest: bytes) -> None:
        """The parser stops at CONNECT and at a wish to upgrade, which nobody here grants: HTTP goes on where it can."""
        request = self._request
        if request.queued and (request.method == b"CONNECT" or request.has_body()):
            self._ending = True
            if self._answering is None:
                self._linger()
            return
        if request.queued:
            self._parser = httptools.HttpRequestParser(self)
            if rest:
                self.data_received(rest)
            return
        # Its body is still to be read.
        request.keep = False
        self._open = True
        self._parser = httptools.HttpRequestParser(_BodyOnly(self))
        length = request.fields.get(b"content-length")
        framing = b"transfer-encoding: chunked" if length is None else b"content-length: " + length
        self._parser.feed_data(b"POST / HTTP/1.1\r\n%b\r\n\r\n" % framing)
        if rest:
            self.data_received(rest)

    # httptools

    def on_message_begin(self) -> None:
        self._request = Request()
        self._open = True
        self._in_head = True

    def on_url(self, url: bytes) -> None:
        self._request.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        # What comes behind the body is no part of the head.
        if self._in_head:
            self._request.headers.append((name, value))

    def on_headers_complete(self) -> None:
        request, parser = self._request, self._parser
        self._in_head = False
        self._since_body = -self._size
        request.fields = fields = {name.lower(): value for name, value in request.headers}
        if len(fields) < len(request.headers):
            request.join_steering()
        request.method = self._method or parser.get_method()
        self._method = b""
        request.keep = parser.should_keep_alive()
        request.held = b"upgrade" in fields and parser.should_upgrade() and request.has_body()
        request.old = b"connection" in fields and parser.get_http_version() == "1.0"
        # What came in one piece that is small enough needs no counting.
        large = self._head_bytes + self._size > MOST_HEADER_BYTES and request.head_size() > MOST_HEADER_BYTES
        if large or len(request.headers) > MOST_HEADER_LINES:
            request.refusal = headers_too_large()
        else:
            request.refusal = objection(request, self._server.settings)
        self._head_bytes = 0
        if request.refusal is not None:
            if request.has_body():
                self._refuse_body(request)
        elif b"expect" in fields and not self._answering:
            self._transport.write(_CONTINUE)

    def on_body(self, data: bytes) -> None:
        self._since_body = -self._size
        request = self._request
        if request.refusal is not None:
            return
        request.take_in(data)
        if request.size > self._server.settings.max_body:
            request.body = b""
            request.refusal = too_large(self._server.settings.max_body, request.identity)
            request.keep = False
            self._queue(request)

    def on_message_complete(self) -> None:
        self._open = False
        self._turned = True
        request = self._request
        if request.held and request.method != b"CONNECT":
            # Its body is still to come; see _decline_upgrade.
            request.held = False
        elif not self._ending and not request.queued:
            self._queue(request)

    # Deciding

    def _refuse_body(self, request: Request) -> None:
        """Answers now: nobody waits for a body that is refused. It is skipped where it is small and certain to come."""
        length = int(request.fields.get(b"content-length", b"0"))
        if not 0 < length <= _WORTH_SKIPPING or b"expect" in request.fields:
            request.keep = False
        self._queue(request)

    def _refuse_connection(self, code: str, message: str) -> None:
        request = Request()
        request.keep = False
        request.refusal = error_answer(code, message)
        self._queue(request)

    def _queue(self, request: Request) -> None:
        """Answers a request, or keeps it until those before it have been answered."""
        request.queued = True
        if self._answering is None:
            self._take(request)
        else:
            self._waiting.append(request)
            self._ending = self._ending or not request.keep
            self._regulate()

    def _take(self, request: Request) -> None:
        """Answers a request, or has it answered."""
        self._answering = request
        server = self._server
        if request.refusal is not None:
            self.answer(*request.refusal)
        elif request.probe == HEALTH:
            self.answer(_WELL, b"ok")
        elif refusal := server.refusal(request.identity):
            self.answer(*refusal)
        elif not request.probe:
            self._invoke(request)
        elif server.pool.available():
            self.answer(_WELL, b"ready")
        else:
            self.answer(*error_answer("overloaded", "the function's process is being replaced", None, _RETRY))

    def _invoke(self, request: Request) -> None:
        timeout, body = request.timeout, request.body
        invocation = Invocation(self, request.identity, timeout, request.result, request.trace())
        self._invocation = invocation
        request.body = b""
        if request.raw:
            mode, head = frames.RAW, raw_head(request)
        else:
            mode, head = frames.ENVELOPE, b""
        self._server.pool.invoke(invocation, (mode, (time.time() + timeout) * 1000, head, body))

    # Answering

    def answer(self, head: bytes, body: bytes, dated: bool = False) -> None:
        """Writes the answer to the request in hand, then turns to the next."""
        request, self._answering = self._answering, None
        self._invocation = None
        if request is None or self._transport.is_closing():
            return
        keep = request.keep and not self._server.draining and not (self._ending and not self._waiting)
        date = b"" if dated else self._server.date
        more = b"" if keep and not request.old else _KEEP if keep else _CLOSE
        if head.startswith((b"HTTP/1.1 204", b"HTTP/1.1 304")):
            data = b"%b%b%b\r\n" % (head, date, more)
        else:
            shown = b"" if request.method == b"HEAD" else body
            data = b"%b%b%bcontent-length: %d\r\n\r\n%b" % (head, date, more, len(body), shown)
        self._transport.write(data)
        if not keep:
            self._linger()
        elif self._waiting:
            self._take(self._waiting.popleft())
        elif self._paused:
            self._regulate()

    def close_when_idle(self) -> None:
        if self._answering is None and not self._open:
            self._transport.close()

    def abort(self) -> None:
        self._transport.abort()

    def unsent(self) -> bool:
        return self._transport.get_write_buffer_size() > 0

    def _regulate(self) -> None:
        """Reads no further while requests wait behind one that is answered, or answers behind a slow reader."""
        pause = self._full or bool(self._waiting)
        if pause != self._paused and not self._transport.is_closing():
            self._paused = pause
            if pause:
                self._transport.pause_reading()
            else:
                self._transport.resume_reading()

    def _linger(self) -> None:
        """Lets the client read the answer before the connection goes: closing at once could reset it."""
        self._ending = True
        self._waiting.clear()
        self._server.receiving.discard(self)
        if self._transport.can_write_eof():
            self._transport.write_eof()
        self._lingering = self._server.loop.call_later(_LINGER_SECONDS, self._transport.close)
        self._regulate()


class _BodyOnly:
    """Lets a parser speak of bodies only."""

    def __init__(self, connection: Connection) -> None:
        self.on_body = connection.on_body
        self.on_message_complete = connection.on_message_complete
