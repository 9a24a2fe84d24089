"""The conformance function in Python: runs the steps that conformance/functions/README.md describes."""

import asyncio
import base64
import contextvars
import http.client
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from json import dumps, loads
from pathlib import Path
from typing import Any

import humanize
from slipway import Request, Response

Step = dict[str, Any]
Seen = dict[str, Any]

counted = 0
meetings: dict[str, "Meeting"] = {}
# Memory that lives as long as its invocation.
held: contextvars.ContextVar[list[bytes]] = contextvars.ContextVar("held")
background: set[asyncio.Task[None]] = set()


async def main(req: Request, res: Response) -> None:
    seen: Seen = {}
    for step in steps_of(req):
        check(step)
        waiting = STEPS[step["do"]](step, req, res, seen)
        if waiting is not None:
            await waiting


def steps_of(req: Request) -> list[Step]:
    if isinstance(req.payload, dict) and "steps" in req.payload:
        steps: list[Step] = req.payload["steps"]
        return steps
    if "x-conformance-steps" in req.headers:
        found: list[Step] = loads(req.headers["x-conformance-steps"])
        return found
    return [{"do": "report"}]


def check(step: Step) -> None:
    """An argument that is missing or of the wrong type makes the step unknown."""
    known = step["do"] in STEPS
    for name, kind in ARGUMENTS.get(step["do"], {}).items():
        if name.endswith("?") and name[:-1] not in step:
            continue
        value = step.get(name.rstrip("?"))
        known = known and isinstance(value, kind) and not isinstance(value, bool)
    if not known:
        raise ValueError(f"unknown step: {step['do']}")


# Answers


def options(step: Step) -> dict[str, Any]:
    return {name: step[name] for name in ("status", "headers") if name in step}


def send(step: Step, req: Request, res: Response, seen: Seen) -> None:
    body = base64.b64decode(step["base64"]) if "base64" in step else step.get("text", "")
    res.send(body, **options(step))


def send_json(step: Step, req: Request, res: Response, seen: Seen) -> None:
    value = step.get("value")
    if step.get("special") == "nan":
        value = float("nan")
    elif step.get("special") == "cycle":
        value = []
        value.append(value)
    elif step.get("special") == "function":
        value = send_json
    res.json(value, **options(step))


def report(step: Step, req: Request, res: Response, seen: Seen) -> None:
    request = {
        "method": req.method,
        "path": req.path,
        "query": req.query,
        "headers": req.headers,
        "payload": req.payload,
        "env": req.env,
        "body": base64.b64encode(req.body).decode(),
        "id": req.id,
        "deadline": req.deadline,
    }
    res.json({"request": request, "seen": seen})


def echo(step: Step, req: Request, res: Response, seen: Seen) -> None:
    if isinstance(req.payload, dict) and "steps" in req.payload:
        res.json(req.payload.get("value"))
        return
    kind = req.headers.get("content-type")
    res.send(req.body, headers={"content-type": kind} if kind else {})


def again(step: Step, req: Request, res: Response, seen: Seen) -> None:
    try:
        send(step, req, res, seen)
    except RuntimeError:
        seen["again"] = "raised"
    else:
        seen["again"] = "accepted"


# Time


def wait(step: Step, req: Request, res: Response, seen: Seen) -> Awaitable[None]:
    return asyncio.sleep(step["ms"] / 1000)


def block(step: Step, req: Request, res: Response, seen: Seen) -> None:
    time.sleep(step["ms"] / 1000)


def spin(step: Step, req: Request, res: Response, seen: Seen) -> None:
    until = time.monotonic() + step.get("ms", float("inf")) / 1000
    while time.monotonic() < until:
        try:
            sum(range(1000))
        except BaseException:
            pass


class Meeting:
    """Invocations that wait for each other."""

    def __init__(self) -> None:
        self.arrived = 0
        self.complete = asyncio.Event()


async def meet(step: Step, req: Request, res: Response, seen: Seen) -> None:
    meeting = meetings.setdefault(step["name"], Meeting())
    meeting.arrived += 1
    if meeting.arrived >= step["count"]:
        # The name may be met under again.
        meetings.pop(step["name"], None)
        meeting.complete.set()
    try:
        await asyncio.wait_for(meeting.complete.wait(), step["timeout_ms"] / 1000)
    except TimeoutError:
        meetings.pop(step["name"], None)
        raise TimeoutError(f"meet: {meeting.arrived} of {step['count']}") from None


# Output


def log(step: Step, req: Request, res: Response, seen: Seen) -> None:
    for _ in range(step.get("times", 1)):
        req.log(step["message"])


def error(step: Step, req: Request, res: Response, seen: Seen) -> None:
    for _ in range(step.get("times", 1)):
        req.error(step["message"])


def say(step: Step, req: Request, res: Response, seen: Seen) -> None:
    for _ in range(step.get("times", 1)):
        print(step["text"], file=sys.stderr if step.get("to") == "err" else sys.stdout)


