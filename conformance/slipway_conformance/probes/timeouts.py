"""Section 7: an invocation that takes too long, in each of the ways that it can."""

from __future__ import annotations

import contextlib
import json
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from itertools import count
from threading import Event
from typing import Any

from .. import contract, logs
from ..caller import Caller
from ..cases import probe
from ..session import Session, Step, new_id
from ..wire import Answer, WireError

_TIMEOUT = 1.0
_CALLERS = 4
_BEHIND, _NEIGHBOURS = 12, 6
_FIRST_SECONDS = 10.0
# Between a connection and the first byte on it, as on a slow way; and what a replacement may take, with time to spare.
_SLOW_START_SECONDS, _REPLACED_SECONDS = 0.1, 0.6
# So many callers in turns, one each so many seconds.
_ARRIVALS, _ARRIVAL_SECONDS = 20, 0.02
# How far apart the clocks of a server and of this process may be.
_CLOCK_MS = 50.0
# What a server may use that has nothing to do: far more than any does, far less than a busy loop
# gets on a crowded machine.
_IDLE_SHARE, _IDLE_SECONDS, _IDLE_LOOKS, _RESTS_SECONDS = 0.12, 2.0, 3, 2.5


def _overdue(session: Session, steps: list[dict[str, Any]], timeout: float = _TIMEOUT) -> Answer:
    """Runs *steps* with a timeout; the answer must be 504, neither early nor late."""
    slack = contract.load().limit("timeout_slack_seconds")
    answer = session.invoke(steps, headers={contract.load().header("timeout"): str(timeout)})
    session.check(answer, error="timeout")
    session.expect(
        answer.seconds >= timeout * 0.95,
        f"answered after {answer.seconds:.2f} s, before the deadline",
    )
    session.expect(
        answer.seconds <= timeout + slack,
        f"answered after {answer.seconds:.2f} s, more than {slack} s past the deadline",
    )
    return answer


@probe(
    "7.1-setting",
    why="the launch says how long an invocation may take",
    launch={"RUNTIME_TIMEOUT": "1"},
)
def setting(session: Session) -> None:
    # What a server does for its first caller of all is no matter of its clock.
    session.honest(_FIRST_SECONDS)
    answer = session.invoke([{"do": "await", "ms": 20000}])
    session.check(answer, error="timeout")
    session.expect(
        0.95 <= answer.seconds <= 1.5, f"answered after {answer.seconds:.2f} s, not after 1 s"
    )


@probe("7.1-deadline", why="a function that knows when it ends can give up in time")
def deadline(session: Session) -> None:
    terms = contract.load()
    usual = float(terms.default("timeout"))
    for given, seconds in ((None, usual), ("5", 5.0), ("60", usual)):
        before = time.time()
        answer = session.invoke([{"do": "report"}], headers={terms.header("timeout"): given})
        session.check(answer, status=200)
        told = answer.json()["request"]["deadline"]
        earliest, latest = (
            (at + seconds) * 1000 + slack
            for at, slack in ((before, -_CLOCK_MS), (time.time(), _CLOCK_MS))
        )
        session.expect(
            isinstance(told, int | float) and earliest <= told <= latest,
            f"with a timeout of {given} s the deadline is {told}, not from {earliest:.0f} to {latest:.0f}",
        )


@probe("7.1-slow-body", why="a function is not to pay for how long its caller took to send")
def slow_body(session: Session) -> None:
    steps = [{"do": "await", "ms": 150}, {"do": "send", "text": "in time"}]
    body = json.dumps({"payload": {"steps": steps}}).encode()
    lines = [*session.head_lines(body=body), f"{contract.load().header('timeout')}: 0.6"]
    with session.connect(5) as wire:
        wire.send("\r\n".join([*lines, "", ""]).encode() + body[:5])
        time.sleep(0.8)
        wire.send(body[5:])
        session.check(wire.answer(), status=200, text="in time")


@probe("7.2-raw", why="who sends any request may be in a hurry, too", profile="raw")
def raw(session: Session) -> None:
    name = contract.load().header("timeout")
    steps: list[Step] = [{"do": "await", "ms": 9000}]
    for value, error in (("0.3", "timeout"), ("soon", "invalid_header")):
        answer = session.invoke(steps, raw=True, method="GET", target="/x", headers={name: value})
        session.check(answer, error=error)


@probe("7.2-shorter", why="a caller in a hurry may say so")
def shorter(session: Session) -> None:
    _overdue(session, [{"do": "await", "ms": 20000}], 0.4)


@probe(
    "7.2-never-longer",
    why="a caller can't take more than the launch allows",
    launch={"RUNTIME_TIMEOUT": "1"},
)
def never_longer(session: Session) -> None:
    session.honest(_FIRST_SECONDS)
    answer = session.invoke(
        [{"do": "await", "ms": 20000}], headers={contract.load().header("timeout"): "60"}
    )
    session.check(answer, error="timeout")
    session.expect(
        answer.seconds <= 1.5,
        f"answered after {answer.seconds:.2f} s, though the launch allows 1 s",
    )


