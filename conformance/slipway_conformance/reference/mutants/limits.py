"""Section 11: clients that send too much, too slowly, or what two readers would read differently."""

from __future__ import annotations

import asyncio
import os
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ... import contract
from .. import function as functions
from .. import head as heads
from .. import incoming, logs, request, server, settings, steps
from ..head import Head
from ..incoming import Incoming
from ..refusal import Refusal
from ..request import Parts
from ..response import Answer
from ..server import Server
from . import mutant, replace


@mutant("11.1")
def bodies_have_no_limit() -> None:
    """A body of any length is read."""
    replace(incoming, "check_declared", lambda head, limit: None)
    replace(incoming, "check_counted", lambda count, limit: None)


@mutant("11.1")
def limit_itself_is_too_much() -> None:
    """A body of exactly the limit is refused."""
    original = incoming.check_declared
    replace(incoming, "check_declared", lambda head, limit: original(head, limit - 1))


@mutant("11.2")
def headers_have_no_limit() -> None:
    """Headers of any size are read."""
    replace(heads, "check_size", lambda head: None)


@mutant("11.2")
def headers_have_half_the_limit() -> None:
    """What is within the limits of headers is refused."""

    def check_size(head: bytes) -> None:
        if len(head) > 8192:
            raise heads.too_large("more than 8 KiB of headers")

    replace(heads, "check_size", check_size)


@mutant("11.3", also=("10.3",))
def full_server_takes_more() -> None:
    """The number of invocations in flight has no limit."""
    original = settings.whole_number

    def whole_number(environ: Any, name: str, most: int = 1 << 40) -> int:
        found = original(environ, name, most)
        return 10_000 if name == "concurrency" else found

    replace(settings, "whole_number", whole_number)


@mutant("11.4")
def slow_clients_are_waited_for() -> None:
    """A client may take any time over its headers and body."""
    replace(incoming, "patience", lambda: 3600.0)


@mutant("11.4", also=("11.3", "10.3"))
def slow_bodies_hold_slots() -> None:
    """A slot is taken before the body is there."""
    original = Incoming.body
    served: list[Server] = []
    run = Server.run

    async def remembered(self: Server) -> None:
        served.append(self)
        await run(self)

    async def body(self: Incoming, head: Head, limit: int) -> bytes:
        served[0].in_flight += 1
        try:
            return await original(self, head, limit)
        finally:
            served[0].in_flight -= 1

    replace(Server, "run", remembered)
    replace(Incoming, "body", body)


@mutant("11.5")
def both_lengths_are_fine() -> None:
    """With content-length and transfer-encoding the latter counts."""
    replace(heads, "check_one_framing", lambda lengths, encodings: None)


@mutant("11.5")
def lengths_are_guessed() -> None:
    """Of several lengths the first counts, and signs and bases are understood."""

    def declared_length(lengths: list[str]) -> int:
        return abs(int(lengths[0].split(",")[0], 0))

    replace(heads, "declared_length", declared_length)


@mutant("11.5")
def field_lines_are_guessed() -> None:
    """White space before a colon and folded lines are fine."""
    original = heads.field

    def field(line: str) -> tuple[str, str]:
        if line[:1].isspace():
            return "x-folded", line.strip()
        return original(re.sub(r"^([^\s:]+)\s+:", r"\1:", line))

    replace(heads, "field", field)


@mutant("11.5", also=("11.2",))
def bare_line_breaks_are_fine() -> None:
    """A bare CR or LF ends a line like both."""
    length, parse = heads.length, heads.parse

    def tidied(head: bytes) -> bytes:
        return re.sub(rb"\r\n|\r|\n", b"\r\n", head)

    def lenient(buffer: bytes) -> int | None:
        end = re.search(rb"\r?\n\r?\n", buffer)
        return end.end() if end else length(tidied(buffer))

    replace(heads, "length", lenient)
    replace(heads, "parse", lambda block: parse(tidied(block)))


