"""Checks the conformance function itself: a step that is missing must not look like a broken
server."""

from __future__ import annotations

import base64
from typing import Any

from . import contract
from .expectations import missing
from .session import STEPS_HEADER
from .targets import Running
from .wire import Sent, Wire, WireError

# Each step that does no harm: what is sent, and what the body must contain then.
_ANSWERS: tuple[tuple[str, list[dict[str, Any]], Any], ...] = (
    ("send", [{"do": "send", "text": "é"}], "é"),
    ("send", [{"do": "send", "base64": base64.b64encode(b"bytes").decode()}], "bytes"),
    (
        "report",
        [{"do": "report"}],
        {"request": {"method": "POST", "path": "/", "query": {}, "body": ""}, "seen": {}},
    ),
    ("await", [{"do": "await", "ms": 1}, {"do": "report"}], {"seen": {}}),
    ("block", [{"do": "block", "ms": 1}, {"do": "report"}], {"seen": {}}),
    ("spin", [{"do": "spin", "ms": 1}, {"do": "report"}], {"seen": {}}),
    (
        "meet",
        [{"do": "meet", "name": "preflight", "count": 1, "timeout_ms": 500}, {"do": "report"}],
        {"seen": {}},
    ),
    ("log", [{"do": "log", "message": "preflight"}, {"do": "report"}], {"seen": {}}),
    ("error", [{"do": "error", "message": "preflight"}, {"do": "report"}], {"seen": {}}),
    ("print", [{"do": "print", "text": "preflight"}, {"do": "report"}], {"seen": {}}),
    ("flood", [{"do": "flood", "bytes": 200, "line": 100}, {"do": "report"}], {"seen": {}}),
    ("bytes", [{"do": "bytes", "base64": "cHJlZmxpZ2h0"}, {"do": "report"}], {"seen": {}}),
    ("allocate", [{"do": "allocate", "mb": 1}, {"do": "report"}], {"seen": {}}),
    (
        "mutate",
        [{"do": "mutate", "name": "PREFLIGHT", "value": "1"}, {"do": "report"}],
        {"request": {"env": {"PREFLIGHT": "1"}}},
    ),
    (
        "getenv",
        [{"do": "getenv", "name": "PREFLIGHT_MISSING"}, {"do": "report"}],
        {"seen": {"getenv": {"PREFLIGHT_MISSING": None}}},
    ),
    (
        "find_secret",
        [{"do": "find_secret", "reversed": "thgilferp"}, {"do": "report"}],
        {"seen": {"secret": []}},
    ),
    (
        "write",
        [{"do": "write", "path": "/proc/preflight"}, {"do": "report"}],
        {"seen": {"write": {"/proc/preflight": {"$matches": "."}}}},
    ),
    (
        "dependency",
        [{"do": "dependency"}, {"do": "report"}],
        {"seen": {"dependency": {"$matches": "."}}},
    ),
    (
        "background_log",
        [{"do": "background_log", "ms": 1, "message": "preflight"}, {"do": "report"}],
        {"seen": {}},
    ),
)


def problems(running: Running) -> list[str]:
    """Which steps are missing or wrong, one line each; empty where all is well."""
    found: list[str] = []
    for step, steps, expected in _ANSWERS:
        try:
            answer = _invoke(running, steps)
            if answer[0] != 200:
                found.append(f"step {step}: answered {answer[0]}: {answer[1][:200]}")
            elif isinstance(expected, str):
                if answer[1] != expected:
                    found.append(
                        f"step {step}: answered {answer[1][:200]!r} where {expected!r} was asked for"
                    )
            else:
                found.extend(
                    f"step {step}: {line}" for line in missing(expected, answer[2], "answer")
                )
        except WireError as error:
            found.append(f"step {step}: {error}")
    if found:
        return [
            f"the conformance function does not do what functions/README.md says. {line}"
            for line in found
        ]
    return _counts(running)


def _counts(running: Running) -> list[str]:
    steps = [{"do": "count"}, {"do": "report"}]
    first, second = (_invoke(running, steps)[2]["seen"].get("count") for _ in range(2))
    if not isinstance(first, int) or second != first + 1:
        return [
            f"step count: two invocations counted {first} and {second}, not one after the other"
        ]
    return []


def _invoke(running: Running, steps: list[dict[str, Any]]) -> tuple[int, str, Any]:
    import json

    headers = (
        (contract.load().header("secret"), running.secret),
        ("content-type", "application/json"),
        (STEPS_HEADER, "[]"),
    )
    sent = Sent("POST", "/", headers, json.dumps({"payload": {"steps": steps}}).encode())
    try:
        with Wire(running.host, running.port, 10) as wire:
            answer = wire.request(sent)
    except OSError as error:
        raise WireError(str(error)) from error
    is_json = answer.header("content-type") == "application/json"
    return answer.status, answer.text, answer.json() if is_json else None
