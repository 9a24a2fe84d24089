"""Log lines: JSON on standard output, each with the invocation that it belongs to."""

from __future__ import annotations

import json
import os
import sys
from collections import deque
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime

from attrs import define, field

from .. import contract
from .text import utf8, whole

_STDOUT = 1
Sink = Callable[[str, str], None]


@define(eq=False)
class Lines:
    """The lines of one invocation: written at once, and kept for the result. ``sink`` is where they
    go; ``pending`` holds native output that has no line break yet."""

    invocation: str | None
    trace: str | None = None
    sink: Sink | None = None
    kept: deque[dict[str, str]] = field(factory=deque)
    kept_bytes: int = 0
    truncated: bool = False
    pending: dict[str, bytearray] = field(factory=dict)

    def add(self, level: str, message: str) -> None:
        if self.sink:
            self.sink(level, message)
            return
        message = carried(message)
        keep(self, level, message)
        write(render(level, message, self.invocation, self.trace))

    def native(self, level: str, raw: bytes) -> None:
        """Native output: whole lines are logged, the rest waits."""
        pending = self.pending.setdefault(level, bytearray())
        pending += raw
        *whole, rest = bytes(pending).split(b"\n")
        pending[:] = rest
        for line in whole:
            self.add(level, decoded(line))

    def flush(self) -> None:
        for level, pending in self.pending.items():
            if pending:
                self.native(level, b"\n")


# Whose native output it is: the invocation that the running task belongs to, else nobody's.
NOBODY = Lines(None)
current: ContextVar[Lines] = ContextVar("current", default=NOBODY)


class Native:
    """Stands in for sys.stdout and sys.stderr: what a function prints becomes log lines."""

    encoding = "utf-8"
    errors = "replace"

    def __init__(self, level: str) -> None:
        self._level = level

    @property
    def buffer(self) -> Native:
        return self

    def write(self, output: str | bytes) -> int:
        raw = utf8(output) if isinstance(output, str) else output
        owner().native(self._level, raw)
        return len(output)

    def flush(self) -> None:
        """Lines are written when they end."""

    def isatty(self) -> bool:
        return False


def take_over() -> None:
    """From now on native output is log lines, and a crash is one too."""
    sys.stdout = Native("info")
    sys.stderr = Native("error")


def owner() -> Lines:
    return current.get()


def decoded(raw: bytes) -> str:
    return raw.decode("utf-8", "replace").removesuffix("\r")


def carried(message: str) -> str:
    """*message* as it can be written."""
    return whole(message)


def keep(lines: Lines, level: str, message: str) -> None:
    """Keeps the newest lines within the limit of a result."""
    lines.kept.append({"time": now(), "level": level, "message": message})
    lines.kept_bytes += len(message.encode())
    while lines.kept_bytes > contract.load().limit("result_log_bytes"):
        lines.truncated = True
        lines.kept_bytes -= len(lines.kept.popleft()["message"].encode())


def render(level: str, message: str, invocation: str | None, trace: str | None) -> str:
    line = {"time": now(), "level": level, "invocation": invocation, "message": message}
    if trace:
        line["trace_id"] = trace
    return json.dumps(line, ensure_ascii=False, separators=(",", ":"))


def write(line: str) -> None:
    rest = memoryview(line.encode() + b"\n")
    while rest:
        rest = rest[os.write(_STDOUT, rest) :]


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
