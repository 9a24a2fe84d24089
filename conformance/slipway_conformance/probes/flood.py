"""Sections 11.8 and 12.2: what a server must do with little: little memory, no network."""

from __future__ import annotations

import contextlib
import json
import time
from collections import Counter
from functools import partial

from .. import contract
from ..cases import probe
from ..session import Session, Step
from ..targets import Confined, TargetError
from ..wire import Wire, WireError

_CLIENTS, _IDLE = 100, 500
_BODY, _CONCURRENCY = 128 << 10, 8
_ROUNDS = 2
_START_SECONDS = 10.0


@probe(
    "11.8-flooded",
    why="a server that its clients can fill is ended by the kernel, with all that are being answered",
    needs=("launch", "confined"),
    alone=True,
)
def flooded(session: Session) -> None:
    terms = contract.load()
    env = {
        terms.variable("max_body"): str(_BODY),
        terms.variable("concurrency"): str(_CONCURRENCY),
    }
    confined = Confined(memory=session.launcher.memory or terms.memory)
    with session.fresh(env, confined=confined) as fresh:
        fresh.honest(5)
        with contextlib.ExitStack() as stack:
            for _ in range(_IDLE):
                stack.enter_context(fresh.connect())
            for _ in range(_ROUNDS):
                _flood(session, fresh, stack)
            fresh.honest()
        fresh.honest()
        session.expect(fresh.running.alive(), "the server has ended")
        session.expect(
            not fresh.running.starved(),
            f"in {confined.memory} MiB a process was ended for want of memory",
        )


def _flood(session: Session, fresh: Session, stack: contextlib.ExitStack) -> None:
    """All bodies but for their last byte, then the last bytes, and then all answers."""
    body = _full()
    head = "\r\n".join([*fresh.head_lines(body=body), "", ""]).encode()
    with contextlib.ExitStack() as inner:
        wires = [inner.enter_context(fresh.connect()) for _ in range(_CLIENTS)]
        statuses = Counter(fresh.together([partial(_send, w, head, body) for w in wires]))
    allowed = {200, *map(contract.load().errors.get, ("overloaded", "payload_too_large"))}
    wrong = {answered: count for answered, count in statuses.items() if answered not in allowed}
    session.expect(not wrong, f"of {_CLIENTS} clients some were answered otherwise: {wrong}")
    session.expect(statuses[200] > 0, f"nobody was served: {dict(statuses)}")


def _full() -> bytes:
    """A body of the whole limit."""
    steps: list[Step] = [{"do": "await", "ms": 20}, {"do": "send", "text": "served"}]
    frame = json.dumps({"payload": {"steps": steps, "pad": "@"}})
    return frame.replace("@", "x" * (_BODY - len(frame) + 1)).encode()


def _send(wire: Wire, head: bytes, body: bytes) -> int | str:
    """The status of the answer, or why there is none."""
    try:
        wire.send(head + body[:-1])
        time.sleep(0.3)
        wire.send(body[-1:])
        return wire.answer().status
    except WireError as error:
        return str(error)


@probe(
    "12.2-no-network",
    why="a server that looks something up when it starts doesn't start where nobody answers",
    needs=("launch", "confined", "logs"),
    quiet=True,
)
def no_network(session: Session) -> None:
    with session.fresh(wait=None, confined=Confined(network=False)) as fresh:
        deadline = time.monotonic() + _START_SECONDS
        while not any(line.message.startswith("listening on ") for line in fresh.log()):
            session.require(
                fresh.running.alive(), f"without a network it ended: {fresh.running.log_tail()}"
            )
            session.require(
                time.monotonic() < deadline,
                f"without a network it doesn't listen within {_START_SECONDS:g} s",
            )
            time.sleep(0.02)
        time.sleep(0.2)
        session.expect(len(fresh.log()) == 1, f"it said more: {fresh.running.log_tail()}")
        fresh.running.signal("SIGTERM")
        try:
            code = fresh.running.wait(5)
        except TargetError as error:
            session.fail(f"without a network: {error}")
            return
        session.expect(code == 0, f"without a network it ended with {code}")
