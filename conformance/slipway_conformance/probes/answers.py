"""Sections 5 and 9: what an answer does to the one after it."""

from __future__ import annotations

import time
from collections.abc import Mapping

from .. import contract
from ..cases import probe
from ..session import Session, Step
from ..wire import Answer


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
    _asks_for_the_head(session, {})
    _asks_for_the_head(session, {}, {"do": "throw", "message": "x"}, status=500)


@probe(
    "9.1-nothing-follows-head",
    why="a result is told in a body, and HEAD has none",
    profile="result",
)
def result_follows_no_head(session: Session) -> None:
    result = {contract.load().header("result"): "envelope"}
    answer = _asks_for_the_head(session, result)
    # The length is that of the result, which has more than a hundred bytes, or isn't told.
    wanted = {"content-type": "application/json"}
    length = answer.header("content-length")
    session.check(answer, headers=wanted)
    session.expect(length is None or int(length) > 100, f"content-length is {length}")


@probe(
    "5.11-late",
    why="an answer that came too late must not be the next caller's",
    profile="isolation",
)
def late(session: Session) -> None:
    timeout = {contract.load().header("timeout"): "0.1"}
    steps: list[Step] = [{"do": "await", "ms": 300}, {"do": "send", "text": "late"}]
    session.check(session.invoke(steps, headers=timeout), error="timeout")
    time.sleep(0.4)
    for _ in range(2):
        session.check(session.invoke([{"do": "send", "text": "mine"}]), status=200, text="mine")


def _asks_for_the_head(
    session: Session, headers: Mapping[str, str], *before: Step, status: int = 200
) -> Answer:
    """The answer to HEAD, behind which the next one must follow at once."""
    with session.connect(5) as wire:
        steps = [*before, {"do": "send", "text": "must not be sent"}]
        answer = session.invoke(
            steps, raw=True, method="HEAD", target="/x", headers=headers, wire=wire
        )
        session.check(answer, status=status, empty=True)
        next_one = session.invoke([{"do": "send", "text": "next"}], wire=wire)
        session.check(next_one, status=200, text="next")
    return answer
