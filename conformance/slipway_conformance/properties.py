"""Properties: whatever is sent comes back as it must. The inputs are generated, and the same for every
language, so that two runtimes which pass answered byte for byte alike.

Knows no target; each property is a case like any other, and reports the smallest input that breaks it.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any
from urllib.parse import urlencode

from . import contract, expectations
from .cases import probe
from .session import Session, Violation
from .wire import Answer

# Says which inputs, by the names of inputs.py.
Wanted = Callable[[ModuleType], Any]


def _holds(session: Session, wanted: Wanted, call: Callable[[Any], tuple[Answer, Any]]) -> None:
    """Calls *call* with generated inputs; it returns the answer and what is expected of it."""
    # Imported here: generating takes longest of all to load, and the first cases need none of it.
    from . import inputs

    def holds(value: Any) -> None:
        answer, expect = call(value)
        found = expectations.mismatches(expect, answer)
        if found:
            failed.append((answer, expect))
            raise Violation(f"with {json.dumps(value, default=repr)}:\n" + "\n".join(found))

    failed: list[tuple[Answer, Any]] = []
    try:
        inputs.try_all(wanted(inputs), holds)
    except Violation as violation:
        # The last answer that failed is that to the smallest input.
        answer, expect = failed[-1]
        session.blame(answer, [str(violation)])
        session.keep(answer, expect)
    except inputs.Flaky as flaky:
        session.fail(f"one request was answered in two ways: {flaky}")


@probe("2.7-any-json", why="whatever JSON is sent comes back as the same value")
def any_json(session: Session) -> None:
    def call(value: Any) -> tuple[Answer, Any]:
        answer = session.invoke([{"do": "echo"}], envelope={"payload": {"value": value}})
        return answer, {"status": 200, "json": value}

    _holds(
        session, lambda inputs: inputs.lists(inputs.json_values() | inputs.FLOAT, max_size=4), call
    )


@probe("5.3-any-json", why="whatever JSON is answered is the same bytes in every language")
def any_json_bytes(session: Session) -> None:
    def call(value: Any) -> tuple[Answer, Any]:
        answer = session.invoke([{"do": "echo"}], envelope={"payload": {"value": value}})
        return answer, {"status": 200, "text": _compact(value)}

    _holds(session, lambda inputs: inputs.json_values(), call)


@probe(
    "2.9-any-depth", why="whatever is nested, in lists and objects in any turn, comes back whole"
)
def any_depth(session: Session) -> None:
    def call(value: Any) -> tuple[Answer, Any]:
        answer = session.invoke([{"do": "echo"}], envelope={"payload": {"value": value}})
        return answer, {"status": 200, "text": _compact(value)}

    _holds(session, lambda inputs: inputs.DEEP, call)


@probe("3.4-any-bytes", why="whatever bytes are sent come back as they were")
def any_bytes(session: Session) -> None:
    def call(body: bytes) -> tuple[Answer, Any]:
        headers: Mapping[str, str] = {"content-type": "application/octet-stream"}
        answer = session.invoke([{"do": "echo"}], raw=True, headers=dict(headers), body=body)
        return answer, {
            "status": 200,
            "base64": base64.b64encode(body).decode(),
            "headers": headers,
        }

    _holds(session, lambda inputs: inputs.binary(max_size=2000), call)


@probe("4.1-any-headers", why="whatever headers are sent, the function sees them", profile="raw")
def any_headers(session: Session) -> None:
    def call(headers: dict[str, str]) -> tuple[Answer, Any]:
        answer = session.invoke([{"do": "report"}], raw=True, method="GET", headers=dict(headers))
        return answer, {"status": 200, "contains": {"request": {"headers": headers}}}

    _holds(
        session,
        lambda inputs: inputs.FREE_HEADERS,
        call,
    )


@probe(
    "4.2-any-query", why="whatever query is sent, the function sees its names and values in order"
)
def any_query(session: Session) -> None:
    def call(pairs: list[tuple[str, str]]) -> tuple[Answer, Any]:
        wanted: dict[str, list[str]] = {}
        for name, value in pairs:
            wanted.setdefault(name, []).append(value)
        answer = session.invoke([{"do": "report"}], envelope={"query": urlencode(pairs)})
        try:
            seen = answer.json()["request"]["query"]
        except (KeyError, TypeError):
            return answer, {"status": 200, "contains": {"request": {"query": wanted}}}
        return answer, {"status": 200} if seen == wanted else {
            "json": {"request": {"query": wanted}}
        }

    _holds(
        session,
        lambda inputs: inputs.lists(inputs.tuples(inputs.TEXT, inputs.TEXT), max_size=5),
        call,
    )


@probe("5.1-any-answer", why="whatever a function answers reaches the caller")
def any_answer(session: Session) -> None:
    def call(wanted: tuple[int, dict[str, list[str]], str]) -> tuple[Answer, Any]:
        status, headers, text = wanted
        step = {"do": "send", "status": status, "headers": headers, "text": text}
        return session.invoke([step]), {"status": status, "headers": headers, "text": text}

    _holds(
        session,
        lambda inputs: inputs.tuples(
            inputs.STATUS,
            inputs.HEADERS,
            inputs.TEXT,
        ),
        call,
    )


@probe("9.2-any-message", why="whatever is logged is in the result as it was logged")
def any_message(session: Session) -> None:
    result = contract.load().header("result")

    def call(messages: list[str]) -> tuple[Answer, Any]:
        steps = [{"do": "log", "message": message} for message in messages]
        answer = session.invoke([*steps, {"do": "send", "text": "x"}], headers={result: "envelope"})
        return answer, {"status": 200, "contains": {"logs": [{"message": m} for m in messages]}}

    _holds(session, lambda inputs: inputs.lists(inputs.TEXT, max_size=4), call)


@probe("3.1-any-path", why="whatever a path may hold, the function sees it as it was written")
def any_path(session: Session) -> None:
    def call(path: str) -> tuple[Answer, Any]:
        answer = session.invoke([{"do": "report"}], raw=True, method="GET", target=path)
        return answer, {"status": 200, "contains": {"request": {"path": path, "query": {}}}}

    _holds(session, lambda inputs: inputs.PATH, call)


@probe("2.1-any-members", why="method, path and header values of an envelope are any text")
def any_members(session: Session) -> None:
    def call(texts: tuple[str, str, str]) -> tuple[Answer, Any]:
        method, path, value = texts
        envelope = {"method": method, "path": path, "headers": {"X-Any": value}}
        answer = session.invoke([{"do": "report"}], envelope=envelope)
        wanted = {"method": method, "path": path, "headers": {"x-any": value}}
        return answer, {"status": 200, "contains": {"request": wanted}}

    _holds(session, lambda inputs: inputs.tuples(inputs.TEXT, inputs.TEXT, inputs.TEXT), call)


@probe("8.6-any-id", why="every id of the allowed form is taken as it is")
def any_id(session: Session) -> None:
    name = contract.load().header("invocation")

    def call(invocation: str) -> tuple[Answer, Any]:
        answer = session.invoke([{"do": "report"}], headers={name: invocation})
        wanted = {"request": {"id": invocation}}
        return answer, {"status": 200, "headers": {name: invocation}, "contains": wanted}

    _holds(session, lambda inputs: inputs.ID, call)


@probe("5.1-any-bytes", why="no byte of an answer is special")
def any_answer_bytes(session: Session) -> None:
    def call(body: bytes) -> tuple[Answer, Any]:
        encoded = base64.b64encode(body).decode()
        answer = session.invoke([{"do": "send", "base64": encoded}])
        return answer, {"status": 200, "base64": encoded}

    _holds(session, lambda inputs: inputs.binary(max_size=2000), call)


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
