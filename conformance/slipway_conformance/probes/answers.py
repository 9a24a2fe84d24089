"""Sections 5 and 9: what an answer does to the one after it."""

from __future__ import annotations

from .. import contract
from ..cases import probe
from ..session import Session


@probe(
    "5.9-nothing-follows",
    why="a body that must not be there is taken for the beginning of the next answer",
)
def nothing_follows(session: Session) -> None:
    with session.connect(5) as wire:
        for status in (204, 304):
            steps = [{"do": "send", "text": "must not be sent", "status": status}]
            answer = session.invoke(steps, wire=wire)
            session.check(answer, status=status, empty=True)
            next_one = session.invoke([{"do": "send", "text": "next"}], wire=wire)
            session.check(next_one, status=200, text="next")


@probe(
    "5.9-nothing-follows-head",
    why="a client that asked for the head alone reads the next answer behind it",
    profile="raw",
)
def nothing_follows_head(session: Session) -> None:
    with session.connect(5) as wire:
        steps = [{"do": "send", "text": "must not be sent"}]
        answer = session.invoke(steps, raw=True, method="HEAD", target="/x", wire=wire)
        session.check(answer, status=200, empty=True)
        next_one = session.invoke([{"do": "send", "text": "next"}], wire=wire)
        session.check(next_one, status=200, text="next")


@probe(
    "9.1-nothing-follows-head",
    why="a result is told in a body, and HEAD has none",
    profile="result",
)
def result_follows_no_head(session: Session) -> None:
    with session.connect(5) as wire:
        headers = {contract.load().header("result"): "envelope"}
        steps = [{"do": "send", "text": "told to nobody", "status": 202}]
        answer = session.invoke(
            steps, raw=True, method="HEAD", target="/x", headers=headers, wire=wire
        )
        kind = {"content-type": "application/json"}
        session.check(answer, status=200, empty=True, headers=kind)
        next_one = session.invoke([{"do": "send", "text": "next"}], wire=wire)
        session.check(next_one, status=200, text="next")
