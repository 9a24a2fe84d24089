"""The verb `demo`: one function built, launched, called, and shown."""

from __future__ import annotations

import json
import time

from . import client, functions, repository
from .engine import LaunchOptions, find
from .engine.choose import Kind
from .engine.model import LOOPBACK, Engine
from .errors import ToolError
from .functions import Function
from .repository import Choice
from .run import Run
from .terminal import Steps, console, say, show_answer

PAYLOAD = {"name": "Ada"}


def demo(runtime: str | None, kind: Kind | None) -> None:
    """Shows the example of *runtime*, or of the first one that the engine can run."""
    with Run() as run:
        found = find(kind, run)
        choice = _pick(found.engine, runtime)
        say(f"Engine: {found.engine.name} ({found.why}). Runtime: {choice.runtime.title}.")
        function = Function(choice.runtime.folder / "example", choice)
        built = run.folder("demo")
        with Steps() as steps:
            functions.build(found.engine, function, built, steps)
            log: list[str] = []
            with steps.step(f"launching {choice.name}"):
                options = LaunchOptions(functions.new_secret())
                launched = functions.start(found.engine, choice, built, options, log.append)
        call = client.Call(payload=PAYLOAD)
        say(f"\nPOST {launched.url}/  {json.dumps({'payload': PAYLOAD})}")
        answer = client.invoke(LOOPBACK, launched.port, launched.secret, call)
        show_answer(answer)
        began = time.monotonic()
        client.invoke(LOOPBACK, launched.port, launched.secret, call)
        console.print(f"[dim]again, warm: {(time.monotonic() - began) * 1000:.1f} ms[/]")
        code = launched.drain()
    if code:
        raise ToolError(f"The server ended with exit code {code}; its log:\n" + "\n".join(log))
    if answer.status >= 400:
        raise ToolError(f"The example answered {answer.status}.")
    language = choice.runtime.language
    say(
        f"\nDrained and removed. Next: ./slipway new hello --runtime {language} && ./slipway dev hello"
    )


def _pick(engine: Engine, runtime: str | None) -> Choice:
    if runtime:
        choice = repository.choose(runtime)
        problems = engine.lacks(choice)
        if problems:
            raise ToolError(
                f"This machine can't run {choice.name} as plain processes:\n  "
                + "\n  ".join(problems)
            )
        return choice
    problems = []
    for found in repository.runtimes():
        choice = Choice(found, found.default_version)
        if not (found.folder / "example").is_dir():
            continue
        lacking = engine.lacks(choice)
        if not lacking:
            return choice
        problems += lacking
    raise ToolError(
        "No runtime can run here. One of these mends it:\n  "
        + "\n  ".join(problems or ["add a runtime"])
    )
