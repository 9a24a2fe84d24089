"""Section 8, more of it: when a line was, whose it is, and whether all of it arrives."""

from __future__ import annotations

import asyncio
import os
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from ... import contract
from .. import function, logs, outgoing, request, server, steering
from ..head import Head
from ..incoming import Incoming
from ..logs import Lines
from ..request import Parts, Request
from ..response import Answer
from . import mutant, replace

_PIECE, _PIPE = 4096, 1 << 16


@mutant("8.1")
def times_are_local_and_say_utc() -> None:
    """The time of a line is nine hours ahead, and says that it is UTC."""

    def now() -> str:
        local = datetime.now(UTC) + timedelta(hours=9)
        return local.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"

    replace(logs, "now", now)


@mutant("8.1")
def time_is_that_of_the_start() -> None:
    """Each line has the time at which the server started."""
    first = logs.now()
    replace(logs, "now", lambda: first)


@mutant("8.3", also=("8.2", "8.8", "9.2"), crossing=True)
def printed_lines_have_the_latest_id() -> None:
    """What functions print at once goes under the id of the latest invocation."""
    latest = [logs.NOBODY]
    timed = server.Server.timed

    async def remembered(
        self: server.Server, asked: Request, lines: Lines, seconds: float
    ) -> function.Outcome:
        latest[0] = lines
        return await timed(self, asked, lines, seconds)

    replace(server.Server, "timed", remembered)
    replace(logs, "owner", lambda: latest[0])


@mutant("8.3")
def long_lines_interleave() -> None:
    """A line that is longer than a pipe holds is written in pieces, and others come between."""
    original = logs.write

    def write(line: str) -> None:
        raw = line.encode() + b"\n"
        if len(raw) <= _PIPE:
            original(line)
            return
        pieces = [raw[at : at + _PIPE] for at in range(0, len(raw), _PIPE)]

        def next_piece() -> None:
            os.write(1, pieces.pop(0))
            if pieces:
                asyncio.get_running_loop().call_soon(next_piece)

        next_piece()

    replace(logs, "write", write)


@mutant("8.4", also=("8.2",))
def native_output_is_decoded_in_pieces() -> None:
    """A printed character that two reads share is spoilt."""
    original = Lines.native

    def native(self: Lines, level: str, raw: bytes) -> None:
        pieces = [raw[at : at + _PIECE] for at in range(0, len(raw), _PIECE)]
        original(self, level, b"".join(one.decode("utf-8", "replace").encode() for one in pieces))

    replace(Lines, "native", native)


@mutant("8.4")
def long_printed_lines_are_dropped() -> None:
    """A printed line over 64 KiB is lost, as by Go's bufio.Scanner."""
    native, add = Lines.native, Lines.add
    reading: list[None] = []

    def marked(self: Lines, level: str, raw: bytes) -> None:
        reading.append(None)
        try:
            native(self, level, raw)
        finally:
            reading.pop()

    def short(self: Lines, level: str, message: str) -> None:
        if not reading or len(message) <= _PIPE:
            add(self, level, message)

    replace(Lines, "native", marked)
    replace(Lines, "add", short)


@mutant("8.6", also=("8.8", "9.2"))
def made_ids_are_all_the_same() -> None:
    """An id that is made is always the same."""
    original = steering.invocation_id

    def invocation_id(head: Head) -> str:
        given = head.get(contract.load().header("invocation"))
        return "invocation" if given is None else original(head)

    replace(steering, "invocation_id", invocation_id)


@mutant("8.6", also=("6.1", "8.1", "8.8", "9.4"))
def made_ids_differ() -> None:
    """Where the caller gives no id, the function and the log have another than the answer."""
    wanted, made = server.wanted, steering.invocation_id
    own: set[str] = set()

    def invocation_id(head: Head) -> str:
        found = made(head)
        if head.get(contract.load().header("invocation")) is None:
            own.add(found)
        return found

    def other(
        served: server.Server, parts: Parts, lines: Lines, invocation: str, seconds: float
    ) -> Request:
        if invocation in own:
            own.discard(invocation)
            invocation = lines.invocation = uuid.uuid4().hex
        return wanted(served, parts, lines, invocation, seconds)

    replace(steering, "invocation_id", invocation_id)
    replace(server, "wanted", other)


