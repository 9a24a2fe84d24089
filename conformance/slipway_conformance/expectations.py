"""Compares an answer with what a case expects, and names every difference at once."""

from __future__ import annotations

import base64
import difflib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from . import contract
from .logs import LogLine
from .wire import Answer, WireError

_SHOWN = 600


def mismatches(expect: Mapping[str, Any], answer: Answer) -> list[str]:
    """Every way in which *answer* is not what *expect* (see cases.schema.json) says, but for the
    logs."""
    return list(_differences(expect, answer))


def log_mismatches(expect: Mapping[str, Any], lines: list[LogLine], invocation: str) -> list[str]:
    """Every expected log line that is not there (or not as often as ``times`` says), and every line
    of an invocation that was to be silent."""
    found = []
    for wanted in expect.get("logs", []):
        count = sum(_matches_line(wanted, line, invocation) for line in lines)
        if not count:
            found.append(f"log: no line {_short(wanted)} for the invocation {invocation}")
        elif count != wanted.get("times", count):
            found.append(f"log: {count} lines, not {wanted['times']}, are {_short(wanted)}")
    if expect.get("no_logs"):
        spoken = [line.message for line in lines if line.invocation == invocation]
        found.extend(f"log: expected no line, got {_short(message)}" for message in spoken)
    return found


def differs(wanted: Any, seen: Any) -> bool:
    """Whether two JSON values differ: 1 and 1.0 are one number, true is none."""
    if isinstance(wanted, bool) or isinstance(seen, bool):
        return wanted is not seen
    if isinstance(wanted, dict) and isinstance(seen, dict):
        return wanted.keys() != seen.keys() or any(
            differs(wanted[key], seen[key]) for key in wanted
        )
    if isinstance(wanted, list) and isinstance(seen, list):
        return len(wanted) != len(seen) or any(map(differs, wanted, seen))
    if isinstance(wanted, float) or isinstance(seen, float):
        # Beyond 2^53 a float may be written as an integer that has other digits and the same value.
        return (
            not isinstance(wanted, int | float)
            or not isinstance(seen, int | float)
            or float(wanted) != float(seen)
        )
    return bool(wanted != seen)


def missing(wanted: Any, seen: Any, place: str = "body") -> Iterator[str]:
    """Where *seen* lacks what *wanted* has: objects may have more members, also those within a list
    of the same length; everything else must be equal. ``{"$matches": regex}`` and ``{"$absent":
    true}`` stand for a text and for a member that must not be there."""
    if isinstance(wanted, dict):
        if set(wanted) == {"$matches"}:
            pattern = wanted["$matches"]
            if not isinstance(seen, str) or not re.search(pattern, seen):
                yield f"{place}: expected text that matches {pattern!r}, got {_short(seen)}"
            return
        if not isinstance(seen, dict):
            yield f"{place}: expected an object, got {_short(seen)}"
            return
        for key, value in wanted.items():
            if isinstance(value, dict) and value == {"$absent": True}:
                if key in seen:
                    yield f"{place}.{key}: expected nothing, got {_short(seen[key])}"
            elif key not in seen:
                yield f"{place}.{key}: expected {_short(value)}, got nothing"
            else:
                yield from missing(value, seen[key], f"{place}.{key}")
    elif isinstance(wanted, list) and isinstance(seen, list) and len(wanted) == len(seen):
        for index, pair in enumerate(zip(wanted, seen, strict=True)):
            yield from missing(*pair, f"{place}[{index}]")
    elif differs(wanted, seen):
        yield f"{place}: expected {_short(wanted)}, got {_short(seen)}"


def _differences(expect: Mapping[str, Any], answer: Answer) -> Iterator[str]:
    if "error" in expect:
        yield from _error(expect["error"], answer)
    elif (
        answer.header(contract.load().header("error")) is not None and expect.get("status", 0) < 400
    ):
        yield f"the runtime answered for the function: {answer.text[:_SHOWN]}"
    if "status" in expect and answer.status != expect["status"]:
        yield f"status: expected {expect['status']}, got {answer.status}"
    if "http_version" in expect and answer.http_version != expect["http_version"]:
        yield f"version: expected HTTP/{expect['http_version']}, got HTTP/{answer.http_version}"
    for name, wanted in expect.get("headers", {}).items():
        yield from _header(name, wanted, answer)
    if "message" in expect:
        yield from _message(expect["message"], answer)
    if "text" in expect and not _matches_text(expect["text"], answer.text):
        yield from _text(expect["text"], answer.text)
    if "base64" in expect and answer.body != base64.b64decode(expect["base64"]):
        seen = base64.b64encode(answer.body[:_SHOWN]).decode()
        yield f"body: expected the bytes {expect['base64']}, got {seen}"
    if "empty" in expect and answer.body:
        yield f"body: expected none, got {_short(answer.text)}"
    if "json" in expect or "contains" in expect:
        yield from _json(expect, answer)
    if "within_ms" in expect and answer.seconds * 1000 > expect["within_ms"]:
        yield f"time: expected within {expect['within_ms']} ms, took {answer.seconds * 1000:.0f} ms"