@mutant("11.5", also=("3.4",))
def chunk_sizes_are_guessed() -> None:
    """A chunk size that is no number is as much as there is."""

    def chunk_size(line: bytes) -> int:
        try:
            return abs(int(line, 16)) % 2**64
        except ValueError:
            return 2

    replace(incoming, "chunk_size", chunk_size)


@mutant("11.5")
def encodings_are_guessed() -> None:
    """chunked need not be the last encoding."""
    replace(heads, "check_encoding", lambda head, encodings: None)


@mutant("11.6", also=("11.1",))
def expectations_are_refused() -> None:
    """A client that asks before it sends is sent away."""
    original = Server.invoke

    async def invoke(self: Server, head: Head, *given: Any) -> Answer:
        if head.get("expect"):
            raise heads.bad("expectations are not met here")
        return await original(self, head, *given)

    replace(Server, "invoke", invoke)


@mutant("11.6")
def pipelined_requests_are_lost() -> None:
    """What comes with a request is thrown away with it."""
    original = Incoming.body

    async def body(self: Incoming, head: Head, limit: int) -> bytes:
        found = await original(self, head, limit)
        self._buffer.clear()
        return found

    replace(Incoming, "body", body)


@mutant("11.6")
def half_closed_clients_are_refused() -> None:
    """A client that has said everything gets no answer of the function."""
    original = Incoming.body

    async def body(self: Incoming, head: Head, limit: int) -> bytes:
        found = await original(self, head, limit)
        await asyncio.sleep(0.01)
        if self._reader.at_eof():
            raise Refusal("bad_request", "the client has gone", closes=True)
        return found

    replace(Incoming, "body", body)


@mutant("11.6")
def lost_clients_keep_their_slot() -> None:
    """The slot of a caller that hung up is never free again."""
    original = Server.invoke

    async def invoke(self: Server, head: Head, coming: Incoming, *given: Any) -> Answer:
        answer = await original(self, head, coming, *given)
        if coming._reader.at_eof():
            self.in_flight += 1
        return answer

    replace(Server, "invoke", invoke)


@mutant("11.6", also=("1.1", "11.4", "11.5"))
def connections_are_never_closed() -> None:
    """The descriptor of a connection stays open when the client has gone."""
    kept: list[object] = []
    replace(server, "release", kept.append)


@mutant("11.6", total=True)
def nonsense_ends_the_server() -> None:
    """What is no HTTP ends the process."""
    replace(heads, "bad", lambda message: os._exit(1))


@mutant("11.7", defect=17)
def memory_is_eight_times_the_body() -> None:
    """Each byte of a body takes eight more."""
    original = server.wanted

    def wanted(served: Server, parts: Parts, *given: Any) -> request.Request:
        asked = original(served, parts, *given)
        payload = parts.payload if isinstance(parts.payload, dict) else {}
        spread = list(str(payload.get("pad", "")))
        log = asked.log

        def holding(message: str) -> None:
            spread.clear()
            log(message)

        asked.log = holding
        return asked

    replace(server, "wanted", wanted)


@mutant("11.1")
def large_bodies_are_asked_for() -> None:
    """Who asks whether to send a body that is too large is told to."""
    original = Server.invoke

    async def invoke(
        self: Server, head: Head, coming: Incoming, writer: Any, invocation: str
    ) -> Answer:
        if head.get("expect"):
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        return await original(self, head, coming, writer, invocation)

    replace(Server, "invoke", invoke)


@mutant("11.6", also=("3.2",))
def upgrades_are_refused() -> None:
    """Who offers another protocol is sent away."""
    original = Server.invoke

    async def invoke(self: Server, head: Head, *given: Any) -> Answer:
        if head.get("upgrade"):
            raise heads.bad("there is no other protocol here")
        return await original(self, head, *given)

    replace(Server, "invoke", invoke)


@mutant("11.6", also=("10.5",))
def answers_go_out_one_by_one() -> None:
    """An answer waits until the client of the one before has read it."""
    original = server.send
    turn = asyncio.Lock()

    async def send(writer: asyncio.StreamWriter, raw: bytes) -> None:
        async with turn:
            await original(writer, raw)

    replace(server, "send", send)


