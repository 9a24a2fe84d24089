"""Sections 8 and 9: logs, and the result that holds them."""

from __future__ import annotations

import os
import secrets
import time
from collections import deque
from typing import Any

from ... import contract
from .. import function, logs, outgoing, request, response, server, steering, steps
from ..head import Head
from ..incoming import Incoming
from ..logs import Lines, Native
from ..refusal import Refusal
from ..request import Request
from ..response import Answer
from . import mutant, replace


def _changes_lines(change: Any) -> None:
    """Each line is added as *change* says: it is given the lines, level, message and a way to add."""
    original = Lines.add

    def add(self: Lines, level: str, message: str) -> None:
        change(self, level, message, original)

    replace(Lines, "add", add)


@mutant("8.1", also=("8.2", "8.3", "8.4", "10.7", "2.10", "8.8", "8.6"))
def lines_are_written_twice() -> None:
    """Each line is there twice."""
    original = logs.write

    def write(line: str) -> None:
        original(line)
        original(line)

    replace(logs, "write", write)


@mutant("8.1", also=("6.3", "8.2", "9.2", "9.4", "5.8", "10.2", "10.7"))
def every_line_is_info() -> None:
    """Errors have the level info."""
    _changes_lines(lambda lines, level, message, add: add(lines, "info", message))


@mutant("8.1")
def time_has_no_milliseconds() -> None:
    """The time of a line ends with its seconds."""
    original = logs.now
    replace(logs, "now", lambda: original()[:-5] + "Z")


@mutant("8.1", also=("9.2",))
def empty_lines_are_dropped() -> None:
    """An empty message is no line."""

    def change(lines: Lines, level: str, message: str, add: Any) -> None:
        if message:
            add(lines, level, message)

    _changes_lines(change)


@mutant("8.2", also=("8.1", "8.3", "8.4"))
def native_output_is_lost() -> None:
    """What a function prints is nowhere."""
    replace(Lines, "native", lambda self, level, raw: None)


@mutant("8.2")
def native_errors_are_info() -> None:
    """What goes to standard error has the level info."""
    original = Lines.native
    replace(Lines, "native", lambda self, level, raw: original(self, "info", raw))


@mutant("8.2", also=("8.1", "8.3", "8.4"))
def native_output_is_passed_on() -> None:
    """What a function prints is in the log as it is."""

    def write(self: Native, output: str | bytes) -> int:
        raw = output.encode("utf-8", "replace") if isinstance(output, str) else output
        return os.write(1, raw)

    replace(Native, "write", write)


@mutant("8.2", also=("8.3", "8.4", "8.1"))
def native_output_is_one_line() -> None:
    """Whatever an invocation prints is one line."""
    original = Lines.flush

    def native(self: Lines, level: str, raw: bytes) -> None:
        self.pending.setdefault(level, bytearray()).extend(raw)

    def flush(self: Lines) -> None:
        for level, pending in self.pending.items():
            if pending:
                self.add(level, pending.decode("utf-8", "replace").removesuffix("\n"))
                pending.clear()
        original(self)

    replace(Lines, "native", native)
    replace(Lines, "flush", flush)


@mutant("8.2")
def native_output_is_nobodys() -> None:
    """What a function prints has no invocation."""
    replace(logs, "owner", lambda: logs.NOBODY)


@mutant("8.3", defect=3)
def native_output_vanishes_when_two_overlap() -> None:
    """With two invocations in flight, what they print is lost."""
    in_flight: list[object] = []
    timed = server.Server.timed

    async def counted(self: server.Server, *given: Any) -> function.Outcome:
        in_flight.append(None)
        try:
            return await timed(self, *given)
        finally:
            in_flight.pop()

    original = Lines.native

    def native(self: Lines, level: str, raw: bytes) -> None:
        if len(in_flight) < 10:
            original(self, level, raw)

    replace(server.Server, "timed", counted)
    replace(Lines, "native", native)


@mutant("8.4", also=("6.3", "9.2", "2.10"))
def log_is_ascii() -> None:
    """Characters beyond ASCII are replaced in the log."""
    replace(logs, "carried", lambda message: message.encode("ascii", "replace").decode())


