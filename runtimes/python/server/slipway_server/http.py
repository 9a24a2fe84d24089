"""HTTP in and out: one protocol object a connection, on httptools' parser. Knows no function."""

import asyncio
import hmac
import itertools
import json
import time
from collections import deque
from email.utils import formatdate
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

import httptools
from slipway_worker import frames
from slipway_worker.trace import trace_id

from .invocation import VALID_ID, Invocation, error_answer
from .settings import Settings, positive_decimal

if TYPE_CHECKING:
    from .pool import Pool

MOST_HEADER_BYTES = 16 << 10
MOST_HEADER_LINES = 100
STALL_SECONDS = 10.0
# A refused request's body is read and thrown away up to this size; beyond it the connection is given up.
_WORTH_SKIPPING = 64 << 10
_LINGER_SECONDS = 2.0

_HOP_BY_HOP = frozenset(
    b"connection keep-alive proxy-authenticate proxy-authorization te trailer transfer-encoding upgrade".split()
)
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_CLOSE = b"connection: close\r\n"


class Server:
    """What all connections share."""

    def __init__(self, settings: Settings, pool: "Pool", loop: asyncio.AbstractEventLoop) -> None:
        self.settings = settings
        self.pool = pool
        self.loop = loop
        self.connections: set[Connection] = set()
        self.receiving: set[Connection] = set()
        self.draining = False
        self._date = (0, b"")
        loop.call_later(1.0, self._close_stalled)

    def ready(self) -> bool:
        return not self.draining and self.pool.available() and self.pool.in_flight < self.settings.concurrency

    def date(self) -> bytes:
        """The date line, made once a second."""
        now = int(time.time())
        if self._date[0] != now:
            self._date = (now, f"date: {formatdate(now, usegmt=True)}\r\n".encode())
        return self._date[1]

    def drain(self) -> None:
        self.draining = True
        for connection in list(self.connections):
            connection.close_when_idle()

    def _close_stalled(self) -> None:
        oldest = self.loop.time() - STALL_SECONDS
        for connection in [one for one in self.receiving if one.last_received < oldest]:
            connection.abort()
        self.loop.call_later(1.0, self._close_stalled)


class _Request:
    """One request while it is received, and until it is answered."""

    __slots__ = (
        "body",
        "fields",
        "headers",
        "identity",
        "keep",
        "method",
        "old",
        "raw",
        "refusal",
        "result",
        "size",
        "timeout",
        "url",
    )

    def __init__(self) -> None:
        self.url = b""
        self.headers: list[tuple[bytes, bytes]] = []
        self.fields: dict[bytes, bytes] = {}
        self.method = b""
        self.keep = True
        self.old = False
        self.body: list[bytes] = []
        self.size = 0
        self.refusal: tuple[bytes, bytes] | None = None
        self.raw = False
        self.identity: bytes | None = None
        self.timeout = 0.0
        self.result = False


