"""The verb `demo`: one function built, launched, called, and shown."""

from __future__ import annotations

import json
import time
from http import HTTPStatus

from attrs import frozen
from slipway_conformance.targets import LOOPBACK

from . import client, functions, repository
from .client import Answer
from .engine import LaunchOptions, find
from .engine.model import Engine, Tell
from .errors import ToolError
from .kind import Kind
from .repository import Choice
from .run import Run
from .terminal import Steps, console, say, show_answer

PAYLOAD = {"name": "Ada"}


@frozen
class Called:
    """One example, called twice: where, its answer, and how long the second call took, in seconds."""

    url: str
    answer: Answer
    again: float


def demo(runtime: str | None, kind: Kind | None) -> None:
    """Shows the example of *runtime*, or of the first one that the engine can run."""
    # A name that is wrong is said before any engine starts for it.
    wanted = repository.choose(runtime) if runtime else None
    with Run() as run:
        found = find(kind, run)
        choice = pick(found.engine, wanted)
        say(f"Engine: {found.engine.name} ({found.why}). Runtime: {choice.runtime.title}.")
        with Steps() as steps:
            found.engine.prepare(choice, steps)
            title = f"building, launching and calling the example for {choice.name}"
            with steps.step(title) as step:
                called = call_example(found.engine, choice, run, step.tell)
    say(f"\nPOST {called.url}/  {json.dumps({'payload': PAYLOAD})}")
    show_answer(called.answer)
    console.print(f"[dim]again, warm: {called.again * 1000:.1f} ms[/]")
    if called.answer.status >= HTTPStatus.BAD_REQUEST:
        raise ToolError(f"The example answered {called.answer.status}.")
    language = choice.runtime.language
    say(
        "\nDrained and removed. Next: "
        f"./slipway new hello --runtime {language} && ./slipway dev hello"
    )


def call_example(engine: Engine, choice: Choice, run: Run, tell: Tell) -> Called:
    """Builds, launches, calls and drains the example of a runtime that is prepared."""
    tell("building")
    built = run.folder("example")
    engine.build(choice, choice.runtime.folder / "example", built, tell)
    tell("launching")
    log: list[str] = []
    options = LaunchOptions(functions.new_secret())
    launched = functions.start(engine, choice, built, options, log.append)
    tell("calling")
    call = client.Call(payload=PAYLOAD)
    answer = client.invoke(LOOPBACK, launched.port, launched.secret, call)
    began = time.monotonic()
    client.invoke(LOOPBACK, launched.port, launched.secret, call)
    again = time.monotonic() - began
    tell("draining")
    code = launched.drain()
    launched.remove()
    if code:
        raise ToolError(f"The server ended with exit code {code}; its log:\n" + "\n".join(log))
    return Called(launched.url, answer, again)


def pick(engine: Engine, wanted: Choice | None) -> Choice:
    """*wanted*, or the first that *engine* can run here; ToolError says what is lacking."""
    if wanted:
        problems = engine.lacks(wanted)
        if problems:
            raise ToolError(
                f"This machine can't run {wanted.name} as plain processes:\n  "
                + "\n  ".join(problems)
            )
        return wanted
    problems = []
    # What need not be compiled first shows its answer soonest, and so does what stands on little else.
    order = sorted(
        repository.runtimes(),
        key=lambda one: (one.kind != "interpreted", one.shared, len(one.requires)),
    )
    for found in order:
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