@mutant("8.4", also=("9.2", "9.4", "6.3"))
def line_breaks_split_messages() -> None:
    """A message with line breaks becomes several lines."""

    def change(lines: Lines, level: str, message: str, add: Any) -> None:
        for line in message.splitlines() or [message]:
            add(lines, level, line)

    _changes_lines(change)


@mutant("8.4")
def long_messages_are_cut() -> None:
    """A message has 64 KiB."""
    original = logs.carried
    replace(logs, "carried", lambda message: original(message)[: 1 << 16])


@mutant("8.4")
def wrong_bytes_are_dropped() -> None:
    """Bytes that are no UTF-8 vanish from a line."""
    replace(logs, "decoded", lambda raw: raw.decode("utf-8", "ignore"))


@mutant("8.5", defect=11)
def output_holds_the_server() -> None:
    """A flood of output keeps the server from everything else."""
    replace(steps, "_UNYIELDING", steps._UNYIELDING - {"flood"})
    original = logs.write

    def write(line: str) -> None:
        original(line)
        time.sleep(0.0001)

    replace(logs, "write", write)


@mutant("8.6", also=("1.3", "1.8"), defect=4)
def any_id_is_taken() -> None:
    """An id is not checked: ../ names a file elsewhere where logs are files."""
    replace(steering, "is_id", lambda given: True)


@mutant("8.6", total=True)
def own_ids_only() -> None:
    """The caller's id is ignored."""
    original = steering.invocation_id

    def invocation_id(head: Head) -> str:
        rest = tuple(
            pair for pair in head.headers if pair[0] != contract.load().header("invocation")
        )
        return original(Head(head.method, head.target, head.version, rest))

    replace(steering, "invocation_id", invocation_id)


@mutant("8.6")
def ids_are_short() -> None:
    """An id has forty characters at most."""
    original = steering.is_id
    replace(steering, "is_id", lambda given: original(given) and len(given) <= 40)


@mutant("8.7", also=("5.6", "6.1", "8.6"))
def answers_have_no_id() -> None:
    """An answer doesn't say which invocation it was."""
    replace(outgoing, "identified", lambda answer, invocation: answer)


@mutant("8.8")
def traces_are_lost() -> None:
    """A trace doesn't reach the log."""
    replace(server, "trace", lambda head, parts: None)


@mutant("8.8")
def any_trace_is_taken() -> None:
    """A trace that breaks the standard reaches the log."""
    replace(request, "trace_of", lambda value: value[3:35] if value else None)


@mutant("8.8")
def traces_are_made_up() -> None:
    """An invocation without a trace gets one."""
    original = server.trace
    replace(server, "trace", lambda head, parts: original(head, parts) or secrets.token_hex(16))


@mutant("8.9", also=("10.1",), defect=15)
def silence_is_logged() -> None:
    """Each invocation leaves a line."""
    original = function.call

    async def call(main: Any, asked: Request, lines: Lines, shown: bool) -> function.Outcome:
        outcome = await original(main, asked, lines, shown)
        Lines(lines.invocation, sink=lines.sink).add("info", "the invocation ended")
        return outcome

    replace(function, "call", call)


@mutant("9.1", also=("9.2", "9.3", "9.4", "9.5", "5.9", "6.3", "8.7", "1.8"))
def result_is_always_plain() -> None:
    """The result is not wrapped."""
    replace(steering, "wants_result", lambda head: False)


@mutant("9.1")
def bytes_are_taken_for_text() -> None:
    """A body that is no UTF-8 is replaced, not encoded."""
    replace(outgoing, "text_of", lambda body: (body.decode("utf-8", "replace"), "utf-8"))


@mutant("9.1", also=("6.3",))
def json_body_is_parsed() -> None:
    """A body that is JSON is an object in the result, not a text."""
    original = outgoing.text_of

    def text_of(body: bytes) -> tuple[Any, str]:
        return (request.parse_json(body), "utf-8") if body[:1] == b"{" else original(body)

    replace(outgoing, "text_of", text_of)