@probe("7.2-invalid", why="a timeout that can't be read must not be ignored")
def invalid(session: Session) -> None:
    for value in ("0", "-1", "soon", "1s", "", "NaN", "Infinity", "1e3", "0x10", "1 2"):
        answer = session.invoke(
            [{"do": "send", "text": "ran"}], headers={contract.load().header("timeout"): value}
        )
        before = len(session.found)
        session.check(answer, error="invalid_header")
        session.found[before:] = [
            f"{contract.load().header('timeout')}: {value!r}: {line}"
            for line in session.found[before:]
        ]


@probe("7.2-forms", why="decimals are written with and without a fraction")
def forms(session: Session) -> None:
    for value in ("5", "5.5", "0.75", "05"):
        answer = session.invoke(
            [{"do": "send", "text": "ran"}], headers={contract.load().header("timeout"): value}
        )
        session.check(answer, status=200, text="ran")


@probe("7.3-await", why="a function that waits for what never comes is ended")
def awaiting(session: Session) -> None:
    _overdue(session, [{"do": "await", "ms": 20000}])
    session.honest()


@probe(
    "7.4-block",
    why="a sleep in a blocking call is ended as well, and health answers meanwhile",
    alone=True,
    harms=True,
)
def blocking(session: Session) -> None:
    slow: list[float] = []

    def ask_health() -> None:
        time.sleep(0.3)
        slow.append(session.get("health").seconds)

    session.together(
        [lambda: _ignored(_overdue(session, [{"do": "block", "ms": 6000}])), ask_health]
    )
    session.expect(slow[0] < 1, f"health took {slow[0]:.2f} s while a function slept")
    session.honest()


@probe(
    "7.5-spin", why="a busy loop is ended, and the server is as good as new", alone=True, harms=True
)
def spinning(session: Session) -> None:
    slow: list[float] = []

    def ask_health() -> None:
        time.sleep(0.3)
        slow.append(session.get("health").seconds)

    session.together([lambda: _ignored(_overdue(session, [{"do": "spin"}])), ask_health])
    session.expect(slow[0] < 1, f"health took {slow[0]:.2f} s while a function spun")
    session.honest(contract.load().limit("recovery_seconds"))


@probe(
    "7.5-new-connections",
    why="whoever connects while what hangs is replaced is answered, however slowly the request begins",
    alone=True,
    harms=True,
)
def new_connections(session: Session) -> None:
    over, began = Event(), time.monotonic()

    def call(slot: int) -> None:
        # By the clock, not one after the other's answer: at any moment somebody has just connected.
        for due in count(began + slot * _ARRIVAL_SECONDS, _ARRIVALS * _ARRIVAL_SECONDS):
            late = time.monotonic() - due
            if over.wait(max(0.0, -late)):
                return
            if late > _ARRIVALS * _ARRIVAL_SECONDS:
                continue
            with session.connect(near=True) as wire:
                time.sleep(_SLOW_START_SECONDS)
                # What shared a process with the hung one may be told so; nobody may be told nothing.
                answer = session.invoke([{"do": "send", "text": "x"}], wire=wire)
                session.expect(answer.status in (200, 500), f"answered {answer.status}")

    def hang() -> None:
        try:
            time.sleep(_SLOW_START_SECONDS)
            _overdue(session, [{"do": "spin"}], 0.4)
            time.sleep(_REPLACED_SECONDS)
        finally:
            over.set()

    calls: list[Callable[[], None]] = [partial(call, slot) for slot in range(_ARRIVALS)]
    session.together([hang, *calls])
    session.honest(contract.load().limit("recovery_seconds"))


@probe(
    "7.5-idle-again",
    why="what hangs must not burn a processor for good",
    needs=("stats", "launch"),
    quiet=True,
)
def idle_again(session: Session) -> None:
    with session.fresh() as fresh:
        fresh.honest(_FIRST_SECONDS)
        _overdue(fresh, [{"do": "spin"}], 0.5)
        time.sleep(_RESTS_SECONDS)
        # What starts anew on a busy machine takes its time: one quiet look shows that it came to rest.
        used = [_used(fresh)]
        while used[-1] >= _IDLE_SHARE * _IDLE_SECONDS and len(used) < _IDLE_LOOKS:
            used.append(_used(fresh))
        session.expect(
            used[-1] < _IDLE_SHARE * _IDLE_SECONDS,
            f"{used[-1]:.2f} processor seconds in {_IDLE_SECONDS:g} s without work, "
            f"the last of {len(used)} looks",
        )
        fresh.honest()


