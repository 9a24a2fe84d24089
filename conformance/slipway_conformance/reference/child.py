"""An invocation in a process of its own, which can be ended whatever it does.

The process is forked, so that it has the loaded function and the request already; it reports
through a socket, a JSON message a line."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import resource
import signal
import socket
from json import dumps, loads
from pathlib import Path
from typing import Any, NoReturn

from . import function as functions
from . import logs
from .function import Function, Outcome
from .refusal import Refusal
from .request import Request
from .response import Answer

# More memory than the server has, for the function alone.
_MEMORY = 256 << 20
# A line of the channel holds a whole answer or log message.
_LINE = 1 << 30


async def run(function: Function, request: Request, lines: logs.Lines, shown: bool) -> Outcome:
    """As ``function.call``; cancelling it ends the process."""
    ours, theirs = socket.socketpair()
    read_out, write_out = os.pipe()
    read_err, write_err = os.pipe()
    reader, writer = await asyncio.open_connection(sock=ours, limit=_LINE)
    pid = os.fork()
    if pid == 0:
        os.dup2(write_out, 1)
        os.dup2(write_err, 2)
        _child(function, request, lines, shown, theirs)
    theirs.close()
    os.close(write_out)
    os.close(write_err)
    natives = [
        asyncio.create_task(_native(read_out, "info", lines)),
        asyncio.create_task(_native(read_err, "error", lines)),
    ]
    try:
        outcome = await _outcome(reader, lines)
    except BaseException:
        await _end(pid, writer, natives)
        raise
    if outcome is None:
        told = _told(await _end(pid, writer, natives))
        lines.add("error", f"the function's process ended: {told}")
        return functions.failure(RuntimeError(told), shown)
    keep_until_end(asyncio.create_task(_background(pid, reader, writer, natives, lines)))
    return outcome


_kept: set[asyncio.Task[Any]] = set()


def keep_until_end(task: asyncio.Task[Any]) -> None:
    """The loop itself holds tasks weakly."""
    _kept.add(task)
    task.add_done_callback(_kept.discard)


async def _outcome(reader: asyncio.StreamReader, lines: logs.Lines) -> Outcome | None:
    """What the process answered, None where it ended before it did."""
    with contextlib.suppress(ConnectionError):
        while line := await reader.readline():
            kind, *values = loads(line)
            if kind == "log":
                lines.add(*values)
            elif kind == "refusal":
                return Refusal(*values)
            else:
                status, headers, body = values
                pairs = tuple((name, value) for name, value in headers)
                return Answer(status, pairs, base64.b64decode(body))
    return None


async def _background(
    pid: int,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    natives: list[asyncio.Task[None]],
    lines: logs.Lines,
) -> None:
    """What the process still does after its answer."""
    await _outcome(reader, lines)
    await _end(pid, writer, natives)


async def _end(pid: int, writer: asyncio.StreamWriter, natives: list[asyncio.Task[None]]) -> int:
    """Ends the process if it hasn't, and returns its status as ``waitpid`` gives it."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    writer.close()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(1):
            await asyncio.gather(*natives)
    return status


def _told(status: int) -> str:
    code = os.waitstatus_to_exitcode(status)
    return f"signal {-code}" if code < 0 else f"exit code {code}"


async def _native(descriptor: int, level: str, lines: logs.Lines) -> None:
    """Output past sys.stdout, from whatever the function starts."""
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    pipe = os.fdopen(descriptor, "rb", 0)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, pipe)
    try:
        while chunk := await reader.read(1 << 16):
            lines.native(level, chunk)
        lines.flush()
    finally:
        transport.close()


def _child(
    function: Function, request: Request, lines: logs.Lines, shown: bool, channel: socket.socket
) -> NoReturn:
    """Everything that the child does; it never returns into the server's stack."""
    try:
        out = channel.fileno()
        os.closerange(3, out)
        os.closerange(out + 1, os.sysconf("SC_OPEN_MAX"))
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        limit_memory()
        lines.sink = lambda level, message: _send(out, "log", level, message)
        asyncio.run(_answer(function, request, lines, shown, out))
    finally:
        os._exit(0)


async def _answer(
    function: Function, request: Request, lines: logs.Lines, shown: bool, out: int
) -> None:
    asyncio.get_running_loop().set_exception_handler(functions.background_failed)
    outcome = await functions.call(function, request, lines, shown)
    if isinstance(outcome, Refusal):
        _send(out, "refusal", outcome.code, outcome.message)
    else:
        body = base64.b64encode(outcome.body).decode()
        _send(out, "answer", outcome.status, outcome.headers, body)
    others = asyncio.all_tasks() - {asyncio.current_task()}
    await asyncio.gather(*others, return_exceptions=True)


def _send(out: int, *message: Any) -> None:
    rest = memoryview(dumps(message).encode() + b"\n")
    while rest:
        rest = rest[os.write(out, rest) :]


def limit_memory() -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + _MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
