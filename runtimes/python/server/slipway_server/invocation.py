"""One invocation as the server sees it, from the request to the bytes of its answer."""

import base64
import itertools
import json
import os
import re
import time
from collections import deque
from http import HTTPStatus
from typing import Any, Protocol

from slipway_worker import frames

from . import logs

VALID_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_BODYLESS = (204, 304)
_BEFORE_THE_FUNCTION = ("invalid_json", "invalid_envelope")
_STATUS = {int(status): f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n".encode() for status in HTTPStatus}
_TYPES = (
    b"",
    b"content-type: text/plain; charset=utf-8\r\n",
    b"content-type: application/octet-stream\r\n",
    b"content-type: application/json\r\n",
)
_TYPE_VALUES = ("", "text/plain; charset=utf-8", "application/octet-stream", "application/json")
_LEVELS = ("info", "error")
MOST_RESULT_LOG = 1 << 20
ERRORS = {
    "invalid_json": 400,
    "invalid_envelope": 400,
    "invalid_header": 400,
    "bad_request": 400,
    "unauthorized": 401,
    "not_found": 404,
    "method_not_allowed": 405,
    "payload_too_large": 413,
    "unsupported_media_type": 415,
    "headers_too_large": 431,
    "function_error": 500,
    "no_response": 500,
    "invalid_response": 500,
    "function_not_loaded": 503,
    "overloaded": 503,
    "shutting_down": 503,
    "timeout": 504,
}

_STARTS: dict[tuple[int, int], bytes] = {}

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_ids = itertools.count()
_id_prefix = os.urandom(6).hex().encode() + b"-"


class Client(Protocol):
    """Whoever waits for the answer."""

    def answer(self, head: bytes, body: bytes, dated: bool = False) -> None:
        """Takes the head less its length and its end, and the body; *dated* where the head has a date already."""


class Invocation:
    """State of one invocation in flight. ``deadline`` is of the monotonic clock."""

    # As defaults of the class they cost nothing an invocation.
    number = 0
    trace: str | None = None
    lines: deque[tuple[str, str, str]] | None = None
    kept = 0
    truncated = False

    def __init__(self, client: Client, identity: bytes | None, timeout: float, result: bool, trace: str | None) -> None:
        self.client: Client | None = client
        self.id = identity or b"%b%x" % (_id_prefix, next(_ids))
        self.started = time.monotonic()
        self.deadline = self.started + timeout
        self.result = result
        if trace:
            self.trace = trace
        if result:
            self.lines = deque()

    def log(self, level: int, message: str) -> None:
        """A line of this invocation, into the log and into its result where that was asked for."""
        now = logs.write(_LEVELS[level], message, self.id.decode(), self.trace)
        if self.lines is not None:
            self._keep(self.lines, (now, _LEVELS[level], message))

    def answered(self, data: bytes) -> None:
        """Sends on what the function process answered."""
        client = self.client
        if client is None:
            self.lines = None
            return
        status, kind, length = frames.ANSWER_HEAD.unpack_from(data)
        if not length and not self.result:
            self.client = None
            start = _STARTS.get((status, kind)) or _start(status, kind)
            client.answer(b"%b%b\r\n" % (start, self.id), data[7:])
            return
        body = data[7 + length :]
        own = json.loads(data[7 : 7 + length]) if length else ()
        if self.result:
            self._send_result(status, _TYPE_VALUES[kind], own, body, None)
            return
        lines = b"".join([f"{name}: {value}\r\n".encode("utf-8", "replace") for name, value in own])
        head = b"%b%b\r\n%b" % (_start(status, kind), self.id, lines)
        self._send(head, body, any(name.lower() == "date" for name, _ in own))

    def refused(self, code: str, message: str) -> None:
        """Answers for the function."""
        if self.client is None:
            self.lines = None
            return
        if self.result and code not in _BEFORE_THE_FUNCTION:
            error = {"code": code, "message": message, "invocation": self.id.decode()}
            self._send_result(ERRORS[code], "", (), b"", error)
        else:
            self._send(*error_answer(code, message, self.id))

    def _send(self, head: bytes, body: bytes, dated: bool = False) -> None:
        client, self.client = self.client, None
        # The invocation stays known for lines that follow: none of them is for this answer.
        self.lines = None
        if client is not None:
            client.answer(head, body, dated)

    def _send_result(self, status: int, kind: str, own: Any, body: bytes, error: dict[str, str] | None) -> None:
        headers: dict[str, list[str]] = {"content-type": [kind]} if kind else {}
        for name, value in own:
            headers.setdefault(name.lower(), []).append(value)
        if status in _BODYLESS:
            body = b""
        try:
            text, encoding = body.decode(), "utf-8"
        except UnicodeDecodeError:
            text, encoding = base64.b64encode(body).decode(), "base64"
        document = {
            "status": status,
            "headers": headers,
            "body": text,
            "encoding": encoding,
            "logs": [{"time": at, "level": level, "message": said} for at, level, said in self.lines or ()],
            "truncated": self.truncated,
            "error": error,
            "duration_ms": round((time.monotonic() - self.started) * 1000, 3),
        }
        head = _status_line(200) + _TYPES[3] + b"x-runtime-invocation-id: %s\r\n" % self.id
        self._send(head, _encode(document).encode("utf-8", "backslashreplace"))

    def _keep(self, lines: deque[tuple[str, str, str]], line: tuple[str, str, str]) -> None:
        """The newest lines stay, up to the cap."""
        lines.append(line)
        self.kept += _weight(line)
        while self.kept > MOST_RESULT_LOG:
            self.truncated = True
            self.kept -= _weight(lines.popleft())


def _weight(line: tuple[str, str, str]) -> int:
    """Bytes of a line's message; an empty one takes room as well."""
    return len(line[2].encode("utf-8", "replace")) or 1


def error_answer(code: str, message: str, identity: bytes | None = None, more: bytes = b"") -> tuple[bytes, bytes]:
    """Head and body of one of the runtime's own errors."""
    document = {"code": code, "message": message, "invocation": identity.decode() if identity else None}
    head = _status_line(ERRORS[code]) + _TYPES[3] + b"x-runtime-error: %s\r\n" % code.encode() + more
    if identity:
        head += b"x-runtime-invocation-id: %s\r\n" % identity
    return head, _encode({"error": document}).encode("utf-8", "backslashreplace")


def _status_line(status: int) -> bytes:
    return _STATUS.get(status) or b"HTTP/1.1 %d \r\n" % status


def _start(status: int, kind: int) -> bytes:
    """The head of a function's answer as far as the invocation's id."""
    return _STARTS.setdefault((status, kind), b"%b%bx-runtime-invocation-id: " % (_status_line(status), _TYPES[kind]))
