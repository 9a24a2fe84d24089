"""The conformance function: runs the steps that a request carries, as functions/README.md says."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import http.client
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Any

from attrs import define, field

from . import logs
from .request import Request
from .response import Response

_STEPS_HEADER = "x-conformance-steps"
# Steps that hold their thread, end or spoil their process.
_UNYIELDING = {"block", "spin", "exit", "allocate", "patch", "mutate", "fetch", "flood"}
# Those that hold one for no longer get one from here.
_SHORT_MS = 10
_THREADS = ThreadPoolExecutor(100)
_COUNT = [0]
_MEETINGS: dict[str, Meeting] = {}
_BACKGROUND: set[asyncio.Task[None]] = set()


class Meeting:
    """Those who have arrived under one name."""

    def __init__(self) -> None:
        self.arrived = 0
        self.changed = asyncio.Condition()


@define
class Running:
    """One invocation under way; ``held`` is memory that it keeps."""

    request: Request
    response: Response
    from_payload: bool
    seen: dict[str, Any] = field(factory=dict)
    held: list[bytearray] = field(factory=list)


class Step:
    """One step's arguments; whatever is wrong with them is an unknown step."""

    def __init__(self, values: Any) -> None:
        self._values = values if isinstance(values, dict) else {}
        self.name = str(self._values.get("do"))

    def get(self, name: str, kind: type | tuple[type, ...], default: Any = ...) -> Any:
        value = self._values.get(name, default)
        if name in self._values and (not isinstance(value, kind) or isinstance(value, bool)):
            raise self.unknown()
        if value is ...:
            raise self.unknown()
        return value

    def value(self) -> Any:
        return self._values.get("value")

    def answer(self) -> dict[str, Any]:
        """The arguments of an answer that were given."""
        wanted = (("status", int), ("headers", dict))
        return {name: self.get(name, kind) for name, kind in wanted if name in self._values}

    def content(self) -> str | bytes:
        if "base64" in self._values:
            return base64.b64decode(self.get("base64", str))
        text: str = self.get("text", str)
        return text

    def unknown(self) -> ValueError:
        return ValueError(f"unknown step: {self.name}")


def steps_of(request: Request) -> tuple[list[Any], bool]:
    """The steps, and whether they came in the payload."""
    if isinstance(request.payload, dict) and "steps" in request.payload:
        return request.payload["steps"], True
    given = request.headers.get(_STEPS_HEADER)
    return (json.loads(given) if given else [{"do": "report"}]), False


def yields(request: Request) -> bool:
    """Whether no step holds the thread or harms the process."""
    with contextlib.suppress(ValueError):
        chosen = [Step(values) for values in steps_of(request)[0]]
        return not any(step.name in _UNYIELDING and not is_short(step) for step in chosen)
    return True


def is_short(step: Step) -> bool:
    return step.name == "block" and bool(step.get("ms", (int, float)) <= _SHORT_MS)


async def main(request: Request, response: Response) -> None:
    steps, from_payload = steps_of(request)
    running = Running(request, response, from_payload)
    for values in steps:
        step = Step(values)
        run = STEPS.get(step.name)
        if run is None:
            raise step.unknown()
        waiting = run(step, running)
        if waiting is not None:
            await waiting


main.yields = yields  # type: ignore[attr-defined]


# Steps that answer


def send(step: Step, running: Running) -> None:
    running.response.send(step.content(), **step.answer())


def send_json(step: Step, running: Running) -> None:
    special = step.get("special", str, None)
    value = step.value() if special is None else special_value(step, special)
    running.response.json(value, **step.answer())


def special_value(step: Step, name: str) -> Any:
    cycle: list[Any] = []
    cycle.append(cycle)
    values: dict[str, Any] = {"nan": float("nan"), "cycle": cycle, "function": main}
    if name not in values:
        raise step.unknown()
    return values[name]