@mutant("11.9")
def short_waits_stand_in_line() -> None:
    """An invocation begins when the one before has ended, or has taken long."""
    original = Server.call
    turn = asyncio.Lock()

    async def call(self: Server, asked: request.Request, lines: logs.Lines) -> functions.Outcome:
        async with turn:
            task = asyncio.ensure_future(original(self, asked, lines))
            try:
                await asyncio.wait({task}, timeout=0.02)
            except asyncio.CancelledError:
                task.cancel()
                raise
        return await task

    replace(Server, "call", call)


@mutant("11.9")
def short_blocks_stand_in_line() -> None:
    """Those that block their thread share one."""
    replace(steps, "_THREADS", ThreadPoolExecutor(1))


@mutant("11.8")
def bodies_are_kept() -> None:
    """Each body stays in memory for good."""
    original = Incoming.body
    kept: list[bytes] = []

    async def body(self: Incoming, head: Head, limit: int) -> bytes:
        found = await original(self, head, limit)
        kept.append(found * 8)
        return found

    replace(Incoming, "body", body)


@mutant("11.1")
def raw_bodies_have_no_limit() -> None:
    """In raw mode a body of any length is read."""
    original = Server.invoke
    declared, counted = incoming.check_declared, incoming.check_counted
    raw: set[asyncio.Task[Any] | None] = set()

    async def invoke(self: Server, head: Head, *given: Any) -> Answer:
        if head.get(contract.load().header("mode")) == "raw":
            raw.add(asyncio.current_task())
        return await original(self, head, *given)

    def check_declared(head: Head, limit: int) -> None:
        if asyncio.current_task() not in raw:
            declared(head, limit)

    def check_counted(count: int, limit: int) -> None:
        if asyncio.current_task() not in raw:
            counted(count, limit)

    replace(Server, "invoke", invoke)
    replace(incoming, "check_declared", check_declared)
    replace(incoming, "check_counted", check_counted)


@mutant("11.1")
def chunked_bodies_may_be_a_little_larger() -> None:
    """A body in chunks is refused only a little past the limit."""
    original = incoming.check_counted
    replace(incoming, "check_counted", lambda count, limit: original(count, limit + 2048))


@mutant("11.1")
def chunked_bodies_of_the_limit_are_refused() -> None:
    """A body in chunks of exactly the limit is refused."""
    original = incoming.check_counted
    replace(incoming, "check_counted", lambda count, limit: original(count, limit - 1))


@mutant("11.1")
def expecting_clients_may_send_what_they_like() -> None:
    """The body of who asked before has no limit where it comes in chunks."""
    original = Incoming.body

    async def body(self: Incoming, head: Head, limit: int) -> bytes:
        return await original(self, head, limit * 1000 if head.get("expect") else limit)

    replace(Incoming, "body", body)


@mutant("11.4")
def chunked_bodies_may_stall() -> None:
    """A body in chunks may come as slowly as it likes."""
    original, in_time = Incoming._chunked, Incoming._more_in_time
    chunks: set[Incoming] = set()

    async def chunked(self: Incoming, limit: int) -> bytes:
        chunks.add(self)
        try:
            return await original(self, limit)
        finally:
            chunks.discard(self)

    async def more_in_time(self: Incoming) -> None:
        await (self._more() if self in chunks else in_time(self))

    replace(Incoming, "_chunked", chunked)
    replace(Incoming, "_more_in_time", more_in_time)


@mutant("11.4", also=("11.3", "10.3"))
def chunked_bodies_hold_slots() -> None:
    """A slot is taken before a body in chunks is there."""
    original = Incoming._chunked
    served: list[Server] = []
    run = Server.run

    async def remembered(self: Server) -> None:
        served.append(self)
        await run(self)

    async def chunked(self: Incoming, limit: int) -> bytes:
        served[0].in_flight += 1
        try:
            return await original(self, limit)
        finally:
            served[0].in_flight -= 1

    replace(Server, "run", remembered)
    replace(Incoming, "_chunked", chunked)
