"""Section 10.5: signals that come at a bad moment."""

from __future__ import annotations

import json
import time
from functools import partial

from ..cases import probe
from ..session import Session
from ..targets import TargetError

_LARGE, _LITTLE = 16 << 20, 1 << 16
_SLOW_SECONDS = 1.0
# When servers are told to end, in shares of the time that one takes to start.
_SHARES = (0.2, 0.5, 0.7, 0.9)
_STARTED_SECONDS = 20.0
_BETWEEN_SECONDS = 0.05
_ENDS_SECONDS = 6.0


@probe(
    "10.5-while-starting",
    why="a deployment that is called off at once must not leave a server that never ends",
    needs=("signals", "launch", "logs"),
    quiet=True,
)
def while_starting(session: Session) -> None:
    began = time.monotonic()
    with session.fresh(wait=None) as fresh:
        while not _listens(fresh) and time.monotonic() - began < _STARTED_SECONDS:
            time.sleep(0.01)
    took = time.monotonic() - began
    session.together([partial(_called_off, session, share * took) for share in _SHARES])


def _listens(session: Session) -> bool:
    return any(line.message.startswith("listening on ") for line in session.log())


def _called_off(session: Session, after: float) -> None:
    """A server that is told to end before it listens, and again until it does: while there is no process
    yet to hear it, a signal is nobody's."""
    began = time.monotonic()
    with session.fresh(wait=None) as fresh:
        time.sleep(max(0.0, after - (time.monotonic() - began)))
        while fresh.running.alive() and time.monotonic() - began < after + _ENDS_SECONDS:
            try:
                fresh.running.signal("SIGTERM")
            except TargetError:
                break
            time.sleep(_BETWEEN_SECONDS)
        try:
            code = fresh.running.wait(1)
        except TargetError as error:
            session.fail(f"SIGTERM while starting: {error}")
            return
        # What ends before it listens was no server yet, and may not even have begun its own code.
        session.expect(
            code == 0 or not _listens(fresh),
            f"SIGTERM while starting: exit code 0 was expected after it listened, got {code}",
        )


@probe(
    "10.5-large-answer",
    why="an answer that is on its way is still in flight",
    needs=("signals", "launch"),
    quiet=True,
)
def large_answer(session: Session) -> None:
    value = "x" * _LARGE
    body = json.dumps({"payload": {"steps": [{"do": "echo"}], "value": value}}).encode()
    with session.fresh() as fresh, fresh.connect(near=True) as wire:
        wire.hold(_LITTLE)
        lines = fresh.head_lines(body=body)
        wire.send("\r\n".join([*lines, "", ""]).encode() + body)
        # It is being sent as soon as its first bytes are here.
        wire.await_first()
        fresh.running.signal("SIGTERM")
        # A slow client, though one that is done within the grace. What is with the kernel when the server
        # ends may be lost with its network: from then on nobody should wait for this process.
        time.sleep(_SLOW_SECONDS)
        wire.hold(_LARGE)
        answer = wire.answer()
        session.expect(
            answer.status == 200 and answer.text == f'"{value}"',
            f"the answer came as {answer.status} with {len(answer.body)} bytes, not {_LARGE + 2}",
        )
        try:
            code = fresh.running.wait(5)
        except TargetError as error:
            session.fail(f"SIGTERM within an answer: {error}")
            return
        session.expect(code == 0, f"SIGTERM within an answer: exit code {code}")
