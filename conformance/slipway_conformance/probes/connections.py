"""Sections 4, 8 and 9: what a connection must not remember of one request when the next one comes."""

from __future__ import annotations

from .. import contract
from ..cases import probe
from ..session import Session, new_id

_TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@probe(
    "4.4-one-connection",
    why="a proxy sends several callers' requests over one connection",
    profile="isolation",
)
def headers_end(session: Session) -> None:
    steps = [{"do": "report"}]
    theirs = {"authorization": "theirs", "x-theirs": "1", "content-type": "text/plain"}
    with session.connect(5) as wire:
        session.invoke(steps, raw=True, target="/a", headers=theirs, body=b"theirs", wire=wire)
        answer = session.invoke(steps, raw=True, method="GET", target="/b", wire=wire)
        absent = {name: {"$absent": True} for name in theirs}
        wanted = {"path": "/b", "headers": absent, "body": ""}
        session.check(answer, status=200, contains={"request": wanted})


@probe(
    "8.8-one-connection",
    why="a trace ends with its request, not with its connection",
    needs=("logs",),
)
def traces_end(session: Session) -> None:
    terms = contract.load()
    marker = new_id()
    traced = {terms.header("trace"): f"00-{_TRACE}-00f067aa0ba902b7-01"}
    with session.connect(5) as wire:
        session.invoke([{"do": "send", "text": "x"}], headers=traced, wire=wire)
        steps = [{"do": "log", "message": marker}, {"do": "send", "text": "x"}]
        session.check(session.invoke(steps, wire=wire), status=200)
    session.wait_log(lambda lines: any(line.message == marker for line in lines))
    traces = [line.trace_id for line in session.log() if line.message == marker]
    session.expect(traces == [None], f"the line of the second request has the traces {traces}")


@probe("9.2-one-connection", why="the lines of a result are those of one request")
def lines_end(session: Session) -> None:
    result = {contract.load().header("result"): "envelope"}
    with session.connect(5) as wire:
        for message in ("first", "second"):
            steps = [{"do": "log", "message": message}, {"do": "send", "text": "x"}]
            answer = session.invoke(steps, headers=result, wire=wire)
            session.check(answer, status=200, contains={"logs": [{"message": message}]})
