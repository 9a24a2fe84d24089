"""The function's request: from an envelope, or from the HTTP request itself in raw mode."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

from attrs import define

from .. import contract
from .head import Head
from .refusal import Refusal
from .text import utf8

_HOP_BY_HOP = {
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
}
_STRINGS = ("method", "path", "query")
_MAPPINGS = ("headers", "env")
_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"')
_BRACKETS = re.compile(r"[\[\]{}]")
_MOST_LEVELS = 400
Say = Callable[[str], None]


@define(eq=False)
class Request:
    """What a function is given; ``deadline`` in milliseconds since 1970."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    payload: Any
    env: dict[str, str]
    body: bytes
    id: str
    deadline: float
    log: Say
    error: Say


@define
class Parts:
    """The part of a request that its bytes decide."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    payload: Any
    env: Mapping[str, str]
    body: bytes


def from_envelope(body: bytes) -> Parts:
    envelope = parse_json(body)
    check_shape(envelope)
    payload = envelope.get("payload")
    return Parts(
        method=envelope.get("method", "POST"),
        path=envelope.get("path", "/"),
        query=parse_query(envelope.get("query", "")),
        headers=joined([(lowered(k), v) for k, v in envelope.get("headers", {}).items()]),
        payload=payload,
        env=envelope.get("env", {}),
        body=body_of(payload),
    )


def from_raw(head: Head, body: bytes) -> Parts:
    return Parts(
        method=head.method,
        path=head.path,
        query=parse_query(head.query),
        headers=joined(end_to_end(head)),
        payload=raw_payload(media_type(head), body),
        env={},
        body=body,
    )


def check_shape(envelope: Any) -> None:
    if not isinstance(envelope, dict):
        raise invalid("the envelope must be an object")
    for name in _STRINGS:
        if not isinstance(envelope.get(name, ""), str):
            raise invalid(f"{name} must be a string")
    for name in _MAPPINGS:
        check_strings(name, envelope.get(name, {}))


def check_strings(name: str, value: Any) -> None:
    if not isinstance(value, dict):
        raise invalid(f"{name} must be an object")
    if not all(isinstance(one, str) for one in value.values()):
        raise invalid(f"the values of {name} must be strings")


def parse_json(raw: bytes) -> Any:
    try:
        text = raw.decode("utf-8")
        check_depth(text)
        return json.loads(text, parse_constant=refuse_constant)
    except (ValueError, RecursionError) as error:
        raise Refusal("invalid_json", f"the body is not JSON in UTF-8: {error}") from error


def check_depth(text: str) -> None:
    """ValueError where *text* is nested deeper than whoever writes it again may recurse."""
    depth = 0
    for bracket in _BRACKETS.findall(_STRING.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        if depth > _MOST_LEVELS:
            raise ValueError(f"more than {_MOST_LEVELS} levels")


def refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def invalid(message: str) -> Refusal:
    return Refusal("invalid_envelope", message)


def lowered(name: str) -> str:
    return name.lower()


def body_of(payload: Any) -> bytes:
    return payload.encode("utf-8", "surrogatepass") if isinstance(payload, str) else b""


def joined(headers: list[tuple[str, str]]) -> dict[str, str]:
    """Several fields of a name as one value."""
    found: dict[str, str] = {}
    for name, value in headers:
        found[name] = f"{found[name]}{separator(name)}{value}" if name in found else value
    return found


def separator(name: str) -> str:
    return "; " if name == "cookie" else ", "


def end_to_end(head: Head) -> list[tuple[str, str]]:
    """The headers that concern the function: not the runtime's, not the connection's."""
    dropped = hop_by_hop(head)
    return [
        (name, readable(value))
        for name, value in head.headers
        if name not in dropped and not own(name)
    ]


def readable(value: str) -> str:
    """A field's value, which came as Latin-1, as UTF-8 where it is that."""
    try:
        return value.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return value


def hop_by_hop(head: Head) -> set[str]:
    named = (head.get("connection") or "").split(",")
    return _HOP_BY_HOP | {name.strip().lower() for name in named}


def own(name: str) -> bool:
    return name.startswith(contract.load().header("reserved_prefix"))


def media_type(head: Head) -> str:
    """Without parameters, in lower case."""
    return (head.get("content-type") or "").partition(";")[0].strip().lower()


def raw_payload(kind: str, body: bytes) -> Any:
    if is_json(kind):
        return parse_json(body) if body else None
    return body.decode("utf-8", "replace") if kind.startswith("text/") else None


def is_json(kind: str) -> bool:
    return kind == "application/json" or kind.endswith("+json")


def parse_query(query: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        if pair:
            found.setdefault(decoded(name), []).append(decoded(value))
    return found


def decoded(text: str) -> str:
    """A percent sign that encodes nothing stays."""
    return unquote_to_bytes(utf8(text.replace("+", " "))).decode("utf-8", "replace")


def trace_of(value: str | None) -> str | None:
    """The trace id of a valid traceparent."""
    found = re.fullmatch(
        r"(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?",
        (value or "").strip(),
    )
    if not found or (found[1] == "00" and found[3]):
        return None
    return found[2]