class Connection(asyncio.Protocol):
    """Requests are received while one is answered, and answered in their order."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._transport: asyncio.Transport = cast(asyncio.Transport, None)
        self._parser = httptools.HttpRequestParser(self)
        self._request = _Request()
        self._head_bytes = 0
        self._piece = 0
        self._in_head = True
        self._answering: _Request | None = None
        self._invocation: Invocation | None = None
        self._waiting: deque[_Request] = deque()
        self._paused = False
        self._ending = False
        self.last_received = 0.0

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._server.connections.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        self._server.connections.discard(self)
        self._server.receiving.discard(self)
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

    def data_received(self, data: bytes) -> None:
        if self._ending:
            return
        self._piece = len(data)
        if self._in_head:
            self._head_bytes += self._piece
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            # CONNECT and upgrades: what follows is not HTTP, and nobody here speaks it.
            self._ending = True
        except httptools.HttpParserCallbackError as error:
            raise error.__context__ or error from None
        except httptools.HttpParserError as error:
            self._refuse_connection("bad_request", f"this is not HTTP/1.1: {error}")
            return
        if self._in_head and self._head_bytes > MOST_HEADER_BYTES:
            self._refuse_connection("headers_too_large", f"headers may have {MOST_HEADER_BYTES} bytes in all")
        elif self._in_head and not self._head_bytes:
            self._server.receiving.discard(self)
        else:
            self.last_received = self._server.loop.time()
            self._server.receiving.add(self)

    # httptools

    def on_message_begin(self) -> None:
        self._request = _Request()
        self._in_head = True

    def on_url(self, url: bytes) -> None:
        self._request.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        request = self._request
        request.headers.append((name, value))
        request.fields[name] = value

    def on_headers_complete(self) -> None:
        request, parser = self._request, self._parser
        self._in_head = False
        request.method = parser.get_method()
        request.keep = parser.should_keep_alive()
        request.old = parser.get_http_version() == "1.0"
        request.refusal = self._first_objection(request)
        if request.refusal is None:
            if b"expect" in request.fields and not self._answering:
                self._transport.write(_CONTINUE)
        elif (
            int(request.fields.get(b"content-length", b"0")) > _WORTH_SKIPPING or b"transfer-encoding" in request.fields
        ):
            self._refuse_body(request)

    def on_body(self, data: bytes) -> None:
        request = self._request
        if request.refusal is not None:
            return
        request.size += len(data)
        if request.size > self._server.settings.max_body:
            request.body.clear()
            request.refusal = _too_large(self._server.settings.max_body, request.identity)
            self._refuse_body(request)
        else:
            request.body.append(data)

    def on_message_complete(self) -> None:
        self._in_head = True
        self._head_bytes = 0
        if self._ending:
            return
        if self._answering is None:
            self._take(self._request)
        else:
            self._waiting.append(self._request)
            if not self._paused:
                self._paused = True
                self._transport.pause_reading()

    # Deciding

    def _first_objection(self, request: _Request) -> tuple[bytes, bytes] | None:
        """Why the request is refused, decided before its body is read; None where it isn't."""
        headers, fields, settings = request.headers, request.fields, self._server.settings
        # What came in one piece that is small enough needs no counting.
        size = 0
        if self._head_bytes > MOST_HEADER_BYTES or self._piece > MOST_HEADER_BYTES:
            size = sum(len(name) + len(value) + 4 for name, value in headers) + len(request.url)
        if size > MOST_HEADER_BYTES or len(headers) > MOST_HEADER_LINES:
            return error_answer(
                "headers_too_large", f"headers may have {MOST_HEADER_BYTES} bytes in {MOST_HEADER_LINES} lines"
            )
        if request.url in (b"/_runtime/health", b"/_runtime/ready") and fields.get(b"x-runtime-mode") != b"raw":
            return None
        if not hmac.compare_digest(fields.get(b"x-runtime-secret", b""), settings.secret):
            return error_answer("unauthorized", "x-runtime-secret is missing or wrong")
        identity = fields.get(b"x-runtime-invocation-id")
        if identity is not None:
            if not VALID_ID.fullmatch(identity):
                return _invalid_header("x-runtime-invocation-id", "1 to 64 of A-Z a-z 0-9 . _ -")
            request.identity = identity
        request.timeout = settings.timeout
        timeout = fields.get(b"x-runtime-timeout")
        if timeout is not None:
            wanted = positive_decimal(timeout.decode("latin-1"))
            if wanted is None:
                return _invalid_header("x-runtime-timeout", "a positive number of seconds", request.identity)
            request.timeout = min(wanted, settings.timeout)
        mode, result = fields.get(b"x-runtime-mode"), fields.get(b"x-runtime-result")
        if mode not in (None, b"envelope", b"raw"):
            return _invalid_header("x-runtime-mode", "envelope or raw", request.identity)
        if result not in (None, b"plain", b"envelope"):
            return _invalid_header("x-runtime-result", "plain or envelope", request.identity)
        request.raw = mode == b"raw"
        request.result = result == b"envelope"
        length = fields.get(b"content-length")
        if length is not None and int(length) > settings.max_body:
            return _too_large(settings.max_body, request.identity)
        return None if request.raw else _envelope_objection(request)

    def _take(self, request: _Request) -> None:
        """Answers a request, or has it answered."""
        self._answering = request
        server = self._server
        if request.refusal is not None:
            self.answer(*request.refusal)
        elif request.url == b"/_runtime/health" and not request.raw:
            self.answer(b"HTTP/1.1 200 OK\r\ncontent-type: text/plain; charset=utf-8\r\n", b"ok")
        elif request.url == b"/_runtime/ready" and not request.raw:
            status = b"200 OK" if server.ready() else b"503 Service Unavailable"
            word = b"ready" if server.ready() else b"not ready"
            self.answer(b"HTTP/1.1 %s\r\ncontent-type: text/plain; charset=utf-8\r\n" % status, word)
        elif server.draining:
            self.answer(*error_answer("shutting_down", "the runtime is shutting down", request.identity))
        elif server.pool.failed:
            self.answer(
                *error_answer(
                    "function_not_loaded", "the function could not be loaded; the log says why", request.identity
                )
            )
        elif server.pool.in_flight >= server.settings.concurrency:
            answer = error_answer(
                "overloaded", "every invocation slot is taken", request.identity, b"retry-after: 1\r\n"
            )
            self.answer(*answer)
        else:
            self._invoke(request)

    def _invoke(self, request: _Request) -> None:
        parent = request.fields.get(b"traceparent")
        trace = trace_id(parent.decode("latin-1")) if parent else None
        invocation = Invocation(self, request.identity, request.timeout, request.result, trace)
        self._invocation = invocation
        body = b"".join(request.body) if len(request.body) != 1 else request.body[0]
        request.body.clear()
        head = _raw_head(request) if request.raw else b""
        mode = frames.RAW if request.raw else frames.ENVELOPE
        wall = (time.time() + request.timeout) * 1000
        identity = invocation.id
        data = b"".join(
            (frames.INVOKE_HEAD.pack(mode, wall, len(identity)), identity, frames.LENGTH.pack(len(head)), head, body)
        )
        self._server.pool.invoke(invocation, data)

    # Answering

    def answer(self, head: bytes, body: bytes, dated: bool = False) -> None:
        """Writes the answer to the request in hand, then turns to the next."""
        request, self._answering = self._answering, None
        self._invocation = None
        if request is None or self._transport.is_closing():
            return
        keep = request.keep and not self._server.draining and not (self._ending and not self._waiting)
        status = head[9:12]
        parts = [head, b"" if dated else self._server.date()]
        if status not in (b"204", b"304"):
            parts.append(b"content-length: %d\r\n" % len(body))
        if not keep:
            parts.append(_CLOSE)
        elif request.old:
            parts.append(b"connection: keep-alive\r\n")
        parts.append(b"\r\n")
        if body and request.method != b"HEAD" and status not in (b"204", b"304"):
            parts.append(body)
        self._transport.write(b"".join(parts))
        if not keep:
            self._linger()
        elif self._waiting:
            self._take(self._waiting.popleft())
        elif self._paused:
            self._paused = False
            self._transport.resume_reading()

    def close_when_idle(self) -> None:
        if self._answering is None and not self._head_bytes:
            self._transport.close()

    def abort(self) -> None:
        self._transport.abort()

    def _refuse_body(self, request: _Request) -> None:
        """Answers now and reads no further: nobody waits for a body that is refused."""
        request.keep = False
        if self._answering is not None:
            # An earlier request of this connection is being answered; its answer must come first.
            self._waiting.append(request)
            self._ending = True
            return
        self._answering = request
        assert request.refusal is not None
        self.answer(*request.refusal)

    def _refuse_connection(self, code: str, message: str) -> None:
        request = _Request()
        request.keep = False
        request.refusal = error_answer(code, message)
        self._refuse_body(request)

    def _linger(self) -> None:
        """Lets the client read the answer before the connection goes: closing at once could reset it."""
        self._ending = True
        self._server.receiving.discard(self)
        if self._transport.can_write_eof():
            self._transport.write_eof()
        self._server.loop.call_later(_LINGER_SECONDS, self._transport.close)


