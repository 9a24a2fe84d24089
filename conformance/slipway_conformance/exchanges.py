"""Runs a case that is data: its exchanges one after the other, or all at once."""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping
from functools import partial
from typing import Any

from . import contract, expectations
from .cases import Exchange
from .session import Session, new_id

# How long an invocation that must stay silent is listened to.
_SILENCE_SECONDS = 0.3
_OF_THE_LOG = ("logs", "no_logs")


def run(session: Session) -> None:
    """Everything that is found goes to *session*, with the exchange's number where there are several."""
    exchanges = session.case.exchanges
    places = [f"exchange {number}: " for number in range(1, len(exchanges) + 1)]
    if len(exchanges) == 1:
        places = [""]
    calls = [
        partial(_run, session, exchange, place)
        for exchange, place in zip(exchanges, places, strict=True)
    ]
    if session.case.together:
        session.together(calls)
    else:
        for call in calls:
            call()


def _run(session: Session, exchange: Exchange, place: str) -> None:
    request, expect = exchange.request, exchange.expect
    headers, invocation = _identified(exchange)
    body = _body(request)
    if body is not None and not request.get("raw"):
        headers = _with_type(headers)
    answer = session.invoke(
        request.get("steps"),
        envelope=request.get("envelope"),
        headers=headers,
        secret=request.get("secret", True),
        method=request.get("method", "POST"),
        target=request.get("target", "/"),
        body=body,
        raw=request.get("raw", False),
    )
    found = expectations.mismatches(
        {key: value for key, value in expect.items() if key not in _OF_THE_LOG}, answer
    )
    if expect.get("no_logs"):
        time.sleep(_SILENCE_SECONDS)
    if any(key in expect for key in _OF_THE_LOG):
        session.wait_log(lambda lines: not expectations.log_mismatches(expect, lines, invocation))
        found += expectations.log_mismatches(expect, session.log(), invocation)
    session.blame(answer, [place + line for line in found])


def _identified(exchange: Exchange) -> tuple[dict[str, Any], str]:
    """The request's headers, and the invocation id by which its log lines are found: the request's own,
    or one that is added where the case looks at the log."""
    headers = dict(exchange.request.get("headers", {}))
    name = contract.load().header("invocation")
    for given, value in headers.items():
        if given.lower() == name:
            return headers, str(value)
    invocation = new_id()
    if any(key in exchange.expect for key in _OF_THE_LOG):
        headers[name] = invocation
    return headers, invocation


def _body(request: Mapping[str, Any]) -> bytes | None:
    if "text" in request:
        return str(request["text"]).encode()
    if "base64" in request:
        return base64.b64decode(request["base64"])
    return None


def _with_type(headers: dict[str, Any]) -> dict[str, Any]:
    """A body given as text or bytes is sent as JSON unless the case says otherwise."""
    if any(name.lower() == "content-type" for name in headers):
        return headers
    return {"content-type": "application/json", **headers}