def _without_id(holds: Any) -> None:
    """Answers for which *holds* come without the id of their invocation."""
    original = outgoing.identified

    def identified(answer: Answer, invocation: str | None) -> Answer:
        return answer if holds(answer) else original(answer, invocation)

    replace(outgoing, "identified", identified)


@mutant("8.7", "9.4")
def overloaded_has_no_id() -> None:
    """A full server answers without the invocation's id."""
    overloaded = (contract.load().header("error"), "overloaded")
    _without_id(lambda answer: overloaded in answer.headers)


@mutant("8.7")
def results_have_no_id() -> None:
    """A result comes without the invocation's id."""
    _without_id(lambda answer: answer.body.startswith(b'{"status":'))


@mutant("8.7", also=("11.1",))
def refused_requests_have_no_id() -> None:
    """What is refused for its address, method, type or size comes without the invocation's id."""
    _without_id(lambda answer: answer.status in (404, 405, 413, 415))


@mutant("8.7")
def raw_answers_have_no_id() -> None:
    """In raw mode an answer comes without the invocation's id."""
    original = server.Server.answer
    terms = contract.load()

    async def answer(self: server.Server, head: Head, *given: Any) -> tuple[Answer, bool]:
        found, closes = await original(self, head, *given)
        if head.get(terms.header("mode")) != "raw":
            return found, closes
        lines = tuple(line for line in found.headers if line[0] != terms.header("invocation"))
        return Answer(found.status, lines, found.body), closes

    replace(server.Server, "answer", answer)


def _reads_traces_of(change: Any) -> None:
    """A traceparent is read after *change*."""
    original = request.trace_of
    replace(request, "trace_of", lambda value: original(change(value) if value else value))


@mutant("8.8")
def parent_of_zeros_is_taken() -> None:
    """A trace whose parent is all zeros reaches the log."""
    _reads_traces_of(lambda value: value.replace("-0000000000000000-", "-0000000000000001-"))


@mutant("8.8")
def capitals_of_a_trace_are_taken() -> None:
    """A trace in capital letters reaches the log."""
    _reads_traces_of(str.lower)


@mutant("8.8")
def longer_version_0_is_taken() -> None:
    """A trace of version 00 with something behind it reaches the log."""
    _reads_traces_of(lambda value: value[:55])


@mutant("8.8")
def later_versions_are_no_trace() -> None:
    """A trace of a later version is dropped, though the standard says to read it."""
    _reads_traces_of(lambda value: value if value.startswith("00-") else "")


@mutant("8.8")
def printed_lines_have_no_trace() -> None:
    """What a function prints has no trace."""
    original = Lines.native

    def native(self: Lines, level: str, raw: bytes) -> None:
        trace, self.trace = self.trace, None
        original(self, level, raw)
        self.trace = trace

    replace(Lines, "native", native)


@mutant("8.8")
def trace_of_a_connection_stays() -> None:
    """A trace is that of all later requests of its connection."""
    original = server.Server.answer
    name = contract.load().header("trace")
    traces: dict[int, str] = {}

    async def answer(
        self: server.Server, head: Head, coming: Incoming, writer: Any
    ) -> tuple[Answer, bool]:
        given = head.get(name)
        if given is not None:
            traces[id(coming)] = given
        elif id(coming) in traces:
            headers = (*head.headers, (name, traces[id(coming)]))
            head = Head(head.method, head.target, head.version, headers)
        return await original(self, head, coming, writer)

    replace(server.Server, "answer", answer)


@mutant("8.9")
def raw_invocations_are_logged() -> None:
    """Each invocation in raw mode leaves a line."""
    original = server.Server.invoke

    async def invoke(self: server.Server, head: Head, *given: Any) -> Answer:
        found = await original(self, head, *given)
        if head.get(contract.load().header("mode")) == "raw":
            logs.NOBODY.add("info", f"{head.method} {head.path} {found.status}")
        return found

    replace(server.Server, "invoke", invoke)
