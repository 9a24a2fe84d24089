"""Answers as they go out: the function's, the runtime's own, and both within a result."""

from __future__ import annotations

import base64
import http
import json
from typing import Any

from .. import contract
from .head import Head
from .logs import Lines
from .refusal import Refusal
from .response import Answer
from .text import utf8

_JSON = "application/json"


def wire(answer: Answer, head: Head | None, closes: bool) -> bytes:
    """The bytes of *answer* to the request with *head* (None where it could not be read)."""
    reason = http.HTTPStatus(answer.status).phrase if is_known(answer.status) else "Unknown"
    lines = [f"HTTP/1.1 {answer.status} {reason}"]
    lines += [f"{name}: {value}" for name, value in answer.headers]
    if has_length(answer.status):
        lines.append(f"content-length: {len(answer.body)}")
    if closes:
        lines.append("connection: close")
    body = answer.body if has_body(answer.status, head) else b""
    return utf8("\r\n".join([*lines, "", ""])) + body


def is_known(status: int) -> bool:
    return any(status == known for known in http.HTTPStatus)


def has_length(status: int) -> bool:
    return status not in (204, 304)


def has_body(status: int, head: Head | None) -> bool:
    return has_length(status) and not (head and head.method == "HEAD")


def stays_open(head: Head) -> bool:
    """Whether the client leaves the connection open for more."""
    words = {word.strip().lower() for word in (head.get("connection") or "").split(",")}
    return head.version == "1.1" and "close" not in words


def error_object(refusal: Refusal, invocation: str | None) -> dict[str, Any]:
    return {"code": refusal.code, "message": refusal.message, "invocation": invocation}


def refused(refusal: Refusal, invocation: str | None) -> Answer:
    """The runtime's own answer."""
    headers = [("content-type", _JSON), (contract.load().header("error"), refusal.code)]
    body = json.dumps({"error": error_object(refusal, invocation)}, ensure_ascii=False)
    return Answer(refusal.status, (*headers, *refusal.headers), utf8(body))


def identified(answer: Answer, invocation: str | None) -> Answer:
    """With the id of its invocation, where it has one."""
    if invocation is None:
        return answer
    line = (contract.load().header("invocation"), invocation)
    return Answer(answer.status, (*answer.headers, line), answer.body)


def result(answer: Answer, error: dict[str, Any] | None, lines: Lines, seconds: float) -> Answer:
    """*answer* and the log of its invocation as one document."""
    body, encoding = text_of(answer.body if has_length(answer.status) else b"")
    headers: dict[str, list[str]] = {}
    for name, value in answer.headers:
        headers.setdefault(name.lower(), []).append(value)
    document = {
        "status": answer.status,
        "headers": headers,
        "body": body,
        "encoding": encoding,
        "logs": kept_lines(lines),
        "truncated": lines.truncated,
        "error": error,
        "duration_ms": milliseconds(seconds),
    }
    raw = utf8(json.dumps(document, ensure_ascii=False))
    return Answer(200, (("content-type", _JSON),), raw)


def text_of(body: bytes) -> tuple[str, str]:
    try:
        return body.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        return base64.b64encode(body).decode(), "base64"


def kept_lines(lines: Lines) -> list[dict[str, str]]:
    return list(lines.kept)


def milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 3)
