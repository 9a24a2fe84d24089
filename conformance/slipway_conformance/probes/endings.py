"""Section 10.5: what a server does that is told to end."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from .. import contract
from ..cases import probe
from ..session import Session, Step
from ..targets import TargetError
from ..wire import WireError

_LARGE, _LITTLE = 16 << 20, 1 << 16
_SLOW_SECONDS = 1.0
# When servers are told to end, in shares of the time that one takes to start. They start in twos, those
# that are timed as well: what starts beside others takes longer.
_SHARES = ((0.2, 0.7), (0.5, 0.9))
_STARTED_SECONDS = 20.0
_BETWEEN_SECONDS = 0.05
_INSISTS_SECONDS = 0.002
_ENDS_SECONDS = 6.0
_CALLERS = 5
_BEGUN = "begun"
_HELD: tuple[Step, ...] = (
    {"do": "log", "message": _BEGUN},
    {"do": "await", "ms": 900},
    {"do": "send", "text": "whole"},
)
# Longer than a grace would be that somebody found long enough.
_LONG: tuple[Step, ...] = (
    {"do": "log", "message": _BEGUN},
    {"do": "await", "ms": 2500},
    {"do": "send", "text": "whole"},
)
_ENDLESS: tuple[Step, ...] = ({"do": "log", "message": _BEGUN}, {"do": "await", "ms": 20000})
_LOOP: tuple[Step, ...] = ({"do": "log", "message": _BEGUN}, {"do": "spin"})


@probe(
    "10.5-drain",
    why="a deployment must not cut off whoever is being answered",
    needs=("signals", "launch", "logs"),
    quiet=True,
)
def drain(session: Session) -> None:
    session.together([lambda: _drains(session, "SIGTERM"), lambda: _drains(session, "SIGINT")])


def _drains(session: Session, signal: str) -> None:
    with session.fresh() as fresh:

        def signalled() -> None:
            fresh.wait_begun(_BEGUN, _CALLERS)
            fresh.running.signal(signal)
            time.sleep(0.25)
            with contextlib.suppress(WireError):
                late = fresh.get("ready").status
                session.expect(late == 503, f"readiness answered {late} while draining")
            with contextlib.suppress(WireError), fresh.connect(near=True) as new:
                answer = fresh.invoke([{"do": "send", "text": "x"}], wire=new)
                session.fail(f"a new connection was taken while draining: {answer.status}")

        def call(steps: tuple[Step, ...]) -> None:
            with fresh.connect(near=True) as wire:
                session.check(fresh.invoke(steps, wire=wire), status=200, text="whole")

        held: list[Callable[[], None]] = [partial(call, _HELD)] * (_CALLERS - 1)
        calls: list[Callable[[], None]] = [signalled, partial(call, _LONG), *held]
        fresh.together(calls)
        ends_well(fresh, signal, 5)


@probe(
    "10.5-late-invocation",
    why="a connection that was kept is no way in while the server ends",
    needs=("signals", "launch", "logs"),
    quiet=True,
)
def late_invocation(session: Session) -> None:
    with session.fresh() as fresh, fresh.connect() as kept:
        fresh.check(fresh.invoke([{"do": "send", "text": "x"}], wire=kept), status=200)

        def hold() -> None:
            with fresh.connect(near=True) as wire:
                session.check(fresh.invoke(_HELD, wire=wire), status=200, text="whole")

        def late() -> None:
            fresh.wait_begun(_BEGUN, 1)
            fresh.running.signal("SIGTERM")
            time.sleep(0.2)
            # The server may have closed the idle connection, or answers that it is ending.
            with contextlib.suppress(WireError):
                answer = fresh.invoke([{"do": "send", "text": "ran"}], wire=kept)
                session.check(answer, error="shutting_down")

        fresh.together([hold, late])
        ends_well(fresh, "SIGTERM", 5)


@probe(
    "10.5-grace",
    why="a function that takes too long must not hold a deployment up",
    needs=("signals", "launch", "logs"),
    quiet=True,
)
def grace(session: Session) -> None:
    result = {contract.load().header("result"): "envelope"}
    told = {"status": 503, "error": {"code": "shutting_down"}}
    with session.fresh({"RUNTIME_GRACE": "1"}) as fresh:
        began: list[float] = []

        def signalled() -> None:
            fresh.wait_begun(_BEGUN, 3)
            began.append(time.monotonic())
            fresh.running.signal("SIGTERM")

        def hang(steps: tuple[Step, ...], headers: Mapping[str, str], **expect: Any) -> None:
            if steps is _LOOP:
                # What never yields may keep others from beginning.
                fresh.wait_begun(_BEGUN, 2)
            try:
                with fresh.connect(25, near=True) as wire:
                    session.check(fresh.invoke(steps, headers=headers, wire=wire), **expect)
            except WireError as error:
                doing = steps[-1]["do"]
                session.fail(f"{doing}: what was still in flight after the grace period: {error}")

        calls: list[Callable[[], None]] = [
            signalled,
            partial(hang, _ENDLESS, {}, error="shutting_down"),
            partial(hang, _ENDLESS, result, status=200, contains=told),
            partial(hang, _LOOP, {}, error="shutting_down"),
        ]
        fresh.together(calls)
        ends_well(fresh, "SIGTERM", 4)
        took = time.monotonic() - began[0]
        session.expect(took < 4, f"it took {took:.1f} s to end with a grace of 1 s")


@probe(
    "10.5-idle",
    why="an idle server ends at once, idle connections or not",
    needs=("signals", "launch"),
    alone=True,
)
def idle(session: Session) -> None:
    with session.fresh() as fresh, fresh.connect() as wire:
        fresh.invoke([{"do": "send", "text": "x"}], wire=wire)
        began = time.monotonic()
        fresh.running.signal("SIGTERM")
        ends_well(fresh, "SIGTERM", 5)
        took = time.monotonic() - began
        session.expect(took < 2, f"an idle server took {took:.1f} s to end")


@probe(
    "10.5-while-starting",
    why="a deployment that is called off at once must not leave a server that never ends",
    needs=("signals", "launch", "logs"),
    quiet=True,
)
def while_starting(session: Session) -> None:
    taken: list[float] = []
    session.together([partial(_start, session, taken)] * 2)
    for pair in _SHARES:
        session.together([partial(_called_off, session, share * min(taken)) for share in pair])


def _start(session: Session, taken: list[float]) -> None:
    """Adds the seconds until a server listens to *taken*."""
    began = time.monotonic()
    with session.fresh(wait=None) as fresh:
        while not _listens(fresh) and time.monotonic() - began < _STARTED_SECONDS:
            time.sleep(0.01)
        taken.append(time.monotonic() - began)


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
    "10.5-once-more",
    why="whoever calls a deployment off may say so twice, and an impatient one says it all the time",
    needs=("signals", "launch", "logs"),
    quiet=True,
)
def once_more(session: Session) -> None:
    with session.fresh() as fresh:

        def call() -> None:
            with fresh.connect(near=True) as wire:
                session.check(fresh.invoke(_HELD, wire=wire), status=200, text="whole")

        def insist() -> None:
            fresh.wait_begun(_BEGUN, 1)
            began = time.monotonic()
            while fresh.running.alive() and time.monotonic() - began < _ENDS_SECONDS:
                with contextlib.suppress(TargetError):
                    fresh.running.signal("SIGTERM")
                time.sleep(_INSISTS_SECONDS)

        fresh.together([call, insist])
        ends_well(fresh, "SIGTERM again and again", 1)


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
        ends_well(fresh, "SIGTERM within an answer", 5)


def ends_well(session: Session, signal: str, within: float) -> None:
    """The server ends with exit code 0 within so many seconds."""
    try:
        code = session.running.wait(within)
    except TargetError as error:
        session.fail(f"{signal}: {error}")
        return
    session.expect(code == 0, f"{signal}: exit code 0 was expected, got {code}")