def report(step: Step, running: Running) -> None:
    request = running.request
    seen = {
        "method": request.method,
        "path": request.path,
        "query": request.query,
        "headers": request.headers,
        "payload": request.payload,
        "env": request.env,
        "body": base64.b64encode(request.body).decode(),
        "id": request.id,
        "deadline": request.deadline,
    }
    running.response.json({"request": seen, "seen": running.seen})


def echo(step: Step, running: Running) -> None:
    if running.from_payload:
        running.response.json(running.request.payload.get("value"))
        return
    kind = running.request.headers.get("content-type")
    running.response.send(running.request.body, headers={"content-type": kind} if kind else {})


def again(step: Step, running: Running) -> None:
    try:
        send(step, running)
        running.seen["again"] = "accepted"
    except RuntimeError:
        running.seen["again"] = "raised"


# Steps that take time


async def wait(step: Step, running: Running) -> None:
    await asyncio.sleep(step.get("ms", (int, float)) / 1000)


def block(step: Step, running: Running) -> Awaitable[None] | None:
    seconds = step.get("ms", (int, float)) / 1000
    if is_short(step):
        return asyncio.get_running_loop().run_in_executor(_THREADS, time.sleep, seconds)
    time.sleep(seconds)
    return None


def spin(step: Step, running: Running) -> None:
    limit = step.get("ms", (int, float), None)
    end = None if limit is None else time.monotonic() + limit / 1000
    while end is None or time.monotonic() < end:
        with contextlib.suppress(BaseException):
            sum(range(1000))


async def meet(step: Step, running: Running) -> None:
    name, count = step.get("name", str), step.get("count", int)
    meeting = _MEETINGS.setdefault(name, Meeting())
    async with meeting.changed:
        meeting.arrived += 1
        meeting.changed.notify_all()
        try:
            async with asyncio.timeout(step.get("timeout_ms", (int, float)) / 1000):
                await meeting.changed.wait_for(lambda: meeting.arrived >= count)
        except TimeoutError:
            raise RuntimeError(f"meet: {meeting.arrived} of {count}") from None


# Steps that speak


def log(step: Step, running: Running) -> None:
    message = step.get("message", str)
    for _ in range(step.get("times", int, 1)):
        running.request.log(message)


def error(step: Step, running: Running) -> None:
    message = step.get("message", str)
    for _ in range(step.get("times", int, 1)):
        running.request.error(message)


def speak(step: Step, running: Running) -> None:
    streams = {"out": sys.stdout, "err": sys.stderr}
    stream = streams.get(step.get("to", str, "out"))
    if stream is None:
        raise step.unknown()
    text = step.get("text", str)
    for _ in range(step.get("times", int, 1)):
        print(text, file=stream)


def flood(step: Step, running: Running) -> None:
    total, width = step.get("bytes", int), step.get("line", int, 100)
    line = "x" * max(width - 1, 0) + "\n"
    for _ in range(0, total, len(line)):
        sys.stdout.write(line)


def write_bytes(step: Step, running: Running) -> None:
    sys.stdout.buffer.write(base64.b64decode(step.get("base64", str)) + b"\n")


# Steps that misbehave


def throw(step: Step, running: Running) -> None:
    raise RuntimeError(step.get("message", str))


def background(step: Step, running: Running) -> None:
    message = step.get("message", str)

    def fail() -> None:
        raise RuntimeError(message)

    _later(step, fail)


def background_log(step: Step, running: Running) -> None:
    message = step.get("message", str)
    _later(step, lambda: running.request.log(message))


def _later(step: Step, act: Callable[[], None]) -> None:
    delay = step.get("ms", (int, float)) / 1000

    async def run() -> None:
        await asyncio.sleep(delay)
        act()

    task = asyncio.create_task(run())
    _BACKGROUND.add(task)
    task.add_done_callback(_forget)


