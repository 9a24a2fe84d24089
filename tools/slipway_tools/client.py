"""Calls a launched function over HTTP: the request goes out exactly as given."""

from __future__ import annotations

import base64
import http.client
import json
from collections.abc import Mapping
from typing import Any

from attrs import field, frozen
from slipway_conformance import contract
from slipway_conformance.targets import LOOPBACK

from .errors import ToolError

_HEALTH_SECONDS = 1.0
# Beyond the function's own timeout, so that the runtime's answer comes first.
_PATIENCE_SECONDS = 60.0


@frozen
class Call:
    """An invocation: through the envelope, or in raw mode where ``raw`` says so."""

    payload: Any = None
    headers: Mapping[str, str] = field(factory=dict)
    env: Mapping[str, str] = field(factory=dict)
    method: str = "POST"
    target: str = "/"
    raw: bool = False
    body: bytes = b""
    content_type: str = "application/json"
    timeout: str = ""


@frozen
class LogEntry:
    time: str
    level: str
    message: str


@frozen
class Answer:
    """What the function answered, and the log of this invocation where the runtime tells it."""

    status: int
    headers: Mapping[str, list[str]]
    body: bytes
    logs: tuple[LogEntry, ...]
    duration_ms: float | None
    error: Mapping[str, Any] | None


def healthy(port: int) -> bool:
    """Whether a server answers health on the loopback *port*."""
    try:
        status, _, _ = _send(port, "GET", contract.load().path("health"), {}, b"", _HEALTH_SECONDS)
    except (OSError, http.client.HTTPException):
        return False
    return status == 200


def invoke(host: str, port: int, secret: str, call: Call) -> Answer:
    """One invocation; ToolError where no answer comes or the runtime refuses the request itself."""
    terms = contract.load()
    headers = {terms.header("secret"): secret, terms.header("result"): "envelope"}
    if call.timeout:
        headers[terms.header("timeout")] = call.timeout
    if call.raw:
        method, target, body = call.method, call.target, call.body
        headers |= {terms.header("mode"): "raw"} | dict(call.headers)
        if body and "content-type" not in {name.lower() for name in call.headers}:
            headers["content-type"] = call.content_type
    else:
        path, _, query = call.target.partition("?")
        envelope = {
            "payload": call.payload,
            "headers": dict(call.headers),
            "env": dict(call.env),
            "method": call.method,
            "path": path,
            "query": query,
        }
        method, target, body = "POST", "/", json.dumps(envelope, ensure_ascii=False).encode()
        headers["content-type"] = "application/json"
    try:
        status, found, content = _send(port, method, target, headers, body, _PATIENCE_SECONDS, host)
    except (OSError, http.client.HTTPException) as error:
        raise ToolError(
            f"No answer from {host}:{port} ({error or type(error).__name__}). Is it launched? ./slipway launch DIR"
        ) from error
    return _answer(status, found, content, terms.header("error"))


def _answer(
    status: int, headers: dict[str, list[str]], content: bytes, error_header: str
) -> Answer:
    refused = headers.get(error_header)
    if refused:
        try:
            told = json.loads(content)["error"]
        except (ValueError, KeyError, TypeError):
            told = {"code": refused[0], "message": content.decode("utf-8", "replace")}
        raise ToolError(
            f"The runtime refused the request: {status} {told['code']}: {told['message']}"
        )
    try:
        found = json.loads(content)
        body = found["body"]
        decoded = base64.b64decode(body) if found["encoding"] == "base64" else body.encode()
        return Answer(
            found["status"],
            found["headers"],
            decoded,
            tuple(LogEntry(e["time"], e["level"], e["message"]) for e in found["logs"]),
            found["duration_ms"],
            found["error"],
        )
    except (ValueError, KeyError, TypeError):
        # A runtime without the profile `result` answers plainly.
        return Answer(status, headers, content, (), None, None)


def _send(
    port: int,
    method: str,
    target: str,
    headers: Mapping[str, str],
    body: bytes,
    seconds: float,
    host: str = LOOPBACK,
) -> tuple[int, dict[str, list[str]], bytes]:
    connection = http.client.HTTPConnection(host, port, timeout=seconds)
    try:
        connection.request(method, target, body or None, dict(headers))
        response = connection.getresponse()
        found: dict[str, list[str]] = {}
        for name, value in response.getheaders():
            found.setdefault(name.lower(), []).append(value)
        return response.status, found, response.read()
    finally:
        connection.close()
