"""Section 7: time limits."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from ... import contract
from .. import child, function, server, settings, steering, steps
from ..head import Head
from ..incoming import Incoming
from ..logs import Lines
from ..refusal import Refusal
from ..request import Parts, Request
from ..server import Server
from . import mutant, replace
from .lifecycle import runs_in_the_server


def _is_late(kinds: set[str]) -> None:
    """Invocations with one of the steps *kinds* get 1 s more than they should."""
    original = Server.timed

    async def timed(self: Server, asked: Request, lines: Lines, seconds: float) -> Any:
        names = {step.get("do") for step in steps.steps_of(asked)[0]}
        return await original(self, asked, lines, seconds + (1 if names & kinds else 0))

    replace(Server, "timed", timed)


@mutant("7.1", also=("7.2",))
def timeout_setting_is_tripled() -> None:
    """Invocations may take longer than the launch says."""
    original = settings.decimal
    replace(
        settings,
        "decimal",
        lambda environ, name: original(environ, name) * (3 if name == "timeout" else 1),
    )


@mutant("7.2", "7.3", also=("7.1", "7.6", "9.4"))
def awaiting_ends_late() -> None:
    """What awaits is ended a second after its deadline."""
    _is_late({"await"})


@mutant("7.4")
def blocking_ends_late() -> None:
    """What sleeps in a blocking call is ended a second after its deadline."""
    _is_late({"block"})


@mutant("7.4", defect=8)
def blocking_holds_the_server() -> None:
    """A blocking sleep keeps the server from everything else."""
    runs_in_the_server("block")


@mutant("7.5", also=("4.5",))
def spinning_ends_late() -> None:
    """What never yields is ended a second after its deadline."""
    _is_late({"spin"})


@mutant("7.5")
def spinning_goes_on() -> None:
    """What never yields is answered 504, and burns its processor for ever."""

    async def end(*given: object) -> int:
        return 0

    replace(child, "_end", end)


@mutant("7.5")
def new_connections_go_with_what_hangs() -> None:
    """With what never yields, connections are closed on which nothing has come yet."""
    original = Server.timed

    async def timed(self: Server, asked: Request, lines: Lines, seconds: float) -> Any:
        outcome = await original(self, asked, lines, seconds)
        if isinstance(outcome, Refusal) and outcome.code == "timeout":
            for task in self.waiting:
                task.cancel()
        return outcome

    replace(Server, "timed", timed)


@mutant("7.2", also=("7.1",))
def caller_may_lengthen_the_timeout() -> None:
    """The header may ask for more than the launch allows."""
    original = steering.seconds

    def seconds(head: Head, most: float) -> float:
        return original(
            head, most if head.get(contract.load().header("timeout")) is None else most * 3
        )

    replace(steering, "seconds", seconds)


@mutant("7.2")
def any_number_is_a_timeout() -> None:
    """Exponents and words for numbers are decimals."""

    def is_decimal(given: str) -> bool:
        try:
            float(given)
        except ValueError:
            return False
        return True

    replace(steering, "is_decimal", is_decimal)


@mutant("7.2", also=("7.3", "7.4", "7.5", "7.6", "9.4", "4.5"))
def timeouts_are_whole_seconds() -> None:
    """A timeout with a fraction is refused."""
    original = steering.is_decimal
    replace(steering, "is_decimal", lambda given: original(given) and "." not in given)


@mutant("7.9")
def a_loop_ends_its_neighbours() -> None:
    """When one that never yields is overdue, what runs beside it is ended, too."""
    running: set[asyncio.Task[Any]] = set()
    run, timed = Server.call, Server.timed

    async def call(self: Server, *given: Any) -> function.Outcome:
        task = asyncio.current_task()
        assert task is not None
        running.add(task)
        try:
            return await run(self, *given)
        except asyncio.CancelledError:
            return function.failure(RuntimeError("its process was ended"), False)
        finally:
            running.discard(task)

    async def ending(self: Server, asked: Request, lines: Lines, seconds: float) -> Any:
        outcome = await timed(self, asked, lines, seconds)
        if isinstance(outcome, Refusal) and "spin" in {
            step.get("do") for step in steps.steps_of(asked)[0]
        }:
            for task in running:
                task.cancel()
        return outcome

    replace(Server, "call", call)
    replace(Server, "timed", ending)


@mutant("7.8")
def what_was_in_flight_begins_again() -> None:
    """When one invocation's time is over, all others begin again elsewhere."""
    over: list[float] = []
    call, overdue = Server.call, server.overdue

    def counted(seconds: float) -> Refusal:
        over.append(seconds)
        return overdue(seconds)

    async def twice(self: Server, *given: Any) -> function.Outcome:
        before = len(over)
        outcome = await call(self, *given)
        return outcome if len(over) == before else await call(self, *given)

    replace(server, "overdue", counted)
    replace(Server, "call", twice)