def flood(step: Step, req: Request, res: Response, seen: Seen) -> None:
    line = "x" * (step.get("line", 100) - 1)
    for _ in range(step["bytes"] // (len(line) + 1)):
        print(line)


def raw_bytes(step: Step, req: Request, res: Response, seen: Seen) -> None:
    sys.stdout.buffer.write(base64.b64decode(step["base64"]) + b"\n")
    sys.stdout.buffer.flush()


# Mischief


def throw(step: Step, req: Request, res: Response, seen: Seen) -> None:
    raise RuntimeError(step["message"])


def later(seconds: float, then: Callable[[], None]) -> None:
    async def run() -> None:
        await asyncio.sleep(seconds)
        then()

    task = asyncio.get_running_loop().create_task(run())
    background.add(task)
    task.add_done_callback(background.discard)


def fail_later(step: Step, req: Request, res: Response, seen: Seen) -> None:
    def fail() -> None:
        raise RuntimeError(step["message"])

    later(step["ms"] / 1000, fail)


def log_later(step: Step, req: Request, res: Response, seen: Seen) -> None:
    later(step["ms"] / 1000, lambda: req.log(step["message"]))


def end(step: Step, req: Request, res: Response, seen: Seen) -> None:
    if step["how"] == "exit":
        os._exit(7)
    os.kill(os.getpid(), signal.SIGABRT if step["how"] == "abort" else signal.SIGKILL)
    time.sleep(1)


def allocate(step: Step, req: Request, res: Response, seen: Seen) -> None:
    kept: list[bytes] = []
    held.set(kept)
    for _ in range(step.get("mb", sys.maxsize)):
        kept.append(b"x" * (1 << 20))


def patch(step: Step, req: Request, res: Response, seen: Seen) -> None:
    def broken(*arguments: Any, **named: Any) -> Any:
        raise RuntimeError("patched")

    for module, names in (
        (json, ("dumps", "loads", "JSONEncoder", "JSONDecoder")),
        (http.client, ("HTTPConnection", "HTTPResponse")),
        (socket, ("socket", "create_connection")),
    ):
        for name in names:
            setattr(module, name, broken)


def mutate(step: Step, req: Request, res: Response, seen: Seen) -> None:
    req.headers[step["name"]] = step["value"]
    req.env[step["name"]] = step["value"]
    os.environ[step["name"]] = step["value"]
    if isinstance(req.payload, dict):
        req.payload[step["name"]] = step["value"]


# Looking


def count(step: Step, req: Request, res: Response, seen: Seen) -> None:
    global counted
    counted += 1
    seen["count"] = counted


def getenv(step: Step, req: Request, res: Response, seen: Seen) -> None:
    seen.setdefault("getenv", {})[step["name"]] = os.environ.get(step["name"])


def find_secret(step: Step, req: Request, res: Response, seen: Seen) -> None:
    secret = step["reversed"][::-1]

    def places() -> Iterator[str]:
        # The steps themselves hold the secret's reverse only.
        for name, found in (("headers", req.headers), ("env", req.env), ("process", dict(os.environ))):
            if secret in dumps(found):
                yield name
        for entry in Path("/proc").glob("[0-9]*"):
            for name in ("environ", "cmdline"):
                try:
                    if secret.encode() in (entry / name).read_bytes():
                        yield f"{entry}/{name}"
                except OSError:
                    continue

    seen["secret"] = list(places())


def write(step: Step, req: Request, res: Response, seen: Seen) -> None:
    results = seen.setdefault("write", {})
    try:
        Path(step["path"]).write_text("written")
        results[step["path"]] = "written"
    except OSError as problem:
        results[step["path"]] = str(problem)


async def fetch(step: Step, req: Request, res: Response, seen: Seen) -> None:
    try:
        async with asyncio.timeout(step["timeout_ms"] / 1000):
            _, writer = await asyncio.open_connection(step["host"], step["port"])
        writer.close()
        seen["fetch"] = "connected"
    except OSError as problem:
        seen["fetch"] = str(problem) or "timeout"


def files(step: Step, req: Request, res: Response, seen: Seen) -> None:
    seen["files"] = len(os.listdir("/proc/self/fd"))


def dependency(step: Step, req: Request, res: Response, seen: Seen) -> None:
    seen["dependency"] = humanize.intcomma(1234567)


STEPS: dict[str, Callable[[Step, Request, Response, Seen], Awaitable[None] | None]] = {
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
    "print": say,
    "flood": flood,
    "bytes": raw_bytes,
    "throw": throw,
    "background": fail_later,
    "background_log": log_later,
    "exit": end,
    "allocate": allocate,
    "patch": patch,
    "mutate": mutate,
    "count": count,
    "getenv": getenv,
    "find_secret": find_secret,
    "write": write,
    "fetch": fetch,
    "files": files,
    "dependency": dependency,
}

NUMBER = int | float
SENT = {"text?": str, "base64?": str, "status?": NUMBER, "headers?": dict}
# Name to type; a question mark where it may be missing.
ARGUMENTS: dict[str, dict[str, Any]] = {
    "send": SENT,
    "json": {"special?": str, "status?": NUMBER, "headers?": dict},
    "again": SENT,
    "await": {"ms": NUMBER},
    "block": {"ms": NUMBER},
    "spin": {"ms?": NUMBER},
    "meet": {"name": str, "count": int, "timeout_ms": NUMBER},
    "log": {"message": str, "times?": int},
    "error": {"message": str, "times?": int},
    "print": {"text": str, "to?": str, "times?": int},
    "flood": {"bytes": int, "line?": int},
    "bytes": {"base64": str},
    "throw": {"message": str},
    "background": {"ms": NUMBER, "message": str},
    "background_log": {"ms": NUMBER, "message": str},
    "exit": {"how": str},
    "allocate": {"mb?": int},
    "mutate": {"name": str, "value": str},
    "getenv": {"name": str},
    "find_secret": {"reversed": str},
    "write": {"path": str},
    "fetch": {"host": str, "port": int, "timeout_ms": NUMBER},
}
