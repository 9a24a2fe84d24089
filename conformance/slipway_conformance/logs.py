"""The log of a target as values: one JSON object a line, as clause 8.1 says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from attrs import frozen

_TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")


@frozen
class LogLine:
    """A line of the log. ``problem`` says what is wrong with its form, and is empty where nothing
    is."""

    time: str
    level: str
    invocation: str | None
    message: str
    trace_id: str | None
    problem: str = ""


def parse(lines: Iterable[str]) -> list[LogLine]:
    """Every line, the malformed ones with their problem."""
    return [parse_line(line) for line in lines if line.strip()]


def parse_line(line: str) -> LogLine:
    try:
        found = json.loads(line)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        return LogLine("", "", None, line, None, "not a JSON object")
    problems = []
    if not isinstance(found.get("time"), str) or not _TIME.match(found["time"]):
        problems.append("time is not RFC 3339 with milliseconds in UTC")
    if found.get("level") not in ("info", "error"):
        problems.append("level is neither info nor error")
    if "invocation" not in found or not isinstance(found["invocation"], str | None):
        problems.append("invocation is neither text nor null")
    if not isinstance(found.get("message"), str):
        problems.append("message is no text")
    return LogLine(
        str(found.get("time", "")),
        str(found.get("level", "")),
        found.get("invocation"),
        str(found.get("message", "")),
        found.get("trace_id"),
        "; ".join(problems),
    )
