"""Clause 4.5: the secret and the function must not meet."""

from __future__ import annotations

from ..cases import probe
from ..session import Session


@probe(
    "4.5-secret",
    why="a function that can read the secret can call itself as the executor",
    profile="isolation",
)
def secret(session: Session) -> None:
    steps = [{"do": "find_secret", "reversed": session.running.secret[::-1]}, {"do": "report"}]
    answer = session.invoke(steps)
    session.check(answer, status=200, contains={"seen": {"secret": []}})


@probe(
    "4.5-raw-headers",
    why="raw mode passes the caller's headers on, but not this one",
    profile="isolation",
)
def raw_headers(session: Session) -> None:
    steps = [{"do": "find_secret", "reversed": session.running.secret[::-1]}, {"do": "report"}]
    answer = session.invoke(steps, raw=True, method="GET", target="/x")
    session.check(answer, status=200, contains={"seen": {"secret": []}})


@probe(
    "4.5-after-replacement",
    why="a replaced worker must not get the secret in its environment",
    profile="isolation",
    alone=True,
    harms=True,
)
def after_replacement(session: Session) -> None:
    session.invoke([{"do": "spin"}], headers={"x-runtime-timeout": "0.3"})
    session.honest()
    steps = [{"do": "find_secret", "reversed": session.running.secret[::-1]}, {"do": "report"}]
    session.check(session.invoke(steps), status=200, contains={"seen": {"secret": []}})
