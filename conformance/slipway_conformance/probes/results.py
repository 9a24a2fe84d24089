"""Section 9: the result envelope, beyond what data can say."""

from __future__ import annotations

from functools import partial

from .. import contract
from ..cases import probe
from ..session import Session, Step, new_id
from ..wire import Answer, WireError
from .full import while_full


@probe(
    "9.2-own-lines",
    why="under concurrency the result holds this invocation's lines only",
    profile="isolation",
    alone=True,
)
def own_lines(session: Session) -> None:
    marker, count = new_id(), 10

    def call(number: int) -> Answer:
        steps: list[Step] = [
            {"do": "log", "message": f"{number} before"},
            {"do": "meet", "name": marker, "count": count, "timeout_ms": 10000},
            {"do": "log", "message": f"{number} after"},
            {"do": "send", "text": str(number)},
        ]
        return session.invoke(steps, headers={contract.load().header("result"): "envelope"})

    answers = session.together([partial(call, number) for number in range(count)])
    for number, answer in enumerate(answers):
        session.check(answer, status=200, contains={"body": str(number)})
        lines = [line["message"] for line in answer.json()["logs"]]
        session.expect(
            lines == [f"{number} before", f"{number} after"], f"the lines of {number} are {lines}"
        )


@probe("9.3-cap", why="a talkative function must not make an answer without end", alone=True)
def cap(session: Session) -> None:
    limit = contract.load().limit("result_log_bytes")
    steps: list[Step] = [
        {"do": "log", "message": "x" * 1000, "times": limit // 1000 + 500},
        {"do": "log", "message": "newest"},
        {"do": "send", "text": "x"},
    ]
    answer = session.invoke(
        steps, headers={contract.load().header("result"): "envelope"}, timeout=30
    )
    session.check(answer, status=200, contains={"truncated": True, "body": "x"})
    kept = [line["message"] for line in answer.json()["logs"]]
    size = sum(len(message) for message in kept)
    session.expect(size <= limit, f"{size} bytes of messages were kept")
    session.expect(size > limit * 0.9, f"only {size} bytes of messages were kept")
    session.expect(kept[-1:] == ["newest"], f"the newest line is {kept[-1:]}")


@probe("9.1-duration", why="an executor bills by what the runtime measured")
def duration(session: Session) -> None:
    steps: list[Step] = [{"do": "await", "ms": 200}, {"do": "send", "text": "x"}]
    answer = session.invoke(steps, headers={contract.load().header("result"): "envelope"})
    took = answer.json().get("duration_ms")
    session.require(isinstance(took, int | float), f"duration_ms is {took!r}")
    session.expect(
        150 <= took <= answer.seconds * 1000 + 5,
        f"duration_ms is {took}, the answer took {answer.seconds * 1000:.0f} ms",
    )


@probe(
    "9.2-printed",
    why="a line that the log knows as this invocation's is one of its result",
    needs=("logs",),
    alone=True,
)
def printed(session: Session) -> None:
    terms = contract.load()
    invocation = new_id()
    headers = {terms.header("invocation"): invocation, terms.header("result"): "envelope"}
    steps: list[Step] = [
        {"do": "print", "text": "printed"},
        {"do": "print", "text": "complained", "to": "err"},
        {"do": "await", "ms": 50},
        {"do": "send", "text": "x"},
    ]
    answer = session.check(session.invoke(steps, headers=headers), status=200)
    spoken = ("printed", "complained")
    session.wait_log(lambda lines: sum(line.message in spoken for line in lines) >= len(spoken))
    logged = sorted(
        (line.level, line.message) for line in session.log() if line.invocation == invocation
    )
    told = sorted((line["level"], line["message"]) for line in answer.json()["logs"])
    session.expect(told == logged, f"the log has {logged}, the result {told}")


@probe("9.3-edges", why="the cap counts bytes, and what just fits is whole", alone=True)
def edges(session: Session) -> None:
    limit = contract.load().limit("result_log_bytes")
    lines = _logs(session, "x" * 1024, limit // 1024, truncated=False)
    session.expect(len(lines) == limit // 1024, f"of {limit // 1024} lines {len(lines)} were kept")
    size = sum(len(line.encode()) for line in _logs(session, "é" * 1000, 900, truncated=True))
    session.expect(limit * 0.9 < size <= limit, f"{size} bytes of messages were kept")


def _logs(session: Session, message: str, times: int, *, truncated: bool) -> list[str]:
    """The messages in the result of an invocation that logs *message* so often."""
    steps: list[Step] = [
        {"do": "log", "message": message, "times": times},
        {"do": "send", "text": "x"},
    ]
    answer = session.invoke(steps, headers={contract.load().header("result"): "envelope"})
    session.check(answer, status=200, contains={"truncated": truncated})
    return [line["message"] for line in answer.json()["logs"]]


@probe(
    "9.4-overloaded",
    why="what a full server refuses never reached the function, and can be named all the same",
    launch={"RUNTIME_CONCURRENCY": "2"},
)
def overloaded(session: Session) -> None:
    name = contract.load().header("invocation")
    headers = {contract.load().header("result"): "envelope", name: "overloaded-7"}
    while_full(
        session,
        2,
        lambda: session.invoke([{"do": "send", "text": "x"}], headers=headers),
        error="overloaded",
        headers={name: "overloaded-7"},
    )


@probe(
    "9.4-ended",
    why="a function that ended its own process is an error of the result",
    alone=True,
    harms=True,
)
def ended(session: Session) -> None:
    result = {contract.load().header("result"): "envelope"}
    try:
        answer = session.invoke([{"do": "exit", "how": "exit"}], headers=result)
    except WireError:
        # A process that the function shares with the server may take the connection along (10.9).
        session.honest(contract.load().limit("recovery_seconds"))
        return
    wanted = {"status": 500, "error": {"code": "function_error"}}
    session.check(answer, status=200, contains=wanted)
    session.honest(contract.load().limit("recovery_seconds"))
