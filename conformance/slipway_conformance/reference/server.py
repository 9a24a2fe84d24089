"""The server: connections in, answers out; slots, deadlines, readiness, draining."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Any

from attrs import define, field

from .. import contract
from . import authorise, child, incoming, logs, outgoing, process, request, steering
from . import function as functions
from .head import Head
from .incoming import Incoming
from .refusal import Refusal, Stalled
from .request import Parts, Request
from .response import Answer
from .settings import Settings

_BACKLOG = 1024
# How long the rest of a refused body is read past, so that the client can read its answer.
_LINGER_SECONDS = 1.0
# How long answers may take to go out once the grace is over.
_LAST_SECONDS = 1.0


@define(eq=False)
class Server:
    """One server from its start to its end. ``function`` is None where it could not be loaded."""

    settings: Settings
    environ: dict[str, str]
    function: functions.Function | None = None
    in_flight: int = 0
    draining: bool = False
    waiting: set[asyncio.Task[Any]] = field(factory=set)
    answering: set[asyncio.Task[Any]] = field(factory=set)
    expired: asyncio.Event = field(factory=asyncio.Event)

    async def run(self) -> None:
        """Serves until a signal ends it."""
        asyncio.get_running_loop().set_exception_handler(functions.background_failed)
        stopped = asyncio.Event()
        process.on_signals(stopped)
        load(self)
        listener = await asyncio.start_server(
            self.connection, self.settings.host, self.settings.port, backlog=_BACKLOG
        )
        announce(self.settings)
        await stopped.wait()
        listener.close()
        await drain(self)
        process.end_in_peace()

    async def connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serves one connection to its end."""
        try:
            await self.requests(Incoming(reader), writer)
        except (Stalled, TimeoutError, ConnectionError, asyncio.CancelledError):
            """The client has gone, says nothing more, or the server ends."""
        finally:
            release(writer)

    async def requests(self, coming: Incoming, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        open_still = True
        while open_still and not self.draining:
            head: Head | None = None
            self.waiting.add(task)
            try:
                head = await coming.head()
                if head is None:
                    return
                self.waiting.discard(task)
                self.answering.add(task)
                answer, closes = await self.answer(head, coming, writer)
            except Refusal as refusal:
                answer, closes = outgoing.refused(refusal, None), refusal.closes
            finally:
                self.waiting.discard(task)
            try:
                closes = closes or coming.unread or self.draining or not stays_open(head)
                await send(writer, outgoing.wire(answer, head, closes))
            finally:
                self.answering.discard(task)
            open_still = not closes
        await linger(coming, writer)

    async def answer(
        self, head: Head, coming: Incoming, writer: asyncio.StreamWriter
    ) -> tuple[Answer, bool]:
        """The answer to a request, and whether its connection must end after it."""
        invocation: str | None = None
        try:
            if authorise.is_open(head.path):
                return self.look(head), False
            authorise.check(head, self.settings.secret)
            invocation = steering.invocation_id(head)
            return outgoing.identified(
                await self.invoke(head, coming, writer, invocation), invocation
            ), False
        except Refusal as refusal:
            answer = outgoing.refused(refusal, invocation)
            return outgoing.identified(answer, invocation), refusal.closes

    def look(self, head: Head) -> Answer:
        """Health and readiness."""
        if head.path == contract.load().path("health"):
            return Answer(200, (), b"")
        problem = unready(self)
        return outgoing.refused(problem, None) if problem else Answer(200, (), b"")

    async def invoke(
        self, head: Head, coming: Incoming, writer: asyncio.StreamWriter, invocation: str
    ) -> Answer:
        raw, result = steering.is_raw(head), steering.wants_result(head)
        if not raw:
            steering.check_envelope(head)
        seconds = steering.seconds(head, self.settings.timeout)
        incoming.check_declared(head, self.settings.max_body)
        if (head.get("expect") or "").lower() == "100-continue" and coming.unread:
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = await coming.body(head, self.settings.max_body)
        if problem := unready(self):
            raise problem
        parts = request.from_raw(head, body) if raw else request.from_envelope(body)
        lines = logs.Lines(invocation, trace(head, parts))
        asked = wanted(self, parts, lines, invocation, seconds)
        began = time.monotonic()
        outcome = await self.timed(asked, lines, seconds)
        took = time.monotonic() - began
        error = None
        if isinstance(outcome, Refusal):
            error = outgoing.error_object(outcome, invocation)
            outcome = outgoing.refused(outcome, invocation)
        return outgoing.result(outcome, error, lines, took) if result else outcome

    async def timed(self, asked: Request, lines: logs.Lines, seconds: float) -> functions.Outcome:
        """What became of the function within *seconds*, a slot held meanwhile."""
        self.in_flight += 1
        task = asyncio.create_task(self.call(asked, lines))
        ends = asyncio.create_task(self.expired.wait())
        try:
            await asyncio.wait({task, ends}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
            await abandon(task)
            return shutting_down() if self.expired.is_set() else overdue(seconds)
        finally:
            ends.cancel()
            self.in_flight -= 1

    async def call(self, asked: Request, lines: logs.Lines) -> functions.Outcome:
        assert self.function is not None
        run = functions.call if functions.yields(self.function, asked) else child.run
        return await run(self.function, asked, lines, self.settings.development)


def load(server: Server) -> None:
    """Loads the function; without one the server starts all the same."""
    try:
        server.function = functions.load(server.settings.folders, server.settings.entrypoint)
    except functions.LoadError as error:
        logs.NOBODY.add("error", str(error))


def announce(settings: Settings) -> None:
    logs.NOBODY.add("info", f"listening on {settings.host}:{settings.port}")


def unready(server: Server) -> Refusal | None:
    """Why a new invocation would not be taken, None where it would."""
    if server.draining:
        return shutting_down()
    if server.function is None:
        return Refusal("function_not_loaded", "the function could not be loaded: see the log")
    if server.in_flight >= server.settings.concurrency:
        return Refusal("overloaded", "every slot is taken", (("retry-after", "1"),))
    return None


def shutting_down() -> Refusal:
    return Refusal("shutting_down", "the runtime is shutting down", closes=True)


def overdue(seconds: float) -> Refusal:
    return Refusal("timeout", f"the function took more than {seconds:g} s")


def trace(head: Head, parts: Parts) -> str | None:
    """The trace id of the HTTP request, or of the envelope's headers."""
    name = contract.load().header("trace")
    return request.trace_of(head.get(name)) or request.trace_of(parts.headers.get(name))


def wanted(
    server: Server, parts: Parts, lines: logs.Lines, invocation: str, seconds: float
) -> Request:
    """The function's request."""
    return Request(
        method=parts.method,
        path=parts.path,
        query=parts.query,
        headers=parts.headers,
        payload=parts.payload,
        env=environment(server.environ, parts),
        body=parts.body,
        id=invocation,
        deadline=(time.time() + seconds) * 1000,
        log=lambda message: lines.add("info", message),
        error=lambda message: lines.add("error", message),
    )


def environment(own: dict[str, str], parts: Parts) -> dict[str, str]:
    return {**own, **parts.env}


def stays_open(head: Head | None) -> bool:
    return head is not None and outgoing.stays_open(head)


async def send(writer: asyncio.StreamWriter, raw: bytes) -> None:
    """Returns when the client has taken all of it."""
    writer.transport.set_write_buffer_limits(0)
    writer.write(raw)
    await writer.drain()


async def abandon(task: asyncio.Task[Any]) -> None:
    """Ends what runs past its time."""
    task.cancel()
    await asyncio.wait({task})


async def linger(coming: Incoming, writer: asyncio.StreamWriter) -> None:
    """Lets the client read its answer: closing with unread bytes would take it away."""
    with contextlib.suppress(OSError, TimeoutError, Stalled):
        writer.write_eof()
        async with asyncio.timeout(_LINGER_SECONDS):
            while True:
                await coming.skip()


def release(writer: asyncio.StreamWriter) -> None:
    writer.close()


async def drain(server: Server) -> None:
    """Ends idle connections, waits for what is in flight, and gives up on the rest in time."""
    server.draining = True
    for task in server.waiting:
        task.cancel()
    await settle(server, server.settings.grace)
    server.expired.set()
    await settle(server, _LAST_SECONDS)


async def settle(server: Server, seconds: float) -> None:
    if server.answering:
        await asyncio.wait(server.answering, timeout=seconds)