@mutant("7.6", crossing=True)
def one_timeout_ends_all() -> None:
    """When one invocation's time is over, all others are ended too."""
    running: set[asyncio.Task[Any]] = set()
    original = Server.call

    async def call(self: Server, *given: Any) -> function.Outcome:
        task = asyncio.current_task()
        assert task is not None
        running.add(task)
        try:
            return await original(self, *given)
        finally:
            running.discard(task)

    overdue = server.overdue

    def ending_all(seconds: float) -> Refusal:
        for task in running:
            task.cancel()
        return overdue(seconds)

    replace(Server, "call", call)
    replace(server, "overdue", ending_all)


@mutant("7.7", defect=14)
def timers_are_never_cleared() -> None:
    """Each invocation leaves a timer behind, and what it holds."""
    original = Server.timed

    async def timed(self: Server, asked: Request, lines: Lines, seconds: float) -> Any:
        held = bytearray(16384)
        asyncio.get_running_loop().call_later(seconds, held.clear)
        return await original(self, asked, lines, seconds)

    replace(Server, "timed", timed)


@mutant("7.1", also=("4.2",))
def deadline_is_in_seconds() -> None:
    """The function is told its deadline in seconds since 1970."""
    original = server.wanted

    def wanted(*given: Any) -> Request:
        asked = original(*given)
        asked.deadline /= 1000
        return asked

    replace(server, "wanted", wanted)


@mutant("7.1", also=("4.2",))
def deadline_ignores_the_caller() -> None:
    """The function is told the deadline of the launch, also where the caller's is earlier."""
    original = server.wanted

    def wanted(served: Server, parts: Parts, lines: Lines, invocation: str, _: float) -> Request:
        return original(served, parts, lines, invocation, served.settings.timeout)

    replace(server, "wanted", wanted)


@mutant("7.1")
def default_timeout_is_300() -> None:
    """Where nothing is said of it, an invocation may take five minutes."""
    original = settings.decimal
    variable = contract.load().variable("timeout")

    def decimal(environ: Any, name: str) -> float:
        return 300.0 if name == "timeout" and variable not in environ else original(environ, name)

    replace(settings, "decimal", decimal)


@mutant("7.1")
def time_begins_with_the_head() -> None:
    """How long its body takes to come counts towards an invocation's time."""
    original, read = Server.timed, Incoming.body
    took: dict[asyncio.Task[Any] | None, float] = {}

    async def body(self: Incoming, *given: Any) -> bytes:
        began = time.monotonic()
        found = await read(self, *given)
        took[asyncio.current_task()] = time.monotonic() - began
        return found

    async def timed(self: Server, asked: Request, lines: Lines, seconds: float) -> Any:
        left = seconds - took.get(asyncio.current_task(), 0)
        return await original(self, asked, lines, max(0.001, left))

    replace(Incoming, "body", body)
    replace(Server, "timed", timed)


@mutant("7.2")
def raw_mode_has_no_timeout_header() -> None:
    """In raw mode nobody looks at the caller's timeout."""
    original = steering.seconds

    def seconds(head: Head, most: float) -> float:
        raw = head.get(contract.load().header("mode")) == "raw"
        return most if raw else original(head, most)

    replace(steering, "seconds", seconds)