def _invalid_header(name: str, wanted: str, identity: bytes | None = None) -> tuple[bytes, bytes]:
    return error_answer("invalid_header", f"{name} must be {wanted}", identity)


def _too_large(limit: int, identity: bytes | None) -> tuple[bytes, bytes]:
    return error_answer("payload_too_large", f"a body may have {limit} bytes", identity)


def _envelope_objection(request: _Request) -> tuple[bytes, bytes] | None:
    url = request.url
    if url == b"/" and request.method == b"POST" and request.fields.get(b"content-type") == b"application/json":
        return None
    if url != b"/" and not url.startswith(b"/?") and urlsplit(url).path not in (b"", b"/"):
        return error_answer("not_found", "the envelope is posted to /", request.identity)
    if request.method != b"POST":
        return error_answer("method_not_allowed", "the envelope is posted", request.identity, b"allow: POST\r\n")
    kind = request.fields.get(b"content-type", b"")
    if kind.split(b";")[0].strip().lower() != b"application/json":
        return error_answer("unsupported_media_type", "the envelope is application/json", request.identity)
    return None


def _raw_head(request: _Request) -> bytes:
    """The request as the function is to see it; see runtimes/FRAMES.md."""
    named = itertools.chain.from_iterable(
        value.lower().split(b",") for name, value in request.headers if name == b"connection"
    )
    hidden = _HOP_BY_HOP | {name.strip() for name in named}
    headers = [
        (name.decode("latin-1"), _text(value))
        for name, value in request.headers
        if name not in hidden and not name.startswith(b"x-runtime-")
    ]
    target = _text(request.url)
    if not target.startswith("/") and "://" in target:
        # An absolute target, as a proxy sends it.
        rest = target.split("://", 1)[1]
        target = rest[min(at for at in (rest.find("/"), rest.find("?"), len(rest)) if at >= 0) :]
        target = target if target.startswith("/") else f"/{target}"
    path, _, query = target.partition("?")
    head = {"method": request.method.decode("latin-1"), "path": path, "query": query, "headers": headers}
    return json.dumps(head).encode()


def _text(value: bytes) -> str:
    """UTF-8 where it is that, else each byte as a character."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")
