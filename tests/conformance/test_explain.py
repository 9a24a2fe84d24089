"""What a failing case tells its reader."""

from __future__ import annotations

import subprocess

from slipway_conformance import explain
from slipway_conformance.outcomes import Outcome, Result
from slipway_conformance.session import Exchanged, Session
from slipway_conformance.wire import Answer, Sent, encode, header_list

from tests.conformance.conftest import case_of


def nothing(session: Session) -> None:
    """A case that is never run."""


def failure() -> str:
    sent = Sent("POST", "/", (("x-runtime-secret", "s3cret"), ("content-type", "a/b")), b'{"a":1}')
    answer = Answer(500, (("x-runtime-error", "timeout"),), b"late", 0.1)
    result = Result(
        case_of(nothing, launch={"RUNTIME_ENV": "development"}),
        Outcome.FAIL,
        ("status: expected 200, got 500", "body: expected a, got b"),
        (Exchanged(sent, answer),),
        log='{"message":"a line with s3cret"}',
        secrets=frozenset({"s3cret"}),
    )
    return explain.failure(result, "toy")


def test_a_failure_tells_everything() -> None:
    told = failure()
    for part in (
        "1.1-answers: fail",
        "clause 1.1: MUST speak HTTP/1.1",
        "why: a reason that says something",
        "launched with: RUNTIME_ENV=development",
        "- status: expected 200, got 500",
        "- body: expected a, got b",
        "HTTP/1.1 500",
        "a line with $RUNTIME_SECRET",
        "slipway verify toy --case 1.1-answers",
    ):
        assert part in told


def test_the_secret_is_not_told() -> None:
    assert "s3cret" not in failure()


def test_the_curl_line_can_be_pasted() -> None:
    sent = Sent("PUT", "/a?b=c", (("x-runtime-secret", "s"), ("x-quote", "it's")), b"it's")
    line = explain.again(sent, {"s"})
    words = subprocess.run(
        ["sh", "-c", f"curl() {{ for word; do printf '%s\\n' \"$word\"; done; }}; {line}"],
        env={"RUNTIME_SECRET": "s"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    assert words[:4] == ["-i", "-X", "PUT", "http://127.0.0.1:3000/a?b=c"]
    assert "x-runtime-secret: s" in words
    assert "x-quote: it's" in words
    assert words[-1] == "it's"


def test_raw_bytes_can_be_pasted() -> None:
    raw = b'GET / HTTP/1.1\r\nx: \xff\\"$`\n\r\n\r\n'
    line = explain.again(raw).partition("|")[0]
    assert subprocess.run(["sh", "-c", line], capture_output=True, check=True).stdout == raw


def test_requests_are_sent_as_they_are() -> None:
    sent = Sent("POST", "/x", (("X-Odd", "1"), ("X-Odd", "2")), b"body")
    assert encode(sent, "h:1") == (
        b"POST /x HTTP/1.1\r\nhost: h:1\r\nX-Odd: 1\r\nX-Odd: 2\r\ncontent-length: 4\r\n\r\nbody"
    )


def test_a_given_length_is_not_corrected() -> None:
    sent = Sent("POST", "/", (("Content-Length", "9"),), b"body")
    assert encode(sent, "h").count(b"ength") == 1


def test_a_list_of_values_is_several_lines() -> None:
    assert header_list({"a": ["1", "2"], "b": None, "c": "3"}) == [
        ("a", "1"),
        ("a", "2"),
        ("c", "3"),
    ]
