"""Many callers at once: nothing of one reaches another, none keeps others out, and nobody is lost when
the server ends.

Calls are recorded nowhere: ten thousand exchanges are no report."""

from __future__ import annotations

import contextlib
import itertools
import json
import resource
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from .. import logs
from ..caller import Caller
from ..cases import probe
from ..session import NotJudged, Session, Step, new_id
from ..wire import WireError

_CONNECTIONS, _INVOCATIONS = 50, 10_000
_LOG_SECONDS = 15.0
# Ends of a server, so many at a time, each under so many callers.
_ENDS, _ENDS_AT_ONCE, _CALLERS = 20, 4, 6
_MOST_SECONDS = 3.0
_IDLE, _OTHER_DESCRIPTORS = 3000, 200
_SHOWN = 3
# Callers, how often each of them calls, and how long the function waits each time.
_WAITERS, _TURNS, _WAIT_MS = 32, 30, 3


@probe(
    "5.11-ten-thousand",
    why="of ten thousand answers none may hold anything of another's",
    needs=("logs",),
    profile="isolation",
    alone=True,
)
def ten_thousand(session: Session) -> None:
    marker = new_id()

    def some(first: int) -> list[str]:
        with contextlib.closing(Caller(session, near=True)) as caller:
            numbers = range(first, _INVOCATIONS, _CONNECTIONS)
            try:
                return [wrong for number in numbers for wrong in _mixed_up(caller, marker, number)]
            except (OSError, WireError) as error:
                return [f"a caller got no answer: {error!r}"]

    calls = [partial(some, first) for first in range(_CONNECTIONS)]
    wrong = [line for found in session.together(calls) for line in found]
    for line in wrong[:_SHOWN]:
        session.fail(line)
    session.require(not wrong, f"{len(wrong)} things of {_INVOCATIONS} invocations were wrong")
    wanted = Counter((f"{marker} {number}", f"{marker}-{number}") for number in range(_INVOCATIONS))

    def all_there(lines: list[logs.LogLine]) -> bool:
        return _of(lines, marker) == wanted

    if not session.wait_log(all_there, _LOG_SECONDS):
        found = _of(session.log(), marker)
        session.fail(
            f"of {_INVOCATIONS} lines {sum((wanted - found).values())} are missing, "
            f"{sum((found - wanted).values())} are wrong, such as {list(found - wanted)[:_SHOWN]}"
        )


def _of(lines: Sequence[logs.LogLine], marker: str) -> Counter[tuple[str, str]]:
    """(message, invocation) of the lines that begin with *marker*."""
    return Counter(
        (line.message, str(line.invocation)) for line in lines if line.message.startswith(marker)
    )


def _mixed_up(caller: Caller, marker: str, number: int) -> Iterator[str]:
    """What is wrong with the answer to an invocation that has everything of its own."""
    own = str(number)
    steps: list[Step] = [
        {"do": "log", "message": f"{marker} {own}"},
        {"do": "await", "ms": number % 3},
    ]
    if number % 2:
        sent = {"x-free-own": own, "location": f"/to/{own}"}
        answer = caller.call(
            f"{marker}-{own}",
            [*steps, {"do": "send", "status": 302, "text": own, "headers": sent}],
        )
        seen = {name: answer.header(name) for name in sent}
        if (answer.status, answer.body, seen) != (302, own.encode(), sent):
            yield f"{own} was answered {answer.status} {answer.body[:200]!r} with {seen}"
        return
    answer = caller.call(
        f"{marker}-{own}",
        [*steps, {"do": "report"}],
        payload={"own": own},
        headers={"x-own": own},
        env={"OWN": own},
    )
    try:
        request = json.loads(answer.body)["request"]
        seen = {
            "payload": request["payload"]["own"],
            "headers": request["headers"]["x-own"],
            "env": request["env"]["OWN"],
        }
    except (ValueError, KeyError, TypeError):
        yield f"{own} was answered {answer.status} {answer.body[:200]!r}"
        return
    if set(seen.values()) != {own} or request["id"] != f"{marker}-{own}":
        yield f"{own} saw {seen} as {request['id']}"
    if leaked := {"x-free-own", "location"} & dict(answer.headers).keys():
        yield f"{own} was answered with another's {', '.join(sorted(leaked))}"


@probe(
    "11.9-short-waits",
    why="a function that asks a database each time must not keep the others in line",
    alone=True,
)
def short_waits(session: Session) -> None:
    _wait_beside_each_other(session, "await")


