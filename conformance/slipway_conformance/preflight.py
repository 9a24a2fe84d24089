"""Checks the conformance function itself: a step that is missing must not look like a broken server.

Judges nothing of the runtime: where the runtime doesn't let a step run, cases will say so.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from attrs import field, frozen

from . import contract
from .session import new_id
from .targets import LOOPBACK, Running
from .wire import Answer, Sent, Wire, WireError

_PATH = "/proc/preflight"


@frozen
class _Trial:
    """A step that does no harm, and what `seen` must be like after it."""

    do: str
    arguments: Mapping[str, Any] = field(factory=dict)
    holds: Callable[[dict[str, Any]], bool] = lambda seen: True
    wanted: str = ""


def _text(value: object) -> bool:
    return isinstance(value, str) and value != ""


_TRIALS = (
    _Trial("await", {"ms": 1}),
    _Trial("block", {"ms": 1}),
    _Trial("spin", {"ms": 1}),
    _Trial("meet", {"name": "preflight", "count": 1, "timeout_ms": 500}),
    _Trial("log", {"message": "preflight"}),
    _Trial("error", {"message": "preflight", "times": 2}),
    _Trial("print", {"text": "preflight"}),
    _Trial("print", {"text": "preflight", "to": "err"}),
    _Trial("flood", {"bytes": 200, "line": 100}),
    _Trial("bytes", {"base64": "cHJlZmxpZ2h0"}),
    _Trial("allocate", {"mb": 1}),
    _Trial("mutate", {"name": "PREFLIGHT", "value": "1"}),
    _Trial("background_log", {"ms": 1, "message": "preflight"}),
    _Trial("count", {}, lambda seen: type(seen.get("count")) is int, "count: a number"),
    _Trial(
        "getenv",
        {"name": "PREFLIGHT_MISSING"},
        lambda seen: seen.get("getenv") == {"PREFLIGHT_MISSING": None},
        "getenv: {PREFLIGHT_MISSING: null}",
    ),
    _Trial(
        "find_secret",
        {"reversed": "thgilferp on"},
        lambda seen: seen.get("secret") == [],
        "secret: [] where the string is nowhere",
    ),
    _Trial(
        "write",
        {"path": _PATH},
        lambda seen: _text(seen.get("write", {}).get(_PATH)),
        f"write: {{{_PATH}: the error's text}}",
    ),
    _Trial(
        "fetch",
        {"host": LOOPBACK, "port": 1, "timeout_ms": 500},
        lambda seen: _text(seen.get("fetch")),
        "fetch: the error's text",
    ),
    _Trial("files", {}, lambda seen: type(seen.get("files")) is int, "files: a number"),
    _Trial(
        "dependency", {}, lambda seen: _text(seen.get("dependency")), "dependency: a string from it"
    ),
)


def problems(running: Running) -> list[str]:
    """Which steps are missing or wrong, one line each; empty where all is well."""
    try:
        found = [*_answering(running), *_trials(running), *_counting(running), *_refusing(running)]
    except WireError as error:
        return [f"{running.name} does not answer: {error}\n{running.log_tail()}"]
    return [
        f"the conformance function is not as functions/README.md says: {line}" for line in found
    ]


def _answering(running: Running) -> Iterator[str]:
    """The steps that answer. Without them nothing else can be seen."""
    for do, arguments, wanted in (
        ("send", {"text": "é"}, "é"),
        ("send", {"base64": "Ynl0ZXM="}, "bytes"),
        ("json", {"value": {"a": [1]}}, '{"a":[1]}'),
    ):
        answer = _run(running, [{"do": do, **arguments}])
        yield from _raised(running, do, answer)
        if answer.status == 200 and answer.text.replace(" ", "") != wanted:
            yield f"step {do} answered {answer.text[:200]!r}, not {wanted!r}"
    answer = _run(running, [{"do": "echo"}], value=[1])
    yield from _raised(running, "echo", answer)
    if answer.status == 200 and answer.text != "[1]":
        yield f"step echo answered {answer.text[:200]!r}, not '[1]'"
    answer = _run(running, [{"do": "send", "text": "a"}, {"do": "again", "text": "b"}])
    yield from _raised(running, "again", answer)


def _trials(running: Running) -> Iterator[str]:
    for trial in _TRIALS:
        answer = _run(running, [{"do": trial.do, **trial.arguments}, {"do": "report"}])
        yield from _raised(running, trial.do, answer)
        seen = _seen(answer)
        if seen is None:
            if answer.status == 200:
                yield f"step report answered without `seen`: {answer.text[:200]}"
                return
        elif not trial.holds(seen):
            yield f"step {trial.do} left {json.dumps(seen)[:200]} in seen; wanted is {trial.wanted}"


def _counting(running: Running) -> Iterator[str]:
    steps = [{"do": "count"}, {"do": "report"}]
    first, second = (_seen(_run(running, steps)) for _ in range(2))
    if first and second and second.get("count") != first.get("count", 0) + 1:
        yield f"step count counted {first.get('count')}, then {second.get('count')}"


def _refusing(running: Running) -> Iterator[str]:
    for steps in ([{"do": "throw", "message": "preflight"}], [{"do": "no-such-step"}]):
        answer = _run(running, [*steps, {"do": "send", "text": "went on"}])
        if answer.text == "went on":
            yield f"step {steps[0]['do']} raised nothing"


def _raised(running: Running, do: str, answer: Answer) -> Iterator[str]:
    """Says that *do* ended in an exception, with the log's own words where there is a log."""
    terms = contract.load()
    if answer.header(terms.header("error")) != "function_error":
        return
    invocation = answer.header(terms.header("invocation"))
    lines = (line.message for line in running.log.parsed() if line.level == "error")
    told = next((line for line in lines if do in line), f"see the log of invocation {invocation}")
    yield f"step {do} raised an exception: {told[:300]}"


def _seen(answer: Answer) -> dict[str, Any] | None:
    try:
        seen = answer.json()["seen"]
    except (WireError, KeyError, TypeError):
        return None
    return seen if isinstance(seen, dict) else None


def _run(running: Running, steps: list[dict[str, Any]], **members: Any) -> Answer:
    terms = contract.load()
    headers = (
        (terms.header("secret"), running.secret),
        (terms.header("invocation"), new_id()),
        ("content-type", "application/json"),
    )
    body = json.dumps({"payload": {"steps": steps, **members}}).encode()
    try:
        with Wire(running.host, running.port, 10) as wire:
            return wire.request(Sent("POST", "/", headers, body))
    except OSError as error:
        raise WireError(str(error)) from error