def _used(session: Session) -> float:
    """Processor seconds while nothing is asked of it."""
    before = session.stats().cpu
    time.sleep(_IDLE_SECONDS)
    return session.stats().cpu - before


@probe(
    "7.5-three-in-a-row",
    why="one replacement is not enough for a function that always hangs",
    alone=True,
    harms=True,
)
def three_in_a_row(session: Session) -> None:
    for _ in range(3):
        _retrying(session, [{"do": "spin"}], 0.4)
    session.honest(contract.load().limit("recovery_seconds"))


@probe(
    "7.6-others",
    why="whoever awaits is not disturbed by another one's timeout",
    profile="isolation",
    quiet=True,
)
def others(session: Session) -> None:
    def patient() -> Answer:
        return session.invoke([{"do": "await", "ms": 1500}, {"do": "send", "text": "patient"}])

    def hasty() -> Answer:
        return session.invoke(
            [{"do": "await", "ms": 9000}], headers={contract.load().header("timeout"): "0.5"}
        )

    answers = session.together([patient, hasty, patient, hasty])
    for answer in answers[::2]:
        session.check(answer, status=200, text="patient")
    for answer in answers[1::2]:
        session.check(answer, error="timeout")


@probe(
    "7.8-once",
    why="an invocation that goes to a replacement must not be begun by what is replaced as well",
    needs=("logs",),
    alone=True,
    harms=True,
)
def once(session: Session) -> None:
    terms = contract.load()
    marker = new_id()

    def begin(name: str, after: float, steps: list[dict[str, Any]], timeout: float) -> Answer:
        time.sleep(after)
        headers = {
            terms.header("invocation"): f"{marker}-{name}",
            terms.header("timeout"): str(timeout),
        }
        logged = [{"do": "log", "message": marker}, *steps, {"do": "send", "text": "x"}]
        return session.invoke(logged, headers=headers)

    # What is blocked is replaced before it comes back, and then goes on, since somebody still waits there.
    calls = {
        "patient": partial(begin, "patient", 0, [{"do": "await", "ms": 1600}], 9),
        "blocked": partial(begin, "blocked", 0.1, [{"do": "block", "ms": 900}], 0.25),
    }
    for number in range(_BEHIND):
        name = f"behind-{number}"
        calls[name] = partial(begin, name, 0.3 + number / 100, [], 9)
    answers = dict(zip(calls, session.together(list(calls.values())), strict=True))

    def begun(lines: list[logs.LogLine]) -> Counter[str]:
        return Counter(str(line.invocation) for line in lines if line.message == marker)

    answered = {f"{marker}-{name}" for name, answer in answers.items() if answer.status == 200}
    session.wait_log(lambda lines: answered <= set(begun(lines)))
    for name, times in sorted(begun(session.log()).items()):
        session.expect(times == 1, f"{name.removeprefix(f'{marker}-')} was begun {times} times")


@probe(
    "7.9-beside-a-loop",
    why="one function's endless loop must not cost its neighbours their answers",
    alone=True,
    harms=True,
)
def beside_a_loop(session: Session) -> None:
    steps: list[dict[str, Any]] = [{"do": "await", "ms": 1200}, {"do": "send", "text": "patient"}]
    hasty = {contract.load().header("timeout"): "0.4"}

    def patient() -> Answer:
        return session.invoke(steps)

    def spinning() -> Answer:
        time.sleep(0.2)
        return session.invoke([{"do": "spin"}], headers=hasty)

    *answers, hung = session.together([*[patient] * _NEIGHBOURS, spinning])
    session.check(hung, error="timeout")
    for answer in answers:
        session.check(answer, status=200, text="patient")


@probe(
    "7.7-timers", why="timers that are never cleared fill the memory", needs=("stats",), alone=True
)
def timers(session: Session) -> None:
    headers = {contract.load().header("timeout"): "29"}
    sent = session.request([{"do": "send", "text": "x"}], headers=headers)

    def call(count: int) -> None:
        with contextlib.closing(Caller(session, near=True)) as caller:
            for _ in range(count):
                caller.send(sent)

    def load(count: int) -> None:
        session.together([partial(call, count // _CALLERS)] * _CALLERS)

    load(2000)
    before = session.stats().memory
    load(4000)
    grown = session.stats().memory - before
    session.expect(
        grown < 24 << 20, f"4000 short invocations with a long timeout took {grown >> 20} MiB"
    )


def _ignored(value: object) -> None:
    """A result that only its side effects on the session were wanted of."""


def _retrying(session: Session, steps: list[dict[str, Any]], timeout: float) -> None:
    """Clause 7.5 allows a refused connection while a worker is replaced."""
    deadline = time.monotonic() + contract.load().limit("recovery_seconds")
    while True:
        try:
            _overdue(session, steps, timeout)
            return
        except WireError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
