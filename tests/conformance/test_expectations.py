"""What counts as a mismatch, and how it is said."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from slipway_conformance import expectations
from slipway_conformance.logs import parse, parse_line
from slipway_conformance.wire import Answer


def answer(body: bytes | str = b"", status: int = 200, **headers: str) -> Answer:
    raw = body.encode() if isinstance(body, str) else body
    lines = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Answer(status, lines, raw, 0.1)


def refused(code: str = "invalid_json", status: int = 400, **members: Any) -> Answer:
    told = {"code": code, "message": "m", "invocation": None} | members
    body = json.dumps({"error": told})
    return answer(body, status, content_type="application/json", x_runtime_error=code)


@pytest.mark.parametrize(
    ("expect", "seen"),
    [
        ({"status": 201}, answer(status=201)),
        ({"text": "é"}, answer("é")),
        ({"text": {"matches": "^a.c$"}}, answer("abc")),
        ({"text": {"not": "secret"}}, answer("public")),
        ({"base64": base64.b64encode(b"\xff").decode()}, answer(b"\xff")),
        ({"empty": True}, answer()),
        ({"json": {"a": 1}}, answer('{"a": 1.0}')),
        ({"contains": {"a": {"b": 1}}}, answer('{"a": {"b": 1, "c": 2}, "d": 3}')),
        ({"contains": {"a": {"$absent": True}}}, answer('{"b": 1}')),
        ({"contains": {"a": {"$matches": "^x"}}}, answer('{"a": "xyz"}')),
        ({"contains": [{"a": 1}]}, answer('[{"a": 1, "b": 2}]')),
        ({"headers": {"X-A": "1"}}, answer(x_a="1")),
        ({"headers": {"x-a": None}}, answer()),
        ({"headers": {"x-a": {"matches": "^[0-9]$"}}}, answer(x_a="7")),
        ({"headers": {"x-a": {"not": "1"}}}, answer(x_a="7")),
        ({"headers": {"x-a": {"not": "1"}}}, answer()),
        ({"error": "invalid_json"}, refused()),
        ({"error": "invalid_json", "message": {"matches": "m"}}, refused()),
        ({"within_ms": 200}, answer()),
    ],
    ids=str,
)
def test_what_fits_has_no_mismatch(expect: dict[str, Any], seen: Answer) -> None:
    assert expectations.mismatches(expect, seen) == []


@pytest.mark.parametrize(
    ("expect", "seen", "told"),
    [
        ({"status": 201}, answer(), "status: expected 201, got 200"),
        ({"text": "a"}, answer("b"), "body: expected 'a', got 'b'"),
        ({"text": {"not": "b"}}, answer("b"), "body"),
        ({"base64": "AA=="}, answer(b"\x01"), "body: expected the bytes AA==, got AQ=="),
        ({"empty": True}, answer("x"), "body: expected none"),
        ({"json": {"a": 1}}, answer('{"a": true}'), "body: expected"),
        ({"json": {"a": 1}}, answer('{"a": 1, "b": 2}'), "body: expected"),
        ({"json": 1}, answer("one"), "the body is not JSON"),
        ({"contains": {"a": 1}}, answer("{}"), "body.a: expected 1, got nothing"),
        ({"contains": {"a": [1]}}, answer('{"a": [1, 2]}'), "body.a: expected"),
        ({"contains": {"a": {"$absent": True}}}, answer('{"a": 1}'), "body.a: expected nothing"),
        ({"contains": {"a": {"$matches": "^x"}}}, answer('{"a": 1}'), "body.a: expected text"),
        ({"headers": {"x-a": "1"}}, answer(), "x-a: expected 1, got []"),
        ({"headers": {"x-a": ["1", "2"]}}, answer(x_a="1"), "x-a: expected"),
        ({"headers": {"x-a": None}}, answer(x_a="1"), "x-a: expected none"),
        ({"headers": {"x-a": {"not": "1"}}}, answer(x_a="1"), "x-a: expected anything but '1'"),
        ({"error": "timeout"}, refused(), "status: expected 504"),
        ({"error": "invalid_json"}, refused(extra=1), "body.error: expected the members"),
        ({"error": "invalid_json"}, refused(message=""), "body.error.message: expected a text"),
        ({"error": "invalid_json"}, answer("{}", 400), "x-runtime-error: expected invalid_json"),
        ({"within_ms": 50}, answer(), "time: expected within 50 ms"),
        ({"status": 200}, refused("timeout", 200), "the runtime answered for the function"),
    ],
    ids=str,
)
def test_what_differs_is_said(expect: dict[str, Any], seen: Answer, told: str) -> None:
    assert any(line.startswith(told) for line in expectations.mismatches(expect, seen))


def test_all_mismatches_are_said_at_once() -> None:
    found = expectations.mismatches({"status": 201, "text": "a", "headers": {"x": "1"}}, answer())
    assert [line.split(":")[0] for line in found] == ["status", "x", "body"]


@pytest.mark.parametrize(
    ("one", "other", "differ"),
    [
        (1, 1.0, False),
        (1, True, True),
        (False, 0, True),
        (None, False, True),
        ([1], [1.0], False),
        ([1], [1, 2], True),
        ({"a": 1}, {"a": 1}, False),
        ({"a": 1}, {"b": 1}, True),
    ],
)
def test_json_values_differ(one: Any, other: Any, differ: bool) -> None:
    assert expectations.differs(one, other) is differ


def line(**members: Any) -> str:
    usual = {"time": "2026-01-02T03:04:05.678Z", "level": "info", "invocation": "i", "message": "m"}
    return json.dumps(usual | members)


def test_a_line_of_the_log_is_read() -> None:
    found = parse_line(line(trace_id="t"))
    assert (found.level, found.invocation, found.message, found.trace_id) == ("info", "i", "m", "t")
    assert found.problem == ""


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        ("plain text", "not a JSON object"),
        ("[]", "not a JSON object"),
        (line(time="2026-01-02T03:04:05Z"), "time is not RFC 3339"),
        (line(level="warn"), "level is neither"),
        (line(invocation=7), "invocation is neither"),
        (line(message=None), "message is no text"),
    ],
)
def test_a_malformed_line_is_told(raw: str, told: str) -> None:
    assert told in parse_line(raw).problem


def test_log_lines_are_looked_for_under_their_invocation() -> None:
    lines = parse([line(), line(invocation="other", message="theirs")])
    found = expectations.log_mismatches({"logs": [{"message": "theirs"}]}, lines, "i")
    assert found == ['log: no line {"message": "theirs"} for the invocation i']
    anybody = {"logs": [{"message": "theirs", "attributed": False}]}
    assert expectations.log_mismatches(anybody, lines, "i") == []


def test_lines_are_counted() -> None:
    lines = parse([line(), line()])
    assert expectations.log_mismatches({"logs": [{"message": "m", "times": 2}]}, lines, "i") == []
    assert expectations.log_mismatches({"logs": [{"message": "m", "times": 1}]}, lines, "i")


def test_silence_is_expected() -> None:
    lines = parse([line()])
    assert expectations.log_mismatches({"no_logs": True}, lines, "i")
    assert expectations.log_mismatches({"no_logs": True}, lines, "other") == []