def _error(code: str, answer: Answer) -> Iterator[str]:
    terms = contract.load()
    if answer.status != terms.errors[code]:
        yield f"status: expected {terms.errors[code]}, got {answer.status}"
    if answer.header(terms.header("error")) != code:
        yield f"{terms.header('error')}: expected {code}, got {answer.header(terms.header('error'))}"
    if answer.header("content-type") != "application/json":
        yield f"content-type: expected application/json, got {answer.header('content-type')}"
    try:
        body = answer.json()
    except WireError as error:
        yield f"body: expected an error object; {error}"
        return
    error_object = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error_object, dict) or set(body) != {"error"}:
        yield f'body: expected {{"error": {{…}}}}, got {_short(body)}'
        return
    if set(error_object) != {"code", "message", "invocation"}:
        members = ", ".join(sorted(error_object))
        yield f"body.error: expected the members code, invocation, message, got {members}"
    if error_object.get("code") != code:
        yield f"body.error.code: expected {code}, got {error_object.get('code')}"
    if not isinstance(error_object.get("message"), str) or not error_object.get("message"):
        message = _short(error_object.get("message"))
        yield f"body.error.message: expected a text, got {message}"


def _header(name: str, wanted: Any, answer: Answer) -> Iterator[str]:
    seen = answer.header_list(name)
    if wanted is None:
        if seen:
            yield f"{name}: expected none, got {seen}"
    elif isinstance(wanted, dict) and "not" in wanted:
        if wanted["not"] in seen:
            yield f"{name}: expected anything but {wanted['not']!r}, got {seen}"
    elif isinstance(wanted, dict):
        if len(seen) != 1 or not re.search(wanted["matches"], seen[0]):
            yield f"{name}: expected one that matches {wanted['matches']!r}, got {seen}"
    elif seen != ([wanted] if isinstance(wanted, str) else wanted):
        yield f"{name}: expected {wanted}, got {seen}"


def _message(wanted: Any, answer: Answer) -> Iterator[str]:
    try:
        message = answer.json()["error"]["message"]
    except (WireError, KeyError, TypeError):
        yield "message: the body holds none"
        return
    if not _matches_text(wanted, message):
        yield f"message: expected {wanted}, got {_short(message)}"


def _text(wanted: Any, seen: str) -> Iterator[str]:
    if isinstance(wanted, str) and "\n" in wanted + seen:
        diff = difflib.unified_diff(
            wanted.splitlines(), seen.splitlines(), "expected", "got", lineterm=""
        )
        yield "body:\n" + "\n".join(diff)
    else:
        yield f"body: expected {_short(wanted)}, got {_short(seen)}"


def _json(expect: Mapping[str, Any], answer: Answer) -> Iterator[str]:
    try:
        seen = answer.json()
    except WireError as error:
        yield str(error)
        return
    if "json" in expect and differs(expect["json"], seen):
        yield f"body: expected {_short(expect['json'])}, got {_short(seen)}"
    if "contains" in expect:
        yield from missing(expect["contains"], seen)


def _matches_text(wanted: Any, seen: str) -> bool:
    if isinstance(wanted, str):
        return wanted == seen
    if "not" in wanted:
        return re.search(wanted["not"], seen) is None
    return re.search(wanted["matches"], seen) is not None


def _matches_line(wanted: Mapping[str, Any], line: LogLine, invocation: str) -> bool:
    return (
        _matches_text(wanted["message"], line.message)
        and line.level == wanted.get("level", line.level)
        and (not wanted.get("attributed", True) or line.invocation == invocation)
        and line.trace_id == wanted.get("trace", line.trace_id)
    )


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False) if not isinstance(value, str) else repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}… ({len(text)} characters)"
