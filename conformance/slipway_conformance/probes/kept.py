"""Connections that are kept: each request on one stands for itself."""

from __future__ import annotations

import contextlib

from .. import contract
from ..caller import Caller
from ..cases import probe
from ..session import Session, Step, new_id
from ..wire import WireError

_JSON = {"content-type": "application/json"}
_MANY = 1100
_NEXT: tuple[Step, ...] = ({"do": "send", "text": "next"},)


@probe("1.1-keep-alive", why="a connection serves request after request, however many")
def keep_alive(session: Session) -> None:
    with contextlib.closing(Caller(session)) as caller:
        for number in range(_MANY):
            sent = session.request([{"do": "send", "text": str(number)}])
            try:
                answer = caller.send(sent)
            except OSError as error:
                raise WireError(f"request {number} of a connection: {error}") from error
            session.require(
                (answer.status, answer.text) == (200, str(number)),
                f"request {number} of a connection: {answer.status} {answer.text[:100]!r}",
            )


@probe("1.1-through-errors", why="a refusal is an answer like any other, and no end")
def through_errors(session: Session) -> None:
    with session.connect(5) as wire:
        for body, error in ((b"{", "invalid_json"), (b"[]", "invalid_envelope")):
            answer = session.invoke(body=body, headers=_JSON, wire=wire)
            session.check(answer, error=error)
        thrown = session.invoke([{"do": "throw", "message": "thrown"}], wire=wire)
        session.check(thrown, error="function_error")
        session.check(session.invoke([], wire=wire), error="no_response")
        session.check(session.invoke(_NEXT, wire=wire), status=200, text="next")


@probe("1.2-each-request", why="who sent the secret once doesn't own the connection")
def each_request(session: Session) -> None:
    for secret in (False, "", "not-the-secret"):
        with session.connect(5) as wire:
            session.check(session.invoke(_NEXT, wire=wire), status=200, text="next")
            session.check(session.invoke(_NEXT, secret=secret, wire=wire), error="unauthorized")


@probe("7.2-each-request", why="a shorter timeout is that of one invocation, not of its connection")
def timeout_of_each(session: Session) -> None:
    with session.connect(5) as wire:
        hasty = {contract.load().header("timeout"): "0.3"}
        session.check(session.invoke(_NEXT, headers=hasty, wire=wire), status=200)
        patient: list[Step] = [{"do": "await", "ms": 700}, *_NEXT]
        session.check(session.invoke(patient, wire=wire), status=200, text="next")


@probe("8.6-each-request", why="an id is that of one invocation, not of its connection")
def id_of_each(session: Session) -> None:
    name = contract.load().header("invocation")
    given = new_id()
    with session.connect(5) as wire:
        first = session.invoke(_NEXT, headers={name: given}, wire=wire)
        session.check(first, status=200, headers={name: given})
        made = [session.invoke(_NEXT, wire=wire).header(name) for _ in range(2)]
    session.expect(
        len({given, None, *made}) == 4, f"behind {given} came {made} on the same connection"
    )