def _forget(task: asyncio.Task[None]) -> None:
    """Nobody waits for it: a failure is the runtime's to log."""
    _BACKGROUND.discard(task)
    failed = None if task.cancelled() else task.exception()
    if failed is not None:
        asyncio.get_running_loop().call_exception_handler(
            {"message": "a task failed", "exception": failed, "lines": logs.owner()}
        )


async def end_process(step: Step, running: Running) -> None:
    how = step.get("how", str)
    if how == "exit":
        os._exit(7)
    if how not in ("abort", "kill"):
        raise step.unknown()
    os.kill(os.getpid(), signal.SIGABRT if how == "abort" else signal.SIGKILL)
    await asyncio.sleep(60)


def allocate(step: Step, running: Running) -> None:
    limit = step.get("mb", int, None)
    while limit is None or len(running.held) < limit:
        running.held.append(bytearray(b"\1" * (1 << 20)))


def patch(step: Step, running: Running) -> None:
    def refuse(*arguments: object, **named: object) -> None:
        raise RuntimeError("patched by the function")

    for module, names in (
        (json, ("dumps", "loads")),
        (http.client, ("HTTPConnection", "HTTPResponse")),
        (socket, ("socket", "create_connection", "socketpair")),
    ):
        for name in names:
            setattr(module, name, refuse)


def mutate(step: Step, running: Running) -> None:
    name, value = step.get("name", str), step.get("value", str)
    request = running.request
    request.headers[name] = request.env[name] = os.environ[name] = value
    if isinstance(request.payload, dict):
        request.payload[name] = value


# Steps that look


def count(step: Step, running: Running) -> None:
    _COUNT[0] += 1
    running.seen["count"] = _COUNT[0]


def getenv(step: Step, running: Running) -> None:
    name = step.get("name", str)
    running.seen.setdefault("getenv", {})[name] = os.environ.get(name)


def find_secret(step: Step, running: Running) -> None:
    secret = step.get("reversed", str)[::-1]
    places = {
        "req.headers": "\0".join(running.request.headers.values()),
        "req.env": "\0".join(running.request.env.values()),
        "os.environ": "\0".join(os.environ.values()),
    }
    for process in Path("/proc").glob("[0-9]*"):
        for name in ("environ", "cmdline"):
            with contextlib.suppress(OSError):
                places[str(process / name)] = (process / name).read_text("utf-8", "replace")
    running.seen["secret"] = [place for place, text in places.items() if secret in text]


def write_file(step: Step, running: Running) -> None:
    path = step.get("path", str)
    try:
        Path(path).write_text("written by the conformance function\n", encoding="utf-8")
        outcome = "written"
    except OSError as problem:
        outcome = str(problem)
    running.seen.setdefault("write", {})[path] = outcome


def fetch(step: Step, running: Running) -> None:
    address = (step.get("host", str), step.get("port", int))
    try:
        socket.create_connection(address, step.get("timeout_ms", (int, float)) / 1000).close()
        running.seen["fetch"] = "connected"
    except OSError as problem:
        running.seen["fetch"] = str(problem)


def files(step: Step, running: Running) -> None:
    running.seen["files"] = len(list(Path("/proc/self/fd").iterdir()))


def dependency(step: Step, running: Running) -> None:
    running.seen["dependency"] = version("attrs")


STEPS: dict[str, Callable[[Step, Running], Any]] = {
    "send": send,
    "json": send_json,
    "report": report,
    "echo": echo,
    "again": again,
    "await": wait,
    "block": block,
    "spin": spin,
    "meet": meet,
    "log": log,
    "error": error,
    "print": speak,
    "flood": flood,
    "bytes": write_bytes,
    "throw": throw,
    "background": background,
    "background_log": background_log,
    "exit": end_process,
    "allocate": allocate,
    "patch": patch,
    "mutate": mutate,
    "count": count,
    "getenv": getenv,
    "find_secret": find_secret,
    "write": write_file,
    "fetch": fetch,
    "files": files,
    "dependency": dependency,
}