@mutant("9.1", also=("5.9",))
def empty_body_is_null() -> None:
    """An answer without a body has none in the result."""
    original = outgoing.text_of
    replace(outgoing, "text_of", lambda body: original(body) if body else (None, "utf-8"))


@mutant("9.1")
def duration_is_in_seconds() -> None:
    """duration_ms holds seconds."""
    replace(outgoing, "milliseconds", lambda seconds: seconds)


@mutant("9.1")
def raw_mode_has_no_result() -> None:
    """The result is plain in raw mode."""
    original = steering.wants_result
    replace(
        steering,
        "wants_result",
        lambda head: original(head) and head.get(contract.load().header("mode")) != "raw",
    )


@mutant("9.2", also=("9.3", "9.4"))
def result_has_no_lines() -> None:
    """The log is not in the result."""
    replace(outgoing, "kept_lines", lambda lines: [])


@mutant("9.2", also=("9.3",))
def result_has_the_newest_line_first() -> None:
    """Lines are in the wrong order."""
    replace(outgoing, "kept_lines", lambda lines: list(reversed(lines.kept)))


@mutant("9.2", crossing=True, also=("9.1", "9.3", "9.4"))
def result_has_everybodys_lines() -> None:
    """Lines of all invocations are in the result."""
    shared: deque[dict[str, str]] = deque(maxlen=1000)
    original = logs.keep

    def keep(lines: Lines, level: str, message: str) -> None:
        original(lines, level, message)
        shared.append(lines.kept[-1])

    replace(logs, "keep", keep)
    replace(outgoing, "kept_lines", lambda lines: list(shared))


@mutant("9.3")
def result_has_no_end() -> None:
    """All lines are kept, however many there are."""

    def keep(lines: Lines, level: str, message: str) -> None:
        lines.kept.append({"time": logs.now(), "level": level, "message": message})

    replace(logs, "keep", keep)


@mutant("9.3")
def oldest_lines_are_kept() -> None:
    """When there are too many lines, the newest are dropped."""
    original = logs.keep

    def keep(lines: Lines, level: str, message: str) -> None:
        if lines.truncated or lines.kept_bytes > 1_000_000:
            lines.truncated = True
        else:
            original(lines, level, message)

    replace(logs, "keep", keep)


@mutant("9.4", also=("6.3",))
def result_has_no_error() -> None:
    """The runtime's error is not in the result."""
    original = outgoing.result
    replace(
        outgoing, "result", lambda answer, error, lines, took: original(answer, None, lines, took)
    )


@mutant("9.4")
def own_errors_are_in_the_result() -> None:
    """A function's own 500 is an error of the runtime."""
    original = outgoing.result

    def result(answer: Answer, error: Any, lines: Lines, took: float) -> Answer:
        if answer.status == 500 and error is None:
            error = outgoing.error_object(Refusal("function_error", "status 500"), None)
        return original(answer, error, lines, took)

    replace(outgoing, "result", result)


@mutant("9.4", also=("1.2",))
def refusals_are_wrapped() -> None:
    """What was refused before the function stage is a result too."""
    original = server.Server.answer

    async def answer(
        self: server.Server, head: Head, coming: Incoming, writer: Any
    ) -> tuple[Answer, bool]:
        found, closes = await original(self, head, coming, writer)
        if head.get(contract.load().header("result")) == "envelope" and found.status >= 400:
            return outgoing.result(found, None, Lines(None), 0.0), closes
        return found, closes

    replace(server.Server, "answer", answer)


@mutant("9.2")
def lines_of_the_result_have_no_time() -> None:
    """A line of the result doesn't say when it was."""
    replace(
        outgoing,
        "kept_lines",
        lambda lines: [{**line, "time": ""} for line in lines.kept],
    )


@mutant("9.1")
def header_values_are_no_lists() -> None:
    """A header of the result is one string."""
    original = outgoing.result

    def result(answer: Answer, *given: Any) -> Answer:
        found = original(answer, *given)
        document = request.parse_json(found.body)
        document["headers"] = dict(answer.headers)
        return Answer(found.status, found.headers, response.dump(document))

    replace(outgoing, "result", result)