@probe(
    "11.9-short-blocks",
    why="most clients of databases hold the thread that asks; that must not keep the others in line",
    alone=True,
)
def short_blocks(session: Session) -> None:
    if not session.launcher.blocks:
        raise NotJudged("a language whose functions wait by blocking their thread")
    with session.fresh({"RUNTIME_ENTRYPOINT": session.launcher.blocks}) as fresh:
        _wait_beside_each_other(fresh, "block")


def _wait_beside_each_other(session: Session, how: str) -> None:
    def seconds(ms: int) -> float:
        sent = session.request([{"do": how, "ms": ms}, {"do": "send", "text": "x"}])

        def some() -> list[int]:
            with contextlib.closing(Caller(session, near=True)) as caller:
                return [caller.send(sent).status for _ in range(_TURNS)]

        began = time.monotonic()
        found = session.together([some] * _WAITERS)
        statuses = Counter(status for statuses in found for status in statuses)
        session.require(set(statuses) == {200}, f"the answers were {dict(statuses)}")
        return time.monotonic() - began

    in_line = _WAITERS * _TURNS * _WAIT_MS / 1000
    # What the calls themselves take is the machine's business. The first ones that wait may still show the
    # server what the function does.
    calling = seconds(0)
    waited = min(seconds(_WAIT_MS), seconds(_WAIT_MS)) - calling
    session.expect(
        waited < in_line / 2,
        f"{_WAITERS * _TURNS} invocations that {how} for {_WAIT_MS} ms took {waited:.2f} s longer than those "
        f"that don't, and would one after the other take {in_line:.2f} s",
    )


@probe(
    "10.5-under-load",
    why="of twenty servers that end under load none may lose what it had begun",
    needs=("signals", "launch", "logs"),
    alone=True,
)
def under_load(session: Session) -> None:
    session.together([partial(_end, session)] * _ENDS, _ENDS_AT_ONCE)


def _end(session: Session) -> None:
    """A server that is ended while callers call one invocation after the other."""
    with session.fresh() as fresh:
        marker = new_id()
        answered: dict[str, tuple[int, bytes]] = {}

        def end() -> None:
            # Under load, that is, however long a busy machine takes until there is some.
            until = time.monotonic() + _MOST_SECONDS
            while len(answered) <= _CALLERS and time.monotonic() < until:
                time.sleep(0.01)
            fresh.running.signal("SIGTERM")

        calls: list[Callable[[], None]] = [
            partial(_call_on, fresh, marker, first, answered) for first in range(_CALLERS)
        ]
        fresh.together([end, *calls])
        code = fresh.running.wait(15)
        session.expect(code == 0, f"it exited with {code} after SIGTERM")
        begun = {str(line.invocation) for line in fresh.log() if line.message == marker}
        lost = [name for name in begun if answered.get(name) != (200, b"whole")]
        session.expect(
            not lost,
            f"{len(lost)} of {len(begun)} invocations were begun and not answered, such as "
            f"{[(name, answered.get(name)) for name in lost[:_SHOWN]]}",
        )
        session.expect(len(begun) > _CALLERS, f"only {len(begun)} invocations ran in all")


def _call_on(
    session: Session, marker: str, first: int, answered: dict[str, tuple[int, bytes]]
) -> None:
    """Calls until the server ends, which it must soon; notes what was answered."""
    steps: list[Step] = [
        {"do": "log", "message": marker},
        {"do": "await", "ms": 20},
        {"do": "send", "text": "whole"},
    ]
    caller, until = Caller(session, near=True), time.monotonic() + _MOST_SECONDS
    # A kept connection may be closed before the next request: nothing was begun then.
    with contextlib.closing(caller), contextlib.suppress(OSError, WireError):
        for number in itertools.count(first, _CALLERS):
            answer = caller.call(f"{marker}-{number}", steps)
            answered[f"{marker}-{number}"] = (answer.status, answer.body)
            if answer.status != 200 or time.monotonic() > until:
                return


@probe(
    "11.6-idle-connections",
    why="thousands of connections that say nothing must not lock others out",
    needs=("stats",),
    alone=True,
)
def idle_connections(session: Session) -> None:
    session.honest()
    before = session.stats()
    count = _connections()
    with contextlib.ExitStack() as stack:
        for _ in range(count):
            stack.enter_context(session.connect())
        session.honest()
    deadline = time.monotonic() + 8
    while session.stats().descriptors > before.descriptors + 10 and time.monotonic() < deadline:
        time.sleep(0.2)
    now = session.stats().descriptors
    session.expect(
        now <= before.descriptors + 10,
        f"{before.descriptors} descriptors before {count} idle connections, {now} after them",
    )


def _connections() -> int:
    """As many as are wanted, or as this process may have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _IDLE + _OTHER_DESCRIPTORS
    limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < limit:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    return limit - _OTHER_DESCRIPTORS
